"""Matches and writes the people of a roster. Nobody is ever matched by name: only by the source's key or an identifier."""

from digione.integrations.loading.merge import NEW_ID, Merge
from digione.integrations.loading.roster import Person, columns_of

_IDENTITY = (
    "first_names given_name family_name sort_key search_key birth_date sex mother_tongue nationalities"
    " home_municipality non_disclosure"
)
_NATIONAL = ("hetu", "learner_number")
_OWN = ("local", "username")
_CONTACTS = ("email", "phone", "address")
_GUARDIANS = "('guardian', 'parent', 'relative')"


def load_people(merge: Merge) -> None:
    """Match the staged people, then write links, identities, identifiers and contacts, and open duplicate cases."""
    hashed = [name for name, _ in columns_of(Person) if name != "line" and not name.endswith("_enc")]
    merge.ready("person", hashed, [])
    merge.execute("ALTER TABLE ready_person ADD COLUMN masters boolean NOT NULL DEFAULT true")
    for kind in _NATIONAL:
        _match(merge, kind)
    _hold_back(merge)
    merge.remember("person")
    _link(merge)
    _write_identities(merge)
    for kind in _NATIONAL + _OWN:
        _write_identifiers(merge, kind)
    for kind in _CONTACTS:
        _write_contacts(merge, kind)
    _open_duplicate_cases(merge)


def _match(merge: Merge, kind: str) -> None:
    """Find persons by a national identifier. One that stands under another name is refused: a person must look."""
    merge.execute(f"DROP TABLE IF EXISTS found_{kind}")
    merge.execute(
        f"CREATE TEMP TABLE found_{kind} ON COMMIT DROP AS WITH asked AS ("
        f"SELECT key, {kind}_digest AS digest, search_key, row_number() OVER (ORDER BY key) AS number FROM ready_person"
        f" WHERE {kind}_digest IS NOT NULL AND state IN ('added', 'changed', 'linked'))"
        " SELECT a.key, f.person_id, f.taken FROM people_find_by_identifier(%(kind)s,"
        " (SELECT array_agg(digest ORDER BY number) FROM asked), (SELECT array_agg(search_key ORDER BY number) FROM asked)) f"
        " JOIN asked a ON a.number = f.number",
        kind=kind,
    )
    for row in merge.uc.rows(
        f"UPDATE ready_person r SET state = 'refused' FROM found_{kind} f WHERE f.key = r.key AND (f.taken OR"
        " (r.state <> 'added' AND f.person_id <> r.id)) RETURNING r.line"
    ):
        merge.report.problems.error(
            merge.files["person"],
            row["line"],
            kind,
            "identifier-other-person",
        )
    merge.execute(
        f"UPDATE ready_person r SET id = f.person_id, state = 'linked', masters = false FROM found_{kind} f"
        " WHERE f.key = r.key AND r.state = 'added' AND NOT f.taken"
    )
    for row in merge.uc.rows(
        "UPDATE ready_person r SET state = 'refused' FROM (SELECT key, row_number() OVER (PARTITION BY"
        f" {kind}_digest ORDER BY line) AS nth FROM ready_person WHERE {kind}_digest IS NOT NULL AND state <> 'refused') d"
        " WHERE d.key = r.key AND d.nth > 1 RETURNING r.line"
    ):
        merge.report.problems.error(merge.files["person"], row["line"], kind, "duplicate-identifier")


def _hold_back(merge: Merge) -> None:
    """A source that met a person who was known already does not master their identity: what differs is held back."""
    merge.execute(
        "UPDATE ready_person r SET masters = false WHERE r.state = 'changed' AND NOT EXISTS (SELECT 1 FROM core_sourcekey k"
        " WHERE k.provider_id = %(provider)s AND k.source = %(source)s AND k.kind = 'identity' AND k.key = r.key)"
    )
    merge.execute(
        "INSERT INTO core_sourcekey (provider_id, source, kind, key, target_id, run_id)"
        " SELECT %(provider)s, %(source)s, 'identity', key, id, %(run)s FROM ready_person WHERE state = 'added'"
    )


def _link(merge: Merge) -> None:
    # The link comes before the person: row-level security lets nobody write a person without a link.
    merge.execute(
        "INSERT INTO people_providerperson AS l (id, provider_id, person_id, basis, valid_from, valid_to)"
        " SELECT {id}, %(provider)s, id, basis, since, until FROM ("
        " SELECT p.id, b.basis, least(min(coalesce(b.valid_from, %(since)s)), max(b.valid_to)) AS since,"
        " CASE WHEN bool_or(b.valid_to IS NULL) THEN NULL ELSE max(b.valid_to) END AS until FROM ("
        "  SELECT m.person_key, CASE WHEN m.role = 'student' THEN 'learner'"
        f"  WHEN m.role IN {_GUARDIANS} THEN 'guardian' ELSE 'staff' END AS basis, m.valid_from, m.valid_to"
        "  FROM stage_membership m"
        "  UNION ALL SELECT guardian_key, 'guardian', valid_from, valid_to FROM stage_guardian"
        "  UNION ALL SELECT child_key, 'learner', NULL, NULL FROM stage_guardian g WHERE NOT EXISTS"
        "  (SELECT 1 FROM stage_membership m WHERE m.person_key = g.child_key)"
        "  UNION ALL SELECT s.key, CASE WHEN s.role = 'student' THEN 'learner' WHEN s.role IN " + _GUARDIANS + ""
        "  THEN 'guardian' ELSE 'staff' END, NULL, NULL FROM stage_person s WHERE NOT EXISTS"
        "  (SELECT 1 FROM stage_membership m WHERE m.person_key = s.key) AND NOT EXISTS"
        "  (SELECT 1 FROM stage_guardian g WHERE s.key IN (g.guardian_key, g.child_key))"
        " ) b JOIN ready_person p ON p.key = b.person_key AND p.state <> 'refused' GROUP BY p.id, b.basis) w"
        " ON CONFLICT (provider_id, person_id, basis) DO UPDATE SET valid_to = excluded.valid_to"
        " WHERE l.valid_to IS DISTINCT FROM excluded.valid_to"
    )


def _write_identities(merge: Merge) -> None:
    names = _IDENTITY.split()
    merge.execute(
        f"INSERT INTO people_person (id, audit_alias, {', '.join(names)})"
        f" SELECT r.id, {{id}}, {', '.join(f'r.{name}' for name in names)} FROM ready_person r WHERE r.state = 'added'"
    )
    differs = (
        f"({', '.join(f't.{name}' for name in names)}) IS DISTINCT FROM ({', '.join(f'r.{name}' for name in names)})"
    )
    held = merge.uc.rows(
        "SELECT r.line FROM ready_person r JOIN people_person t ON t.id = r.id"
        f" WHERE r.state IN ('linked', 'changed') AND NOT r.masters AND {differs} ORDER BY r.line"
    )
    merge.report.count("person", held_back=len(held))
    for row in held:
        merge.report.problems.warning(
            merge.files["person"],
            row["line"],
            "",
            "held-back",
        )
    merge.execute(
        f"UPDATE people_person t SET {', '.join(f'{name} = r.{name}' for name in names)} FROM ready_person r"
        f" WHERE r.state = 'changed' AND r.masters AND t.id = r.id AND {differs}"
    )


def _write_identifiers(merge: Merge, kind: str) -> None:
    provider = "NULL::uuid" if kind in _NATIONAL else "%(provider)s"
    merge.execute(
        f"UPDATE people_identifier t SET current = false, valid_to = %(day)s FROM ready_person r"
        f" WHERE r.state = 'changed' AND t.person_id = r.id AND t.kind = '{kind}' AND t.current"
        f" AND t.provider_id IS NOT DISTINCT FROM {provider} AND r.{kind}_digest IS NOT NULL AND t.digest <> r.{kind}_digest"
    )
    merge.execute(
        "INSERT INTO people_identifier (id, provider_id, person_id, kind, value_enc, digest, key_id, valid_from)"
        f" SELECT {{id}}, {provider}, r.id, '{kind}', r.{kind}_enc, r.{kind}_digest,"
        f" get_byte(r.{kind}_enc, 1) * 256 + get_byte(r.{kind}_enc, 2), %(day)s"
        f" FROM ready_person r WHERE r.state IN ('added', 'linked', 'changed') AND r.{kind}_digest IS NOT NULL"
        " ON CONFLICT DO NOTHING"
    )


def _write_contacts(merge: Merge, kind: str) -> None:
    merge.execute(
        "DELETE FROM people_contact t USING ready_person r WHERE r.state = 'changed' AND t.provider_id = %(provider)s"
        f" AND t.person_id = r.id AND t.kind = '{kind}' AND t.value IS DISTINCT FROM r.{kind}"
    )
    merge.execute(
        "INSERT INTO people_contact (id, provider_id, person_id, kind, value, valid_from)"
        f" SELECT {{id}}, %(provider)s, r.id, '{kind}', r.{kind}, %(day)s FROM ready_person r"
        f" WHERE r.state IN ('added', 'linked', 'changed') AND r.{kind} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM"
        f" people_contact t WHERE t.provider_id = %(provider)s AND t.person_id = r.id AND t.kind = '{kind}'"
        f" AND t.value = r.{kind})"
    )


def _open_duplicate_cases(merge: Merge) -> None:
    """Same name and birth date at the provider: perhaps one person from two sources. A human decides."""
    for row in merge.uc.rows(
        "WITH twins AS (SELECT r.id, r.line, t.id AS other FROM ready_person r JOIN people_person t"
        " ON t.search_key = r.search_key AND t.birth_date = r.birth_date AND t.id <> r.id"
        " JOIN people_providerperson l ON l.provider_id = %(provider)s AND l.person_id = t.id"
        " WHERE r.state = 'added' GROUP BY 1, 2, 3),"
        " opened AS (INSERT INTO people_duplicatecase (id, provider_id, person_id, other_person_id, reason)"
        " SELECT {id}, %(provider)s, least(id, other), greatest(id, other), 'same_name_and_birth_date' FROM twins"
        " GROUP BY 3, 4 ON CONFLICT DO NOTHING RETURNING id, person_id),"
        " told AS (INSERT INTO core_outbox (id, provider_id, type, subject)"
        " SELECT {id}, %(provider)s, 'people.duplicate_suspected', person_id FROM opened)"
        " SELECT DISTINCT line FROM twins ORDER BY line".replace("{id}", NEW_ID),
        merge.values,
    ):
        merge.report.problems.warning(
            merge.files["person"],
            row["line"],
            "",
            "possible-duplicate",
        )
