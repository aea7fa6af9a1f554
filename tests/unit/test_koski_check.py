"""What the national register would say of files: its own verdicts on real documents, and whatever else a file may hold."""

import copy
import json
import tempfile
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digione.integrations.koski.check import Verdict, verdict_of
from digione.integrations.koski.documents import Reading
from digione.integrations.koski.forms import without_labels
from digione.integrations.koski.mapping import StudyRight, read_study_right
from digione.integrations.koski.register_rules import findings
from digione.integrations.loading.report import ImportRefusedError, Problems
from tests.unit.koski import code, document
from tests.unit.koski_levels import BASES, REMOVED, changed
from tests.unit.test_koski_mapping import ANY

TODAY = date(2026, 11, 29)
#: Pairs whose difference no rule here tells, with the reason. Whoever adds the rule takes its pair out.
NOT_TOLD: dict[str, str] = {}


def errors(verdict: Verdict) -> list[tuple[str, str]]:
    return [(one.code, one.field) for one in verdict.problems.found if one.severity == "error"]


def judged(folder: Path, *documents: Any) -> Verdict:
    path = folder / "documents.json"
    path.write_text(json.dumps(documents[0] if len(documents) == 1 else documents))
    return verdict_of(path, TODAY)


def test_no_accepted_document_has_an_error(shared_data: Path) -> None:
    files = sorted((shared_data / "koski" / "accepted").glob("*.json"))
    assert len(files) >= 18
    assert {path.name: errors(verdict_of(path, TODAY)) for path in files} == {path.name: [] for path in files}


def test_of_each_pair_one_is_refused_and_the_other_accepted(shared_data: Path) -> None:
    files = sorted((shared_data / "koski" / "pairs").glob("*.json"))
    pairs = {name: list(two) for name, two in groupby(files, lambda path: path.stem.rpartition("_")[0])}
    assert len(pairs) >= 4
    told = {}
    for name, (rejected, accepted) in pairs.items():
        assert errors(verdict_of(accepted, TODAY)) == [], name
        told[name] = [found for found, _pointer in errors(verdict_of(rejected, TODAY))]
    assert {name for name, found in told.items() if not found} == set(NOT_TOLD)
    # The two differ in one fact, so more than one error would be one too many.
    assert {name: len(found) for name, found in told.items() if found} == dict.fromkeys(set(told) - set(NOT_TOLD), 1)


def test_everything_that_is_wrong_with_a_document_is_told_with_its_place(tmp_path: Path) -> None:
    wrong = changed(BASES["supported"](), ("/suoritukset/1/alkamispäivä", REMOVED), ("/alkamispäivä", "2023-08-01"))
    verdict = judged(tmp_path, document(wrong, kutsumanimi="Ahti"), document(BASES["tuva"](), hetu="140318A9369"))
    assert not verdict.accepted
    told = [(one.severity.value, one.file, one.line, one.code, one.field) for one in verdict.problems.found]
    first = "/opiskeluoikeudet/0"
    assert told == [
        ("error", "documents.json", 1, "register-given-name", "/henkilö/kutsumanimi"),
        ("warning", "documents.json", 1, "register-day-derived", f"{first}/alkamispäivä"),
        ("error", "documents.json", 1, "register-year-without-start", f"{first}/suoritukset/1/alkamispäivä"),
    ]


def test_warnings_alone_are_accepted(tmp_path: Path) -> None:
    verdict = judged(tmp_path, document(changed(BASES["supported"](), ("/alkamispäivä", "2023-08-01"))))
    assert verdict.accepted
    assert [one.code for one in verdict.problems.found] == ["register-day-derived"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (json.dumps(document())[:-200], "json"),
        ("[7]", "koski"),
        ("{}", "koski"),
        (json.dumps(document(changed(BASES["tuva"](), ("/suoritukset/0/vahvistus/päivä", "2024-05-32")))), "koski"),
    ],
)
def test_what_cannot_be_read_is_a_fault_and_not_accepted(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(text)
    verdict = verdict_of(path, TODAY)
    assert not verdict.accepted
    assert {found for found, _pointer in errors(verdict)} == {told}


def test_a_file_that_is_not_there_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(ImportRefusedError):
        verdict_of(tmp_path / "none.json", TODAY)


def test_findings_are_limited_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "many.ndjson"
    hetus = ("140318A9347", "140318A9358", "140318A9369", "140318A937A", "140318A938B")
    wrong = changed(BASES["supported"](), ("/suoritukset/1/alkamispäivä", REMOVED))
    path.write_text("\n".join(json.dumps(document(wrong, hetu=hetu)) for hetu in hetus))
    problems = Problems(limit=2)
    with Reading(problems, TODAY) as reading:
        reading.read([path])
        assert reading.documents == 5
    assert (problems.errors, problems.warnings, len(problems.found), problems.left_out()) == (0, 5, 2, 3)


def test_the_check_of_rows_changes_none_of_them() -> None:
    for base in BASES.values():
        right: StudyRight = read_study_right(without_labels(base()), pytest.fail)
        before = copy.deepcopy(right)
        list(findings(right, "", TODAY))
        assert right == before


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in list(value.items()) if isinstance(value, dict) else [*enumerate(value)]:
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


_MARKS = [code("arviointiasteikkoyleissivistava", mark) for mark in ("4", "10", "S", "O", "³", "")]
_PERIODS: list[Any] = [[{}], [{"alku": "2026-01-01"}], [{"alku": "9999-12-31", "loppu": "0001-01-01"}]]
_DAYS = ["0001-01-01", "2016-06-04", "2025-08-01", "9999-12-31"]
_LIKELY = st.sampled_from(
    [True, False, None, [], {}, 0, -1.5, 1e300, [{"kieli": {"koodiarvo": []}}], *_DAYS, *_MARKS, *_PERIODS]
)
_NAMES = (
    *("lisätiedot", "arviointi", "osasuoritukset", "vahvistus", "luokkaAste", "suullisenKielitaidonKokeet", "oid"),
    *("valmistavanLisäopetus", "tuenPäätöksenJaksot", "pidennettyOppivelvollisuus", "rajattuOppimäärä"),
    *("osaamisenHankkimistavat", "järjestämismuodot", "oppimäärä", "uskonnonOppimäärä", "laajuus", "kieli"),
)


# How long one takes on a busy machine says nothing, and the first of all texts takes Hypothesis itself seconds.
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_stands_anywhere_is_told_and_never_breaks_the_check(data: st.DataObject) -> None:
    told = document(BASES[data.draw(st.sampled_from([*BASES]))]())
    for _ in range(data.draw(st.integers(1, 4))):
        places = [*_places(told)]
        if not places:
            # All of it is gone by now.
            break
        box, key = places[data.draw(st.integers(0, len(places) - 1))]
        how = data.draw(st.sampled_from(["likely", "any", "new", "gone", "twice", "other"]))
        if how == "new" and isinstance(box, dict):
            key = data.draw(st.sampled_from(_NAMES))
        if how == "gone":
            del box[key]
        elif how == "twice" and isinstance(box, list):
            box.append(copy.deepcopy(box[key]))
        elif how == "other":
            other, name = places[data.draw(st.integers(0, len(places) - 1))]
            value = copy.deepcopy(other[name])
            box[key] = value
        else:
            box[key] = copy.deepcopy(data.draw(ANY if how == "any" else _LIKELY))
    with tempfile.TemporaryDirectory() as folder:
        verdict = judged(Path(folder), told)
    assert verdict.accepted == (not errors(verdict))
    assert all(one.message and (one.field.startswith("/") or not one.field) for one in verdict.problems.found)
