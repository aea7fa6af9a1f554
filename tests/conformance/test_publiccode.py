"""publiccode.yml is what the standard (0.4) asks for, and says what is true of this repository.

Source: the standard's own pages, publiccodeyml/publiccode.yml on GitHub: schema, list of categories, list of scopes.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
#: Of the standard's lists those that could ever fit a platform for schools; a word outside of them is a mistake.
CATEGORIES = {
    "application-development",
    "appointment-scheduling",
    "collaboration",
    "communications",
    "compliance-management",
    "contact-management",
    "data-analytics",
    "data-collection",
    "data-visualization",
    "digital-citizenship",
    "identity-management",
    "it-development",
    "knowledge-management",
    "learning-management-system",
    "resource-management",
    "workflow-management",
}
SCOPES = {"education", "government", "local-authorities", "science-and-technology", "society", "welfare"}
TYPES = {
    "standalone/web",
    "standalone/backend",
    "standalone/mobile",
    "standalone/desktop",
    "standalone/other",
    "library",
}


@pytest.fixture(scope="module")
def code() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "publiccode.yml").read_text())


def test_every_mandatory_key_is_there_with_a_value_of_its_kind(code: dict[str, Any]) -> None:
    assert code["publiccodeYmlVersion"] == "0.4"
    assert code["name"] == "DigiOne"
    assert re.fullmatch(r"https://[\w.-]+(/[\w.-]+)+", code["url"])
    assert code["platforms"]
    assert code["developmentStatus"] in {"concept", "development", "beta", "stable", "obsolete"}
    assert code["softwareType"] in TYPES
    assert set(code["categories"]) <= CATEGORIES
    assert set(code["intendedAudience"]["scope"]) <= SCOPES
    assert all(re.fullmatch(r"[a-z]{2}", country) for country in code["intendedAudience"]["countries"])
    assert code["localisation"]["localisationReady"] is True
    # A version without a date of release would be refused, and there is no release yet.
    assert ("softwareVersion" in code) == ("releaseDate" in code)


def test_somebody_can_be_reached(code: dict[str, Any]) -> None:
    maintenance = code["maintenance"]
    assert maintenance["type"] in {"internal", "community"}
    assert maintenance["contacts"]
    for contact in maintenance["contacts"]:
        assert contact["name"]
        assert re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", contact["email"])


def test_descriptions_have_the_lengths_that_catalogues_show(code: dict[str, Any]) -> None:
    assert set(code["description"]) == {"fi", "sv", "en"}
    for language, texts in code["description"].items():
        assert len(texts["shortDescription"]) <= 150, language
        assert 500 <= len(texts["longDescription"]) <= 10_000, language
        assert 5 <= len(texts["features"]) <= 20, language
        assert all(len(feature) <= 100 for feature in texts["features"]), language


def test_what_it_says_is_true_of_the_repository(code: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert code["legal"]["license"] == project["license"]
    assert set(code["localisation"]["availableLanguages"]) == {language for language, _name in settings.LANGUAGES}
    assert {path.name for path in ROOT.glob("LICENSE*")}
