"""Rules of the national register for basic education (perusopetus), each with its source.

Source: `shared/national-interfaces.md`, section 2.2, and, where it is said so, the register's own validation as it was
published on 2026-08-21. "Certificate" means the whole syllabus, `perusopetuksenoppimaara`.
"""

from collections.abc import Iterator
from datetime import date

from digione.integrations.koski.findings import Finding, Period, Rule, View, error, warning
from digione.integrations.koski.rules_of_all import ONE_SUBJECT

CERTIFICATE, YEAR, SUBJECT = "perusopetuksenoppimaara", "perusopetuksenvuosiluokka", "perusopetuksenoppiaine"
_AREA = "perusopetuksentoimintaalue"
#: From which day of confirmation sizes must be told: of compulsory subjects, and of activity areas.
_SIZED = {SUBJECT: date(2020, 8, 1), _AREA: date(2024, 8, 1)}
#: After which start instruction is always tied to year groups.
_TIED_AFTER = date(2025, 7, 31)
_LANGUAGES = {"A1", "A2", "B1", "B2", "B3", "AOM"}
_IN_WORDS = {"S", "O"}
_SEPARATE = "erityinentutkinto"


def years_are_told_whole(view: View) -> Iterator[Finding]:
    """A year says when it began and which class it was (2.2)."""
    for node in view.of_kinds(YEAR):
        if node.row["valid_from"] is None:
            yield error("register-year-without-start", f"{node.pointer}/alkamispäivä", year=node.module)
        if node.row["group_name"] is None:
            yield error("register-year-without-class", f"{node.pointer}/luokka", year=node.module)


def years_follow_each_other(view: View) -> Iterator[Finding]:
    """No two years begin on one day, and one at most is unfinished (2.2); none begins after the end (validation)."""
    begun: dict[date, str] = {}
    unfinished = None
    for node in view.of_kinds(YEAR):
        begins = node.row["valid_from"]
        pointer = f"{node.pointer}/alkamispäivä"
        if begins in begun:
            yield error("register-years-same-start", pointer, year=node.module, other=begun[begins])
        elif begins:
            begun[begins] = node.module
        if begins and view.ends and begins > view.ends:
            yield error("register-year-after-end", pointer, day=begins.isoformat(), ends=view.ends.isoformat())
        if not node.row["confirmed_on"]:
            if unfinished is not None:
                pointer = f"{node.pointer}/vahvistus"
                yield error("register-years-unfinished", pointer, year=node.module, other=unfinished)
            unfinished = node.module


def certificate_has_its_module(view: View) -> Iterator[Finding]:
    """The certificate is the module 201101 (2.2)."""
    for node in view.of_kinds(CERTIFICATE):
        if node.module != "201101":
            pointer = f"{node.pointer}/koulutusmoduuli/tunniste"
            yield error("register-module", pointer, value=node.module, allowed="201101")


def single_subject_is_compulsory(view: View) -> Iterator[Finding]:
    """A subject that is studied for itself is a compulsory one (2.2)."""
    for node in view.of_kinds("nuortenperusopetuksenoppiaineenoppimaara"):
        if node.row["is_compulsory"] is False:
            yield error("register-single-subject-optional", f"{node.pointer}/koulutusmoduuli/pakollinen")


def certificate_needs_the_ninth_year(view: View) -> Iterator[Finding]:
    """A certificate is confirmed only where the ninth year is there, or where something excuses it (2.2).

    What excuses: home education on the day of confirmation, instruction that is not tied to year groups, a separate
    examination, or subjects that are studied for themselves (the last by the register's validation).
    """
    excused = (
        any(node.module == "9" for node in view.of_kinds(YEAR))
        or view.is_true("not_tied_to_year_groups")
        or any(node.row["manner"] == _SEPARATE for node in view.of_kinds(CERTIFICATE))
        or any(True for _node in view.of_kinds(*ONE_SUBJECT))
    )
    for node in view.of_kinds(CERTIFICATE):
        if node.row["confirmed_on"] and not excused and not _home_educated(view, node.row["confirmed_on"]):
            yield error("register-no-ninth-year", f"{node.pointer}/vahvistus")


def completed_has_a_certificate(view: View) -> Iterator[Finding]:
    """Basic education is completed with a certificate, or with a subject that is studied for itself (validation)."""
    if view.state != "valmistunut" or any(True for _node in view.of_kinds(*ONE_SUBJECT)):
        return
    # One that is there and not confirmed is told by the rule of all levels.
    if not view.by_kind.get(CERTIFICATE):
        yield error("register-no-certificate", f"{view.pointer}/suoritukset")


def ninth_year_has_no_subjects(view: View) -> Iterator[Finding]:
    """The ninth year, once confirmed, has no subjects unless it is repeated: the certificate has them (2.2)."""
    for node in view.of_kinds(YEAR):
        if node.module == "9" and node.row["confirmed_on"] and node.parts and not node.row["repeats_grade"]:
            yield error("register-ninth-year-subjects", f"{node.pointer}/osasuoritukset")


def marks_of_the_certificate(view: View) -> Iterator[Finding]:
    """On a confirmed certificate compulsory subjects have numbers, small optional ones of the nation words (2.2).

    Excused: a syllabus that is limited or individualised, guidance (OP), languages with S, and subjects of the school's
    own that are small or have S. An optional subject of two weekly lessons or more may have S, not O (validation).
    """
    for top in view.of_kinds(CERTIFICATE):
        if not top.row["confirmed_on"]:
            continue
        for node in top.parts:
            row, mark = node.row, node.mark
            if node.kind != SUBJECT or mark is None or row["is_individualised"] or row["is_limited"]:
                continue
            if row["is_compulsory"] and mark not in _IN_WORDS:
                continue
            small = row["size"] is not None and row["size"] < 2
            own = row["module_scheme"] is None
            if node.module == "OP" or (node.module in _LANGUAGES and mark == "S") or (own and (small or mark == "S")):
                continue
            pointer = f"{node.pointer}/arviointi"
            large = row["size"] is not None and not small
            if (mark in _IN_WORDS and row["is_compulsory"]) or (mark == "O" and large):
                yield error("register-mark-in-words", pointer, value=mark, module=node.module)
            elif mark.isdigit() and row["is_compulsory"] is False and small:
                yield error("register-mark-in-numbers", pointer, value=mark, module=node.module)


def subjects_have_sizes(view: View) -> Iterator[Finding]:
    """Of what is confirmed since 2020-08-01, each compulsory subject has a size; areas since 2024-08-01 (2.2).

    Home education on that day excuses, and a separate examination of the whole or of the subject.
    """
    for top in view.of_kinds(CERTIFICATE, YEAR):
        confirmed = top.row["confirmed_on"]
        if not confirmed or confirmed < _SIZED[SUBJECT] or top.row["manner"] == _SEPARATE:
            continue
        if _home_educated(view, confirmed):
            continue
        for node in top.parts:
            row = node.row
            asked = row["is_compulsory"] if node.kind == SUBJECT else node.kind == _AREA
            if asked and confirmed >= _SIZED[node.kind] and row["manner"] != _SEPARATE and not row["size"]:
                pointer = f"{node.pointer}/koulutusmoduuli/laajuus"
                yield error("register-no-size", pointer, module=node.module)


def one_of_religion_and_ethics(view: View) -> Iterator[Finding]:
    """Religion (KT) and ethics (ET) never stand together (2.2; of general upper secondary education 2.4)."""
    for top in view.mains:
        seen = {node.module: node for node in top.parts if node.module in ("KT", "ET")}
        if len(seen) == 2 and top.kind in _RELIGION:
            yield error("register-religion-and-ethics", f"{seen['ET'].pointer}/koulutusmoduuli/tunniste")


_RELIGION = {CERTIFICATE, YEAR, "lukionoppimaara"}


def religion_is_not_stored(view: View) -> Iterator[Finding]:
    """Which religion is taught is no longer stored: the register drops it (2.2)."""
    for node in view.of_kinds(SUBJECT):
        if node.row["carried"] and node.carried("koulutusmoduuli", "uskonnonOppimäärä") is not None:
            yield warning("register-religion-told", f"{node.pointer}/koulutusmoduuli/uskonnonOppimäärä")


def mother_tongue_like_language(view: View) -> Iterator[Finding]:
    """The syllabus like that of a mother tongue (AOM) is Finnish or Swedish (2.2)."""
    for node in view.of_kinds(SUBJECT):
        if node.module == "AOM" and node.row["language"] is not None and node.row["language"] not in ("FI", "SV"):
            pointer = f"{node.pointer}/koulutusmoduuli/kieli"
            yield error("register-language", pointer, value=node.row["language"], module=node.module)


def tied_to_year_groups(view: View) -> Iterator[Finding]:
    """Study rights that start after 2025-07-31 are always tied to year groups (2.2)."""
    if view.begins and view.begins > _TIED_AFTER and view.is_true("not_tied_to_year_groups"):
        yield error("register-not-tied", f"{view.pointer}/lisätiedot/vuosiluokkiinSitoutumatonOpetus")


def another_year_has_a_reason(view: View) -> Iterator[Finding]:
    """A subject of another year needs studies by objectives, or a combined class, on its day (2.3, and validation).

    The day is that of the year's confirmation or of the first assessment; where neither is known, nothing is asked.
    """
    reasons = view.periods("studies_by_objectives", "combined_class")
    for top in view.of_kinds(YEAR):
        for node in top.parts:
            grade = node.row["grade"]
            if grade is None or node.kind != SUBJECT:
                continue
            assessed = [each["assessed_on"] for each in node.assessments if each["assessed_on"]]
            days = [day for day in (top.row["confirmed_on"], *assessed[:1]) if day]
            pointer = f"{node.pointer}/luokkaAste"
            if days and not any(period.holds(day) for period in reasons for day in days):
                yield error("register-other-year", pointer, year=grade)
            elif days and grade == top.module:
                yield error("register-same-year", pointer, year=grade)


def _home_educated(view: View, day: date) -> bool:
    return any(period.holds(day) for period in view.periods("home_education"))


def further_instruction(view: View) -> Iterator[Finding]:
    """Periods of further preparatory instruction do not overlap, and none lasts longer than a year (2.2, from 2026-08-01).

    The data model does not know them yet, so they are read from what is carried; a faulty one is left to the register.
    """
    told = view.right.row["carried"].get("lisätiedot")
    listed = told.get("valmistavanLisäopetus") if isinstance(told, dict) else None
    found: list[Period] = []
    for place, each in enumerate(listed if isinstance(listed, list) else ()):
        start, end = (_day(each.get(name)) if isinstance(each, dict) else None for name in ("alku", "loppu"))
        if start is None:
            continue
        pointer = f"{view.pointer}/lisätiedot/valmistavanLisäopetus/{place}"
        period = Period(start, end, pointer)
        if ((end or view.today) - start).days > 365:
            yield error("register-further-long", pointer)
        if any(map(period.meets, found)):
            yield error("register-periods-overlap", pointer)
        found.append(period)


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


#: The rules of this file: of youths' basic education, and what others have in common with it.
OF_BASIC: tuple[Rule, ...] = (
    years_are_told_whole,
    years_follow_each_other,
    certificate_has_its_module,
    single_subject_is_compulsory,
    certificate_needs_the_ninth_year,
    completed_has_a_certificate,
    ninth_year_has_no_subjects,
    marks_of_the_certificate,
    subjects_have_sizes,
    one_of_religion_and_ethics,
    religion_is_not_stored,
    mother_tongue_like_language,
    tied_to_year_groups,
    another_year_has_a_reason,
    further_instruction,
)
