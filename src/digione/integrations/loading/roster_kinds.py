"""How each kind of a staged roster is merged: what it refers to, which standing row it means, and what is written."""

from collections.abc import Callable

from digione.integrations.loading.mastership import (
    PERIOD,
    hold_back,
    hold_back_of_placed,
    kept_name,
    other,
    other_list,
    other_name,
    pass_on_bare_groups,
)
from digione.integrations.loading.merge import KEPT_PERIOD, MASTERED, Merge, Reference
from digione.integrations.loading.people import GUARDIANS, load_people
from digione.integrations.loading.schools import load_schools

_STAFF_ROLE = (
    "CASE r.role WHEN 'teacher' THEN 'teacher' WHEN 'principal' THEN 'principal' WHEN 'aide' THEN 'aide'"
    " WHEN 'administrator' THEN 'administrator' WHEN 'siteAdministrator' THEN 'administrator'"
    " WHEN 'districtAdministrator' THEN 'administrator' WHEN 'systemAdministrator' THEN 'administrator'"
    " WHEN 'special_needs_teacher' THEN 'special_needs_teacher' WHEN 'school_secretary' THEN 'school_secretary'"
    " ELSE 'other' END"
)
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


def _sessions(merge: Merge) -> None:
    merge.ready("session", [])
    merge.link_own("session", "organisations_academicsession", always=True)
    fields = {name: other(name) for name in ("kind", "starts_on", "ends_on", "school_year")}
    hold_back(merge, "session", {"organisations_academicsession": {"title": other_name("title"), **fields}})
    days = " AND ".join(f"t.{name} = r.{name}" for name in ("kind", "starts_on", "ends_on", "school_year"))
    for row in merge.remark_twins("session", "organisations_academicsession", days, "r.title"):
        merge.report.problems.warning(
            merge.files["session"], row["line"], "", "kept-apart.session", value=row["said"][:80], id=row["id"]
        )
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
    merge.link_own("course", "studies_course", always=True)
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
    # A course of the provider's own has no school, and of another year it is another one.
    same = (
        "t.code = r.code AND t.status = 'active' AND coalesce(t.school_id, t.provider_id)"
        f" = coalesce(r.school_id, t.provider_id) AND NOT {_OTHER_YEAR}"
    )
    for row in merge.remark_twins("course", "studies_course", same, "r.code"):
        file, line, column = merge.blame("course", {"key": "", **row}, "code")
        merge.report.problems.warning(file, line, column, "kept-apart.course", value=row["said"][:80], id=row["id"])
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
    pass_on_bare_groups(merge)
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
        f" FROM ready_membership r WHERE r.state = 'added' AND r.role <> 'student' AND r.role NOT IN {GUARDIANS}"
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
    same = ["person_id", "school_id", f"({role})", "(role = 'student')", f"(role IN {GUARDIANS})"]
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
    hold_back_of_placed(merge)
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


#: Of each kind, what merges it, once it and what it refers to are staged.
MERGES: dict[str, Callable[[Merge], None]] = {
    "school": load_schools,
    "session": _sessions,
    "course": _courses,
    "group": _groups,
    "person": load_people,
    "membership": _memberships,
    "guardian": _guardians,
    "enrolment": _enrolments,
}
