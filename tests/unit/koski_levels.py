"""Invented study rights of several levels that the national register would take, and how one fact of them is changed."""

import copy
from typing import Any

from tests.unit.koski import SCHOOL, code

REMOVED = object()
Document = dict[str, Any]


def states(*told: tuple[str, str], funding: str | None = None) -> Document:
    """Return `tila` with states of (day, code)."""
    paid = {"opintojenRahoitus": code("opintojenrahoitus", funding)} if funding else {}
    return {
        "opiskeluoikeusjaksot": [
            {"alku": day, "tila": code("koskiopiskeluoikeudentila", state), **paid} for day, state in told
        ]
    }


def confirmation(day: str) -> Document:
    """Return a whole `vahvistus`."""
    return {
        "päivä": day,
        "paikkakunta": code("kunta", "049"),
        "myöntäjäOrganisaatio": {"oid": SCHOOL},
        "myöntäjäHenkilöt": [{"nimi": "Reino Rehtori", "titteli": {"fi": "rehtori"}, "organisaatio": {"oid": SCHOOL}}],
    }


def size(value: float, unit: str) -> Document:
    """Return `laajuus` in a unit of `opintojenlaajuusyksikko`."""
    return {"arvo": value, "yksikkö": code("opintojenlaajuusyksikko", unit)}


def marked(value: str, day: str | None = None, scheme: str = "arviointiasteikkoyleissivistava") -> list[Document]:
    """Return `arviointi` with one mark."""
    return [{"arvosana": code(scheme, value), **({"päivä": day} if day else {})}]


def attainment(
    kind: str, scheme: str, module: str, *parts: Document, of: Document | None = None, **more: Any
) -> Document:
    """Return an attainment; `of` stands beside the code of what is studied."""
    return {
        "tyyppi": code("suorituksentyyppi", kind),
        "koulutusmoduuli": {"tunniste": code(scheme, module), **(of or {})},
        **({"osasuoritukset": list(parts)} if parts else {}),
        **more,
    }


def _right(level: str, tila: Document, *attainments: Document, **more: Any) -> Document:
    return {
        "tyyppi": code("opiskeluoikeudentyyppi", level),
        "oppilaitos": {"oid": SCHOOL},
        "tila": tila,
        "suoritukset": list(attainments),
        **more,
    }


def subject(module: str, mark: str, hours: float = 2.0, *, compulsory: bool = True, **of: Any) -> Document:
    """Return a subject of basic education with its weekly lessons."""
    told = {"pakollinen": compulsory, "laajuus": size(hours, "3"), **of}
    scheme = "koskioppiaineetyleissivistava"
    return attainment("perusopetuksenoppiaine", scheme, module, of=told, arviointi=marked(mark))


def grade(number: str, begins: str, confirmed: str | None, *subjects: Document, **more: Any) -> Document:
    """Return a grade of basic education."""
    return attainment(
        "perusopetuksenvuosiluokka", "perusopetuksenluokkaaste", number, *subjects,
        of={"perusteenDiaarinumero": "104/011/2014"}, luokka=f"{number}A", alkamispäivä=begins,
        **({"vahvistus": confirmation(confirmed)} if confirmed else {}), **more,
    )  # fmt: skip


def _language(value: str) -> Document:
    return {"kieli": code("kielivalikoima", value)}


def _basic() -> Document:
    certificate = attainment(
        "perusopetuksenoppimaara", "koulutus", "201101",
        subject("AI", "8", kieli=code("oppiaineaidinkielijakirjallisuus", "AI1")), subject("MA", "9"),
        subject("KT", "8"), subject("A1", "7", **_language("EN")), subject("AOM", "8", **_language("FI")),
        subject("LI", "S", 1.0, compulsory=False), subject("KU", "9", compulsory=False),
        of={"perusteenDiaarinumero": "104/011/2014"}, vahvistus=confirmation("2025-05-31"),
        suoritustapa=code("perusopetuksensuoritustapa", "koulutus"),
    )  # fmt: skip
    return _right(
        "perusopetus", states(("2016-08-10", "lasna"), ("2025-05-31", "valmistunut")), certificate,
        grade("8", "2023-08-09", "2024-06-01", subject("MA", "8")), grade("9", "2024-08-08", "2025-05-31"),
    )  # fmt: skip


def _supported() -> Document:
    return _right(
        "perusopetus", states(("2023-08-09", "lasna")),
        grade("3", "2025-08-07", "2026-05-30", subject("MA", "S"), subject("AI", "8")),
        grade("4", "2026-08-06", None),
        lisätiedot={"tuenPäätöksenJaksot": [{"alku": "2025-09-01"}]},
    )  # fmt: skip


def _extended() -> Document:
    days = {"alku": "2015-08-10", "loppu": "2025-05-31"}
    return _basic() | {
        "lisätiedot": {
            "pidennettyOppivelvollisuus": {"alku": "2016-08-10", "loppu": "2025-05-31"},
            "erityisenTuenPäätökset": [days],
            "vammainen": [{"alku": "2016-08-10", "loppu": "2020-01-31"}],
            "vaikeastiVammainen": [{"alku": "2020-02-01", "loppu": "2025-05-31"}],
        }
    }


def _preprimary() -> Document:
    one = attainment("esiopetuksensuoritus", "koulutus", "001101", of={"perusteenDiaarinumero": "102/011/2014"})
    return _right("esiopetus", states(("2026-08-06", "lasna")), one)


def unit(module: str, mark: str, points: float, *parts: Document, **more: Any) -> Document:
    """Return a unit of a vocational qualification."""
    scale = "arviointiasteikkoammatillinen15"
    of = {"pakollinen": True, "laajuus": size(points, "6")}
    return attainment(
        "ammatillisentutkinnonosa", "tutkinnonosat", module, *parts, of=of, arviointi=marked(mark, "2022-05-01", scale), **more
    )  # fmt: skip


def _area(module: str, points: float) -> Document:
    scale = "arviointiasteikkoammatillinen15"
    return attainment(
        "ammatillisentutkinnonosanosaalue", "ammatillisenoppiaineet", module,
        of={"pakollinen": True, "laajuus": size(points, "6")}, arviointi=marked("4", "2022-04-01", scale),
    )  # fmt: skip


def _vocational() -> Document:
    employer = {"yTunnus": "3120457-5", "nimi": {"fi": "Korjaamo"}}
    ways = {"tunniste": code("osaamisenhankkimistapa", "oppisopimus"), "oppisopimus": {"työnantaja": employer}}
    qualification = attainment(
        "ammatillinentutkinto", "koulutus", "351301", unit("105708", "4", 145.0),
        unit("106727", "4", 11.0, _area("VVAI22", 6.0), _area("TK1", 5.0)), unit("106728", "3", 12.0, _area("MA", 12.0)),
        unit("106729", "3", 12.0, _area("YTT", 12.0)), of={"perusteenDiaarinumero": "OPH-5410-2021"},
        suoritustapa=code("ammatillisentutkinnonsuoritustapa", "reformi"), keskiarvo=3.5,
        vahvistus=confirmation("2023-05-31"), osaamisenHankkimistavat=[{"alku": "2021-08-10", "osaamisenHankkimistapa": ways}],
    )  # fmt: skip
    told = states(("2020-08-10", "lasna"), ("2021-06-01", "loma"), ("2021-08-10", "lasna"), ("2023-05-31", "valmistunut"), funding="1")  # fmt: skip
    return _right("ammatillinenkoulutus", told, qualification)


def _module(name: str, mark: str, points: float = 2.0, *, local: bool = False, compulsory: bool = True) -> Document:
    kind = "lukionpaikallinenopintojakso" if local else "lukionvaltakunnallinenmoduuli"
    of = {"pakollinen": compulsory, "laajuus": size(points, "2")}
    return attainment(kind, "moduulikoodistolops2021", name, of=of, arviointi=marked(mark, "2023-05-01"))


def _subject_of_upper(module: str, mark: str, *parts: Document, compulsory: bool = True, **of: Any) -> Document:
    of = {"pakollinen": compulsory, **of}
    scheme = "koskioppiaineetyleissivistava"
    return attainment("lukionoppiaine", scheme, module, *parts, of=of, arviointi=marked(mark))


def _upper() -> Document:
    syllabus = attainment(
        "lukionoppimaara", "koulutus", "309902",
        _subject_of_upper("AI", "9", _module("ÄI1", "8"), _module("OMA1", "9", 120.0, local=True)),
        _subject_of_upper("A", "8", _module("ENA8", "8"), **_language("EN")),
        _subject_of_upper("OP", "S", _module("OP1", "S")), _subject_of_upper("KT", "8", _module("UE1", "8")),
        _subject_of_upper("ITT", "8", _module("ITT1", "8", 30.0, local=True, compulsory=False), compulsory=False),
        of={"perusteenDiaarinumero": "OPH-2263-2019"}, oppimäärä=code("lukionoppimaara", "nuortenops"),
        suullisenKielitaidonKokeet=[{**_language("EN"), "päivä": "2023-05-02"}], vahvistus=confirmation("2024-06-01"),
    )  # fmt: skip
    return _right(
        "lukiokoulutus", states(("2021-08-10", "lasna"), ("2024-06-01", "valmistunut"), funding="1"), syllabus
    )


def _upper_of_2015() -> Document:
    course = attainment(
        "lukionkurssi", "lukionkurssit", "MAA1", of={"laajuus": size(75.0, "4")}, arviointi=marked("8", "2019-05-01")
    )
    syllabus = attainment(
        "lukionoppimaara", "koulutus", "309902", _subject_of_upper("MA", "8", course, laajuus=size(75.0, "4")),
        of={"perusteenDiaarinumero": "60/011/2015"}, oppimäärä=code("lukionoppimaara", "nuortenops"),
        vahvistus=confirmation("2019-06-01"),
    )  # fmt: skip
    return _right(
        "lukiokoulutus", states(("2016-08-10", "lasna"), ("2019-06-01", "valmistunut"), funding="1"), syllabus
    )


def _tuva() -> Document:
    parts = [
        attainment(
            "tutkintokoulutukseenvalmentava", "koulutuksenosattuva", module, of={"laajuus": size(weeks, "8")},
            arviointi=marked("Hyväksytty", "2023-10-01", "arviointiasteikkotuva"),
        )
        for module, weeks in (("101", 2.0), ("102", 3.0), ("107", 5.0))
    ]  # fmt: skip
    whole = attainment(
        "tuvakoulutuksensuoritus", "koulutus", "999908", *parts, vahvistus=confirmation("2024-05-31"),
        of={"perusteenDiaarinumero": "OPH-1488-2021", "laajuus": size(10.0, "8")},
    )  # fmt: skip
    told = states(("2023-08-10", "lasna"), ("2024-05-31", "valmistunut"), funding="1")
    return _right("tuva", told, whole, järjestämislupa=code("tuvajarjestamislupa", "lukio"))


def _adult() -> Document:
    course = attainment(
        "aikuistenperusopetuksenkurssi", "aikuistenperusopetuksenpaattovaiheenkurssit2017", "AÄI1",
        arviointi=marked("8", "2026-05-10"),
    )  # fmt: skip
    one = attainment("aikuistenperusopetuksenoppiaine", "koskioppiaineetyleissivistava", "AI", course)
    whole = attainment("aikuistenperusopetuksenoppimaara", "koulutus", "201101", one)
    return _right("aikuistenperusopetus", states(("2025-08-10", "lasna"), funding="1"), whole)


BASES = {
    "basic": _basic,
    "supported": _supported,
    "extended": _extended,
    "preprimary": _preprimary,
    "vocational": _vocational,
    "upper": _upper,
    "upper of 2015": _upper_of_2015,
    "tuva": _tuva,
    "adult": _adult,
}


def changed(document: Document, *changes: tuple[str, Any]) -> Document:
    """Return a copy in which the value at each pointer is another one, is `REMOVED`, or (at the end of a list) is added."""
    document = copy.deepcopy(document)
    for pointer, value in changes:
        *way, last = pointer.strip("/").split("/")
        box: Any = document
        for name in way:
            box = box[int(name)] if isinstance(box, list) else box.setdefault(name, {})
        key: Any = int(last) if isinstance(box, list) and last != "-" else last
        if value is REMOVED:
            del box[key]
        elif key == "-" and isinstance(box, list):
            box.append(value)
        else:
            box[key] = value
    return document
