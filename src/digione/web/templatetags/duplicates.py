"""What the pages about duplicate cases say of fields, values and reasons."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import template
from django.utils.translation import gettext as _

from digione.web.templatetags import desk

register = template.Library()


@register.filter
def field_name(name: str) -> str:
    """Show what a compared field is called."""
    names = {
        "address": _("Address"),
        "bases": _("In the register as"),
        "birth_date": _("Born"),
        "children": _("Children"),
        "email": _("E-mail"),
        "first_names": _("First names"),
        "groups": _("Groups"),
        "guardians": _("Guardians"),
        "hetu": _("Identity code"),
        "learner_number": _("Learner number"),
        "mother_tongue": _("Mother tongue"),
        "name": _("Name"),
        "phone": _("Phone"),
        "posts": _("Posts"),
        "schools": _("Schools"),
    }
    return names[name]


@register.simple_tag
def field_value(name: str, value: Any) -> str:
    """Show one value of a compared field as its kind is shown everywhere."""
    if name in ("hetu", "learner_number"):
        return _("Known")
    if name == "birth_date":
        return desk.short_day(value)
    if name == "mother_tongue":
        return desk.language_name(value)
    if name == "bases":
        return desk.role_name(value)
    if name == "groups":
        return desk.group_name(value)
    if name == "posts":
        return f"{desk.role_name(value['role'])}, {desk.localized(value['place'])}"
    if name == "schools":
        return _school(value)
    text = str(value["text"]) if isinstance(value, Mapping) else str(value)
    return desk.phone_number(text) if name == "phone" else text


def _school(value: Mapping[str, Any]) -> str:
    parts = [desk.localized(value["name"])]
    if value["grade"]:
        parts.append(desk.grade_name(value["grade"]))
    parts.append(_("since %(day)s") % {"day": desk.short_day(date.fromisoformat(value["since"]))})
    return ", ".join(parts)


@register.filter
def source_name(source: str) -> str:
    """Show the source of a value in the words of the page, where it has some."""
    return {"demo": _("Demonstration data"), "digione": _("DigiOne's own pages")}.get(source, source)


@register.filter
def compared(page: Mapping[str, Any], which: str) -> list[dict[str, Any]]:
    """Show the compared fields that are `alike` or `unlike`, what differs before what stands on one side only.

    The head of a column names the sources of its record; `told_by` of a side is empty where it would say them again.
    """
    fields = [field for field in page["fields"] if (field["agrees"] == "same") is (which == "alike")]
    whole = [set(person["sources"] or []) for person in page["persons"]]
    return [
        {
            **field,
            "sides": [
                {**side, "told_by": [] if set(side["sources"]) == own else side["sources"]}
                for side, own in zip(field["sides"], whole, strict=True)
            ],
        }
        for field in sorted(fields, key=lambda field: field["agrees"] == "one")
    ]


@register.filter
def sides_of(fields: list[Mapping[str, Any]], agrees: str) -> int:
    """Count the fields that agree, differ, or stand on one side only."""
    return sum(field["agrees"] == agrees for field in fields)


@register.filter
def refusal(reason: str) -> str:
    """Show why a decision could not be taken, and what to do."""
    texts = {
        "changed_since": _("Something has been added or changed since the decision, so it cannot be undone any more."),
        "decided_already": _("Somebody decided this before you. Below you see how."),
        "held_back": _(
            "The record that would end is not yours alone to decide about. Let the other record stay, or leave the case open."
        ),
        "identity_codes_differ": _("The records have different identity codes, so they are two persons."),
        "kept_by_source": _(
            "An import keeps the learner's groups, so the group is given in the system that it comes from."
        ),
        "kin": _("One of them is the guardian of the other, so they are two persons."),
        "no_home_group": _("The group is no home group any more. Choose another."),
        "not_chosen": _("Choose a group first."),
        "open_already": _("The case is open already."),
        "other_school": _("The group is at another school than the learner. Choose another."),
        "placed_already": _("Somebody has placed the learner before you. Below you see where."),
    }
    return texts[reason]
