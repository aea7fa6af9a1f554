"""`digione koski` and the import and export of its documents, as they are typed."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.api.cli.conftest import Installation, install
from tests.unit.koski import SCHOOL, document, right, subject, year

PROVIDER = "1.2.246.562.199.20270000088"
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


@pytest.fixture(scope="module")
def own() -> Any:
    """An installation for this file alone."""
    yield from install(REGISTER, migrated=True)


def test_every_real_document_comes_back_the_same(own: Installation, shared_data: Path) -> None:
    files = sorted((shared_data / "koski").glob("*/*.json"))
    told = own.json("koski", "roundtrip", *map(str, files))
    assert [one["file"] for one in told] == [path.name for path in files]
    assert [(one["file"], one["differences"]) for one in told if not one["equal"]] == []


def test_a_file_that_is_refused_is_no_success(own: Installation, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(document(right(alkamispäivä="2026-02-30"))))
    done = own.run("koski", "roundtrip", str(path), "--json", code=1)
    (told,) = json.loads(done.stdout)
    assert (told["equal"], told["differences"]) == (False, [])
    assert [(one["field"], one["code"]) for one in told["problems"]] == [("/opiskeluoikeudet/0/alkamispäivä", "koski")]
    said = own.run("koski", "roundtrip", str(path), code=1)
    assert "2026-02-30" in said.stdout
    own.run("koski", "roundtrip", str(tmp_path / "none.json"), "--json", code=2)


def test_what_the_register_would_say(own: Installation, shared_data: Path, tmp_path: Path) -> None:
    pair = sorted((shared_data / "koski" / "pairs").glob("ammatillinen-uusi_*.json"))
    done = own.run("koski", "check", *map(str, pair), "--json", code=1)
    rejected, accepted = json.loads(done.stdout)
    assert (rejected["file"], rejected["accepted"], accepted["accepted"]) == (pair[0].name, False, True)
    assert [list(one) for one in rejected["problems"]] == [["severity", "file", "line", "field", "code", "message"]]
    assert accepted == {"file": pair[1].name, "accepted": True, "problems": [], "problems_left_out": 0}
    said = own.run("--language", "fi", "koski", "check", *map(str, pair), code=1).stdout.splitlines()
    assert said[0] == f"{pair[0].name}: ei hyväksyttäisi."
    assert said[1].startswith("  virhe  /opiskeluoikeudet/0/tila/opiskeluoikeusjaksot/0/opintojenRahoitus: ")
    assert said[2:] == [f"{pair[1].name}: hyväksyttäisiin."]
    own.run("koski", "check", str(pair[1]))
    own.run("koski", "check", str(tmp_path / "none.json"), "--json", code=2)


def test_in_and_out(own: Installation, tmp_path: Path) -> None:
    path, target = tmp_path / "one.json", tmp_path / "out.ndjson"
    told = document(right(year(subject("MA"))))
    path.write_text(json.dumps(told))
    brought = own.json("import", "koski", str(path), "--provider", PROVIDER)
    assert (brought["refused"], brought["kinds"]["study_right"]["added"]) == (0, 1)
    assert own.json("export", "koski", str(target), "--provider", PROVIDER)["documents"] == 1
    # Identity codes stand in it: nobody else of the machine reads it.
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    (written,) = map(json.loads, target.read_text().splitlines())
    assert written["henkilö"] == told["henkilö"]
    again = own.json("import", "koski", str(target), "--provider", PROVIDER)
    assert (again["added"], again["changed"]) == (0, 0)
    own.run("export", "koski", str(target), "--provider", PROVIDER, code=2)
