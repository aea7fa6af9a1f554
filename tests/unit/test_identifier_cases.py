"""An identity code that two providers give to two persons: the platform sees it, as ids; it ends when it is corrected."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from digione.core.errors import DeniedError
from digione.core.use_case import Actor, set_reach
from digione.people.selectors import identifier_cases
from tests import cast
from tests.unit.test_import_people import HETU, VALKAMO_ADMINISTRATOR, template

pytestmark = pytest.mark.django_db
OTHER = "140314A9379"


def rows(sql: str, actor: Actor) -> list[Any]:
    with connection.cursor() as cursor:
        set_reach(actor)
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.fixture
def contradiction(tmp_path: Path) -> Path:
    template(tmp_path, "", f"9;{HETU};Viljami;Tuntematon", actor=VALKAMO_ADMINISTRATOR)
    template(tmp_path, "", f"1;{HETU};Aino;Lehto")
    return tmp_path


def test_the_platform_sees_ids_and_providers_and_no_name_or_code(contradiction: Path) -> None:
    [case] = identifier_cases(cast.platform)
    assert case["kind"] == "hetu"
    assert (case["providers"], case["other_providers"]) == ([cast.VALKAMO_OID], [cast.KUUSNIEMI_OID])
    assert case["person_id"] != case["other_person_id"]
    told = json.dumps(case, default=str)
    assert not [word for word in ("Aino", "Lehto", "Viljami", "Tuntematon", HETU) if word in told]


def test_it_is_in_the_log_with_both_persons(contradiction: Path) -> None:
    [case] = identifier_cases(cast.platform)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
    for person, actor in (
        (case["person_id"], VALKAMO_ADMINISTRATOR),
        (case["other_person_id"], cast.administrator),
    ):
        own = Actor("learner", person_id=person, persons=(person,), provider_id=actor.provider_id)
        asked = (
            f"'{person}', now() - interval '1 day', 'infinity', NULL, 1::smallint, NULL, '{{}}', '{{}}', '{{}}', 100"
        )
        found = rows(f"SELECT event, role FROM audit_of_person({asked})", own)
        assert ("identifier_cases.read", "platform") in found


@pytest.mark.parametrize("corrects", [cast.administrator, VALKAMO_ADMINISTRATOR], ids=["the one", "the other"])
def test_it_goes_when_a_provider_corrects_its_data(contradiction: Path, corrects: Actor) -> None:
    row = f"1;{OTHER};Aino;Lehto" if corrects is cast.administrator else f"9;{OTHER};Viljami;Tuntematon"
    report = template(contradiction, "", row, actor=corrects)
    assert report.refused == 0, report.problems.found
    assert identifier_cases(cast.platform) == []


@pytest.mark.parametrize(
    "actor",
    [
        cast.administrator,
        VALKAMO_ADMINISTRATOR,
        cast.principal,
        cast.secretary,
        cast.teacher,
        cast.guardian,
        cast.pupil,
    ],
)
def test_nobody_else_learns_that_there_is_a_case(contradiction: Path, actor: Actor) -> None:
    everything = "SELECT id, status, sys_from FROM people_duplicatecase WHERE provider_id IS NULL"
    before = rows(everything, cast.platform)
    with pytest.raises(DeniedError):
        identifier_cases(actor)
    # Past the rule the database refuses too.
    set_reach(actor)
    with pytest.raises(DatabaseError, match="platform"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM people_identifier_cases()")
    assert rows(everything, cast.platform) == before
