"""The national register's rules one by one: one fact of a study right is changed, and exactly that is told."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from digione.integrations.koski.findings import Finding, Period, Rule, View, within
from digione.integrations.koski.forms import without_labels
from digione.integrations.koski.mapping import read_study_right
from digione.integrations.koski.register_rules import BY_LEVEL, findings, findings_of_person
from digione.integrations.koski.rules_of_all import OF_ALL
from digione.integrations.koski.rules_of_support import OF_SUPPORT
from digione.integrations.loading.register_messages import REGISTER_MESSAGES
from tests.unit.koski import code
from tests.unit.koski_levels import (
    BASES,
    REMOVED,
    Document,
    attainment,
    changed,
    confirmation,
    grade,
    marked,
    size,
    states,
    subject,
    unit,
)

TODAY = date(2026, 11, 29)
MAIN, FIRST, STATE = "/suoritukset/0", "/suoritukset/0/osasuoritukset/0", "/tila/opiskeluoikeusjaksot"
PLAN = "koulutusmoduuli/perusteenDiaarinumero"
_RAISED = code("koskioppiaineetyleissivistava", "OP")


def state(name: str) -> Document:
    return code("koskiopiskeluoikeudentila", name)


def days(start: str, end: str | None = None) -> Document:
    return {"alku": start, **({"loppu": end} if end else {})}


#: What is changed in which study right, and what is then told: the code, how grave, and where (below the study right).
CASES: list[tuple[str, list[tuple[str, Any]], str, str, str]] = [
    # Every level.
    ("supported", [(f"{STATE}/-", {"alku": "2023-08-09", "tila": state("loma")})],
     "register-states-order", "error", f"{STATE}/1/alku"),
    ("supported", [(f"{STATE}/-", {"alku": "2022-08-09", "tila": state("loma")})],
     "register-states-order", "error", f"{STATE}/1/alku"),
    ("basic", [(f"{STATE}/-", {"alku": "2025-06-10", "tila": state("lasna")}), ("/suoritukset/0/vahvistus/päivä", "2025-05-31")],
     "register-state-after-end", "error", f"{STATE}/2"),
    ("supported", [("/alkamispäivä", "2023-08-01")], "register-day-derived", "warning", "/alkamispäivä"),
    ("basic", [("/päättymispäivä", "2025-06-01")], "register-day-derived", "warning", "/päättymispäivä"),
    ("supported", [("/arvioituPäättymispäivä", "2023-01-01")], "register-expected-end", "error", "/arvioituPäättymispäivä"),
    ("supported", [(f"{MAIN}/alkamispäivä", "2023-08-08")], "register-begins-early", "error", f"{MAIN}/alkamispäivä"),
    ("adult", [(f"{FIRST}/osasuoritukset/0/alkamispäivä", "2026-05-11")],
     "register-assessed-early", "error", f"{FIRST}/osasuoritukset/0/arviointi/0/päivä"),
    ("vocational", [(f"{FIRST}/vahvistus", confirmation("2022-04-30"))],
     "register-assessed-late", "error", f"{FIRST}/arviointi/0/päivä"),
    ("supported", [(f"{MAIN}/alkamispäivä", "2026-06-01")], "register-confirmed-early", "error", f"{MAIN}/vahvistus/päivä"),
    ("basic", [(f"{MAIN}/vahvistus/päivä", "2025-06-01")], "register-confirmed-late", "error", f"{MAIN}/vahvistus/päivä"),
    ("vocational", [(f"{FIRST}/vahvistus", confirmation("2023-06-01")), (f"{STATE}/3/alku", "2023-06-30")],
     "register-part-confirmed-late", "error", f"{FIRST}/vahvistus/päivä"),
    ("tuva", [(f"{MAIN}/vahvistus", REMOVED)], "register-unconfirmed", "error", f"{MAIN}/vahvistus"),
    ("basic", [(f"{STATE}/1/tila", state("eronnut"))], "register-confirmed-though-left", "error", f"{MAIN}/vahvistus"),
    ("basic", [(f"{STATE}/1/tila", state("keskeytynyt"))], "register-confirmed-though-left", "warning", f"{MAIN}/vahvistus"),
    ("basic", [(f"{MAIN}/osasuoritukset/1/arviointi", [])],
     "register-part-unfinished", "error", f"{MAIN}/osasuoritukset/1/arviointi"),
    ("supported", [(f"{FIRST}/arviointi", [])], "register-part-unfinished", "warning", f"{FIRST}/arviointi"),
    ("basic", [("/suoritukset/1/osasuoritukset", REMOVED)], "register-no-parts", "error", "/suoritukset/1/osasuoritukset"),
    ("basic", [("/suoritukset/1/osasuoritukset", REMOVED), ("/oid", "1.2.246.562.15.10000000009")],
     "register-no-parts", "warning", "/suoritukset/1/osasuoritukset"),
    ("supported", [("/suoritukset/-", attainment(
        "nuortenperusopetuksenoppiaineenoppimaara", "koskioppiaineetyleissivistava", "MA",
        of={"pakollinen": True}, vahvistus=confirmation("2026-05-30")))],
     "register-no-mark", "error", "/suoritukset/2/arviointi"),
    ("basic", [(f"{MAIN}/vahvistus/myöntäjäHenkilöt", [])],
     "register-confirmation-incomplete", "error", f"{MAIN}/vahvistus/myöntäjäHenkilöt"),
    ("tuva", [(f"{MAIN}/vahvistus/myöntäjäOrganisaatio", REMOVED)],
     "register-confirmation-incomplete", "warning", f"{MAIN}/vahvistus/myöntäjäOrganisaatio"),
    ("supported", [("/suoritukset/1/vahvistus", {"paikkakunta": code("kunta", "049")})],
     "register-confirmation-incomplete", "error", "/suoritukset/1/vahvistus/päivä"),
    ("tuva", [(f"{FIRST}/koulutusmoduuli/laajuus/yksikkö", code("opintojenlaajuusyksikko", "2"))],
     "register-size-unit", "error", f"{FIRST}/koulutusmoduuli/laajuus/yksikkö"),
    ("tuva", [(f"{MAIN}/koulutusmoduuli/laajuus/arvo", 10.002)],
     "register-sizes-sum", "error", f"{MAIN}/koulutusmoduuli/laajuus/arvo"),
    ("vocational", [(f"{MAIN}/osasuoritukset/1/koulutusmoduuli/laajuus/arvo", 12.0)],
     "register-sizes-sum", "error", f"{MAIN}/osasuoritukset/1/koulutusmoduuli/laajuus/arvo"),
    ("upper", [(f"{MAIN}/osasuoritukset/3/koulutusmoduuli/laajuus", size(4.0, "2"))],
     "register-sizes-sum", "warning", f"{MAIN}/osasuoritukset/3/koulutusmoduuli/laajuus/arvo"),
    ("basic", [(f"{MAIN}/osasuoritukset/-", subject("MA", "8"))],
     "register-subject-twice", "error", f"{MAIN}/osasuoritukset/7/koulutusmoduuli"),
    ("tuva", [(f"{MAIN}/{PLAN}", "OPH-2263-2019"), (f"{STATE}/0/alku", "2020-08-10"), (f"{STATE}/1/alku", "2021-05-31"),
              (f"{MAIN}/vahvistus/päivä", "2021-05-31")],
     "register-curriculum", "warning", f"{MAIN}/{PLAN}"),
    ("tuva", [(f"{STATE}/0/alku", "2021-08-10"), (f"{STATE}/1/alku", "2022-07-31"), (f"{MAIN}/vahvistus/päivä", "2022-05-31")],
     "register-curriculum", "error", f"{MAIN}/{PLAN}"),
    ("vocational", [(f"{STATE}/1/opintojenRahoitus", REMOVED)],
     "register-no-funding", "error", f"{STATE}/1/opintojenRahoitus"),
    ("supported", [(f"{STATE}/0/opintojenRahoitus", code("opintojenrahoitus", "1"))],
     "register-funding-told", "warning", f"{STATE}/0/opintojenRahoitus"),
    ("basic", [("/lisätiedot/ulkomaanjaksot", [days("2020-01-01", "2019-12-31")])],
     "register-period-order", "error", "/lisätiedot/ulkomaanjaksot/0/loppu"),
    ("basic", [("/lisätiedot/kuljetusetu", days("2020-01-01", "2019-12-31"))],
     "register-period-order", "error", "/lisätiedot/kuljetusetu/loppu"),
    ("adult", [(f"{FIRST}/osasuoritukset/0/arviointi/0/päivä", REMOVED)],
     "register-undated-mark", "error", f"{FIRST}/osasuoritukset/0/arviointi/0/päivä"),
    ("adult", [(f"{FIRST}/osasuoritukset/0/arviointi/0/arvosana", code("arviointiasteikkoyleissivistava", "11"))],
     "register-mark", "error", f"{FIRST}/osasuoritukset/0/arviointi/0/arvosana"),
    # Basic education.
    ("supported", [("/suoritukset/1/alkamispäivä", REMOVED)],
     "register-year-without-start", "error", "/suoritukset/1/alkamispäivä"),
    ("supported", [("/suoritukset/1/luokka", REMOVED)], "register-year-without-class", "error", "/suoritukset/1/luokka"),
    ("supported", [("/suoritukset/1/alkamispäivä", "2025-08-07")],
     "register-years-same-start", "error", "/suoritukset/1/alkamispäivä"),
    ("supported", [("/suoritukset/-", grade("5", "2026-10-01", None))],
     "register-years-unfinished", "error", "/suoritukset/2/vahvistus"),
    ("basic", [("/suoritukset/-", grade("10", "2025-06-02", None))],
     "register-year-after-end", "error", "/suoritukset/3/alkamispäivä"),
    ("basic", [(f"{MAIN}/koulutusmoduuli/tunniste/koodiarvo", "201100")],
     "register-module", "error", f"{MAIN}/koulutusmoduuli/tunniste"),
    ("supported", [("/suoritukset/-", attainment(
        "nuortenperusopetuksenoppiaineenoppimaara", "koskioppiaineetyleissivistava", "MA", of={"pakollinen": False}))],
     "register-single-subject-optional", "error", "/suoritukset/2/koulutusmoduuli/pakollinen"),
    ("basic", [("/suoritukset/2/koulutusmoduuli/tunniste/koodiarvo", "8"),
               ("/suoritukset/2/osasuoritukset", [subject("MA", "8")])],
     "register-no-ninth-year", "error", f"{MAIN}/vahvistus"),
    ("supported", [(f"{STATE}/-", {"alku": "2026-10-01", "tila": state("valmistunut")})],
     "register-no-certificate", "error", "/suoritukset"),
    ("basic", [("/suoritukset/2/osasuoritukset", [subject("MA", "8")])],
     "register-ninth-year-subjects", "error", "/suoritukset/2/osasuoritukset"),
    ("basic", [(f"{MAIN}/osasuoritukset/1/arviointi/0/arvosana/koodiarvo", "S")],
     "register-mark-in-words", "error", f"{MAIN}/osasuoritukset/1/arviointi"),
    ("basic", [(f"{MAIN}/osasuoritukset/6/arviointi/0/arvosana/koodiarvo", "O")],
     "register-mark-in-words", "error", f"{MAIN}/osasuoritukset/6/arviointi"),
    ("basic", [(f"{MAIN}/osasuoritukset/5/arviointi/0/arvosana/koodiarvo", "8")],
     "register-mark-in-numbers", "error", f"{MAIN}/osasuoritukset/5/arviointi"),
    ("basic", [(f"{MAIN}/osasuoritukset/1/koulutusmoduuli/laajuus", REMOVED)],
     "register-no-size", "error", f"{MAIN}/osasuoritukset/1/koulutusmoduuli/laajuus"),
    ("basic", [(f"{MAIN}/osasuoritukset/-", attainment(
        "perusopetuksentoimintaalue", "perusopetuksentoimintaalue", "1", arviointi=marked("S")))],
     "register-no-size", "error", f"{MAIN}/osasuoritukset/7/koulutusmoduuli/laajuus"),
    ("basic", [(f"{MAIN}/osasuoritukset/-", subject("ET", "8"))],
     "register-religion-and-ethics", "error", f"{MAIN}/osasuoritukset/7/koulutusmoduuli/tunniste"),
    ("basic", [(f"{MAIN}/osasuoritukset/2/koulutusmoduuli/uskonnonOppimäärä", code("uskonnonoppimaara", "EV"))],
     "register-religion-told", "warning", f"{MAIN}/osasuoritukset/2/koulutusmoduuli/uskonnonOppimäärä"),
    ("basic", [(f"{MAIN}/osasuoritukset/4/koulutusmoduuli/kieli/koodiarvo", "EN")],
     "register-language", "error", f"{MAIN}/osasuoritukset/4/koulutusmoduuli/kieli"),
    ("supported", [(f"{STATE}/0/alku", "2025-08-01"), ("/lisätiedot/vuosiluokkiinSitoutumatonOpetus", True)],
     "register-not-tied", "error", "/lisätiedot/vuosiluokkiinSitoutumatonOpetus"),
    ("supported", [(f"{FIRST}/luokkaAste", code("perusopetuksenluokkaaste", "2"))],
     "register-other-year", "error", f"{FIRST}/luokkaAste"),
    ("supported", [(f"{FIRST}/luokkaAste", code("perusopetuksenluokkaaste", "3")),
                   ("/lisätiedot/yhdysluokka", [days("2025-08-07")])],
     "register-same-year", "error", f"{FIRST}/luokkaAste"),
    ("supported", [("/lisätiedot/valmistavanLisäopetus", [days("2026-08-01", "2027-08-02")])],
     "register-further-long", "error", "/lisätiedot/valmistavanLisäopetus/0"),
    ("supported", [("/lisätiedot/valmistavanLisäopetus", [days("2026-08-01", "2026-10-02"), days("2026-10-02", "2026-11-01")])],
     "register-periods-overlap", "error", "/lisätiedot/valmistavanLisäopetus/1"),
    # Support and compulsory education.
    ("supported", [("/lisätiedot/tuenPäätöksenJaksot/0/alku", "2025-07-31")],
     "register-too-early", "error", "/lisätiedot/tuenPäätöksenJaksot/0/alku"),
    ("supported", [("/lisätiedot/tavoitekokonaisuuksittainOpiskelu", [days("2025-07-31", "2026-05-30")]),
                   ("/lisätiedot/tuenPäätöksenJaksot/0", {})],
     "register-too-early", "error", "/lisätiedot/tavoitekokonaisuuksittainOpiskelu/0/alku"),
    ("supported", [("/lisätiedot/tuenPäätöksenJaksot/-", {"loppu": "2023-08-08"})],
     "register-support-before", "error", "/lisätiedot/tuenPäätöksenJaksot/1/loppu"),
    ("supported", [("/lisätiedot/erityisenTuenPäätökset", [days("2023-08-09", "2025-09-01")])],
     "register-periods-overlap", "error", "/lisätiedot/tuenPäätöksenJaksot/0"),
    ("supported", [("/lisätiedot/opetuksenJärjestäminenVammanSairaudenTaiRajoitteenPerusteella", [days("2026-08-05")]),
                   ("/lisätiedot/toimintaAlueittainOpiskelu", [days("2026-08-06")])],
     "register-periods-overlap", "error", "/lisätiedot/opetuksenJärjestäminenVammanSairaudenTaiRajoitteenPerusteella/0"),
    ("supported", [("/lisätiedot/tavoitekokonaisuuksittainOpiskelu", [days("2025-08-31", "2026-05-30")])],
     "register-outside-support", "error", "/lisätiedot/tavoitekokonaisuuksittainOpiskelu/0"),
    ("extended", [("/lisätiedot/erityisenTuenPäätökset/0/loppu", "2025-05-30")],
     "register-outside-support", "error", "/lisätiedot/pidennettyOppivelvollisuus"),
    ("extended", [("/lisätiedot/vaikeastiVammainen/0/alku", "2020-02-02")],
     "register-extended-disability", "error", "/lisätiedot/pidennettyOppivelvollisuus"),
    ("extended", [("/lisätiedot/vammainen/0/alku", "2016-08-09")],
     "register-extended-disability", "error", "/lisätiedot/vammainen/0/alku"),
    ("extended", [("/lisätiedot/vaikeastiVammainen/0/loppu", "2025-06-01")],
     "register-extended-disability", "error", "/lisätiedot/vaikeastiVammainen/0/loppu"),
    ("extended", [("/lisätiedot/vaikeastiVammainen/0/alku", "2020-01-31")],
     "register-periods-overlap", "error", "/lisätiedot/vammainen/0"),
    ("supported", [("/lisätiedot/tuenPäätöksenJaksot", REMOVED), ("/lisätiedot/erityisenTuenPäätökset", [days("2023-08-09", "2026-09-01")])],
     "register-ended-field", "error", "/lisätiedot/erityisenTuenPäätökset/0/loppu"),
    ("supported", [("/lisätiedot/tuenPäätöksenJaksot", REMOVED), ("/lisätiedot/erityisenTuenPäätökset", [days("2026-09-01")])],
     "register-ended-field", "error", "/lisätiedot/erityisenTuenPäätökset/0/alku"),
    ("supported", [("/lisätiedot/tuenPäätöksenJaksot", REMOVED), ("/lisätiedot/erityisenTuenPäätökset", [days("2023-08-09")])],
     "register-ended-field", "warning", "/lisätiedot/erityisenTuenPäätökset/0/loppu"),
    ("supported", [("/lisätiedot/tuenPäätöksenJaksot", REMOVED), ("/lisätiedot/erityisenTuenPäätökset", [days("2026-08-01", "2026-08-31")])],
     "register-ended-field", "warning", "/lisätiedot/erityisenTuenPäätökset/0/alku"),
    ("vocational", [(f"{STATE}/1/alku", "2026-01-01"), (f"{STATE}/2/alku", "2026-02-01"), (f"{STATE}/3/alku", "2026-03-01")],
     "register-ended-field", "error", f"{STATE}/1/tila"),
    ("supported", [(f"{FIRST}/rajattuOppimäärä", True), (f"{FIRST}/yksilöllistettyOppimäärä", True)],
     "register-limited-and-individualised", "error", f"{FIRST}/rajattuOppimäärä"),
    ("basic", [(f"{MAIN}/osasuoritukset/1/rajattuOppimäärä", True), (f"{MAIN}/osasuoritukset/1/arviointi/0/arvosana/koodiarvo", "5")],
     "register-limited-early", "error", f"{MAIN}/osasuoritukset/1/rajattuOppimäärä"),
    ("supported", [(f"{FIRST}/rajattuOppimäärä", True), ("/lisätiedot/tuenPäätöksenJaksot/0/alku", "2026-05-31")],
     "register-limited-unsupported", "error", f"{FIRST}/rajattuOppimäärä"),
    ("supported", [(f"{MAIN}/osasuoritukset/1/rajattuOppimäärä", True)],
     "register-limited-mark", "error", f"{MAIN}/osasuoritukset/1/arviointi"),
    ("supported", [(f"{FIRST}/yksilöllistettyOppimäärä", True), (f"{MAIN}/vahvistus/päivä", "2026-09-01")],
     "register-ended-field", "error", f"{FIRST}/yksilöllistettyOppimäärä"),
    # Pre-primary education.
    ("preprimary", [("/suoritukset/-", attainment("esiopetuksensuoritus", "koulutus", "001102"))],
     "register-one-attainment", "error", "/suoritukset/1"),
    ("preprimary", [(f"{MAIN}/koulutusmoduuli/tunniste/koodiarvo", "001103")],
     "register-module", "error", f"{MAIN}/koulutusmoduuli/tunniste"),
    ("preprimary", [(f"{MAIN}/{PLAN}", "104/011/2014")], "register-module", "warning", f"{MAIN}/{PLAN}"),
    ("preprimary", [("/järjestämismuoto", code("vardajarjestamismuoto", "JM02"))],
     "register-no-organiser", "warning", "/koulutustoimija"),
    # General upper secondary education.
    ("upper", [("/suoritukset/-", attainment("lukionaineopinnot", "koulutus", "309902"))],
     "register-one-attainment", "error", "/suoritukset/1"),
    ("upper", [(f"{MAIN}/osasuoritukset/4/osasuoritukset/0/koulutusmoduuli/laajuus/arvo", 19.0),
               (f"{FIRST}/osasuoritukset/1/koulutusmoduuli/laajuus/arvo", 200.0)],
     "register-credits", "error", f"{MAIN}/osasuoritukset"),
    ("upper", [(f"{FIRST}/osasuoritukset/1/koulutusmoduuli/laajuus/arvo", 111.0), ("/oid", "1.2.246.562.15.10000000009")],
     "register-credits", "warning", f"{MAIN}/osasuoritukset"),
    ("upper of 2015", [(f"{FIRST}/osasuoritukset/0/koulutusmoduuli/laajuus/arvo", 74.0),
                       (f"{FIRST}/koulutusmoduuli/laajuus/arvo", 74.0)],
     "register-courses", "warning", f"{MAIN}/osasuoritukset"),
    ("upper", [(f"{MAIN}/suullisenKielitaidonKokeet", [{"kieli": code("kielivalikoima", "ES")}])],
     "register-spoken", "error", f"{MAIN}/suullisenKielitaidonKokeet"),
    ("upper", [(f"{FIRST}/osasuoritukset/0/arviointi/0/arvosana/koodiarvo", "S")],
     "register-mark-in-words", "error", f"{FIRST}/osasuoritukset/0/arviointi"),
    ("upper", [(f"{MAIN}/osasuoritukset/2/arviointi/0/arvosana/koodiarvo", "8")],
     "register-mark-in-numbers", "error", f"{MAIN}/osasuoritukset/2/arviointi"),
    ("upper", [(f"{FIRST}/arviointi/0/arvosana/koodiarvo", "S")], "register-mark-in-words", "warning", f"{FIRST}/arviointi"),
    ("upper", [(f"{FIRST}/koulutusmoduuli/kieli", code("oppiaineaidinkielijakirjallisuus", "AIAI"))],
     "register-language", "error", f"{FIRST}/koulutusmoduuli/kieli"),
    # Vocational education.
    ("vocational", [("/suoritukset/-", attainment("valma", "koulutus", "999901", vahvistus=confirmation("2023-05-31")))],
     "register-one-attainment", "error", "/suoritukset/1"),
    ("vocational", [(f"{FIRST}/arviointi", marked("3", "2022-05-01", "arviointiasteikkoammatillinent1k3"))],
     "register-scales", "error", f"{MAIN}/osasuoritukset/1/arviointi/0/arvosana"),
    ("vocational", [(f"{STATE}/3", REMOVED), (f"{MAIN}/vahvistus", REMOVED)],
     "register-average-early", "error", f"{MAIN}/keskiarvo"),
    ("vocational", [(f"{MAIN}/keskiarvo", REMOVED)], "register-no-average", "warning", f"{MAIN}/keskiarvo"),
    ("vocational", [(f"{FIRST}/arviointi/0/arvosana/koodiarvo", "Hylätty")],
     "register-failed-unit", "error", f"{FIRST}/arviointi"),
    ("vocational", [(f"{MAIN}/osaamisenHankkimistavat/0/osaamisenHankkimistapa/oppisopimus/työnantaja/yTunnus", REMOVED)],
     "register-no-employer", "error",
     f"{MAIN}/osaamisenHankkimistavat/0/osaamisenHankkimistapa/oppisopimus/työnantaja/yTunnus"),
    ("vocational", [(f"{MAIN}/osasuoritukset/1", unit("105999", "4", 11.0))],
     "register-common-units", "error", f"{MAIN}/osasuoritukset"),
    ("vocational", [(f"{MAIN}/osasuoritukset/1/osasuoritukset", REMOVED)],
     "register-no-parts", "error", f"{MAIN}/osasuoritukset/1/osasuoritukset"),
    ("vocational", [(f"{MAIN}/osasuoritukset/-", unit("101054", "3", 12.0, *BASES["vocational"]()["suoritukset"][0]["osasuoritukset"][2]["osasuoritukset"]))],
     "register-unit-of-other-time", "error", f"{MAIN}/osasuoritukset/4/koulutusmoduuli/tunniste"),
    # TUVA.
    ("tuva", [(f"{FIRST}/koulutusmoduuli/tunniste/koodiarvo", "103")],
     "register-tuva-orientation", "error", f"{MAIN}/osasuoritukset"),
    ("tuva", [(f"{FIRST}/koulutusmoduuli/laajuus/arvo", 1.5), (f"{MAIN}/koulutusmoduuli/laajuus/arvo", 9.5)],
     "register-tuva-weeks", "error", f"{FIRST}/koulutusmoduuli/laajuus"),
    ("tuva", [(f"{MAIN}/osasuoritukset/1/koulutusmoduuli/laajuus/arvo", 21.0), (f"{MAIN}/koulutusmoduuli/laajuus/arvo", 28.0)],
     "register-tuva-weeks", "warning", f"{MAIN}/osasuoritukset/1/koulutusmoduuli/laajuus"),
    ("tuva", [(f"{STATE}/1/tila", state("eronnut"))], "register-tuva-state", "error", f"{STATE}/1/tila"),
    ("tuva", [(f"{STATE}/1", {"alku": "2024-01-08", "tila": state("loma"), "opintojenRahoitus": code("opintojenrahoitus", "1")})],
     "register-tuva-holiday", "error", f"{STATE}/1/tila"),
]  # fmt: skip


def view_of(document: Document) -> View:
    return View.of(read_study_right(without_labels(document), pytest.fail), "", TODAY)


def found_in(document: Document) -> list[Finding]:
    return list(findings(read_study_right(without_labels(document), pytest.fail), "", TODAY))


def all_rules() -> Iterator[Rule]:
    yield from dict.fromkeys((*OF_ALL, *OF_SUPPORT, *(rule for rules in BY_LEVEL.values() for rule in rules)))


@pytest.mark.parametrize("base", BASES)
def test_what_the_register_would_take_is_told_nothing_of(base: str) -> None:
    assert found_in(BASES[base]()) == []


@pytest.mark.parametrize(
    ("base", "changes", "told", "severity", "pointer"), CASES, ids=[f"{case[2]}-{at}" for at, case in enumerate(CASES)]
)
def test_one_changed_fact_is_told_alone(
    base: str, changes: list[tuple[str, Any]], told: str, severity: str, pointer: str
) -> None:
    document = changed(BASES[base](), *changes)
    assert [(one.code, one.severity.value, one.pointer) for one in found_in(document)] == [(told, severity, pointer)]


def test_every_rule_and_every_code_has_a_case() -> None:
    views = [(case[0], view_of(changed(BASES[case[0]](), *case[1]))) for case in CASES]
    silent = [rule.__name__ for rule in all_rules() if not any(list(rule(view)) for _base, view in views)]
    assert silent == []
    codes = {case[2] for case in CASES} | {
        one.code for one in findings_of_person({"kutsumanimi": "A", "etunimet": "B"})
    }
    assert codes == set(REGISTER_MESSAGES)


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        # An annulment may share the day of the end, and nothing else is then looked at.
        ("basic", [(f"{STATE}/-", {"alku": "2025-05-31", "tila": state("mitatoity")}), (f"{MAIN}/vahvistus", REMOVED)]),
        # A part may be assessed after what it is a part of was confirmed.
        ("upper", [(f"{FIRST}/osasuoritukset/0/arviointi/0/päivä", "2024-09-01")]),
        # A qualification by demonstrations may be confirmed after the end.
        ("vocational", [(f"{MAIN}/suoritustapa/koodiarvo", "naytto"), (f"{MAIN}/vahvistus/päivä", "2023-09-01")]),
        # Home education on the day of confirmation excuses the ninth grade, and sizes.
        ("basic", [("/suoritukset/2", grade("7", "2022-08-09", "2023-06-03", subject("MA", "8"))),
                   ("/lisätiedot/kotiopetusjaksot", [days("2025-05-01", "2025-05-31")]),
                   (f"{MAIN}/osasuoritukset/1/koulutusmoduuli/laajuus", REMOVED)]),
        # A grade that is repeated has subjects, also the ninth.
        ("basic", [("/suoritukset/2/osasuoritukset", [subject("MA", "4")]), ("/suoritukset/2/jääLuokalle", True)]),
        # Optional subjects stand twice, as do compulsory ones of another language.
        ("basic", [(f"{MAIN}/osasuoritukset/-", subject("LI", "S", 1.0, compulsory=False)),
                   (f"{MAIN}/osasuoritukset/-", subject("A1", "9", kieli=code("kielivalikoima", "DE")))]),
        # Guidance may have S; so may a language, and a subject that is individualised.
        ("basic", [(f"{MAIN}/osasuoritukset/1/koulutusmoduuli/tunniste", _RAISED),
                   (f"{MAIN}/osasuoritukset/1/arviointi", marked("S")),
                   (f"{MAIN}/osasuoritukset/3/arviointi", marked("S")),
                   (f"{MAIN}/osasuoritukset/2/arviointi", marked("S")),
                   (f"{MAIN}/osasuoritukset/2/yksilöllistettyOppimäärä", True)]),
        # The latest day's mark is the one that holds.
        ("basic", [(f"{MAIN}/osasuoritukset/1/arviointi", [*marked("8", "2025-05-31"), *marked("S", "2025-05-01")])]),
        # Inside two decisions that follow each other.
        ("supported", [("/lisätiedot/tuenPäätöksenJaksot", [days("2025-09-01", "2025-12-31"), days("2026-01-01")]),
                       ("/lisätiedot/tavoitekokonaisuuksittainOpiskelu", [days("2025-12-01", "2026-02-01")])]),
        # Advanced compulsory education needs no decision.
        ("preprimary", [("/lisätiedot/varhennetunOppivelvollisuudenJaksot", [days("2026-08-06")])]),
        # A limited syllabus with what it asks for.
        ("supported", [(f"{FIRST}/rajattuOppimäärä", True)]),
    ],
)  # fmt: skip
def test_what_is_excused_is_told_nothing_of(base: str, changes: list[tuple[str, Any]]) -> None:
    assert [one for one in found_in(changed(BASES[base](), *changes)) if one.severity == "error"] == []


def test_a_name_that_is_none_of_the_first_names() -> None:
    def told(given: str, first: str) -> list[tuple[str, str]]:
        return [(one.code, one.pointer) for one in findings_of_person({"kutsumanimi": given, "etunimet": first})]

    assert (
        told("Eemeli", "Sisu Eemeli") == told("liisa", "Anna-Liisa Kaarina") == told("Anna-Liisa", "Anna-Liisa") == []
    )
    assert told("Sisko", "Sisu Eemeli") == [("register-given-name", "/henkilö/kutsumanimi")]
    assert list(findings_of_person({"etunimet": "Sisu"})) == []


def test_days_of_a_period_are_found_in_several() -> None:
    def period(*told: str | None) -> Period:
        start, end = (date.fromisoformat(day) if day else None for day in told)
        return Period(start, end, "")

    whole = period("2024-01-01", "2024-12-31")
    assert within(whole, [period("2024-07-01", None), period(None, "2024-06-30")])
    assert not within(whole, [period("2024-07-02", None), period(None, "2024-06-30")])
    assert not within(period("2024-01-01", None), [whole])
    assert within(period(None, None), [period(None, None)])
    assert not within(whole, [])
    assert states(("2024-01-01", "lasna"))["opiskeluoikeusjaksot"][0]["alku"] == "2024-01-01"
