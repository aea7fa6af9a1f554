"""What the desk says is true of whoever reads it: refusals, the menu, learners without a group, figures, numbers."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import translation

from digione.access.roles import Role
from digione.core.use_case import set_reach
from digione.web.templatetags import desk
from tests import cast
from tests.unit.test_denials import _a_run_of
from tests.unit.test_desk_pages import signed_in, sql

pytestmark = pytest.mark.django_db
SWITCH = 'name="role" value="teacher:'


def page_of(client: Client, place: str, *, status: int = 200) -> str:
    client.cookies["django_language"] = "en"
    answer = client.get(place)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.parametrize(
    ("person", "place", "says", "never"),
    [
        (cast.ADMINISTRATOR, "/groups", "administrators cannot widen", "your principal"),
        (cast.PRINCIPAL, "/duplicates", "talk to the main administrator", "your principal"),
        (cast.SECRETARY, "/registers", "talk to your principal", "main administrator: the right"),
        (cast.GUARDIAN, "/groups", "ask the school secretary", "your principal"),
    ],
)
def test_a_refusal_says_what_is_true_of_the_reader(
    client: Client, person: UUID, place: str, says: str, never: str
) -> None:
    page = page_of(signed_in(client, person), place, status=403)
    assert says in page
    assert never not in page
    assert "Another of your roles" not in page
    assert '<nav class="nav"' in page


def test_a_refusal_cites_the_rules_nearest_to_what_was_asked(client: Client) -> None:
    page = page_of(signed_in(client, cast.ADMINISTRATOR), "/groups", status=403)
    assert "A teacher sees the groups in which they work." in page
    assert "The principal and the school secretary see the groups of their school." in page
    assert "learners of their groups" not in page
    assert '<small class="from">group:read</small>' in page


def test_one_whose_other_role_includes_it_goes_on_in_that_role(client: Client) -> None:
    set_reach(cast.administrator)
    cast.insert(
        "people_staffassignment",
        [
            {
                "id": UUID(int=61),
                "provider_id": cast.KUUSNIEMI,
                "person_id": cast.ADMINISTRATOR,
                "organisation_id": cast.RANTAPUISTO,
                "role": str(Role.TEACHER),
                "valid_from": cast.START,
            }
        ],
    )
    signed_in(client, cast.ADMINISTRATOR)
    client.post("/role", {"role": f"administrator:{cast.KUUSNIEMI}"})
    page = page_of(client, "/groups", status=403)
    assert "Another of your roles does." in page
    assert SWITCH in page.partition('<main id="content"')[2]
    assert "cannot widen" not in page


def test_what_is_not_found_keeps_the_menu_of_whoever_has_one(client: Client) -> None:
    assert '<nav class="nav"' not in page_of(client, "/nothing-here", status=404)
    assert '<nav class="nav"' in page_of(signed_in(client, cast.TEACHER), "/nothing-here", status=404)


def test_the_menu_has_registers_once_one_has_come(client: Client, tmp_path: Path) -> None:
    signed_in(client, cast.ADMINISTRATOR)
    assert 'href="/registers"' not in page_of(client, "/")
    _a_run_of(tmp_path)
    assert 'href="/registers"' in page_of(client, "/")


def test_a_learner_without_a_home_group_is_a_task_that_leads_to_the_placement(client: Client) -> None:
    assert sql("DELETE FROM studies_enrolment WHERE person_id = %s", cast.PUPIL)
    page = page_of(signed_in(client, cast.SECRETARY), "/")
    assert f'href="/placements/{cast.PUPIL}"' in page
    assert "No home group" in page
    assert "Choose a group for each." in page
    assert "One thing in the queue." in page


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("+358400000063", "+358 40 000 0063"),
        ("+35840 00000063", "+358 40 0000 0063"),
        ("+358 9 123456", "+358 9 123 456"),
        ("040-1234567", "040 123 4567"),
        ("+46701234567", "+46701234567"),
        ("kysy koululta", "kysy koululta"),
    ],
)
def test_a_phone_number_is_grouped_and_dials_as_it_came(given: str, shown: str) -> None:
    link = desk.reach_by({"kind": "phone", "value": given})
    assert f">{shown.replace(' ', chr(0xA0)) if given[0] in '+0' else shown}</a>" in link
    assert f'href="tel:{given}"' in link


@pytest.mark.parametrize(
    ("kinds", "said", "figures"),
    [
        ({"home_group": 30, "class_section": 126}, "30 home groups, 126 teaching groups", [30, 126]),
        ({"home_group": 1, "class_section": 1}, "one home group, one teaching group", [1, 1]),
        ({"class_section": 4}, "four groups", [4]),
        ({"home_group": 1}, "one group", [1]),
    ],
)
def test_groups_are_counted_kind_by_kind(kinds: dict[str, int], said: str, figures: list[int]) -> None:
    groups: list[dict[str, Any]] = [{"kind": kind} for kind, number in kinds.items() for _ in range(number)]
    with translation.override("en"):
        assert desk.groups_counted(groups) == said
        assert [number for _name, number in desk.group_figures(groups)] == figures
