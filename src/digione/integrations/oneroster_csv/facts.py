"""What a OneRoster set says about a provider at a moment, as SQL that streams: one statement for each file.

A row goes out under the id by which a OneRoster source brought it, where that is certain, else under our own. So a set
that is exported, imported elsewhere and exported there again is the same set.

Behind the columns of its file each statement has two more: when the row that it is about was changed, and of which person
it is, if of any.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connection

from digione.core.use_case import UseCase
from digione.integrations.oneroster_csv.moment_facts import at_moment, lay_out
from digione.integrations.oneroster_csv.tables import HOME_COURSE, OTHER_ROLE_OF_1_1, ROLES_OF_1_1


def _columns(names: str) -> tuple[str, ...]:
    return ("sourcedId", "status", "dateLastModified", *names.split())


_PERSON = "middleName identifier email sms phone agentSourcedIds grades password"
_SHARED: dict[str, tuple[str, ...]] = {
    "academicSessions": _columns("title type startDate endDate parentSourcedId schoolYear"),
    "orgs": _columns("name type identifier parentSourcedId"),
    "courses": _columns("schoolYearSourcedId title courseCode grades orgSourcedId subjects subjectCodes"),
    "classes": _columns(
        "title grades courseSourcedId classCode classType location schoolSourcedId termSourcedIds subjects subjectCodes"
        " periods"
    ),
}
_OF_USERS: dict[str, tuple[str, ...]] = {
    "enrollments": _columns("classSourcedId schoolSourcedId userSourcedId role primary beginDate endDate"),
    "demographics": _columns(
        "birthDate sex americanIndianOrAlaskaNative asian blackOrAfricanAmerican nativeHawaiianOrOtherPacificIslander"
        " white demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity countryOfBirthCode stateOfBirthAbbreviation"
        " cityOfBirth publicSchoolResidenceStatus"
    ),
}
#: The files of the set with their columns, by version, in the order of the standard (1EdTech OneRoster CSV Tables 1.1,
#: CSV Binding 1.2).
COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "1.1": {
        **_SHARED,
        "users": _columns(f"enabledUser orgSourcedIds role username userIds givenName familyName {_PERSON}"),
        **_OF_USERS,
    },
    "1.2": {
        **_SHARED,
        "users": _columns(
            f"enabledUser username userIds givenName familyName {_PERSON} userMasterIdentifier resourceSourcedIds"
            " preferredGivenName preferredMiddleName preferredFamilyName primaryOrgSourcedId pronouns"
        ),
        "roles": _columns("userSourcedId roleType role beginDate endDate orgSourcedId userProfileSourcedId"),
        **_OF_USERS,
    },
}

_LIVE = "({0}.valid_to IS NULL OR {0}.valid_to >= %(day)s)"
_NAME = "coalesce({0} ->> 'fi', {0} ->> 'sv', {0} ->> 'en', '')"
_LIST = "coalesce(array_to_string({0}, ','), '')"

# A key counts if it was linked before the moment, and its source had the row then: its last file has it, or the run
# that met it no more came later.
_KEYS = """
CREATE TEMP TABLE export_key ON COMMIT DROP AS
SELECT kind, target_id, key FROM (
    SELECT kind, target_id, key, count(*) OVER (PARTITION BY kind, key) AS bearers FROM (
        SELECT DISTINCT ON (k.kind, k.target_id) k.kind, k.target_id, k.key FROM core_sourcekey k
        JOIN core_importrun r ON r.id = k.run_id AND r.kind = 'oneroster'
        WHERE k.provider_id = %(provider)s AND k.linked_at < %(moment)s
          AND (k.row_hash IS NOT NULL OR r.finished_at >= %(moment)s)
        ORDER BY k.kind, k.target_id, k.source, k.key) named) counted
WHERE bearers = 1"""

_SINGLE = "CASE held.role {} ELSE '{}' END".format(
    " ".join(f"WHEN '{ours}' THEN '{theirs}'" for ours, theirs in ROLES_OF_1_1.items()), OTHER_ROLE_OF_1_1
)
# Who has no role today is no user of the standard. A guardian without a right to information is named to nobody.
# `single` is the role in the words of 1.1, and `turn` 1 the one that 1.1 tells: work before studies before guardianship,
# as in the services.
_ROLES = f"""
CREATE TEMP TABLE export_role ON COMMIT DROP AS
SELECT named.*, row_number() OVER (PARTITION BY person_id ORDER BY rank <> 1, rank, valid_from DESC, key COLLATE "C") AS turn
FROM (SELECT held.*, {_SINGLE} AS single,
             row_number() OVER (PARTITION BY person_id ORDER BY rank, key COLLATE "C") AS place FROM (
    SELECT e.person_id, coalesce(k.key, e.id::text) AS key, 'student' AS role, e.school_id AS org_id, e.valid_from,
           e.valid_to, CASE WHEN e.is_primary THEN 0 ELSE 2 END AS rank, e.grade, e.sys_from
    FROM studies_schoolenrolment e LEFT JOIN export_key k ON k.kind = 'membership' AND k.target_id = e.id
    WHERE e.provider_id = %(provider)s AND {_LIVE.format("e")}
    UNION ALL
    SELECT a.person_id, coalesce(k.key, a.id::text), CASE a.role WHEN 'teacher' THEN 'teacher' WHEN 'principal' THEN 'principal'
               WHEN 'aide' THEN 'aide' WHEN 'special_needs_teacher' THEN 'ext:specialNeedsTeacher'
               WHEN 'school_secretary' THEN 'ext:schoolSecretary' WHEN 'administrator' THEN
               CASE WHEN a.organisation_id = a.provider_id THEN 'districtAdministrator' ELSE 'siteAdministrator' END
               ELSE 'ext:other' END,
           a.organisation_id, a.valid_from, a.valid_to, 1, NULL, a.sys_from
    FROM people_staffassignment a LEFT JOIN export_key k ON k.kind = 'membership' AND k.target_id = a.id
    WHERE a.provider_id = %(provider)s AND {_LIVE.format("a")}
    UNION ALL
    (SELECT DISTINCT ON (g.guardian_id) g.guardian_id, coalesce(k.key, g.guardian_id::text) || '-guardian', 'guardian',
           g.provider_id, g.valid_from, NULL::date, 3, NULL, NULL::timestamptz
    FROM people_guardianship g LEFT JOIN export_key k ON k.kind = 'person' AND k.target_id = g.guardian_id
    JOIN people_person c ON c.id = g.child_id AND (%(hidden)s OR NOT c.non_disclosure)
    WHERE g.provider_id = %(provider)s AND g.valid_from <= %(day)s AND {_LIVE.format("g")}
      AND NOT 'no_information' = ANY (g.limits)
    ORDER BY g.guardian_id, g.valid_from)) held
JOIN people_person p ON p.id = held.person_id AND (%(hidden)s OR NOT p.non_disclosure)
WHERE EXISTS (SELECT 1 FROM people_providerperson l WHERE l.provider_id = %(provider)s AND l.person_id = held.person_id
              AND {_LIVE.format("l")})) named"""

_USERS = """
CREATE TEMP TABLE export_user ON COMMIT DROP AS
SELECT r.person_id, coalesce(max(k.key), r.person_id::text) AS key,
       (array_agg(r.org_id ORDER BY r.place))[1] AS org_id,
       (array_agg(r.single ORDER BY r.turn))[1] AS single,
       coalesce(string_agg(DISTINCT r.grade, ','), '') AS grades
FROM export_role r LEFT JOIN export_key k ON k.kind = 'person' AND k.target_id = r.person_id GROUP BY r.person_id"""

# The schools of the register, and whatever else somebody works or studies at.
_ORGS = f"""
CREATE TEMP TABLE export_org ON COMMIT DROP AS
SELECT o.id, coalesce(k.key, o.id::text) AS key FROM organisations_organisation o
LEFT JOIN export_key k ON k.kind = 'school' AND k.target_id = o.id
WHERE o.provider_id = %(provider)s AND (o.id = %(provider)s OR ('school' = ANY (o.kinds) AND {_LIVE.format("o")})
    OR o.id IN (SELECT org_id FROM export_role) OR o.id IN (SELECT g.school_id FROM studies_group g
    WHERE g.provider_id = %(provider)s AND {_LIVE.format("g")}))"""

_PREPARED = (
    ("key", _KEYS, "kind, target_id"),
    ("role", _ROLES, "person_id"),
    ("user", _USERS, "person_id"),
    ("org", _ORGS, "id"),
)

_KEY = "coalesce({0}.key, {1}::text)"
_SESSION_KEY = "LEFT JOIN export_key {0} ON {0}.kind = 'session' AND {0}.target_id = {1}"
_PARENTS = _SESSION_KEY.format("u", "s.parent_id")
_GROUP_LIVE = f"g.provider_id = %(provider)s AND {_LIVE.format('g')}"

QUERIES: dict[str, str] = {
    "academicSessions": f"""
        SELECT {_KEY.format("k", "s.id")} COLLATE "C" AS id, '', '', {_NAME.format("s.title")}, s.kind, s.starts_on, s.ends_on,
               coalesce({_KEY.format("u", "s.parent_id")}, ''), s.school_year, s.sys_from, NULL::uuid
        FROM organisations_academicsession s {_SESSION_KEY.format("k", "s.id")} {_PARENTS}
        WHERE s.provider_id = %(provider)s ORDER BY (s.parent_id IS NOT NULL), id
    """,
    "orgs": f"""
        SELECT x.key COLLATE "C" AS id, '', '', {_NAME.format("o.name")}, CASE WHEN o.id = %(provider)s THEN 'district' ELSE 'school' END,
               coalesce(o.oid, o.school_code, ''),
               CASE WHEN o.id <> %(provider)s THEN (SELECT p.key FROM export_org p WHERE p.id = %(provider)s) ELSE '' END,
               o.sys_from, NULL::uuid
        FROM export_org x JOIN organisations_organisation o ON o.id = x.id
        ORDER BY (o.id <> %(provider)s), id
    """,
    "courses": f"""
        SELECT id, '', '', year, title, code, grades, org, subjects, subjects, changed, NULL::uuid FROM (
            SELECT {_KEY.format("k", "c.id")} AS id, coalesce({_KEY.format("y", "c.session_id")}, '') AS year,
                   {_NAME.format("c.title")} AS title, coalesce(c.code, '') AS code, {_LIST.format("c.grades")} AS grades,
                   (SELECT x.key FROM export_org x WHERE x.id = coalesce(c.school_id, %(provider)s)) AS org,
                   {_LIST.format("c.subjects")} AS subjects, c.sys_from AS changed
            FROM studies_course c LEFT JOIN export_key k ON k.kind = 'course' AND k.target_id = c.id
            {_SESSION_KEY.format("y", "c.session_id")}
            WHERE c.provider_id = %(provider)s AND c.status = 'active'
            UNION ALL
            SELECT '{HOME_COURSE}', '', 'Kotiryhmät', '', '', (SELECT x.key FROM export_org x WHERE x.id = %(provider)s), '',
                   NULL::timestamptz
            WHERE EXISTS (SELECT 1 FROM studies_group g WHERE {_GROUP_LIVE} AND g.course_id IS NULL)) found
        ORDER BY id COLLATE "C"
    """,
    "classes": f"""
        SELECT {_KEY.format("k", "g.id")} COLLATE "C" AS id, '', '', {_NAME.format("g.title")}, {_LIST.format("g.grades")},
               coalesce({_KEY.format("c", "g.course_id")}, '{HOME_COURSE}'), coalesce(g.code, ''),
               CASE g.kind WHEN 'class_section' THEN 'scheduled' WHEN 'home_group' THEN 'homeroom' ELSE %(care_group)s END, '', x.key, coalesce((
                   SELECT string_agg({_KEY.format("s", "t.session_id")}, ',' ORDER BY {_KEY.format("s", "t.session_id")} COLLATE "C")
                   FROM studies_groupsession t {_SESSION_KEY.format("s", "t.session_id")}
                   WHERE t.provider_id = %(provider)s AND t.group_id = g.id), ''),
               {_LIST.format("g.subjects")}, {_LIST.format("g.subjects")}, '', g.sys_from, NULL::uuid
        FROM studies_group g JOIN export_org x ON x.id = g.school_id
        LEFT JOIN export_key k ON k.kind = 'group' AND k.target_id = g.id
        LEFT JOIN export_key c ON c.kind = 'course' AND c.target_id = g.course_id
        WHERE {_GROUP_LIVE} ORDER BY id
    """,
    "users": f"""
        SELECT u.key, p.first_names, p.given_name, p.family_name, p.non_disclosure, u.grades, x.key AS org,
               (SELECT i.value_enc FROM people_identifier i WHERE i.provider_id = %(provider)s AND i.person_id = p.id
                AND i.kind = 'username' AND i.current ORDER BY i.id LIMIT 1) AS username,
               (SELECT i.value_enc FROM people_identifier i WHERE i.provider_id = %(provider)s AND i.person_id = p.id
                AND i.kind = 'local' AND i.current ORDER BY i.id LIMIT 1) AS own,
               (SELECT i.value_enc FROM people_identifier i WHERE i.provider_id IS NULL AND i.person_id = p.id
                AND i.kind = 'learner_number' AND i.current ORDER BY i.id LIMIT 1) AS learner_number,
               (SELECT c.value FROM people_contact c WHERE c.provider_id = %(provider)s AND c.person_id = p.id
                AND c.kind = 'email' AND {_LIVE.format("c")} ORDER BY c.value LIMIT 1) AS email,
               (SELECT c.value FROM people_contact c WHERE c.provider_id = %(provider)s AND c.person_id = p.id
                AND c.kind = 'phone' AND {_LIVE.format("c")} ORDER BY c.value LIMIT 1) AS phone,
               coalesce((SELECT string_agg(DISTINCT a.key, ',' ORDER BY a.key) FROM people_guardianship g
                JOIN export_user a ON a.person_id = g.guardian_id WHERE g.provider_id = %(provider)s AND g.child_id = p.id
                AND g.valid_from <= %(day)s AND {_LIVE.format("g")} AND NOT 'no_information' = ANY (g.limits)), '') AS agents,
               u.single, (SELECT string_agg(s.key, ',' ORDER BY s.turn) FROM (
                   SELECT o.key, min(r.turn) AS turn FROM export_role r JOIN export_org o ON o.id = r.org_id
                   WHERE r.person_id = u.person_id AND r.single = u.single GROUP BY o.key) s) AS orgs,
               p.sys_from, p.id
        FROM export_user u JOIN people_person p ON p.id = u.person_id JOIN export_org x ON x.id = u.org_id
        ORDER BY u.key COLLATE "C"
    """,
    "roles": """
        SELECT r.key, '', '', u.key, CASE r.place WHEN 1 THEN 'primary' ELSE 'secondary' END, r.role, r.valid_from,
               r.valid_to, x.key, '', r.sys_from, r.person_id
        FROM export_role r JOIN export_user u ON u.person_id = r.person_id JOIN export_org x ON x.id = r.org_id
        ORDER BY r.key COLLATE "C"
    """,
    "enrollments": f"""
        SELECT {_KEY.format("k", "e.id")} COLLATE "C" AS id, '', '', {_KEY.format("c", "e.group_id")}, x.key, u.key, e.role,
               CASE WHEN e.role = 'teacher' THEN e.is_primary::text ELSE '' END, e.valid_from, e.valid_to, e.sys_from, e.person_id
        FROM studies_enrolment e JOIN export_user u ON u.person_id = e.person_id JOIN export_org x ON x.id = e.school_id
        JOIN studies_group g ON g.provider_id = e.provider_id AND g.id = e.group_id AND {_LIVE.format("g")}
        LEFT JOIN export_key k ON k.kind = 'enrolment' AND k.target_id = e.id
        LEFT JOIN export_key c ON c.kind = 'group' AND c.target_id = e.group_id
        WHERE e.provider_id = %(provider)s AND {_LIVE.format("e")} ORDER BY id
    """,
    "demographics": """
        SELECT u.key, '', '', p.birth_date, CASE p.sex WHEN '1' THEN 'male' WHEN '2' THEN 'female' END,
               '', '', '', '', '', '', '', '', '', '', '', p.sys_from, p.id
        FROM export_user u JOIN people_person p ON p.id = u.person_id
        WHERE p.birth_date IS NOT NULL OR p.sex IS NOT NULL ORDER BY u.key COLLATE "C"
    """,
}


def prepare(uc: UseCase, parameters: dict[str, Any]) -> None:
    """Make the temporary tables that the queries read: who goes out, in which roles, under which ids."""
    # Statistics of fresh temporary tables are absent, and a nested loop planned on their absence takes hours.
    uc.execute("SET LOCAL work_mem = '64MB'")
    uc.execute("SET LOCAL jit = off")
    lay_out(uc, parameters)
    for name, sql, columns in _PREPARED:
        uc.execute(f"DROP TABLE IF EXISTS export_{name}")
        uc.execute(at_moment(sql), parameters)
        uc.execute(f"CREATE INDEX ON export_{name} ({columns})")
        uc.execute(f"ANALYZE export_{name}")


def withheld(uc: UseCase, parameters: dict[str, Any]) -> int:
    """Return how many people of the provider are left out because their data is under non-disclosure."""
    sql = (
        "SELECT count(DISTINCT l.person_id) FROM people_providerperson l JOIN people_person p ON p.id = l.person_id"
        f" WHERE l.provider_id = %(provider)s AND p.non_disclosure AND NOT %(hidden)s AND {_LIVE.format('l')}"
    )
    return int(uc.json(at_moment(sql), parameters))


def second_roles(uc: UseCase) -> int:
    """Return how many roles of users 1.1 has no place for: those of another word than the one that it tells."""
    return int(
        uc.json("SELECT count(*) FROM export_role r JOIN export_user u USING (person_id) WHERE r.single <> u.single")
    )


def rows(name: str, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a file as they come, so that memory does not grow with the roster."""
    yield from streamed(at_moment(QUERIES[name]), parameters)


def streamed(query: str, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query as they come."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, parameters)
        while block := cursor.fetchmany(2_000):
            yield from block
