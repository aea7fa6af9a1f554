"""What is amiss in a study right: each rule alone, and all of them over documents that the national register takes."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from digione.integrations.koski.forms import without_labels
from digione.integrations.koski.mapping import Attainment, read_study_right
from digione.studies import rules

TODAY = date(2026, 11, 29)
START, END = date(2020, 8, 12), date(2026, 5, 30)


def state(name: str, since: date, **more: Any) -> dict[str, Any]:
    return {"state": name, "valid_from": since, "funding": None, **more}


def attainment(kind: str = "perusopetuksenvuosiluokka", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "valid_from": None, "confirmed_on": None, "assessments": [], "parts": [], **more}


def marked(*days: date | None) -> list[dict[str, Any]]:
    return [attainment("subject", assessments=[{"mark": "8", "assessed_on": day}]) for day in days]


def right(*states: dict[str, Any], **more: Any) -> dict[str, Any]:
    found = {
        "level": "perusopetus", "valid_from": START, "valid_to": None, "expected_end": None, "states": list(states),
        "attainments": [], **more,
    }  # fmt: skip
    return {**found, "begins": found["valid_from"]}


HERE, DONE = state("lasna", START), state("valmistunut", END)
WHOLE = attainment("perusopetuksenoppimaara", confirmed_on=END)


@pytest.mark.parametrize(
    ("found", "codes"),
    [
        (right(HERE), []),
        (right(HERE, DONE, valid_to=END, attainments=[WHOLE]), []),
        (right(), ["no_state"]),
        (right(HERE, state("loma", START)), ["states_overlap"]),
        (right(HERE, state("loma", date(2020, 8, 1))), ["states_out_of_order"]),
        (right(HERE, DONE, state("lasna", date(2026, 8, 10))), ["state_after_end"]),
        (right(HERE, DONE, state("mitatoity", END)), []),
        (right(state("lasna", END)), ["begins_otherwise"]),
        (right(HERE, DONE, valid_to=START), ["ends_otherwise"]),
        (right(HERE, valid_to=END), ["end_without_state"]),
        (right(HERE, DONE, valid_to=END, valid_from=date(2026, 8, 1)), ["begins_otherwise", "ends_before_it_begins"]),
        (right(HERE, expected_end=END), ["expected_end_passed"]),
        (right(HERE, expected_end=TODAY), []),
        (right(HERE, attainments=[WHOLE]), ["confirmed_without_end"]),
        (right(HERE, attainments=[WHOLE, attainment("perusopetuksenoppimaara")]), []),
        (right(HERE, DONE, attainments=[attainment("perusopetuksenoppimaara")]), ["end_without_confirmation"]),
        (right(HERE, state("eronnut", END), attainments=[attainment("perusopetuksenoppimaara")]), []),
        (right(HERE, level="ammatillinenkoulutus"), ["no_funding"]),
        (right(state("lasna", START, funding="1"), level="ammatillinenkoulutus"), []),
        (right(HERE, attainments=[attainment(valid_from=date(2019, 8, 1))]), ["begins_before_the_right"]),
        (
            right(HERE, state("eronnut", date(2025, 8, 1)), attainments=[attainment(confirmed_on=END)]),
            ["confirmed_after_the_end"],
        ),
        (right(HERE, attainments=[attainment(parts=marked(END, None))]), ["mark_without_day"]),
        (right(HERE, attainments=[attainment(parts=marked(None), confirmed_on=END)]), []),
        (right(HERE, attainments=[attainment(parts=marked(END, None), confirmed_on=END)]), ["mark_without_day"]),
        (
            right(HERE, attainments=[attainment(parts=[attainment("subject")], confirmed_on=END)]),
            ["confirmed_without_mark"],
        ),
        (right(HERE, attainments=[attainment(parts=[attainment("subject")])]), []),
    ],
)
def test_each_rule_finds_what_it_is_for(found: dict[str, Any], codes: list[str]) -> None:
    assert [finding.code for finding in rules.findings(found, today=TODAY)] == codes


def test_a_finding_says_how_often_and_of_which_days() -> None:
    (one,) = rules.findings(right(HERE, attainments=[attainment(parts=marked(END, None, None))]), today=TODAY)
    assert (one.times, one.contradicts, one.attainment and one.attainment["kind"]) == (
        2,
        False,
        "perusopetuksenvuosiluokka",
    )
    (two,) = rules.findings(right(state("lasna", END)), today=TODAY)
    assert (two.days, two.contradicts) == ((START, END), True)


def test_a_move_is_a_change_of_provider() -> None:
    steps = [
        {"provider_id": 1, "provider_name": "a", "begins": START},
        {"provider_id": 1, "provider_name": "a", "begins": END},
        {"provider_id": 2, "provider_name": "b", "begins": TODAY},
    ]
    assert rules.moves(steps) == [{"day": TODAY, "from": "a", "to": "b"}]


def _rows(attainments: list[Attainment]) -> list[dict[str, Any]]:
    return [{**each.row, "assessments": each.assessments, "parts": _rows(each.parts)} for each in attainments]


def _findings(path: Path) -> list[rules.Finding]:
    found = []
    faults: list[Any] = []
    for each in json.loads(path.read_text())["opiskeluoikeudet"]:
        read = read_study_right(without_labels(each), lambda *told, **_more: faults.append(told))
        begins = read.row["valid_from"] or min(row["valid_from"] for row in read.states)
        whole = {**read.row, "begins": begins, "states": read.states, "attainments": _rows(read.attainments)}
        found += rules.findings(whole, today=TODAY)
    assert faults == []
    return found


def test_what_the_register_takes_contradicts_itself_nowhere(shared_data: Path) -> None:
    files = sorted((shared_data / "koski" / "accepted").glob("*.json"))
    assert len(files) > 15
    told = {path.name: [f.code for f in _findings(path) if f.contradicts] for path in files}
    assert {name: codes for name, codes in told.items() if codes} == {}


@pytest.mark.parametrize(
    ("rejected", "accepted", "code"),
    [
        ("ammatillinen-uusi_2019-03-21", "ammatillinen-uusi_2020-02-03", "no_funding"),
        ("internationalschool_2020-01-28", "internationalschool_2020-04-16", "begins_before_the_right"),
    ],
)
def test_what_the_register_refuses_is_found_and_its_mended_sibling_is_not(
    shared_data: Path, rejected: str, accepted: str, code: str
) -> None:
    codes = [
        {f.code for f in _findings(shared_data / "koski" / "pairs" / f"{name}.json")} for name in (rejected, accepted)
    ]
    assert code in codes[0]
    assert code not in codes[1]
