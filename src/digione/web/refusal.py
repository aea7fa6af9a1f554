"""What the page of a refusal says: to whom the rules give it, and what one can do, by what is true of the reader."""

from typing import Any

from django.utils.translation import gettext as _

from digione.access.rules import RULES, Rule
from digione.people.desks import PersonDesk, RoleChoice


def told(person: PersonDesk | None, chosen: RoleChoice | None, permission: str) -> dict[str, Any]:
    """Return what the page shows: `rule` (the code), `sentences` of the rules, `others` (roles of the reader) and `advice`.

    Of the rules for the same roles the one that speaks of the fewest things is shown: it is nearest to what was asked.
    """
    nearest: dict[frozenset[str], Rule] = {}
    holders: set[str] = set()
    for rule in RULES:
        if permission in rule.permissions:
            roles = frozenset(map(str, rule.roles))
            holders |= roles
            if roles not in nearest or len(rule.permissions) < len(nearest[roles].permissions):
                nearest[roles] = rule
    mine = chosen.role if chosen else ""
    others = [choice for choice in person.roles if choice.role in holders - {mine}] if person else []
    return {
        "rule": permission,
        "sentences": [rule.sentence for rule in nearest.values()],
        "others": others,
        "advice": "" if others else _advice(mine),
    }


def _advice(role: str) -> str:
    texts = {
        "administrator": _("Rights come with the post, and administrators cannot widen their own."),
        "guardian": _("If something is missing from your own desk, ask the school secretary."),
        "learner": _("If something is missing from your own desk, ask the school secretary."),
        "principal": _("If your work needs this, talk to the main administrator: the right comes with the post."),
    }
    return texts.get(role, _("If your work needs this, talk to your principal: the right comes with the post."))
