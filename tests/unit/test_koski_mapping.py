"""Documents of study rights as rows and back: nothing is lost, whatever stands in them, and each fault has its place."""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digione.integrations.koski.forms import without_labels
from digione.integrations.koski.mapping import carried_places, read_study_right, walk, write_study_right
from tests.unit.koski import code, own_subject, right, subject, year

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6) | st.text(max_size=5)
    | st.sampled_from(["2024-02-31", "2026-05-30", {}, [], {"fi": "teksti"}, code("kieli", "SV"), {"oid": "1.2"}]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["fi", "oid", "koodiarvo", "koodistoUri", "alku", "uusi"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def written(value: Any) -> str:
    return json.dumps(without_labels(value), sort_keys=True)


def there_and_back(document: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    faults: list[tuple[str, str]] = []
    rows = read_study_right(without_labels(document), lambda pointer, told, **_more: faults.append((pointer, told)))
    # With the labels that the register fills in it reads the same.
    again: list[tuple[str, str]] = []
    read = read_study_right(copy.deepcopy(document), lambda pointer, told, **_more: again.append((pointer, told)))
    assert again == faults
    assert faults or read == rows
    return ("" if faults else written(write_study_right(rows))), faults


def test_every_real_document_comes_back_the_same(shared_data: Path) -> None:
    seen = 0
    for path in sorted((shared_data / "koski").glob("*/*.json")):
        for each in json.loads(path.read_text())["opiskeluoikeudet"]:
            assert there_and_back(each) == (written(each), []), path.name
            seen += 1
    assert seen >= 26


def test_what_is_modelled_are_columns_and_what_is_not_is_carried() -> None:
    document = right(year(subject("MA", "9", painotettuOpetus=True, uusiKenttä=[1, {"a": None}]), own_subject()))
    rows = read_study_right(without_labels(document), pytest.fail)
    assert rows.row["level"] == "perusopetus"
    assert [(row["kind"], row["is_listed"], row["holds"]) for row in rows.extras] == [
        ("home_education", True, None),
        ("support_decision", True, None),
        ("not_tied_to_year_groups", False, False),
        ("transport", False, None),
    ]
    (top,) = rows.attainments
    assert (top.row["module"], top.row["group_name"], top.row["curriculum"]) == ("3", "3B", "104/011/2014")
    maths, own = top.parts
    assert (maths.row["module"], maths.row["is_weighted"], str(maths.row["size"])) == ("MA", True, "2.0")
    assert [(row["mark"], row["is_passed"], str(row["assessed_on"])) for row in maths.assessments] == [
        ("9", True, "2026-05-30")
    ]
    assert (own.row["module_scheme"], own.row["module"], own.row["module_title"]) == (
        None,
        "KEP",
        {"fi": "Keppihevoset"},
    )
    assert Counter(carried_places(rows)) == {
        "lisätiedot.kuljetusetu.peruste": 1,
        "tila.opiskeluoikeusjaksot.tila.koodistoVersio": 1,
        "suoritukset.koulutusmoduuli.tunniste.koodistoVersio": 1,
        "suoritukset.toimipiste.nimi.fi": 1,
        "osasuoritukset.uusiKenttä": 1,
        "osasuoritukset.uusiKenttä.a": 1,
    }


def test_a_code_of_another_list_is_carried_and_comes_back() -> None:
    told = right(järjestämislupa=code("kieli", "FI"), arvioituPäättymispäivä="2032-05-31")
    rows = read_study_right(without_labels(told), pytest.fail)
    assert (rows.row["licence"], rows.row["carried"]["järjestämislupa"]["koodiarvo"]) == (None, "FI")
    assert there_and_back(told) == (written(told), [])


def test_the_same_subject_twice_is_two_nodes() -> None:
    rows = read_study_right(without_labels(right(year(subject("B2"), subject("B2", "S")))), pytest.fail)
    nodes = [node for _above, node, _place, _each in walk(rows.attainments)]
    assert len(set(nodes)) == len(nodes) == 3


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"tyyppi": None}, [("/tyyppi", "koski.missing")]),
        ({"tyyppi": "perusopetus"}, [("/tyyppi", "koski.code"), ("/tyyppi", "koski.missing")]),
        ({"tila": {}}, [("/tila/opiskeluoikeusjaksot", "koski.missing")]),
        ({"tila": []}, [("/tila", "koski.missing")]),
        ({"alkamispäivä": "2026-02-30"}, [("/alkamispäivä", "koski.day")]),
        ({"alkamispäivä": 20260101}, [("/alkamispäivä", "koski.day")]),
        ({"ostettu": "ei"}, [("/ostettu", "koski.flag")]),
        ({"oppilaitos": {"oid": "1.2.3"}}, [("/oppilaitos", "koski.organisation")]),
        ({"suoritukset": []}, [("/suoritukset", "koski.missing")]),
        ({"suoritukset": [7]}, [("/suoritukset/0", "koski.object"), ("/suoritukset", "koski.missing")]),
        ({"suoritukset": {"a": 1}}, [("/suoritukset", "koski.list"), ("/suoritukset", "koski.missing")]),
        ({"tyyppi": code("kieli", "FI")}, [("/tyyppi", "koski.code-list"), ("/tyyppi", "koski.missing")]),
    ],
)
def test_each_fault_has_its_place(change: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert there_and_back(right(**change)) == ("", faults)


def test_all_faults_are_told_at_once() -> None:
    wrong = year(
        subject("MA"), {"tyyppi": 7}, luokka=3, vahvistus={"päivä": "eilen", "paikkakunta": code("kieli", "FI")}
    )
    _, faults = there_and_back(right(wrong, arvioituPäättymispäivä="2026-13-01"))
    assert Counter(pointer for pointer, _code in faults) == {
        "/arvioituPäättymispäivä": 1,
        "/suoritukset/0/luokka": 1,
        "/suoritukset/0/vahvistus/päivä": 1,
        "/suoritukset/0/osasuoritukset/1/tyyppi": 2,
        "/suoritukset/0/osasuoritukset/1/koulutusmoduuli/tunniste": 1,
    }


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of a document with each of its keys."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


@settings(max_examples=300)
@given(data=st.data())
def test_whatever_stands_anywhere_is_refused_or_comes_back(data: st.DataObject) -> None:
    document = right(year(subject("MA", vahvistus={"päivä": "2026-05-30"}), own_subject()))
    for _ in range(data.draw(st.integers(1, 3))):
        places = [*_places(document)]
        box, key = places[data.draw(st.integers(0, len(places) - 1))]
        if isinstance(box, dict) and data.draw(st.booleans()):
            key = data.draw(
                st.sampled_from([*box, "uusi", "lisätiedot", "arviointi", "osasuoritukset", "vahvistus", "oid"])
            )
        # A value may be drawn twice, and what is put into one must not stand in the other.
        box[key] = copy.deepcopy(data.draw(ANY))
    back, faults = there_and_back(document)
    assert faults or back == written(document)
