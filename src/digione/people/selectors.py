"""Reads of the room: who has looked at a person's data, and what the imports did."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from digione.access.permissions import Event, Permission
from digione.access.rules import BY_CODE, Detail, Purpose
from digione.core import clock, secrets
from digione.core.errors import Fault, InvalidInputError, NotFoundError
from digione.core.use_case import Row, UseCase, use_case
from digione.people import duplicate_facts, facts
from digione.people.rows import decoded

#: As far back as the page looks unless it is told otherwise.
VIEWED_DAYS = 30
_MOST_VIEWS = 2000


def _at_home(entry: Row) -> bool:
    """Say whether an entry of the log is a look at one's own data, or at a child's as its guardian."""
    return entry["rule"] in BY_CODE and BY_CODE[entry["rule"]].purpose is Purpose.OWN_DATA


def _nameless(entry: Row) -> Row:
    return {**entry, "actor_name": None, "app_name": None, "provider_name": None}


@use_case(Permission.AUDIT_READ_OWN, Event.AUDIT_READ)
def views_of(uc: UseCase, *, person: UUID | None = None, days: int = VIEWED_DAYS) -> dict[str, Any]:
    """Return who has seen a person's data, in which role, by which rule, and when; grouped by viewer, newest first.

    `person` is oneself or a ward; without one, the eldest ward, else oneself. The looks of oneself and of one's
    guardians, as such, are told apart (`family`): they are no news, but nobody's look is left out. It goes `days` back,
    and `complete` says whether all of them fitted. Of a ward with
    non-disclosure no name, app or provider is told, for these would tell where the ward goes to school; nor are they
    told in the log of such a ward's guardian.
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
    family = {person, uc.actor.person_id, *facts.guardian_ids(uc, person)}
    entries = decoded(
        uc.rows(
            "SELECT e.*, o.name AS provider_name, a.name AS app_name FROM audit_of_person(%s, %s, %s) e"
            " LEFT JOIN organisations_organisation o ON o.id = e.provider_id LEFT JOIN access_app a ON a.id = e.app_id",
            [person, clock.now() - timedelta(days=days), _MOST_VIEWS],
        ),
        "provider_name",
    )
    if known[person]["non_disclosure"] and Detail.PROTECTED_PLACE not in opens:
        entries = [_nameless(entry) for entry in entries]
    elif person == uc.actor.person_id and facts.may_have_protected_wards(uc, person):
        # The school sees a guardian because of the child, so who looked at the guardian tells where the child is.
        entries = [entry if _at_home(entry) else _nameless(entry) for entry in entries]
    viewers: dict[tuple[Any, ...], Row] = {}
    for entry in entries:
        # A guardian who looks as a teacher is a viewer like any other.
        at_home = entry["actor_id"] in family and entry["app_id"] is None and _at_home(entry)
        key = (at_home, entry["actor_id"], entry["app_id"], entry["role"])
        viewer = viewers.setdefault(
            key,
            {
                "name": entry["app_name"] or entry["actor_name"],
                "is_app": entry["app_id"] is not None,
                "is_family": at_home,
                "is_self": entry["actor_id"] == uc.actor.person_id,
                "role": entry["role"],
                "provider": entry["provider_name"],
                "rules": {},
                "events": {},
                "times": [],
                "count": 0,
            },
        )
        viewer["count"] += 1
        viewer["events"].setdefault(entry["event"], entry["in_bulk"])
        if entry["rule"] in BY_CODE:
            viewer["rules"].setdefault(entry["rule"], BY_CODE[entry["rule"]].sentence)
        if len(viewer["times"]) < 10:
            viewer["times"].append({"at": entry["at"], "event": entry["event"]})
    shown = [
        {**viewer, "rules": list(viewer["rules"].values()), "events": list(viewer["events"])}
        for viewer in viewers.values()
    ]
    return {
        "person": known[person],
        "choices": choices,
        "days": days,
        "viewers": [viewer for viewer in shown if not viewer["is_family"]],
        "family": [viewer for viewer in shown if viewer["is_family"]],
        "complete": len(entries) < _MOST_VIEWS,
    }


@use_case(Permission.IMPORT_READ, Event.IMPORT_READ)
def import_runs(uc: UseCase) -> dict[str, Any]:
    """Return the latest fifty import runs of the actor's provider as `runs`, newest first (see `facts.import_runs`)."""
    uc.check()
    return {"runs": facts.import_runs(uc, at_most=50)}


@use_case(Permission.IMPORT_READ, Event.IMPORT_READ)
def import_run(uc: UseCase, *, run: UUID) -> Row:
    """Return one import run with its counts, problems and reconciliation.

    `problems`: severity, file, line, field, code and message of each; `reconciliation`: where source and platform differ,
    and why. Raises `NotFoundError` for a run that is no run of the actor's provider.
    """
    uc.check()
    found = decoded(
        uc.rows(
            "SELECT id, kind, source, started_at, finished_at, dry_run, status, counts, problems, reconciliation,"
            " file_hash FROM core_importrun WHERE id = %s AND provider_id = %s",
            [run, uc.actor.provider_id],
        ),
        "counts",
        "problems",
        "reconciliation",
    )
    if not found:
        raise NotFoundError("There is no such import here.")
    return found[0]


@use_case(Permission.ACCOUNT_MANAGE, Event.ACCOUNT_READ)
def person_for_account(uc: UseCase, *, identifier: str) -> Row:
    """Return id and names of the provider's person with this identifier, so that an account can be given to them.

    The identifier is the provider's own id, the user name in the source, or the learner number; never an identity
    code, which would stand in the history of the terminal. Raises `InvalidInputError` unless exactly one is found.
    """
    uc.check()
    found = uc.rows(
        "SELECT DISTINCT p.id, p.given_name, p.family_name FROM people_identifier i"
        " JOIN people_providerperson l ON l.person_id = i.person_id JOIN people_person p ON p.id = i.person_id"
        " WHERE l.provider_id = %(provider)s AND l.valid_from <= %(day)s AND (l.valid_to IS NULL OR l.valid_to >= %(day)s)"
        " AND i.digest = ANY (%(digests)s) AND i.current AND (i.kind IN ('local', 'username')"
        " AND i.provider_id = %(provider)s OR i.kind = 'learner_number' AND i.provider_id IS NULL)",
        {"provider": uc.actor.provider_id, "day": uc.today, "digests": secrets.digests(identifier)},
    )
    if len(found) != 1:
        code = "ambiguous" if found else "unknown_person"
        text = (
            _("Several people of the provider have this identifier. Give the learner number.")
            if found
            else _("The provider has nobody with this identifier today. Import the people first, or check it.")
        )
        raise InvalidInputError([Fault("person", code, text)])
    uc.saw([found[0]["id"]])
    return found[0]


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
