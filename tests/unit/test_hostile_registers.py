"""Hostile texts in every text of the registers: kept as they are, or told by row and field; and no row beside it changes.

Which texts a reader looks at, it shows by itself: the objects that it is given note the names that it asks for.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from digione.integrations.koodisto.reader import read_codes
from digione.integrations.koodisto.services import import_codes
from digione.integrations.loading import json_files
from digione.integrations.loading.report import Problems, Report
from digione.integrations.organisaatio.reader import read_organisations
from digione.integrations.organisaatio.services import import_organisations
from tests import cast
from tests.hostile_texts import OVERLONG, STORABLE, UNSTORABLE
from tests.unit.stored import snapshot, where_each

pytestmark = pytest.mark.django_db
FIRST, LAST = "first", "last"
ROWS = {FIRST: "Tavallinen", **STORABLE, **OVERLONG, **UNSTORABLE, LAST: "Toinen"}


def _organisation(number: int) -> dict[str, Any]:
    return {
        "oid": f"1.2.246.562.10.{number:011}",
        "nimi": {"fi": f"Koulu {number}"},
        "organisaatiotyypit": ["organisaatiotyyppi_02"],
    }


def _code(number: int) -> dict[str, Any]:
    return {
        "koodiUri": f"kunta_{number}",
        "koodiArvo": str(number),
        "versio": 1,
        "koodisto": {"koodistoUri": "kunta"},
        "metadata": [{"kieli": "FI", "nimi": "Kunta"}],
    }


def _load_organisations(path: Path, report: Report) -> Report:
    rows = read_organisations(path, report.problems)
    return import_organisations(
        cast.platform, rows=rows, report=report, file=path.name, file_hash="x", partial=True, accept_removals=True
    )


def _load_codes(path: Path, report: Report) -> Report:
    rows = read_codes([path], report.problems)
    return import_codes(cast.platform, rows=rows, report=report, file_hash="x", partial=True)


Load = Callable[[Path, Report], Report]
REGISTERS: dict[str, tuple[Callable[[int], dict[str, Any]], Load, Callable[[Path], Any]]] = {
    "organisations": (_organisation, _load_organisations, lambda path: read_organisations(path, Problems())),
    "codes": (_code, _load_codes, lambda path: read_codes([path], Problems())),
}
#: Looked at, and not kept as texts: numbers, dates and what binds rows; what is no such thing is told or means nothing.
NOT_KEPT = {
    "organisaatiotyypit": "a word of the list, or told",
    "kotipaikkaUri": "what does not begin with kunta_ is no municipality",
    "oppilaitostyyppi": "what stands behind the last line of a code's URI",
    "kieletUris": "what stands behind the last line of a code's URI",
    "koodisto.koodistoUri": "names the list of the code",
    "koodiUri": "names the list of the code",
}


class _Asked(dict[str, Any]):
    """An object of a file that notes which names it was asked for."""

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def _asked(kind: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the places that a reader of the register looks at in a row, dots between names."""
    made: list[_Asked] = []

    def noting(pairs: list[tuple[str, Any]]) -> _Asked:
        made.append(_Asked(pairs))
        return made[-1]

    row, _, read = REGISTERS[kind]
    path.write_text(json.dumps([row(1)]))
    with monkeypatch.context() as noted:
        noted.setattr(json_files._Lines, "take", lambda _lines, pairs: noting(pairs))
        read(path)
    whole = made[-1]

    def walk(value: _Asked, place: str) -> Iterator[str]:
        for name in sorted(value.names):
            # Not by `get`, which would note that it was asked.
            inner = dict(value).get(name)
            inner = inner[0] if isinstance(inner, list) and isinstance(inner[0], _Asked) else inner
            if isinstance(inner, _Asked):
                yield from walk(inner, f"{place}{name}.")
            else:
                yield f"{place}{name}"

    return list(walk(whole, ""))


def _put(row: dict[str, Any], place: str, text: str) -> dict[str, Any]:
    *before, name = place.split(".")
    inner = row
    for step in before:
        inner = inner[step][0] if isinstance(inner[step], list) else inner[step]
    inner[name] = [text] if isinstance(inner.get(name), list) or name == "kieletUris" else text
    return row


@pytest.mark.parametrize("kind", REGISTERS)
def test_a_register_keeps_each_text_or_tells_of_it(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row, load, _ = REGISTERS[kind]
    path = tmp_path / "register.json"
    places = _asked(kind, path, monkeypatch)
    assert len(places) > 8, places
    cells = [(place, name, f"{text}{place}") for place in places for name, text in ROWS.items()]
    written = json.dumps([_put(row(number), place, text) for number, (place, _, text) in enumerate(cells, 1)])
    path.write_text(written)
    before = snapshot(cast.platform)
    report = load(path, Report())
    assert report.status == "done"
    stage = snapshot(cast.platform)
    for table, rows in before.items():
        assert {key: stage[table].get(key) for key in rows} == rows, table
    texts = where_each(stage)
    # All stand on one line: the element tells which of them it is.
    told = {
        (int(one.parameters.get("element", "0").partition(":")[0]), one.field.split("[")[0])
        for one in report.problems.found
    }
    wrong = []
    for at, (place, name, text) in enumerate(cells, 1):
        # Names of the register hold layout here and there: runs of white space are one space.
        kept = " ".join(text.split()) if place.startswith("nimi") else text
        expected = next(
            texts.get(plain, set()) for other, row_name, plain in cells if (other, row_name) == (place, FIRST)
        )
        found = texts.get(kept, set())
        said = any(line == at and (field == place or place.startswith(f"{field}.")) for line, field in told)
        if not (found == expected != set() or (not found and (said or place in NOT_KEPT))):
            wrong.append((place, name, found, expected))
    assert wrong == []
    again = load(path, Report())
    assert (again.added, again.changed) == (0, 0)
    assert snapshot(cast.platform) == stage
