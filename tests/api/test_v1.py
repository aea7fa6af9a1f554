"""Our own API, to read: its shapes, pages, fields, tags, failures, ids and what it never tells."""

import json
import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jsonschema
import pytest

from digione.access.scopes import PERSONS_IDENTITY_READ, PERSONS_READ, SCHOOLS_READ
from digione.audit.recorder import AuditRecorder
from digione.core.use_case import REGISTRY, Actor
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, ROSTER
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.endpoints import ENDPOINTS, NOT_SERVED, PERSONS, SCHOOLS
from digione.rest.v1.openapi import document
from digione.schema.json_schema import json_schema
from digione.schema.resources import RESOURCES
from digione.web.actor import CONTENT_SECURITY_POLICY
from tests import cast
from tests.api.oneroster import App, audit, state
from tests.api.v1 import ALL, ask, codes, one_of, rows, run

pytestmark = pytest.mark.django_db
OF_KUUSNIEMI = {
    *(cast.TEACHER, cast.PRINCIPAL, cast.SECRETARY, cast.ADMINISTRATOR, cast.GUARDIAN, cast.LIMITED_GUARDIAN),
    *(cast.STRANGER_GUARDIAN, cast.PUPIL, cast.UNTAUGHT_PUPIL),
}


@pytest.fixture
def app(stage: None) -> App:
    """An app of Kuusniemi with every scope of the API."""
    return App(cast.KUUSNIEMI_OID, scopes=ALL)


@pytest.fixture
def valkamo(app: App) -> App:
    """The same supplier's app of the other municipality."""
    return App(cast.VALKAMO_OID, scopes=ALL)


class TestAnswers:
    """What comes is what the open data model declares."""

    @pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.path)
    def test_objects_hold_to_the_declaration(self, app: App, endpoint: Endpoint) -> None:
        declared = jsonschema.Draft202012Validator(
            json_schema(endpoint.resource), format_checker=jsonschema.FormatChecker()
        )
        found = rows(app, endpoint.path)
        assert found
        for row in found:
            assert set(row) == {each.name for each in endpoint.resource.public_fields()} - set(endpoint.withheld)
            declared.validate({**row, **({"non_disclosure": False} if endpoint is PERSONS else {})})
            assert ask(app, f"{endpoint.path}/{row['id']}").json() == row

    def test_schools_are_the_provider_s_own(self, app: App) -> None:
        (school,) = rows(app, "schools")
        assert school["id"] == str(cast.RANTAPUISTO)
        assert school["name"]["fi"] == "Rantapuiston koulu"
        assert school["valid_from"] == "1990-01-01"

    def test_people_by_the_supplier_s_ids(self, app: App) -> None:
        found = {row["id"]: row for row in rows(app, "persons")}
        assert set(found) == {app.sourced(person) for person in OF_KUUSNIEMI}
        assert not set(found) & {str(person) for person in cast.PEOPLE}
        assert found[app.sourced(cast.PUPIL)]["given_name"] == "Aino"
        other = App(cast.KUUSNIEMI_OID, scopes=ALL, supplier="Kajo Oy")
        assert not {row["id"] for row in rows(other, "persons")} & set(found)

    def test_national_identifiers_are_in_no_answer(self, app: App) -> None:
        text = json.dumps(rows(app, "persons"))
        assert cast.PUPIL_HETU not in text
        assert not {"hetu", "learner_number", "audit_alias", "search_key", "non_disclosure"} & set(
            rows(app, "persons")[0]
        )

    def test_every_declared_resource_is_served_or_has_a_reason(self) -> None:
        served = {endpoint.resource.name for endpoint in ENDPOINTS}
        assert served | set(NOT_SERVED) == set(RESOURCES)
        assert not served & set(NOT_SERVED)
        for endpoint in ENDPOINTS:
            known = {each.name for each in endpoint.resource.public_fields()}
            assert known >= set(endpoint.withheld) | endpoint.narrow | set(endpoint.columns)
        assert all(NOT_SERVED.values())


class TestPages:
    """Pages fit together, and cost the same however long they are."""

    def test_pages_fit_together(self, app: App) -> None:
        whole = rows(app, "persons")
        assert [row["id"] for row in whole] == sorted(row["id"] for row in whole)
        for limit in (1, 2, 3, len(whole), len(whole) + 1):
            assert rows(app, "persons", limit=limit) == whole

    def test_the_next_page_by_its_address(self, app: App) -> None:
        page = ask(app, "persons", limit=2, fields="family_name").json()
        assert page["next"].startswith("http://testserver/api/v1/persons?")
        answer = app.client.get(page["next"], headers={"Authorization": f"Bearer {app.token}"})
        assert answer.json()["items"] == rows(app, "persons", fields="family_name")[2:4]

    def test_an_app_of_two_providers_sees_both_once(self) -> None:
        app = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL)
        whole = rows(app, "persons")
        ids = [row["id"] for row in whole]
        assert ids == sorted(set(ids))
        assert set(ids) == {app.sourced(one) for one in {*OF_KUUSNIEMI, cast.OUTSIDER, cast.VALKAMO_PUPIL}}
        assert rows(app, "persons", limit=3) == whole
        assert len(rows(app, "schools", limit=1)) == 2
        for ident in (app.sourced(cast.VALKAMO_PUPIL), app.sourced(cast.GUARDIAN), app.sourced(cast.PUPIL)):
            assert ask(app, f"persons/{ident}").json() in whole
        assert ask(app, f"persons/{uuid4()}").status_code == 404

    def test_a_provider_with_nothing_left_does_not_end_the_others(self) -> None:
        app = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL)
        run(
            Actor("administrator", provider_id=cast.VALKAMO),
            "UPDATE people_providerperson SET valid_to = '2026-01-31' WHERE provider_id = %s",
            [cast.VALKAMO],
        )
        assert {row["id"] for row in rows(app, "persons", limit=1)} == {app.sourced(one) for one in OF_KUUSNIEMI}


class TestTags:
    """One object has a tag, by which an unchanged one need not be sent again."""

    @pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.path)
    def test_not_modified(self, app: App, endpoint: Endpoint) -> None:
        where = f"{endpoint.path}/{one_of(app, endpoint)}"
        first = ask(app, where)
        tag = first["ETag"]
        for sent in (tag, f'"x", W/{tag}', "*"):
            again = ask(app, where, headers={"If-None-Match": sent})
            assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
        assert ask(app, where, headers={"If-None-Match": '"x"'}).content == first.content
        assert ask(app, where, fields="id")["ETag"] != tag

    def test_a_change_changes_the_tag(self, app: App) -> None:
        where = f"persons/{app.sourced(cast.PUPIL)}"
        tag = ask(app, where)["ETag"]
        run(cast.administrator, "UPDATE people_person SET given_name = 'Aini' WHERE id = %s", [cast.PUPIL])
        answer = ask(app, where, headers={"If-None-Match": tag})
        assert answer.status_code == 200
        assert answer.json()["given_name"] == "Aini"

    def test_a_right_that_has_ended_is_no_304(self, app: App) -> None:
        where = f"persons/{app.sourced(cast.PUPIL)}"
        tag = ask(app, where)["ETag"]
        run(cast.platform, "UPDATE access_taking SET valid_from = '2020-01-01', valid_to = '2020-12-31'", [])
        assert ask(app, where, headers={"If-None-Match": tag}).status_code == 403


class TestFaults:
    """A failure is a problem (RFC 9457), lists every fault with its place, and speaks the caller's language."""

    @pytest.mark.parametrize("limit", ["0", "1001", "-1", "", "ten", "1.0", "1e2", "٣", "9" * 30, " 5", "1_0", "null"])
    def test_limits_outside_are_refused(self, app: App, limit: str) -> None:
        answer = ask(app, "schools", limit=limit)
        assert answer.status_code == 422
        assert codes(answer) == [("query.limit", "out_of_range")]
        assert ask(app, "schools", limit="1000").status_code == ask(app, "schools", limit="1").status_code == 200

    def test_every_fault_is_listed(self, app: App) -> None:
        answer = app.client.get(
            "/api/v1/persons?limit=0&after=x&fields=id,hetu,<b>&offset=3&sort=id&sort=id",
            headers={"Authorization": f"Bearer {app.token}"},
        )
        assert answer.status_code == 422
        assert sorted(codes(answer)) == [
            ("query", "unknown_parameter"),
            ("query", "unknown_parameter"),
            ("query.after", "no_id"),
            ("query.fields", "unknown_field"),
            ("query.fields", "unknown_field"),
            ("query.limit", "out_of_range"),
        ]
        assert b"<b>" not in answer.content
        where = f"schools/{cast.RANTAPUISTO}"
        assert codes(ask(app, where, limit=5)) == [("query", "unknown_parameter")]
        answer = app.client.get(
            f"/api/v1/{where}?fields=id&fields=id", headers={"Authorization": f"Bearer {app.token}"}
        )
        assert codes(answer) == [("query.fields", "repeated")]

    @pytest.mark.parametrize(
        ("accepted", "language", "title"),
        [
            ("", "fi", "Pyynnössä on virheitä"),
            ("de", "fi", "Pyynnössä on virheitä"),
            ("sv-FI,fi;q=0.5", "sv", "Begäran har fel"),
            ("en", "en", "The request has faults"),
            ("x" * 10_000, "fi", "Pyynnössä on virheitä"),
        ],
    )
    def test_the_caller_s_language(self, app: App, accepted: str, language: str, title: str) -> None:
        answer = ask(app, "schools", limit=0, headers={"Accept-Language": accepted})
        assert answer.json()["title"] == title
        assert answer["Content-Language"] == language

    def test_what_is_not_there(self, app: App) -> None:
        for where in (
            "teapots",
            "schools/1",
            "schools/",
            f"schools/{uuid4()}",
            f"schools/urn:uuid:{cast.RANTAPUISTO}",
        ):
            answer = ask(app, where)
            assert answer.status_code == 404, where
            assert answer.json()["type"] == "urn:digione:problem:not-found"
            assert ask(app, where, token="wrong").status_code == 401

    def test_nobody_writes(self, app: App) -> None:
        before = state()
        for method in ("post", "put", "delete", "patch", "options"):
            answer = getattr(app.client, method)("/api/v1/schools", headers={"Authorization": f"Bearer {app.token}"})
            assert answer.status_code == 405
            assert answer["Allow"] == "GET, HEAD"
            assert answer.json()["status"] == 405
        assert app.client.head("/api/v1/schools", headers={"Authorization": f"Bearer {app.token}"}).status_code == 200
        assert state() == before


class TestDenials:
    """Who may not see sees nothing, and nothing changes."""

    @pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.path)
    def test_without_a_good_token(self, app: App, endpoint: Endpoint) -> None:
        expired = app.new_token(ALL, lasts=timedelta(seconds=-1))
        before = state()
        for where in (endpoint.path, f"{endpoint.path}/{one_of(app, endpoint)}"):
            for token in ("", "wrong", app.token[:-1], expired, "x" * 5000, "ä"):
                answer = ask(app, where, token=token)
                assert answer.status_code == 401
                assert "Bearer" in answer["WWW-Authenticate"]
                assert answer["Content-Type"] == "application/problem+json"
            assert app.client.get(f"/api/v1/{where}").status_code == 401
        assert state() == before

    @pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.path)
    def test_scope_too_small(self, app: App, endpoint: Endpoint) -> None:
        App(cast.KUUSNIEMI_OID, scopes=(ROSTER, CORE, DEMOGRAPHICS))
        others = tuple({*ALL, ROSTER, CORE, DEMOGRAPHICS} - {endpoint.scope})
        for where in (endpoint.path, f"{endpoint.path}/{one_of(app, endpoint)}"):
            answer = ask(app, where, token=app.new_token(others))
            assert answer.status_code == 403
            assert answer.json()["rule"] == endpoint.scope

    def test_the_scopes_of_oneroster_open_nothing_here_and_ours_nothing_there(self, app: App) -> None:
        theirs = App(cast.KUUSNIEMI_OID, scopes=(ROSTER, CORE, DEMOGRAPHICS))
        assert ask(theirs, "persons").status_code == ask(theirs, "schools").status_code == 403
        assert app.get("users").status_code == app.get("schools").status_code == 403

    def test_a_token_opens_no_more_than_the_taking_does(self) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=(SCHOOLS_READ,))
        assert ask(app, "schools", token=app.new_token(ALL)).status_code == 200
        assert ask(app, "persons", token=app.new_token(ALL)).status_code == 403

    def test_identity_needs_a_scope_of_its_own(self) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=(PERSONS_READ,))
        for row in rows(app, "persons"):
            assert set(row) == {"id", "given_name", "family_name", "sys_from"}
        for name in sorted(PERSONS.narrow):
            answer = ask(app, "persons", fields=f"id,{name}")
            assert answer.status_code == 403
            assert answer.json()["rule"] == PERSONS_IDENTITY_READ
        narrow = App(cast.KUUSNIEMI_OID, scopes=(PERSONS_IDENTITY_READ,))
        assert ask(narrow, "persons").status_code == 403, "It opens more of people, not people."

    def test_another_provider_s_identity_scope_opens_nothing_here(self) -> None:
        app = App(cast.KUUSNIEMI_OID, scopes=(PERSONS_READ,))
        run(
            cast.platform,
            "INSERT INTO access_taking (id, provider_id, app_id, scopes, valid_from) VALUES (%s, %s, %s, %s, '2020-01-01')",
            [uuid4(), cast.VALKAMO, app.made.app_id, [PERSONS_READ, PERSONS_IDENTITY_READ]],
        )
        token = app.new_token((PERSONS_READ, PERSONS_IDENTITY_READ))
        page = {row["id"]: row for row in ask(app, "persons", token=token).json()["items"]}
        assert "birth_date" in page[app.sourced(cast.VALKAMO_PUPIL)]
        assert "birth_date" not in page[app.sourced(cast.PUPIL)]
        assert "birth_date" in page[app.sourced(cast.GUARDIAN)], "Valkamo opens her as well."
        one = ask(app, f"persons/{app.sourced(cast.PUPIL)}", token=token, fields="birth_date")
        assert one.json() == {"id": app.sourced(cast.PUPIL)}

    @pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.path)
    def test_another_provider_s_ids_do_not_exist(self, app: App, valkamo: App, endpoint: Endpoint) -> None:
        mine = [row["id"] for row in rows(app, endpoint.path)]
        theirs = [row["id"] for row in rows(valkamo, endpoint.path) if row["id"] not in mine]
        assert theirs
        before, seen = state(), audit(cast.VALKAMO_PUPIL)
        nobody = ask(app, f"{endpoint.path}/{uuid4()}")
        for ident in theirs:
            answer = ask(app, f"{endpoint.path}/{ident}")
            assert answer.status_code == nobody.status_code == 404
            assert answer.content == nobody.content
            page = [row["id"] for row in ask(app, endpoint.path, after=ident).json()["items"]]
            # An id that the supplier's own key does not open stands somewhere, and opens nothing there either.
            behind = mine[len(mine) - len(page) :] if endpoint.sealed else [one for one in mine if one > ident]
            assert page == behind
            hidden = ask(app, f"{endpoint.path}/{ident}", fields="id")
            assert hidden.content == nobody.content
        assert state() == before
        assert audit(cast.VALKAMO_PUPIL) == seen

    def test_an_organisation_that_is_no_school_is_no_school(self, app: App) -> None:
        assert ask(app, f"schools/{cast.KUUSNIEMI}").status_code == 404
        assert ask(app, f"schools/{cast.RANTAPUISTO}").json()["parent_id"] == str(cast.KUUSNIEMI)

    def test_non_disclosure(self, app: App) -> None:
        hidden = app.sourced(cast.PROTECTED_PUPIL)
        assert ask(app, f"persons/{hidden}").status_code == 404
        assert hidden not in {row["id"] for row in rows(app, "persons")}
        run(
            cast.administrator,
            "UPDATE people_person SET home_municipality = '999' WHERE id = ANY (%s)",
            [[cast.PROTECTED_PUPIL, cast.PUPIL]],
        )
        run(cast.platform, "UPDATE access_taking SET non_disclosure_included = true", [])
        opened = ask(app, f"persons/{hidden}").json()
        assert opened["family_name"] == "Mäkinen"
        assert opened["home_municipality"] is None, "Not even then the place."
        assert ask(app, f"persons/{app.sourced(cast.PUPIL)}").json()["home_municipality"] == "999"

    def test_who_has_gone_is_gone(self, app: App) -> None:
        pupil = app.sourced(cast.PUPIL)
        run(
            cast.administrator,
            "UPDATE people_providerperson SET valid_to = '2026-01-31' WHERE provider_id = %s AND person_id = %s",
            [cast.KUUSNIEMI, cast.PUPIL],
        )
        assert ask(app, f"persons/{pupil}").status_code == 404
        assert pupil not in {row["id"] for row in rows(app, "persons")}


class TestLog:
    """Every reading leaves a row at its provider, with its persons and how sensitive it was."""

    def test_readings_are_told_to_the_person(self, app: App) -> None:
        pupil = app.sourced(cast.PUPIL)
        before = len(audit(cast.PUPIL))
        ask(app, f"persons/{pupil}")
        ask(app, f"persons/{pupil}", fields="given_name")
        ask(app, "persons")
        told = audit(cast.PUPIL, "event, sensitivity")
        assert len(told) == before + 3
        assert {event for event, _level in told[:3]} == {"roster.read", "roster.demographics_read"}
        assert len({level for _event, level in told[:3]}) == 2, "A name is less sensitive than what identifies further."

    def test_nobody_is_named_who_was_not_shown(self, app: App) -> None:
        first = ask(app, "persons", limit=1).json()["items"][0]["id"]
        by_id = {app.sourced(person): person for person in OF_KUUSNIEMI}
        assert {ident for ident, person in by_id.items() if audit(person)} == {first}
        both = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL, supplier="Kajo Oy")
        shown = ask(both, "persons", limit=1).json()["items"][0]["id"]
        named = {by: person for by, person in by_id.items() if audit(person)}
        assert {both.sourced(person) for person in named.values()} - {both.sourced(by_id[first])} <= {shown}

    def test_each_provider_has_a_row(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told = _recorded(monkeypatch)
        app = App(cast.KUUSNIEMI_OID, cast.VALKAMO_OID, scopes=ALL)
        told.clear()
        ask(app, "schools")
        looked, *read = told
        assert looked == ("rest.v1.selectors.find_rows", None, "done"), "Where to read is asked at no provider."
        assert sorted(read) == [
            ("rest.v1.selectors.read_rows", provider, "done") for provider in (cast.KUUSNIEMI, cast.VALKAMO)
        ]
        told.clear()
        ask(app, "persons", token=app.new_token((SCHOOLS_READ,)))
        assert told == [("rest.v1.selectors.read_rows", None, "denied")]
        assert set(REGISTRY) >= {name for name, _provider, _outcome in told}


def _recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, UUID | None, str]]:
    told: list[tuple[str, UUID | None, str]] = []
    record = AuditRecorder.record

    def listening(self: Any, uc: Any, *, outcome: str, reason: str = "") -> None:
        told.append((uc.name, uc.actor.provider_id, outcome))
        record(self, uc, outcome=outcome, reason=reason)

    monkeypatch.setattr(AuditRecorder, "record", listening)
    return told


def test_the_description_and_its_page_are_public(client: Any) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.json() == json.loads(json.dumps(document()))
    assert answer.json()["openapi"].startswith("3.1")
    page = client.get("/api/v1/docs", headers={"Accept-Language": "sv"})
    assert page.status_code == 200
    text = page.content.decode()
    assert all(endpoint.scope in text and f"/api/v1/{endpoint.path}" in text for endpoint in (SCHOOLS, PERSONS))
    assert 'lang="sv"' in text
    assert page["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    # Whatever the page needs comes from here: nothing that the policy would stop is even asked for.
    loaded = re.findall(r"""<(?:script|link|img)[^>]*(?:src|href)=["']([^"']+)""", text)
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)
    assert not re.search(r"<style|<script>| style=| on[a-z]+=", text)
