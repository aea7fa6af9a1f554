"""Who is shown, as what, over one provider and over several."""

import re
from uuid import uuid4

import pytest
from django.db import connection

from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster.operations import CORE, OPERATIONS
from tests import cast
from tests.api.oneroster import App, address, audit, hot

pytestmark = pytest.mark.django_db


class TestPeople:
    """Who is shown, as what."""

    def test_a_person_with_non_disclosure_is_nobody(self, app: App) -> None:
        hidden = app.sourced(cast.PROTECTED_PUPIL)
        for where in ("users", "students", "demographics", f"classes/{cast.GROUP_3B}/students"):
            answer = app.get(where)
            assert hidden not in answer.content.decode()
            assert int(answer["X-Total-Count"]) == len(app.ids(where))
        assert app.get(f"users/{hidden}").status_code == 404
        assert hidden not in app.get("enrollments").content.decode()
        assert hot(app, hidden) is None

    def test_the_agreement_may_include_them_but_never_their_contact_details(self, app: App) -> None:
        hidden = app.sourced(cast.PROTECTED_PUPIL)
        set_reach(cast.platform)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE access_taking SET non_disclosure_included = true")
        assert hidden in app.ids("users")
        user = app.get(f"users/{hidden}").json()["user"]
        assert user["givenName"] == "Iida"
        assert "email" not in user

    def test_non_disclosure_follows_at_once(self, app: App) -> None:
        pupil, before = app.sourced(cast.PUPIL), len(app.ids("users"))
        set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE people_person SET non_disclosure = true WHERE id = %s", [cast.PUPIL])
        answer = app.get("users")
        assert pupil not in answer.content.decode()
        assert int(answer["X-Total-Count"]) == before - 1

    def test_roles_and_agents(self, app: App) -> None:
        child = app.get(f"users/{app.sourced(cast.PUPIL)}").json()["user"]
        assert [role["role"] for role in child["roles"]] == ["student"]
        assert child["grades"] == ["3"]
        assert child["primaryOrg"]["sourcedId"] == str(cast.RANTAPUISTO)
        # The guardian who has no right to information is not named.
        assert [agent["sourcedId"] for agent in child["agents"]] == [app.sourced(cast.GUARDIAN)]
        parent = app.get(f"users/{app.sourced(cast.GUARDIAN)}").json()["user"]
        assert [role["role"] for role in parent["roles"]] == ["parent"]
        assert [agent["sourcedId"] for agent in parent["agents"]] == [app.sourced(cast.PUPIL)]
        head = app.get(f"users/{app.sourced(cast.ADMINISTRATOR)}").json()["user"]
        assert [role["role"] for role in head["roles"]] == ["districtAdministrator"]
        assert app.ids("users", filter="roles.role='teacher'") == [app.sourced(cast.TEACHER)]
        assert app.ids("teachers") == [app.sourced(cast.TEACHER)]

    def test_what_has_ended_is_to_be_deleted(self, app: App) -> None:
        set_reach(Actor("administrator", provider_id=cast.KUUSNIEMI))
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE people_providerperson SET valid_to = '2026-01-01' WHERE person_id = %s", [cast.PUPIL]
            )
            cursor.execute("UPDATE studies_enrolment SET valid_to = '2026-01-01' WHERE person_id = %s", [cast.PUPIL])
        pupil = app.sourced(cast.PUPIL)
        assert app.get(f"users/{pupil}").json()["user"]["status"] == "tobedeleted"
        assert pupil not in app.ids("users", filter="status='active'")
        assert app.ids("users", filter="status='tobedeleted'") == [pupil]
        assert app.ids("users", filter="enabledUser='FALSE'") == [pupil]
        assert len(app.ids("enrollments", filter="status='tobedeleted'")) == 1

    def test_no_identity_code_and_no_address_anywhere(self, app: App) -> None:
        for operation in OPERATIONS:
            text = app.get(address(app, operation)).content.decode()
            assert cast.PUPIL_HETU not in text
            assert str(cast.PUPIL) not in text
            assert not re.search(r'"(phone|sms|password|userIds|username|userProfiles|userMasterIdentifier)"', text)

    def test_a_core_token_sees_no_email(self, app: App) -> None:
        where = f"users/{app.sourced(cast.TEACHER)}"
        assert "email" in app.get(where).json()["user"]
        assert "email" not in app.get(where, token=app.new_token((CORE,))).json()["user"]

    def test_a_page_names_its_subjects_in_the_log(self, app: App) -> None:
        app.get("users")
        assert audit(cast.PUPIL) == [("roster.read",)]
        app.get("demographics")
        assert ("roster.demographics_read",) in audit(cast.PUPIL)
        assert audit(cast.VALKAMO_PUPIL) == []


class TestSeveralProviders:
    """An app that two municipalities have taken sees both, each in its own reach."""

    def test_a_guardian_in_two_municipalities_is_one_user(self, app: App) -> None:
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID)
        valkamo = App(cast.VALKAMO_OID)
        users = both.ids("users")
        assert users == sorted(set(app.ids("users")) | set(valkamo.ids("users")))
        assert both.get("users")["X-Total-Count"] == str(len(users))
        assert [i for at in range(len(users)) for i in both.ids("users", limit=1, offset=at)] == users
        guardian = both.get(f"users/{both.sourced(cast.GUARDIAN)}").json()["user"]
        assert [role["org"]["sourcedId"] for role in guardian["roles"]] == [str(cast.KUUSNIEMI), str(cast.VALKAMO)]
        assert [role["roleType"] for role in guardian["roles"]] == ["primary", "secondary"]
        assert len(guardian["agents"]) == 2
        assert len(both.ids("schools")) == 2
        assert both.ids(f"classes/{cast.GROUP_8C}/students") == [both.sourced(cast.VALKAMO_PUPIL)]
        assert both.get(f"classes/{uuid4()}/students").status_code == 404
