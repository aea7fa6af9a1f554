"""Each row of who has looked tells the reason in a few words before it is opened, in the reader's language."""

import re
from html import unescape

import pytest
from django.test import Client
from django.utils import translation

from digione.people import selectors as people
from digione.studies import selectors as studies
from digione.web.templatetags.viewed import reason_shortly
from tests import cast
from tests.unit.test_desk_pages import signed_in

pytestmark = pytest.mark.django_db
WORDS = {
    "fi": {"Pirjo Vainionpää": "Syy: opettaa oppijaa.", "Tuula Mäntykoski": "Syy: työskentelee koulun toimistossa."},
    "sv": {"Pirjo Vainionpää": "Orsak: undervisar eleven.", "Tuula Mäntykoski": "Orsak: arbetar på skolans kansli."},
    "en": {
        "Pirjo Vainionpää": "Reason: teaches the learner.",
        "Tuula Mäntykoski": "Reason: works in the school's office.",
    },
}
OWN = {"fi": "Syy: on huoltaja.", "sv": "Orsak: är vårdnadshavare.", "en": "Reason: is a guardian."}


@pytest.mark.parametrize("language", WORDS)
def test_the_closed_row_tells_the_reason(client: Client, language: str) -> None:
    studies.person_page(cast.teacher, person=cast.PUPIL)
    studies.group_page(cast.teacher, group=cast.GROUP_3B)
    studies.person_page(cast.secretary, person=cast.PUPIL)
    people.views_of(cast.guardian, person=cast.PUPIL)
    signed_in(client, cast.GUARDIAN)
    client.cookies["django_language"] = language
    page = client.get(f"/viewed/{cast.PUPIL}").content.decode()
    closed = [
        " ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()).replace(" .", ".")
        for row in re.findall(r"<summary class=\"row\">(.*?)</summary>", page, re.S)
    ]
    for name, words in WORDS[language].items():
        (row,) = [row for row in closed if name in row]
        assert words in row
    assert any(OWN[language] in row for row in closed)


def test_without_a_bond_and_for_an_app_the_purpose_is_the_reason() -> None:
    with translation.override("en"):
        for bonds in ([], ["people_belongs_to"]):
            assert reason_shortly({"bonds": bonds, "purposes": ["service"]}) == "a service that the school uses"
