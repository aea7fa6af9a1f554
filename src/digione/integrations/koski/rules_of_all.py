"""Rules of the national register for study rights of every level, each with its source.

Sources: `shared/national-interfaces.md`, section 2.1 (cited as 2.1 with the rule's number), and, where it is said so, the
register's own validation as it was published on 2026-08-21.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise

from digione.integrations.koski.findings import Finding, Rule, View, error, graded, warning
from digione.studies.record_rules import ANNULLED, FUNDED, TERMINAL

#: Levels of which it is likely, since they are close to general upper secondary education, but not certain.
_PERHAPS_FUNDED = {level: {"lasna", "valmistunut"} for level in ("ibtutkinto", "luva")}
_NOT_FUNDED = {"perusopetus", "esiopetus"}
#: Curricula and the day from which each is in force. One that stands here with certainty refuses (2.1, rule 7).
_CURRICULA = {
    "OPH-1488-2021": (date(2022, 8, 1), True),
    "OPH-2263-2019": (date(2021, 8, 1), False),
    "OPH-2267-2019": (date(2021, 8, 1), False),
}
#: Levels that are finished only when each main attainment is confirmed; of others it is not known for certain.
_ALL_CONFIRMED = frozenset(
    {
        *("ammatillinenkoulutus", "esiopetus", "internationalschool", "lukiokoulutus", "aikuistenperusopetus", "tuva"),
        *("perusopetukseenvalmistavaopetus", "perusopetuksenlisaopetus", "perusopetus"),
    }
)
#: Main attainments of one subject: one of them that is confirmed finishes the study right.
ONE_SUBJECT = (
    "nuortenperusopetuksenoppiaineenoppimaara",
    "perusopetuksenoppiaineenoppimaara",
    "lukionoppiaineenoppimaara",
)
#: Of levels that end without success, what may not be confirmed then; None is every main attainment (2.1, rule 4).
_NOT_CONFIRMED: dict[str, frozenset[str] | None] = {
    "perusopetus": frozenset({"perusopetuksenoppimaara"}),
    "lukiokoulutus": frozenset({"lukionoppimaara"}),
    "aikuistenperusopetus": frozenset({"aikuistenperusopetuksenoppimaara"}),
    "esiopetus": None,
    "ammatillinenkoulutus": None,
    # By the register's validation.
    "perusopetuksenlisaopetus": None,
}
#: Main attainments that are not confirmed without parts (register's validation).
_OF_PARTS = (
    *("ammatillinentutkinto", "lukionoppimaara", "perusopetuksenoppimaara", "perusopetuksenlisaopetus"),
    *("perusopetukseenvalmistavaopetus", "perusopetuksenvuosiluokka", "tuvakoulutuksensuoritus"),
)
#: Parts that are unfinished for as long as they have no mark.
_MARKED = (
    *("lukionoppiaine", "lukionkurssi", "lukionvaltakunnallinenmoduuli", "lukionpaikallinenopintojakso"),
    *("perusopetuksenoppiaine", "perusopetuksentoimintaalue", "perusopetuksenlisaopetuksenoppiaine"),
    *("aikuistenperusopetuksenoppiaine", "aikuistenperusopetuksenkurssi", "ammatillisentutkinnonosa"),
    *("tutkintokoulutukseenvalmentava", "tuvaperusopetus", "tuvalukiokoulutus", "tuvaammatillinenkoulutus"),
)
#: Units of a vocational qualification that only group others, and so have no mark: optional ones of other studies.
_GROUPING = {"1", "2"}
#: Main attainments whose confirmation names who confirms, as every document of theirs does.
_SIGNED = ("perusopetuksenoppimaara", "perusopetuksenvuosiluokka", "lukionoppimaara", "ammatillinentutkinto")
_GENERAL_MARKS = {"4", "5", "6", "7", "8", "9", "10", "S", "H", "O"}
_NEAR = Decimal("0.001")


def states_ascend(view: View) -> Iterator[Finding]:
    """States begin on different days, in their order; an annulment may share its day (2.1, rule 1)."""
    for place, (one, following) in enumerate(pairwise(view.right.states), 1):
        days = one["valid_from"], following["valid_from"]
        if days[0] > days[1] or (days[0] == days[1] and following["state"] != ANNULLED):
            pointer = f"{view.pointer}/tila/opiskeluoikeusjaksot/{place}/alku"
            yield error("register-states-order", pointer, day=days[1].isoformat(), before=days[0].isoformat())


def one_end(view: View) -> Iterator[Finding]:
    """One state ends the study right, and it is the last; only an annulment may follow it (2.1, rule 2)."""
    for place, (one, following) in enumerate(pairwise(view.right.states), 1):
        if one["state"] in TERMINAL and (following["state"] != ANNULLED or one["state"] == ANNULLED):
            pointer = f"{view.pointer}/tila/opiskeluoikeusjaksot/{place}"
            yield error("register-state-after-end", pointer, state=one["state"])


def days_of_the_right(view: View) -> Iterator[Finding]:
    """First and last day follow from the states, so what is told otherwise is changed; the expected end is not before them.

    Source: 2 (shape), and the register's validation (dates of a study right) for the expected end.
    """
    row = view.right.row
    for name, told, derived in (
        ("alkamispäivä", row["valid_from"], view.begins),
        ("päättymispäivä", row["valid_to"], view.ends),
    ):
        if told and derived and told != derived:
            yield warning("register-day-derived", f"{view.pointer}/{name}", day=told.isoformat(), derived=str(derived))
    expected = row["expected_end"]
    if expected and view.begins and expected < view.begins:
        pointer = f"{view.pointer}/arvioituPäättymispäivä"
        yield error("register-expected-end", pointer, day=expected.isoformat(), begins=view.begins.isoformat())


def begins_with_the_right(view: View) -> Iterator[Finding]:
    """No main attainment begins before the study right does (2.1, rule 3)."""
    for node in view.mains:
        begins = node.row["valid_from"]
        if begins and view.begins and begins < view.begins:
            pointer = f"{node.pointer}/alkamispäivä"
            yield error("register-begins-early", pointer, day=begins.isoformat(), begins=view.begins.isoformat())


def days_of_attainments(view: View) -> Iterator[Finding]:
    """An attainment's own days follow each other: its beginning, its assessments, its confirmation (2.1, rule 3).

    An assessment of a part may be later than the confirmation above it.
    """
    for node in view.nodes:
        begins, confirmed = node.row["valid_from"], node.row["confirmed_on"]
        if not begins and not confirmed:
            continue
        for place, each in enumerate(node.assessments):
            day = each["assessed_on"]
            pointer = f"{node.pointer}/arviointi/{place}/päivä"
            if begins and day and day < begins:
                yield error("register-assessed-early", pointer, day=day.isoformat(), begins=begins.isoformat())
            elif confirmed and day and day > confirmed:
                yield error("register-assessed-late", pointer, day=day.isoformat(), confirmed=confirmed.isoformat())
        if begins and confirmed and confirmed < begins:
            pointer = f"{node.pointer}/vahvistus/päivä"
            yield error("register-confirmed-early", pointer, day=confirmed.isoformat(), begins=begins.isoformat())


def days_of_confirmations(view: View) -> Iterator[Finding]:
    """Nothing is confirmed after the study right has ended, nor a part after what it is a part of (2.1, rule 3).

    Qualifications by demonstrations (`naytto`) and preparatory vocational education (VALMA) may be confirmed later.
    """
    for node in view.nodes:
        confirmed = node.row["confirmed_on"]
        if not confirmed:
            continue
        pointer = f"{node.pointer}/vahvistus/päivä"
        late = view.ends and confirmed > view.ends
        top = node.top
        if late and top.row["manner"] != "naytto" and top.kind != "valma":
            yield error("register-confirmed-late", pointer, day=confirmed.isoformat(), ends=str(view.ends))
        above = node.above
        while above is not None and not above.row["confirmed_on"]:
            above = above.above
        if above is not None and confirmed > above.row["confirmed_on"]:
            whole = above.row["confirmed_on"].isoformat()
            yield error("register-part-confirmed-late", pointer, day=confirmed.isoformat(), whole=whole)


def finished_is_confirmed(view: View) -> Iterator[Finding]:
    """A study right that is completed (`valmistunut`) has its main attainments confirmed (2.1, rule 4).

    One subject that is confirmed is enough where subjects are studied for themselves. The years of basic education, the
    first phase of that of adults, and upper secondary studies without a syllabus are not asked for theirs.
    """
    if view.state != "valmistunut" or any(node.row["confirmed_on"] for node in view.of_kinds(*ONE_SUBJECT)):
        return
    for node in view.mains:
        spared = node.kind in {"perusopetuksenvuosiluokka", "aikuistenperusopetuksenoppimaaranalkuvaihe"}
        if node.row["confirmed_on"] or spared or node.kind.startswith("lukionaineopinnot"):
            continue
        certain = view.level in _ALL_CONFIRMED and node.kind != "lukionoppiaineidenoppimaarat2019"
        yield graded(certain, "register-unconfirmed", f"{node.pointer}/vahvistus")


def ended_is_not_confirmed(view: View) -> Iterator[Finding]:
    """Who leaves without completing has no confirmed syllabus, or at some levels nothing confirmed (2.1, rule 4).

    That an interruption (`keskeytynyt`) is held to it as well is less certain, and so a warning.
    """
    state = next((row["state"] for row in view.right.states if row["state"] in _LEFT), None)
    if state is None or view.level not in _NOT_CONFIRMED:
        return
    kinds = _NOT_CONFIRMED[view.level]
    for node in view.mains:
        if node.row["confirmed_on"] and (kinds is None or node.kind in kinds):
            yield graded(
                state != "keskeytynyt", "register-confirmed-though-left", f"{node.pointer}/vahvistus", state=state
            )


_LEFT = ("eronnut", "katsotaaneronneeksi", "keskeytynyt")


def whole_has_finished_parts(view: View) -> Iterator[Finding]:
    """What is confirmed has no part without a mark (2.1, rule 5). Years of school are perhaps excused: a warning."""
    for node in view.of_kinds(*_MARKED):
        if node.mark is not None or node.above is None or not node.top.row["confirmed_on"]:
            continue
        if node.kind == "ammatillisentutkinnonosa" and (node.module in _GROUPING or node.parts):
            continue
        certain = node.top.kind != "perusopetuksenvuosiluokka" and node.above.kind != "lukionmuuopinto"
        yield graded(certain, "register-part-unfinished", f"{node.pointer}/arviointi", module=node.module)


def confirmed_has_parts(view: View) -> Iterator[Finding]:
    """What is confirmed is made of something (register's validation); a linked study right may hold it instead.

    The ninth year, and one that is repeated, have no subjects of their own (2.2). Bought vocational education of before
    2019 is excused.
    """
    if view.right.row["is_purchased"] and view.ends and view.ends < date(2019, 1, 1):
        return
    for node in view.of_kinds(*_OF_PARTS):
        if node.above is not None or not node.row["confirmed_on"] or node.parts:
            continue
        if node.kind == "perusopetuksenvuosiluokka" and (node.module == "9" or node.row["repeats_grade"]):
            continue
        yield graded(not view.may_be_linked, "register-no-parts", f"{node.pointer}/osasuoritukset")


def confirmed_has_a_mark(view: View) -> Iterator[Finding]:
    """A unit, or a subject that is studied for itself, is not confirmed without a mark (register's validation)."""
    for node in view.of_kinds("ammatillisentutkinnonosa", *ONE_SUBJECT):
        if node.row["confirmed_on"] and not node.assessments and node.module not in _GROUPING:
            yield error("register-no-mark", f"{node.pointer}/arviointi")


def confirmation_is_whole(view: View) -> Iterator[Finding]:
    """A confirmation says on which day, by which organisation and by whom (2, shape of `vahvistus`)."""
    for node in view.mains:
        if not node.row["confirmed_on"]:
            if node.carried("vahvistus") or node.row["confirmed_in"] or node.row["confirmed_by_oid"]:
                yield error("register-confirmation-incomplete", f"{node.pointer}/vahvistus/päivä")
            continue
        if not node.row["confirmed_by_oid"]:
            yield warning("register-confirmation-incomplete", f"{node.pointer}/vahvistus/myöntäjäOrganisaatio")
        people = node.carried("vahvistus", "myöntäjäHenkilöt")
        if not isinstance(people, list) or not people:
            pointer = f"{node.pointer}/vahvistus/myöntäjäHenkilöt"
            yield graded(node.kind in _SIGNED, "register-confirmation-incomplete", pointer)


def sizes_add_up(view: View) -> Iterator[Finding]:
    """Parts have the unit of the whole, and of a whole that is finished their sizes add up to its own (2.1, rule 5).

    Vocational units may be larger than what is told of them, but for the common ones. Credits of upper secondary
    subjects are reckoned by the register (2.4), and some levels have rules of their own: of these it is a warning.
    """
    known = view.level not in _OTHERWISE_ADDED
    for node in view.nodes:
        size, unit = node.row["size"], node.row["size_unit"]
        if size is None or not node.parts:
            continue
        sized = [part for part in node.parts if part.row["size"] is not None]
        other = next((part for part in sized if part.row["size_unit"] != unit), None)
        if other is not None:
            pointer = f"{other.pointer}/koulutusmoduuli/laajuus/yksikkö"
            yield graded(known, "register-size-unit", pointer, module=other.module)
            continue
        finished = node.row["confirmed_on"] or (node.above is not None and node.mark is not None)
        if not sized or not finished:
            continue
        if node.kind == "ammatillisentutkinnonosa" and node.module not in COMMON_UNITS:
            continue
        total = sum((part.row["size"] for part in sized), Decimal(0))
        if abs(total - size) >= _NEAR:
            certain = known and unit != _CREDIT and not node.kind.startswith("muu")
            pointer = f"{node.pointer}/koulutusmoduuli/laajuus/arvo"
            yield graded(certain, "register-sizes-sum", pointer, size=plain(size), total=plain(total))


#: Common units of vocational qualifications: those of the reform, and those before it (code list `tutkinnonosat`).
COMMON_OF_REFORM = frozenset({"400012", "400013", "400014", "106727", "106728", "106729"})
COMMON_OF_OPS = frozenset({"101053", "101054", "101055", "101056"})
COMMON_UNITS = COMMON_OF_REFORM | COMMON_OF_OPS
#: Levels whose sizes the register reckons or does not compare, as far as is known.
_OTHERWISE_ADDED = {
    *("diatutkinto", "ebtutkinto", "europeanschoolofhelsinki", "ibtutkinto", "internationalschool", "luva"),
    *("muukuinsaanneltykoulutus", "taiteenperusopetus", "vapaansivistystyonkoulutus"),
}
#: Credits (opintopiste), in code list `opintojenlaajuusyksikko`.
_CREDIT = "2"


def no_subject_twice(view: View) -> Iterator[Finding]:
    """No compulsory subject stands twice in one attainment, but of different years (2.1, rule 6).

    Subjects are told apart by their code, language and syllabus. At most one of the same may be without a year.
    """
    for top in view.mains:
        seen: set[tuple[str | None, ...]] = set()
        for node in top.parts:
            if node.kind not in _SUBJECTS or not node.row["is_compulsory"]:
                continue
            row = node.row
            inner = row["carried"].get("koulutusmoduuli")
            # Few subjects have a syllabus of their own, so it is looked for only where something is carried.
            syllabus = node.carried_code("koulutusmoduuli", "oppimäärä") if inner else None
            key = (row["module_scheme"], row["module"], row["language"], syllabus, row["grade"])
            if key in seen:
                certain = node.kind in _SURE_SUBJECTS
                yield graded(certain, "register-subject-twice", f"{node.pointer}/koulutusmoduuli", module=node.module)
            seen.add(key)


_SURE_SUBJECTS = {"perusopetuksenoppiaine", "lukionoppiaine"}
_SUBJECTS = _SURE_SUBJECTS | {"aikuistenperusopetuksenoppiaine", "perusopetuksenlisaopetuksenoppiaine"}


def curriculum_in_force(view: View) -> Iterator[Finding]:
    """The curriculum is in force when the study right ends; while it goes on, today (2.1, rule 7).

    Which curricula there are the register asks of ePerusteet; here only those stand whose first day is known.
    """
    day = view.ends or view.today
    for node in view.mains:
        begins, certain = _CURRICULA.get(node.row["curriculum"] or "", (date.min, False))
        if day < begins:
            pointer = f"{node.pointer}/koulutusmoduuli/perusteenDiaarinumero"
            told = {"curriculum": node.row["curriculum"], "begins": begins.isoformat(), "day": day.isoformat()}
            yield graded(certain, "register-curriculum", pointer, **told)


def states_are_funded(view: View) -> Iterator[Finding]:
    """Some levels' states name how the studies are paid for, others' never do (2.1, rule 9)."""
    certain = view.level in FUNDED
    wanted = FUNDED.get(view.level) or _PERHAPS_FUNDED.get(view.level, set())
    for place, row in enumerate(view.right.states):
        pointer = f"{view.pointer}/tila/opiskeluoikeusjaksot/{place}/opintojenRahoitus"
        if row["state"] in wanted and row["funding"] is None and "opintojenRahoitus" not in row["carried"]:
            yield graded(certain, "register-no-funding", pointer, state=row["state"])
        elif view.level in _NOT_FUNDED and row["funding"] is not None:
            yield warning("register-funding-told", pointer)


def periods_end_after_they_start(view: View) -> Iterator[Finding]:
    """No period ends before it starts (2.1, rule 10)."""
    for _kind, period in view.all_periods():
        if period.start and period.end and period.end < period.start:
            # The place is enough: a day of a period can be a secret one.
            yield error("register-period-order", f"{period.pointer}/loppu")


def adults_marks_have_days(view: View) -> Iterator[Finding]:
    """Each mark of a course of adults' basic education has its day, since 6 May 2026 (2.1, rule 10)."""
    for node in view.of_kinds("aikuistenperusopetuksenkurssi", "aikuistenperusopetuksenalkuvaiheenkurssi"):
        for place, each in enumerate(node.assessments):
            if each["mark"] is not None and each["assessed_on"] is None:
                yield error("register-undated-mark", f"{node.pointer}/arviointi/{place}/päivä")


def marks_are_on_the_scale(view: View) -> Iterator[Finding]:
    """Marks of the general scale are 4 to 10, S, H or O (2.2; code list `arviointiasteikkoyleissivistava`)."""
    for node in view.nodes:
        for place, each in enumerate(node.assessments):
            if each["mark_scheme"] == "arviointiasteikkoyleissivistava" and each["mark"] not in _GENERAL_MARKS:
                yield error("register-mark", f"{node.pointer}/arviointi/{place}/arvosana", value=each["mark"])


def plain(number: Decimal) -> str:
    """Return a size as people write it: without an exponent and without noughts at its end."""
    return format(number.normalize(), "f")


#: The rules of this file.
OF_ALL: tuple[Rule, ...] = (
    states_ascend,
    one_end,
    days_of_the_right,
    states_are_funded,
    periods_end_after_they_start,
    begins_with_the_right,
    days_of_attainments,
    days_of_confirmations,
    finished_is_confirmed,
    ended_is_not_confirmed,
    whole_has_finished_parts,
    confirmed_has_parts,
    confirmed_has_a_mark,
    confirmation_is_whole,
    sizes_add_up,
    no_subject_twice,
    curriculum_in_force,
    adults_marks_have_days,
    marks_are_on_the_scale,
)
