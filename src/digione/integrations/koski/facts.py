"""Merges staged study rights into the provider's tables: a few statements for all documents of a run.

What an app or the desk keeps (`kept_by`) is theirs: what a document says otherwise of it is held back and told.

Rows are found again by what they are: a study right by its key at the source, an attainment by its node (kinds and
modules from the top), the rest by its place. So a document that changes one mark changes one row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection

from digione.integrations.koski.documents import (
    ASSESSMENT_COLUMNS,
    ATTAINMENT_COLUMNS,
    EXTRA_COLUMNS,
    RIGHT_COLUMNS,
    STATE_COLUMNS,
    Reading,
    Spool,
)
from digione.integrations.loading.merge import Merge
from digione.integrations.loading.roster_sides import begin_reconciliation

KIND = "study_right"
#: States of a study right that is written, and of one that stood before.
_WRITTEN = "('added', 'linked', 'changed')"
_STOOD = "('linked', 'changed')"
#: Columns that say where a row stands.
_PLACED = {"parent_id", "place"}
_TYPES = {
    **dict.fromkeys(("valid_from", "valid_to", "expected_end", "confirmed_on", "assessed_on"), "date"),
    **dict.fromkeys(("place", "national_version"), "int"),
    **dict.fromkeys(("line", "right_line"), "bigint"),
    **dict.fromkeys(("staged", "above", "attainment"), "uuid"),
    **dict.fromkeys(("size", "average"), "numeric"),
    **dict.fromkeys(
        (
            *("is_purchased", "is_compulsory", "is_listed", "holds", "is_passed", "repeats_grade", "is_limited"),
            *("is_individualised", "is_weighted", "is_raise"),
        ),
        "boolean",
    ),
    **dict.fromkeys(("carried", "description", "module_title", "module_description", "mark_title"), "jsonb"),
    "told_of_person": "text[]",
    "row_hash": "bytea",
}


@dataclass(frozen=True, slots=True)
class _Child:
    """A table of rows that hang on those of `owner`, and how it is staged."""

    table: str
    stage: str
    owner: str
    owner_column: str
    columns: Sequence[str]
    #: Where in the document they stand.
    pointer: str
    #: SQL over `s`, the staged row, and `o`: whether it hangs on the ready row `o`, and on which row it hangs where all is new.
    hangs: str = "o.line = s.right_line"
    new_owner: str = "o.id"


_CHILDREN = (
    _Child("studies_studyrightstate", "state", KIND, "study_right_id", STATE_COLUMNS, "/tila"),
    _Child("studies_studyrightextra", "extra", KIND, "study_right_id", EXTRA_COLUMNS, "/lisätiedot"),
    _Child(
        "studies_assessment",
        "assessment",
        "attainment",
        "attainment_id",
        ASSESSMENT_COLUMNS,
        "/arviointi",
        hangs="o.staged = s.attainment",
        new_owner="s.attainment",
    ),
)


def load_study_rights(merge: Merge, reading: Reading, *, any_school: bool, progress: Callable[[str], None]) -> None:
    """Stage what was read and merge it. The people of the documents are merged already (`ready_person`).

    `any_school` lets a document be of a school that is another provider's, in which case the study right has no school.
    """
    progress(KIND)
    for stage, spool in (
        (KIND, reading.rights),
        ("state", reading.states),
        ("extra", reading.extras),
        ("attainment", reading.attainments),
        ("assessment", reading.assessments),
    ):
        _stage(merge, stage, spool)
    progress(f"{KIND}: merge")
    _ready(merge, reading)
    merge.nothing_gone(KIND)
    begin_reconciliation(merge, [KIND], since=merge.report.problems.refused_rows)
    _find_schools(merge, reading, any_school=any_school)
    merge.remember(KIND)
    merge.execute(f"ALTER TABLE ready_{KIND} ADD COLUMN is_new boolean")
    merge.execute(f"UPDATE ready_{KIND} SET is_new = state = 'added' WHERE state IN {_WRITTEN}")
    # A study right is changed where anything below it is, so it is not asked whether its own row would differ.
    _put(merge, "studies_studyright", f"ready_{KIND}", ("person_id", "school_id", *RIGHT_COLUMNS))
    if merge.has(KIND, "added", "linked", "changed"):
        held = {"/suoritukset": _attainments(merge)} | {child.pointer: _children(merge, child) for child in _CHILDREN}
        _tell_held(merge, reading, held)
    merge.tell(KIND, "studies.study_right")
    states = merge.states[KIND]
    merge.report.sides[KIND]["taken"] = sum(states.values()) - states.get("refused", 0)


def _tell_held(merge: Merge, reading: Reading, held: dict[str, list[int]]) -> None:
    """Count and tell what a document says otherwise of what an app or the desk keeps."""
    merge.report.count(KIND, held_back=sum(map(len, held.values())))
    for pointer, lines in held.items():
        for line in dict.fromkeys(lines):
            file, at = reading.place_of(line)
            merge.report.problems.warning(file, at, pointer, "held-back.row")


def _stage(merge: Merge, stage: str, spool: Spool) -> None:
    merge.execute(f"DROP TABLE IF EXISTS stage_{stage}")
    columns = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in spool.columns)
    merge.execute(f"CREATE TEMP TABLE stage_{stage} ({columns}) ON COMMIT DROP")
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY stage_{stage} ({', '.join(spool.columns)}) FROM STDIN") as copy,
    ):
        for piece in spool.pieces():
            copy.write(piece)
    merge.execute(f"ANALYZE stage_{stage}")


def _ready(merge: Merge, reading: Reading) -> None:
    """Say of each staged study right which row it is, in which state, and whose. That of a refused person is refused."""
    merge.execute(f"DROP TABLE IF EXISTS ready_{KIND}")
    merge.execute("SET LOCAL enable_nestloop = off")
    merge.execute(
        f"CREATE TEMP TABLE ready_{KIND} ON COMMIT DROP AS"
        " SELECT s.*, coalesce(k.target_id, {id:row_number() OVER (ORDER BY s.line)}) AS id, coalesce(k.masters, true) AS masters, p.id AS person_id,"
        " CASE WHEN p.id IS NULL THEN 'refused' WHEN k.target_id IS NULL THEN 'added'"
        " WHEN k.row_hash = s.row_hash THEN 'unchanged' ELSE 'changed' END AS state"
        f" FROM stage_{KIND} s LEFT JOIN ready_person p ON p.key = s.person_key AND p.state <> 'refused'"
        " LEFT JOIN core_sourcekey k ON k.provider_id = %(provider)s AND k.source = %(source)s"
        f" AND k.kind = '{KIND}' AND k.key = s.key"
    )
    merge.execute(f"ANALYZE ready_{KIND} (line, key, id, state)")
    merge.recount(KIND)
    for row in merge.rows(f"SELECT line FROM ready_{KIND} WHERE state = 'refused' ORDER BY line"):
        file, line = reading.place_of(row["line"])
        merge.report.problems.error(file, line, "/henkilö", "refers-to-refused")


def _find_schools(merge: Merge, reading: Reading, *, any_school: bool) -> None:
    """Find each study right's school among the provider's own; refuse those of another provider, remark on unknown ones."""
    merge.execute(f"ALTER TABLE ready_{KIND} ADD COLUMN school_id uuid")
    own = "o.provider_id = %(provider)s"
    merge.execute(
        f"UPDATE ready_{KIND} r SET school_id = o.id FROM organisations_organisation o"
        f" WHERE o.oid = r.school_oid AND r.state <> 'refused' AND {own}"
    )
    if any_school:
        return
    for row in merge.rows(
        f"UPDATE ready_{KIND} r SET state = 'refused' FROM organisations_organisation o"
        f" WHERE o.oid = r.school_oid AND r.state <> 'refused' AND NOT {own} RETURNING r.line, r.school_oid"
    ):
        file, line = reading.place_of(row["line"])
        merge.report.problems.error(file, line, "/oppilaitos/oid", "koski.other-school", value=row["school_oid"])
    for row in merge.rows(
        f"SELECT DISTINCT r.school_oid FROM ready_{KIND} r WHERE r.state <> 'refused' AND r.school_oid IS NOT NULL"
        " AND r.school_id IS NULL ORDER BY 1"
    ):
        merge.report.problems.warning("", 0, "/oppilaitos/oid", "koski.unknown-school", value=row["school_oid"])


def _attainments(merge: Merge) -> list[int]:
    """Write the attainments of written study rights; return the lines of what is held back. One that stands is found by its node."""
    names = ("place", "node", *ATTAINMENT_COLUMNS)
    _add(merge, "studies_attainment", "attainment", {"study_right_id": "o.id", "parent_id": "s.above"}, names)
    if not merge.has(KIND, "linked", "changed"):
        return []
    merge.execute("DROP TABLE IF EXISTS ready_attainment")
    merge.execute(
        "CREATE TEMP TABLE ready_attainment ON COMMIT DROP AS"
        " SELECT s.*, o.state, o.id AS study_right_id, o.person_id, coalesce(t.id, s.staged) AS id, t.id IS NULL AS is_new"
        f" FROM stage_attainment s JOIN ready_{KIND} o ON o.line = s.right_line AND o.state IN {_STOOD}"
        " LEFT JOIN studies_attainment t ON t.provider_id = %(provider)s AND t.study_right_id = o.id AND t.node = s.node"
    )
    merge.execute("ALTER TABLE ready_attainment ADD COLUMN parent_id uuid")
    merge.execute("ANALYZE ready_attainment (staged, id)")
    merge.execute("UPDATE ready_attainment r SET parent_id = p.id FROM ready_attainment p WHERE p.staged = r.above")
    merge.execute("DROP TABLE IF EXISTS gone_attainment")
    merge.execute(
        "CREATE TEMP TABLE gone_attainment ON COMMIT DROP AS SELECT t.id, o.line FROM studies_attainment t"
        f" JOIN ready_{KIND} o ON o.state IN {_STOOD} AND o.id = t.study_right_id"
        " WHERE t.provider_id = %(provider)s AND NOT EXISTS (SELECT 1 FROM ready_attainment r WHERE r.id = t.id)"
    )
    # What somebody else keeps stays, with all that it hangs on.
    stays = merge.rows(
        "WITH RECURSIVE held AS (SELECT g.id FROM gone_attainment g JOIN studies_attainment t ON t.id = g.id"
        " WHERE t.provider_id = %(provider)s AND (t.kept_by IS NOT NULL OR EXISTS (SELECT 1 FROM studies_assessment s"
        " WHERE s.provider_id = %(provider)s AND s.attainment_id = t.id AND s.kept_by IS NOT NULL))"
        " UNION SELECT t.parent_id FROM held h JOIN studies_attainment t ON t.provider_id = %(provider)s AND t.id = h.id"
        " WHERE t.parent_id IS NOT NULL) DELETE FROM gone_attainment g USING held h WHERE g.id = h.id RETURNING g.line"
    )
    for table, column in (("studies_assessment", "attainment_id"), ("studies_attainment", "id")):
        merge.execute(
            f"DELETE FROM {table} t USING gone_attainment g WHERE t.provider_id = %(provider)s AND t.{column} = g.id"
        )
    names = ("study_right_id", "person_id", "parent_id", *names)
    held = _put(merge, "studies_attainment", "ready_attainment", names, line="r.right_line")
    return [row["line"] for row in stays] + held


def _children(merge: Merge, child: _Child) -> list[int]:
    """Write the rows that hang on written ones; return the lines of what is held back. One that stands is found by its place."""
    names = ("place", *child.columns)
    _add(merge, child.table, child.stage, {child.owner_column: child.new_owner}, names)
    if not merge.has(KIND, "linked", "changed"):
        return []
    ready = f"ready_{child.stage}"
    merge.execute(f"DROP TABLE IF EXISTS {ready}")
    merge.execute(
        f"CREATE TEMP TABLE {ready} ON COMMIT DROP AS SELECT s.*, o.id AS {child.owner_column}, o.person_id,"
        " coalesce(t.id, s.staged) AS id, t.id IS NULL AS is_new"
        f" FROM stage_{child.stage} s JOIN ready_{child.owner} o ON {child.hangs} AND o.state IN {_STOOD}"
        f" LEFT JOIN {child.table} t ON t.provider_id = %(provider)s AND t.{child.owner_column} = o.id AND t.place = s.place"
    )
    merge.execute(
        f"DELETE FROM {child.table} t USING ready_{child.owner} o WHERE o.state IN {_STOOD}"
        f" AND t.provider_id = %(provider)s AND t.{child.owner_column} = o.id AND t.kept_by IS NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {ready} r WHERE r.id = t.id)"
    )
    return _put(merge, child.table, ready, (child.owner_column, "person_id", *names), line="r.right_line")


def _add(merge: Merge, table: str, stage: str, owners: dict[str, str], names: Sequence[str]) -> None:
    """Insert what hangs on study rights that are new, straight from the stage, since none of it can stand already.

    `owners`: SQL of the columns that say on which rows it hangs.
    """
    if not merge.has(KIND, "added"):
        return
    merge.execute(
        f"INSERT INTO {table} (id, provider_id, person_id, {', '.join((*owners, *names))})"
        f" SELECT s.staged, %(provider)s, o.person_id, {', '.join((*owners.values(), *(f's.{name}' for name in names)))}"
        f" FROM stage_{stage} s JOIN ready_{KIND} o ON o.line = s.right_line AND o.state = 'added'"
    )


def _put(merge: Merge, table: str, ready: str, names: Sequence[str], *, line: str | None = None) -> list[int]:
    """Insert the new rows of `ready` and update those that differ and nobody else keeps.

    `line`: SQL of the line of a row's study right, where somebody else may keep it. Returns that of each row held back.
    """
    listed = ", ".join(names)
    merge.execute(
        f"INSERT INTO {table} (id, provider_id, {listed}) SELECT r.id, %(provider)s,"
        f" {', '.join(f'r.{name}' for name in names)} FROM {ready} r WHERE r.is_new"
    )
    if not merge.has(KIND, "linked", "changed"):
        return []
    _update(merge, table, ready, names, "t.kept_by IS NULL" if line else "true")
    if not line:
        return []
    # Where a kept row stands among the others is the document's to say; what it says is not.
    placed = [name for name in names if name in _PLACED]
    told = [name for name in names if name not in _PLACED]
    _update(merge, table, ready, placed, "t.kept_by IS NOT NULL")
    held = merge.rows(
        f"SELECT {line} AS line FROM {table} t, {ready} r WHERE {_differ(told)} AND t.kept_by IS NOT NULL ORDER BY 1"
    )
    return [row["line"] for row in held]


def _update(merge: Merge, table: str, ready: str, names: Sequence[str], which: str) -> None:
    written = ", ".join(f"{name} = r.{name}" for name in names)
    merge.execute(f"UPDATE {table} t SET {written} FROM {ready} r WHERE {_differ(names)} AND {which}")


def _differ(names: Sequence[str]) -> str:
    ours, theirs = (", ".join(f"{alias}.{name}" for name in names) for alias in ("t", "r"))
    return f"NOT r.is_new AND t.provider_id = %(provider)s AND t.id = r.id AND ({ours}) IS DISTINCT FROM ({theirs})"
