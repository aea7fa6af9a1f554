"""What a source has beside what stands here: figures that hold on both sides, each difference once and with its reason."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import translation

from digione.access.roles import Role
from digione.core.use_case import Actor, set_reach
from digione.integrations.koodisto.reader import read_codes
from digione.integrations.koodisto.services import import_codes
from digione.integrations.loading import reconciliation
from digione.integrations.loading.report import ImportRefusedError, Problems, Report
from digione.integrations.organisaatio.reader import read_organisations
from digione.integrations.organisaatio.services import import_organisations
from digione.organisations import facts
from digione.organisations.selectors import import_run, import_runs, register_run, register_runs
from digione.web.templatetags.desk import together
from tests import cast
from tests.unit.test_desk_pages import signed_in
from tests.unit.test_import_loading import load, many_users
from tests.unit.test_import_readers import oneroster

pytestmark = pytest.mark.django_db
PLATFORM = Actor(str(Role.PLATFORM))


def differences(report: Report, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in report.reconciliation]


def holds(report: Report) -> None:
    """Hold the figures of each kind to each other."""
    for kind, side in report.sides.items():
        assert side["from_source"] <= side["in_ours"], kind
        assert side["missing"] <= side["in_source"], kind
        if report.status == "done":
            # What is missing is what was refused, and what goes on is told.
            assert side["in_source"] - side["missing"] + side["kept"] == side["from_source"], kind


def test_a_set_that_went_through_whole_has_nothing_that_differs(tmp_path: Path) -> None:
    report = load(tmp_path, files=many_users(30))
    holds(report)
    side = report.sides["person"]
    assert (side["in_source"], side["from_source"], side["missing"]) == (30, 30, 0)
    # The cast of the tests stands here already, and did not come from this source.
    assert side["in_ours"] > 30
    assert report.reconciliation == []
    again = load(tmp_path, files=many_users(30))
    assert again.sides["person"] == side


def test_refused_rows_are_missing_and_tell_line_field_and_reason(tmp_path: Path) -> None:
    text = many_users(30)["users"].replace("u7,true,s1", "u7,perhaps,s1").replace("u9,true,s1", "u9,true,nowhere")
    report = load(tmp_path, files={"users": text}, partial=True)
    holds(report)
    side = report.sides["person"]
    assert (side["in_source"], side["missing"], side["refused"], side["from_source"]) == (30, 2, 2, 28)
    assert differences(report, "kind", "file", "line", "in_source", "in_ours", "why") == [
        ("person", "users.csv", 8, True, None, "refused"),
        ("person", "users.csv", 10, True, None, "refused"),
    ]
    assert [[(one["field"], one["code"]) for one in row["reasons"]] for row in report.reconciliation] == [
        [("enabledUser", "enum")],
        [("orgSourcedIds", "dangling-reference")],
    ]


def test_what_goes_on_because_rows_were_refused_and_what_ends_are_told_by_the_sources_id(tmp_path: Path) -> None:
    load(tmp_path, files=many_users(40))
    bad = many_users(39)["users"].replace("u7,true,s1", "u7,perhaps,s1")
    kept = load(tmp_path, files={"users": bad}, partial=True)
    holds(kept)
    assert ("person", "u40", "kept", None) in differences(kept, "kind", "key", "why", "line")
    # The earlier form of the refused row stands, so it goes on too, and is missing in this file alone.
    assert ("person", "u7", "kept", None) in differences(kept, "kind", "key", "why", "line")
    assert (kept.sides["person"]["kept"], kept.sides["person"]["ended"]) == (2, 0)
    ended = load(tmp_path, files=many_users(39))
    holds(ended)
    assert ("person", "u40", "ended", False, True) in differences(ended, "kind", "key", "why", "in_source", "in_ours")
    assert (ended.sides["person"]["kept"], ended.sides["person"]["ended"]) == (0, 1)
    assert ended.sides["person"]["from_source"] == 39


@pytest.mark.parametrize("files", [many_users(30), {"users": many_users(30)["users"].replace("u7,true", "u7,perhaps")}])
def test_the_figures_of_a_run_that_changed_nothing_say_what_stands(tmp_path: Path, files: dict[str, str]) -> None:
    report = load(tmp_path, files=files, dry_run="perhaps" not in files["users"])
    assert report.status in {"dry_run", "refused"}
    side = report.sides["person"]
    assert (side["in_source"], side["missing"], side["from_source"]) == (30, 30, 0)


def test_removals_that_are_refused_are_a_difference_and_everything_goes_on(tmp_path: Path) -> None:
    load(tmp_path, files=many_users(40))
    report = load(tmp_path, files=many_users(20))
    assert report.status == "refused"
    side = report.sides["person"]
    assert (side["in_source"], side["missing"], side["from_source"]) == (20, 0, 40)
    [row] = [row for row in report.reconciliation if row["kind"] == "person"]
    assert [reason["code"] for reason in row["reasons"]] == ["too-many-removals"]


def test_rows_of_a_template_are_people_whatever_else_they_tell(tmp_path: Path) -> None:
    from digione.integrations.csv_templates import read_people
    from digione.integrations.loading.services import import_roster
    from tests.unit.test_import_readers import TODAY

    path = tmp_path / "people.csv"
    path.write_text(
        "oma tunnus;etunimet;sukunimi;koulu;ryhmä\n"
        "1;Eeli;Salo;Rantapuiston koulu;3X\n2;Oona;Salo;Rantapuiston koulu;3X\n3;Aava;;Rantapuiston koulu;3X\n"
    )
    report = Report()
    roster = read_people(path, report.problems, today=TODAY)
    import_roster(
        cast.administrator, roster=roster, report=report, kind="people", source="t", file_hash="x", partial=True
    )
    holds(report)
    assert {kind: side["in_source"] for kind, side in report.sides.items()} == {
        "school": 1, "group": 1, "person": 3, "membership": 2, "guardian": 0, "enrolment": 2,
    }  # fmt: skip
    assert report.sides["person"]["missing"] == 1


def test_the_page_leafs_through_all_differences_and_tells_what_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "DIFFERENCES", 10)
    bad = "".join(f"b{n},perhaps,s1,student,bad{n},Aino,Lehto{n},,\n" for n in range(25))
    load(tmp_path, files={"users": many_users(5)["users"] + bad}, partial=True)
    run = import_runs(cast.secretary)["runs"][0]["id"]
    pages = [import_run(cast.secretary, run=run, page=number) for number in (1, 2, 3, 4)]
    assert [len(page["differences"]) for page in pages] == [10, 10, 5, 0]
    assert {(page["total"], page["pages"], page["more"]) for page in pages} == {(25, 3, 0)}
    lines = [row["line"] for page in pages for row in page["differences"]]
    assert lines == [row["line"] for row in import_run(cast.secretary, run=run, page=None)["differences"]]
    assert lines == list(range(7, 32))


@pytest.mark.parametrize(
    ("language", "page_says", "file_says", "remark_says"),
    [
        ("fi", "Eroja on 25. Ensimmäiset 4 säilytetään", "Eroja laskettiin vielä 21.", "kirjattiin 4 huomautusta"),
        (
            "sv",
            "Det finns 25 skillnader. De första 4 sparas",
            "Ytterligare 21 skillnader",
            "Ytterligare 4 anmärkningar",
        ),
        (
            "en",
            "There are 25 differences. The first 4 are kept",
            "21 more differences were",
            "4 more remarks were noted",
        ),
    ],
)
def test_of_more_than_a_run_keeps_page_and_file_say_how_many_there_were(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    language: str, page_says: str, file_says: str, remark_says: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("digione.integrations.loading.facts.KEPT", 4)
    bad = "".join(f"b{n},perhaps,s1,student,bad{n},Aino,Lehto{n},,\n" for n in range(25))
    text = (many_users(5)["users"] + bad).replace("userIds\n", "userIds,a,b,c,d\n").replace(",,\n", ",,,,,,\n")
    report = load(tmp_path, files={"users": text}, partial=True)
    run = import_runs(cast.secretary)["runs"][0]["id"]
    page = import_run(cast.secretary, run=run)
    assert (page["total"], page["more"], report.refused) == (4, 21, 25)
    # Four columns that are not read, and a school that the register does not have, this time.
    assert (page["noted"], page["lost_remarks"]) == (4, 1)
    monkeypatch.setattr("digione.integrations.loading.facts.KEPT", 0)
    load(tmp_path, files={"users": text}, partial=True)
    lost = import_runs(cast.secretary)["runs"][0]["id"]
    assert import_run(cast.secretary, run=lost)["lost_remarks"] == 4
    signed_in(client, cast.SECRETARY)
    client.cookies["django_language"] = language
    assert page_says in client.get(f"/imports/{run}").content.decode()
    assert remark_says in client.get(f"/imports/{lost}").content.decode()
    rows = list(csv.reader(io.StringIO(client.get(f"/imports/{run}.csv").content.decode("utf-8-sig")), delimiter=";"))
    codes = [name.partition("[")[2].rstrip("]") for name in rows[0]]
    last, of_remarks = (dict(zip(codes, row, strict=True)) for row in rows[-2:])
    assert (last["kind"], last["why"], last["line"]) == ("differences", "left-out", "")
    assert (of_remarks["kind"], of_remarks["why"]) == ("remarks", "left-out")
    assert file_says in last["message"]
    assert "left-out" not in [row[10] for row in rows[:-2]]
    assert len([row for row in rows if row[10] == "refused"]) == 4


def test_a_file_that_is_kept_whole_says_nothing_of_more(client: Client, tmp_path: Path) -> None:
    text = many_users(30)["users"].replace("u7,true,s1", "u7,perhaps,s1").replace("u9,true,s1", "u9,true,nowhere")
    load(tmp_path, files={"users": text}, partial=True)
    run = import_runs(cast.secretary)["runs"][0]["id"]
    signed_in(client, cast.SECRETARY)
    assert b"left-out" not in client.get(f"/imports/{run}.csv").content
    assert import_run(cast.secretary, run=run)["more"] == 0
    # A run of an earlier version tells it by its figures.
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_importrun SET counts = counts - 'differences' - 'remarks', reconciliation = '[]'")
    assert import_run(cast.secretary, run=run)["more"] == 2
    assert b"left-out" in client.get(f"/imports/{run}.csv").content


def test_the_file_is_in_the_readers_language_and_its_codes_are_in_none(tmp_path: Path) -> None:
    text = many_users(30)["users"].replace("u7,true,s1", "u7,perhaps,s1")
    extra = text.replace("userIds\n", "userIds,metadata.x\n").replace(",,\n", ",,,\n")
    load(tmp_path, files={"users": extra}, partial=True)
    page = import_run(cast.secretary, run=import_runs(cast.secretary)["runs"][0]["id"], page=None)
    told = {}
    for language in ("fi", "sv", "en"):
        stream = io.StringIO(newline="")
        with translation.override(language):
            reconciliation.write_csv(stream, page["differences"], page["remarks"], changed=True, counted=page["counts"])
        told[language] = list(csv.reader(io.StringIO(stream.getvalue(), newline=""), delimiter=";"))
    assert {language: (rows[0][0], rows[0][7]) for language, rows in told.items()} == {
        "fi": ("Mikä [kind_name]", "Miten kävi [why_name]"),
        "sv": ("Vad [kind_name]", "Vad som hände [why_name]"),
        "en": ("What [kind_name]", "What became of it [why_name]"),
    }
    assert {language: rows[1][7] for language, rows in told.items()} == {
        "fi": "Ei otettu: rivi hylättiin",
        "sv": "Togs inte in: raden avvisades",
        "en": "Not taken: the row was refused",
    }
    codes = {language: [[row[n] for n in (1, 2, 3, 9, 10, 11)] for row in rows[1:]] for language, rows in told.items()}
    assert codes["fi"] == codes["sv"] == codes["en"]
    assert ["users.csv", "8", "enabledUser", "person", "refused", "enum"] in codes["fi"]
    assert ["users.csv", "1", "metadata.x", "rows", "remark", "extension-column"] in codes["fi"]


def test_a_delta_set_is_refused_with_the_advice_to_ask_the_supplier(tmp_path: Path) -> None:
    with pytest.raises(ImportRefusedError) as fault:
        oneroster(tmp_path, manifest="propertyName,value\noneroster.version,1.1\nfile.users,delta\n")
    told = {}
    for language in ("fi", "sv", "en"):
        with translation.override(language):
            told[language] = str(fault.value)
    assert "Pyydä toimittajalta koko aineisto (bulk)" in told["fi"]
    assert "Be leverantören om en hel uppsättning (bulk)" in told["sv"]
    assert "Ask the supplier for a bulk set" in told["en"]
    assert all(text.startswith("manifest.csv, ") and " 3: users" in text for text in told.values())


def _organisation(number: int, **more: Any) -> dict[str, Any]:
    return {
        "oid": f"1.2.246.562.199.3000000{number:04}",
        "nimi": {"fi": f"Kunta {number}"},
        "organisaatiotyypit": ["organisaatiotyyppi_01"],
        **more,
    }


def _organisations(folder: Path, rows: list[Any], **options: Any) -> Report:
    file = folder / "hierarkia.json"
    file.write_text(json.dumps(rows))
    report = Report()
    found = read_organisations(file, report.problems)
    return import_organisations(PLATFORM, rows=found, report=report, file=file.name, file_hash="x", **options)


def test_the_register_of_organisations_has_both_sides_and_what_ended(tmp_path: Path) -> None:
    rows = [_organisation(number) for number in range(1, 41)]
    first = _organisations(tmp_path, rows)
    side = first.sides["organisations"]
    assert (side["in_source"], side["missing"]) == (40, 0)
    assert (side["from_source"], first.reconciliation) == (40, [])
    assert side["in_ours"] >= 40
    second = _organisations(tmp_path, rows[:-1])
    assert differences(second, "kind", "key", "why") == [("organisations", rows[-1]["oid"], "ended")]
    assert second.sides["organisations"]["from_source"] == 39
    closed = [*rows[:-1], _organisation(39, lakkautusPvm="2020-07-31")]
    assert _organisations(tmp_path, [*closed[:38], closed[-1]]).sides["organisations"]["from_source"] == 39
    # What ended in an earlier run is no difference any more.
    assert _organisations(tmp_path, rows[:-1]).reconciliation == []
    third = _organisations(tmp_path, [*rows[:-2], _organisation(41, nimi={})], partial=True)
    side = third.sides["organisations"]
    assert (side["in_source"], side["missing"], side["refused"], side["kept"]) == (39, 1, 1, 1)
    assert {(row["key"], row["why"]) for row in third.reconciliation} == {("", "refused"), (rows[-2]["oid"], "kept")}
    page = register_run(cast.administrator, run=register_runs(cast.administrator)["runs"][0]["id"])
    assert page["differences"] == third.reconciliation
    assert (page["total"], page["more"]) == (2, 0)


def _codes(folder: Path, values: list[dict[str, Any]]) -> Report:
    file = folder / "koodit.json"
    file.write_text(json.dumps(values))
    report = Report()
    rows = read_codes([file], report.problems)
    return import_codes(PLATFORM, rows=rows, report=report, file_hash="x", partial=True)


def test_a_code_list_has_both_sides_and_what_stays(tmp_path: Path) -> None:
    values = [{"koodiUri": f"testilista_{n}", "koodiArvo": str(n), "versio": 1} for n in range(1, 6)]
    first = _codes(tmp_path, values)
    assert first.refused == 0, first.problems.found
    side = first.sides["codes"]
    assert (side["in_source"], side["in_ours"], side["from_source"], side["missing"]) == (5, 5, 5, 0)
    assert first.reconciliation == []
    second = _codes(tmp_path, [*values[:-1], {"koodiUri": "testilista_9", "versio": 1}])
    assert (second.sides["codes"]["in_source"], second.sides["codes"]["missing"]) == (5, 1)
    assert [(row["why"], bool(row["reasons"])) for row in second.reconciliation] == [
        ("refused", True), ("stays", False),
    ]  # fmt: skip
    assert second.sides["codes"]["in_ours"] == 5
    # Two refused codes of a file without line ends are two differences, each with its own reason.
    third = _codes(tmp_path, [*values[:-2], {"koodiUri": "testilista_8"}, {"koodiUri": "testilista_9"}])
    refused = [row for row in third.reconciliation if row["why"] == "refused"]
    assert [[reason["parameters"]["element"] for reason in row["reasons"]] for row in refused] == [
        ["4: [3], testilista_8"], ["5: [4], testilista_9"],
    ]  # fmt: skip


def test_a_problem_of_a_whole_file_counts_no_row(tmp_path: Path) -> None:
    problems = Problems()
    problems.error("users.csv", 0, "", "missing-file", file="users.csv")
    problems.error("users.csv", 4, "role", "enum", value="x", allowed="y")
    assert dict(problems.refused_in) == {"users.csv": 1}
    assert problems.refused_rows == 2


def test_what_is_said_in_the_same_words_is_told_once() -> None:
    def remark(line: int, field: str, code: str = "required.taken") -> dict[str, Any]:
        return {"file": "orgs.csv", "line": line, "field": field, "code": code, "parameters": {}}

    told = together(
        [remark(1, "colour"), remark(2, "name", "required.cell"), remark(1, "size"), remark(3, "name", "required.cell")]
    )
    assert [(one["lines"], one["several"], one["fields"]) for one in told] == [
        ("1", False, "colour, size"), ("2, 3", True, "name"),
    ]  # fmt: skip
