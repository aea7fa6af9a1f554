"""Loads a roster kind by kind: schools, sessions, courses, groups, people, their roles, guardians, enrolments."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import DataError, connection, transaction

from digione.core.use_case import UseCase
from digione.integrations.loading.carried import CarriedLoad
from digione.integrations.loading.facts import refuse_removals
from digione.integrations.loading.mastership import end_placements_with_school
from digione.integrations.loading.merge import Merge
from digione.integrations.loading.people import GUARDIANS
from digione.integrations.loading.report import Problems, Report
from digione.integrations.loading.roster import Roster
from digione.integrations.loading.roster_kinds import MERGES
from digione.integrations.loading.roster_sides import begin_reconciliation, list_kept
from digione.integrations.loading.schools import find_schools, refuse_unknown_schools
from digione.integrations.loading.staging import ReadAhead, refuse_overlong, stage_rows

_EVENTS = {
    "school": "organisations.school",
    "session": "organisations.session",
    "course": "studies.course",
    "group": "studies.group",
    "person": "people.person",
    "membership": "people.membership",
    "guardian": "people.guardianship",
    "enrolment": "studies.enrolment",
}
#: The kinds that are staged before the first of them is merged, step by step. People need their roles and guardians:
#: nobody is written without a link. Enrolments, most of the rows, are read while people are merged.
_STEPS = (("school", "session", "course", "group", "person", "membership", "guardian"), ("enrolment",))
#: What comes of people's rows where the source has no file of it.
_DERIVED = {"membership", "guardian"}
#: From how many rows on the files are joined without nested loops.
_MANY = 5_000
_GONE = "valid_to = greatest(t.valid_from, %(day)s - 1)"
_ENDINGS: dict[str, str] = {
    # A school, and a year that was, do not end because a file stops to mention them.
    "school": "SELECT 1",
    "session": "SELECT 1",
    "course": "UPDATE studies_course t SET status = 'ended' FROM gone_course g WHERE t.id = g.id",
    "group": "UPDATE studies_group t SET valid_to = greatest(coalesce(t.valid_from, %(day)s - 1), %(day)s - 1)"
    " FROM gone_group g WHERE t.id = g.id",
    "person": f"UPDATE people_providerperson t SET {_GONE} FROM gone_person g"
    " WHERE t.provider_id = %(provider)s AND t.person_id = g.id AND (t.valid_to IS NULL OR t.valid_to >= %(day)s)",
    "membership": f"WITH a AS (UPDATE people_staffassignment t SET {_GONE} FROM gone_membership g WHERE t.id = g.id)"
    f" UPDATE studies_schoolenrolment t SET {_GONE} FROM gone_membership g WHERE t.id = g.id",
    "guardian": f"UPDATE people_guardianship t SET {_GONE} FROM gone_guardian g WHERE t.id = g.id",
    "enrolment": f"UPDATE studies_enrolment t SET {_GONE} FROM gone_enrolment g WHERE t.id = g.id",
}


def load_roster(
    uc: UseCase,
    report: Report,
    roster: Roster,
    *,
    provider_id: UUID,
    source: str,
    run_id: UUID,
    accept_removals: bool,
    progress: Callable[[str], None],
) -> Merge:
    """Stage and merge every kind, and return the merge; then end what the source no longer has, unless that is too much and the whole refused.

    The run is undone by the caller where it is refused, so what was merged until then does not stay.
    """
    since = date(uc.today.year if uc.today.month >= 8 else uc.today.year - 1, 8, 1)
    merge = Merge(uc, report, provider_id, source, run_id, dict(roster.files), since, roster.own_ids, roster.column)
    # Large joins and sorts stay in memory; compiling each statement costs more than it saves here.
    uc.execute("SET LOCAL work_mem = '64MB'")
    # So do staged rows, each of which is read several times. A session that has had temporary tables keeps its limit, and
    # nothing tells whether it has: PostgreSQL just refuses.
    with contextlib.suppress(DataError), transaction.atomic():
        uc.execute("SET LOCAL temp_buffers = '128MB'")
    uc.execute("SET LOCAL jit = off")
    # Temporary tables need rough statistics only, and of a few columns.
    uc.execute("SET LOCAL default_statistics_target = 5")
    roster.known_people.update(_known_people(merge))
    # The reader notes its problems by itself, in its own thread; they join the others kind by kind.
    noted, report.problems = report.problems, Problems(report.problems.limit)
    loading = _Loading(merge, roster, progress, CarriedLoad(merge, roster, progress))
    with ReadAhead(roster, noted) as ahead:
        # Where one row of a file tells of both, they are refused together, so they are staged together.
        apart = roster.files["enrolment"] != roster.files["person"]
        for kinds in _STEPS if apart else (sum(_STEPS, ()),):
            loading.bring(kinds, ahead)
    loading.unread += loading.carried.bring(noted, unread=loading.unread)
    loading.keep_where_unread()
    if loading.may_end(accept=accept_removals):
        loading.end()
    progress("done")
    return merge


@dataclass
class _Loading:
    """A load under way: what is gone of the kinds that were brought, and how many faults their files have."""

    merge: Merge
    roster: Roster
    progress: Callable[[str], None]
    carried: CarriedLoad
    #: Of each kind that was brought, how many rows the source no longer has, of how many that it had.
    gone: dict[str, tuple[int, int]] = field(default_factory=dict)
    staged: int = 0
    #: Faults of the files themselves, those of the merge left out.
    unread: int = 0

    def bring(self, kinds: tuple[str, ...], ahead: ReadAhead) -> None:
        """Stage these kinds and merge them. The reader goes on with the next ones meanwhile."""
        merge, report = self.merge, self.merge.report
        errors, refused = report.problems.errors, report.problems.refused_rows
        brought = []
        for kind, row, rows in self.roster.staged():
            if kind not in kinds:
                continue
            self.progress(kind)
            self.staged += stage_rows(merge.uc, kind, row, ahead, report.problems)
            refuse_overlong(merge, kind, row)
            if rows or kind in _DERIVED:
                brought.append(kind)
            else:
                merge.execute(f"DROP TABLE IF EXISTS ready_{kind}")
                merge.execute(
                    f"CREATE TEMP TABLE ready_{kind} ON COMMIT DROP AS"
                    f" SELECT s.*, NULL::uuid AS id, 'refused' AS state FROM stage_{kind} s"
                )
        if "person" in kinds:
            _derive(merge, self.roster)
            find_schools(merge)
            if not self.roster.makes_schools:
                refuse_unknown_schools(merge)
        begin_reconciliation(merge, brought, since=refused)
        self.unread += report.problems.errors - errors
        if self.staged > _MANY:
            # Here whole files are joined; the merge decides anew for each kind.
            merge.uc.execute("SET LOCAL enable_nestloop = off")
        for kind in brought:
            gone, covered = merge.missing(kind)
            if not self.roster.is_whole:
                merge.nothing_gone(kind)
                gone = 0
            self.gone[kind] = gone, covered
            report.sides[kind]["known"] = covered - gone
        self.keep_where_unread()
        for kind in brought:
            self.progress(f"{kind}: merge")
            refused = report.problems.refused_rows
            MERGES[kind](merge)
            report.count(kind, refused=report.problems.refused_rows - refused)

    def keep_where_unread(self) -> None:
        """Let what is gone go on, and tell it, where files could not be read whole: what was not read is not gone."""
        for kind, (gone, covered) in self.gone.items() if self.unread else ():
            if gone:
                self.merge.report.sides[kind]["kept"] = gone
                list_kept(self.merge, kind)
                self.merge.execute(f"TRUNCATE gone_{kind}")
                self.gone[kind] = 0, covered

    def may_end(self, *, accept: bool) -> bool:
        """Say whether what is gone may end, all kinds together."""
        return all(
            refuse_removals(
                self.merge.report, self.roster.files[kind], kind, ending=gone, covered=covered, accept=accept
            )
            for kind, (gone, covered) in self.gone.items()
        ) and self.carried.may_end(accept=accept)

    def end(self) -> None:
        """End what is gone, and tell what was done with each kind."""
        for kind in self.gone:
            self.merge.end(kind, _ENDINGS[kind])
            self.merge.tell(kind, _EVENTS[kind])
            states = self.merge.states[kind]
            self.merge.report.sides[kind]["taken"] = sum(states.values()) - states.get("refused", 0)
        if "membership" in self.gone:
            end_placements_with_school(self.merge)
        self.carried.load()


def _derive(merge: Merge, roster: Roster) -> None:
    """Sources that write roles and guardians into the person's own row are brought to the same form."""
    if roster.membership is None:
        merge.execute(
            "INSERT INTO stage_membership (line, key, person_key, school_key, role, grade, is_primary, row_hash)"
            " SELECT p.line, p.key || '/' || s.key || '/' || p.role, p.key, s.key, p.role, p.grade, s.nth = 1,"
            " decode(md5(concat_ws(E'\\x1f', p.key, s.key, p.role, p.grade, s.nth = 1)), 'hex') FROM stage_person p"
            " CROSS JOIN LATERAL unnest(p.school_keys) WITH ORDINALITY AS s (key, nth) WHERE p.role IS NOT NULL"
        )
    # In version 1.2 of OneRoster the grade stands with the person and the role elsewhere.
    merge.execute(
        "UPDATE stage_membership m SET grade = p.grade FROM stage_person p"
        " WHERE p.key = m.person_key AND m.role = 'student' AND m.grade IS NULL AND p.grade IS NOT NULL"
    )
    if roster.guardian is None:
        # Some sources write the child into the guardian's row, others the guardian into the child's, some both.
        kin = (
            f"SELECT person_key, min(role) AS role FROM stage_membership WHERE role IN {GUARDIANS} GROUP BY person_key"
        )
        merge.execute(
            "INSERT INTO stage_guardian (line, key, guardian_key, child_key, kind, limits, row_hash)"
            " SELECT min(line), guardian || '/' || child, guardian, child, min(kind), NULL,"
            " decode(md5(concat_ws(E'\\x1f', guardian, child, min(kind))), 'hex') FROM ("
            " SELECT p.line, CASE WHEN own.role IS NULL THEN a.key ELSE p.key END AS guardian,"
            " CASE WHEN own.role IS NULL THEN p.key ELSE a.key END AS child,"
            " CASE WHEN 'relative' IN (own.role, other.role) THEN 'other' ELSE 'custodian' END AS kind"
            " FROM stage_person p CROSS JOIN LATERAL unnest(p.agent_keys) AS a (key)"
            " JOIN stage_person o ON o.key = a.key"
            f" LEFT JOIN ({kin}) own ON own.person_key = p.key LEFT JOIN ({kin}) other ON other.person_key = o.key"
            " WHERE own.role IS NOT NULL OR other.role IS NOT NULL) x"
            " WHERE guardian <> child GROUP BY guardian, child"
        )


def _known_people(merge: Merge) -> set[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT row_hash FROM core_sourcekey WHERE provider_id = %(provider)s AND source = %(source)s"
            " AND kind = 'person' AND row_hash IS NOT NULL",
            merge.values,
        )
        return {bytes(found) for (found,) in cursor}
