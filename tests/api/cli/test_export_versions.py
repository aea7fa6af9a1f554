"""The export in both versions of OneRoster, whole and as what has changed, through the real process."""

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from digione.core import clock
from digione.core.use_case import Actor, set_reach
from digione.integrations.demo.oneroster_csv import write
from digione.integrations.oneroster_csv.columns import files_of, tables
from digione.integrations.oneroster_csv.selectors import export_roster
from digione.integrations.oneroster_csv.tables import OTHER_ROLE_OF_1_1, ROLES_OF_1_1
from digione.rest.oneroster.v1p1.shapes import OTHER_ROLE, ROLES
from tests import cast
from tests.api.cli.conftest import EXPORTER, REGISTER, Installation, install

LEARNERS = 80
VERSIONS = ("1.1", "1.2")
Rows = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def home() -> Iterator[Installation]:
    """An installation with the roster of an invented provider. One of its guardians teaches as well."""
    for made in install(REGISTER, migrated=True):
        source = made.data / "source"
        write(source, LEARNERS)
        roles = rows(source, "roles")
        guardian = next(row for row in roles.values() if row["role"] == "guardian")
        teacher = next(row for row in roles.values() if row["role"] == "teacher")
        both = {**teacher, "sourcedId": "second-role", "userSourcedId": guardian["userSourcedId"]}
        rewrite(source, "roles", {**roles, "second-role": {**both, "roleType": "secondary"}})
        bring(made, source)
        yield made


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[list[Installation]]:
    """Two empty installations with the same national register."""
    with_first = install(REGISTER, migrated=True)
    with_second = install(REGISTER, migrated=True)
    yield [next(with_first), next(with_second)]
    for made in (with_first, with_second):
        next(made, None)


def bring(installation: Installation, folder: Path) -> None:
    told = installation.json("import", "oneroster", str(folder), "--provider", EXPORTER)
    assert told["refused"] == 0, told["problems"][:3]


def take(installation: Installation, name: str, *more: str) -> tuple[Path, Any]:
    folder = installation.data / name
    return folder, installation.json("export", "oneroster", str(folder), "--provider", EXPORTER, *more)


def rows(folder: Path, name: str) -> Rows:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return {row["sourcedId"]: row for row in csv.DictReader(stream)}


def rewrite(folder: Path, name: str, changed: Rows) -> None:
    path = folder / f"{name}.csv"
    header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header)
        writer.writeheader()
        writer.writerows(changed.values())


def manifest(folder: Path) -> dict[str, str]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        return {row["propertyName"]: row["value"] for row in csv.DictReader(stream)}


def whole(folder: Path) -> dict[str, Rows]:
    return {path.stem: rows(folder, path.stem) for path in folder.glob("*.csv") if path.stem != "manifest"}


class TestVersions:
    """Both versions say the same, each in its own columns."""

    def test_a_set_of_1_1_is_one_of_1_1(self, home: Installation) -> None:
        (old, told), (new, _) = (take(home, f"form-{version}", "--version", version) for version in VERSIONS)
        said = manifest(old)
        assert said["oneroster.version"] == "1.1"
        assert {name for name in said if name.startswith("file.")} == {f"file.{name}" for name in files_of("1.1")}
        for name, found in whole(old).items():
            assert said[f"file.{name}"] == "bulk"
            columns = tables("1.1")[name].columns
            for row in found.values():
                assert (row["status"], row["dateLastModified"]) == ("", "")
                for column in columns.values():
                    assert row.get(column.name) or not column.required or column.eased, (name, column.name)
        assert not (old / "roles.csv").exists()
        assert "roleType" not in (old / "users.csv").read_text()
        modern, roles = rows(new, "users"), rows(new, "roles").values()
        second = 0
        for key, user in rows(old, "users").items():
            held = [role for role in roles if role["userSourcedId"] == key]
            words = {ROLES_OF_1_1.get(role["role"], "aide") for role in held}
            order = [word for word in ("administrator", "teacher", "aide", "student", "guardian") if word in words]
            assert user["role"] in order
            assert (user["role"] in ("student", "guardian")) <= (not words & {"administrator", "teacher", "aide"})
            same = [role for role in held if ROLES_OF_1_1.get(role["role"], "aide") == user["role"]]
            assert set(user["orgSourcedIds"].split(",")) == {role["orgSourcedId"] for role in same}
            second += len(held) - len(same)
            shared = user.keys() & modern[key].keys()
            assert {name: user[name] for name in shared} == {name: modern[key][name] for name in shared}
        assert told["second_roles"] == second > 0
        for name in ("orgs", "academicSessions", "courses", "classes", "enrollments", "demographics"):
            assert rows(old, name) == rows(new, name)

    def test_both_versions_bring_the_same_roster_into_an_empty_provider(
        self, home: Installation, elsewhere: list[Installation]
    ) -> None:
        for version, empty in zip(VERSIONS, elsewhere, strict=True):
            exported, _ = take(home, f"to-bring-{version}", "--version", version)
            bring(empty, exported)
            again, _ = take(empty, f"again-{version}", "--version", version)
            first, second = whole(exported), whole(again)
            if version == "1.1":
                # In 1.1 an agent is a guardian by the role of one of the two; who teaches has another.
                staff = {key for key, user in first["users"].items() if user["role"] not in ("student", "guardian")}
                for user in first["users"].values():
                    named = user["agentSourcedIds"].split(",")
                    user["agentSourcedIds"] = ",".join(key for key in named if key not in staff)
            assert first == second
        by_old, by_new = (ROSTER(empty) for empty in elsewhere)
        for what in by_new:
            assert by_old[what], what
            if what in ("staff", "guardians"):
                # 1.1 has one role for a user: who teaches is no longer somebody's guardian, and heads are administrators.
                continue
            assert by_old[what] == by_new[what], what
        heads = {(who, place, "administrator" if role == "principal" else role) for who, place, role in by_new["staff"]}
        assert by_old["staff"] == heads
        teaching = {who for who, _, _ in by_new["staff"]}
        lost = {(guardian, child) for guardian, child in by_new["guardians"] if guardian in teaching}
        assert lost
        assert by_old["guardians"] == by_new["guardians"] - lost

    @pytest.mark.parametrize("moment", ["yesterday", "2026-08-11T07:30:00", "2999-01-01T00:00:00Z"])
    def test_what_is_no_moment_of_the_past_is_refused(self, home: Installation, moment: str) -> None:
        folder = home.data / "nothing"
        told = home.json("export", "oneroster", str(folder), "--provider", EXPORTER, "--since", moment, code=2)
        [fault] = told["faults"]
        assert (fault["code"], moment in fault["message"]) == ("moment", True)
        assert not folder.exists()


def ROSTER(at: Installation) -> dict[str, set[tuple[Any, ...]]]:  # noqa: N802
    """Return what an installation knows of the provider's roster, by the sources' ids, past every rule."""
    key = "(SELECT k.key FROM core_sourcekey k WHERE k.kind = '{}' AND k.target_id = {} LIMIT 1)"
    asked = {
        "people": f"SELECT {key.format('person', 'x.id')}, first_names, family_name, birth_date, sex FROM people_person x",
        "contacts": f"SELECT {key.format('person', 'x.person_id')}, kind, value FROM people_contact x",
        "learners": f"SELECT {key.format('person', 'x.person_id')}, o.school_code, grade, is_primary"
        " FROM studies_schoolenrolment x JOIN organisations_organisation o ON o.id = x.school_id",
        "staff": f"SELECT {key.format('person', 'x.person_id')}, o.oid, role FROM people_staffassignment x"
        " JOIN organisations_organisation o ON o.id = x.organisation_id",
        "guardians": f"SELECT {key.format('person', 'x.guardian_id')}, {key.format('person', 'x.child_id')}"
        " FROM people_guardianship x",
        "groups": f"SELECT {key.format('group', 'x.id')}, {key.format('course', 'x.course_id')}, code, title::text, kind,"
        " grades::text FROM studies_group x",
        "courses": f"SELECT {key.format('course', 'x.id')}, {key.format('session', 'x.session_id')}, code, title::text"
        " FROM studies_course x",
        "sessions": f"SELECT {key.format('session', 'x.id')}, kind, title::text, starts_on, ends_on, school_year"
        " FROM organisations_academicsession x",
        "enrolments": f"SELECT {key.format('enrolment', 'x.id')}, {key.format('group', 'x.group_id')},"
        f" {key.format('person', 'x.person_id')}, role, is_primary, valid_from, valid_to FROM studies_enrolment x",
    }
    return {name: set(at.rows(sql)) for name, sql in asked.items()}


def applied(bulk: dict[str, Rows], folder: Path) -> tuple[dict[str, Rows], int]:
    """Return what a receiver has that applies a delta to what it had, and how many rows the delta has."""
    having = {name: {**found} for name, found in bulk.items()}
    number = 0
    for name, found in whole(folder).items():
        for key, row in found.items():
            number += 1
            assert row["status"] in ("active", "tobedeleted")
            if row["status"] == "active":
                fresh = {**row, "status": "", "dateLastModified": ""}
                assert having[name].get(key) != fresh, "only what has changed"
                having[name][key] = fresh
            else:
                assert having[name].pop(key), "nothing is deleted that was not there"
    return having, number


class TestDelta:
    """What an earlier export told, and a delta from its moment, is what a later export tells."""

    def test_bulk_and_delta_are_the_later_bulk(self, home: Installation) -> None:
        before, since = {}, {}
        for version in VERSIONS:
            folder, told = take(home, f"before-{version}", "--version", version)
            before[version], since[version] = whole(folder), told["moment"]
        hidden, gone, renamed = self._change(home)
        for version in VERSIONS:
            later, _ = take(home, f"later-{version}", "--version", version)
            delta, told = take(home, f"delta-{version}", "--version", version, "--since", since[version])
            having, number = applied(before[version], delta)
            assert having == whole(later)
            assert number < sum(map(len, before[version].values())) / 4, "a delta is small"
            assert sum(told["rows"].values()) == number
            deleted = {
                name: [row for row in found.values() if row["status"] == "tobedeleted"]
                for name, found in whole(delta).items()
            }
            assert told["deleted"] == {name: len(found) for name, found in deleted.items()}
            assert told["mode"] == "delta"
            said = manifest(delta)
            assert {said[f"file.{name}"] for name in having} == {"delta"}
            users = rows(delta, "users")
            assert users[renamed]["familyName"] == "Uudelleennimetty"
            assert {users[key]["status"] for key in (hidden, gone)} == {"tobedeleted"}
            # Of somebody of whom nothing may be told, no more than the id; of others what the standard requires.
            for name, found in deleted.items():
                demanded = {*tables(version)[name].demanded, "status", "dateLastModified"}
                for row in found:
                    assert {column for column, value in row.items() if value} <= demanded
            told_of = {column for column, value in users[hidden].items() if value}
            assert told_of == {"sourcedId", "status", "dateLastModified"}
            assert users[gone]["familyName"]
            assert before[version]["users"][hidden]["familyName"] not in str(users[hidden])
            moments = [row["dateLastModified"] for found in whole(delta).values() for row in found.values()]
            assert moments
            assert all(since[version][:23] <= moment[:23] <= told["moment"][:23] for moment in moments)
            nothing, _ = take(home, f"nothing-{version}", "--version", version, "--since", told["moment"])
            assert all(not found for found in whole(nothing).values())

    def _change(self, home: Installation) -> tuple[str, str, str]:
        """Let the source change, and the data by other ways; return who was hidden, who went and who was renamed."""
        source, later = home.data / "source", home.data / "source-later"
        shutil.copytree(source, later)
        users, roles, enrolments = (rows(source, name) for name in ("users", "roles", "enrollments"))
        students = [row["userSourcedId"] for row in roles.values() if row["role"] == "student"]
        gone, renamed, hidden, moved = students[3], students[4], students[5], students[6]
        rewrite(later, "users", {
            key: {**row, "familyName": "Uudelleennimetty"} if key == renamed else row
            for key, row in users.items() if key != gone
        })  # fmt: skip
        rewrite(later, "roles", {key: row for key, row in roles.items() if row["userSourcedId"] != gone})
        held = {row["classSourcedId"] for row in enrolments.values() if row["userSourcedId"] == moved}
        other = min({row["classSourcedId"] for row in enrolments.values()} - held)
        one = min(key for key, row in enrolments.items() if row["userSourcedId"] == moved)
        changed = {**enrolments, one: {**enrolments[one], "classSourcedId": other}}
        rewrite(later, "enrollments", {key: row for key, row in changed.items() if row["userSourcedId"] != gone})
        demographics = rows(source, "demographics")
        rewrite(later, "demographics", {key: row for key, row in demographics.items() if key != gone})
        told = home.json("import", "oneroster", str(later), "--provider", EXPORTER)
        assert told["refused"] == 0, told["problems"][:3]
        with psycopg.connect(home.admin_url) as database:
            database.execute(
                "UPDATE people_person SET non_disclosure = true WHERE id ="
                " (SELECT target_id FROM core_sourcekey WHERE kind = 'person' AND key = %s)",
                [hidden],
            )
            # A group ends beside its rows, and a teacher's post.
            database.execute(
                "UPDATE studies_group SET valid_to = '2026-01-01' WHERE id = (SELECT max(id::text)::uuid FROM studies_group)"
            )
            database.execute(
                "DELETE FROM people_staffassignment WHERE id = (SELECT max(id::text)::uuid FROM people_staffassignment)"
            )
        return hidden, gone, renamed

    def test_what_ends_by_itself_is_in_the_delta(self, home: Installation) -> None:
        """Nobody writes anything when a period runs out."""
        since = (datetime.now().astimezone() - timedelta(days=3)).isoformat()
        with psycopg.connect(home.admin_url) as database:
            # As if all of it had been written a month ago.
            database.execute("SET session_replication_role = replica")
            for (table,) in database.execute(
                "SELECT table_name FROM information_schema.columns WHERE column_name = 'sys_from'"
                " AND table_name NOT LIKE '%\\_history' AND table_schema = 'public'"
            ).fetchall():
                database.execute(f"UPDATE {table} SET sys_from = now() - interval '30 days'")
            database.execute("UPDATE core_sourcekey SET linked_at = now() - interval '30 days'")
        before, _ = take(home, "before-the-end", "--since", since)
        with psycopg.connect(home.admin_url) as database:
            database.execute("SET session_replication_role = replica")
            [(ended,)] = database.execute(
                "UPDATE studies_enrolment SET valid_to = %s WHERE id = (SELECT min(e.id::text)::uuid FROM studies_enrolment e"
                " JOIN studies_group g ON g.id = e.group_id AND g.valid_to IS NULL JOIN people_person p ON p.id = e.person_id"
                " AND NOT p.non_disclosure WHERE coalesce(e.valid_to, 'infinity') > now() AND e.role = 'student')"
                " RETURNING (SELECT key FROM core_sourcekey k WHERE k.kind = 'enrolment' AND k.target_id = id)",
                [clock.today() - timedelta(days=1)],
            ).fetchall()
        after, _ = take(home, "after-the-end", "--since", since)
        assert ended not in rows(before, "enrollments")
        fresh = {
            (name, key) for name, found in whole(after).items() for key in found.keys() - rows(before, name).keys()
        }
        assert fresh == {("enrollments", ended)}
        row = rows(after, "enrollments")[ended]
        assert row["status"] == "tobedeleted"
        assert datetime.fromisoformat(since) <= datetime.fromisoformat(row["dateLastModified"])

    def test_a_change_that_is_being_written_is_told_by_the_next_delta(self, home: Installation) -> None:
        """What began before an export and ends after it carries an earlier moment than the export has."""
        with psycopg.connect(home.app_url) as database:
            [(provider, person, key)] = home.rows(
                "SELECT k.provider_id, k.target_id, k.key FROM core_sourcekey k JOIN people_person p ON p.id = k.target_id"
                " AND NOT p.non_disclosure JOIN studies_schoolenrolment e ON e.person_id = p.id AND e.valid_to IS NULL"
                " WHERE k.kind = 'person' AND k.row_hash IS NOT NULL ORDER BY k.key LIMIT 1"
            )
            database.execute("SELECT set_config('digione.provider', %s, true)", [str(provider)])
            changed = database.execute(
                "UPDATE people_person SET family_name = 'Kesken' WHERE id = %s RETURNING sys_from", [person]
            ).fetchall()
            folder, told = take(home, "meanwhile")
            assert rows(folder, "users")[key]["familyName"] != "Kesken"
            assert datetime.fromisoformat(told["moment"]) <= changed[0][0]
        delta, _ = take(home, "afterwards", "--since", told["moment"])
        assert rows(delta, "users")[key]["familyName"] == "Kesken"
        having, _ = applied(whole(folder), delta)
        assert having == whole(take(home, "afterwards-bulk")[0])

    def test_a_row_that_a_source_has_linked_since_goes_out_under_the_sources_id_and_the_other_goes(
        self, home: Installation
    ) -> None:
        found = "kind = 'course' AND key = (SELECT min(key) FROM core_sourcekey WHERE kind = 'course')"
        columns = "provider_id, source, kind, key, target_id, row_hash, run_id, masters"
        with psycopg.connect(home.admin_url) as database:
            database.execute(f"CREATE TABLE public.unlinked AS SELECT {columns} FROM core_sourcekey WHERE {found}")
            database.execute(f"DELETE FROM core_sourcekey WHERE {found}")
            [(key, own)] = database.execute("SELECT key, target_id FROM unlinked").fetchall()
        before, told = take(home, "unlinked")
        assert str(own) in rows(before, "courses")
        with psycopg.connect(home.admin_url) as database:
            database.execute(f"INSERT INTO core_sourcekey ({columns}) SELECT {columns} FROM unlinked")
            database.execute("DROP TABLE unlinked")
        delta, _ = take(home, "linked", "--since", told["moment"])
        assert {ident: row["status"] for ident, row in rows(delta, "courses").items()} == {
            key: "active",
            str(own): "tobedeleted",
        }
        assert applied(whole(before), delta)[0] == whole(take(home, "linked-bulk")[0])

    def test_a_delta_stands_in_the_log_with_its_beginning(self, home: Installation) -> None:
        scopes = home.rows("SELECT scope, earliest FROM audit_entry WHERE event = 'roster.exported' ORDER BY id")
        deltas = [(scope, earliest) for scope, earliest in scopes if "since" in scope]
        assert 0 < len(deltas) < len(scopes)
        for scope, earliest in deltas:
            assert datetime.fromisoformat(scope["since"]).date() - earliest <= timedelta(days=1)
        assert all(earliest is None for scope, earliest in scopes if "since" not in scope)


@pytest.mark.django_db
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("hidden", [False, True])
def test_nobody_is_told_of_who_is_not_in_the_other_version(version: str, hidden: bool) -> None:
    told: dict[str, list[Any]] = {}

    def sink(name: str, columns: Any, found: Any) -> int:
        told[name] = [dict(zip(columns, row, strict=True)) for row in found]
        return len(told[name])

    at: Actor = cast.platform.at(cast.KUUSNIEMI)
    export_roster(at, write=sink, version=version, include_non_disclosure=hidden)
    people = {row["sourcedId"] for row in told["users"]}
    assert (str(cast.PROTECTED_PUPIL) in people) is hidden
    assert str(cast.PUPIL) in people
    assert str(cast.VALKAMO_PUPIL) not in people
    assert {row["userSourcedId"] for row in told["enrollments"]} <= people
    assert cast.PUPIL_HETU not in json.dumps(told, default=str)


@pytest.mark.django_db
def test_who_works_and_studies_has_the_role_of_staff_in_1_1_as_in_the_services() -> None:
    with connection.cursor() as cursor:
        set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
        cursor.execute(
            "INSERT INTO people_staffassignment (id, provider_id, person_id, organisation_id, role, valid_from)"
            " VALUES (gen_random_uuid(), %(at)s, %(who)s, %(at)s, 'school_secretary', '2026-01-01')",
            {"at": cast.KUUSNIEMI, "who": cast.PUPIL},
        )
    told: dict[str, list[Any]] = {}

    def sink(name: str, columns: Any, found: Any) -> int:
        told[name] = [dict(zip(columns, row, strict=True)) for row in found]
        return len(told[name])

    exported = export_roster(cast.platform.at(cast.KUUSNIEMI), write=sink, version="1.1")
    (user,) = [row for row in told["users"] if row["sourcedId"] == str(cast.PUPIL)]
    assert (user["role"], user["orgSourcedIds"]) == ("aide", str(cast.KUUSNIEMI))
    assert exported.second_roles == 1


def test_the_words_of_1_1_are_those_of_the_services() -> None:
    assert ROLES_OF_1_1.items() <= {**ROLES, "ext:specialNeedsTeacher": "teacher"}.items()
    assert OTHER_ROLE_OF_1_1 == OTHER_ROLE
