"""Archives and folders that nobody should send: with a password, with links, with damage in each place. No database."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import translation

from digione.integrations.koodisto.reader import read_codes
from digione.integrations.loading.report import ImportRefusedError, Problems
from digione.integrations.loading.sources import Source
from digione.integrations.oneroster_csv.files import Set
from tests.unit import hostile
from tests.unit.test_import_readers import GOOD

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
SECRET = "salaisuus-2027"


def packed(path: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("users.csv", GOOD["users.csv"] * 200)
    return path


def told(code: str, act: Callable[[], object]) -> dict[str, str]:
    """Return what a refusal says in each language."""
    with pytest.raises(ImportRefusedError) as fault:
        act()
    assert fault.value.code == code
    words = {}
    for language in ("fi", "sv", "en"):
        with translation.override(language):
            words[language] = str(fault.value)
    assert len(set(words.values())) == 3, words
    return words


def test_an_archive_with_a_password_says_to_send_it_without_one(tmp_path: Path) -> None:
    path = packed(tmp_path / "set.zip", zipfile.ZIP_STORED)
    with zipfile.ZipFile(path) as archive:
        plain = archive.read("users.csv")
    hostile.encrypt(path, b"salasana")
    with zipfile.ZipFile(path) as archive:
        # It is encrypted as other programs do it: who knows the password opens it.
        assert archive.read("users.csv", pwd=b"salasana") == plain
        with pytest.raises(RuntimeError, match="encrypted"):
            archive.read("users.csv")
    assert told("archive-encrypted", lambda: Source(path)) == {
        "fi": "users.csv on salattu. Lähetä paketti ilman salasanaa.",
        "sv": "users.csv är krypterad. Skicka arkivet utan lösenord.",
        "en": "users.csv is encrypted. Send the archive without a password.",
    }


def test_an_encrypted_member_that_the_directory_calls_plain_is_told_as_damaged(tmp_path: Path) -> None:
    path = packed(tmp_path / "set.zip", zipfile.ZIP_STORED)
    hostile.encrypt(path, b"salasana")
    hostile.spoil(path, CENTRAL, 8, b"\x00")
    told("archive-damaged", lambda: _read(path))


def _read(path: Path) -> bytes:
    with Source(path).open("users.csv") as stream:
        return stream.read()


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "set.zip")
    hostile.link(path, "orgs.csv", f"/etc/{SECRET}")
    words = told("archive-link", lambda: Set(path, Problems()))
    assert all("orgs.csv" in text and SECRET not in text for text in words.values())


@pytest.mark.parametrize("there", [True, False])
def test_a_link_out_of_a_folder_is_refused_and_shows_nothing(tmp_path: Path, there: bool) -> None:
    folder, elsewhere = tmp_path / "set", tmp_path / "elsewhere.csv"
    folder.mkdir()
    for name, text in GOOD.items():
        (folder / name).write_text(text)
    (folder / "users.csv").unlink()
    if there:
        elsewhere.write_text(f"{SECRET};{SECRET}\n")
    (folder / "users.csv").symlink_to(elsewhere)
    problems = Problems()
    words = told("link", lambda: Set(folder, problems))
    assert all("users.csv" in text for text in words.values())
    assert SECRET not in repr([words, problems.found])
    assert "elsewhere" not in repr(words)


def test_a_link_within_the_folder_and_a_folder_that_is_a_link_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "of-today"
    folder.mkdir()
    for name, text in GOOD.items():
        (folder / name).write_text(text)
    (folder / "people.txt").write_text(GOOD["users.csv"])
    (folder / "users.csv").unlink()
    (folder / "users.csv").symlink_to("people.txt")
    (tmp_path / "latest").symlink_to(folder)
    problems = Problems()
    assert len(list(Set(tmp_path / "latest", problems).rows("users"))) == 1
    assert problems.found == []


def test_a_link_out_of_a_folder_of_code_lists_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lists" / "old").mkdir(parents=True)
    (tmp_path / "secret.json").write_text(f'[{{"{SECRET}": 1}}]')
    (tmp_path / "lists" / "old" / "kunta.json").symlink_to(tmp_path / "secret.json")
    problems = Problems()
    words = told("link", lambda: read_codes([tmp_path / "lists"], problems))
    assert all("old/kunta.json" in text for text in words.values())
    assert problems.found == []


@pytest.mark.parametrize(
    ("method", "record", "offset", "value", "code"),
    [
        (zipfile.ZIP_DEFLATED, LOCAL, 45, b"\xff\xff\xff\xff", "archive-damaged"),
        (zipfile.ZIP_LZMA, LOCAL, 55, b"\xff\xff\xff\xff\xff\xff", "archive-damaged"),
        (zipfile.ZIP_BZIP2, LOCAL, 55, b"\xff\xff\xff\xff\xff\xff", "archive-damaged"),
        (zipfile.ZIP_DEFLATED, LOCAL, 0, b"\x00", "archive-damaged"),
        (zipfile.ZIP_DEFLATED, LOCAL, 30, b"x", "archive-damaged"),
        (zipfile.ZIP_DEFLATED, CENTRAL, 10, b"\x09", "archive-method"),
        (zipfile.ZIP_DEFLATED, CENTRAL, 0, b"\x00", "archive-incomplete"),
    ],
    ids=["deflate", "lzma", "bzip2", "local-head", "local-name", "deflate64", "directory"],
)
def test_damage_in_each_place_is_told_with_what_to_do(
    tmp_path: Path, method: int, record: bytes, offset: int, value: bytes, code: str
) -> None:
    path = packed(tmp_path / "set.zip", method)
    hostile.spoil(path, record, offset, value)
    words = told(code, lambda: _read(path))
    assert all("users.csv" in text or "set.zip" in text for text in words.values())


def test_an_archive_whose_beginning_is_lost_is_told(tmp_path: Path) -> None:
    path = packed(tmp_path / "set.zip")
    path.write_bytes(path.read_bytes()[20:])
    with pytest.raises(ImportRefusedError) as fault:
        _read(path)
    assert fault.value.code.startswith("archive-")


def test_the_same_file_in_two_spellings_is_refused(tmp_path: Path) -> None:
    for name in ("users.csv", "USERS.csv", "orgs.csv"):
        (tmp_path / name).write_text(GOOD[name.lower()])
    words = told("file-twice", lambda: Set(tmp_path, Problems()))
    assert all("USERS.csv" in text and "users.csv" in text for text in words.values())


def test_what_a_name_would_do_to_a_terminal_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("\x1b[2J\udcff/../users.csv".encode("utf-8", "replace").decode(), "a")
    words = told("archive-path", lambda: Source(path))
    assert not [text for text in words.values() if "\x1b" in text]
    problems = Problems()
    problems.error("a\x1b.csv", 1, "b\x9b", "enum", value="c\x00\udcff", allowed="d")
    assert problems.found[0].as_dict() | {"message": ""} == {
        "severity": "error", "file": "a\ufffd.csv", "line": 1, "field": "b\ufffd", "code": "enum", "message": "",
    }  # fmt: skip
    assert problems.found[0].parameters["value"] == "c\ufffd\ufffd"
