"""What templates need to speak three languages and to draw the desk's small parts."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from django import template
from django.core.exceptions import ValidationError
from django.templatetags.static import static
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from digione.core import clock
from digione.core.texts import in_language
from digione.integrations.loading.messages import kind_name, stored_message
from digione.integrations.loading.reconciliation import why_name
from digione.organisations.facts import DIFFERENCES

register = template.Library()
_LOCALES = {"fi": "fi_FI", "sv": "sv_FI", "en": "en_GB"}
_FALLBACK = ("fi", "sv", "en")
_MAY_BREAK = SafeString("<wbr>")


def _locale() -> str:
    return _LOCALES.get(translation.get_language() or "fi", "fi_FI")


@register.filter
def localized(text: Mapping[str, str] | None) -> str:
    """Show a text in the reader's language, else in the first that it has."""
    return in_language(text, (translation.get_language() or "fi", *_FALLBACK))


@register.filter
def listed(texts: Any) -> str:
    """Show several localized texts as one list in words."""
    return in_a_row([localized(text) for text in texts])


def in_a_row(names: list[str]) -> str:
    """Show several names as one list in words: "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return _("%(first)s and %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


@register.filter
def whereabouts(choice: Any) -> str:
    """Show where a role is held: the places, then the providers, each named once."""
    places, providers = listed(choice.places), listed(choice.providers)
    return ", ".join(dict.fromkeys(name for name in (places, providers) if name))


@register.filter
def group_name(group: Mapping[str, Any]) -> str:
    """Show what a group is called: its title, else its code."""
    return localized(group.get("title")) or group.get("code") or _("Group without a name")


@register.filter
def home_groups(groups: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Keep the groups to which learners belong all day."""
    return [group for group in groups if group["kind"] != "class_section"]


def _kinds(groups: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Return how many groups learners belong to all day, and in how many they are taught a subject."""
    sections = sum(group["kind"] == "class_section" for group in groups)
    return len(groups) - sections, sections


@register.filter
def group_figures(groups: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Show how many groups there are, each kind by itself where there are both: name and number."""
    home, sections = _kinds(groups)
    if not (home and sections):
        return [(ngettext("group", "groups", len(groups)), len(groups))]
    return [
        (ngettext("home group", "home groups", home), home),
        (ngettext("teaching group", "teaching groups", sections), sections),
    ]


@register.filter
def groups_counted(groups: Sequence[Mapping[str, Any]]) -> str:
    """Show in words how many groups there are, each kind by itself where there are both."""
    home, sections = _kinds(groups)
    if not (home and sections):
        return ngettext("one group", "%(n)s groups", len(groups)) % {"n": in_words(len(groups))}
    return ", ".join(
        (
            ngettext("one home group", "%(n)s home groups", home) % {"n": in_words(home)},
            ngettext("one teaching group", "%(n)s teaching groups", sections) % {"n": in_words(sections)},
        )
    )


@register.filter
def by_grade(groups: list[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Put the groups of a subject together by their lowest grade, in the order of grades; without a grade comes last."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for group in groups:
        if group["kind"] == "class_section":
            found.setdefault(min(group.get("grades") or [""], key=_grade_order), []).append(group)
    return sorted(found.items(), key=lambda entry: _grade_order(entry[0]))


def _grade_order(grade: str) -> tuple[bool, int, str]:
    # Figures such as ² are digits and no numbers.
    return not grade, int(grade) if grade.isdecimal() else 99, grade


@register.filter
def initials(person: Any) -> str:
    """Show the first letters of the names of a person, be it a row or a person's desk."""
    if not person:
        return ""
    names = (
        (person["given_name"], person["family_name"])
        if isinstance(person, Mapping)
        else (person.given_name, person.family_name)
    )
    return "".join(str(name)[:1] for name in names).upper()


@register.filter
def full_name(person: Mapping[str, Any]) -> str:
    """Show the name that a person is called by."""
    return f"{person['given_name']} {person['family_name']}".strip()


@register.filter
def contact_name(kind: str) -> str:
    """Show what kind of contact detail it is."""
    return {"email": _("E-mail"), "phone": _("Phone")}.get(kind, _("Address"))


@register.filter
def reach_by(contact: Mapping[str, Any]) -> SafeString:
    """Show a contact detail, as a link where a device can follow it. A long address breaks after @ and dots."""
    value = str(contact["value"])
    readable = phone_number(value) if contact["kind"] == "phone" else value
    shown = format_html_join(_MAY_BREAK, "{}", ((part,) for part in re.split(r"(?<=[@.])(?=.)", readable)))
    scheme = {"email": "mailto", "phone": "tel"}.get(contact["kind"])
    return format_html('<a class="reach" href="{}:{}">{}</a>', scheme, value, shown) if scheme else shown


@register.filter
def phone_number(value: str) -> str:
    """Show a Finnish phone number in groups, as it is read aloud: +358 40 000 0063. Others are shown as they came."""
    found = re.fullmatch(r"(\+358|0)(9|[1-8]\d)(\d{4,8})", re.sub(r"[ \u00a0()-]", "", value))
    if not found:
        return value
    country, area, rest = found.groups()
    half = len(rest) // 2
    groups = [rest[:half], rest[half:]] if len(rest) > 4 else [rest]
    # No line ends within a number: it is read as one word.
    return "\u00a0".join([country, area, *groups] if country != "0" else [country + area, *groups])


@register.filter
def in_words(number: int) -> str:
    """Show a small number as a word, as one does in a sentence, others in digits."""
    words = {
        2: pgettext("number", "two"),
        3: pgettext("number", "three"),
        4: pgettext("number", "four"),
        5: pgettext("number", "five"),
        6: pgettext("number", "six"),
        7: pgettext("number", "seven"),
        8: pgettext("number", "eight"),
        9: pgettext("number", "nine"),
        10: pgettext("number", "ten"),
    }
    return words.get(number) or figure(number)


@register.filter
def first_up(text: str) -> str:
    """Show a sentence that begins with a capital letter, and leave the rest of it alone."""
    return text[:1].upper() + text[1:]


@register.filter
def figure(number: int | None) -> str:
    """Show a number as the reader's language writes it."""
    return format_decimal(number or 0, locale=_locale())


def decimal(number: Decimal) -> str:
    """Show a number with decimals as the reader's language writes it, without zeros behind its point."""
    return format_decimal(number, locale=_locale())


@register.filter
def long_day(day: date) -> str:
    """Show a day of the week with its date."""
    pattern = "cccc d. MMMM" if _locale() == "fi_FI" else "EEEE d MMMM"
    return first_up(format_date(day, pattern, locale=_locale()))


@register.filter
def short_day(day: date | None) -> str:
    """Show a date in figures."""
    if day is None:
        return ""
    return format_date(day, "d MMM y" if _locale() == "en_GB" else "d.M.y", locale=_locale())


@register.filter
def moment(at: datetime | None) -> str:
    """Show when something happened: today by the clock, earlier with the date."""
    if at is None:
        return ""
    here = at.astimezone(clock.FINLAND)
    # Swedish in Finland writes the hour with a point, which the common data of locales does not know.
    time = format_time(here, "H.mm" if _locale() == "sv_FI" else "short", locale=_locale())
    if here.date() == clock.today():
        return _("today at %(time)s") % {"time": time}
    return _("%(day)s at %(time)s") % {"day": short_day(here.date()), "time": time}


@register.filter
def grade_name(grade: str) -> str:
    """Show a grade of basic education; 0 is the year before it. What is no number is shown as it is."""
    if grade == "0":
        return _("pre-primary")
    return _("grade %(grade)s") % {"grade": grade} if grade.isdecimal() else grade


def _unbroken(text: str) -> str:
    """Let no line end within a text."""
    return text.replace(" ", "\u00a0")


@register.filter
def told_apart(person: Mapping[str, Any]) -> list[str]:
    """Show what tells a person who was found from others of the name, a line for each thing that they are here."""
    lines = []
    if "learner" in person["bases"]:
        parts = [role_name("learner")]
        if person["home_group"]:
            parts.append(group_name(person["home_group"]))
        if person["school_name"]:
            parts.append(localized(person["school_name"]))
        if person["birth_date"]:
            parts.append(_unbroken(_("born %(day)s") % {"day": short_day(person["birth_date"])}))
        lines.append(", ".join(parts))
    if "guardian" in person["bases"]:
        children = [
            f"{full_name(child)} ({_unbroken(group_name(child['home_group']))})"
            if child["home_group"]
            else full_name(child)
            for child in person["children"]
        ]
        lines.append(_("Guardian: %(children)s") % {"children": in_a_row(children)})
    if "staff" in person["bases"]:
        posts: dict[str, list[str]] = {}
        for post in person["posts"] or []:
            posts.setdefault(localized(post["place"]), []).append(role_name(post["role"]))
        lines += [f"{in_a_row(list(dict.fromkeys(roles)))}, {place}" for place, roles in posts.items()]
        if not posts:
            lines.append(role_name("staff"))
    return lines


@register.filter
def years(row: Mapping[str, Any]) -> str:
    """Show a period by its years."""
    begin, end = row["valid_from"].year, row["valid_to"].year if row["valid_to"] else None
    if end is None or row.get("now"):
        return f"{begin}–"
    return str(begin) if begin == end else f"{begin}–{end}"


@register.filter
def role_name(role: str) -> str:
    """Show the role in which somebody acts."""
    names = {
        "administrator": _("Main administrator"),
        "aide": _("School assistant"),
        "app": _("App"),
        "guardian": _("Guardian"),
        "learner": _("Learner"),
        "other": _("Staff"),
        "platform": _("DigiOne's upkeep"),
        "principal": _("Principal"),
        "proctor": _("Invigilator"),
        "school_secretary": _("School secretary"),
        "special_needs_teacher": _("Special needs teacher"),
        "staff": _("Staff"),
        "student": _("Learner"),
        "teacher": _("Teacher"),
    }
    return names.get(role, role)


@register.filter
def password_label(field: str) -> str:
    """Show what a field of the password form asks for."""
    names = {
        "oldpassword": _("Password now"),
        "password1": _("New password"),
        "password2": _("New password once more"),
    }
    return names[field]


@register.filter
def password_fault(fault: ValidationError, field: str) -> str:
    """Show what is wrong with a password, and how to mend it."""
    texts = {
        "enter_current_password": _("This is not your password. Check capital letters too."),
        "password_entirely_numeric": _("Figures alone are easy to guess. Add letters."),
        "password_too_common": _("Many people use this one, so it is tried first. Choose another."),
        "password_too_short": _("It is too short. Write at least twelve."),
        "password_too_similar": _("It is too much like your name. Choose another."),
        "required": _("Write it here."),
    }
    mismatch = _("The two are not alike. Write the new password again.")
    return texts.get(fault.code or "", mismatch if field == "password2" else texts["required"])


@register.filter
def import_name(kind: str) -> str:
    """Show what kind of import it was."""
    names = {
        "codes": _("National codes"),
        "demo": _("Demonstration data"),
        "oneroster": _("Roster (OneRoster)"),
        "organisations": _("Organisations"),
        "people": _("Learners and guardians"),
        "staff": _("Staff"),
    }
    return names.get(kind, kind)


@register.filter
def language_name(code: str | None) -> str:
    """Show the name of a language in the reader's language."""
    if not code:
        return ""
    return first_up(str(Locale.parse(_locale()).languages.get(code.lower(), code)))


@register.filter
def learners(number: int) -> str:
    """Show a number of learners."""
    return ngettext("%(n)s learner", "%(n)s learners", number) % {"n": figure(number)}


@register.filter
def times(number: int) -> str:
    """Show how many times."""
    return ngettext("once", "%(n)s times", number) % {"n": figure(number)}


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw a symbol of the sprite. It always stands beside a word, so it is hidden from readers of the page."""
    return format_html('<svg aria-hidden="true"><use href="{}#i-{}"/></svg>', static("digione/sprite.svg"), name)


@register.filter
def sum_of_counts(counts: Mapping[str, int]) -> int:
    """Show how many rows an import has accounted for."""
    return sum(counts.get(name) or 0 for name in ("unchanged", "changed", "added", "held_back", "refused"))


@register.filter
def problem_text(problem: Mapping[str, Any]) -> str:
    """Show what an import found wrong, in the reader's language."""
    return stored_message(problem)


@register.filter
def together(problems: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Bring together what an import says in the same words of one file: `file`, `text`, `lines` (`several` or one), `fields`."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for problem in problems:
        file, text = problem["file"], stored_message(problem)
        one = found.setdefault((file, text), {"file": file, "text": text, "lines": {}, "fields": {}})
        # Dictionaries keep an order and hold each once.
        one["lines"] |= {problem["line"]: None} if problem["line"] else {}
        one["fields"] |= {problem["field"]: None} if problem["field"] else {}
    return [
        {
            **one,
            "several": len(one["lines"]) > 1,
            "lines": ", ".join(map(str, one["lines"])),
            "fields": ", ".join(one["fields"]),
        }
        for one in found.values()
    ]


@register.filter
def why_differs(why: str, status: str) -> str:
    """Show why the two sides of a reconciliation differ, after a run that ended with a status."""
    return why_name(why, changed=status == "done")


@register.filter
def first_shown(page: Mapping[str, Any]) -> int:
    """Show the number of the first difference on a page of an import."""
    return (int(page["page"]) - 1) * DIFFERENCES + 1


@register.filter
def last_shown(page: Mapping[str, Any]) -> int:
    """Show the number of the last difference on a page of an import."""
    return first_shown(page) - 1 + len(page["differences"])


@register.filter
def kinds_name(kind: str) -> str:
    """Show what rows of a kind are called together."""
    return first_up(kind_name(kind))


@register.filter
def record_name(kind: str) -> str:
    """Show what kind of record an import speaks of."""
    names = {
        "assignment": _("Post"),
        "code": _("Code"),
        "contact": _("Contact detail"),
        "course": _("Course"),
        "codes": _("Code"),
        "enrolment": _("Enrolment in a group"),
        "group": _("Group"),
        "guardian": _("Guardianship"),
        "guardianship": _("Guardianship"),
        "membership": _("Role at a school"),
        "organisation": _("Organisation"),
        "organisations": _("Organisation"),
        "person": _("Person"),
        "rows": _("Row"),
        "school": _("School"),
        "school_enrolment": _("Enrolment at a school"),
        "session": _("Term"),
    }
    return names.get(kind, kind)
