"""Documents read by two processes: the same rows and the same report as by one, whatever becomes of the second."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from digione.integrations.koski import helping, parsing
from digione.integrations.koski.documents import Reading
from digione.integrations.loading.report import Report
from tests.unit.koski import HETU, code, document, own_subject, right, subject, year
from tests.unit.test_koski_import import exported, load_files

pytestmark = pytest.mark.django_db
#: Invented, and artificial.
OTHERS = ("020310A951Y", "140318A9358", "140318A9369", "140318A937A", "140318A938B")


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> Counter[bool | None]:
    """Let a second process read every second document, and count what becomes of its answers."""
    found: Counter[bool | None] = Counter()
    join = Reading._join

    def counted(reading: Reading, part: Any) -> bool:
        done = join(reading, part)
        found[done] += 1
        return done

    monkeypatch.setattr(Reading, "_join", counted)
    monkeypatch.setattr(parsing, "_UNIT", 1)
    monkeypatch.setattr(helping, "_PATIENCE", 60)
    return found


def _file(folder: Path) -> Path:
    """Write documents good and bad, some of which concern what an earlier one has said."""
    told: list[Any] = [
        document(),
        document(right(year(subject("MA"), own_subject(uusi="ä\t\\N\n"))), hetu=OTHERS[0], etunimet="Helka", kutsumanimi="Helka"),
        document(right(alkamispäivä="2026-02-30"), hetu=OTHERS[1]),
        document(right(tyyppi=code("opiskeluoikeudentyyppi", "perusopetuksenlisaopetus")), sukunimi="Kallio"),
        document(),
        document(right(), right(tyyppi=code("opiskeluoikeudentyyppi", "tuva")), hetu=OTHERS[2], viite="a"),
        document(right(uusi=HETU), hetu=OTHERS[3]),
        document(right(oppilaitos={"oid": "1.2.246.562.10.12345678901"}), hetu=OTHERS[4], etunimet="Aulis"),
    ]  # fmt: skip
    path = folder / "many.ndjson"
    lines = [json.dumps(each) for each in told]
    path.write_text("\n".join((*lines[:3], "{cut", "", *lines[3:])))
    (folder / "one.json").write_text(json.dumps(document(hetu="170108A911F", kutsumanimi="Oskari")))
    return path


def _brought(folder: Path, monkeypatch: pytest.MonkeyPatch, worth: int) -> tuple[Report, list[str]]:
    from django.db import transaction

    monkeypatch.setattr(helping, "WORTH", worth)
    with transaction.atomic():
        report = load_files(folder, partial=True)
        found = sorted(json.dumps(each, sort_keys=True) for each in exported())
        transaction.set_rollback(True)
    return report, found


def test_two_processes_read_as_one_does(
    tmp_path: Path, joined: Counter[bool | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(tmp_path)
    alone, by_one = _brought(tmp_path, monkeypatch, 1 << 60)
    assert not joined
    together, by_two = _brought(tmp_path, monkeypatch, 0)
    # What concerns an earlier document is read again by whoever knows it.
    assert joined[True] >= 2
    assert joined[False] >= 1
    assert (alone.status, alone.kinds["study_right"]["added"]) == ("done", 6)
    texts = {found.text for found in alone.problems.found}
    assert texts >= {"koski.line", "koski.day", "koski.hetu", "koski.same-right", "koski.other-name", "koski.carried"}
    assert together.as_dict() == alone.as_dict()
    assert by_two == by_one


def test_what_the_second_process_does_not_answer_is_read_by_the_first(
    tmp_path: Path, joined: Counter[bool | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    _file(tmp_path)
    alone, by_one = _brought(tmp_path, monkeypatch, 1 << 60)
    ask = helping.HelpingReader.ask

    def killed(helper: helping.HelpingReader, number: int, unit: Any) -> None:
        if number > 3 and helper._process:
            helper._process.kill()
            helper._process.wait()
        ask(helper, number, unit)

    monkeypatch.setattr(helping.HelpingReader, "ask", killed)
    together, by_two = _brought(tmp_path, monkeypatch, 0)
    assert joined.total() == 1
    assert (together.as_dict(), by_two) == (alone.as_dict(), by_one)


def test_a_file_that_is_no_text_is_told_in_its_place(
    tmp_path: Path, joined: Counter[bool | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _file(tmp_path)
    path.write_bytes(path.read_bytes() + b"\n\xff\n")
    alone, _ = _brought(tmp_path, monkeypatch, 1 << 60)
    together, _ = _brought(tmp_path, monkeypatch, 0)
    assert "encoding.json" in [found.text for found in alone.problems.found]
    assert joined[True]
    assert together.as_dict() == alone.as_dict()


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait_for_end(pid: int) -> None:
    for _ in range(600):
        if not _lives(pid):
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the second process went on")


_PARENT = """
import sys
from datetime import date
from pathlib import Path
from digione.integrations.koski.documents import Reading
from digione.integrations.koski.helping import HelpingReader
from digione.integrations.koski.parsing import Unit
from digione.integrations.loading.report import Problems
with Reading(Problems(), date(2026, 11, 30)) as reading, HelpingReader(reading) as helper:
    while not helper.is_ready:
        pass
    if sys.argv[1] == "busy":
        helper.ask(1, Unit(name="a", lines=[(1, sys.argv[2] + " " * 10)] * 20_000))
    print(helper._process.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("doing", ["nothing", "busy"])
def test_the_second_process_ends_with_the_first(doing: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, doing, json.dumps(document())], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout
    helper = int(parent.stdout.readline())
    assert _lives(helper)
    parent.kill()
    parent.communicate()
    _wait_for_end(helper)


def test_leaving_the_reading_ends_the_second_process(tmp_path: Path, joined: Counter[bool | None]) -> None:
    from datetime import date

    from digione.integrations.loading.report import Problems

    with Reading(Problems(), date(2026, 11, 30)) as reading:
        with helping.HelpingReader(reading) as helper:
            assert helper.is_ready
            assert helper._process
            pid = helper._process.pid
        assert not _lives(pid)
