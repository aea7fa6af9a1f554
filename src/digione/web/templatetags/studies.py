"""What the pages of studies say: levels, states, subjects and marks in words, and the picture of a path.

A code is named by the national list where that has been brought in (`names` of a page), else by the words here, which are
those of the codes that most schools use; what neither has is shown as the code that it is.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from digione.studies.addition_rules import Effect
from digione.studies.rules import END_STATES, FUNDINGS, REASONS, REASONS_OF_ADDING, SCALES, STATES, Finding, kept_by_app
from digione.web.templatetags import desk

register = template.Library()
Row = Mapping[str, Any]
Names = Mapping[tuple[str, str], Mapping[str, str]]


def _named(names: Names | None, uri: str | None, value: str | None, words: Mapping[str, str]) -> str:
    """Return the words for a code: ours, which are checked in three languages, else the national list's, else the code."""
    if not value:
        return ""
    told = (names or {}).get((uri or "", value))
    return words.get(value) or (desk.localized(told) if told else "") or value


@register.filter
def level_name(right: Row, names: Names | None = None) -> str:
    """Show which form of education a study right is of."""
    words = {
        "aikuistenperusopetus": _("Basic education for adults"),
        "ammatillinenkoulutus": _("Vocational education"),
        "esiopetus": _("Pre-primary education"),
        "lukiokoulutus": _("General upper secondary education"),
        "perusopetukseenvalmistavaopetus": _("Preparatory education for basic education"),
        "perusopetuksenlisaopetus": _("Additional basic education"),
        "perusopetus": _("Basic education"),
        "tuva": _("Preparatory education for an upper secondary qualification"),
        "varhaiskasvatus": _("Early childhood education and care"),
        "vapaansivistystyonkoulutus": _("Liberal adult education"),
    }
    return _named(names, "opiskeluoikeudentyyppi", right["level"], words)


@register.filter
def state_name(state: str, names: Names | None = None) -> str:
    """Show the state of a study right in a word or two."""
    words = {
        "eronnut": pgettext("state", "Left"),
        "hyvaksytystisuoritettu": pgettext("state", "Passed"),
        "katsotaaneronneeksi": pgettext("state", "Considered to have left"),
        "keskeytynyt": pgettext("state", "Broken off"),
        "lasna": pgettext("state", "Present"),
        "loma": pgettext("state", "Leave"),
        "mitatoity": pgettext("state", "Made void"),
        "paattynyt": pgettext("state", "Ended"),
        "peruutettu": pgettext("state", "Cancelled"),
        "valiaikaisestikeskeytynyt": pgettext("state", "Suspended for a time"),
        "valmistunut": pgettext("state", "Completed"),
    }
    return _named(names, "koskiopiskeluoikeudentila", state, words)


@register.simple_tag
def state_choices() -> list[tuple[str, str]]:
    """Return the states that can be chosen, with their names."""
    return [(state, state_name(state)) for state in STATES]


@register.simple_tag
def funding_choices() -> list[tuple[str, str]]:
    """Return how studies can be paid for, in words."""
    words = {
        "1": _("State funding"),
        "4": _("Paid by the employer as a whole"),
        "6": _("Paid in another way"),
        "10": _("Labour market training (Ministry of Education and Culture)"),
        "13": _("Labour market training (agreement with the state)"),
        "14": _("Service Centre for Continuous Learning and Employment"),
        "15": _("Service Centre for Continuous Learning and Employment (RRF)"),
        "16": _("Tuition fee"),
        "17": _("Made to order"),
    }
    return [(funding, words[funding]) for funding in FUNDINGS]


@register.filter
def effect_text(effect: Effect, names: Names | None = None) -> str:
    """Show what a state that is added would mean, in a sentence."""
    if effect.finding:
        return finding_text(effect.finding, names)
    said = {"day": desk.short_day(effect.day), "state": state_name(effect.state or "", names)}
    words = {
        "ends": _("The study right ends on %(day)s: %(state)s."),
        "goes_on": _("The study right goes on."),
        "held_until": _("The state so far, %(state)s, holds until %(day)s."),
        "holds_from": _("From %(day)s on the state is %(state)s."),
        "made_void": _(
            "The study right is made void, as if it had never been: paths and certificates do not show it any more."
        ),
        "still_to_come": _("The day is still to come: until then everything is as it is now."),
    }
    return words[effect.code] % said


@register.simple_tag
def reason_choices() -> list[tuple[str, str]]:
    """Return why something can be corrected, with its words."""
    return [(reason, reason_name(reason)) for reason in REASONS]


@register.simple_tag
def adding_reason_choices() -> list[tuple[str, str]]:
    """Return why a state can be added, with its words."""
    return [(reason, reason_name(reason)) for reason in REASONS_OF_ADDING]


@register.filter
def reason_name(reason: str | None) -> str:
    """Show why something was corrected."""
    words = {
        "late_information": _("The right information came later"),
        "mistyped": _("A slip of the pen"),
        "new_decision": _("It was decided anew"),
        "request": _("The learner or a guardian asked for it"),
        "studies_go_on": _("So the studies go on"),
    }
    return words.get(reason or "", reason or _("The correction was taken back"))


def _subjects() -> dict[str, str]:
    return {
        "A1": pgettext("subject", "A1 language"),
        "A2": pgettext("subject", "A2 language"),
        "AI": pgettext("subject", "Mother tongue and literature"),
        "B1": pgettext("subject", "B1 language"),
        "B2": pgettext("subject", "B2 language"),
        "BI": pgettext("subject", "Biology"),
        "FI": pgettext("subject", "Philosophy"),
        "FY": pgettext("subject", "Physics"),
        "GE": pgettext("subject", "Geography"),
        "HI": pgettext("subject", "History"),
        "KE": pgettext("subject", "Chemistry"),
        "KO": pgettext("subject", "Home economics"),
        "KS": pgettext("subject", "Crafts"),
        "KT": pgettext("subject", "Religion or ethics"),
        "KU": pgettext("subject", "Visual arts"),
        "LI": pgettext("subject", "Physical education"),
        "MA": pgettext("subject", "Mathematics"),
        "MU": pgettext("subject", "Music"),
        "OP": pgettext("subject", "Guidance counselling"),
        "PS": pgettext("subject", "Psychology"),
        "TE": pgettext("subject", "Health education"),
        "YH": pgettext("subject", "Social studies"),
        "YL": pgettext("subject", "Environmental studies"),
    }


@register.filter
def attainment_name(row: Row, names: Names | None = None) -> str:
    """Show what was studied: a grade, a syllabus, a subject with its language, a module."""
    scheme, module = row["module_scheme"], row["module"]
    if scheme == "perusopetuksenluokkaaste":
        return desk.first_up(desk.grade_name(module))
    if scheme is None:
        return desk.localized(row["module_title"]) or module
    whole = {
        "aikuistenperusopetuksenoppimaara": _("Basic education for adults, the whole syllabus"),
        "esiopetuksensuoritus": _("Pre-primary education"),
        "lukionoppimaara": _("General upper secondary education, the whole syllabus"),
        "perusopetuksenoppimaara": _("Basic education, the whole syllabus"),
        "tuvakoulutuksensuoritus": _("Preparatory education for an upper secondary qualification"),
    }
    if row["kind"] in whole:
        return whole[row["kind"]]
    name = _named(names, scheme, module, _subjects() if scheme == "koskioppiaineetyleissivistava" else {})
    if row["language"] and row["language_scheme"] == "kielivalikoima":
        return f"{name}, {desk.language_name(row['language'])}"
    return name


@register.filter
def mark_name(mark: Row) -> str:
    """Show a mark; letters with the word that they stand for."""
    letters = {"S": _("S, passed"), "H": _("H, failed"), "O": _("O, took part")}
    return desk.localized(mark["mark_title"]) or letters.get(mark["mark"] or "", mark["mark"] or _("without a mark"))


@register.filter
def size_name(row: Row) -> str:
    """Show how much something counts, in its unit."""
    if row["size"] is None:
        return ""
    units = {
        "2": _("credits"),
        "3": _("weekly lessons per year"),
        "4": _("courses"),
        "5": _("hours"),
        "6": _("competence points"),
    }
    return f"{desk.decimal(row['size'])} {units.get(row['size_unit'], '')}".strip()


@register.filter
def marks_of(row: Row) -> list[Row]:
    """Show the scale on which a mark is corrected."""
    return [{"mark": mark, "mark_title": None} for mark in SCALES.get(row["mark_scheme"] or "", ())]


@register.filter
def confirmed(attainments: Sequence[Row]) -> list[Row]:
    """Keep what is confirmed, the latest first."""
    done = (row for row in attainments if row["confirmed_on"])
    return sorted(done, key=lambda row: row["confirmed_on"], reverse=True)


@register.filter
def going_on(attainments: Sequence[Row]) -> list[Row]:
    """Keep what is not confirmed."""
    return [row for row in attainments if not row["confirmed_on"]]


@register.filter
def parts_counted(row: Row) -> str:
    """Show of how many parts something is made."""
    number = len(row["parts"])
    return ngettext("One part", "%(n)s parts", number) % {"n": desk.first_up(desk.in_words(number))}


@register.filter
def last_day(right: Row) -> date | None:
    """Show when a study right has ended, by its last day or its last state; None while it goes on."""
    ended: date | None = right["valid_to"]
    last = right["states"][-1] if right["states"] else None
    return ended or (last["valid_from"] if last and last["state"] in END_STATES else None)


@register.filter
def right_period(right: Row) -> str:
    """Show from when to when a study right goes, by its days."""
    begins, ends = desk.short_day(right["begins"]), desk.short_day(last_day(right))
    if not begins:
        return ends and _("until %(day)s") % {"day": ends}
    return f"{begins}–{ends}" if ends else _("from %(day)s on") % {"day": begins}


@register.filter
def going_now(rights: Sequence[Row], today: date) -> list[Row]:
    """Keep the study rights that go on today."""
    return [right for right in rights if (last_day(right) or today) >= today]


@register.filter
def stamp(at: datetime) -> str:
    """Show a moment as a form carries it, to the microsecond."""
    return at.isoformat()


@register.filter
def findings_counted(rights: Sequence[Row]) -> int:
    """Show how many things are amiss in all of the study rights."""
    return sum(len(right["findings"]) for right in rights)


@register.filter
def finding_text(finding: Finding, names: Names | None = None) -> str:
    """Show what is amiss, in a sentence that says what and when."""
    days = [desk.short_day(day) for day in finding.days]
    what = attainment_name(finding.attainment, names) if finding.attainment else ""
    said: dict[str, Any] = {
        "day": days[0] if days else "",
        "other": days[-1] if days else "",
        "what": what,
        "n": desk.figure(finding.times),
    }
    several = finding.times
    words = {
        "begins_before_the_right": _("%(what)s begins on %(day)s, before the study right, which begins on %(other)s."),
        "begins_otherwise": _("The study right begins on %(day)s, and its first state on %(other)s."),
        "confirmed_after_the_end": _("%(what)s is confirmed on %(day)s, when the study right has ended on %(other)s."),
        "confirmed_without_end": _("%(what)s is confirmed on %(day)s, and no state ends the study right."),
        "confirmed_without_mark": ngettext(
            "%(what)s is confirmed, and one subject of it has no mark.",
            "%(what)s is confirmed, and %(n)s subjects of it have no mark.",
            several,
        ),
        "end_without_confirmation": _("The study right is completed on %(day)s, and %(what)s is not confirmed."),
        "end_without_state": _("The study right has a last day, %(day)s, and no state ends it."),
        "ends_before_it_begins": _("The study right ends on %(other)s, before it begins on %(day)s."),
        "ends_otherwise": _("The study right ends on %(day)s, and its last state is of %(other)s."),
        "expected_end_passed": _("The study right was expected to end on %(day)s, and goes on."),
        "mark_without_day": ngettext("%(what)s: one mark has no day.", "%(what)s: %(n)s marks have no day.", several),
        "no_funding": ngettext(
            "One state does not say how the studies are paid for.",
            "%(n)s states do not say how the studies are paid for.",
            several,
        ),
        "no_state": _("The study right has no state."),
        "state_after_end": _("A state follows on %(other)s, when the study right has ended on %(day)s already."),
        "states_out_of_order": _("The state of %(other)s stands after that of %(day)s."),
        "states_overlap": _("Two states begin on the same day, %(day)s: only one can hold."),
    }
    return words[finding.code] % said


@register.filter
def objection(reason: str, source: str | None) -> str:
    """Show why a correction was not taken."""
    words = {
        "changed_since": _("Somebody has changed it after you opened the page. Look at it again."),
        "ended_already": _("The study right has ended already. Correct its last state instead, where that is wrong."),
        "funding_not_told": _("Of this state nobody tells how the studies are paid for: leave that out."),
        "no_funding": _("Choose how the studies are paid for."),
        "no_such_funding": _("There is no such way of paying."),
        "not_after_last": _(
            "The state has to begin after the last one. Correct that one instead, where its day is wrong."
        ),
        "day_ahead": _("The day is still to come."),
        "kept_by_app": _("An app keeps it: correct it there."),
        "kept_by_source": _("It is kept by a source: correct it there, and the next import brings it."),
        "no_day": _("The day is missing, or is no day."),
        "no_reason": _("Choose why it is written."),
        "no_such_mark": _("There is no such mark on this scale."),
        "no_such_state": _("There is no such state."),
        "nothing_new": _("It says so already."),
        "other_school": _("It is of another school, whose office corrects it."),
    }
    return words[reason]


@register.filter
def changed_what(row: Row, names: Names | None = None) -> str:
    """Show what a correction was about."""
    words = {"added": _("A state was added"), "state": _("State"), "taken_back": _("A state was taken back")}
    return words.get(row["kind"]) or attainment_name({**row, "kind": "", "language": None}, names)


@register.filter
def changed_value(row: Row, which: str) -> str:
    """Show what stood before a correction (`was`) or after it (`became`), with its day."""
    value, day = row[which], row[f"{which}_day"]
    shown = mark_name({"mark": value, "mark_title": None}) if row["kind"] == "mark" else state_name(value)
    return f"{shown}, {desk.short_day(day)}" if day else shown


#: The picture's measures in pixels: a level's row with its label and bar, and what stands below all of them.
_ROW, _LABEL, _BAR, _FOOT = 64, 20, 26, 34
_DAYS_OF_YEAR = 365.25


@register.filter
def path_picture(page: Row) -> dict[str, Any]:
    """Lay a path out on a line of years: bars of levels, what was achieved, moves. Across in percent, down in pixels.

    Empty where nothing of it has a day.
    """
    rights = [right for right in page["rights"] if right["begins"]]
    today: date = page["today"]
    if not rights:
        return {}
    first = min(right["begins"].year for right in rights)
    last = max([today.year, *(day.year for day in map(last_day, rights) if day)])
    years: int = last - first + 1

    def across(day: date) -> float:
        whole = 100 * (day.year - first + (day.timetuple().tm_yday - 1) / _DAYS_OF_YEAR) / years
        return float(round(whole, 2))

    bars: list[dict[str, Any]] = []
    for place, right in enumerate(rights):
        ends = last_day(right)
        goes_on = ends is None or ends >= today
        left, end = across(right["begins"]), across(ends or today)
        top = place * _ROW + _LABEL
        state = right["states"][-1]["state"] if right["states"] else None
        following = rights[place + 1] if place + 1 < len(rights) else None
        word = _("now") if goes_on else state_name(state) if state else ""
        if state == "eronnut" and following and following["provider_id"] != right["provider_id"]:
            word = _("moved on")
        bars.append(
            {
                "id": right["id"],
                "name": level_name(right, page["names"]),
                "left": left,
                "width": max(round(end - left, 2), 1.5),
                "top": top + 6,
                "height": _BAR,
                "label": top - 2,
                # A label that begins late would run out of the picture; it ends with its bar then.
                "at": left if left < 55 else min(end, 100),
                "anchor": "start" if left < 55 else "end",
                "kind": "now" if goes_on else "done" if state == "valmistunut" else "left",
                "word": word,
                "marks": [
                    {"x": across(row["confirmed_on"]), "y": top + 6 + _BAR / 2}
                    for row in confirmed(right["attainments"])
                ],
            }
        )
    height = len(rights) * _ROW + 8
    # Years that would stand too close together are told every other one.
    step = 1 if years < 8 else 2 if years < 16 else 5
    return {
        "height": height + _FOOT,
        "base": height,
        "text": height + 22,
        "bars": bars,
        "left": any(bar["kind"] == "left" for bar in bars),
        "today": across(today),
        "moves": [{"x": across(move["day"])} for move in page["moves"] if move["day"].year >= first],
        "years": [
            {"year": year, "x": round(100 * (year - first) / years, 2), "told": not (year - first) % step}
            for year in range(first, last + 1)
        ],
    }


@register.filter
def step_of(moves: Sequence[Row], right: Row) -> Row | None:
    """Show the move with which a study right begins, None where there is none."""
    return next((move for move in moves if move["day"] == right["begins"]), None)


@register.filter
def of_an_app(row: Row) -> bool:
    """Say whether an app keeps a state or a mark, so that the desk does not correct it."""
    return kept_by_app(row)


@register.filter
def is_among(row: Row, findings: Sequence[Finding]) -> bool:
    """Say whether something is amiss with an attainment."""
    return any(finding.attainment is not None and finding.attainment["id"] == row["id"] for finding in findings)
