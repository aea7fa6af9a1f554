"""`digione export oneroster`, through the real process: whole, streamed, audited, and the same after a round trip."""

import csv
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from digione.core.errors import DeniedError
from digione.core.use_case import Actor
from digione.integrations.demo.oneroster_csv import write
from digione.integrations.oneroster_csv.selectors import export_roster
from tests import cast
from tests.api.cli.conftest import ENDED, EXPORTER, Installation, install

LEARNERS = 120


@pytest.fixture(scope="module")
def exported(installation: Installation) -> Path:
    """The roster of the invented provider, brought in as a set and taken out as a folder."""
    source = installation.data / "source"
    write(source, LEARNERS)
    brought = installation.json("import", "oneroster", str(source), "--provider", EXPORTER)
    assert brought["refused"] == 0, brought["problems"][:3]
    folder = installation.data / "exported"
    told = installation.json("export", "oneroster", str(folder), "--provider", EXPORTER, "--version", "1.2")
    assert told["rows"]["users"] > LEARNERS
    return folder


@pytest.fixture(scope="module")
def elsewhere(installation: Installation) -> Iterator[Installation]:
    """Another installation, empty but for the same national register."""
    yield from install(json.loads((installation.data / "register.json").read_text()), migrated=True)


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_comes_in_goes_out(installation: Installation, exported: Path) -> None:
    source = installation.data / "source"
    named = {key for row in table(source, "users") for key in row["agentSourcedIds"].split(",")}
    # A guardian whom no child's row names has no right to information, so nobody is told of them.
    unnamed = {row["userSourcedId"] for row in table(source, "roles") if row["role"] == "guardian"} - named
    assert len(unnamed) < 5
    for name, columns in {
        "users": ("sourcedId", "givenName", "familyName", "middleName", "email", "phone", "username", "grades"),
        "enrollments": ("sourcedId", "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "beginDate"),
        "demographics": ("sourcedId", "birthDate", "sex"),
        "classes": ("sourcedId", "title", "classType", "courseSourcedId", "schoolSourcedId", "grades"),
        "academicSessions": ("sourcedId", "title", "type", "startDate", "endDate", "schoolYear"),
    }.items():
        came, went = (
            {tuple(row[column] for column in columns) for row in table(folder, name) if row["sourcedId"] not in unnamed}
            for folder in (source, exported)
        )
        assert went == came, name
    agents = [
        {row["sourcedId"]: set(filter(None, row["agentSourcedIds"].split(","))) for row in table(folder, "users")}
        for folder in (source, exported)
    ]
    agents[0] = {key: value for key, value in agents[0].items() if key not in unnamed}
    assert agents[0] == agents[1]
    assert sum(map(len, agents[1].values())) > LEARNERS


def test_a_round_trip_through_an_empty_installation_gives_the_same_files(
    exported: Path, elsewhere: Installation
) -> None:
    brought = elsewhere.json("import", "oneroster", str(exported), "--provider", EXPORTER)
    assert (brought["refused"], brought["held_back"]) == (0, 0), brought["problems"][:3]
    again = elsewhere.data / "again"
    elsewhere.run("export", "oneroster", str(again), "--provider", EXPORTER)
    first, second = files(exported), files(again)
    assert set(first) == set(second)
    for name, body in first.items():
        assert second[name] == body, name


def test_a_second_export_is_the_same_and_an_archive_holds_the_same_files(
    installation: Installation, exported: Path
) -> None:
    path = installation.data / "exported.zip"
    answer = installation.run("export", "oneroster", str(path), "--provider", EXPORTER)
    assert "was written to" in answer.stdout
    with zipfile.ZipFile(path) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files(exported)
    assert path.stat().st_mode & 0o077 == 0, "personal data is its owner's alone"
    assert not list(installation.data.glob(".*partial"))


def test_the_export_is_in_the_log_as_a_bulk_read(installation: Installation, exported: Path) -> None:
    entries = installation.rows(
        "SELECT role, rule, outcome, scope FROM audit_entry WHERE event = 'roster.exported' ORDER BY id"
    )
    role, rule, outcome, scope = entries[0]
    assert (role, rule, outcome) == ("platform", "platform-for-provider", "done")
    assert scope["counts"]["users"] == len(table(exported, "users"))


def test_no_identity_code_and_no_address_goes_out(installation: Installation, exported: Path) -> None:
    [(addresses,)] = installation.rows("SELECT count(*) FROM people_contact WHERE kind = 'address'")
    everything = b"".join(files(exported).values()).decode()
    assert "hetu" not in everything.lower()
    assert addresses == 0 or "katu" not in everything


def test_people_under_non_disclosure_stay_unless_they_are_asked_for(
    installation: Installation, exported: Path, tmp_path: Path
) -> None:
    [(person, key)] = installation.rows(
        "SELECT p.id, k.key FROM people_person p JOIN core_sourcekey k ON k.target_id = p.id AND k.kind = 'person'"
        " JOIN people_providerperson l ON l.person_id = p.id AND l.basis = 'learner' AND l.provider_id = k.provider_id"
        " JOIN organisations_organisation o ON o.id = l.provider_id AND o.oid = %s ORDER BY p.id LIMIT 1",
        EXPORTER,
    )
    _set_hidden(installation, person, True)
    try:
        told = installation.json("export", "oneroster", str(tmp_path / "without"), "--provider", EXPORTER)
        assert told["withheld"] == 1
        assert key not in b"".join(files(tmp_path / "without").values()).decode(), "in no file, not even as a child"
        installation.run(
            "export", "oneroster", str(tmp_path / "with"), "--provider", EXPORTER, "--include-non-disclosure"
        )
        [user] = [row for row in table(tmp_path / "with", "users") if row["sourcedId"] == key]
        assert (user["email"], user["phone"]) == ("", "")
        assert user["givenName"]
    finally:
        _set_hidden(installation, person, False)


def _set_hidden(installation: Installation, person: Any, hidden: bool) -> None:
    with psycopg.connect(installation.admin_url) as connection:
        connection.execute("UPDATE people_person SET non_disclosure = %s WHERE id = %s", [hidden, person])


@pytest.mark.parametrize(
    ("name", "provider", "code", "advice"),
    [
        ("exported", EXPORTER, 2, "is there already"),
        ("nowhere", "1.2.246.562.10.1", 1, "Import the organisations first"),
        ("register.json/set", EXPORTER, 2, "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_told_and_leaves_nothing(
    installation: Installation, exported: Path, name: str, provider: str, code: int, advice: str
) -> None:
    before = files(exported)
    path = installation.data / name
    answer = installation.run("export", "oneroster", str(path), "--provider", provider, code=code)
    assert advice in answer.stderr
    assert files(exported) == before
    assert not (installation.data / "nowhere").exists()


def test_a_provider_without_anybody_gives_a_set_without_rows(installation: Installation, tmp_path: Path) -> None:
    told = installation.json("export", "oneroster", str(tmp_path / "empty"), "--provider", ENDED)
    assert told["rows"]["users"] == 0
    assert [row["type"] for row in table(tmp_path / "empty", "orgs")] == ["district"]


class Sink:
    """Takes what an export hands over, by file."""

    def __init__(self) -> None:
        self.files: dict[str, list[Any]] = {}

    def write(self, name: str, columns: Any, rows: Any) -> int:
        self.files[name] = list(rows)
        return len(self.files[name])


@pytest.mark.django_db
@pytest.mark.parametrize("actor", [cast.teacher, cast.principal, cast.secretary, cast.guardian, cast.pupil])
def test_who_may_not_export_gets_nothing(actor: Actor) -> None:
    sink = Sink()
    with pytest.raises(DeniedError):
        export_roster(actor, write=sink.write)
    assert sink.files == {}


@pytest.mark.django_db
def test_a_main_administrator_exports_the_own_organisation_alone_and_nobody_under_non_disclosure() -> None:
    sink = Sink()
    told = export_roster(cast.administrator, write=sink.write)
    people = {row[0] for row in sink.files["users"]}
    assert str(cast.PUPIL) in people
    assert not people & {str(cast.VALKAMO_PUPIL), str(cast.PROTECTED_PUPIL)}
    assert told.withheld == 1
    named = {agent for row in sink.files["users"] for agent in row[13].split(",") if agent}
    assert named <= people, "nobody is named who is not there"
    assert {row[3] for row in sink.files["roles"]} == people


def test_a_mistyped_path_makes_no_folders(installation: Installation, exported: Path, tmp_path: Path) -> None:
    for name in ("missing/roster", "missing/roster.zip"):
        [fault] = installation.json("export", "oneroster", str(tmp_path / name), "--provider", EXPORTER, code=2)[
            "faults"
        ]
        assert fault["code"] == "no_folder"
        assert f"There is no folder {tmp_path / 'missing'}" in fault["message"]
    assert list(tmp_path.iterdir()) == []
    installation.run("export", "oneroster", str(tmp_path / "made"), "--provider", EXPORTER)
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700
