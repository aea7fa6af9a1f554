"""Guidance at the point of entry: each field that people fill has the shared instruction beside it, from the declaration.

The inputs of the templates are found, not listed: whoever adds one says which declared field it fills, or why it fills none.
"""

import re
from pathlib import Path

import pytest

import digione
from digione.schema.resources import RESOURCES
from digione.web.templatetags.model import declared, guidance

TEMPLATES = Path(digione.__file__).parent / "web" / "templates"
IMPORT_TEMPLATES = Path(__file__).resolve().parents[2] / "docs" / "import-templates.md"

#: Template and name of an input → the declared field that it fills.
FILLS = {
    ("account/login.html", "login"): "account.username",
    ("correction.html", "to"): "study_right_state.state",
    ("correction.html", "since"): "study_right_state.valid_from",
    ("correction.html", "mark"): "assessment.mark",
    ("correction.html", "day"): "assessment.assessed_on",
    ("new_state.html", "to"): "study_right_state.state",
    ("new_state.html", "since"): "study_right_state.valid_from",
    ("new_state.html", "funding"): "study_right_state.funding",
    ("parts/group_choice.html", "group"): "enrolment.group_id",
    ("duplicate.html", "kept"): "duplicate_case.status",
    ("parts/password.html", "{{ field.html_name }}"): "account.password",
}
#: Inputs that fill no declared field, each with its reason.
FILLS_NONE = {
    ("account/login.html", "password"): "is compared, never written; its instruction stands where it is chosen",
    ("correction.html", "reason"): "the reason of a change is kept by history, from a list whose words say all",
    ("new_state.html", "reason"): "the reason of a change is kept by history, from a list whose words say all",
    ("data_model/model.html", "q"): "searches, writes nothing",
    ("data_model/origin_of.html", "id"): "searches, writes nothing; has a help of its own",
    ("parts/find.html", "q"): "searches, writes nothing",
    ("viewed.html", "days"): "filters a list",
    ("viewed.html", "kind"): "filters a list",
    ("viewed.html", "level"): "filters a list",
}
#: A choice is included into the page whose fieldset carries the instruction.
SHOWN_BY = {"parts/group_choice.html": "placement.html"}
#: What the import templates' table says of a column (by its English header) → the declared field.
COLUMNS = {
    "own id": "identifier.kind",
    "first names": "person.first_names",
    "given name": "person.given_name",
    "family name": "person.family_name",
    "birth date": "person.birth_date",
    "mother tongue": "person.mother_tongue",
    "nationality": "person.nationalities",
    "home municipality": "person.home_municipality",
    "non-disclosure": "person.non_disclosure",
    "email, phone, address": "contact.value",
    "school": "school_enrolment.school_id",
    "grade": "school_enrolment.grade",
    "group": "group.code",
    "starts, ends": "school_enrolment.valid_from",
    "role": "staff_assignment.role",
}


def _inputs() -> dict[tuple[str, str], str]:
    found = {}
    for path in sorted(TEMPLATES.rglob("*.html")):
        for tag in re.findall(r"<(?:input|select|textarea)\b(?:\{%.*?%\}|\{\{.*?\}\}|[^>{])*>", path.read_text()):
            name = re.search(r'\bname="([^"]+)"', tag)
            if name and 'type="hidden"' not in tag:
                found[str(path.relative_to(TEMPLATES)), name[1]] = tag
    return found


def test_every_input_of_a_desk_says_which_field_it_fills_or_why_none() -> None:
    found = _inputs()
    assert len(found) > 12
    assert set(found) == set(FILLS) | set(FILLS_NONE)
    assert not set(FILLS) & set(FILLS_NONE)


@pytest.mark.parametrize(("where", "name"), sorted(FILLS.items()), ids=str)
def test_an_input_shows_the_instruction_of_its_field_and_points_to_it(where: tuple[str, str], name: str) -> None:
    template, _input = where
    page = (TEMPLATES / SHOWN_BY.get(template, template)).read_text()
    shown = re.search(rf'\{{% guidance "{re.escape(name)}" "(\w+)" %\}}', page)
    assert shown, f"{template} does not show the guidance of {name}."
    assert re.search(rf'aria-describedby="[^>]*\b{shown[1]}\b', page), f"nothing of {template} points to {shown[1]}."
    resource, field = declared(name)
    html = guidance(name, shown[1])
    assert f'id="{shown[1]}"' in html
    assert f"/data-model/{resource}#{field.name}" in html
    assert (f"/data-model/codes/{field.code_list}" in html) is bool(field.code_list)


def test_a_field_without_an_instruction_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="no guidance"):
        guidance("person.deceased_on", "help")


@pytest.mark.parametrize(("column", "name"), sorted(COLUMNS.items()))
def test_the_import_templates_say_the_same(column: str, name: str) -> None:
    _resource, field = declared(name)
    assert field.guidance
    rows = [line for line in IMPORT_TEMPLATES.read_text().splitlines() if f" | {column} | " in line]
    assert rows, column
    assert any(field.guidance in row for row in rows), f"{column}: {field.guidance}"


def test_every_instruction_is_a_sentence_and_is_no_mere_definition() -> None:
    guided = [field for each in RESOURCES.values() for field in each.fields if field.guidance]
    assert len(guided) > 20
    for field in guided:
        assert (field.guidance or "").endswith("."), field.name
        assert field.guidance != field.description, field.name
