"""Invented documents of study rights, as a school's system would send them."""

from typing import Any

HETU = "140318A9347"
#: The schools of the cast, in Kuusniemi and in Valkamo.
SCHOOL, OTHERS_SCHOOL = "1.2.246.562.199.10000000037", "1.2.246.562.199.10000000045"


def code(scheme: str, value: str, **more: Any) -> dict[str, Any]:
    """Return a code as it is written in a document, with the labels that the register fills in."""
    return {"koodistoUri": scheme, "koodiarvo": value, "nimi": {"fi": "nimi"}, "lyhytNimi": {"fi": "n"}, **more}


def subject(name: str, mark: str | None = "8", **more: Any) -> dict[str, Any]:
    """Return a subject of a year or certificate, with its mark."""
    return {
        "tyyppi": code("suorituksentyyppi", "perusopetuksenoppiaine"),
        "koulutusmoduuli": {
            "tunniste": code("koskioppiaineetyleissivistava", name),
            "pakollinen": True,
            "laajuus": {"arvo": 2.0, "yksikkö": code("opintojenlaajuusyksikko", "3")},
        },
        "arviointi": [
            {"arvosana": code("arviointiasteikkoyleissivistava", mark), "päivä": "2026-05-30", "hyväksytty": True}
        ]
        if mark
        else [],
        **more,
    }


def own_subject(**more: Any) -> dict[str, Any]:
    """Return a subject of the school's own, whose code has no list."""
    inner = {"tunniste": {"koodiarvo": "KEP", "nimi": {"fi": "Keppihevoset"}}, "kuvaus": {"fi": "Ratsastusta"}}
    return {"tyyppi": code("suorituksentyyppi", "perusopetuksenoppiaine"), "koulutusmoduuli": inner, **more}


def year(*subjects: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the third year with its subjects."""
    return {
        "tyyppi": code("suorituksentyyppi", "perusopetuksenvuosiluokka"),
        "koulutusmoduuli": {
            "tunniste": code("perusopetuksenluokkaaste", "3", koodistoVersio=1),
            "perusteenDiaarinumero": "104/011/2014",
        },
        "luokka": "3B",
        "alkamispäivä": "2025-08-07",
        "toimipiste": {"oid": SCHOOL, "nimi": {"fi": "Rantapuiston koulu"}},
        "suorituskieli": code("kieli", "FI"),
        "osasuoritukset": list(subjects),
        **more,
    }


def right(*attainments: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a study right of basic education at the school of the cast."""
    state = {"alku": "2023-08-09", "tila": code("koskiopiskeluoikeudentila", "lasna", koodistoVersio=1)}
    return {
        "tyyppi": code("opiskeluoikeudentyyppi", "perusopetus"),
        "oppilaitos": {"oid": SCHOOL},
        "alkamispäivä": "2023-08-09",
        "tila": {"opiskeluoikeusjaksot": [state]},
        "lisätiedot": {
            "kotiopetusjaksot": [{"alku": "2024-01-08", "loppu": "2024-03-01"}],
            "tuenPäätöksenJaksot": [{"alku": "2025-09-01"}],
            "vuosiluokkiinSitoutumatonOpetus": False,
            "kuljetusetu": {"alku": "2023-08-09", "peruste": "matka"},
        },
        "suoritukset": list(attainments) or [year(subject("MA"), subject("AI", "9"), own_subject())],
        **more,
    }


def document(*rights: dict[str, Any], **person: Any) -> dict[str, Any]:
    """Return a document of one learner."""
    names = {"hetu": HETU, "etunimet": "Sisu Eemeli", "kutsumanimi": "Sisu", "sukunimi": "Kallioniemi"}
    return {"henkilö": names | person, "opiskeluoikeudet": list(rights) or [right()]}
