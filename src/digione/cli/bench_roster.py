"""The bench of rosters in, and its limit: the same rows merged by the plainest SQL that does as much."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql

from digione.cli.bench_figures import Figure
from digione.cli.bench_stage import Stage, cpu_ms, import_command

#: What a million rows may take, in MB: the target.
_MEMORY = 500
#: So many learners a set has at most: a nation's comes by providers, and the set, its copy and its merge need the room.
_MOST = 100_000


def roster_in(on: Stage) -> list[Figure]:
    """A OneRoster set of 100,000 learners at most into a provider of its own, twice, against the same rows merged in pure SQL."""
    from digione.core.ids import new_id
    from digione.integrations.demo.identity import luhn_digit
    from digione.integrations.demo.oneroster_csv import write

    folder = on.data / "oneroster"
    rows = write(folder, min(on.learners, _MOST))
    provider, digits = new_id(), f"{2027_000_000 + time.time_ns() % 1_000_000:010d}"
    oid = f"1.2.246.562.199.{digits}{luhn_digit(digits)}"
    with psycopg.connect(on.admin_url) as connection:
        connection.execute(
            "INSERT INTO organisations_organisation (id, oid, provider_id, kinds, name, source)"
            " VALUES (%s, %s, %s, '{provider}', '{\"fi\": \"Mittausniemi\"}', 'demo')",
            [provider, oid, provider],
        )
        connection.execute(
            "INSERT INTO organisations_provider (id, joined_on, languages) VALUES (%s, current_date, '{fi,sv,en}')",
            [provider],
        )
    limit = _merged_in_sql(on, folder, provider, rows)
    _warm(on, oid)
    first, cpu, memory = _imported(on, folder, oid)
    again, _, _ = _imported(on, folder, oid)
    shutil.rmtree(folder)
    speed = rows / first
    return [
        Figure("roster_in", speed, "rows/s", limit, speed / limit, cpu / rows, None, on.learners),
        Figure("roster_in_again", rows / again, "rows/s", speed, first / again, None, None, on.learners),
        Figure("roster_in_memory", memory / 1024, "MB", _MEMORY, _MEMORY * 1024 / memory, learners=on.learners),
    ]


def _warm(on: Stage, oid: str) -> None:
    """Rehearse an import of nothing, so that compiling the program is not counted as importing."""
    folder = on.data / "nothing"
    folder.mkdir()
    (folder / "orgs.csv").write_text("sourcedId,name,type\n")
    (folder / "users.csv").write_text("sourcedId,enabledUser,orgSourcedIds,role,givenName,familyName\n")
    command, environment = import_command(on, "oneroster", folder, oid, "--dry-run")
    subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603


def _imported(on: Stage, folder: Path, oid: str) -> tuple[float, float, int]:
    """Run the import; return seconds, CPU milliseconds with PostgreSQL's, and the peak of its memory in kB."""
    before, began = cpu_ms([on.postmaster]), time.perf_counter()
    with tempfile.TemporaryFile() as told:
        command, environment = import_command(on, "oneroster", folder, oid)
        process = subprocess.Popen(command, env=environment, stdout=told, stderr=told)  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if os.waitstatus_to_exitcode(status):
            told.seek(0)
            raise RuntimeError(f"The import failed: {told.read()[-500:].decode(errors='replace')}")
    used = cpu_ms([on.postmaster]) - before + (usage.ru_utime + usage.ru_stime) * 1000
    return seconds, used, usage.ru_maxrss


#: The merge of a first load without anything that is ours: ids come from the file, nothing is read again, matched,
#: validated, encrypted or reported. The tables, their keys, policies, triggers and deferred checks are the same ones,
#: and so are the key and the event that each row leaves.
_MERGE = """
INSERT INTO organisations_organisation (id, provider_id, parent_id, kinds, name, sort_key, source)
SELECT "sourcedId"::uuid, %(p)s, %(p)s, '{school}', jsonb_build_object('fi', name), lower(name), 'limit'
FROM s_orgs WHERE type = 'school';
INSERT INTO organisations_academicsession (id, provider_id, kind, title, starts_on, ends_on, school_year)
SELECT "sourcedId"::uuid, %(p)s, type, jsonb_build_object('fi', title), "startDate"::date, "endDate"::date, "schoolYear"::int
FROM s_academicSessions;
INSERT INTO studies_course (id, provider_id, session_id, code, title, status)
SELECT "sourcedId"::uuid, %(p)s, "schoolYearSourcedId"::uuid, "courseCode", jsonb_build_object('fi', title), 'active'
FROM s_courses;
INSERT INTO studies_group (id, provider_id, school_id, course_id, kind, code, title)
SELECT "sourcedId"::uuid, %(p)s, "schoolSourcedId"::uuid, "courseSourcedId"::uuid,
    CASE "classType" WHEN 'homeroom' THEN 'home_group' ELSE 'class_section' END, "classCode", jsonb_build_object('fi', title)
FROM s_classes;
INSERT INTO studies_groupsession (id, provider_id, group_id, session_id)
SELECT gen_random_uuid(), %(p)s, "sourcedId"::uuid, t::uuid
FROM s_classes CROSS JOIN LATERAL string_to_table("termSourcedIds", ',') t;
INSERT INTO people_providerperson (id, provider_id, person_id, basis, valid_from)
SELECT "sourcedId"::uuid, %(p)s, "userSourcedId"::uuid,
    CASE role WHEN 'student' THEN 'learner' WHEN 'guardian' THEN 'guardian' ELSE 'staff' END, current_date
FROM s_roles ON CONFLICT DO NOTHING;
INSERT INTO people_person (id, first_names, given_name, family_name, sort_key, search_key, birth_date, sex)
SELECT u."sourcedId"::uuid, "givenName", "givenName", "familyName", lower("familyName" || "givenName"),
    lower("familyName" || ' ' || "givenName"), d."birthDate"::date, CASE d.sex WHEN 'male' THEN '1' ELSE '2' END
FROM s_users u JOIN s_demographics d ON d."sourcedId" = u."sourcedId";
INSERT INTO people_identifier (id, person_id, kind, value_enc, digest, key_id)
SELECT gen_random_uuid(), "sourcedId"::uuid, 'learner_number', convert_to(identifier, 'UTF8'),
    sha256(convert_to('limit' || identifier, 'UTF8')), 1 FROM s_users WHERE identifier <> '';
INSERT INTO people_identifier (id, provider_id, person_id, kind, value_enc, digest, key_id)
SELECT gen_random_uuid(), %(p)s, "sourcedId"::uuid, 'username', convert_to(username, 'UTF8'),
    sha256(convert_to(username, 'UTF8')), 1 FROM s_users ON CONFLICT DO NOTHING;
INSERT INTO people_contact (id, provider_id, person_id, kind, value, sources, valid_from)
SELECT gen_random_uuid(), %(p)s, "sourcedId"::uuid, kind, value, '{limit}', current_date
FROM s_users CROSS JOIN LATERAL (VALUES ('email', email), ('phone', phone)) c (kind, value) WHERE value <> '';
INSERT INTO people_guardianship (id, provider_id, guardian_id, child_id, valid_from, source)
SELECT gen_random_uuid(), %(p)s, g::uuid, "sourcedId"::uuid, current_date, 'limit'
FROM s_users CROSS JOIN LATERAL string_to_table("agentSourcedIds", ',') g WHERE "agentSourcedIds" <> '';
INSERT INTO studies_schoolenrolment (id, provider_id, person_id, school_id, is_primary, valid_from)
SELECT "sourcedId"::uuid, %(p)s, "userSourcedId"::uuid, "orgSourcedId"::uuid, "roleType" = 'primary', "beginDate"::date
FROM s_roles WHERE role = 'student';
INSERT INTO people_staffassignment (id, provider_id, person_id, organisation_id, role, valid_from)
SELECT r."sourcedId"::uuid, %(p)s, "userSourcedId"::uuid, CASE o.type WHEN 'school' THEN o."sourcedId"::uuid ELSE %(p)s END,
    CASE role WHEN 'teacher' THEN 'teacher' ELSE 'other' END, "beginDate"::date
FROM s_roles r JOIN s_orgs o ON o."sourcedId" = r."orgSourcedId" WHERE role NOT IN ('student', 'guardian');
INSERT INTO studies_enrolment (id, provider_id, group_id, school_id, person_id, role, is_primary, valid_from, valid_to)
SELECT "sourcedId"::uuid, %(p)s, "classSourcedId"::uuid, "schoolSourcedId"::uuid, "userSourcedId"::uuid, role,
    "primary" = 'true', "beginDate"::date, "endDate"::date FROM s_enrollments;
"""
_TRACES = """
INSERT INTO core_sourcekey (provider_id, source, kind, key, target_id, row_hash)
SELECT %(p)s, 'limit', {kind}, "sourcedId", "sourcedId"::uuid, decode(md5(s::text), 'hex') FROM {table} s;
INSERT INTO core_outbox (id, provider_id, type, data)
SELECT gen_random_uuid(), %(p)s, {kind}, jsonb_build_object('added', count(*)) FROM {table};
"""
_FILES = "orgs academicSessions courses classes demographics users roles enrollments"


def _merged_in_sql(on: Stage, folder: Path, provider: UUID, rows: int) -> float:
    """Return the rows a second of the plain merge, done as the application's role and undone again."""
    with psycopg.connect(on.app_url) as connection:
        began = time.perf_counter()
        connection.execute(
            "SELECT set_config('digione.provider', %s, true), set_config('digione.register', 'on', true)",
            [str(provider)],
        )
        connection.execute("SET LOCAL work_mem = '64MB'")
        connection.execute("SET LOCAL jit = off")
        for file in _FILES.split():
            table = sql.Identifier(f"s_{file}".lower())
            with (folder / f"{file}.csv").open("rb") as source:
                names = source.readline().decode().strip().split(",")
                columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in names)
                connection.execute(sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DROP").format(table, columns))
                with connection.cursor().copy(
                    sql.SQL("COPY {} FROM STDIN (FORMAT csv, NULL '\\N')").format(table)
                ) as copy:
                    while piece := source.read(262_144):
                        copy.write(piece)
            connection.execute(sql.SQL("ANALYZE {}").format(table))
        for statement in _MERGE.split(";\n")[:-1]:
            connection.execute(statement.encode(), {"p": provider})
        for file in _FILES.split():
            if file != "demographics":
                traces = sql.SQL(_TRACES).format(kind=sql.Literal(file), table=sql.Identifier(f"s_{file}".lower()))
                for statement in traces.as_string(connection).split(";\n")[:-1]:
                    connection.execute(statement.encode(), {"p": provider})
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        seconds = time.perf_counter() - began
        connection.rollback()
    with psycopg.connect(on.admin_url, autocommit=True) as connection:
        # What was undone must not stand in the way of what is measured next.
        connection.execute("VACUUM")
    return rows / seconds
