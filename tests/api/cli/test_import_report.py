"""What `digione import` answers: its object, its exit code, what it took, and where its progress goes."""

import json
import os
import pty
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.api.cli.conftest import SCHOOL, Installation, install
from tests.api.cli.test_bad_files import KEYS, PLACE

#: A provider that this file has for itself.
PROVIDER = "1.2.246.562.199.20270000062"
REGISTER: list[dict[str, Any]] = [
    {
        "oid": PROVIDER,
        "nimi": {"fi": "Kuusilahti"},
        "organisaatiotyypit": ["organisaatiotyyppi_01"],
        "children": [
            {"oid": SCHOOL, "nimi": {"fi": "Kuusilahden koulu"}, "organisaatiotyypit": ["organisaatiotyyppi_02"]}
        ],
    }
]
HEAD = "own id,first names,family name,school\n"


@pytest.fixture(scope="module")
def own() -> Any:
    """An installation in which nothing but this file's people is brought in."""
    yield from install(REGISTER, migrated=True)


def _rows(first: int, after: int, name: str = "Lehto") -> str:
    return "".join(f"{number},Aino{number},{name},{SCHOOL}\n" for number in range(first, after))


def _file(folder: Path, text: str) -> str:
    path = folder / "people.csv"
    path.write_text(HEAD + text)
    return str(path)


def _people(own: Installation) -> int:
    return int(own.rows("SELECT count(*) FROM people_providerperson WHERE valid_to IS NULL")[0][0])


def _counts(own: Installation) -> Counter[str]:
    """Return how many rows each table has, every one of them."""
    names = own.rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    assert len(names) > 40
    return Counter(dict(own.rows(" UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for (name,) in names))))


def test_the_object_has_the_promised_keys_and_0_says_that_nothing_was_refused(
    own: Installation, tmp_path: Path
) -> None:
    source = ("--provider", PROVIDER, "--source", "keys")
    answer = own.run(
        "import", "people", _file(tmp_path, _rows(1, 4) + f"4,,Lehto,{SCHOOL}\n"), *source, "--json", code=1
    )
    told = json.loads(answer.stdout)
    assert set(told) == KEYS
    assert [list(problem) for problem in told["problems"]] == [PLACE]
    [problem] = told["problems"]
    assert (problem["severity"], problem["file"], problem["line"], problem["field"], problem["code"]) == (
        "error", "people.csv", 5, "first names", "required",
    )  # fmt: skip
    answer = own.run("import", "people", _file(tmp_path, _rows(1, 4)), *source, "--json", code=0)
    told = json.loads(answer.stdout)
    assert set(told) == KEYS
    assert (told["refused"], told["warnings"], told["problems"], told["status"]) == (0, 0, [], "done")
    assert told["added"] >= 3
    numbers = ("added", "changed", "unchanged", "held_back", "refused", "warnings")
    assert all(type(told[name]) is int for name in numbers)
    again = own.json("import", "people", _file(tmp_path, _rows(1, 4)), *source)
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, told["added"])


def test_partial_takes_the_sound_rows_and_says_by_1_that_others_were_refused(own: Installation, tmp_path: Path) -> None:
    path = _file(tmp_path, _rows(100, 103) + f"103,Aino,,{SCHOOL}\n" + _rows(104, 105))
    command = ("import", "people", path, "--provider", PROVIDER, "--source", "partial")
    before = _people(own)
    told = own.json(*command, code=1)
    assert (told["status"], told["refused"]) == ("refused", 1)
    totals = ("added", "linked", "changed", "unchanged", "held_back", "ended")
    assert [told[name] for name in totals] == [0] * 6, "nothing was done"
    assert set(told["would"]) == set(totals)
    assert told["would"]["added"] == sum(kind.get("added", 0) for kind in told["kinds"].values()) >= 4
    last = next(line for line in own.run(*command, code=1).stdout.splitlines() if "in all" in line)
    assert [word for word in last.split() if word.isdecimal()] == ["0", "0", "0", "0", "1"]
    assert _people(own) == before
    told = own.json(*command, "--partial", code=1)
    assert (told["status"], told["refused"], told["would"]) == ("done", 1, {})
    assert [(one["line"], one["field"]) for one in told["problems"]] == [(5, "family name")]
    assert _people(own) == before + 4


def test_what_a_second_source_names_and_stood_here_already_is_told_apart_from_what_is_new(
    own: Installation, tmp_path: Path
) -> None:
    def run(source: str, *options: str) -> str:
        path = _file(tmp_path, f"1,Aino,{source},{SCHOOL}\n")
        return " ".join(
            own.run("import", "people", path, "--provider", PROVIDER, "--source", source, *options).stdout.split()
        )

    run("before")
    told = json.loads(run("after", "--dry-run", "--json"))
    # The school is the register's; the person and the place at the school are new.
    assert (told["added"], told["linked"], told["kinds"]["school"]["linked"]) == (3, 1, 1)
    said = "Of what was added, 1 row names what stood here already (from the register or another source), so nothing"
    assert f"{said} was made for it: schools 1." in run("after")
    assert said not in run("after"), "the second time nothing is added"


def test_more_than_a_twentieth_ends_only_where_that_was_said(own: Installation, tmp_path: Path) -> None:
    source = ("--provider", PROVIDER, "--source", "removals")
    before = _people(own)
    own.json("import", "people", _file(tmp_path, _rows(200, 240)), *source)
    everything = "SELECT id, person_id, valid_from, valid_to, sys_from FROM people_providerperson ORDER BY id"
    held = own.rows(everything)
    command = ("import", "people", _file(tmp_path, _rows(200, 230)), *source)
    told = own.json(*command, code=1)
    assert told["status"] == "refused"
    assert "too-many-removals" in [one["code"] for one in told["problems"]]
    assert own.rows(everything) == held
    for language, words in (("fi", "Mitään ei muutettu"), ("sv", "Ingenting ändrades"), ("en", "Nothing was changed")):
        printed = own.run(*command, "--language", language, code=1).stdout
        advice = " ".join(printed.rpartition("┘")[2].split())
        assert words in advice
        # The file as a whole has no line.
        assert "people.csv: " in printed
        assert "people.csv:0" not in printed
        assert "--accept-removals" in advice
        assert "--partial" not in advice
    told = own.json(*command, "--accept-removals")
    assert (told["status"], told["refused"]) == ("done", 0)
    assert told["ended"] >= 10
    today = "SELECT count(*) FROM people_providerperson WHERE valid_to IS NULL OR valid_to >= (now() AT TIME ZONE 'Europe/Helsinki')::date"
    assert own.rows(today) == [(before + 30,)]


@pytest.mark.parametrize("text", ["sound", "refused"])
def test_a_rehearsal_leaves_no_row_but_that_of_the_rehearsal_and_of_the_log(
    own: Installation, tmp_path: Path, text: str
) -> None:
    rows = _rows(1, 4, "Uusi") + _rows(300, 310) + ("" if text == "sound" else f"310,,Lehto,{SCHOOL}\n")
    command = ("import", "people", _file(tmp_path, rows), "--provider", PROVIDER, "--source", "keys", "--dry-run")
    state = "SELECT md5(string_agg(p::text, '|' ORDER BY p.id)) FROM people_person p"
    before, held = _counts(own), own.rows(state)
    told = own.json(*command, code=0 if text == "sound" else 1)
    assert told["status"] == "dry_run"
    assert told["added"] >= 10
    after = _counts(own)
    [(log,)] = own.rows("SELECT tableoid::regclass::text FROM audit_entry ORDER BY at DESC LIMIT 1")
    assert set(after - before) == {"core_importrun", log}
    assert after["core_importrun"] == before["core_importrun"] + 1
    assert not before - after
    assert own.rows(state) == held


def test_progress_goes_to_the_terminal_and_never_into_what_is_printed(own: Installation, tmp_path: Path) -> None:
    """The second import of a provider waits for the first, and says so where somebody sees it."""
    terminal, ours = pty.openpty()
    path = _file(tmp_path, _rows(400, 410))
    # The first import takes the provider onto the platform, whose lock is held below.
    own.json("import", "people", path, "--provider", PROVIDER, "--source", "terminal")
    command = [
        sys.executable,
        "-m",
        "digione",
        "import",
        "people",
        path,
        "--provider",
        PROVIDER,
        "--source",
        "terminal",
    ]
    with psycopg.connect(own.admin_url) as first:
        first.execute("SELECT pg_advisory_xact_lock(hashtextextended('persons of ' || id, 0)) FROM access_provider")
        process = subprocess.Popen(
            [*command, "--json", "--language", "sv"],
            env={**own.environment(own.LANGUAGE), "TERM": "xterm"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=ours,
            text=True,
        )
        os.close(ours)
        said: list[str] = []
        waits = threading.Event()

        def listen() -> None:
            try:
                while heard := os.read(terminal, 4096):
                    said.append(heard.decode(errors="replace"))
                    if "Väntar" in "".join(said):
                        waits.set()
            except OSError:
                # So a terminal tells that nobody writes to it any more.
                pass

        listener = threading.Thread(target=listen)
        listener.start()
        assert waits.wait(60), said
        first.rollback()
    out, _none = process.communicate(timeout=60)
    listener.join()
    os.close(terminal)
    assert process.returncode == 0, said
    assert json.loads(out)["status"] == "done"
    assert "\x1b" not in out
