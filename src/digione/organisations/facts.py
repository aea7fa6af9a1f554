"""Unaudited building blocks about organisations, for this room and those above."""

import json
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from digione.core.errors import Fault, InvalidInputError, NotFoundError
from digione.core.use_case import Row, UseCase

#: The kinds of imports that bring a national register in: nobody's data but everybody's.
REGISTERS = ["codes", "organisations"]
#: How many differences of a run a page shows.
DIFFERENCES = 100
#: How many of the remarks that are no differences.
REMARKS = 100
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


def import_runs(uc: UseCase, *, at_most: int, registers: bool = False) -> list[Row]:
    """Return the latest import runs of the actor's provider, or those of the public registers, newest first.

    Each with `kind`, `source`, times (UTC), `dry_run`, `status` (`done`, `refused`, `dry_run`), `counts` by
    what became of the rows, and the number of `problems`; without the rows themselves.
    """
    whose, values = _whose(uc, registers)
    found = uc.rows(
        "SELECT id, kind, source, started_at, finished_at, dry_run, status, counts,"
        f" jsonb_array_length(problems) AS problems FROM core_importrun WHERE {whose}"
        " ORDER BY started_at DESC LIMIT %(n)s",
        {**values, "n": at_most},
    )
    return [_plain(row, "counts") for row in found]


def import_run(uc: UseCase, run: UUID, *, page: int | None, registers: bool = False) -> Row:
    """Return one import run of the actor's provider, or of the public registers: counts, differences and remarks.

    `differences`: kind, key, file, line, which side has it, `why`, and the `reasons` (field, code, parameters); of `page`
    (from 1) at most `DIFFERENCES`, with None all that are kept; `total` says how many are, and `pages` on how many pages.
    `more`: how many the figures count and the run does not keep. `remarks`: what was noted besides, with a page at most
    `REMARKS`; `more_remarks`: how many of them are left out; `lost_remarks`: how many the run does not keep. Raises
    `NotFoundError` for a run that is no such run.
    """
    whose, values = _whose(uc, registers)
    first = (page - 1) * DIFFERENCES if page else 0
    last = 2**31 - 1
    found = uc.row(
        "SELECT id, kind, source, started_at, finished_at, dry_run, status, counts, file_hash, total,"
        " jsonb_path_query_array(reconciliation, '$[$first to $last]', %(span)s) AS differences,"
        " jsonb_path_query_array(remarks, '$[0 to $last]', %(most)s) AS remarks, jsonb_array_length(remarks) AS noted"
        " FROM (SELECT r.*, jsonb_array_length(r.reconciliation) AS total, jsonb_path_query_array(r.problems,"
        """ '$[*] ? (@.severity != "error" && !(@.code like_regex "^held-back"))') AS remarks"""
        f" FROM core_importrun r WHERE {whose} AND id = %(run)s) r",
        {
            **values,
            "run": run,
            "span": json.dumps({"first": first, "last": first + DIFFERENCES - 1 if page else last}),
            "most": json.dumps({"last": REMARKS - 1 if page else last}),
        },
    )
    if found is None:
        raise NotFoundError("There is no such import here.")
    row = _plain(found, "counts", "differences", "remarks")
    # Runs of earlier versions do not say how many differences they met; their figures do.
    counted = sum(row["counts"].get(name) or 0 for name in ("refused", "held_back", "ended"))
    counted += sum(side.get("kept", 0) for side in row["counts"].get("sides", {}).values())
    counted = row["counts"].get("differences", counted)
    return {
        **row,
        "page": page,
        "pages": -(-row["total"] // DIFFERENCES),
        "more": max(0, counted - row["total"]),
        "more_remarks": row["noted"] - len(row["remarks"]),
        "lost_remarks": max(0, row["counts"].get("remarks", 0) - row["noted"]),
    }


def _whose(uc: UseCase, registers: bool) -> tuple[str, dict[str, Any]]:
    if registers:
        return "provider_id IS NULL AND kind = ANY (%(registers)s)", {"registers": REGISTERS}
    return "provider_id = %(provider)s", {"provider": uc.actor.provider_id}


def _plain(row: Row, *columns: str) -> Row:
    told = {name: row[name] for name in columns}
    return {**row, **{name: json.loads(value) if isinstance(value, str) else value for name, value in told.items()}}
