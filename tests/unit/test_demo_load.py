"""The demonstration goes in through the application's role, under row-level security, once."""

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.db import connection, transaction
from psycopg.conninfo import make_conninfo

from digione.access.roles import Role
from digione.cli import demo_commands, lifecycle
from digione.cli.parts import Watch
from digione.core import clock
from digione.core.use_case import REGISTRY, Actor, set_reach
from digione.integrations.demo import cast, history
from digione.integrations.demo.cast import PASSWORD
from digione.integrations.demo.load import is_whole, load_demo, mark_whole
from digione.integrations.loading.report import Report
from digione.integrations.loading.services import import_roster
from digione.integrations.oneroster_csv.files import Set
from digione.integrations.oneroster_csv.reader import Reader
from digione.integrations.oneroster_csv.selectors import export_roster
from digione.integrations.oneroster_csv.writer import SetWriter
from digione.people import selectors as people
from digione.people.desks import desk_of
from tests.log import entries


def _count(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


@pytest.mark.django_db
def test_a_load_is_whole_and_a_second_one_changes_nothing() -> None:
    told: list[int] = []
    loaded = load_demo(300, seed=11, progress=told.append)
    assert not loaded.already
    assert loaded.learners == sum(told) == 300
    assert load_demo(300, seed=11).already

    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM organisations_provider WHERE demo")
        providers = [row[0] for row in cursor.fetchall()]
    assert len(providers) == 4
    learners = 0
    for provider in providers:
        set_reach(Actor(str(Role.ADMINISTRATOR), provider_id=provider))
        learners += _count("SELECT count(*) FROM people_providerperson WHERE basis = 'learner' AND valid_to IS NULL")
        # Every person that a link opens is there, and nobody else is.
        assert _count("SELECT count(DISTINCT person_id) FROM people_providerperson") == _count(
            "SELECT count(*) FROM people_person"
        )
    assert learners == 300
    set_reach(Actor(str(Role.ADMINISTRATOR)))
    assert _count("SELECT count(*) FROM people_person") == 0
    assert authenticate(username="katri.lehtovaara", password=PASSWORD) is not None


@pytest.mark.django_db
@pytest.mark.usefixtures("owners_log")
def test_the_first_day_is_in_the_log_by_real_looks_alone(settings: Any) -> None:
    """Guardian and learner read who has looked: staff who may, and the app; all of it written by use cases."""
    settings.DEMO = True
    demo_commands.first_day(load_demo(300, seed=11))
    accounts = dict(get_user_model().objects.filter(username__in=cast.SIGN_INS).values_list("username", "person_id"))

    def viewers(reader: str, whose: str) -> dict[str, list[str]]:
        desk = desk_of(accounts[reader], day=clock.today())
        choice = desk.roles[0]
        me = accounts[reader]
        actor = Actor(choice.role, person_id=me, account_id=me, persons=(me, *choice.wards))
        page = people.views_of(actor, person=accounts[whose])
        return {viewer["name"]: viewer["events"] for viewer in page["viewers"] if viewer["act"] != "home"}

    aino = viewers("katri.lehtovaara", "aino.lehtovaara")
    assert set(aino) == {"Pirjo Vainionpää", "Tuula Mäntykoski", "Lukupolku"}
    assert aino["Lukupolku"] == ["roster.read"]
    assert set(aino["Pirjo Vainionpää"]) == {"person.read", "group.read"}
    assert set(viewers("otso.lehtovaara", "otso.lehtovaara")) == {"Sampo Ketola", "Tarmo Vesiranta", "Lukupolku"}
    assert set(viewers("eetu.tervajoki", "eetu.tervajoki")) == {"Veikko Ohravuori", "Maarit Kaarnaluoto"}
    found = [(row["use_case"], row["outcome"]) for row in entries("e.event NOT LIKE %s", "app.%")]
    assert {outcome for _, outcome in found} == {"done"}, "nobody looked who may not"
    assert {name for name, _ in found} <= set(REGISTRY)


_TABLES = (
    "people_providerperson", "people_identifier", "people_guardianship", "people_staffassignment", "people_duplicatecase",
    "organisations_organisation", "organisations_academicsession", "studies_course", "studies_group", "studies_groupsession",
    "studies_schoolenrolment", "studies_enrolment",
)  # fmt: skip
_CHANGED = "SELECT coalesce(sum((data ->> 'changed')::int), 0) FROM core_outbox WHERE type LIKE '%\\_imported'"
_TITLES = "SELECT count(*) FROM studies_group WHERE title ->> 'fi' = 'Uusi nimi'"


@pytest.fixture
def at_demo(tmp_path: Path) -> tuple[Actor, Path]:
    """The largest municipality of a small demonstration, and the set that it exports."""
    load_demo(300, seed=11, app=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM organisations_provider p JOIN organisations_organisation o ON o.id = p.id"
            " WHERE p.demo AND o.name ->> 'fi' = 'Kuusniemi'"
        )
        actor = Actor(str(Role.PLATFORM)).at(cursor.fetchone()[0])
    with SetWriter(tmp_path / "set") as out:
        export_roster(actor, write=out.write)
    return actor, tmp_path / "set"


def _import(actor: Actor, folder: Path, source: str, **options: bool) -> Report:
    report = Report()
    roster = Reader(Set(folder, report.problems), clock.today()).roster()
    return import_roster(actor, roster=roster, report=report, kind="oneroster", source=source, file_hash="x", **options)


def _held(actor: Actor) -> list[list[Any]]:
    set_reach(actor)
    found = []
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(
                f"SELECT to_jsonb(t) - 'sys_from' FROM {table} t WHERE provider_id = %s ORDER BY id",
                [actor.provider_id],
            )
            found.append(cursor.fetchall())
    return found


def _rename(folder: Path) -> None:
    _edit(folder / "classes.csv", "title", "Uusi nimi")


def _edit(path: Path, column: str, value: str) -> None:
    """Change a cell of the first row that has something in the column."""
    with path.open(encoding="utf-8", newline="") as stream:
        head, *rows = csv.reader(stream)
    place = head.index(column)
    next(row for row in rows if row[place])[place] = value
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])


@pytest.mark.django_db
def test_the_set_that_a_demonstration_exports_finds_every_row_of_it(at_demo: tuple[Actor, Path]) -> None:
    actor, folder = at_demo
    before = _held(actor)
    report = _import(actor, folder, "oneroster:digione")
    assert (report.status, report.refused, report.held_back) == ("done", 0, 0), report.problems.found[:5]
    assert _held(actor) == before
    again = _import(actor, folder, "oneroster:digione")
    assert (again.added, again.changed, again.held_back) == (0, 0, 0)
    _rename(folder)
    (folder / "enrollments.csv").write_text(
        "\n".join((folder / "enrollments.csv").read_text().splitlines()[:-1]) + "\n"
    )
    edited = _import(actor, folder, "oneroster:digione")
    assert [(one.file, one.line, one.field) for one in edited.problems.found] == [("classes.csv", 2, "title")]
    assert (edited.held_back, edited.changed, edited.ended) == (1, 0, 0)
    assert _held(actor) == before, "the demonstration masters its rows, and has them still"


@pytest.mark.django_db
def test_the_demonstration_is_changed_by_a_set_that_speaks_for_it(at_demo: tuple[Actor, Path]) -> None:
    actor, folder = at_demo
    before = _held(actor)
    same = _import(actor, folder, "demo")
    assert (same.changed, same.held_back, same.ended) == (0, 0, 0), "no file has told the rows before, and none differs"
    # Only that somebody is a guardian has no row of its own here; the source's keys of it are new.
    assert {kind: line["added"] for kind, line in same.kinds.items() if line.get("added")} == {
        "membership": _count(
            "SELECT (data ->> 'added')::int FROM core_outbox WHERE type = 'people.membership_imported'"
        )
    }
    assert _count(_CHANGED) == 0
    assert _held(actor) == before
    _rename(folder)
    report = _import(actor, folder, "demo")
    assert report.changed == 1
    assert (report.status, report.held_back, report.ended) == ("done", 0, 0), report.problems.found[:5]
    assert _count(_TITLES) == 1
    assert [len(rows) for rows in _held(actor)] == [len(rows) for rows in before]
    again = _import(actor, folder, "demo")
    assert (again.added, again.changed, again.ended) == (0, 0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("file", "column", "value"),
    [
        ("users", "email", "uusi@example.fi"),
        ("users", "givenName", "Uusi"),
        ("users", "username", "uusi.nimi"),
        ("users", "grades", "99"),
        ("enrollments", "endDate", "2027-05-31"),
        ("academicSessions", "endDate", "2027-06-30"),
    ],
)
def test_of_a_demonstration_that_no_file_has_told_before_the_row_that_differs_is_changed_alone(
    at_demo: tuple[Actor, Path], file: str, column: str, value: str
) -> None:
    actor, folder = at_demo
    _edit(folder / f"{file}.csv", column, value)
    report = _import(actor, folder, "demo")
    assert (report.status, report.changed) == ("done", 1), {k: v.get("changed") for k, v in report.kinds.items()}
    assert _count(_CHANGED) == 1


class _KilledError(Exception):
    """Stands for a kill -9: nothing of the step that was under way remains."""


def _kill(*arguments: object, **named: object) -> None:
    raise _KilledError


@pytest.mark.django_db
@pytest.mark.parametrize(
    "step",
    ["digione.integrations.demo.history.write_versions", "digione.integrations.demo.newcomers.import_roster",
     "digione.cli.demo_commands._tidy", "digione.integrations.demo.load.mark_whole"],
    ids=["history", "newcomers", "statistics", "mark"],
)  # fmt: skip
def test_what_was_killed_between_two_steps_is_made_whole(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    tidied: list[str] = []
    remembered: list[str] = []
    monkeypatch.setattr(demo_commands, "_tidy", tidied.append)
    monkeypatch.setattr(history, "write_versions", lambda owner: remembered.append(owner) or 0)
    with monkeypatch.context() as broken:
        broken.setattr(step, _kill)
        with pytest.raises(_KilledError):
            demo_commands.make_whole(300, 11, "owner")
    assert not is_whole()
    accounts = _count("SELECT count(*) FROM access_account")
    assert demo_commands.make_whole(300, 11, "owner").already
    assert is_whole()
    assert tidied[-1:] == remembered[-1:] == ["owner"]
    assert _count("SELECT count(*) FROM access_account") == accounts
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM organisations_organisation WHERE name ->> 'fi' = 'Kuusniemi' AND oid LIKE '%.199.%'"
        )
        found = [row[0] for row in cursor.fetchall()]
    runs = []
    for provider in found:
        set_reach(Actor(str(Role.ADMINISTRATOR), provider_id=provider))
        runs.append(_count("SELECT count(*) FROM core_importrun WHERE source = 'uudet-oppilaat.csv'"))
    assert sum(runs) == 1


def test_a_demo_is_made_unless_it_is_whole_or_real_people_are_here(
    committing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **named: object) -> SimpleNamespace:
        asked.append(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(lifecycle.subprocess, "run", run)
    at = connection.settings_dict
    named = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    address = make_conninfo("", **{name: at[key] or None for name, key in named.items()})
    environment = {"DIGIONE_APP_DATABASE_URL": address, "DIGIONE_DATA": "nowhere"}
    lifecycle._load_demo_once(environment, 300, 7, Watch(None, []))
    assert asked == [], "there are providers already, and none of them is invented"
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(Actor(str(Role.PLATFORM)))
        cursor.execute("UPDATE organisations_provider SET demo = true")
    lifecycle._load_demo_once(environment, 300, 7, Watch(None, []))
    [command] = asked
    assert command[3:8] == ["load-demo", "--learners", "300", "--seed", "7"]
    mark_whole({})
    lifecycle._load_demo_once(environment, 300, 7, Watch(None, []))
    assert len(asked) == 1
