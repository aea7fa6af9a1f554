"""Reads of the room: who has looked at a person's data, keys, and contradicting identity codes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from digione.access.permissions import Event, Permission
from digione.access.rules import BY_CODE, Detail, Purpose
from digione.audit import seen, sensitivity
from digione.core import clock
from digione.core.errors import NotFoundError
from digione.core.use_case import Row, UseCase, use_case
from digione.people import duplicate_facts, facts
from digione.people.rows import decoded

#: As far back as the page looks unless it is told otherwise.
VIEWED_DAYS = 30
#: Looks on one page; the page tells where the earlier ones are.
VIEWED_PAGE = 500
#: Which looks a page may be narrowed to: at home, of people at work, of apps.
VIEWED_KINDS = ("home", "people", "apps")
#: The rules by which one looks at one's own data, or at a child's as its guardian.
_AT_HOME = sorted(rule.code for rule in BY_CODE.values() if rule.purpose is Purpose.OWN_DATA)


#: What is no mere look: data went out in a file, or was changed.
_ACTS = {
    Event.ROSTER_EXPORTED: "export",
    Event.STUDY_RIGHTS_EXPORTED: "export",
    Event.ACCOUNT_MANAGED: "change",
    Event.DUPLICATE_DECIDED: "change",
    Event.DUPLICATE_UNDONE: "change",
    Event.PLACEMENT_MADE: "change",
    Event.PLACEMENT_UNDONE: "change",
    Event.STUDY_RIGHT_CORRECTED: "change",
    Event.STUDY_RIGHT_CORRECTION_UNDONE: "change",
    Event.STUDY_RIGHT_STATE_ADDED: "change",
}


@dataclass(frozen=True, slots=True)
class Before:
    """Where a page of the log goes on: before this look, whose moment and number these are."""

    at: datetime
    number: int


def _nameless(entry: Row) -> Row:
    nothing = {"actor_name": None, "app_name": None, "provider_id": None, "provider_name": None, "place_names": None}
    return {**entry, **nothing}


@use_case(Permission.AUDIT_READ_OWN, Event.AUDIT_READ)
def views_of(
    uc: UseCase,
    *,
    person: UUID | None = None,
    days: int = VIEWED_DAYS,
    kind: str | None = None,
    at_least: int = 1,
    before: Before | None = None,
) -> dict[str, Any]:
    """Return who has seen a person's data, in which role, where, for whom, by which rule, and when; newest viewer first.

    `person` is oneself or a ward; without one, the eldest ward, else oneself. `kind` is one of `VIEWED_KINDS` or None
    for all; `at_least` keeps looks at data of that level (1 ordinary, 2 confidential, 3 secret by law). A page holds
    `VIEWED_PAGE` looks; `earlier` is where the next one goes on, None at the end.
    Viewers are told apart by what they did (`act`): `look`, `fetch` (an app), `export` to a file, `change`. The looks of
    oneself and of one's guardians, as such, are `home` and stand in `family`: they are no news, but nobody's look is
    left out. What was refused nobody saw, so it is no part of the page. Of a ward with non-disclosure no name, app, place
    or provider is told, for these would tell where the ward goes to school; nor are they told in the log of such a ward's
    guardian.
    """
    known = facts.persons(uc, [*([person] if person else []), *uc.actor.persons])
    wards = [row for row in known.values() if row["id"] in uc.actor.persons and row["id"] != uc.actor.person_id]
    wards.sort(key=lambda row: (row["birth_date"] or clock.today(), row["sort_key"]))
    choices = [*wards, *(row for row in known.values() if row["id"] == uc.actor.person_id)]
    person = duplicate_facts.successor(uc, person) if person else choices[0]["id"] if choices else None
    if person is None:
        raise NotFoundError("There is no such person here.")
    opens = uc.check(person).opens
    known |= facts.persons(uc, [person]) if person not in known else {}
    since = clock.now() - timedelta(days=days)
    entries = _looks(uc, person, since, kind=kind, at_least=at_least, before=before)
    more = len(entries) > VIEWED_PAGE
    entries = entries[:VIEWED_PAGE]
    oldest = entries[-1]["at"].astimezone(clock.FINLAND).date() if entries else uc.today
    if oldest < uc.today:
        uc.reached_back([oldest])
    if known[person]["non_disclosure"] and Detail.PROTECTED_PLACE not in opens:
        entries = [_nameless(entry) for entry in entries]
    elif person == uc.actor.person_id and facts.may_have_protected_wards(uc, person):
        # The school sees a guardian because of the child, so who looked at the guardian tells where the child is.
        entries = [entry if entry["at_home"] else _nameless(entry) for entry in entries]
    viewers = _by_viewer(entries, oneself=uc.actor.person_id)
    return {
        "person": known[person],
        "choices": choices,
        "days": days,
        "kind": kind,
        "at_least": at_least,
        "before": before,
        "viewers": [viewer for viewer in viewers if viewer["act"] != "home"],
        "family": [viewer for viewer in viewers if viewer["act"] == "home"],
        "earlier": Before(entries[-1]["at"], entries[-1]["id"]) if more else None,
    }


def _looks(
    uc: UseCase, person: UUID, since: datetime, *, kind: str | None, at_least: int, before: Before | None
) -> list[Row]:
    """Return the rows of the log about a person, newest first, one more than a page holds."""
    found = uc.rows(
        "SELECT e.*, o.name AS provider_name, a.name AS app_name, (SELECT jsonb_agg(w.name ORDER BY w.sort_key)"
        " FROM organisations_organisation w WHERE w.id = ANY (e.places) AND w.id <> e.provider_id) AS place_names"
        " FROM audit_of_person(%s, %s, %s, %s, %s::smallint, %s, %s, %s, %s, %s) e"
        " LEFT JOIN organisations_organisation o ON o.id = e.provider_id LEFT JOIN access_app a ON a.id = e.app_id"
        " ORDER BY e.at DESC, e.id DESC",
        [
            person,
            since,
            before.at if before else datetime.max.replace(tzinfo=UTC),
            before.number if before else None,
            at_least,
            kind,
            [person, *({uc.actor.person_id} - {None}), *facts.guardian_ids(uc, person)],
            _AT_HOME,
            Jsonb(sensitivity.held_back()),
            VIEWED_PAGE + 1,
        ],
    )
    return decoded(found, "provider_name", "place_names")


def _act(entry: Row) -> str:
    if entry["at_home"]:
        return "home"
    return _ACTS.get(entry["event"]) or ("fetch" if entry["app_id"] else "look")


def _by_viewer(entries: list[Row], *, oneself: UUID | None) -> list[Row]:
    """Return each viewer once for what they did, with the looks, newest first, and the rules that opened the person.

    `bonds` are the relations by which they were bound to the person (`access.rules.Relation`). `topics` is what was seen, as far as the log has it; `in_bulk` whether that was of several people together.
    """
    viewers: dict[tuple[Any, ...], Row] = {}
    for entry in entries:
        act = _act(entry)
        key = (act, entry["actor_id"], entry["app_id"], entry["role"], entry["provider_id"])
        viewer = viewers.setdefault(
            key,
            {
                "name": entry["app_name"] or entry["actor_name"],
                "act": act,
                "is_app": entry["app_id"] is not None,
                "is_self": oneself is not None and entry["actor_id"] == oneself,
                "role": entry["role"],
                "provider": entry["provider_name"],
                "places": entry["place_names"] or [],
                "rules": {},
                "purposes": set(),
                "bonds": set(),
                "events": {},
                "looks": [],
                "topics": set(),
                "in_bulk": False,
                "sensitivity": 1,
                "earliest": None,
            },
        )
        viewer["events"].setdefault(entry["event"])
        topics = seen.read(entry["seen"])
        viewer["topics"].update(topics)
        viewer["in_bulk"] = viewer["in_bulk"] or not entry["alone"]
        viewer["sensitivity"] = max(viewer["sensitivity"], entry["sensitivity"])
        viewer["earliest"] = min(filter(None, (viewer["earliest"], entry["earliest"])), default=None)
        rules = [BY_CODE[code] for code in (entry["rule"] or "").split(",") if code in BY_CODE]
        # That somebody has a desk opens nobody; where a rule binds to people, that is the reason.
        binding = [rule for rule in rules if rule.relation is not None] or rules
        viewer["rules"].update({rule.code: rule.sentence for rule in binding})
        viewer["purposes"].update(str(rule.purpose) for rule in binding)
        viewer["bonds"].update(str(rule.relation) for rule in binding if rule.relation is not None)
        look = {name: entry[name] for name in ("id", "at", "event", "alone", "earliest")}
        viewer["looks"].append({**look, "topics": topics})
    return [
        {
            **viewer,
            "rules": list(viewer["rules"].values()),
            "purposes": sorted(viewer["purposes"]),
            "bonds": sorted(viewer["bonds"]),
            "events": list(viewer["events"]),
            "topics": [topic for topic in seen.Topic if topic in viewer["topics"]],
        }
        for viewer in viewers.values()
    ]


@use_case(Permission.KEY_ROTATE, Event.KEYS_READ)
def keys_in_use(uc: UseCase) -> dict[int, Row]:
    """Return, for each key by number, how many identifiers stand under it, and how many of what they were earlier."""
    uc.check()
    return {row["key_id"]: row for row in uc.rows("SELECT key_id, identifiers, earlier FROM people_keys_in_use()")}


@use_case(Permission.IDENTIFIER_CASE_READ, Event.IDENTIFIER_CASES_READ)
def identifier_cases(uc: UseCase) -> list[Row]:
    """Return the cases in which a provider's identifier of one person stands nationally for another, oldest first.

    Each has `id`, `opened_at`, `kind` of the identifier, `person_id` (for whom it stands) with the OIDs of the
    `providers` that know this person, and `other_person_id` with the `other_providers` that gave it to that one. Never
    a name or an identifier: the platform asks the providers to look, and needs to know no more.
    """
    uc.check()
    cases = uc.rows("SELECT * FROM people_identifier_cases()")
    persons = sorted({case[name] for case in cases for name in ("person_id", "other_person_id")})
    uc.saw(persons)
    uc.touched("people_duplicatecase", "person_id", "other_person_id", "reason")
    uc.saw_in_bulk(count=len(cases))
    # The log names persons by alias, and the platform reaches nobody's but for this: set until the transaction ends.
    uc.execute("SELECT set_config('digione.persons', %s, true)", ["{" + ",".join(map(str, persons)) + "}"])
    ids = {ident for case in cases for ident in (*case["provider_ids"], *case["other_provider_ids"])}
    oids = {
        row["id"]: row["oid"]
        for row in uc.rows("SELECT id, oid FROM organisations_organisation WHERE id = ANY (%s)", [list(ids)])
    }
    return [
        {
            "id": case["id"],
            "opened_at": case["opened_at"],
            "kind": case["kind"],
            "person_id": case["person_id"],
            "providers": [oids[ident] for ident in case["provider_ids"]],
            "other_person_id": case["other_person_id"],
            "other_providers": [oids[ident] for ident in case["other_provider_ids"]],
        }
        for case in cases
    ]
