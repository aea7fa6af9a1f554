"""The query language by itself, and the counts by bucket with writers side by side."""

from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from digione.rest.oneroster.answers import RefusedError, links
from digione.rest.oneroster.fields import Text
from digione.rest.oneroster.query import (
    LARGEST_LIMIT,
    LARGEST_OFFSET,
    Either,
    Every,
    Term,
    condition_sql,
    parse_filter,
    parse_list,
)


def test_and_binds_tighter_than_or() -> None:
    assert parse_filter("a='1' AND roles.role!='2' or c~'3'") == Either(
        (Every((Term("a", "=", "1"), Term("roles.role", "!=", "2"))), Every((Term("c", "~", "3"),)))
    )


def test_a_quote_is_doubled_and_logic_inside_a_value_is_text() -> None:
    assert parse_filter("a='O''Neill AND b=''1'''") == Either((Every((Term("a", "=", "O'Neill AND b='1'"),)),))


@pytest.mark.parametrize(
    "text", ["", "a", "a=", "a='1", "a=1", "a='1' AND", "a='1' XOR b='2'", "a=='1'", "(a='1')", "='1'"]
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="character"):
        parse_filter(text)


@given(st.text(max_size=200))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        tree = parse_filter(text)
    except RefusedError:
        return
    assert all(term.field for every in tree.parts for term in every.parts)


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_a_value_never_becomes_sql(value: str) -> None:
    quoted = value.replace("'", "''")
    parameters: dict[str, Any] = {}
    sql = condition_sql(parse_filter(f"a='{quoted}'"), {"a": Text("t.a")}, parameters)
    assert sql == '((lower(t.a) COLLATE "C" = lower(%(value_0)s)))'
    assert parameters == {"value_0": value}


def test_limits() -> None:
    def parsed(text: str) -> Any:
        return parse_list(QueryDict(text), filterable={"a"}, properties={"a", "b"})

    assert (parsed("").limit, parsed("").offset) == (100, 0)
    assert parsed("limit=50000").limit == LARGEST_LIMIT
    assert parsed("fields=a,b&fields=b").selected == {"a", "b"}
    for wrong in (
        "limit=0",
        "limit=-1",
        "limit=1.5",
        "limit=%D9%A3",
        "offset=4294967296",
        "orderBy=ASC",
        "sort=b",
        "fields=c",
    ):
        with pytest.raises(RefusedError):
            parsed(wrong)


@pytest.mark.parametrize("wrong", ["sort=role", "filter=role%3D'student'", "fields=role"])
def test_who_names_an_unknown_field_is_told_the_known_ones(wrong: str) -> None:
    with pytest.raises(RefusedError) as refused:
        parse_list(QueryDict(wrong), filterable={"status", "roles.role"}, properties={"status", "roles.role"})
    assert refused.value.description.endswith("'role'. Known here: roles.role, status.") or (
        refused.value.description.endswith("'role' here. Known here: roles.role, status.")
    )


@pytest.mark.parametrize("wrong", ["99999999999", "4294967296", "0"])
def test_a_limit_that_is_refused_says_from_where_to_where(wrong: str) -> None:
    with pytest.raises(RefusedError) as refused:
        parse_list(QueryDict(f"limit={wrong}"), filterable={"a"}, properties={"a"})
    assert refused.value.description == f"limit is a whole number from 1 to {LARGEST_OFFSET}."


@given(st.integers(1, 50), st.integers(0, 500), st.integers(0, 400))
def test_links_stay_within_the_list(limit: int, offset: int, total: int) -> None:
    rels = dict(
        reversed(part.split("; rel=")) for part in links(str, limit=limit, offset=offset, total=total).split(", ")
    )
    places = {rel.strip('"'): int(place.strip("<>")) for rel, place in rels.items()}
    assert places["first"] == 0
    assert places["last"] == max(total - 1, 0) // limit * limit
    assert ("next" in places) == (offset + limit < total)
    assert ("prev" in places) == (offset > 0)
    assert all(0 <= place <= max(total, 0) for place in places.values())
