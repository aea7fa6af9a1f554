"""Unaudited building blocks for deciding whether two records are one person: what each holds, merging, undoing.

A merge moves rows within one provider and takes nothing away for good: the history of each table keeps what its rows
were, so undoing needs only their ids. What another provider knows is never touched.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from digione.core.ids import new_id
from digione.core.use_case import Row, UseCase
from digione.people.facts import one_at_a_time
from digione.people.rows import decoded


@dataclass(frozen=True, slots=True)
class Moved:
    """A table whose rows follow the person: in which column the person stands, and what makes two rows the same.

    Rows with a period are the same where their periods meet; the one that stays then lasts as long as both did.
    """

    table: str
    column: str
    same: tuple[str, ...]
    period: bool = True


#: The tables of this room that follow; the rooms above add their own. Links, identifiers and identity go another way.
MOVED = (
    Moved("people_contact", "person_id", ("kind", "value"), period=False),
    Moved("people_guardianship", "guardian_id", ("child_id",)),
    Moved("people_guardianship", "child_id", ("guardian_id",)),
    Moved("people_staffassignment", "person_id", ("organisation_id", "role")),
    Moved("people_nondisclosure", "person_id", ("source",), period=False),
)

_NOT_ENDED = "({0}.valid_to IS NULL OR {0}.valid_to >= %(day)s)"
#: What fills a gap of the record that stays, where it is this provider's alone.
_GAPS = ("birth_date", "sex", "mother_tongue", "home_municipality")


def case(uc: UseCase, ident: UUID, *, to_decide: bool = False) -> Row | None:
    """Return a duplicate case of the actor's provider, with which record stays where they were merged.

    `to_decide` keeps anybody else from deciding a case of the provider until this transaction has ended: cases may
    share a person.
    """
    if to_decide:
        one_at_a_time(uc, uc.actor.provider_id)
    return uc.row(
        "SELECT d.id, d.reason, d.status, d.person_id, d.other_person_id, d.sys_from AS since, s.successor_id AS kept"
        " FROM people_duplicatecase d"
        " LEFT JOIN people_personsuccession s ON s.provider_id = d.provider_id AND s.case_id = d.id"
        " WHERE d.provider_id = %s AND d.id = %s",
        [uc.actor.provider_id, ident],
    )


def cases(uc: UseCase, where: str, parameters: Sequence[Any], *, at_most: int) -> list[Row]:
    """Return duplicate cases of the actor's provider with both names and what was decided, the open ones first.

    `where` tells of `d`, the case, which of them the actor may see.
    """
    found = uc.rows(
        "SELECT d.id, d.reason, d.status, d.sys_from AS since, s.successor_id AS kept, p.id AS person_id, p.given_name,"
        " p.family_name, p.birth_date, o.id AS other_id, o.given_name AS other_given_name,"
        " o.family_name AS other_family_name, o.birth_date AS other_birth_date"
        " FROM people_duplicatecase d JOIN people_person p ON p.id = d.person_id"
        " JOIN people_person o ON o.id = d.other_person_id"
        " LEFT JOIN people_personsuccession s ON s.provider_id = d.provider_id AND s.case_id = d.id"
        f" WHERE d.provider_id = %s AND ({where})"
        " ORDER BY d.status <> 'open', CASE WHEN d.status <> 'open' THEN d.sys_from END DESC, p.sort_key, d.id LIMIT %s",
        [uc.actor.provider_id, *parameters, at_most],
    )
    uc.showed("people_duplicatecase", found)
    return found


def successor(uc: UseCase, person: UUID) -> UUID:
    """Return the record to which an old id leads within the reach; `person` itself where it stands."""
    found = uc.json("SELECT successor_id FROM people_personsuccession WHERE person_id = %s LIMIT 1", [person])
    return found or person


def identities(uc: UseCase, persons: Sequence[UUID]) -> list[Row]:
    """Return each person's identity, bases, kinds of identifiers, and the sources that told of them, in that order."""
    found = uc.rows(
        """
        SELECT p.id, p.given_name, p.family_name, p.first_names, p.birth_date, p.sex, p.mother_tongue, p.nationalities,
               p.non_disclosure,
               (SELECT array_agg(DISTINCT k.source ORDER BY k.source) FROM core_sourcekey k
                WHERE k.provider_id = %(provider)s AND k.target_id = p.id AND k.kind = 'person') AS sources,
               (SELECT array_agg(DISTINCT l.basis ORDER BY l.basis) FROM people_providerperson l
                WHERE l.provider_id = %(provider)s AND l.person_id = p.id) AS bases,
               (SELECT array_agg(DISTINCT i.kind) FROM people_identifier i WHERE i.person_id = p.id AND i.current
                AND (i.provider_id IS NULL OR i.provider_id = %(provider)s)) AS identifiers
        FROM people_person p WHERE p.id = ANY (%(persons)s)
        """,
        {"provider": uc.actor.provider_id, "persons": list(persons)},
    )
    uc.showed("people_person", found)
    uc.touched("people_identifier", "kind")
    return sorted(found, key=lambda row: list(persons).index(row["id"]))


def relations(uc: UseCase, persons: Sequence[UUID]) -> list[Row]:
    """Return contacts, guardians, children and posts of `persons` at the actor's provider, each with its source."""
    uc.touched("people_contact", "value")
    uc.touched("people_guardianship", "guardian_id", "child_id", "limits")
    uc.touched("people_staffassignment", "organisation_id", "role")
    return decoded(
        uc.rows(
            f"""
        SELECT found.person_id, found.field, found.value, coalesce(k.source, found.source) AS source FROM (
            SELECT c.person_id, c.kind AS field, jsonb_build_object('text', c.value) AS value, c.id, NULL AS source
            FROM people_contact c WHERE c.provider_id = %(provider)s AND c.person_id = ANY (%(persons)s)
              AND {_NOT_ENDED.format("c")}
            UNION ALL
            SELECT g.child_id, 'guardians', jsonb_build_object('text', p.given_name || ' ' || p.family_name, 'limits', g.limits),
                   g.id, g.source
            FROM people_guardianship g JOIN people_person p ON p.id = g.guardian_id
            WHERE g.provider_id = %(provider)s AND g.child_id = ANY (%(persons)s) AND {_NOT_ENDED.format("g")}
            UNION ALL
            SELECT g.guardian_id, 'children', jsonb_build_object('text', p.given_name || ' ' || p.family_name), g.id, g.source
            FROM people_guardianship g JOIN people_person p ON p.id = g.child_id
            WHERE g.provider_id = %(provider)s AND g.guardian_id = ANY (%(persons)s) AND {_NOT_ENDED.format("g")}
            UNION ALL
            SELECT a.person_id, 'posts', jsonb_build_object('role', a.role, 'place', o.name), a.id, NULL
            FROM people_staffassignment a JOIN organisations_organisation o ON o.id = a.organisation_id
            WHERE a.provider_id = %(provider)s AND a.person_id = ANY (%(persons)s) AND {_NOT_ENDED.format("a")}
        ) found
        LEFT JOIN LATERAL (SELECT min(k.source) AS source FROM core_sourcekey k
                           WHERE k.provider_id = %(provider)s AND k.target_id = found.id) k ON true
        ORDER BY found.field, found.value::text
        """,
            {"provider": uc.actor.provider_id, "persons": list(persons), "day": uc.today},
        ),
        "value",
    )


def objections(uc: UseCase, kept: UUID, ended: UUID) -> list[str]:
    """Return why two records cannot be one person, or why this provider alone may not end the one; codes, or nothing."""
    found = uc.row(
        """
        SELECT EXISTS (SELECT 1 FROM people_identifier k JOIN people_identifier o ON o.kind = k.kind AND o.digest <> k.digest
                       WHERE k.person_id = %(kept)s AND o.person_id = %(ended)s AND k.kind = 'hetu' AND k.current
                         AND o.current AND k.provider_id IS NULL AND o.provider_id IS NULL) AS identity_codes_differ,
               EXISTS (SELECT 1 FROM people_guardianship g WHERE g.provider_id = %(provider)s
                       AND (g.guardian_id, g.child_id) IN ((%(kept)s, %(ended)s), (%(ended)s, %(kept)s))) AS kin,
               people_linked_elsewhere(%(ended)s, %(day)s) AS held_back
        """,
        {"provider": uc.actor.provider_id, "kept": kept, "ended": ended, "day": uc.today},
    )
    return [code for code, holds in (found or {}).items() if holds]


class Merging:
    """One merge of two records at the actor's provider: moves everything of `ended` to `kept`, and notes the ids."""

    def __init__(self, uc: UseCase, kept: UUID, ended: UUID, moved: Sequence[Moved]) -> None:
        self.uc, self.kept, self.ended, self.moved = uc, kept, ended, moved
        self.values = {"provider": uc.actor.provider_id, "kept": kept, "ended": ended, "day": uc.today}
        self.touched: dict[str, list[str]] = {}
        self.twins: dict[str, str] = {}

    def run(self, case_id: UUID) -> None:
        """Merge, and write the succession by which old ids are followed and the merge can be undone."""
        self._guard_limits()
        for table in self.moved:
            self._move(table)
        self._identifiers()
        self._links()
        self._identity()
        self._cases(case_id)
        keys = self._source_keys()
        self._note(
            "access_account",
            "UPDATE access_account SET person_id = %(kept)s WHERE person_id = %(ended)s RETURNING id",
        )
        self._note(
            "people_personsuccession",
            "UPDATE people_personsuccession SET successor_id = %(kept)s WHERE provider_id = %(provider)s"
            " AND successor_id = %(ended)s RETURNING id",
        )
        self.uc.execute(
            # The moment of the transaction, by which the history of every row that it touched is found again.
            "INSERT INTO people_personsuccession"
            " (id, provider_id, person_id, successor_id, case_id, decided_at, touched, state)"
            " VALUES (%(id)s, %(provider)s, %(ended)s, %(kept)s, %(case)s, now(), %(touched)s::jsonb, %(state)s)",
            {
                **self.values,
                "id": new_id(),
                "case": case_id,
                "touched": json.dumps({"rows": self.touched, "keys": keys}),
                "state": state(self.uc, self.kept, self.ended, self.moved),
            },
        )

    def _note(self, table: str, sql: str, **more: Any) -> None:
        ids = [str(row["id"]) for row in self.uc.rows(sql, {**self.values, **more})]
        self.touched[table] = list(dict.fromkeys([*self.touched.get(table, []), *ids]))

    def _guard_limits(self) -> None:
        # Where one record limits a guardian and the other does not, the stricter holds: a merge must open nothing.
        for mine, theirs in (("child_id", "guardian_id"), ("guardian_id", "child_id")):
            self._note(
                "people_guardianship",
                f"UPDATE people_guardianship g SET limits = strict.limits FROM ("
                f" SELECT x.{theirs} AS party, array_agg(DISTINCT one.word ORDER BY one.word) AS limits"
                " FROM people_guardianship x CROSS JOIN LATERAL unnest(x.limits) AS one (word)"
                f" WHERE x.provider_id = %(provider)s AND x.{mine} IN (%(kept)s, %(ended)s) AND {_NOT_ENDED.format('x')}"
                " GROUP BY 1) strict"
                f" WHERE g.provider_id = %(provider)s AND g.{mine} IN (%(kept)s, %(ended)s) AND g.{theirs} = strict.party"
                f" AND {_NOT_ENDED.format('g')} AND NOT g.limits @> strict.limits RETURNING g.id",
            )

    def _move(self, moved: Moved) -> None:
        table, column = moved.table, moved.column
        same = " AND ".join(f"k.{name} IS NOT DISTINCT FROM o.{name}" for name in moved.same)
        first = ""
        if moved.period:
            same += " AND k.valid_from <= coalesce(o.valid_to, 'infinity') AND o.valid_from <= coalesce(k.valid_to, 'infinity')"
            first = "k.valid_from, "
        twins = {
            str(row["id"]): str(row["twin"])
            for row in self.uc.rows(
                f"SELECT DISTINCT ON (o.id) o.id, k.id AS twin FROM {table} o JOIN {table} k"
                f" ON k.provider_id = o.provider_id AND k.{column} = %(kept)s AND {same}"
                f" WHERE o.provider_id = %(provider)s AND o.{column} = %(ended)s ORDER BY o.id, {first}k.id",
                self.values,
            )
        }
        pairs = {"ids": list(twins), "twins": list(twins.values())}
        if moved.period:
            self._note(
                table,
                f"UPDATE {table} k SET valid_from = least(k.valid_from, w.since), valid_to = CASE WHEN k.valid_to IS NULL"
                " OR w.until IS NULL THEN NULL ELSE greatest(k.valid_to, w.until) END FROM ("
                " SELECT t.twin, min(o.valid_from) AS since,"
                " CASE WHEN bool_or(o.valid_to IS NULL) THEN NULL ELSE max(o.valid_to) END AS until"
                f" FROM {table} o JOIN unnest(%(ids)s::uuid[], %(twins)s::uuid[]) AS t (id, twin) ON o.id = t.id GROUP BY 1) w"
                " WHERE k.id = w.twin AND (k.valid_from > w.since OR k.valid_to < coalesce(w.until, 'infinity')) RETURNING k.id",
                **pairs,
            )
        self._note(table, f"DELETE FROM {table} WHERE id = ANY (%(ids)s::uuid[]) RETURNING id", **pairs)
        self._note(
            table,
            f"UPDATE {table} SET {column} = %(kept)s WHERE provider_id = %(provider)s AND {column} = %(ended)s RETURNING id",
        )
        self.twins |= twins

    def _identifiers(self) -> None:
        # The record that stays keeps its current identifiers; those that come beside them are kept as earlier ones.
        self._note(
            "people_identifier",
            "UPDATE people_identifier o SET person_id = %(kept)s, current = o.current AND NOT EXISTS ("
            "  SELECT 1 FROM people_identifier k WHERE k.person_id = %(kept)s AND k.kind = o.kind AND k.current"
            "  AND k.provider_id IS NOT DISTINCT FROM o.provider_id)"
            " WHERE o.person_id = %(ended)s AND (o.provider_id IS NULL OR o.provider_id = %(provider)s) RETURNING o.id",
        )

    def _links(self) -> None:
        for link in self.uc.rows(
            "SELECT basis, valid_from, valid_to FROM people_providerperson"
            " WHERE provider_id = %(provider)s AND person_id = %(ended)s",
            self.values,
        ):
            (kept,) = self.uc.rows(
                "INSERT INTO people_providerperson AS l (id, provider_id, person_id, basis, valid_from, valid_to)"
                " VALUES (%(id)s, %(provider)s, %(kept)s, %(basis)s, %(valid_from)s, %(valid_to)s)"
                " ON CONFLICT (provider_id, person_id, basis) DO UPDATE SET"
                " valid_from = least(l.valid_from, excluded.valid_from), valid_to = CASE WHEN l.valid_to IS NULL"
                " OR excluded.valid_to IS NULL THEN NULL ELSE greatest(l.valid_to, excluded.valid_to) END"
                " RETURNING l.id, l.id = %(id)s AS made",
                {**self.values, **link, "id": new_id()},
            )
            self.touched.setdefault("made" if kept["made"] else "people_providerperson", []).append(str(kept["id"]))
        # The links of the record that ended stay, closed: apps then see its id as one that is to be deleted.
        self._note(
            "people_providerperson",
            "UPDATE people_providerperson SET valid_from = least(valid_from, %(day)s - 1), valid_to = %(day)s - 1"
            " WHERE provider_id = %(provider)s AND person_id = %(ended)s AND (valid_to IS NULL OR valid_to >= %(day)s)"
            " RETURNING id",
        )

    def _identity(self) -> None:
        # Non-disclosure of either holds for both. Other gaps are filled only where nobody else masters the record.
        own = "NOT people_linked_elsewhere(k.id, %(day)s)"
        new = ["k.non_disclosure OR o.non_disclosure"]
        new += [f"CASE WHEN {own} THEN coalesce(k.{name}, o.{name}) ELSE k.{name} END" for name in _GAPS]
        names = ["non_disclosure", *_GAPS]
        self._note(
            "people_person",
            f"UPDATE people_person k SET ({', '.join(names)}) = ROW({', '.join(new)}) FROM people_person o"
            " WHERE k.id = %(kept)s AND o.id = %(ended)s"
            f" AND ({', '.join(f'k.{name}' for name in names)}) IS DISTINCT FROM ({', '.join(new)}) RETURNING k.id",
        )

    def _cases(self, case_id: UUID) -> None:
        # Another open case of the ended record goes on about the one that stays, unless there is one already.
        third = "CASE WHEN d.person_id = %(ended)s THEN d.other_person_id ELSE d.person_id END"
        self._note(
            "people_duplicatecase",
            f"UPDATE people_duplicatecase d SET person_id = least(%(kept)s, {third}), other_person_id = greatest(%(kept)s, {third})"
            " WHERE d.provider_id = %(provider)s AND d.status = 'open' AND d.id <> %(case)s"
            " AND %(ended)s IN (d.person_id, d.other_person_id) AND NOT EXISTS (SELECT 1 FROM people_duplicatecase x"
            f" WHERE x.provider_id = d.provider_id AND x.person_id = least(%(kept)s, {third})"
            f" AND x.other_person_id = greatest(%(kept)s, {third})) RETURNING d.id",
            case=case_id,
        )
        self._note(
            "people_duplicatecase",
            "DELETE FROM people_duplicatecase WHERE provider_id = %(provider)s AND status = 'open' AND id <> %(case)s"
            " AND %(ended)s IN (person_id, other_person_id) RETURNING id",
            case=case_id,
        )

    def _source_keys(self) -> list[list[Any]]:
        """Turn what the sources call the ended rows to those that stay, so that the next import finds them."""
        turned = {**self.twins, str(self.ended): str(self.kept)}
        values = {**self.values, "old": list(turned), "new": list(turned.values())}
        keys = self.uc.rows(
            "SELECT source, kind, key, target_id::text, masters FROM core_sourcekey"
            " WHERE provider_id = %(provider)s AND target_id = ANY (%(old)s::uuid[])",
            values,
        )
        # The ended record's source masters the identity of the record that stays no more than any other source does.
        self.uc.execute(
            "UPDATE core_sourcekey SET masters = false WHERE provider_id = %(provider)s AND kind = 'person'"
            " AND target_id = %(ended)s",
            values,
        )
        # Nor does who masters a row that became one with another: that one's master does.
        self.uc.execute(
            "UPDATE core_sourcekey k SET masters = false FROM unnest(%(old)s::uuid[], %(new)s::uuid[]) AS t (old, new)"
            " WHERE k.provider_id = %(provider)s AND k.target_id = t.old AND k.masters AND EXISTS (SELECT 1"
            " FROM core_sourcekey m WHERE m.provider_id = %(provider)s AND m.target_id = t.new AND m.masters)",
            values,
        )
        self.uc.execute(
            "UPDATE core_sourcekey k SET target_id = t.new FROM unnest(%(old)s::uuid[], %(new)s::uuid[]) AS t (old, new)"
            " WHERE k.provider_id = %(provider)s AND k.target_id = t.old",
            values,
        )
        return [[row["source"], row["kind"], row["key"], row["target_id"], row["masters"]] for row in keys]


def state(uc: UseCase, kept: UUID, ended: UUID, moved: Sequence[Moved]) -> str:
    """Return a digest of everything that the provider holds of both persons, but for the moments of change."""
    parts = ["SELECT to_jsonb(t) - 'sys_from' AS row FROM people_person t WHERE t.id IN (%(kept)s, %(ended)s)"]
    parts += [
        f"SELECT to_jsonb(t) - 'sys_from' FROM {table} t WHERE t.provider_id = %(provider)s"
        f" AND t.{column} IN (%(kept)s, %(ended)s)"
        for table, column in [("people_providerperson", "person_id"), *((row.table, row.column) for row in moved)]
    ]
    parts.append(
        "SELECT to_jsonb(t) - 'sys_from' FROM people_identifier t WHERE t.person_id IN (%(kept)s, %(ended)s)"
        " AND (t.provider_id IS NULL OR t.provider_id = %(provider)s)"
    )
    found = uc.json(
        f"SELECT md5(string_agg(row::text, '|' ORDER BY row::text)) FROM ({' UNION ALL '.join(parts)}) held",
        {"provider": uc.actor.provider_id, "kept": kept, "ended": ended},
    )
    return str(found)


def unmerge(uc: UseCase, case_id: UUID, moved: Sequence[Moved]) -> bool:
    """Put everything back where it was before the merge of this case; False, and nothing done, if more has come since."""
    found = uc.row(
        "SELECT id, person_id, successor_id, decided_at, touched, state FROM people_personsuccession"
        " WHERE provider_id = %s AND case_id = %s FOR UPDATE",
        [uc.actor.provider_id, case_id],
    )
    if found is None or state(uc, found["successor_id"], found["person_id"], moved) != found["state"]:
        return False
    (done,) = decoded([found], "touched")
    rows = dict(done["touched"]["rows"])
    uc.execute("DELETE FROM people_personsuccession WHERE id = %s", [done["id"]])
    uc.execute(
        "UPDATE access_account SET person_id = %s WHERE id = ANY (%s::uuid[])",
        [done["person_id"], rows.pop("access_account", [])],
    )
    uc.execute("DELETE FROM people_providerperson WHERE id = ANY (%s::uuid[])", [rows.pop("made", [])])
    for table, ids in rows.items():
        _restore(uc, table, ids, done["decided_at"])
    for source, kind, key, target, masters in done["touched"]["keys"]:
        uc.execute(
            "INSERT INTO core_sourcekey AS k (provider_id, source, kind, key, target_id, masters)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (provider_id, source, kind, key)"
            " DO UPDATE SET target_id = excluded.target_id, masters = excluded.masters",
            [uc.actor.provider_id, source, kind, key, target, masters],
        )
    return True


def _restore(uc: UseCase, table: str, ids: list[str], moment: Any) -> None:
    """Write rows as their history knows them from just before `moment`: changed ones back, removed ones anew."""
    columns = uc.json(
        "SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attname NOT IN ('id', 'sys_from')",
        [table],
    )
    names, olds = ", ".join(columns), ", ".join(f"h.{name}" for name in columns)
    was = f"FROM {table}_history h WHERE h.id = ANY (%s::uuid[]) AND h.sys_to = %s"
    uc.execute(
        f"UPDATE {table} t SET ({names}) = ROW({olds}) {was} AND t.id = h.id"
        + (" AND t.status = 'open'" if table == "people_duplicatecase" else ""),
        [ids, moment],
    )
    uc.execute(f"INSERT INTO {table} (id, {names}) SELECT h.id, {olds} {was} ON CONFLICT DO NOTHING", [ids, moment])
