"""The schools of a roster: found in the register by OID, school code or exact name, made, or refused with their rows."""

from digione.core.texts import sort_key
from digione.integrations.loading.mastership import hold_back, other_name
from digione.integrations.loading.merge import MASTERED, Merge


def find_schools(merge: Merge) -> None:
    """Make `found_school`: which organisation of the provider each staged school is. Unknown ones are absent."""
    merge.execute("DROP TABLE IF EXISTS found_school")
    merge.execute(
        "CREATE TEMP TABLE found_school ON COMMIT DROP AS SELECT DISTINCT ON (key) key, id FROM ("
        "SELECT key, %(provider)s AS id, 1 AS rank FROM stage_school WHERE is_provider"
        " UNION ALL SELECT s.key, o.id, 2 FROM stage_school s JOIN organisations_organisation o"
        " ON o.provider_id = %(provider)s AND (o.oid = ANY (s.match) OR o.school_code = ANY (s.match))"
        # People write a school's name; within one provider it is taken when exactly one school bears it.
        " UNION ALL SELECT s.key, n.id, 3 FROM stage_school s JOIN (SELECT n.value AS name, min(o.id::text)::uuid AS id"
        " FROM organisations_organisation o CROSS JOIN LATERAL jsonb_each_text(o.name) n WHERE o.provider_id = %(provider)s"
        " AND 'school' = ANY (o.kinds) GROUP BY n.value HAVING count(DISTINCT o.id) = 1) n ON n.name = s.name"
        ") f ORDER BY key, rank, id"
    )


def refuse_unknown_schools(merge: Merge) -> None:
    """Refuse each row that names an unknown school, and whoever stands in no other row."""
    unknown = (
        "(SELECT s.key FROM stage_school s WHERE NOT EXISTS (SELECT 1 FROM found_school f WHERE f.key = s.key)"
        " AND NOT EXISTS (SELECT 1 FROM core_sourcekey k WHERE k.provider_id = %(provider)s AND k.source = %(source)s"
        " AND k.kind = 'school' AND k.key = s.key))"
    )
    for row in merge.rows(
        f"SELECT key, line, school_key FROM stage_membership WHERE school_key IN {unknown} ORDER BY line"
    ):
        file, line, column = merge.blame("membership", row, "school")
        merge.report.problems.error(file, line, column, "unknown-school", value=row["school_key"][:80])
    lines = f"(SELECT line FROM stage_membership WHERE school_key IN {unknown})"
    merge.execute(f"DELETE FROM stage_guardian WHERE line IN {lines}")
    merge.execute(f"DELETE FROM stage_enrolment WHERE line IN {lines}")
    merge.execute(f"DELETE FROM stage_group WHERE school_key IN {unknown}")
    merge.execute(f"DELETE FROM stage_membership WHERE school_key IN {unknown}")
    merge.execute(f"DELETE FROM stage_school WHERE key IN {unknown}")
    merge.execute(
        "DELETE FROM stage_person p WHERE NOT EXISTS (SELECT 1 FROM stage_membership m WHERE m.person_key = p.key)"
        " AND NOT EXISTS (SELECT 1 FROM stage_guardian g WHERE p.key IN (g.guardian_key, g.child_key))"
    )


def load_schools(merge: Merge) -> None:
    """Link the schools of the register, and make the provider's own."""
    merge.ready("school", [])
    merge.link_own("school", "organisations_organisation")
    merge.link("school", "found_school t", "t.key = r.key")
    for row in merge.rows("SELECT key, line FROM ready_school WHERE state = 'added' ORDER BY line"):
        file, line, column = merge.blame("school", row, "match")
        merge.report.problems.warning(file, line, column, "school-not-in-register")
    # A school that is named by its OID or code is told no other name.
    named = f"{other_name('name', 'name')} AND r.name <> ALL (r.match)"
    hold_back(merge, "school", {"organisations_organisation": {"name": named}})
    merge.remember("school")
    merge.execute(
        "INSERT INTO organisations_organisation (id, provider_id, parent_id, kinds, name, sort_key, source)"
        " SELECT id, %(provider)s, %(provider)s, '{school}', jsonb_build_object('fi', name), '', %(source)s"
        " FROM ready_school WHERE state = 'added'"
    )
    merge.execute(
        "UPDATE organisations_organisation o SET name = jsonb_build_object('fi', r.name)"
        f" FROM ready_school r WHERE {MASTERED} AND o.id = r.id AND o.oid IS NULL AND o.provider_id = %(provider)s"
    )
    names = merge.uc.rows(f"SELECT id, name FROM ready_school r WHERE state = 'added' OR {MASTERED}")
    # Only the application knows how a name sorts in Finnish and Swedish.
    merge.uc.execute(
        "UPDATE organisations_organisation o SET sort_key = k.key FROM unnest(%s::uuid[], %s::text[]) AS k (id, key)"
        " WHERE o.id = k.id AND o.oid IS NULL AND o.sort_key <> k.key",
        [[row["id"] for row in names], [sort_key(row["name"]) for row in names]],
    )
