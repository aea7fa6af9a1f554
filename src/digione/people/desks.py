"""What an account's person may sign in as today. The one read that comes before there is an actor.

Every right comes from a live row: an assignment, a guardianship, a link as a learner. When the row ends, so does the
desk, at the next request.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from digione.access.roles import DESK_ROLES, Role
from digione.core import clock
from digione.core.texts import LocalizedText
from digione.core.use_case import Actor, Row, set_reach
from digione.organisations.facts import REGISTERS
from digione.people.rows import decoded

_LIVE = "{0}.valid_from <= %(day)s AND ({0}.valid_to IS NULL OR {0}.valid_to >= %(day)s)"

_ROLES = f"""
SELECT a.role, a.provider_id, po.name AS provider_name, pr.accent, jsonb_agg(o.name ORDER BY o.sort_key) AS places
FROM people_staffassignment a
JOIN organisations_provider pr ON pr.id = a.provider_id
JOIN organisations_organisation po ON po.id = a.provider_id
JOIN organisations_organisation o ON o.id = a.organisation_id
WHERE a.person_id = %(person)s AND {_LIVE.format("a")}
GROUP BY a.role, a.provider_id, po.name, pr.accent
UNION ALL
SELECT pp.basis, pp.provider_id, po.name, pr.accent, '[]'::jsonb
FROM people_providerperson pp
JOIN organisations_provider pr ON pr.id = pp.provider_id
JOIN organisations_organisation po ON po.id = pp.provider_id
WHERE pp.person_id = %(person)s AND pp.basis IN ('learner', 'guardian') AND {_LIVE.format("pp")}
"""

# A guardian is told the municipality of a child only where it is no secret from them.
_PLACES_OF_WARDS = f"""
SELECT DISTINCT g.provider_id FROM people_guardianship g JOIN people_person c ON c.id = g.child_id
WHERE g.guardian_id = %(person)s AND g.child_id = ANY (%(wards)s) AND NOT c.non_disclosure AND {_LIVE.format("g")}
"""

_WARDS = f"""
SELECT DISTINCT g.child_id FROM people_guardianship g
WHERE g.guardian_id = %(person)s AND {_LIVE.format("g")} AND NOT people_barred(g.guardian_id, g.child_id, %(day)s)
"""


#: The platform's own colour, where no single provider's would do.
LAKE = "#1b5c6e"


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role that a person may act in, and where. A guardian acts over providers, so `provider_id` is empty there.

    `wards` are those whom the role reaches beside oneself: today's children of a guardian, nobody otherwise.
    """

    role: str
    provider_id: UUID | None
    providers: tuple[LocalizedText, ...]
    places: tuple[LocalizedText, ...] = ()
    accent: str = LAKE
    wards: tuple[UUID, ...] = ()

    @property
    def key(self) -> str:
        """The name by which a session remembers the choice."""
        return f"{self.role}:{self.provider_id or ''}"


@dataclass(frozen=True, slots=True)
class PersonDesk:
    """A person's names, the roles offered, and today's wards."""

    given_name: str = ""
    family_name: str = ""
    roles: tuple[RoleChoice, ...] = ()
    wards: tuple[UUID, ...] = ()


def desk_of(person: UUID, *, day: date) -> PersonDesk:
    """Return what `person` may sign in as on `day`. Opens its own transaction with the reach of that person alone."""
    with transaction.atomic():
        set_reach(Actor("sign_in", person_id=person, persons=(person,)))
        with connection.cursor() as cursor:
            cursor.execute("SELECT given_name, family_name FROM people_person WHERE id = %s", [person])
            name = cursor.fetchone()
            if name is None:
                return PersonDesk()
            cursor.execute(_ROLES, {"person": person, "day": day})
            columns = [column.name for column in cursor.description or ()]
            found = (dict(zip(columns, row, strict=True)) for row in cursor.fetchall())
            rows = decoded(found, "provider_name", "places")
            wards: tuple[UUID, ...] = ()
            if any(row["role"] == Role.GUARDIAN for row in rows):
                cursor.execute(_WARDS, {"person": person, "day": day})
                wards = tuple(row[0] for row in cursor.fetchall())
                set_reach(Actor("sign_in", person_id=person, persons=(person, *wards)))
                cursor.execute(_PLACES_OF_WARDS, {"person": person, "wards": list(wards), "day": day})
                told = {row[0] for row in cursor.fetchall()}
                for row in rows:
                    if row["role"] == Role.GUARDIAN and row["provider_id"] not in told:
                        row.update(provider_name=None, accent=LAKE)
    return PersonDesk(name[0], name[1], _choices(rows, wards), wards)


def _choices(rows: list[Row], wards: tuple[UUID, ...]) -> tuple[RoleChoice, ...]:
    """One choice per role and provider; the guardianships, and the places of learning, of all providers are one."""
    choices: list[RoleChoice] = []
    for role in DESK_ROLES:
        mine = [row for row in rows if row["role"] == role]
        if role in (Role.GUARDIAN, Role.LEARNER):
            if mine:
                accent = mine[0]["accent"] if len(mine) == 1 else LAKE
                names = tuple(row["provider_name"] for row in mine if row["provider_name"] is not None)
                reached = wards if role is Role.GUARDIAN else ()
                choices.append(RoleChoice(str(role), None, names, accent=accent, wards=reached))
            continue
        choices += [
            RoleChoice(str(role), row["provider_id"], (row["provider_name"],), tuple(row["places"]), row["accent"])
            for row in mine
        ]
    return tuple(choices)


def registers_came(actor: Actor) -> bool:
    """Say whether a public register was ever brought in, as far as `actor` may see. Opens its own transaction."""
    with transaction.atomic():
        set_reach(actor)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM core_importrun WHERE provider_id IS NULL AND kind = ANY (%s))",
                [REGISTERS],
            )
            found = cursor.fetchone()
    return bool(found and found[0])


def providers_that_know(person: UUID, *, day: date) -> tuple[LocalizedText, ...]:
    """Return the names of the providers where `person` has a role on `day`, also those that a guardian is not told.

    For the demonstration alone, whose families are invented.
    """
    with transaction.atomic():
        set_reach(Actor("sign_in", person_id=person, persons=(person,)))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT DISTINCT ON (provider_id) provider_name FROM ({_ROLES}) r ORDER BY provider_id",
                {"person": person, "day": day},
            )
            found = [{"name": name} for (name,) in cursor.fetchall()]
    return tuple(row["name"] for row in decoded(found, "name"))


def providers_with_learners() -> list[dict[str, Any]]:
    """Return the OID, the name and the number of today's learners of every provider of a demo, by name."""
    found = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, o.oid, o.name FROM organisations_provider p JOIN organisations_organisation o ON o.id = p.id"
            " WHERE p.demo ORDER BY o.sort_key, p.id"
        )
        for provider, oid, name in cursor.fetchall():
            cursor.execute("SELECT set_config('digione.provider', %s, true)", [str(provider)])
            cursor.execute(
                "SELECT count(*) FROM people_providerperson WHERE provider_id = %s AND basis = 'learner'"
                " AND (valid_to IS NULL OR valid_to >= %s)",
                [provider, clock.today()],
            )
            counted = cursor.fetchone()
            found.append({"id": provider, "oid": oid, "name": name, "learners": counted[0] if counted else 0})
    return decoded(found, "name")
