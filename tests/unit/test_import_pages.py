"""What the page of an import says first, and that nothing it says is nought or untrue."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import ngettext

from digione.organisations.selectors import import_runs
from digione.web.templatetags.imports import both_sides, by_kind, meant, missing_here, run_sentence, what_happened
from tests import cast
from tests.unit.test_desk_pages import signed_in
from tests.unit.test_import_loading import load, many_users

pytestmark = pytest.mark.django_db
GOOD = many_users(30)
BAD = {"users": many_users(30)["users"].replace("u7,true", "u7,perhaps")}


def latest(client: Client) -> str:
    signed_in(client, cast.SECRETARY)
    client.cookies["django_language"] = "en"
    return client.get(f"/imports/{import_runs(cast.secretary)['runs'][0]['id']}").content.decode()


def test_a_trial_says_what_would_come_and_never_that_all_is_here(client: Client, tmp_path: Path) -> None:
    report = load(tmp_path, files=GOOD, dry_run=True)
    page = latest(client)
    assert "Every row would find its place." in page
    assert "Trial: what the import would do" in page
    assert f"{missing_here(report.counts())} records of the source are missing here: the import would add them" in page
    assert "No differences" not in page
    assert "What the import did" not in page


def test_a_refused_run_says_at_once_that_nothing_was_taken(client: Client, tmp_path: Path) -> None:
    load(tmp_path, files=BAD)
    page = latest(client)
    assert re.search(
        r"<h1>Nothing was taken\. <span>One row was refused, so the import did not go through\.</span></h1>", page
    )
    assert "What the import would have done" in page
    with translation.override("en"):
        assert run_sentence(import_runs(cast.secretary)["runs"][0]) == "Nothing was taken from the latest import."


def test_what_differs_stands_first_and_nothing_that_is_nought_is_shown(client: Client, tmp_path: Path) -> None:
    load(tmp_path, files=BAD, partial=True)
    page = latest(client)
    assert re.findall(r'<section class="sec" aria-labelledby="(\w+)">', page)[:3] == ["differ", "did", "rec"]
    main = page[page.index('id="did"') : page.index('id="rec"')]
    assert not re.search(r'<td class="num">0</td>', main)
    load(tmp_path, files=GOOD)
    whole = client.get(f"/imports/{import_runs(cast.secretary)['runs'][0]['id']}").content.decode()
    assert "No differences" in whole


def test_records_that_were_refused_are_never_said_to_have_come_of_the_rows() -> None:
    one, many = (
        "The rows told of one record, and it is accounted for.",
        "The rows told of %(figure)s records, and all are accounted for.",
    )
    # The number counts what was refused as well, so the rows told of it and made nothing.
    with translation.override("fi"):
        assert ngettext(one, many, 18) % {"figure": 18} == "Rivit kertoivat 18 tietueesta, ja kaikki on selvitetty."
    with translation.override("sv"):
        assert ngettext(one, many, 18) % {"figure": 18} == "Raderna berättade om 18 poster, och alla är utredda."


def test_what_stood_here_already_is_not_called_new() -> None:
    counts = {
        "added": 12,
        "linked": 5,
        "kinds": {"school": {"added": 3, "linked": 3}, "person": {"added": 9, "linked": 2}},
    }
    with translation.override("en"):
        assert what_happened(counts) == [("New", 7), ("New from this source, and here already", 5)]
        assert [line["said"] for line in by_kind(counts)] == ["3 here already", "7 new, 2 here already"]
        # A run of an earlier version does not tell them apart.
        assert what_happened({"added": 12}) == [("New", 12)]


def test_kinds_rows_and_columns_that_are_nought_are_left_out() -> None:
    nought: dict[str, Any] = {"in_source": 0, "missing": 0, "in_ours": 9, "from_source": 0}
    counts = {
        "added": 2,
        "refused": 0,
        "kinds": {"person": {"added": 2, "refused": 1, "changed": 0}, "group": {"added": 0}},
        "sides": {"person": {"in_source": 3, "missing": 0, "in_ours": 12, "from_source": 2}, "group": nought},
    }
    with translation.override("en"):
        assert what_happened(counts) == [("New", 2)]
        assert by_kind(counts) == [{"name": "People", "said": "1 refused, 2 new"}]
        sides = both_sides(counts)
    assert sides["columns"] == ["In the source", "We have", "From this source"]
    assert [(row["name"], [number for _label, number, _look in row["cells"]]) for row in sides["rows"]] == [
        ("People", [3, 12, 2])
    ]


def test_a_refused_run_is_shown_with_what_it_would_have_done() -> None:
    counts = {"added": 0, "changed": 0, "refused": 2, "would": {"added": 7, "changed": 1}}
    assert meant(counts) == {**counts, "added": 7, "changed": 1}
    assert [number for _words, number in what_happened(meant(counts))] == [2, 7, 1]
    assert meant({"added": 3, "would": {}}) == {"added": 3, "would": {}}
