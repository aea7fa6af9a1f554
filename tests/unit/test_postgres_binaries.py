"""Which PostgreSQL is used: the newest for a new data folder, and for an old one the one that it was made by."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from digione.config.data_folder import StartFailure, data_folder
from digione.config.embedded import EmbeddedServer
from digione.config.postgres_binaries import Binaries, _candidates, _major_of, find_binaries


def _programs(folder: Path, major: int) -> Path:
    """Lay programs that say their version, which is all that the choice asks of them."""
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {major}.3'\n")
        (folder / name).chmod(0o755)
    return folder


def _lead(monkeypatch: pytest.MonkeyPatch, folder: Path, *first: Path) -> None:
    """Let the machine's `pg_config` name the first folder, and `postgres` on the path be that of the second."""
    front = folder / "front"
    front.mkdir()
    (front / "pg_config").write_text(f"#!/bin/sh\necho '{first[0]}'\n")
    (front / "pg_config").chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(front), *map(str, first[1:]), "/usr/bin", "/bin"]))


@pytest.fixture
def newer_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, Path]:
    """A machine whose `pg_config` is that of PostgreSQL 97, and which has a PostgreSQL 96 as well."""
    folders = {major: _programs(tmp_path / "opt" / f"pg {major}" / "bin", major) for major in (97, 96)}
    _lead(monkeypatch, tmp_path, folders[97], folders[96])
    return folders


def test_a_new_folder_gets_the_one_that_the_machine_names_first(newer_first: dict[int, Path]) -> None:
    assert find_binaries() == Binaries(newer_first[97], 97)


def test_an_older_version_that_a_folder_remembers_wins_over_a_newer_one(
    newer_first: dict[int, Path], tmp_path: Path
) -> None:
    server = EmbeddedServer(data_folder(tmp_path / "data"))
    assert server._remembered_major() is None
    server.cluster.mkdir()
    (server.cluster / "PG_VERSION").write_text("96\n")
    assert find_binaries(server._remembered_major()) == Binaries(newer_first[96], 96)


def test_a_version_that_is_gone_is_not_replaced_by_another(newer_first: dict[int, Path]) -> None:
    with pytest.raises(StartFailure, match=r"made by PostgreSQL 95.*97 in .*96 in ") as refusal:
        find_binaries(95)
    assert "Nothing was changed" in str(refusal.value)


def test_programs_that_do_not_run_and_versions_that_are_too_old_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = _programs(tmp_path / "broken", 99)
    (broken / "initdb").unlink()
    old = _programs(tmp_path / "old", 14)
    _lead(monkeypatch, tmp_path, broken, old)
    assert find_binaries().major not in (99, 14)
    assert find_binaries(14) == Binaries(old, 14), "whoever has such a folder may still use it"


@pytest.fixture
def two_versions() -> tuple[Binaries, Binaries]:
    """Two real PostgreSQL of this machine, the older one first."""
    found = {
        major: Binaries(folder, major, bundled)
        for folder, bundled in reversed(list(_candidates()))
        if (major := _major_of(folder)) is not None
    }
    if len(found) < 2:
        pytest.skip(f"There is one PostgreSQL on this machine ({', '.join(map(str, found))}), and this needs two.")
    return found[min(found)], found[max(found)]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="digione-versions-", ignore_cleanup_errors=True) as name:
        yield data_folder(name)


def _version(server: EmbeddedServer) -> int:
    server.start()
    try:
        with psycopg.connect(server.admin_url) as connection:
            row = connection.execute("SHOW server_version_num").fetchone()
            assert row is not None
            return int(row[0]) // 10_000
    finally:
        server.stop()


def test_a_cluster_goes_on_with_its_version_when_a_newer_one_comes_to_the_machine(
    two_versions: tuple[Binaries, Binaries], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = two_versions
    with monkeypatch.context() as before:
        _lead(before, tmp_path, older.folder)
        assert _version(EmbeddedServer(folder)) == older.major
    (tmp_path / "later").mkdir()
    _lead(monkeypatch, tmp_path / "later", newer.folder)
    assert find_binaries().major == newer.major
    assert _version(EmbeddedServer(folder)) == older.major
    assert (folder / "postgres" / "PG_VERSION").read_text().strip() == str(older.major)
