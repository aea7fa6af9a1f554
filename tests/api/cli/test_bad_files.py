"""Every bad file through the command: its exit code, one JSON object with the promised keys, and nothing changed."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from digione.cli.import_commands import _print_failure
from digione.integrations.loading.report import Report
from tests.api.cli.conftest import PROVIDER, REGISTER, SCHOOL, Installation
from tests.unit import hostile
from tests.unit.test_import_readers import GOOD

#: What issue and documents promise, in their order; a run that could not be carried out says why besides.
KEYS = {
    "added", "linked", "changed", "unchanged", "held_back", "refused", "warnings", "problems",
    "ended", "kinds", "sides", "status", "problems_left_out", "would",
}  # fmt: skip
PLACE = ["severity", "file", "line", "field", "code", "message"]
PEOPLE = "own id,identity code,first names,family name,school,birth date,group\n"
STAFF = "own id,identity code,first names,family name,school,birth date,role\n"
#: Random, so that no index packs it.
LONG = "".join(hashlib.sha512(bytes([number])).hexdigest() for number in range(64))
USERS = GOOD["users.csv"].splitlines(keepends=True)[0]


class Bad(NamedTuple):
    """A bad file: how it is made in a folder (which returns its path), the exit code, and the code of the problem.

    Without a code of a problem, `words` stand in the message of the whole.
    """

    kind: str
    make: Callable[[Path], Path]
    code: int
    problem: str = ""
    words: str = ""


def a_file(name: str, content: str | bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder / name

    return make


def a_set(**changed: str | bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        for name, content in {**GOOD, **{f"{name}.csv": content for name, content in changed.items()}}.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return make


def _misnamed(path: Path) -> None:
    """Let the first name claim to be UTF-8, which it is not."""
    hostile.spoil(path, b"PK\x01\x02", 8, b"\x00\x08")
    hostile.spoil(path, b"PK\x01\x02", 46, b"\xff")


def an_archive(change: Callable[[Path], None]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "set.zip", "w") as archive:
            archive.writestr("users.csv", GOOD["users.csv"] * 200)
        change(folder / "set.zip")
        return folder / "set.zip"

    return make


def _linked_set(folder: Path) -> Path:
    (folder / "set").mkdir()
    a_set()(folder / "set")
    (folder / "secret.txt").write_text("salaisuus-2027;1\n")
    (folder / "set" / "users.csv").unlink()
    (folder / "set" / "users.csv").symlink_to(folder / "secret.txt")
    return folder / "set"


def _linked_codes(folder: Path) -> Path:
    (folder / "lists").mkdir()
    (folder / "secret.json").write_text('["salaisuus-2027"]')
    (folder / "lists" / "kunta.json").symlink_to(folder / "secret.json")
    return folder / "lists"


def _rows(head: str, last: str) -> dict[str, tuple[str | bytes, str]]:
    """The bad tables of a template, each with a good row first: the content, and the code of the problem."""
    good = f"1,,Aino,Ruusula,{SCHOOL},,{last}\n"
    row = f"2,,Eeli,Ruusula,{SCHOOL},,{last}\n"
    return {
        "latin-1": ((head + good + row.replace("Eeli", "Päivi")).encode("latin-1"), "encoding"),
        "utf-16": ((head + good + row).encode("utf-16"), "encoding"),
        "ragged": (head + good + "2,too,few\n", "ragged-row"),
        "no such day": (head + good + f"2,,Eeli,Ruusula,{SCHOOL},31.2.2014,{last}\n", "date-impossible"),
        "check character": (head + good + f"2,140314A9358,Eeli,Ruusula,{SCHOOL},,{last}\n", "hetu-check"),
        "used again": (head + good + f"1,,Matti,Virta,{SCHOOL},,{last}\n", "duplicate"),
        "missing column": (head.replace("family name", "surname") + good, "missing-column"),
        "column twice": (head.replace("birth date", "sukunimi") + good, "duplicate-column"),
        "null character": (head + good + row.replace("Eeli", "Ee\x00li"), "null-character"),
        "null of a database": (head + good + row.replace("Eeli", "\\N"), "null-character"),
        "overlong": (head + good + row.replace("Eeli", "E" * 3000), "too-long"),
        "unknown school": (head + good + row.replace(SCHOOL, "<script>alert(1)</script>"), "unknown-school"),
        "0 bytes": ("", "empty-file"),
        "no header": (good + row, "no-header"),
        "old line ends": ((head + good + row).replace("\n", "\r"), "line-end"),
        "open quote": (head + good + row.replace("Eeli", '"Eeli'), "quoting"),
    }


BAD: dict[str, Bad] = {
    "oneroster: encrypted": Bad("oneroster", an_archive(lambda path: hostile.encrypt(path, b"salasana")), 2, words="password"),
    "oneroster: archive of a later version": Bad("oneroster", an_archive(lambda path: hostile.spoil(path, b"PK\x01\x02", 6, b"\xff")), 2, words="not a whole zip"),
    "oneroster: name in no encoding": Bad("oneroster", an_archive(_misnamed), 2, words="not a whole zip"),
    "oneroster: link in archive": Bad("oneroster", an_archive(lambda path: hostile.link(path, "orgs.csv", "/etc/passwd")), 2, words="link"),
    "oneroster: damaged": Bad("oneroster", an_archive(lambda path: hostile.spoil(path, b"PK\x03\x04", 50, b"\xff" * 20)), 2, words="damaged"),
    "oneroster: directory damaged": Bad("oneroster", an_archive(lambda path: hostile.spoil(path, b"PK\x01\x02", 0, b"\x00")), 2, words="not a whole zip"),
    "oneroster: cut": Bad("oneroster", a_file("set.zip", b"PK\x03\x04"), 2, words="not a whole zip"),
    "oneroster: link in folder": Bad("oneroster", _linked_set, 2, words="users.csv is a link"),
    "oneroster: no set": Bad("oneroster", a_file("set.txt", "a"), 2, words="neither a folder nor a zip"),
    "oneroster: empty folder": Bad("oneroster", lambda folder: folder, 2, words="no OneRoster file"),
    "oneroster: nothing there": Bad("oneroster", lambda folder: folder / "set", 2, words="does not exist"),
    "oneroster: delta": Bad("oneroster", a_set(manifest="propertyName,value\noneroster.version,1.1\nfile.users,delta\n"), 2, words="bulk set"),
    "oneroster: two spellings": Bad("oneroster", lambda folder: a_file("USERS.CSV", USERS)(a_set()(folder)).parent, 2, words="the same file"),
    "oneroster: latin-1": Bad("oneroster", a_set(orgs="sourcedId,name,type\ns1,Mäki,school\n".encode("latin-1")), 1, "encoding"),
    "oneroster: utf-16": Bad("oneroster", a_set(users=GOOD["users.csv"].encode("utf-16")), 1, "encoding"),
    "oneroster: 0 bytes": Bad("oneroster", a_set(users=""), 1, "empty-file"),
    "oneroster: no header": Bad("oneroster", a_set(users="u1,true,s1,student,aino,Aino,Lehto\n"), 1, "no-header"),
    "oneroster: semicolons": Bad("oneroster", a_set(users=GOOD["users.csv"].replace(",", ";")), 1, "no-header"),
    "oneroster: missing column": Bad("oneroster", a_set(users=USERS.replace("familyName", "surname")), 1, "missing-column"),
    "oneroster: missing file": Bad("oneroster", a_set(manifest="propertyName,value\noneroster.version,1.1\nfile.demographics,bulk\n"), 1, "missing-file"),
    "oneroster: ragged": Bad("oneroster", a_set(users=GOOD["users.csv"] + "u2,true\n"), 1, "ragged-row"),
    "oneroster: null character": Bad("oneroster", a_set(users=GOOD["users.csv"] + "u2,true,s1,student,b,Ee\x00li,Lehto\n"), 1, "null-character"),
    "oneroster: no such day": Bad("oneroster", a_set(demographics="sourcedId,birthDate\nu1,2014-02-31\n"), 1, "date-impossible"),
    "oneroster: check character": Bad("oneroster", a_set(users=f"{USERS.strip()},userIds\nu1,true,s1,student,a,Aino,Lehto,{{hetu:140314A9358}}\n"), 1, "hetu-check"),
    "oneroster: used again": Bad("oneroster", a_set(users=GOOD["users.csv"] + "u1,true,s1,student,b,Eeli,Lehto\n"), 1, "duplicate"),
    "oneroster: overlong id": Bad("oneroster", a_set(users=GOOD["users.csv"] + f"{'u' * 3000},true,s1,student,b,Eeli,Lehto\n"), 1, "too-long"),
    "oneroster: open quote": Bad("oneroster", a_set(users=GOOD["users.csv"] + 'u2,true,s1,student,b,"Eeli,Lehto\n'), 1, "quoting"),
    "people: nothing there": Bad("people", lambda folder: folder / "people.csv", 2, words="is not a file"),
    "people: a folder": Bad("people", lambda folder: folder, 2, words="is not a file"),
    "staff: an unknown role": Bad("staff", a_file("staff.csv", f"{STAFF}1,,Aino,Ruusula,{SCHOOL},,velho\n"), 1, "enum"),
    **{f"people: {name}": Bad("people", a_file("people.csv", text), 1, code) for name, (text, code) in _rows(PEOPLE, "9X").items()},
    **{f"staff: {name}": Bad("staff", a_file("staff.csv", text), 1, code) for name, (text, code) in _rows(STAFF, "teacher").items()},
    "organisations: nothing there": Bad("organisations", lambda folder: folder / "o.json", 2, words="cannot be read"),
    "organisations: a folder": Bad("organisations", lambda folder: folder, 2, words="cannot be read"),
    "organisations: 0 bytes": Bad("organisations", a_file("o.json", ""), 1, "empty-file"),
    "organisations: cut": Bad("organisations", a_file("o.json", json.dumps(REGISTER)[:-9]), 1, "json"),
    "organisations: latin-1": Bad("organisations", a_file("o.json", '[{"nimi": {"fi": "Mäki"}}]'.encode("latin-1")), 1, "encoding"),
    "organisations: utf-16": Bad("organisations", a_file("o.json", json.dumps(REGISTER).encode("utf-16")), 1, "encoding"),
    "organisations: no list": Bad("organisations", a_file("o.json", '{"salaisuus-2027": 1}'), 1, "shape"),
    "organisations: no objects": Bad("organisations", a_file("o.json", '["salaisuus-2027", null, 3]'), 1, "shape"),
    "organisations: deep": Bad("organisations", a_file("o.json", "[" * 100_000), 1, "json"),
    "organisations: no id": Bad("organisations", a_file("o.json", json.dumps([*REGISTER, {"oid": "none", "nimi": {"fi": "A"}}])), 1, "oid"),
    "organisations: null character": Bad("organisations", a_file("o.json", json.dumps([*REGISTER, {"oid": "1.2.246.562.199.20270000055", "nimi": {"fi": "A\x00"}}])), 1, "text-broken"),
    "organisations: twice": Bad("organisations", a_file("o.json", json.dumps([*REGISTER, REGISTER[0]])), 1, "duplicate"),
    "organisations: hardly any": Bad("organisations", a_file("o.json", json.dumps(REGISTER[:1])), 1, "too-many-removals"),
    "codes: nothing there": Bad("codes", lambda folder: folder / "c.json", 2, words="does not exist"),
    "codes: no JSON there": Bad("codes", lambda folder: folder, 2, words="no JSON file"),
    "codes: link in folder": Bad("codes", _linked_codes, 2, words="kunta.json is a link"),
    "codes: 0 bytes": Bad("codes", a_file("c.json", ""), 1, "empty-file"),
    "codes: no list": Bad("codes", a_file("c.json", '{"salaisuus-2027": 1}'), 1, "shape"),
    "codes: no value": Bad("codes", a_file("c.json", '[{"koodiUri": "l_1", "koodiArvo": "1"}, {"koodiUri": "l_2"}]'), 1, "required"),
    "codes: no such day": Bad("codes", a_file("c.json", '[{"koodiUri": "l_1", "koodiArvo": "1", "voimassaAlkuPvm": "2026-02-31"}]'), 1, "date-impossible"),
    "organisations: overlong": Bad("organisations", a_file("o.json", json.dumps([*REGISTER, {"oid": "1.2.246.562.199.20270000055", "nimi": {"fi": "A"}, "oppilaitosKoodi": LONG}])), 1, "too-long"),
    "codes: overlong": Bad("codes", a_file("c.json", json.dumps([{"koodiUri": f"l_{LONG}", "koodiArvo": LONG}])), 1, "too-long"),
    "codes: NaN": Bad("codes", a_file("c.json", '[{"koodiUri": "l_1", "koodiArvo": "1", "versio": NaN}]'), 1, "json-type"),
}  # fmt: skip
_OF_PROVIDERS = {"oneroster", "people", "staff"}


def test_a_run_that_stopped_in_the_midst_counts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.count("person", added=3)
    report.problems.warning("users.csv", 0, "", "no-rows")
    _print_failure(report, "stopped")
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["message"], told["added"], told["kinds"]) == ("failed", "stopped", 0, {})
    assert [problem["code"] for problem in told["problems"]] == ["no-rows"]


@pytest.fixture(scope="module")
def tables(installation: Installation) -> str:
    """One statement that counts the rows of every table but of the log and of the runs."""
    names = installation.rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relname NOT LIKE 'audit%%' AND relname <> 'core_importrun' ORDER BY 1"
    )
    assert len(names) > 40
    return " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for (name,) in names)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_told_by_exit_code_and_object_and_changes_nothing(
    installation: Installation, tables: str, tmp_path: Path, name: str
) -> None:
    bad = BAD[name]
    path = bad.make(tmp_path)
    arguments = ["import", bad.kind, str(path), "--json"]
    if bad.kind in _OF_PROVIDERS:
        arguments += ["--provider", PROVIDER]
    before, runs = installation.rows(tables), installation.rows("SELECT count(*) FROM core_importrun")[0][0]
    answer = installation.run(*arguments, code=bad.code)
    told = json.loads(answer.stdout)
    assert installation.rows(tables) == before
    assert installation.rows("SELECT count(*) FROM core_importrun WHERE finished_at IS NULL") == [(0,)]
    made = installation.rows("SELECT status FROM core_importrun ORDER BY started_at DESC")
    assert all(list(problem) == PLACE for problem in told["problems"])
    assert "salaisuus" not in answer.stdout + answer.stderr
    assert "140314" not in answer.stdout + answer.stderr
    if bad.code == 2:
        assert set(told) == {*KEYS, "message"}
        assert told["status"] == "failed"
        assert bad.words in told["message"]
        assert bad.words in answer.stderr
        assert [told[key] for key in ("added", "changed", "unchanged", "held_back", "ended")] == [0] * 5
        assert len(made) == runs
    else:
        assert set(told) == KEYS
        assert (told["status"], made[0], len(made)) == ("refused", ("refused",), runs + 1)
        assert told["refused"] > 0
        assert [told[key] for key in ("added", "changed", "unchanged", "held_back", "ended")] == [0] * 5
        [first, *_] = [one for one in told["problems"] if one["code"] == bad.problem]
        assert first["severity"] == "error"
        assert first["file"]
        assert first["message"]
        assert first["line"] > 0 or bad.problem in {"shape", "json", "too-many-removals"}
