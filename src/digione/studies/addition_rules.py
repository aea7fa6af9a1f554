"""A state that is added to a study right: whether it can be, and what it would mean.

Pure functions over rows as `path_facts` returns them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from digione.studies import rules
from digione.studies.record_rules import ANNULLED, TERMINAL, faults_of_state

Row = dict[str, Any]
#: What the rules of a state's place tell, in the words of the desk's objections.
_OBJECTIONS = {"not_ascending": "not_after_last", "after_the_end": "ended_already"}


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a new state means: its code, the day and the state that it speaks of, or what would be amiss then."""

    code: str
    day: date | None = None
    state: str | None = None
    finding: rules.Finding | None = None


def objections(level: str, states: Sequence[Row], *, state: str, since: date | None, funding: str | None) -> list[str]:
    """Return why a state cannot be added behind `states` of a study right of `level`, as codes; every reason at once.

    Codes: `no_such_state`, `no_day`, `not_after_last`, `ended_already`, `no_funding`, `no_such_funding`, `funding_not_told`.
    Order and ends are held to the rule by which the API adds states (`record_rules`); funding to the register's.
    """
    found = []
    if state not in rules.STATES:
        found.append("no_such_state")
    if since is None:
        found.append("no_day")
    if since is not None and state in rules.STATES:
        found += [_OBJECTIONS[fault.code] for fault in faults_of_state({"valid_from": since, "state": state}, states)]
    if funding is not None and funding not in rules.FUNDINGS:
        found.append("no_such_funding")
    if rules.needs_funding(level, state):
        if funding is None:
            found.append("no_funding")
    elif funding is not None:
        found.append("funding_not_told")
    return found


def with_state(right: Row, *, state: str, since: date, funding: str | None) -> Row:
    """Return a study right as it would be with a state behind its others; its own days follow where they agreed with them."""
    before = right["states"]
    after = [*before, {"state": state, "valid_from": since, "funding": funding}]
    ends = right["valid_to"]
    return {
        **right,
        "states": after,
        "begins": right["begins"] or since,
        "valid_to": rules.end_of(after) if ends == rules.end_of(before) else ends,
    }


def effects(right: Row, *, state: str, since: date, funding: str | None, today: date) -> list[Effect]:
    """Return what a state that can be added would mean, the plainest first; then what would newly be amiss."""
    last = right["states"][-1] if right["states"] else None
    after = with_state(right, state=state, since=since, funding=funding)
    found = []
    if state == ANNULLED:
        found.append(Effect("made_void"))
    else:
        if last:
            found.append(Effect("held_until", since - timedelta(days=1), last["state"]))
        if state in TERMINAL:
            found.append(Effect("ends", since, state))
        else:
            found.append(Effect("holds_from", since, state))
            found.append(Effect("goes_on"))
        was = rules.findings(right, today=today)
        found += [Effect("amiss", finding=one) for one in rules.findings(after, today=today) if one not in was]
    if since > today:
        found.append(Effect("still_to_come", since))
    return found
