"""Unaudited building blocks about organisations, for this room and those above."""

import json
from uuid import UUID

from django.utils.translation import gettext as _

from digione.core.errors import Fault, InvalidInputError
from digione.core.use_case import Row, UseCase

#: The kinds of organisations of the register that can be a controller on the platform.
PROVIDER_KINDS = {"provider", "early_years_organiser"}


def named(rows: list[Row]) -> list[Row]:
    """Return `rows` with the JSON of `name` as Python values; Django hands jsonb over as text."""
    return [{**row, "name": json.loads(row["name"]) if isinstance(row["name"], str) else row["name"]} for row in rows]


def provider_in_register(uc: UseCase, oid: str) -> Row:
    """Return an education provider of the register by its OID, with the number of its `schools` that have not ended.

    With `id`, `oid`, `kinds`, `name` (by language), `business_id` (Y-tunnus), `municipality_code`, `valid_from`,
    `valid_to`, and `joined_on`, which is None for who is not on the platform. Raises `InvalidInputError` where the register has no such organisation, or where it is no provider.
    """
    row = uc.row(
        "SELECT o.id, o.oid, o.kinds, o.name, o.business_id, o.municipality_code, o.valid_from, o.valid_to, p.joined_on,"
        " (SELECT count(*) FROM organisations_organisation s WHERE s.provider_id = o.id AND 'school' = ANY (s.kinds)"
        "  AND (s.valid_to IS NULL OR s.valid_to >= %(day)s)) AS schools"
        " FROM organisations_organisation o LEFT JOIN organisations_provider p ON p.id = o.id WHERE o.oid = %(oid)s",
        {"oid": oid, "day": uc.today},
    )
    if row is None:
        text = _("The register has no organisation %(oid)s. Import the organisations first.") % {"oid": oid}
        raise InvalidInputError([Fault("oid", "unknown_organisation", text)])
    if not PROVIDER_KINDS & set(row["kinds"]):
        text = _("%(oid)s is no education provider; give the OID of the provider that it belongs to.") % {"oid": oid}
        raise InvalidInputError([Fault("oid", "not_a_provider", text)])
    return named([row])[0]


def succession_of(uc: UseCase, organisation: UUID) -> dict[str, list[Row]]:
    """Return whose life goes on in an organisation (`predecessors`), and in whom its own goes on (`successors`).

    Each with OID, name, kind (`merge`, `split`, `change`), first day of the successor and decision, the latest first.
    """
    found = named(
        uc.rows(
            "SELECT s.successor_id = %(one)s AS came, o.oid, o.name, s.kind, s.on_date, s.decision"
            " FROM organisations_succession s JOIN organisations_organisation o"
            " ON o.id = CASE WHEN s.successor_id = %(one)s THEN s.predecessor_id ELSE s.successor_id END"
            " WHERE s.successor_id = %(one)s OR s.predecessor_id = %(one)s"
            " ORDER BY s.on_date DESC, o.sort_key, o.oid",
            {"one": organisation},
        )
    )
    plain = [({name: value for name, value in row.items() if name != "came"}, row["came"]) for row in found]
    return {
        "predecessors": [row for row, came in plain if came],
        "successors": [row for row, came in plain if not came],
    }


def leads_to(uc: UseCase, organisation: UUID, other: UUID) -> bool:
    """Say whether the life of `organisation` goes on, through however many changes, in `other`."""
    return bool(
        uc.json(
            "WITH RECURSIVE onward (id) AS (SELECT %(from)s::uuid UNION"
            " SELECT s.successor_id FROM organisations_succession s JOIN onward o ON o.id = s.predecessor_id)"
            " SELECT EXISTS (SELECT 1 FROM onward WHERE id = %(to)s)",
            {"from": organisation, "to": other},
        )
    )


def join_platform(uc: UseCase, provider: object) -> bool:
    """Take a provider of the register onto the platform from today. Return whether it was not there already."""
    return bool(
        uc.execute(
            "INSERT INTO organisations_provider (id, joined_on, languages) VALUES (%s, %s, '{fi,sv,en}')"
            " ON CONFLICT DO NOTHING",
            [provider, uc.today],
        )
    )
