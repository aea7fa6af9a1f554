"""What the pages say of an import: its sentence, and its figures without what is nought."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from digione.web.templatetags.desk import figure, first_up, in_words, kinds_name

register = template.Library()


@register.filter
def run_sentence(run: Mapping[str, Any] | None) -> str:
    """Show in one sentence how the latest import ended; without one, that there was none."""
    if not run:
        return _("No imports yet.")
    if run["status"] == "running":
        return _("An import is running.")
    if run["status"] in ("refused", "failed"):
        return _("Nothing was taken from the latest import.")
    refused = run["counts"].get("refused") or 0
    if refused:
        return ngettext("The latest import refused one row.", "The latest import refused %(words)s rows.", refused) % {
            "words": in_words(refused)
        }
    if run["dry_run"]:
        return _("The latest import was a trial.")
    return _("The latest import went through whole.")


@register.filter
def meant(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Show the figures of a run as it was meant: of one that was refused as a whole, what it would have done."""
    return {**counts, **(counts.get("would") or {})}


def _apart(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures with what stood here already beside what is new, and not within it."""
    linked = counts.get("linked") or 0
    return {**counts, "added": (counts.get("added") or 0) - linked}


@register.filter
def what_happened(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Show what became of the records of an import: words and number of each outcome that occurred."""
    names = {
        "refused": _("Refused, with the reason on the row"),
        "held_back": _("Held back, because another source masters the field"),
        "added": _("New"),
        "linked": _("New from this source, and here already"),
        "changed": _("Changed"),
        "unchanged": _("Unchanged"),
    }
    apart = _apart(counts)
    return [(words, apart[name]) for name, words in names.items() if apart.get(name)]


@register.filter
def by_kind(counts: Mapping[str, Any]) -> list[dict[str, str]]:
    """Show kind by kind what happened: `name` and `said`. Kinds to which nothing happened are left out."""
    found = []
    for kind, told in counts.get("kinds", {}).items():
        numbers = _apart(told)
        said = [_outcome(name, numbers[name]) for name in _OUTCOMES if numbers.get(name)]
        if said:
            found.append({"name": kinds_name(kind), "said": ", ".join(said)})
    return found


#: In the order in which they are told: what needs a look comes first.
_OUTCOMES = ("refused", "held_back", "ended", "added", "linked", "changed", "unchanged")


def _outcome(name: str, number: int) -> str:
    texts = {
        "refused": ngettext("%(n)s refused", "%(n)s refused", number),
        "held_back": ngettext("%(n)s held back", "%(n)s held back", number),
        "ended": ngettext("%(n)s ended", "%(n)s ended", number),
        "added": ngettext("%(n)s new", "%(n)s new", number),
        "linked": ngettext("%(n)s here already", "%(n)s here already", number),
        "changed": ngettext("%(n)s changed", "%(n)s changed", number),
        "unchanged": ngettext("%(n)s unchanged", "%(n)s unchanged", number),
    }
    return texts[name] % {"n": figure(number)}


@register.filter
def both_sides(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Show both sides in figures: `columns` and `rows` (`name`, `cells`: label, number, whether it needs a look).

    A kind that the source does not tell of, and a column that is nought in every row, are left out.
    """
    names = {
        "in_source": _("In the source"),
        "missing": _("Missing here"),
        "in_ours": _("We have"),
        "from_source": _("From this source"),
    }
    sides = {
        kind: side
        for kind, side in counts.get("sides", {}).items()
        if any(side.get(name) for name in ("in_source", "missing", "from_source"))
    }
    shown = [name for name in names if any(side.get(name) for side in sides.values())]
    rows = [
        {
            "name": first_up(kinds_name(kind)),
            "cells": [(names[name], side.get(name) or 0, bool(name == "missing" and side.get(name))) for name in shown],
        }
        for kind, side in sides.items()
    ]
    return {"columns": [names[name] for name in shown], "rows": rows}


@register.filter
def missing_here(counts: Mapping[str, Any]) -> int:
    """Show how many records of the source are missing here."""
    return sum(side.get("missing") or 0 for side in counts.get("sides", {}).values())
