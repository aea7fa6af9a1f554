"""The register's own names: what of each part of a document is which column of ours, and of which form.

Source: the register's schema as its example documents show it (`opiskeluoikeudet`, `suoritukset`, …) and
`shared/national-interfaces.md`, section 2. What is not named here is carried.
"""

from dataclasses import dataclass

from digione.integrations.koski.forms import (
    Code,
    CodeOfList,
    CodeOrOwn,
    Day,
    Flag,
    Form,
    Localized,
    Number,
    Organisation,
    Text,
    Whole,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an object a value stands: the names on the way to it, and its form."""

    path: tuple[str, ...]
    form: Form


def _at(path: str, form: Form) -> Place:
    return Place(tuple(path.split(".")), form)


#: A study right (opiskeluoikeus).
STUDY_RIGHT = (
    _at("tyyppi", Code(("level",), "opiskeluoikeudentyyppi", strict=True)),
    _at("oid", Text(("national_oid",))),
    _at("versionumero", Whole(("national_version",))),
    _at("lähdejärjestelmänId.id", Text(("source_id",))),
    _at("lähdejärjestelmänId.lähdejärjestelmä", Code(("source_system",), "lahdejarjestelma")),
    _at("oppilaitos", Organisation(("school_oid",))),
    _at("koulutustoimija", Organisation(("organiser_oid",))),
    _at("alkamispäivä", Day(("valid_from",))),
    _at("päättymispäivä", Day(("valid_to",))),
    _at("arvioituPäättymispäivä", Day(("expected_end",))),
    _at("ostettu", Flag(("is_purchased",))),
    _at("järjestämismuoto", Code(("arrangement",), "vardajarjestamismuoto")),
    _at("järjestämislupa", Code(("licence",), "tuvajarjestamislupa")),
)
#: A state of it, from a day on (opiskeluoikeusjakso).
STATE = (
    _at("alku", Day(("valid_from",))),
    _at("tila", Code(("state",), "koskiopiskeluoikeudentila", strict=True)),
    _at("opintojenRahoitus", Code(("funding",), "opintojenrahoitus")),
)
#: One piece of extra information about it (an entry of `lisätiedot`), where it is an object.
EXTRA = (
    _at("alku", Day(("valid_from",))),
    _at("loppu", Day(("valid_to",))),
    _at("maa", Code(("country",), "maatjavaltiot2")),
    _at("kuvaus", Localized(("description",))),
)
#: What is studied and achieved (suoritus, osasuoritus).
ATTAINMENT = (
    _at("tyyppi", Code(("kind",), "suorituksentyyppi", strict=True)),
    _at("koulutusmoduuli.tunniste", CodeOrOwn(("module_scheme", "module", "module_title"))),
    _at("koulutusmoduuli.perusteenDiaarinumero", Text(("curriculum",))),
    _at("koulutusmoduuli.laajuus.arvo", Number(("size",))),
    _at("koulutusmoduuli.laajuus.yksikkö", Code(("size_unit",), "opintojenlaajuusyksikko")),
    _at("koulutusmoduuli.pakollinen", Flag(("is_compulsory",))),
    _at("koulutusmoduuli.kieli", CodeOfList(("language_scheme", "language"))),
    _at("koulutusmoduuli.kuvaus", Localized(("module_description",))),
    _at("koulutusmoduuli.kurssinTyyppi", Code(("course_kind",), "lukionkurssintyyppi")),
    _at("alkamispäivä", Day(("valid_from",))),
    _at("luokka", Text(("group_name",))),
    _at("ryhmä", Text(("group_code",))),
    _at("luokkaAste", Code(("grade",), "perusopetuksenluokkaaste")),
    _at("toimipiste", Organisation(("site_oid",))),
    _at("suorituskieli", Code(("taught_in",), "kieli")),
    _at("suoritustapa", CodeOfList(("manner_scheme", "manner"))),
    _at("tutkinnonOsanRyhmä", Code(("unit_group",), "ammatillisentutkinnonosanryhma")),
    _at("jääLuokalle", Flag(("repeats_grade",))),
    _at("rajattuOppimäärä", Flag(("is_limited",))),
    _at("yksilöllistettyOppimäärä", Flag(("is_individualised",))),
    _at("painotettuOpetus", Flag(("is_weighted",))),
    _at("korotus", Flag(("is_raise",))),
    _at("keskiarvo", Number(("average",))),
    _at("vahvistus.päivä", Day(("confirmed_on",))),
    _at("vahvistus.paikkakunta", Code(("confirmed_in",), "kunta")),
    _at("vahvistus.myöntäjäOrganisaatio", Organisation(("confirmed_by_oid",))),
)
#: A grade or another judgement of it (arviointi).
ASSESSMENT = (
    _at("arvosana", CodeOrOwn(("mark_scheme", "mark", "mark_title"))),
    _at("päivä", Day(("assessed_on",))),
    _at("hyväksytty", Flag(("is_passed",))),
    _at("kuvaus", Localized(("description",))),
)
#: The kinds of extra information that the data model knows, by the register's names. Others are carried.
EXTRAS = {
    "aloittanutEnnenOppivelvollisuutta": "started_before_compulsory_education",
    "erityinenTuki": "special_support",
    "erityisenKoulutustehtävänJaksot": "special_educational_task",
    "erityisenTuenPäätökset": "special_support_decision",
    "erityisenTuenPäätös": "special_support_decision_single",
    "henkilöstökoulutus": "staff_training",
    "hojks": "individual_education_plan",
    "joustavaPerusopetus": "flexible_basic_education",
    "kotiopetusjaksot": "home_education",
    "koulukoti": "residential_school",
    "koulutusvienti": "exported_education",
    "kuljetusetu": "transport",
    "majoitus": "accommodation",
    "majoitusetu": "accommodation_benefit",
    "maksuttomuus": "free_of_charge",
    "oikeusMaksuttomaanAsuntolapaikkaan": "right_to_free_dormitory",
    "opetuksenJärjestäminenVammanSairaudenTaiRajoitteenPerusteella": "arrangement_for_disability",
    "opiskeluvalmiuksiaTukevatOpinnot": "studies_supporting_readiness",
    "osaAikaisuusjaksot": "part_time",
    "pidennettyOppivelvollisuus": "extended_compulsory_education",
    "pidennettyPäättymispäivä": "extended_end",
    "sisäoppilaitosmainenMajoitus": "boarding",
    "tavoitekokonaisuuksittainOpiskelu": "studies_by_objectives",
    "toimintaAlueittainOpiskelu": "studies_by_activity_areas",
    "tuenPäätöksenJaksot": "support_decision",
    "ulkomaanjaksot": "abroad",
    "ulkomainenVaihtoopiskelija": "exchange_student",
    "vaativanErityisenTuenErityinenTehtävä": "demanding_special_support_task",
    "vaativanErityisenTuenYhteydessäJärjestettäväMajoitus": "demanding_special_support_accommodation",
    "vaikeastiVammainen": "severely_disabled",
    "vammainen": "disabled",
    "vammainenJaAvustaja": "disabled_with_assistant",
    "vankilaopetuksessa": "education_in_prison",
    "varhennetunOppivelvollisuudenJaksot": "advanced_compulsory_education",
    "vuosiluokkiinSitoutumatonOpetus": "not_tied_to_year_groups",
    "yhdysluokka": "combined_class",
}
#: What a document says of the learner (henkilö), by the register's names.
PERSON = ("oid", "hetu", "etunimet", "kutsumanimi", "sukunimi")
