"""Registers and code lists in JSON: whatever stands in them, nothing raises, and each fault is told where it is."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digione.integrations.koodisto.reader import read_codes
from digione.integrations.koodisto.services import import_codes
from digione.integrations.loading import json_files
from digione.integrations.loading.report import Problems, Report
from digione.integrations.organisaatio.reader import read_organisations
from digione.integrations.organisaatio.services import import_organisations
from tests import cast

OID = "1.2.246.562.10.1000000000{}"
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=8)
    | st.sampled_from(["\x00", "\ud800", OID.format(2), "x" * 500, "2024-02-31", 2**31, -1, 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("fi"), inner, max_size=3),
    max_leaves=5,
)


def organisation(number: int, **changed: Any) -> dict[str, Any]:
    return {"oid": OID.format(number), "nimi": {"fi": f"Koulu {number}"}, **changed}


def code(number: int, **changed: Any) -> dict[str, Any]:
    metadata = [{"kieli": "FI", "nimi": "Kunta"}]
    return {"koodiUri": f"kunta_{number}", "koodiArvo": str(number), "versio": 1, "metadata": metadata, **changed}


def read(reader: Any, path: Path, content: Any) -> tuple[list[Any], list[dict[str, Any]]]:
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    problems = Problems()
    rows = reader(path, problems)
    for language in ("fi", "sv", "en"):
        with translation.override(language):
            json.dumps([problem.as_dict() for problem in problems.found]).encode()
            assert all(problem.message for problem in problems.found)
    # What a run stores goes into the database as it is.
    stored = json.dumps([problem.stored() for problem in problems.found])
    assert "\\u0000" not in stored
    assert "\\ud800" not in stored
    return rows, [problem.as_dict() for problem in problems.found if problem.severity == "error"]


def organisations(path: Path, problems: Problems) -> list[Any]:
    return read_organisations(path, problems)


def codes(path: Path, problems: Problems) -> list[Any]:
    return read_codes([path], problems)


@pytest.mark.parametrize(
    ("field", "value", "place", "problem"),
    [
        ("oid", 7, "oid", "json-type"),
        ("oid", None, "oid", "oid"),
        ("nimi", ["Koulu"], "nimi", "json-type"),
        ("nimi", None, "nimi", "required"),
        ("nimi", {"fi": None, "sv": None}, "nimi", "required"),
        ("nimi", {"fi": 5}, "nimi.fi", "json-type"),
        ("nimi", {"fi": "a\x00b"}, "nimi.fi", "text-broken"),
        ("nimi", {"sv": "\ud83d"}, "nimi.sv", "text-broken"),
        ("organisaatiotyypit", "OPPILAITOS", "organisaatiotyypit", "json-type"),
        ("organisaatiotyypit", ["OPPILAITOS", {}], "organisaatiotyypit[1]", "json-type"),
        ("kieletUris", {"a": 1}, "kieletUris", "json-type"),
        ("kotipaikkaUri", 91, "kotipaikkaUri", "json-type"),
        ("ytunnus", 1234567, "ytunnus", "json-type"),
        ("oppilaitosKoodi", 3241, "oppilaitosKoodi", "json-type"),
        ("alkuPvm", True, "alkuPvm", "json-type"),
        ("alkuPvm", float("nan"), "alkuPvm", "json-type"),
        ("alkuPvm", 10**400, "alkuPvm", "json-type"),
        ("parentOid", [], "parentOid", "json-type"),
        ("parentOid", OID.format(1), "parentOid", "parent"),
        ("children", 3, "children", "json-type"),
    ],
)
def test_a_wrong_type_refuses_its_organisation_alone(
    tmp_path: Path, field: str, value: Any, place: str, problem: str
) -> None:
    content = {"organisaatiot": [organisation(1, **{field: value}), organisation(2)]}
    rows, errors = read(organisations, tmp_path / "o.json", content)
    assert [row.oid for row in rows] == [OID.format(2)]
    assert [(one["line"], one["field"], one["code"]) for one in errors] == [(1, place, problem)]


@pytest.mark.parametrize(
    ("field", "value", "place", "problem"),
    [
        ("koodiUri", [], "koodiUri", "json-type"),
        ("koodiArvo", 1, "koodiArvo", "json-type"),
        ("koodisto", "kunta", "koodisto", "json-type"),
        ("koodisto", {"koodistoUri": 4}, "koodisto.koodistoUri", "json-type"),
        ("versio", "1", "versio", "json-type"),
        ("versio", 2**31, "versio", "number"),
        ("metadata", {"kieli": "FI"}, "metadata", "json-type"),
        ("metadata", [None], "metadata[0]", "json-type"),
        ("metadata", [{"kieli": "FI", "nimi": {}}], "metadata[0].nimi", "json-type"),
        ("tila", ["HYVAKSYTTY"], "tila", "json-type"),
        ("voimassaAlkuPvm", 20240101, "voimassaAlkuPvm", "json-type"),
        ("voimassaAlkuPvm", "2024-02-31", "voimassaAlkuPvm", "date-impossible"),
    ],
)
def test_a_wrong_type_refuses_its_code_alone(tmp_path: Path, field: str, value: Any, place: str, problem: str) -> None:
    rows, errors = read(codes, tmp_path / "c.json", [code(1, **{field: value}), code(2)])
    assert [row.value for row in rows] == ["2"]
    assert [(one["line"], one["field"], one["code"]) for one in errors] == [(1, place, problem)]


@pytest.mark.parametrize("reader", [organisations, codes])
@pytest.mark.parametrize(
    ("content", "problem", "line"),
    [
        (b"", "empty-file", 1),
        (b"\xef\xbb\xbf \n", "empty-file", 1),
        (b"[{\n", "json", 2),
        (b"null", "shape", 0),
        (b'"text"', "shape", 0),
        (b"NaN", "shape", 0),
        ("[{}]".encode("utf-16"), "encoding", 1),
        ("[{}]".encode("utf-16-le"), "json", 1),
        (b'[\n{"nimi": "K\xf6li"}]', "encoding", 2),
        (b"[" * 100_000, "json", 0),
        (b'{"organisaatiot": {}}', "shape", 0),
    ],
)
def test_a_file_that_is_no_list_is_told_once(
    tmp_path: Path, reader: Any, content: bytes, problem: str, line: int
) -> None:
    rows, errors = read(reader, tmp_path / "f.json", content)
    assert rows == []
    assert [(one["code"], one["line"]) for one in errors] == [(problem, line)]


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    rows, errors = read(codes, tmp_path / "c.json", b"\xef\xbb\xbf" + json.dumps([code(1)]).encode())
    assert (len(rows), errors) == (1, [])


def test_a_field_that_stands_twice_refuses_its_row_alone(tmp_path: Path) -> None:
    text = json.dumps([code(1), code(2)]).replace('"koodiArvo": "1"', '"koodiArvo": "1", "koodiArvo": "9"')
    rows, errors = read(codes, tmp_path / "c.json", text.encode())
    assert [row.value for row in rows] == ["2"]
    assert [(one["line"], one["field"], one["code"]) for one in errors] == [(1, "koodiArvo", "json-twice")]
    assert "[0].koodiArvo" in errors[0]["message"]


def test_a_file_beyond_the_limit_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "MAX_BYTES", 10)
    rows, errors = read(codes, tmp_path / "c.json", [code(1)])
    assert (rows, [one["code"] for one in errors]) == ([], ["json"])


def test_organisations_that_stand_under_each_other_are_refused(tmp_path: Path) -> None:
    content = [
        organisation(1, parentOid=OID.format(2)),
        organisation(2, parentOid=OID.format(1)),
        organisation(3, parentOid=OID.format(4)),
        organisation(4),
    ]
    rows, errors = read(organisations, tmp_path / "o.json", content)
    assert [row.oid for row in rows] == [OID.format(3), OID.format(4)]
    assert sorted((one["message"].partition(" (")[2], one["code"]) for one in errors) == [
        (f"Element 1: [0], {OID.format(1)})", "parent"),
        (f"Element 2: [1], {OID.format(2)})", "parent"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_a_fault_is_told_by_the_line_where_its_element_begins_and_by_its_element(tmp_path: Path, end: str) -> None:
    """The texts hold what would mislead who looks for braces, and what ends no line of the file."""
    below = organisation(2, oppilaitosKoodi="x{}", nimi={"fi": 'a\n"}{\\'})
    content = {"organisaatiot": [organisation(1, ytunnus="{1", children=[below, 7, organisation(1)])]}
    text = json.dumps(content, indent=1).replace("\n", end)
    (tmp_path / "o.json").write_bytes(text.encode())
    written = text.split(end) if end else [text]
    begins = [number for number, line in enumerate(written, 1) if line.strip() == "{"][1:] if end else [1, 1, 1]
    assert len(begins) == 3
    problems = Problems()
    assert [row.oid for row in organisations(tmp_path / "o.json", problems)] == [OID.format(1), OID.format(2)]
    told = {one.parameters.get("element", ""): one for one in problems.found}
    first, second, odd, third = (
        f"1: organisaatiot[0], {OID.format(1)}",
        f"2: organisaatiot[0].children[0], {OID.format(2)}",
        "3: organisaatiot[0].children[1]",
        f"4: organisaatiot[0].children[2], {OID.format(1)}",
    )
    assert set(told) - {""} == {first, second, odd, third}
    assert [told[name].line for name in (first, second, third)] == begins
    assert all(one.message.endswith(f" (Element {name})") for name, one in told.items() if name)
    assert f"the first is element {first}." in told[third].message
    # What is no object has no beginning that is known: it is told by the one around it, and by its path.
    assert told[odd].line == begins[0]
    # Rows are counted one by one, also where all of them stand on one line.
    assert (problems.refused_rows, problems.refused_in) == (2, {"o.json": 2})


@pytest.mark.parametrize("indent", [None, 1])
def test_a_fault_of_a_code_is_told_by_line_uri_and_place(tmp_path: Path, indent: int | None) -> None:
    content = [code(1), code(2, koodiArvo=2), code(1, koodiUri=None), code(1)]
    (tmp_path / "c.json").write_text(json.dumps(content, indent=indent))
    problems = Problems()
    assert len(codes(tmp_path / "c.json", problems)) == 1
    ends = [one.message.rpartition(" (")[2] for one in problems.found]
    assert ends == ["Element 2: [1], kunta_2)", "Element 3: [2])", "Element 4: [3], kunta_1)"]
    assert "element 1: [0], kunta_1" in problems.found[2].message
    begins = [number for number, line in enumerate((tmp_path / "c.json").read_text().split("\n"), 1) if line == " {"]
    assert [one.line for one in problems.found] == (begins[1:] if indent else [1, 1, 1])


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of each value that stands in `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for name, one in inner:
        found += _places(one, (*path, name))
    return found


def _put(root: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(root)
    at = changed
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return changed


def _said(rows: list[Any], problems: Problems, oids: set[str]) -> Any:
    facts = sorted((row.oid, row.digest()) for row in rows if row.oid in oids)
    told = sorted(
        (one.text, one.field, json.dumps(dict(one.parameters)))
        for one in problems.found
        if one.parameters.get("subject") in oids
    )
    return facts, told


@pytest.mark.django_db
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_anywhere_in_the_register_leaves_the_others_as_they_were(
    data: st.DataObject, tmp_path: Path, shared_data: Path
) -> None:
    whole = json.loads((shared_data / "organisaatio/hierarkia-koko-maa.json").read_text())["organisaatiot"]
    some = [node for node in whole if 0 < len(node["children"]) < 4][:12]
    place = data.draw(st.sampled_from(_places(some)))
    changed = _put(some, place, data.draw(ANY))
    path = tmp_path / "o.json"
    path.write_text(json.dumps(some))
    before, problems = Problems(), Problems()
    clean = read_organisations(path, before)
    read(organisations, path, changed)
    rows = read_organisations(path, problems)
    # The other trees of the forest; one whose OID the changed value took over is not among them.
    touched = {row.oid for row in clean if _tree_of(some, row.oid) == place[0]}
    claimed = {value for value in (changed[place[0]], *_texts_in(changed[place[0]])) if isinstance(value, str)}
    others = {row.oid for row in clean} - touched - claimed
    assert _said(rows, problems, others) == _said(clean, before, others)
    report = Report(problems=problems)
    import_organisations(
        cast.platform, rows=rows, report=report, file=path.name, file_hash="x", whole=False, dry_run=True, partial=True
    )
    assert report.status == "dry_run"


def _texts_in(value: Any) -> list[str]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] if isinstance(value, str) else [text for one in inner for text in _texts_in(one)]


def _tree_of(forest: list[Any], oid: str) -> int:
    return next(number for number, tree in enumerate(forest) if f'"oid": "{oid}"' in json.dumps(tree))


@pytest.mark.django_db
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_anywhere_in_a_code_list_leaves_the_others_as_they_were(
    data: st.DataObject, tmp_path: Path, shared_data: Path
) -> None:
    form = data.draw(st.sampled_from(["koodit", "rest"]))
    source = sorted((shared_data / "koodisto" / form).glob("*.json"))[0]
    some = json.loads(source.read_text())[:8]
    place = data.draw(st.sampled_from(_places(some)))
    changed = _put(some, place, data.draw(ANY))
    path = tmp_path / "c.json"
    path.write_text(json.dumps(some))
    clean = {row.element: row.digest() for row in codes(path, Problems())}
    rows, errors = read(codes, path, changed)
    changed_one = f"{place[0] + 1}: "
    others = {row.element: row.digest() for row in rows if not row.element.startswith(changed_one)}
    assert others == {name: digest for name, digest in clean.items() if not name.startswith(changed_one)}
    assert all(f"(Element {changed_one}" in one["message"] for one in errors)
    problems = Problems()
    report = Report(problems=problems)
    import_codes(cast.platform, rows=codes(path, problems), report=report, file_hash="x", dry_run=True, partial=True)
    assert report.status == "dry_run"


@pytest.mark.django_db
def test_what_hangs_on_a_refused_organisation_is_refused_and_nothing_is_ended_for_it(tmp_path: Path) -> None:
    def load(content: list[Any]) -> Report:
        (tmp_path / "o.json").write_text(json.dumps(content))
        report = Report()
        rows = read_organisations(tmp_path / "o.json", report.problems)
        return import_organisations(
            cast.platform, rows=rows, report=report, file="o.json", file_hash="x", partial=True, accept_removals=True
        )

    load([organisation(1), organisation(2)])
    report = load([organisation(1), organisation(2, parentOid=OID.format(9)), organisation(3, parentOid=OID.format(2))])
    # The second hangs on nothing; the third on the second, which is known from before.
    assert (report.added, report.refused, report.ended) == (1, 1, 0)
    report = load([organisation(1), organisation(5, parentOid=OID.format(9)), organisation(6, parentOid=OID.format(5))])
    assert (report.added, report.refused, report.ended) == (0, 2, 0)
    assert [(one.parameters["element"], one.text) for one in report.problems.found if one.severity == "error"] == [
        (f"2: [1], {OID.format(5)}", "dangling"),
        (f"3: [2], {OID.format(6)}", "dangling"),
    ]
