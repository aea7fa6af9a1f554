"""Users, students, teachers and demographics, as SQL.

A user is a person whom the provider has a link to. Roles come from live rows: enrolments at schools, assignments of
staff, guardianships; ended ones are shown only where nothing lives. Address, phone, and identity code never leave.
"""

from digione.rest.oneroster.fields import OF_CHANGES, Absent, Among, Choice, Day, Id, Moment, Text, Touched, Words
from digione.rest.oneroster.query import Field
from digione.rest.oneroster.resource import LIVE, Resource, moment, reference, visible_person

#: The standard's word for each of our roles of staff; `{0}` is the assignment.
_STAFF_ROLE = """CASE {0}.role WHEN 'teacher' THEN 'teacher' WHEN 'special_needs_teacher' THEN 'teacher'
    WHEN 'principal' THEN 'principal' WHEN 'aide' THEN 'aide' WHEN 'school_secretary' THEN 'ext:schoolSecretary'
    WHEN 'administrator' THEN CASE WHEN {0}.organisation_id = {0}.provider_id THEN 'districtAdministrator'
        ELSE 'siteAdministrator' END ELSE 'ext:other' END"""

# Every role of a person at the provider. The link itself is the last resort: a user always has a role.
_ROLES = f"""
    SELECT e.person_id AS person, 2 AS rank, 'student' AS role, e.school_id AS org, e.valid_from, e.valid_to, e.is_primary AS first, e.grade,
           e.sys_from, false AS link
    FROM studies_schoolenrolment e WHERE e.provider_id = %(provider)s AND e.person_id {{match}}
    UNION ALL
    SELECT a.person_id, 1, {_STAFF_ROLE.format("a")}, a.organisation_id, a.valid_from, a.valid_to, true, NULL, a.sys_from, false
    FROM people_staffassignment a WHERE a.provider_id = %(provider)s AND a.person_id {{match}}
    UNION ALL
    SELECT g.guardian_id, 3, 'parent', g.provider_id, min(g.valid_from),
           nullif(max(coalesce(g.valid_to, 'infinity')), 'infinity'), true, NULL, max(g.sys_from), false
    FROM people_guardianship g WHERE g.provider_id = %(provider)s AND g.guardian_id {{match}} GROUP BY g.provider_id, g.guardian_id
    UNION ALL
    SELECT l.person_id, 9, CASE l.basis WHEN 'learner' THEN 'student' WHEN 'guardian' THEN 'parent' ELSE 'ext:other' END,
           l.provider_id, l.valid_from, l.valid_to, true, NULL, l.sys_from, true
    FROM people_providerperson l WHERE l.provider_id = %(provider)s AND l.person_id {{match}}"""

# A child's guardians and a guardian's children, while custody lasts. One who has no right to information is not named,
# whichever provider knows of it.
_AGENTS = f"""
    FROM (SELECT g.child_id AS owner, g.guardian_id AS person_id FROM people_guardianship g
          WHERE g.provider_id = %(provider)s AND g.child_id = k.person_id AND {LIVE.format("g")}
            AND NOT people_barred(g.guardian_id, g.child_id, %(today)s)
          UNION
          SELECT g.guardian_id, g.child_id FROM people_guardianship g
          WHERE g.provider_id = %(provider)s AND g.guardian_id = k.person_id AND {LIVE.format("g")}
            AND NOT people_barred(g.guardian_id, g.child_id, %(today)s)) kin
    {visible_person("kin.person_id", "agent")}"""
# When anything of a user at the provider changed: a role, a guardian or child, an e-mail address.
_TOUCHED = f"""
    SELECT role.person, role.sys_from FROM ({_ROLES}) role
    UNION ALL
    SELECT g.child_id, g.sys_from FROM people_guardianship g WHERE g.provider_id = %(provider)s AND g.child_id {{match}}
    UNION ALL
    SELECT c.person_id, c.sys_from FROM people_contact c
    WHERE c.provider_id = %(provider)s AND c.kind = 'email' AND c.person_id {{match}}"""

_ROWS = (
    "FROM access_listing k WHERE k.supplier_id = %(supplier)s AND k.provider_id = %(provider)s"
    " AND (%(disclosed)s OR NOT k.hidden)"
)
_PERSON = "(SELECT p.{0} FROM people_person p WHERE p.id = k.person_id)"
_ACTIVE = f"""EXISTS (SELECT 1 FROM people_providerperson l WHERE l.provider_id = %(provider)s
    AND l.person_id = k.person_id AND {LIVE.format("l")})"""
_STATUS = f"CASE WHEN {_ACTIVE} THEN 'active' ELSE 'tobedeleted' END"
_ENABLED = f"CASE WHEN {_ACTIVE} THEN 'true' ELSE 'false' END"


def _current(sql: str, otherwise: str = "NULL") -> str:
    """Return `sql` of a person whom the provider still has. Of one who has gone, an app learns nothing new, also not
    by asking with a filter: names, addresses and birth dates that change later are another provider's."""
    return f"CASE WHEN {_ACTIVE} THEN {sql} ELSE {otherwise} END"


_CHANGED = f"""greatest({_current(_PERSON.format("sys_from"))}, (SELECT max(x.sys_from) FROM ({_TOUCHED.format(match="= k.person_id")}) x))"""
# Whoever has a row from a moment on: by the indexes of these moments, so that the work follows what has changed.
_SINCE_ROWS = (
    ("person_id", "studies_schoolenrolment", ""),
    ("person_id", "people_staffassignment", ""),
    ("guardian_id", "people_guardianship", ""),
    ("child_id", "people_guardianship", ""),
    ("person_id", "people_providerperson", ""),
    ("person_id", "people_contact", " AND x.kind = 'email'"),
)
_SINCE = "k.person_id IN ({} UNION ALL {})".format(
    " UNION ALL ".join(
        f"SELECT x.{column} FROM {table} x WHERE x.provider_id = %(provider)s AND x.sys_from >= %(since)s"
        f" AND {OF_CHANGES.format('x.sys_from')}{more}"
        for column, table, more in _SINCE_ROWS
    ),
    "SELECT p.id FROM people_person p JOIN people_providerperson l ON l.person_id = p.id AND l.provider_id = %(provider)s"
    f" WHERE p.sys_from >= %(since)s AND {LIVE.format('l')}",
)
_LINK_CHANGED = f"""greatest({_current(_PERSON.format("sys_from"))}, (SELECT max(l.sys_from) FROM people_providerperson l
    WHERE l.provider_id = %(provider)s AND l.person_id = k.person_id))"""
_ROLE_ROWS = f"FROM (SELECT role.*, {LIVE.format('role')} AS live FROM ({_ROLES.format(match='= k.person_id')}) role) r WHERE r.live"
# The first of a person's roles is the primary one: what lives, of staff before learners before guardians.
_ORDER_OF_ROLES = "link, NOT live, rank, NOT first, valid_from DESC, org, role, valid_to"
#: The roles of a user as an answer shows them, `r`; `r.place` 1 is the primary one, and `r.leading` what that one is.
SHOWN_ROLES = f"""FROM (SELECT held.*, row_number() OVER (ORDER BY {_ORDER_OF_ROLES}) AS place,
    first_value(role) OVER (ORDER BY {_ORDER_OF_ROLES}) AS leading
    FROM (SELECT role.*, {LIVE.format("role")} AS live FROM ({_ROLES.format(match="= k.person_id")}) role) held) r
    WHERE (r.place = 1 OR (r.live AND NOT r.link))"""
_EMAIL = f"""(SELECT c.value FROM people_contact c WHERE c.provider_id = %(provider)s AND c.person_id = {{person}}
    AND c.kind = 'email' AND {LIVE.format("c")} ORDER BY c.id LIMIT 1)"""
_SHOWN_EMAIL = f"CASE WHEN %(contact)s AND NOT k.hidden THEN {_EMAIL.format(person='k.person_id')} END"

_SHARED: dict[str, Field] = {
    "sourcedId": Id("k.sourced_id"),
    "status": Choice(_STATUS, _ACTIVE, "active", "tobedeleted"),
    "dateLastModified": Touched(_CHANGED, _SINCE),
}
_USER_FIELDS: dict[str, Field] = {
    **_SHARED,
    "enabledUser": Choice(_ENABLED, _ACTIVE, "true", "false"),
    "givenName": Text(_current(_PERSON.format("given_name"), "''")),
    "familyName": Text(_current(_PERSON.format("family_name"), "''")),
    "email": Text(_current(_SHOWN_EMAIL)),
    "grades": Words(
        "(SELECT coalesce(array_agg(DISTINCT e.grade), '{}') FROM studies_schoolenrolment e WHERE e.provider_id = "
        f"%(provider)s AND e.person_id = k.person_id AND e.grade IS NOT NULL AND {LIVE.format('e')} AND {_ACTIVE})"
    ),
    "roles.role": Among(_ROLE_ROWS, Text("r.role")),
    "roles.org.sourcedId": Among(_ROLE_ROWS, Id("r.org")),
    "roles.beginDate": Among(_ROLE_ROWS, Day("r.valid_from")),
    "roles.endDate": Among(_ROLE_ROWS, Day("r.valid_to")),
    "primaryOrg.sourcedId": Among(f"{_ROLE_ROWS} AND r.first", Id("r.org")),
    "agents.sourcedId": Among(f"{_AGENTS} WHERE {_ACTIVE}", Id("agent.sourced_id")),
    **dict.fromkeys(
        ("username", "userMasterIdentifier", "middleName", "preferredFirstName", "preferredMiddleName", "preferredLastName",
         "pronouns", "identifier", "sms", "phone", "userIds.type", "userIds.identifier"),
        Absent(),
    ),
}  # fmt: skip
_USER_KNOWN = frozenset(
    [
        "userMasterIdentifier",
        "username",
        "userIds",
        "middleName",
        "preferredFirstName",
        "preferredMiddleName",
        "preferredLastName",
        "pronouns",
        "userProfiles",
        "identifier",
        "sms",
        "phone",
        "password",
        "resources",
        "metadata",
    ]
)

_KNOWN_ROW = """JOIN access_listing k ON k.supplier_id = %(supplier)s AND k.provider_id = %(provider)s
    AND k.sourced_id = asked.id AND (%(disclosed)s OR NOT k.hidden)
    JOIN people_person p ON p.id = k.person_id"""
#: The persons of a page, whom `USER_BODIES` wants as `persons`: a page is found first, then everything about its
#: people is read at once.
PAGE_PERSONS = f"SELECT array_agg(k.person_id) {_ROWS} AND k.sourced_id = ANY (%(ids)s)"
# What is known of the persons of a page is read once (`held`, `kin`, `bars`, `mail`), laid on each other, and grouped,
# not joined: joins of small sets of unknown size are planned badly. In `placed`, place 1 is the primary role; ended
# roles and the bare link come last, and are shown only where they are the first, that is, where nothing better is
# there. `turns` is the next day on which a user would look otherwise though nobody writes anything: a period ends.
USER_BODIES = f"""{_KNOWN_ROW}
    JOIN (WITH held AS MATERIALIZED (
        SELECT role.*, {LIVE.format("role")} AS live FROM ({_ROLES.format(match="= ANY (%(persons)s)")}) role
    ), kin AS MATERIALIZED (
        SELECT g.child_id AS owner, g.guardian_id AS other, g.guardian_id, g.child_id, g.valid_to, g.sys_from
        FROM people_guardianship g WHERE g.provider_id = %(provider)s AND g.child_id = ANY (%(persons)s)
        UNION ALL
        SELECT g.guardian_id, g.child_id, g.guardian_id, g.child_id, g.valid_to, NULL
        FROM people_guardianship g WHERE g.provider_id = %(provider)s AND g.guardian_id = ANY (%(persons)s)
    ), bars AS MATERIALIZED (
        SELECT * FROM people_bars_of(%(persons)s)
    ), mail AS MATERIALIZED (
        SELECT c.id, c.person_id, c.value, c.valid_to, c.sys_from FROM people_contact c
        WHERE c.provider_id = %(provider)s AND c.person_id = ANY (%(persons)s) AND c.kind = 'email'
    ), parts AS (
        SELECT person, NULL::json AS agents, NULL AS email,
               json_agg(json_build_object('roleType', CASE place WHEN 1 THEN 'primary' ELSE 'secondary' END, 'role', role,
                   'org', json_build_object('href', %(base)s || '/orgs/' || org, 'sourcedId', org, 'type', 'org'),
                   'beginDate', valid_from, 'endDate', valid_to) ORDER BY place)
                   FILTER (WHERE place = 1 OR (live AND NOT link)) AS roles,
               coalesce(bool_or(link AND live), false) AS active,
               json_agg(DISTINCT grade) FILTER (WHERE live AND grade IS NOT NULL) AS grades,
               max(org::text) FILTER (WHERE place = 1) AS org,
               max(sys_from) AS changed, min(valid_to + 1) FILTER (WHERE valid_to >= %(today)s) AS turns
        FROM (SELECT held.*, row_number() OVER (PARTITION BY person ORDER BY {_ORDER_OF_ROLES}) AS place
              FROM held) placed GROUP BY person
        UNION ALL
        SELECT named.owner, json_agg({reference("agent.sourced_id", "users", "user")} ORDER BY agent.sourced_id),
               NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM (SELECT DISTINCT owner, other FROM kin WHERE {LIVE.format("kin")} AND NOT EXISTS (
                  SELECT 1 FROM bars b WHERE b.guardian_id = kin.guardian_id AND b.child_id = kin.child_id
                  AND b.valid_from <= %(today)s AND {LIVE.format("b")})) named
        {visible_person("named.other", "agent")} GROUP BY named.owner
        UNION ALL
        SELECT owner, NULL, NULL, NULL, NULL, NULL, NULL, max(sys_from), min(valid_to + 1) FILTER (WHERE valid_to >= %(today)s)
        FROM kin GROUP BY owner
        UNION ALL
        SELECT kin.owner, NULL, NULL, NULL, NULL, NULL, NULL, NULL, min(turn.day)
        FROM kin JOIN bars b ON b.guardian_id = kin.guardian_id AND b.child_id = kin.child_id
        CROSS JOIN LATERAL (VALUES (b.valid_from), (b.valid_to + 1)) turn (day) WHERE turn.day > %(today)s GROUP BY kin.owner
        UNION ALL
        SELECT person_id, NULL, (array_agg(value ORDER BY id) FILTER (WHERE %(contact)s AND {LIVE.format("mail")}))[1],
               NULL, NULL, NULL, NULL, max(sys_from), min(valid_to + 1) FILTER (WHERE valid_to >= %(today)s)
        FROM mail GROUP BY person_id
    ), made AS MATERIALIZED (
        SELECT person, bool_or(active) AS active, max(changed) AS changed, max(org) AS org, max(email) AS email,
               min(turns) AS turns, (array_agg(roles) FILTER (WHERE roles IS NOT NULL))[1] AS roles,
               (array_agg(grades) FILTER (WHERE grades IS NOT NULL))[1] AS grades,
               (array_agg(agents) FILTER (WHERE agents IS NOT NULL))[1] AS agents
        FROM parts GROUP BY person
    ) SELECT * FROM made) r ON r.person = k.person_id"""
USER_PROPERTIES = {
    "sourcedId": "k.sourced_id",
    "status": "CASE WHEN r.active THEN 'active' ELSE 'tobedeleted' END",
    "dateLastModified": moment("greatest(CASE WHEN r.active THEN p.sys_from END, r.changed)"),
    "enabledUser": "CASE WHEN r.active THEN 'true' ELSE 'false' END",
    "givenName": "CASE WHEN r.active THEN p.given_name ELSE '' END",
    "familyName": "CASE WHEN r.active THEN p.family_name ELSE '' END",
    "roles": "r.roles",
    "primaryOrg": reference("r.org", "orgs", "org"),
    "email": "CASE WHEN r.active AND NOT k.hidden THEN r.email END",
    "agents": "CASE WHEN r.active THEN r.agents END",
    "grades": "CASE WHEN r.active THEN r.grades END",
}


def _users(rows: str) -> Resource:
    return Resource(
        "users", "user", "k.sourced_id", rows, USER_BODIES, _USER_FIELDS, USER_PROPERTIES, "k.person_id", _USER_KNOWN,
        guarded={
            "givenName": ("people_person.given_name",),
            "familyName": ("people_person.family_name",),
            "email": ("people_contact.value",),
            "agents": ("people_guardianship.guardian_id", "people_guardianship.child_id"),
            "roles": ("studies_schoolenrolment.school_id",),
            "primaryOrg": ("studies_schoolenrolment.school_id",),
            "grades": ("studies_schoolenrolment.grade",),
        },
        bare="people_providerperson.person_id",
        # A bar on information counts at every provider.
        elsewhere=frozenset({"agents.sourcedId"}),
    )  # fmt: skip


_STUDENT = """ AND EXISTS (SELECT 1 FROM studies_schoolenrolment e WHERE e.provider_id = %(provider)s
    AND e.person_id = k.person_id)"""
_TEACHER = """ AND (EXISTS (SELECT 1 FROM people_staffassignment a WHERE a.provider_id = %(provider)s
    AND a.person_id = k.person_id AND a.role IN ('teacher', 'special_needs_teacher'))
    OR EXISTS (SELECT 1 FROM studies_enrolment e WHERE e.provider_id = %(provider)s AND e.person_id = k.person_id
    AND e.role = 'teacher'))"""

USERS = _users(_ROWS)
STUDENTS = _users(_ROWS + _STUDENT)
TEACHERS = _users(_ROWS + _TEACHER)

_SEX = "CASE {0} WHEN '1' THEN 'male' WHEN '2' THEN 'female' END"
DEMOGRAPHICS = Resource(
    "demographics",
    "demographics",
    "k.sourced_id",
    _ROWS,
    f"{_KNOWN_ROW} CROSS JOIN LATERAL (SELECT {_ACTIVE} AS active) r",
    {
        **_SHARED,
        "dateLastModified": Moment(_LINK_CHANGED),
        "birthDate": Day(_current(_PERSON.format("birth_date"))),
        "sex": Text(_current(_SEX.format(_PERSON.format("sex")))),
        **dict.fromkeys(
            ("countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth", "publicSchoolResidenceStatus"), Absent()
        ),
    },
    {
        "sourcedId": "k.sourced_id",
        "status": "CASE WHEN r.active THEN 'active' ELSE 'tobedeleted' END",
        "dateLastModified": moment(_LINK_CHANGED),
        "birthDate": "CASE WHEN r.active THEN p.birth_date END",
        "sex": f"CASE WHEN r.active THEN {_SEX.format('p.sex')} END",
    },
    "k.person_id",
    frozenset(
        [
            "metadata",
            "americanIndianOrAlaskaNative",
            "asian",
            "blackOrAfricanAmerican",
            "nativeHawaiianOrOtherPacificIslander",
            "white",
            "demographicRaceTwoOrMoreRaces",
            "hispanicOrLatinoEthnicity",
            "countryOfBirthCode",
            "stateOfBirthAbbreviation",
            "cityOfBirth",
            "publicSchoolResidenceStatus",
        ]
    ),
    {"birthDate": ("people_person.birth_date",), "sex": ("people_person.sex",)},
    "people_providerperson.person_id",
)
