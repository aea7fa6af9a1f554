"""The document of one learner: what is in it, and of whom there is none."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from digione.access.models import Taking
from digione.access.scopes import (
    ASSESSMENTS_READ,
    ASSESSMENTS_WORDS_READ,
    ATTAINMENTS_READ,
    ATTAINMENTS_SUPPORT_READ,
    PERSONS_IDENTITY_READ,
    PERSONS_READ,
    STUDY_RIGHT_EXTRAS_READ,
    STUDY_RIGHT_STATES_READ,
    STUDY_RIGHTS_READ,
)
from digione.core import clock
from digione.core.use_case import set_reach
from digione.rest.v1.learner import SECTIONS
from tests import cast, study_rights
from tests.api.learners import SCOPES, WHERE, hot
from tests.api.oneroster import App, audit, state
from tests.api.v1 import ALL, ask, rows, run
from tests.api.wsgi import ask as ask_wsgi
from tests.api.wsgi import django_application

LISTS = SECTIONS[1:]
some_scopes = pytest.mark.parametrize(
    "scopes",
    [
        SCOPES,
        (STUDY_RIGHTS_READ,),
        (STUDY_RIGHTS_READ, PERSONS_READ),
        (STUDY_RIGHTS_READ, PERSONS_IDENTITY_READ, ATTAINMENTS_SUPPORT_READ, ASSESSMENTS_WORDS_READ),
        (STUDY_RIGHTS_READ, ATTAINMENTS_READ, ATTAINMENTS_SUPPORT_READ, STUDY_RIGHT_STATES_READ),
        (STUDY_RIGHTS_READ, PERSONS_READ, PERSONS_IDENTITY_READ, ASSESSMENTS_READ),
        (STUDY_RIGHTS_READ, ASSESSMENTS_READ, ASSESSMENTS_WORDS_READ, STUDY_RIGHT_EXTRAS_READ),
    ],
    ids=lambda scopes: "+".join(scope.split(":")[1] for scope in scopes) if len(scopes) < 9 else "all",
)


@pytest.fixture
def app(stage: None) -> App:
    """An app of Kuusniemi with every scope of the API."""
    return App(cast.KUUSNIEMI_OID, scopes=ALL)


def _of_two_providers() -> UUID:
    """Make a learner of both providers, with a study right and what hangs on it at each."""
    person = uuid4()
    places = {cast.KUUSNIEMI: cast.RANTAPUISTO, cast.VALKAMO: cast.YHTENAISKOULU}
    # The links first: who exists already is linked only by an identifier.
    for provider in places:
        run(
            cast.administrator.at(provider),
            "INSERT INTO people_providerperson (id, provider_id, person_id, basis, valid_from) VALUES (%s, %s, %s, 'learner', %s)",
            [uuid4(), provider, person, cast.START],
        )
    run(
        cast.administrator,
        "INSERT INTO people_person (id, first_names, given_name, family_name, sort_key, search_key)"
        " VALUES (%s, 'Otso', 'Otso', 'Suvanto', 'suvanto', 'suvanto otso')",
        [person],
    )
    for number, (provider, school) in enumerate(places.items()):
        set_reach(cast.administrator.at(provider))
        for table, row in study_rights.rows_of(person, school, number):
            cast.insert(
                table, [{"provider_id": provider, "person_id": person, "sys_from": study_rights.KNOWN_SINCE, **row}]
            )
    return person


class TestDocument:
    """A document has the rows of the lists, as the lists give them, where their scopes are open."""

    pytestmark = pytest.mark.django_db

    @some_scopes
    def test_it_has_what_the_lists_have(self, stage: None, scopes: tuple[str, ...]) -> None:
        written = "UPDATE studies_attainment SET size = 1.50 WHERE id = %s"
        run(cast.administrator, written, [study_rights.subject_of(cast.PUPIL)])
        app = App(cast.KUUSNIEMI_OID, scopes=scopes)
        for person in (cast.PUPIL, cast.UNTAUGHT_PUPIL):
            ident = app.sourced(person)
            answer = ask(app, f"learners/{ident}")
            assert answer.status_code == 200
            found = answer.json()
            assert found.pop("id") == ident
            if PERSONS_READ in scopes:
                assert found.pop("person") == ask(app, f"persons/{ident}").json()
            for section in LISTS:
                if section.endpoint.scope in scopes:
                    assert found[section.name], section.name
                    assert found.pop(section.name) == rows(app, section.endpoint.path, person_id=ident)
            assert found == {}, "What no scope opens is left out."
            # Numbers are as they were written, which their values do not tell.
            if ATTAINMENTS_READ in scopes and person == cast.PUPIL:
                assert b'"size":1.50,' in answer.content

    def test_an_app_of_several_providers_has_what_the_lists_have(self, stage: None) -> None:
        person = _of_two_providers()
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=SCOPES)
        for one, count in ((person, 2), (cast.PUPIL, 1), (cast.VALKAMO_PUPIL, 1)):
            ident = both.sourced(one)
            assert hot(both, ident) is None, "What several providers tell has to be merged."
            found = ask(both, f"learners/{ident}").json()
            assert found["person"] == ask(both, f"persons/{ident}").json()
            assert len(found["study_rights"]) == count
            for section in LISTS:
                listed = rows(both, section.endpoint.path, person_id=ident)
                assert sorted(found[section.name], key=lambda row: row["id"]) == sorted(
                    listed, key=lambda row: row["id"]
                )
        assert [entry for entry in audit(cast.PUPIL, "provider_id") if entry != (cast.KUUSNIEMI,)] == []

    def test_ids_lead_to_the_rows_and_are_one_supplier_s(self, app: App) -> None:
        other = App(cast.KUUSNIEMI_OID, scopes=ALL, supplier="Kajo Oy")
        mine, theirs = (ask(one, f"learners/{one.sourced(cast.PUPIL)}") for one in (app, other))
        for section in LISTS:
            for row in mine.json()[section.name]:
                assert ask(app, f"{section.endpoint.path}/{row['id']}").json() == row
                assert ask(other, f"{section.endpoint.path}/{row['id']}").status_code == 404
        assert mine["ETag"] != theirs["ETag"], "By equal tags two suppliers would know that they have the same learner."
        own = {str(person) for person in cast.PEOPLE} | {
            str(study_rights.ident(kind, cast.PUPIL)) for kind in range(1, 7)
        }
        assert not [ident for ident in own if ident in mine.content.decode()]

    def test_what_is_withheld_stays_withheld(self, app: App) -> None:
        text = ask(app, f"learners/{app.sourced(cast.PUPIL)}").content.decode()
        for secret in ("salainen", "1.2.246.562.15", "oo-", "non_disclosure"):
            assert secret not in text

    def test_texts_with_marks_of_our_own_are_only_texts(self, app: App) -> None:
        hostile = '\x01\x02-","id":"x'
        run(
            cast.administrator,
            "UPDATE studies_attainment SET group_name = %s WHERE id = %s",
            [hostile, study_rights.year_of(cast.PUPIL)],
        )
        ident = app.sourced(cast.PUPIL)
        ordinary = ask(app, f"learners/{ident}")
        assert hostile in {row["group_name"] for row in ordinary.json()["attainments"]}
        assert hot(app, ident).content == ordinary.content

    def test_an_unchanged_one_is_304_and_every_change_changes_the_tag(self, app: App) -> None:
        ident = app.sourced(cast.PUPIL)
        tag = ask(app, f"learners/{ident}")["ETag"]
        assert ask(app, f"learners/{ident}", headers={"If-None-Match": tag}).status_code == 304
        run(
            cast.administrator,
            "UPDATE studies_assessment SET mark = '9' WHERE id = %s",
            [study_rights.mark_of(cast.PUPIL)],
        )
        answer = ask(app, f"learners/{ident}", headers={"If-None-Match": tag})
        assert answer.status_code == 200
        assert answer["ETag"] != tag
        assert hot(app, ident).headers["ETag"] == answer["ETag"]


class TestRefusals:
    """Of whom an app may not know there is no document, and nothing has changed by asking."""

    pytestmark = pytest.mark.django_db

    def test_without_the_least_scope_there_is_none(self, stage: None) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=tuple(scope for scope in ALL if scope != STUDY_RIGHTS_READ))
        before = state()
        for person in (cast.PUPIL, cast.TEACHER):
            answer = ask(app, f"learners/{app.sourced(person)}")
            assert (answer.status_code, answer.json()["rule"]) == (403, STUDY_RIGHTS_READ)
            assert hot(app, app.sourced(person)) is None
        assert state() == before
        assert audit(cast.PUPIL) == []

    def test_who_is_no_learner_of_the_app_has_none(self, app: App) -> None:
        other = App(cast.VALKAMO_OID, scopes=ALL)
        before = state()
        nobody = ask(app, f"learners/{uuid4()}")
        assert nobody.status_code == 404
        for ident in (
            app.sourced(cast.TEACHER),
            app.sourced(cast.PROTECTED_PUPIL),
            other.sourced(cast.VALKAMO_PUPIL),
            str(cast.PUPIL),
            str(study_rights.right_of(cast.PUPIL)),
            "x",
        ):
            answer = ask(app, f"learners/{ident}")
            assert (answer.status_code, answer.content) == (404, nobody.content)
            assert hot(app, ident) is None
        assert state() == before
        assert audit(cast.PROTECTED_PUPIL) == []

    def test_whoever_has_left_has_none(self, app: App) -> None:
        ident = app.sourced(cast.PUPIL)
        assert hot(app, ident)
        run(
            cast.administrator,
            "UPDATE people_providerperson SET valid_to = %s WHERE provider_id = %s AND person_id = %s",
            [clock.today() - timedelta(days=1), cast.KUUSNIEMI, cast.PUPIL],
        )
        assert hot(app, ident) is None
        assert ask(app, f"learners/{ident}").status_code == 404

    def test_an_agreement_opens_protected_people_without_their_municipality(self, stage: None) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=ALL)
        set_reach(cast.platform)
        Taking.objects.filter(app_id=app.made.app_id).update(non_disclosure_included=True)
        ident = app.sourced(cast.PROTECTED_PUPIL)
        answer = ask(app, f"learners/{ident}")
        assert answer.status_code == 200
        assert answer.json()["person"]["home_municipality"] is None
        assert {row["confirmed_in"] for row in answer.json()["attainments"]} == {None}
        assert hot(app, ident).content == answer.content

    def test_parameters_are_refused_and_left_to_the_ordinary_lane(self, app: App) -> None:
        ident = app.sourced(cast.PUPIL)
        assert ask(app, f"learners/{ident}", fields="id").status_code == 422
        told = ask_wsgi(django_application(), f"{WHERE}/{ident}", query="a=1", authorization=f"Bearer {app.token}")
        assert told.status_code == 422
        assert hot(app, ident, headers={"If-None-Match": "*"}) is None
        assert hot(app, ident, token="wrong") is None
