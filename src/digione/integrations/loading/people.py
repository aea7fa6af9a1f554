"""Matches and writes the people of a roster. Nobody is ever matched by name: only by the source's key or an identifier.

What a source does not carry it never blanks: an absent value leaves the field as it is. The source that brought a
person masters the identity; another one fills what nobody has told and is held back in the rest. Non-disclosure has
rules of its own, in `non_disclosure`.

**Who has an identifier.** A national identifier names a person only where nothing contradicts: the birth dates are the
same where both are known (a personal identity code carries one), and either the family name is the same and at least
one given name is, or all given names are the same. A family name changes; twins differ in their given names alone.
Where that fails, the row becomes a person of its own, the identifier is kept as the provider's own, and the platform
gets a case. No report tells a provider that somebody is known elsewhere: what another provider masters is held back
without a word, and a row whose identifier another provider knows reads exactly as one that nobody knows.
"""

from typing import Any

from digione.integrations.loading.mastership import take_over
from digione.integrations.loading.merge import LASTING, Merge
from digione.integrations.loading.non_disclosure import write_non_disclosure

_NAMES = ["first_names", "given_name", "family_name"]
_OPTIONAL = ["birth_date", "sex", "mother_tongue", "nationalities", "home_municipality"]
_KEYS = ["sort_key", "search_key"]
_NATIONAL = ("hetu", "learner_number")
_OWN = ("local", "username")
_CONTACTS = ("email", "phone", "address")
#: Roles of those who have no row at the school, but a guardianship.
GUARDIANS = "('guardian', 'parent', 'relative')"
#: Whom the provider knows. Of a record that was merged into another one it knows that it was.
_OWN_PEOPLE = (
    "(SELECT DISTINCT l.provider_id, l.person_id AS id FROM people_providerperson l WHERE NOT EXISTS (SELECT 1"
    " FROM people_personsuccession s WHERE s.provider_id = l.provider_id AND s.person_id = l.person_id))"
)


def load_people(merge: Merge) -> None:
    """Match the staged people, then write links, identities, identifiers and contacts, and open duplicate cases."""
    merge.ready("person", [])
    merge.link_own("person", _OWN_PEOPLE)
    merge.execute(
        "ALTER TABLE ready_person ADD COLUMN known_here boolean NOT NULL DEFAULT false,"
        " ADD COLUMN came_back boolean NOT NULL DEFAULT false, "
        + ", ".join(f"ADD COLUMN {kind}_of_another boolean NOT NULL DEFAULT false" for kind in _NATIONAL)
    )
    if merge.own_ids:
        merge.execute("UPDATE ready_person SET known_here = true WHERE state = 'linked'")
    if merge.has("person", "added", "changed"):
        for kind in _NATIONAL:
            _match(merge, kind)
        _refuse_repeated(merge)
        if merge.foreign("person", "linked", "changed"):
            take_over(merge, "person")
    merge.remember("person")
    if merge.has("person", "changed"):
        merge.execute(
            "UPDATE ready_person r SET came_back = true WHERE r.state = 'changed' AND NOT EXISTS (SELECT 1"
            " FROM people_providerperson l WHERE l.provider_id = %(provider)s AND l.person_id = r.id"
            " AND (l.valid_to IS NULL OR l.valid_to >= %(day)s))"
        )
    _link(merge)
    _lock(merge)
    if merge.has("person", "changed"):
        _agree(merge)
    if merge.has("person", "added", "linked", "changed"):
        _write_identities(merge)
        for kind in _NATIONAL + _OWN:
            _write_identifiers(merge, kind)
        _write_first_contacts(merge)
        if merge.has("person", "linked", "changed"):
            for kind in _CONTACTS:
                _write_contacts(merge, kind)
        _open_cases(merge)
    write_non_disclosure(merge)


def _match(merge: Merge, kind: str) -> None:
    """Find persons by a national identifier. What the provider itself knows otherwise is refused: a person must look."""
    merge.execute(f"DROP TABLE IF EXISTS found_{kind}")
    merge.execute(
        f"CREATE TEMP TABLE found_{kind} ON COMMIT DROP AS WITH asked AS ("
        f"SELECT key, {kind}_digest AS digest, sort_key, first_names, birth_date, row_number() OVER () AS number"
        f" FROM ready_person r WHERE {kind}_digest IS NOT NULL AND state IN ('added', 'changed', 'linked')"
        " AND (state = 'added' OR NOT EXISTS (SELECT 1 FROM people_identifier i WHERE i.person_id = r.id"
        f" AND i.kind = %(kind)s AND i.digest = r.{kind}_digest)))"
        " SELECT a.key, f.person_id, f.known_here FROM people_find_by_identifier(%(kind)s,"
        " (SELECT array_agg(digest ORDER BY number) FROM asked), (SELECT array_agg(sort_key ORDER BY number) FROM asked),"
        " (SELECT array_agg(first_names ORDER BY number) FROM asked),"
        " (SELECT array_agg(birth_date ORDER BY number) FROM asked)) f JOIN asked a ON a.number = f.number",
        kind=kind,
    )
    another = "(f.person_id IS NULL OR (r.state <> 'added' AND f.person_id <> r.id))"
    for row in merge.uc.rows(
        f"UPDATE ready_person r SET state = 'refused' FROM found_{kind} f WHERE f.key = r.key AND f.known_here"
        f" AND {another} RETURNING r.key, r.line"
    ):
        file, line, column = merge.blame("person", row, kind)
        merge.report.problems.error(file, line, column, "identifier-other-person")
    merge.execute(
        f"UPDATE ready_person r SET {kind}_of_another = true FROM found_{kind} f WHERE f.key = r.key"
        f" AND r.state <> 'refused' AND {another}"
    )
    merge.execute(
        "UPDATE ready_person r SET id = f.person_id, state = 'linked', masters = false, known_here = f.known_here"
        f" FROM found_{kind} f WHERE f.key = r.key AND r.state = 'added' AND f.person_id IS NOT NULL"
    )


def _refuse_repeated(merge: Merge) -> None:
    """Two rows that turn out to be one person: the later one is refused, and so is the second bearer of an identifier."""
    merge.recount("person")
    found: list[tuple[dict[str, Any], list[str]]] = []
    for kind in _NATIONAL:
        repeated = (
            f"SELECT {kind}_digest FROM ready_person WHERE {kind}_digest IS NOT NULL AND state <> 'refused'"
            " GROUP BY 1 HAVING count(*) > 1"
        )
        if merge.uc.row(f"{repeated} LIMIT 1"):
            found += [
                (row, [kind])
                for row in merge.rows(
                    "UPDATE ready_person r SET state = 'refused' FROM (SELECT key, row_number() OVER (PARTITION BY"
                    f" {kind}_digest ORDER BY line) AS nth FROM ready_person WHERE {kind}_digest IN ({repeated})"
                    " AND state <> 'refused') d WHERE d.key = r.key AND d.nth > 1 RETURNING r.key, r.line"
                )
            ]
    if merge.has("person", "linked"):
        earlier = (
            "FROM ready_person o WHERE r.state = 'linked' AND o.id = r.id AND o.key <> r.key AND o.state <> 'refused'"
            " AND (o.state <> 'linked' OR o.line < r.line)"
        )
        found += [
            (row, [])
            for row in merge.rows(
                f"UPDATE ready_person r SET state = 'refused' {earlier} AND r.known_here RETURNING r.key, r.line"
            )
        ]
        # That two identifiers are one person's is known elsewhere only: not to be told, so the two are kept apart.
        theirs = ", ".join(f"{kind}_of_another = r.{kind}_digest IS NOT NULL" for kind in _NATIONAL)
        merge.execute(
            f"UPDATE ready_person r SET state = 'added', id = {{id:r.line}}, masters = true, {theirs} {earlier}"
        )
    for row, fields in found:
        file, line, column = merge.blame("person", row, *fields)
        merge.report.problems.error(file, line, column, "duplicate-identifier")


#: As what the other sources of the provider know whom today.
_KNOWN_AS = " UNION ".join(
    f"SELECT t.{column} AS person_id, '{basis}' AS basis FROM core_sourcekey k JOIN {table} t ON t.id = k.target_id"
    f" WHERE k.provider_id = %(provider)s AND k.kind = '{kind}' AND k.source <> %(source)s AND {LASTING}"
    for kind, table, column, basis in (
        ("membership", "studies_schoolenrolment", "person_id", "learner"),
        ("membership", "people_staffassignment", "person_id", "staff"),
        ("guardian", "people_guardianship", "guardian_id", "guardian"),
        ("guardian", "people_guardianship", "child_id", "learner"),
    )
)


def _link(merge: Merge) -> None:
    others = own = ""
    if merge.foreign("person", "linked", "changed", "unchanged"):
        # Until when somebody belongs to the provider as what another source knows them is for the person's master to say.
        others = (
            f" LEFT JOIN ({_KNOWN_AS}) o ON o.person_id = w.id AND o.basis = w.basis LEFT JOIN people_providerperson s"
            " ON s.provider_id = %(provider)s AND s.person_id = w.id AND s.basis = w.basis"
        )
        own = " AND (w.masters OR o.person_id IS NULL OR s.id IS NULL)"
    # The link comes before the person: row-level security lets nobody write a person without a link.
    merge.execute(
        "INSERT INTO people_providerperson AS l (id, provider_id, person_id, basis, valid_from, valid_to)"
        " SELECT {id:row_number() OVER ()}, %(provider)s, w.id, w.basis, w.since, w.until FROM ("
        " SELECT p.id, bool_or(p.masters) AS masters, b.basis,"
        " least(min(coalesce(b.valid_from, %(since)s)), max(b.valid_to)) AS since,"
        " CASE WHEN bool_or(b.valid_to IS NULL) THEN NULL ELSE max(b.valid_to) END AS until FROM ("
        "  SELECT m.person_key, CASE WHEN m.role = 'student' THEN 'learner'"
        f"  WHEN m.role IN {GUARDIANS} THEN 'guardian' ELSE 'staff' END AS basis, m.valid_from, m.valid_to"
        "  FROM stage_membership m"
        "  UNION ALL SELECT guardian_key, 'guardian', valid_from, valid_to FROM stage_guardian"
        "  UNION ALL SELECT child_key, 'learner', NULL, NULL FROM stage_guardian g WHERE NOT EXISTS"
        "  (SELECT 1 FROM stage_membership m WHERE m.person_key = g.child_key)"
        "  UNION ALL SELECT s.key, CASE WHEN s.role = 'student' THEN 'learner' WHEN s.role IN " + GUARDIANS + ""
        "  THEN 'guardian' ELSE 'staff' END, NULL, NULL FROM stage_person s WHERE NOT EXISTS"
        "  (SELECT 1 FROM stage_membership m WHERE m.person_key = s.key) AND NOT EXISTS"
        "  (SELECT 1 FROM stage_guardian g WHERE g.guardian_key = s.key) AND NOT EXISTS"
        "  (SELECT 1 FROM stage_guardian g WHERE g.child_key = s.key)"
        " ) b JOIN ready_person p ON p.key = b.person_key AND p.state <> 'refused' GROUP BY p.id, b.basis"
        f") w{others}"
        # Most links stand already; to try them against the key would lock and log each of them.
        " WHERE NOT EXISTS (SELECT 1 FROM people_providerperson k WHERE k.provider_id = %(provider)s"
        f" AND k.person_id = w.id AND k.basis = w.basis AND k.valid_to IS NOT DISTINCT FROM w.until){own}"
        " ON CONFLICT (provider_id, person_id, basis) DO UPDATE SET valid_to = excluded.valid_to"
        " WHERE l.valid_to IS DISTINCT FROM excluded.valid_to"
    )


def _lock(merge: Merge) -> None:
    if not merge.has("person", "linked", "changed", "unchanged"):
        return
    # Another provider may be writing the same persons. In the order of ids nobody waits in a circle, and what is read
    # of them from here on is still so when it is written.
    merge.count(
        "SELECT count(*) FROM (SELECT 1 FROM people_person t JOIN ready_person r ON r.id = t.id"
        " WHERE r.state IN ('linked', 'changed') OR (r.non_disclosure AND r.state = 'unchanged')"
        " ORDER BY t.id FOR NO KEY UPDATE OF t) locked"
    )


def _agree(merge: Merge) -> None:
    """Let changed rows of a master be `agreed` where the person stands as they say: names, identifiers, contacts."""
    names = [*_NAMES, *_KEYS, *_OPTIONAL, "non_disclosure"]
    as_told = [f"NOT {_differ({name: f'coalesce(r.{name}, t.{name})' for name in names})}"]
    for kind in _NATIONAL + _OWN:
        held = (
            f"SELECT 1 FROM people_identifier i WHERE i.person_id = r.id AND i.kind = '{kind}' AND i.current"
            " AND (i.provider_id IS NULL OR i.provider_id = %(provider)s) AND i.digest"
        )
        as_told.append(
            f"(r.{kind}_digest IS NULL OR EXISTS ({held} = r.{kind}_digest) AND NOT EXISTS ({held} <> r.{kind}_digest))"
        )
    for kind in _CONTACTS:
        given = (
            "SELECT 1 FROM people_contact c WHERE c.provider_id = %(provider)s AND c.person_id = r.id"
            f" AND c.kind = '{kind}'"
        )
        ours = "%(source)s = ANY (c.sources)"
        as_told.append(
            f"(r.{kind} IS NULL OR (r.{kind} = '' OR EXISTS ({given} AND c.value = r.{kind} AND (c.sources = '{{}}'"
            f" OR {ours}))) AND NOT EXISTS ({given} AND c.value <> r.{kind} AND {ours}))"
        )
    merge.execute(
        "UPDATE ready_person r SET state = 'agreed' FROM people_person t WHERE r.state = 'changed' AND r.masters"
        f" AND NOT r.came_back AND t.id = r.id AND {' AND '.join(as_told)}"
    )


def _write_identities(merge: Merge) -> None:
    names = [*_NAMES, *_KEYS, *_OPTIONAL]
    inserted = [f"coalesce(r.{name}, '{{}}')" if name == "nationalities" else f"r.{name}" for name in names]
    # The alias in the log is left to its default, which is random: nothing in it may lead back to the person.
    merge.execute(
        f"INSERT INTO people_person (id, {', '.join(names)}, non_disclosure)"
        f" SELECT r.id, {', '.join(inserted)}, coalesce(r.non_disclosure, false)"
        " FROM ready_person r WHERE r.state = 'added'"
    )
    # Told in any case: a report with this figure and one without it would be told apart.
    merge.report.count("person", held_back=0)
    if not merge.has("person", "linked", "changed"):
        return
    unknown = {name: f"(t.{name} IS NULL)" for name in _OPTIONAL} | {"nationalities": "(t.nationalities = '{}')"}
    told = {name: f"coalesce(r.{name}, t.{name})" for name in names}
    filled = {name: f"CASE WHEN {unknown[name]} THEN {told[name]} ELSE t.{name} END" for name in _OPTIONAL}
    # What would still differ for one who does not master the person, once the gaps are filled.
    filled_up = {name: told[name] for name in _NAMES} | {
        name: f"CASE WHEN {unknown[name]} THEN t.{name} ELSE {told[name]} END" for name in _OPTIONAL
    }
    differing = ", ".join(
        f"CASE WHEN t.{name} IS DISTINCT FROM {value} THEN '{name}' END" for name, value in filled_up.items()
    )
    held = merge.uc.rows(
        f"SELECT r.key, r.line, concat_ws(', ', {differing}) AS fields FROM ready_person r JOIN people_person t ON t.id = r.id"
        f" WHERE r.state IN ('linked', 'changed') AND NOT r.masters AND {_differ(filled_up)}"
        # What another provider masters is held back without a word: to tell would be to tell that it knows the person.
        " AND (r.known_here OR EXISTS (SELECT 1 FROM core_sourcekey k WHERE k.provider_id = %(provider)s"
        " AND k.target_id = r.id AND k.kind = 'person' AND k.masters)) ORDER BY r.line",
        merge.values,
    )
    merge.report.count("person", held_back=len(held))
    for row in held:
        file, line, columns = merge.blame("person", row, *row["fields"].split(", "))
        merge.report.problems.warning(file, line, columns, "held-back")
    for condition, values in (("r.masters", told), ("NOT r.masters", filled)):
        merge.execute(
            f"UPDATE people_person t SET {', '.join(f'{name} = {value}' for name, value in values.items())}"
            f" FROM ready_person r WHERE r.state IN ('linked', 'changed') AND {condition} AND t.id = r.id"
            f" AND {_differ(values)}"
        )


def _differ(values: dict[str, str]) -> str:
    return f"({', '.join(f't.{name}' for name in values)}) IS DISTINCT FROM ({', '.join(values.values())})"


def _write_identifiers(merge: Merge, kind: str) -> None:
    national = kind in _NATIONAL
    provider = f"CASE WHEN r.{kind}_of_another THEN %(provider)s END" if national else "%(provider)s"
    same = f"t.person_id = r.id AND t.kind = '{kind}' AND (t.provider_id IS NULL OR t.provider_id = %(provider)s)"
    told = f"r.state IN ('linked', 'changed') AND r.{kind}_digest IS NOT NULL"
    values = (
        f"SELECT {{id:r.line}}, {provider}, r.id, '{kind}', r.{kind}_enc, r.{kind}_digest,"
        f" get_byte(r.{kind}_enc, 1) * 256 + get_byte(r.{kind}_enc, 2), %(day)s FROM ready_person r"
    )
    insert = "INSERT INTO people_identifier (id, provider_id, person_id, kind, value_enc, digest, key_id, valid_from)"
    # A national identifier that appears meanwhile is another import's: the run stops, and finds it the next time.
    conflict = "" if national else " ON CONFLICT DO NOTHING"
    merge.execute(f"{insert} {values} WHERE r.state = 'added' AND r.{kind}_digest IS NOT NULL{conflict}")
    if not merge.has("person", "linked", "changed"):
        return
    for current, ending, differs in (("false", "%(day)s", "<>"), ("true", "NULL", "=")):
        merge.execute(
            f"UPDATE people_identifier t SET current = {current}, valid_to = {ending} FROM ready_person r"
            f" WHERE {told} AND r.masters AND {same} AND t.current <> {current} AND t.digest {differs} r.{kind}_digest"
        )
    # One who does not master the person adds no second identity code. Its own ids are its own.
    other = f" AND (r.masters OR NOT EXISTS (SELECT 1 FROM people_identifier t WHERE {same} AND t.current))"
    merge.execute(
        f"{insert} {values} WHERE {told} AND NOT EXISTS (SELECT 1 FROM people_identifier t WHERE {same}"
        f" AND t.digest = r.{kind}_digest){other if national else ''}{conflict}"
    )


_ADD_CONTACT = "INSERT INTO people_contact (id, provider_id, person_id, kind, value, sources, valid_from)"


def _write_first_contacts(merge: Merge) -> None:
    if not merge.has("person", "added"):
        return
    # One statement for all kinds: what hangs on the table's triggers is worked out once.
    kinds = ", ".join(f"('{kind}', r.{kind})" for kind in _CONTACTS)
    merge.execute(
        f"{_ADD_CONTACT} SELECT {{id:row_number() OVER ()}}, %(provider)s, r.id, c.kind, c.value, ARRAY[%(source)s],"
        f" %(day)s FROM ready_person r CROSS JOIN LATERAL (VALUES {kinds}) AS c (kind, value)"
        " WHERE r.state = 'added' AND c.value <> ''"
    )


def _write_contacts(merge: Merge, kind: str) -> None:
    """A contact stands while one of its sources gives it. An empty value means that the source has none any more."""
    values = (
        f"SELECT {{id:r.line}}, %(provider)s, r.id, '{kind}', r.{kind}, ARRAY[%(source)s], %(day)s FROM ready_person r"
    )
    same = f"t.provider_id = %(provider)s AND t.person_id = r.id AND t.kind = '{kind}'"
    gone = f"{same} AND r.state = 'changed' AND t.value <> r.{kind}"
    merge.execute(f"DELETE FROM people_contact t USING ready_person r WHERE {gone} AND t.sources = ARRAY[%(source)s]")
    merge.execute(
        "UPDATE people_contact t SET sources = array_remove(t.sources, %(source)s) FROM ready_person r"
        f" WHERE {gone} AND %(source)s = ANY (t.sources)"
    )
    # One without sources is nobody's to take away, so it stays without.
    merge.execute(
        "UPDATE people_contact t SET sources = t.sources || ARRAY[%(source)s] FROM ready_person r"
        f" WHERE {same} AND r.state IN ('linked', 'changed') AND t.value = r.{kind} AND t.sources <> '{{}}'"
        " AND %(source)s <> ALL (t.sources)"
    )
    merge.execute(
        f"{_ADD_CONTACT} {values} WHERE r.state IN ('linked', 'changed') AND r.{kind} <> ''"
        f" AND NOT EXISTS (SELECT 1 FROM people_contact t WHERE {same} AND t.value = r.{kind})"
    )


def _open_cases(merge: Merge) -> None:
    """Same name and birth date at the provider: perhaps one person from two sources. A human decides.

    So does the platform where an identifier stands for somebody whom another provider knows under another name.
    """
    for kind in _NATIONAL:
        merge.execute(
            f"SELECT people_open_identifier_cases('{kind}', array_agg({kind}_digest), array_agg(id)) FROM ready_person"
            f" WHERE {kind}_of_another AND state <> 'refused'"
        )
    for row in merge.rows(
        "WITH twins AS (SELECT r.id, r.line, t.id AS other FROM ready_person r JOIN people_person t"
        " ON t.search_key = r.search_key AND t.birth_date = r.birth_date AND t.id <> r.id"
        " JOIN people_providerperson l ON l.provider_id = %(provider)s AND l.person_id = t.id"
        " WHERE r.state IN ('added', 'linked') AND NOT EXISTS (SELECT 1 FROM people_personsuccession e"
        " WHERE e.provider_id = %(provider)s AND e.person_id = t.id) GROUP BY 1, 2, 3),"
        " opened AS (INSERT INTO people_duplicatecase (id, provider_id, person_id, other_person_id, reason)"
        " SELECT {id:row_number() OVER ()}, %(provider)s, least(id, other), greatest(id, other), 'same_name_and_birth_date' FROM twins"
        " GROUP BY 3, 4 ON CONFLICT DO NOTHING RETURNING id, person_id),"
        " told AS (INSERT INTO core_outbox (id, provider_id, type, subject)"
        " SELECT {id:1}, %(provider)s, 'people.duplicate_suspected', person_id FROM opened)"
        " SELECT DISTINCT line FROM twins ORDER BY line"
    ):
        merge.report.problems.warning(
            merge.files["person"],
            row["line"],
            "",
            "possible-duplicate",
        )
