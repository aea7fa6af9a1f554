"""What the desk says of changes of organisation: mergers, splits, changes of the provider."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _

from digione.core import clock
from digione.web.templatetags.desk import short_day

register = template.Library()


@register.filter
def changes_of(succession: Mapping[str, list[Mapping[str, Any]]], when: str) -> list[dict[str, Any]]:
    """Return the changes that are `coming`, the next first, or `past`, the latest first.

    Each with `came`: whether the other one's life goes on here, not this one's there.
    """
    sides = {"predecessors": True, "successors": False}
    found = [{**row, "came": came} for side, came in sides.items() for row in succession.get(side, ())]
    coming = when == "coming"
    kept = [row for row in found if (row["on_date"] > clock.today()) is coming]
    return sorted(kept, key=lambda row: row["on_date"], reverse=not coming)


@register.filter
def change_sentence(change: Mapping[str, Any]) -> str:
    """Show what becomes, or has become, of the other organisation or of this one."""
    texts = {
        ("merge", True, True): _("Merges into us on %(day)s."),
        ("merge", True, False): _("Merged into us on %(day)s."),
        ("merge", False, True): _("We merge into it on %(day)s."),
        ("merge", False, False): _("We merged into it on %(day)s."),
        ("split", True, True): _("Is split on %(day)s, and a part of it goes on with us."),
        ("split", True, False): _("Was split on %(day)s, and a part of it went on with us."),
        ("split", False, True): _("We are split on %(day)s, and a part of us goes on there."),
        ("split", False, False): _("We were split on %(day)s, and a part of us went on there."),
        ("change", True, True): _("Its work comes over to us on %(day)s."),
        ("change", True, False): _("Its work came over to us on %(day)s."),
        ("change", False, True): _("Our work goes over to it on %(day)s."),
        ("change", False, False): _("Our work went over to it on %(day)s."),
    }
    text = texts[change["kind"], change["came"], change["on_date"] > clock.today()]
    return text % {"day": short_day(change["on_date"])}
