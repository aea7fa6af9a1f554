"""Fixtures of the tests over HTTP; the words that they speak stand in `oneroster`."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import connection

from digione.core.use_case import Actor, set_reach
from tests import cast
from tests.api.oneroster import LOOSE_GROUP, OFFICIAL, PERIOD, TERM, App
from tests.study_rights import load_study_rights


@pytest.fixture(scope="session")
def official(shared_data: Any) -> dict[str, Any]:
    """The official OpenAPI file of OneRoster 1.2 rostering."""
    return json.loads((shared_data / OFFICIAL).read_text())


@pytest.fixture
def app(stage: None) -> App:
    """An app of Kuusniemi with all scopes."""
    return App(cast.KUUSNIEMI_OID)


@pytest.fixture
def stage(db: None) -> None:
    """What the cast lacks: study rights, a term with a grading period, and a home group without a course."""
    load_study_rights()
    set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
    with connection.cursor() as cursor:
        for ident, kind, parent in ((TERM, "term", cast.YEAR_KUUSNIEMI), (PERIOD, "gradingPeriod", TERM)):
            cursor.execute(
                "INSERT INTO organisations_academicsession (id, provider_id, kind, title, starts_on, ends_on, parent_id, school_year)"
                " VALUES (%s, %s, %s, %s, '2026-08-06', '2026-12-19', %s, 2027)",
                [ident, cast.KUUSNIEMI, kind, json.dumps({"fi": "Syys<b>lukukausi</b>"}), parent],
            )
        cursor.execute(
            "INSERT INTO studies_group (id, provider_id, school_id, kind, title) VALUES (%s, %s, %s, 'care_group', %s)",
            [LOOSE_GROUP, cast.KUUSNIEMI, cast.RANTAPUISTO, json.dumps({"sv": "'; DROP TABLE people_person; --"})],
        )
        cursor.execute(
            "INSERT INTO studies_groupsession (id, provider_id, group_id, session_id) VALUES (%s, %s, %s, %s)",
            [uuid4(), cast.KUUSNIEMI, LOOSE_GROUP, TERM],
        )


@pytest.fixture(autouse=True)
def _quick_secrets(settings: LazySettings) -> None:
    """Let secrets be hashed as quickly as they are made: a slow hash for each test's own app is no test of anything."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
