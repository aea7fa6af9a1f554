"""Whose word holds where several sources speak of one row: an import changes only what its source masters.

The source that brought a row masters it, and so stands in the row's key (`core_sourcekey.masters`). Another one that
means the same row (the staff's table and the learners' mean one 3B) changes nothing of it: what it says otherwise is
held back and told by file, line and field. A source that says nothing of a field (an empty list of grades, no first
day) does not contradict. A row that no source masters is the register's, and one that the desk has written is
DigiOne's own (its key names DigiOne as the source): from both, all imports are held back.

Mastership passes on: to another source that has the row when the master's file drops it, or to the one that brings it
back when nobody had it any more. The heir's hash is emptied, so that its next file is compared and written. A group of
which its master tells the code alone passes to the source that tells its grade.
"""

from collections.abc import Mapping
from typing import Any

from digione.integrations.loading.merge import LASTING, Merge
from digione.studies.placement_facts import DESK

#: What stands differs in no language from the name that is told.
_NAMED = "EXISTS (SELECT 1 FROM jsonb_each_text(t.{0}) n WHERE n.value = r.{1})"
#: At most so many lines of a kind stand in the reconciliation.
_LINES = 1_000


def other_name(column: str, told: str = "title") -> str:
    """Return SQL that is true where the row tells a name that the standing one has in no language."""
    return f"r.{told} <> '' AND NOT {_NAMED.format(column, told)}"


def kept_name(column: str) -> str:
    """Return SQL for the title that a known row gets: the standing one, in all its languages, where it is told again."""
    return f"CASE WHEN {_NAMED.format(column, 'title')} THEN t.{column} ELSE jsonb_build_object('fi', r.title) END"


def other(column: str, told: str | None = None) -> str:
    """Return SQL that is true where the row tells something and something else stands."""
    told = told or f"r.{column}"
    return f"{told} IS NOT NULL AND t.{column} IS DISTINCT FROM {told}"


def other_list(column: str) -> str:
    """Return SQL that is true where the row tells a list and another one stands; their order says nothing."""
    return f"r.{column} <> '{{}}' AND NOT (r.{column} @> t.{column} AND t.{column} @> r.{column})"


#: A period's fields. A row without a last day goes on, and contradicts only what has ended.
PERIOD = {
    "valid_from": other("valid_from"),
    "valid_to": "CASE WHEN r.valid_to IS NULL THEN t.valid_to < %(day)s ELSE t.valid_to IS DISTINCT FROM r.valid_to END",
}


def hold_back(merge: Merge, kind: str, tables: Mapping[str, Mapping[str, str]]) -> None:
    """Keep `write` from rows of the kind that another source masters, and tell where what they say differs.

    `tables`: each table that has rows of the kind → field → SQL over `r`, the ready row, and `t`, the standing one,
    that is true where they differ. Runs after the kind's rows were linked and before `remember`. A changed row that is
    not written becomes `held`, or `agreed` where nothing differs.
    """
    if not merge.foreign(kind, "linked", "changed"):
        return
    take_over(merge, kind)
    held = []
    for table, fields in tables.items():
        told = ", ".join(f"CASE WHEN {differs} THEN '{name}' END" for name, differs in fields.items())
        held += merge.rows(
            f"WITH seen AS (UPDATE ready_{kind} r SET state = CASE WHEN r.state = 'linked' THEN 'linked'"
            " WHEN d.fields = '' THEN 'agreed' ELSE 'held' END FROM ("
            f" SELECT r.key, concat_ws(', ', {told}) AS fields FROM ready_{kind} r JOIN {table} t ON t.id = r.id"
            " AND t.provider_id = %(provider)s WHERE r.state IN ('linked', 'changed') AND NOT r.masters) d"
            " WHERE d.key = r.key RETURNING r.line, r.key, d.fields)"
            " SELECT line, key, fields FROM seen WHERE fields <> ''"
        )
    _tell_held(merge, kind, held)


def hold_back_of_placed(merge: Merge) -> None:
    """Keep enrolments of learners in home groups from being added beside the place that the desk gave them.

    The desk's placement masters which home group the learner is in (`studies.placement_facts`). A row that names the same
    group agrees; one that names another is held back and told. Neither gets a key, so it is added by the next run after the
    placement was undone. One that is over says nothing any more. Runs after the kind's rows were linked.
    """
    if not merge.has("enrolment", "added") or not merge.count(
        "SELECT count(*) FROM (SELECT 1 FROM core_sourcekey k WHERE k.provider_id = %(provider)s"
        f" AND k.source = '{DESK}' AND k.kind = 'enrolment' LIMIT 1) k"
    ):
        return
    held = merge.rows(
        "WITH seen AS (UPDATE ready_enrolment r SET state = CASE WHEN t.group_id = r.group_id THEN 'agreed' ELSE 'held' END"
        " FROM core_sourcekey k JOIN studies_enrolment t ON t.provider_id = k.provider_id AND t.id = k.target_id,"
        " studies_group g WHERE k.provider_id = %(provider)s"
        f" AND k.source = '{DESK}' AND k.kind = 'enrolment' AND k.masters"
        " AND r.state = 'added' AND r.role = 'student' AND r.person_id = t.person_id"
        " AND g.provider_id = %(provider)s AND g.id = r.group_id AND g.kind = ANY (ARRAY['home_group', 'care_group'])"
        " AND (t.valid_to IS NULL OR t.valid_to >= %(day)s AND coalesce(r.valid_from, %(since)s) <= t.valid_to)"
        " AND (r.valid_to IS NULL OR r.valid_to >= t.valid_from)"
        " RETURNING r.line, r.key, 'group' AS fields, r.state)"
        " SELECT line, key, fields FROM seen WHERE state = 'held'"
    )
    merge.recount("enrolment")
    _tell_held(merge, "enrolment", held)


def end_placements_with_school(merge: Merge) -> None:
    """Let the desk's placements end with the learner's time at the school; no source's file would end them.

    Runs after what the source no longer has was ended: a teacher sees a learner for as long as both are there.
    """
    merge.execute(
        "UPDATE studies_enrolment e SET valid_to = greatest(e.valid_from, l.last) FROM core_sourcekey k"
        " JOIN studies_enrolment p ON p.provider_id = k.provider_id AND p.id = k.target_id"
        " CROSS JOIN LATERAL (SELECT coalesce(max(coalesce(s.valid_to, 'infinity')), %(day)s - 1) AS last"
        " FROM studies_schoolenrolment s WHERE s.provider_id = p.provider_id AND s.person_id = p.person_id"
        " AND s.school_id = p.school_id AND (s.valid_to IS NULL OR s.valid_to >= %(day)s)) l"
        f" WHERE k.provider_id = %(provider)s AND k.source = '{DESK}' AND k.kind = 'enrolment' AND k.masters"
        " AND e.provider_id = p.provider_id AND e.id = p.id AND (p.valid_to IS NULL OR p.valid_to >= %(day)s)"
        " AND coalesce(p.valid_to, 'infinity') > greatest(p.valid_from, l.last)"
    )


def _tell_held(merge: Merge, kind: str, held: list[dict[str, Any]]) -> None:
    """Count and tell rows (`line`, `key`, `fields`) that were held back, in the order of the file."""
    merge.report.count(kind, held_back=len(held))
    held.sort(key=lambda row: (row["line"], row["key"]))
    for row in held:
        file, line, columns = merge.blame(kind, row, *row["fields"].split(", "))
        merge.report.problems.warning(file, line, columns, "held-back.row")
    merge.report.reconciliation += [
        {"kind": kind, "key": row["key"], "line": row["line"], "in_source": True, "in_ours": True, "why": "held back"}
        for row in held[:_LINES]
    ]


def pass_on_bare_groups(merge: Merge) -> None:
    """Let a source that tells a group's grade master it, where the one that brought it told its code alone.

    The staff's table has no column of grades. Where it comes before the learners', its groups would be without one for
    good. Runs after the groups were linked and before `hold_back`.
    """
    if not merge.foreign("group", "linked", "changed"):
        return
    merge.execute(
        "WITH bare AS (SELECT DISTINCT ON (r.id) r.key, k.source AS old_source, k.key AS old_key"
        " FROM ready_group r JOIN studies_group t ON t.provider_id = %(provider)s AND t.id = r.id"
        " JOIN core_sourcekey k ON k.provider_id = %(provider)s AND k.kind = 'group' AND k.target_id = r.id AND k.masters"
        f" WHERE r.state IN ('linked', 'changed') AND NOT r.masters AND k.source <> '{DESK}'"
        " AND r.grades <> '{}' AND t.grades = '{}' AND t.subjects = '{}' AND t.course_id IS NULL"
        " AND t.title = jsonb_build_object('fi', t.code) AND NOT EXISTS (SELECT 1 FROM studies_groupsession g"
        " WHERE g.provider_id = t.provider_id AND g.group_id = t.id) ORDER BY r.id, r.line),"
        " released AS (UPDATE core_sourcekey k SET masters = false FROM bare b WHERE k.provider_id = %(provider)s"
        " AND k.source = b.old_source AND k.kind = 'group' AND k.key = b.old_key)"
        " UPDATE ready_group r SET masters = true FROM bare b WHERE b.key = r.key"
    )


def take_over(merge: Merge, kind: str) -> None:
    """Let a row master what its master's source has dropped, before this run or in it (under a new id, perhaps)."""
    merge.execute(
        f"WITH left_over AS (SELECT DISTINCT ON (r.id) r.key, k.source AS old_source, k.key AS old_key"
        f" FROM ready_{kind} r JOIN core_sourcekey k ON k.target_id = r.id"
        f" WHERE r.state IN ('linked', 'changed') AND NOT r.masters AND k.provider_id = %(provider)s AND k.kind = '{kind}'"
        f" AND k.masters AND (NOT {LASTING} OR k.source = %(source)s"
        f" AND EXISTS (SELECT 1 FROM gone_{kind} g WHERE g.key = k.key)) ORDER BY r.id, r.line),"
        " released AS (UPDATE core_sourcekey k SET masters = false FROM left_over l WHERE k.provider_id = %(provider)s"
        f" AND k.source = l.old_source AND k.kind = '{kind}' AND k.key = l.old_key)"
        f" UPDATE ready_{kind} r SET masters = true FROM left_over l WHERE l.key = r.key"
    )
