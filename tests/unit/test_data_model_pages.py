"""The pages of the data model: everything that is declared of a field, in three languages, open to everybody; the search."""

import pytest
from django.test import Client

from digione.rest.v1.endpoints import ENDPOINTS
from digione.schema.resources import RESOURCES
from digione.web.templatetags.values import value_name
from tests import cast
from tests.unit.test_desk_pages import signed_in
from tests.unit.test_path_pages import text_of

pytestmark = pytest.mark.django_db
LANGUAGES = ("fi", "sv", "en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", list(RESOURCES))
def test_a_page_has_every_public_field_and_no_inner_one(client: Client, name: str, language: str) -> None:
    text = text_of(client, f"/data-model/{name}", language)
    for field in RESOURCES[name].fields:
        assert (f'<li id="{field.name}">' in text) is not field.internal, field.name
        if field.code_list:
            assert f"/data-model/codes/{field.code_list}" in text
    for term in (RESOURCES[name].term.fi, RESOURCES[name].term.sv):
        assert term in text


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.path)
def test_a_page_tells_by_which_scope_an_app_gets_a_field(client: Client, endpoint: object) -> None:
    text = text_of(client, f"/data-model/{endpoint.resource.name}")  # type: ignore[attr-defined]
    assert f"/api/v1/{endpoint.path}<" in text  # type: ignore[attr-defined]
    for name in endpoint.withheld:  # type: ignore[attr-defined]
        section = text.partition(f'<li id="{name}">')[2].partition("</li>")[0]
        assert "no app gets it" in section, name
    for name in endpoint.narrow:  # type: ignore[attr-defined]
        section = text.partition(f'<li id="{name}">')[2].partition("</li>")[0]
        assert endpoint.narrow_scope in section, name  # type: ignore[attr-defined]


def test_values_of_our_own_lists_have_their_names(client: Client) -> None:
    for language, name in (("fi", "rehtori"), ("sv", "rektor"), ("en", "principal")):
        text = text_of(client, "/data-model/staff_assignment", language)
        assert f"<code>principal</code> {name}" in text
    for each in RESOURCES.values():
        for field in each.public_fields():
            assert all(value_name(value) for value in field.values), f"{each.name}.{field.name}"


def test_definitions_are_in_the_readers_language(client: Client) -> None:
    assert "Etunimi, jolla henkilöä kutsutaan." in text_of(client, "/data-model/person", "fi")
    assert "Förnamnet som personen tilltalas med." in text_of(client, "/data-model/person", "sv")


@pytest.mark.parametrize(
    ("asked", "language", "anchor"),
    [
        ("kutsumanimi", "en", "/data-model/person#given_name"),
        ("aidinkieli", "fi", "/data-model/person#mother_tongue"),
        ("koskiopiskeluoikeudentila", "en", "/data-model/study_right_state#state"),
        ("bedöms", "sv", "/data-model/assessment#attainment_id"),
    ],
)
def test_a_search_finds_fields_by_words_of_any_language(client: Client, asked: str, language: str, anchor: str) -> None:
    assert anchor in text_of(client, f"/data-model?q={asked}", language)


def test_a_search_that_finds_nothing_says_what_to_try(client: Client) -> None:
    text = text_of(client, "/data-model?q=%3Cscript%3Ezzz")
    assert "Nothing has these words" in text
    assert "<script>zzz" not in text


def test_inner_fields_are_not_found(client: Client) -> None:
    assert "#search_key" not in text_of(client, "/data-model?q=search+key")


def test_what_is_no_resource_is_not_found(client: Client) -> None:
    assert client.get("/data-model/secrets").status_code == 404
    assert client.get("/data-model/codes/kunta")["Location"].startswith("/accounts/login/")
    signed_in(client, cast.TEACHER)
    assert client.get("/data-model/codes/nosuchlist").status_code == 404
    assert "has not been brought in" in text_of(client, "/data-model/codes/kunta")
