"""Rules of the national register for support of learning and compulsory education, each with its source.

Source: `shared/national-interfaces.md`, section 2.3 (the reform of support of 2025-08-01). What is said of support is
secret: findings name days and fields, never a reason.
"""

from collections.abc import Iterator
from datetime import date

from digione.integrations.koski.findings import Finding, Period, Rule, View, error, graded, warning, within
from digione.integrations.koski.rules_of_basic import CERTIFICATE, SUBJECT, YEAR

#: The first day of each new kind of period.
_FIRST_DAYS = {
    "support_decision": date(2025, 8, 1),
    "studies_by_objectives": date(2025, 8, 1),
    "studies_by_activity_areas": date(2026, 8, 1),
    "arrangement_for_disability": date(2026, 8, 1),
    "advanced_compulsory_education": date(2026, 8, 1),
}
#: New kinds that stand only inside a decision on support.
_SUPPORTED = ("studies_by_objectives", "studies_by_activity_areas", "arrangement_for_disability")
_NEW, _OLD = "support_decision", ("special_support_decision", "special_support_decision_single")
_EXTENDED = "extended_compulsory_education"
_DISABILITY = ("disabled", "severely_disabled")
#: Kinds that may not stand on the same day.
_APART = (
    ((_NEW,), _OLD),
    (("arrangement_for_disability",), ("studies_by_activity_areas",)),
    (("arrangement_for_disability",), (_EXTENDED,)),
    (("advanced_compulsory_education",), (_EXTENDED,)),
    (("disabled",), ("severely_disabled",)),
)
#: Old kinds, and the last day on which they may stand: of pre-primary and basic education, and of vocational education.
_LAST_DAYS = {
    **dict.fromkeys(
        ("perusopetus", "esiopetus", "perusopetuksenlisaopetus"), (date(2026, 8, 31), (_EXTENDED, *_DISABILITY, *_OLD))
    ),
    "ammatillinenkoulutus": (
        date(2025, 12, 31),
        (
            *("special_support", "severely_disabled", "disabled_with_assistant"),
            "studies_supporting_readiness",
        ),
    ),
}
#: From which day on no old period should start by the register's change log, though its validation allows it.
_NO_NEW_START = date(2026, 8, 1)
_LIMITED_FROM, _INDIVIDUALISED_UNTIL = date(2025, 8, 1), date(2026, 8, 31)
_HOLIDAY_UNTIL = date(2025, 12, 31)


def nothing_new_too_early(view: View) -> Iterator[Finding]:
    """No period of a new kind starts before the day from which there are such (2.3, table)."""
    for kind, period in view.all_periods():
        first = _FIRST_DAYS.get(kind)
        if first and period.start and period.start < first:
            yield error("register-too-early", f"{period.pointer}/alku", first=first.isoformat())


def support_lasts_into_the_right(view: View) -> Iterator[Finding]:
    """A decision on support may start before the study right, but not end before it (2.3, table)."""
    for period in view.periods(_NEW):
        if period.end and view.begins and period.end < view.begins:
            yield error("register-support-before", f"{period.pointer}/loppu", begins=view.begins.isoformat())


def some_periods_stand_apart(view: View) -> Iterator[Finding]:
    """Old and new decisions on support do not overlap, nor do other kinds that exclude each other (2.3)."""
    for one, other in _APART:
        others = view.periods(*other)
        for period in view.periods(*one) if others else ():
            if any(map(period.meets, others)):
                yield error("register-periods-overlap", period.pointer)


def supported_has_a_decision(view: View) -> Iterator[Finding]:
    """What a decision on support makes possible stands inside one, whether of the old or of the new kind (2.3, table)."""
    wanted = view.periods(*_SUPPORTED)
    decisions = view.periods(_NEW, *_OLD) if wanted else []
    for period in wanted:
        if not within(period, decisions):
            yield error("register-outside-support", period.pointer)


def extended_duty_has_its_grounds(view: View) -> Iterator[Finding]:
    """Extended compulsory education stands inside a decision on support and inside periods of disability (2.3).

    No period of disability starts before it, and the last one ends with it.
    """
    for period in view.periods(_EXTENDED):
        if not within(period, view.periods(_NEW, *_OLD)):
            yield error("register-outside-support", period.pointer)
        disability = view.periods(*_DISABILITY)
        if not within(period, disability):
            yield error("register-extended-disability", period.pointer)
        for each in disability:
            if each.first < period.first:
                yield error("register-extended-disability", f"{each.pointer}/alku")
        last = max(disability, key=lambda each: each.last, default=None)
        if last and last.last > period.last:
            yield error("register-extended-disability", f"{last.pointer}/loppu")


def old_fields_have_ended(view: View) -> Iterator[Finding]:
    """Old periods end by 2026-08-31, those of vocational education by 2025-12-31; so does its holiday (2.3).

    A period without an end in a study right that goes on is a warning, and so is one that starts in August 2026, of
    which the register's change log and its validation say different things.
    """
    if view.level == "ammatillinenkoulutus":
        for place, row in enumerate(view.right.states):
            if row["state"] == "loma" and row["valid_from"] > _HOLIDAY_UNTIL:
                pointer = f"{view.pointer}/tila/opiskeluoikeusjaksot/{place}/tila"
                yield error("register-ended-field", pointer, last=_HOLIDAY_UNTIL.isoformat())
    last, kinds = _LAST_DAYS.get(view.level, (date.max, ()))
    for period in view.periods(*kinds) if kinds else ():
        told = {"last": last.isoformat()}
        if period.start and period.start > last:
            yield error("register-ended-field", f"{period.pointer}/alku", **told)
        elif period.end and period.end > last:
            yield error("register-ended-field", f"{period.pointer}/loppu", **told)
        elif not period.end and not view.ends and view.today > last:
            yield warning("register-ended-field", f"{period.pointer}/loppu", **told)
        elif period.start and _NO_NEW_START <= period.start <= last:
            yield warning("register-ended-field", f"{period.pointer}/alku", **told)


def limited_syllabus(view: View) -> Iterator[Finding]:
    """A limited syllabus: confirmed since 2025-08-01, inside a decision on support, with the marks that it allows (2.3).

    Years 1 to 8, and 9 when it is repeated: S or H. A certificate: 5. Never together with an individualised syllabus.
    """
    decisions: list[Period] | None = None
    for node in view.of_kinds(SUBJECT, "nuortenperusopetuksenoppiaineenoppimaara"):
        if not node.row["is_limited"]:
            continue
        top, pointer = node.top, f"{node.pointer}/rajattuOppimäärä"
        if node.row["is_individualised"]:
            yield error("register-limited-and-individualised", pointer)
        confirmed, mark = top.row["confirmed_on"], node.mark
        if confirmed and confirmed < _LIMITED_FROM:
            yield error("register-limited-early", pointer, first=_LIMITED_FROM.isoformat())
        elif confirmed:
            decisions = view.periods(_NEW, *_OLD) if decisions is None else decisions
            if not any(period.holds(confirmed) for period in decisions):
                yield error("register-limited-unsupported", pointer, day=confirmed.isoformat())
        allowed = {YEAR: ("S", "H"), CERTIFICATE: ("5",)}.get(top.kind)
        if mark and allowed and mark not in allowed:
            at = f"{node.pointer}/arviointi"
            yield graded(bool(confirmed), "register-limited-mark", at, value=mark, allowed=", ".join(allowed))


def individualised_has_ended(view: View) -> Iterator[Finding]:
    """An individualised syllabus stands only in what is confirmed by 2026-08-31 (2.3)."""
    for node in view.of_kinds(SUBJECT, "nuortenperusopetuksenoppiaineenoppimaara"):
        confirmed = node.top.row["confirmed_on"] if node.row["is_individualised"] else None
        if confirmed and confirmed > _INDIVIDUALISED_UNTIL:
            last = _INDIVIDUALISED_UNTIL.isoformat()
            yield error("register-ended-field", f"{node.pointer}/yksilöllistettyOppimäärä", last=last)


#: The rules of this file that hold at every level.
OF_SUPPORT: tuple[Rule, ...] = (nothing_new_too_early, old_fields_have_ended)
#: Those of pre-primary and basic education.
OF_COMPULSORY: tuple[Rule, ...] = (
    support_lasts_into_the_right,
    some_periods_stand_apart,
    supported_has_a_decision,
    extended_duty_has_its_grounds,
    limited_syllabus,
    individualised_has_ended,
)
