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
from digione.integrations.loading.mastership import PERIOD, hold_back, kept_name, other, other_list, other_name
from digione.integrations.loading.merge import KEPT_PERIOD, MASTERED, Merge, Reference
from digione.integrations.loading.people import load_people
from digione.integrations.loading.report import Problems, Report
from digione.integrations.loading.roster import Roster
from digione.integrations.loading.roster_sides import begin_reconciliation, list_kept
from digione.integrations.loading.schools import find_schools, load_schools, refuse_unknown_schools
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
_STAFF_ROLE = (
    "CASE r.role WHEN 'teacher' THEN 'teacher' WHEN 'principal' THEN 'principal' WHEN 'aide' THEN 'aide'"
    " WHEN 'administrator' THEN 'administrator' WHEN 'siteAdministrator' THEN 'administrator'"
    " WHEN 'districtAdministrator' THEN 'administrator' WHEN 'systemAdministrator' THEN 'administrator'"
    " WHEN 'special_needs_teacher' THEN 'special_needs_teacher' WHEN 'school_secretary' THEN 'school_secretary'"
    " ELSE 'other' END"
)
_GUARDIANS = "('guardian', 'parent', 'relative')"
# Each source has rows of its own for years, terms and courses; what counts is whether they are the same days, or bear the
# same name or code.
_OTHER_YEAR = (
    "EXISTS (SELECT 1 FROM organisations_academicsession a, organisations_academicsession b WHERE a.id = r.session_id"
    " AND b.id = t.session_id AND (a.starts_on, a.ends_on) <> (b.starts_on, b.ends_on))"
)
_OTHER_COURSE = (
    "EXISTS (SELECT 1 FROM studies_course a, studies_course b WHERE a.id = r.course_id AND b.id = t.course_id"
    " AND a.code IS DISTINCT FROM b.code AND a.title IS DISTINCT FROM b.title)"
)
_DAYS = "SELECT array_agg(DISTINCT (s.starts_on, s.ends_on)::text ORDER BY (s.starts_on, s.ends_on)::text) FROM "
_OTHER_SESSIONS = (
    f"({_DAYS} ready_session s WHERE s.key = ANY (r.session_keys)) <> ({_DAYS} studies_groupsession g"
    " JOIN organisations_academicsession s ON s.id = g.session_id"
    " WHERE g.provider_id = t.provider_id AND g.group_id = t.id)"
)


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
) -> None:
    """Stage and merge every kind; then end what the source no longer has, unless that is too much and the whole refused.

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
    loading = _Loading(merge, roster, progress)
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


@dataclass
class _Loading:
    """A load under way: what is gone of the kinds that were brought, and how many faults their files have."""

    merge: Merge
    roster: Roster
    progress: Callable[[str], None]
    #: Of each kind that was brought, how many rows the source no longer has, of how many that it had.
    gone: dict[str, tuple[int, int]] = field(default_factory=dict)
    staged: int = 0
    #: Faults of the files themselves, those of the merge left out.
    unread: int = 0
    carried: CarriedLoad = field(init=False)

    def __post_init__(self) -> None:
        """What is carried comes last."""
        self.carried = CarriedLoad(self.merge, self.roster, self.progress)

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
            self.gone[kind] = gone, covered
            report.sides[kind]["known"] = covered - gone
        self.keep_where_unread()
        for kind in brought:
            self.progress(f"{kind}: merge")
            refused = report.problems.refused_rows
            _LOADERS[kind](merge)
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
            f"SELECT person_key, min(role) AS role FROM stage_membership WHERE role IN {_GUARDIANS} GROUP BY person_key"
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


def _sessions(merge: Merge) -> None:
    merge.ready("session", [])
    merge.link_own("session", "organisations_academicsession")
    fields = {name: other(name) for name in ("kind", "starts_on", "ends_on", "school_year")}
    hold_back(merge, "session", {"organisations_academicsession": {"title": other_name("title"), **fields}})
    merge.remember("session")
    merge.write(
        "session",
        "organisations_academicsession",
        {
            "kind": "r.kind",
            "title": "jsonb_build_object('fi', r.title)",
            "starts_on": "r.starts_on",
            "ends_on": "r.ends_on",
            "school_year": "r.school_year",
            "parent_id": "(SELECT p.id FROM ready_session p WHERE p.key = r.parent_key)",
        },
        changed={"title": kept_name("title")},
    )


def _courses(merge: Merge) -> None:
    references = [Reference("school_id", "school", "school_key"), Reference("session_id", "session", "session_key")]
    merge.ready("course", references)
    merge.link_own("course", "studies_course")
    fields = {
        "title": other_name("title"),
        "code": other("code"),
        "school": "coalesce(t.school_id, t.provider_id) <> r.school_id",
        "session": _OTHER_YEAR,
        "grades": other_list("grades"),
        "subjects": other_list("subjects"),
        "status": "t.status <> 'active'",
    }
    hold_back(merge, "course", {"studies_course": fields})
    merge.remember("course")
    merge.write(
        "course",
        "studies_course",
        {
            "school_id": "r.school_id",
            "session_id": "r.session_id",
            "code": "r.code",
            "title": "jsonb_build_object('fi', r.title)",
            "subjects": "r.subjects",
            "grades": "r.grades",
            "status": "'active'",
        },
        changed={
            "title": kept_name("title"),
            # A course of the provider's own has no school, and the standard names the provider in its place.
            "school_id": "CASE WHEN r.school_id = coalesce(t.school_id, t.provider_id) THEN t.school_id"
            " ELSE r.school_id END",
        },
    )


def _groups(merge: Merge) -> None:
    merge.ready(
        "group",
        [Reference("school_id", "school", "school_key"), Reference("course_id", "course", "course_key")],
    )
    merge.link_own("group", "studies_group")
    # A school has one 3B, whichever source speaks of it; the staff's table and the learners' mean the same group.
    merge.link(
        "group",
        "studies_group t",
        "r.kind = 'home_group' AND r.code IS NOT NULL AND t.provider_id = %(provider)s AND t.kind = 'home_group'"
        " AND t.school_id = r.school_id AND t.code = r.code AND (t.valid_to IS NULL OR t.valid_to >= %(day)s)",
    )
    fields = {
        # A template knows a group by its code alone, and tells no name.
        "title": f"{other_name('title')} AND r.title IS DISTINCT FROM r.code",
        "code": other("code"),
        "kind": other("kind"),
        "school": other("school_id"),
        "course": _OTHER_COURSE,
        "grades": other_list("grades"),
        "subjects": other_list("subjects"),
        "sessions": _OTHER_SESSIONS,
        "valid_to": "t.valid_to < %(day)s",
    }
    hold_back(merge, "group", {"studies_group": fields})
    merge.remember("group")
    merge.write(
        "group",
        "studies_group",
        {
            "school_id": "r.school_id",
            "course_id": "r.course_id",
            "kind": "r.kind",
            "code": "r.code",
            "title": "jsonb_build_object('fi', r.title)",
            "grades": "r.grades",
            "subjects": "r.subjects",
            "valid_to": "NULL",
        },
        # No source tells a group's last day, so one that is still to come stays.
        changed={"title": kept_name("title"), "valid_to": "CASE WHEN t.valid_to >= %(day)s THEN t.valid_to END"},
        same="(SELECT array_agg(g.session_id ORDER BY g.session_id) FROM studies_groupsession g"
        " WHERE g.provider_id = t.provider_id AND g.group_id = t.id) IS NOT DISTINCT FROM"
        " (SELECT array_agg(DISTINCT s.id ORDER BY s.id) FROM ready_session s WHERE s.key = ANY (r.session_keys))",
    )
    # An enrolment's school is where its group really is, also where a held-back row says otherwise.
    merge.execute(
        "UPDATE ready_group r SET school_id = t.school_id FROM studies_group t"
        " WHERE r.state <> 'added' AND t.provider_id = %(provider)s AND t.id = r.id AND t.school_id <> r.school_id"
    )
    if not merge.has("group", "added", "linked", "changed"):
        return
    wanted = (
        "SELECT DISTINCT r.id AS group_id, s.id AS session_id FROM ready_group r"
        " CROSS JOIN LATERAL unnest(r.session_keys) AS k (key) JOIN ready_session s ON s.key = k.key"
        f" WHERE (r.state = 'added' OR {MASTERED})"
    )
    merge.execute(
        f"DELETE FROM studies_groupsession t USING ready_group r WHERE t.provider_id = %(provider)s AND {MASTERED}"
        f" AND t.group_id = r.id AND (t.group_id, t.session_id) NOT IN ({wanted})"
    )
    merge.execute(
        "INSERT INTO studies_groupsession (id, provider_id, group_id, session_id)"
        f" SELECT {{id:row_number() OVER ()}}, %(provider)s, group_id, session_id FROM ({wanted}) w ON CONFLICT DO NOTHING"
    )


def _people(merge: Merge) -> None:
    load_people(merge)


def _memberships(merge: Merge) -> None:
    merge.ready(
        "membership",
        [Reference("person_id", "person", "person_key"), Reference("school_id", "school", "school_key")],
    )
    _same_twice(merge)
    enrolment = {"person": other("person_id"), "school": other("school_id"), "grade": other("grade")}
    assignment = {"person": other("person_id"), "school": other("organisation_id", "r.school_id")}
    hold_back(
        merge,
        "membership",
        {
            "studies_schoolenrolment": {**enrolment, "is_primary": other("is_primary"), **PERIOD},
            "people_staffassignment": {**assignment, "role": other("role", f"({_STAFF_ROLE})"), **PERIOD},
        },
    )
    merge.remember("membership")
    if not merge.has("membership", "added", "linked", "changed"):
        return
    day = "least(coalesce(r.valid_from, %(since)s), r.valid_to)"
    merge.execute(
        "INSERT INTO studies_schoolenrolment (id, provider_id, person_id, school_id, grade, is_primary, valid_from, valid_to)"
        f" SELECT r.id, %(provider)s, r.person_id, r.school_id, r.grade, r.is_primary, {day}, r.valid_to"
        " FROM ready_membership r WHERE r.state = 'added' AND r.role = 'student'"
    )
    merge.agree(
        "membership",
        "studies_schoolenrolment",
        {"grade": "r.grade", "is_primary": "r.is_primary", **KEPT_PERIOD},
    )
    merge.agree("membership", "people_staffassignment", {"role": f"({_STAFF_ROLE})", **KEPT_PERIOD})
    merge.execute(
        "UPDATE studies_schoolenrolment t SET grade = r.grade, is_primary = r.is_primary, valid_to = r.valid_to,"
        " valid_from = least(coalesce(r.valid_from, t.valid_from), r.valid_to)"
        f" FROM ready_membership r WHERE {MASTERED} AND t.id = r.id AND t.provider_id = %(provider)s"
    )
    merge.execute(
        "INSERT INTO people_staffassignment (id, provider_id, person_id, organisation_id, role, valid_from, valid_to)"
        f" SELECT r.id, %(provider)s, r.person_id, r.school_id, {_STAFF_ROLE}, {day}, r.valid_to"
        f" FROM ready_membership r WHERE r.state = 'added' AND r.role <> 'student' AND r.role NOT IN {_GUARDIANS}"
    )
    merge.execute(
        f"UPDATE people_staffassignment t SET role = {_STAFF_ROLE}, valid_to = r.valid_to,"
        " valid_from = least(coalesce(r.valid_from, t.valid_from), r.valid_to)"
        f" FROM ready_membership r WHERE {MASTERED} AND t.id = r.id AND t.provider_id = %(provider)s"
    )


def _same_twice(merge: Merge) -> None:
    if not merge.has("membership", "added", "changed"):
        return
    role = _STAFF_ROLE.replace("r.role", "role")
    same = ["person_id", "school_id", f"({role})", "(role = 'student')", f"(role IN {_GUARDIANS})"]
    for line in merge.refuse_repeated("membership", [*same, "coalesce(valid_from, %(since)s)"]):
        merge.report.problems.error(merge.files["membership"], line, "", "same-twice.role")
    merge.link_own("membership", "studies_schoolenrolment", "people_staffassignment")
    since = "t.valid_from = least(coalesce(r.valid_from, %(since)s), r.valid_to)"
    merge.link(
        "membership",
        "studies_schoolenrolment t",
        "r.role = 'student' AND t.provider_id = %(provider)s AND t.person_id = r.person_id"
        f" AND t.school_id = r.school_id AND {since}",
    )
    merge.link(
        "membership",
        "people_staffassignment t",
        "r.role <> 'student' AND t.provider_id = %(provider)s AND t.person_id = r.person_id"
        f" AND t.organisation_id = r.school_id AND t.role = {_STAFF_ROLE} AND {since}",
    )


def _guardians(merge: Merge) -> None:
    merge.ready(
        "guardian",
        [Reference("guardian_id", "person", "guardian_key"), Reference("child_id", "person", "child_key")],
    )
    merge.once("guardian", "people_guardianship", ["guardian_id", "child_id"], True)
    fields = {"guardian": other("guardian_id"), "child": other("child_id"), "kind": other("kind")}
    # Limits that it adds are taken; that it does not know of others lifts none.
    lifted = {"limits": "r.limits IS NOT NULL AND NOT t.limits <@ r.limits"}
    hold_back(merge, "guardian", {"people_guardianship": {**fields, **lifted, **PERIOD}})
    merge.remember("guardian")
    merge.write(
        "guardian",
        "people_guardianship",
        {
            "guardian_id": "r.guardian_id",
            "child_id": "r.child_id",
            "kind": "r.kind",
            "limits": "coalesce(r.limits, '{}')",
            "source": "%(source)s",
        },
        period=True,
        # A source that knows no limits lifts none.
        changed={"limits": "coalesce(r.limits, t.limits)"},
    )
    if not merge.foreign("guardian", "linked", "held", "agreed"):
        return
    # One that met a guardianship of another source adds its limits, and lifts none.
    merge.execute(
        "WITH limited AS (UPDATE people_guardianship t SET limits = ARRAY(SELECT DISTINCT unnest(t.limits || r.limits)"
        " ORDER BY 1) FROM ready_guardian r WHERE r.state IN ('linked', 'held', 'agreed') AND NOT r.masters"
        " AND t.id = r.id AND t.provider_id = %(provider)s AND NOT r.limits <@ t.limits RETURNING t.id)"
        " UPDATE ready_guardian r SET state = 'changed' FROM limited WHERE r.id = limited.id AND r.state <> 'linked'"
    )


def _enrolments(merge: Merge) -> None:
    merge.ready(
        "enrolment",
        [Reference("group_id", "group", "group_key", ("school_id",)), Reference("person_id", "person", "person_key")],
    )
    merge.once("enrolment", "studies_enrolment", ["group_id", "person_id", "role"], True)
    fields = {
        "group": other("group_id"),
        "person": other("person_id"),
        "role": other("role"),
        # Of teachers alone it is told who is the first one.
        "is_primary": "r.role = 'teacher' AND r.is_primary AND NOT t.is_primary",
    }
    hold_back(merge, "enrolment", {"studies_enrolment": {**fields, **PERIOD}})
    merge.remember("enrolment")
    merge.write(
        "enrolment",
        "studies_enrolment",
        {
            "group_id": "r.group_id",
            "person_id": "r.person_id",
            "school_id": "r.school_id",
            "role": "r.role",
            "is_primary": "r.is_primary",
        },
        period=True,
        changed={"is_primary": "CASE WHEN r.role = 'teacher' THEN r.is_primary ELSE t.is_primary END"},
    )


_LOADERS: dict[str, Callable[[Merge], None]] = {
    "school": load_schools,
    "session": _sessions,
    "course": _courses,
    "group": _groups,
    "person": _people,
    "membership": _memberships,
    "guardian": _guardians,
    "enrolment": _enrolments,
}
