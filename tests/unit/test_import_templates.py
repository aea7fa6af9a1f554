"""The templates for learners and staff, as people really fill them in: each fault by line, column and code.

The good rows beside a bad one are diagnosed all the same; nothing is taken of them without `--partial`, and they alone
are with it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from digione.integrations.csv_templates import read_people, read_staff
from digione.integrations.loading.report import Report
from digione.integrations.loading.services import import_roster
from tests import cast
from tests.unit.test_import_loading import rows
from tests.unit.test_import_readers import TODAY

pytestmark = pytest.mark.django_db
READ = {"people": read_people, "staff": read_staff}
HEAD = {
    "people": "oma tunnus;henkilötunnus;etunimet;sukunimi;koulu;syntymäaika;ryhmä",
    "staff": "oma tunnus;henkilötunnus;etunimet;sukunimi;koulu;syntymäaika;rooli",
}
LAST = {"people": "9X", "staff": "opettaja"}
HETU, TWIN = "140314A9357", "140314A9379"
TABLES = (
    "people_person", "people_providerperson", "people_identifier", "people_contact", "people_guardianship",
    "people_staffassignment", "studies_group", "studies_schoolenrolment", "studies_enrolment", "core_sourcekey",
    "core_outbox", "organisations_organisation",
)  # fmt: skip


def row(
    kind: str,
    key: str = "1",
    hetu: str = "",
    first: str = "Aino",
    family: str = "Ruusula",
    born: str = "",
    last: str | None = None,
) -> str:
    cells = (key, hetu, first, family, "Rantapuiston koulu", born, LAST[kind] if last is None else last)
    return ";".join(cells)


def table(kind: str, *lines: str, head: str | None = None) -> str:
    return "\n".join([HEAD[kind] if head is None else head, *lines, ""])


def load(folder: Path, kind: str, text: str | bytes, **options: Any) -> Report:
    path = folder / f"{kind}.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    report = Report()
    roster = READ[kind](path, report.problems, today=TODAY)
    return import_roster(
        cast.administrator, roster=roster, report=report, kind=kind, source=kind, file_hash="x", **options
    )


def told(report: Report) -> list[tuple[int, str, str]]:
    assert all(one.file in {"people.csv", "staff.csv"} for one in report.problems.found)
    return [(one.line, one.field, one.code) for one in report.problems.found]


def standing() -> list[int]:
    return [rows(f"SELECT count(*) FROM {name}")[0][0] for name in TABLES]


def taken() -> Sequence[str]:
    return [name for (name,) in rows("SELECT first_names FROM people_person WHERE family_name = 'Ruusula' ORDER BY 1")]


GOOD_ROWS = [("8", "Eeli"), ("9", "Oona")]
#: What is wrong with the row between two good ones: the row, and where and as what it is told. The line is 3.
BAD_ROWS: dict[str, tuple[dict[str, str], str, list[tuple[str, str]]]] = {
    "ragged": ({}, ";too;many", [("", "ragged-row")]),
    "31.2.": ({"born": "31.2.2014"}, "", [("syntymäaika", "date-impossible")]),
    "american date": ({"born": "12/31/2014"}, "", [("syntymäaika", "date-format")]),
    "born tomorrow": ({"born": "2.9.2026"}, "", [("syntymäaika", "date-future")]),
    "born long ago": ({"born": "2.9.1500"}, "", [("syntymäaika", "birth-too-early")]),
    "wrong check character": ({"hetu": "140314A9358"}, "", [("henkilötunnus", "hetu-check")]),
    "no such day in the code": ({"hetu": "310214A9357"}, "", [("henkilötunnus", "hetu-date")]),
    "two birth dates": ({"hetu": HETU, "born": "15.3.2014"}, "", [("syntymäaika", "birth-date-differs")]),
    "no identifier": ({"key": ""}, "", [("oma tunnus", "required")]),
    "no name": ({"first": "", "family": ""}, "", [("etunimet", "required"), ("sukunimi", "required")]),
    "null character": ({"first": "Ai\x00no"}, "", [("", "null-character")]),
    "null of a database": ({"first": "\\N"}, "", [("", "null-character")]),
    "null of a database in a name": ({"first": "\\N Maria"}, "", [("", "null-character")]),
    "open quote": ({"first": '"Aino" Maria'}, "", [("", "quoting")]),
    "overlong name": ({"first": "A" * 1001}, "", [("etunimet", "too-long")]),
    "overlong id": ({"key": "1" * 1001}, "", [("oma tunnus", "too-long")]),
}  # fmt: skip


@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize("fault", BAD_ROWS)
def test_a_bad_row_is_told_by_line_column_and_code_and_the_good_ones_are_taken_only_if_wanted(
    tmp_path: Path, kind: str, fault: str
) -> None:
    cells, more, expected = BAD_ROWS[fault]
    first, last = (row(kind, key, first=name) for key, name in GOOD_ROWS)
    text = table(kind, first, row(kind, **cells) + more, last)
    before = standing()
    refused = load(tmp_path, kind, text)
    assert told(refused)[: len(expected)] == [(3, *place) for place in expected]
    assert {line for line, _, _ in told(refused)} == {3}
    assert (refused.status, refused.kinds["person"]["added"]) == ("refused", 2)
    assert standing() == before
    partial = load(tmp_path, kind, text, partial=True)
    assert (partial.status, told(partial)) == ("done", told(refused))
    assert taken() == ["Eeli", "Oona"]
    whole = repr([one.stored() for one in refused.problems.found])
    assert "A935" not in whole, "no report tells an identity code"
    assert "310214" not in whole


@pytest.mark.parametrize("kind", READ)
def test_every_bad_row_of_a_file_is_told_in_one_run(tmp_path: Path, kind: str) -> None:
    lines = [row(kind, **{"key": str(n), **cells}) + more for n, (cells, more, _) in enumerate(BAD_ROWS.values())]
    report = load(tmp_path, kind, table(kind, *lines))
    assert {line for line, _, _ in told(report)} == set(range(2, 2 + len(BAD_ROWS)))
    for number, (_, _, expected) in enumerate(BAD_ROWS.values()):
        for place in expected:
            assert (number + 2, *place) in told(report)


@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize(
    ("encoding", "line", "words"),
    [
        ("latin-1", 1, "0xF6"),
        ("cp1252", 1, "“ö”"),
        ("utf-16", 1, "UTF-16"),
        ("utf-16-le", 1, "UTF-16"),
        ("utf-16-be", 1, "UTF-16"),
    ],
)
def test_another_encoding_is_told_with_its_line_and_nothing_is_taken(
    tmp_path: Path, kind: str, encoding: str, line: int, words: str
) -> None:
    before = standing()
    report = load(tmp_path, kind, table(kind, row(kind, first="Päivi")).encode(encoding))
    assert told(report) == [(line, "", "encoding")]
    with translation.override("en"):
        assert words in report.problems.found[0].message
    assert report.status == "refused"
    assert standing() == before


def test_a_letter_of_another_encoding_far_down_names_its_line_and_byte(tmp_path: Path) -> None:
    head = "own id;first names;family name;school\n"
    good = "".join(f"{n};Aino;Ruusula;Rantapuiston koulu\n" for n in range(3)).encode()
    report = load(tmp_path, "people", head.encode() + good + "9;Päivi;Ruusula;Rantapuiston koulu\n".encode("latin-1"))
    assert told(report) == [(5, "", "encoding")]
    assert f"Byte {len(head) + len(good) + 4} of the file" in report.problems.found[0].message


@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_byte_order_mark_crlf_and_empty_rows_below_are_read_as_a_spreadsheet_writes_them(
    tmp_path: Path, kind: str, separator: str
) -> None:
    text = table(kind, row(kind, first="Päivi"), ";" * HEAD[kind].count(";"), "").replace("\n", "\r\n")
    report = load(tmp_path, kind, b"\xef\xbb\xbf" + text.replace(";", separator).encode())
    assert (report.status, told(report)) == ("done", [])
    assert taken() == ["Päivi"]
    again = load(tmp_path, kind, table(kind, row(kind, first="Päivi")))
    assert (again.added, again.changed, again.ended) == (0, 0, 0), "another line end and separator say the same"


@pytest.mark.parametrize("kind", READ)
def test_lines_that_end_by_carriage_returns_alone_are_told(tmp_path: Path, kind: str) -> None:
    report = load(tmp_path, kind, table(kind, row(kind)).replace("\n", "\r"))
    assert told(report) == [(1, "", "line-end")]


@pytest.mark.parametrize("kind", READ)
def test_a_missing_column_is_named_in_three_languages_and_no_row_is_read(tmp_path: Path, kind: str) -> None:
    before = standing()
    head = HEAD[kind].replace("sukunimi", "toinen nimi")
    report = load(tmp_path, kind, table(kind, row(kind), head=head), partial=True)
    assert told(report) == [(1, "toinen nimi", "unknown-column"), (1, "family_name", "missing-column")]
    words = report.problems.found[1].message
    assert all(name in words for name in ("sukunimi", "efternamn", "family name"))
    assert standing()[:-1] == before[:-1]


def test_staff_without_a_column_of_roles_is_told_once(tmp_path: Path) -> None:
    head = HEAD["staff"].replace("rooli", "muuta")
    report = load(tmp_path, "staff", table("staff", row("staff"), row("staff", "2"), head=head))
    assert told(report) == [(1, "muuta", "unknown-column"), (1, "role", "missing-column")]


@pytest.mark.parametrize("kind", READ)
def test_an_unknown_column_is_told_and_the_others_are_read(tmp_path: Path, kind: str) -> None:
    report = load(tmp_path, kind, table(kind, row(kind) + ";43", head=f"{HEAD[kind]};kengännumero"))
    assert (report.status, told(report)) == ("done", [(1, "kengännumero", "unknown-column")])
    assert taken() == ["Aino"]


@pytest.mark.parametrize("kind", READ)
def test_a_column_that_stands_twice_takes_no_row_even_in_part(tmp_path: Path, kind: str) -> None:
    before = standing()
    # In another language it is the same column.
    report = load(tmp_path, kind, table(kind, row(kind) + ";Harju", head=f"{HEAD[kind]};efternamn"), partial=True)
    assert told(report) == [(1, "efternamn", "duplicate-column")]
    assert standing() == before


@pytest.mark.parametrize("kind", READ)
def test_a_file_without_a_header_is_told_without_a_word_of_its_rows(tmp_path: Path, kind: str) -> None:
    before = standing()
    report = load(tmp_path, kind, table(kind, row(kind, "2", TWIN), head=row(kind, "1", HETU)), partial=True)
    assert told(report) == [(1, "", "no-header")]
    said = repr([one.stored() for one in report.problems.found]) + repr(report.reconciliation)
    assert not [text for text in ("140314", "Aino", "Ruusula") if text in said]
    assert standing() == before


@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_told_and_ends_nobody(tmp_path: Path, kind: str, text: str) -> None:
    load(tmp_path, kind, table(kind, row(kind)))
    before = standing()
    report = load(tmp_path, kind, text, partial=True)
    assert told(report) == [(1, "", "empty-file")]
    assert (report.ended, standing()) == (0, before)
    assert "people_person" in TABLES
    assert rows(
        "SELECT count(*) FROM people_providerperson WHERE valid_to < (now() AT TIME ZONE 'Europe/Helsinki')::date"
    ) == [(0,)]


@pytest.mark.parametrize("kind", READ)
def test_a_header_alone_ends_nobody_unless_that_is_said_and_is_remarked_where_nobody_is(
    tmp_path: Path, kind: str
) -> None:
    empty = load(tmp_path, kind, table(kind))
    assert (empty.status, told(empty)) == ("done", [(0, "", "no-rows")])
    assert [one.severity for one in empty.problems.found] == ["warning"]
    load(tmp_path, kind, table(kind, *(row(kind, str(n), first=f"Aino{n}") for n in range(30))))
    before = standing()
    refused = load(tmp_path, kind, table(kind), partial=True)
    assert (refused.status, refused.ended) == ("refused", 0)
    assert "too-many-removals" in {code for _, _, code in told(refused)}
    assert standing() == before
    accepted = load(tmp_path, kind, table(kind), accept_removals=True)
    assert accepted.kinds["person"]["ended"] == 30


@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize(
    "name",
    [
        "'; DROP TABLE people_person; --",
        "<script>alert(1)</script>",
        "&amp; {{ 7|add:7 }} %(file)s",
        "=1+1",
        "a\\N \\Nb",
    ],
)
def test_whatever_stands_in_a_text_is_only_a_text(tmp_path: Path, kind: str, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    report = load(tmp_path, kind, table(kind, row(kind, first=quoted)))
    assert (report.status, told(report)) == ("done", [])
    assert taken() == [name]
    school = load(tmp_path, kind, table(kind, row(kind).replace("Rantapuiston koulu", quoted)))
    assert told(school) == [(2, "koulu", "unknown-school")]
    assert name[:80] in school.problems.found[0].message


def test_a_learner_who_stands_twice_and_identifiers_that_are_used_again_are_told(tmp_path: Path) -> None:
    head = f"{HEAD['people']};oppijanumero;käyttäjätunnus"
    number = "1.2.246.562.24.90000000015"
    lines = [
        row("people", "1", HETU, "Aino") + f";{number};aino",
        row("people", "1", "", "Eeli") + ";;",
        row("people", "2", HETU, "Oona") + ";;",
        row("people", "3", "", "Iida") + f";{number};",
        row("people", "4", "", "Leo") + ";;aino",
        row("people", "5", "", "Väinö") + ";1.2.3;",
    ]
    text = table("people", *lines, head=head)
    expected = [
        (3, "oma tunnus", "duplicate"),
        (6, "käyttäjätunnus", "duplicate"),
        (7, "oppijanumero", "oid"),
        (4, "henkilötunnus", "duplicate-identifier"),
        (5, "oppijanumero", "duplicate-identifier"),
    ]
    before = standing()
    refused = load(tmp_path, "people", text)
    assert [one for one in told(refused) if one[2] != "refers-to-refused"] == expected
    assert standing() == before
    assert load(tmp_path, "people", text, partial=True).status == "done"
    assert taken() == ["Aino", "Leo"]


def test_an_identity_code_of_somebody_who_is_here_under_another_name_is_refused(tmp_path: Path) -> None:
    head = f"{HEAD['people']};huoltaja 1 etunimet;huoltaja 1 sukunimi;huoltaja 1 henkilötunnus"
    lines = [
        row("people", "1", cast.PUPIL_HETU, "Viljami", "Tuntematon") + ";;;",
        row("people", "2") + f";Viljami;Tuntematon;{cast.PUPIL_HETU}",
    ]
    report = load(tmp_path, "people", table("people", lines[0], head=head))
    assert (2, "henkilötunnus", "identifier-other-person") in told(report)
    report = load(tmp_path, "people", table("people", lines[1], head=head))
    assert (2, "huoltaja 1 henkilötunnus", "identifier-other-person") in told(report)


@pytest.mark.parametrize(
    ("second", "field"),
    [
        ({"key": "1", "first": "Matti", "family": "Virta"}, "oma tunnus"),
        ({"key": "1", "hetu": TWIN}, "oma tunnus"),
        ({"key": "1", "born": "1.1.1980"}, "oma tunnus"),
    ],
)
def test_two_members_of_staff_never_become_one_by_an_id_that_is_used_again(
    tmp_path: Path, second: dict[str, str], field: str
) -> None:
    text = table(
        "staff",
        row("staff", "1", HETU),
        row("staff", **second, last="rehtori"),
        row("staff", "1", HETU, "Aino Maria", last="koulusihteeri"),
    )
    before = standing()
    refused = load(tmp_path, "staff", text)
    assert told(refused) == [(3, field, "duplicate")]
    assert standing() == before
    load(tmp_path, "staff", text, partial=True)
    roles = "SELECT a.role FROM people_staffassignment a JOIN people_person p ON p.id = a.person_id WHERE p.family_name = 'Ruusula' ORDER BY 1"
    assert rows(roles) == [("school_secretary",), ("teacher",)], "a role at a school goes to nobody else"


def test_one_identity_code_for_two_guardians_or_for_child_and_guardian_is_refused(tmp_path: Path) -> None:
    head = f"{HEAD['people']};huoltaja 1 etunimet;huoltaja 1 sukunimi;huoltaja 1 henkilötunnus"
    parent = "010180-9015"
    lines = [
        row("people", "1", first="Aino") + f";Katri;Ruusula;{parent}",
        row("people", "2", first="Eeli") + f";Matti;Virta;{parent}",
        row("people", "3", first="Oona") + f";Katri Maria;Ruusula;{parent}",
        row("people", "", HETU, first="Iida") + f";Katri;Ruusula;{HETU}",
    ]
    report = load(tmp_path, "people", table("people", *lines, head=head), partial=True)
    assert told(report) == [
        (3, "huoltaja 1 henkilötunnus", "duplicate"),
        (5, "huoltaja 1 henkilötunnus", "duplicate"),
    ]
    assert taken() == ["Aino", "Katri", "Oona"]


def test_what_is_held_back_is_named_as_the_file_names_it(tmp_path: Path) -> None:
    def source(name: str, head: str, line: str) -> Report:
        path = tmp_path / "people.csv"
        path.write_text(f"{head}\n{line}\n")
        report = Report()
        roster = read_people(path, report.problems, today=TODAY)
        return import_roster(
            cast.administrator, roster=roster, report=report, kind="people", source=name, file_hash="x"
        )

    parent = "010180-9015"
    source(
        "first",
        "own id;identity code;first names;family name;school;group;grade;mother tongue;"
        "guardian 1 first names;guardian 1 family name;guardian 1 identity code",
        f"1;{HETU};Aino;Ruusula;Rantapuiston koulu;9X;9;FI;Katri;Ruusula;{parent}",
    )
    report = source(
        "second",
        "Personbeteckning;Förnamn;Efternamn;Skola;Grupp;Årskurs;Modersmål;"
        "Vårdnadshavare 1 förnamn;Vårdnadshavare 1 efternamn;Vårdnadshavare 1 personbeteckning",
        f"{HETU};Aino Maria;Ruusula;Rantapuiston koulu;9X;8;SV;Katri Elina;Ruusula;{parent}",
    )
    assert report.status == "done"
    assert set(told(report)) == {
        (2, "Årskurs", "held-back"),
        (2, "Förnamn, Modersmål", "held-back"),
        (2, "Vårdnadshavare 1 förnamn", "held-back"),
    }
