"""`digione app`: the command through the real process, and what its use cases mean for an app in both lanes."""

import hashlib
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from oauth2_provider.models import AccessToken, Application

from digione.access.services import create_app, release_app, rotate_app_secret, take_app
from digione.config.data_folder import remember_address
from digione.core import clock
from digione.core.errors import DeniedError, InvalidInputError
from digione.core.use_case import Actor
from digione.rest.oneroster.operations import CORE, ROSTER
from tests import cast
from tests.api.cli.conftest import PROVIDER, Installation

PREFIX = "/ims/oneroster/rostering/v1p2"
SCOPE = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"


def test_an_app_is_made_shown_released_taken_and_gets_a_new_secret(installation: Installation) -> None:
    installation.run("provider", "add", PROVIDER)
    made = installation.json(
        "app", "create", "Lukuvirta", "--provider", PROVIDER, "--scope", "roster.readonly", "--supplier", "Tuikku Oy"
    )
    assert set(made) == {"client_id", "client_secret", "token_url"}
    [row] = [row for row in installation.json("app", "list") if row["client_id"] == made["client_id"]]
    assert (row["name"], row["supplier"], len(row["takings"])) == ("Lukuvirta", "Tuikku Oy", 1)
    installation.run("app", "release", made["client_id"], "--provider", PROVIDER)
    assert installation.json("app", "show", "Lukuvirta")["takings"] == []
    again = installation.run("app", "release", "Lukuvirta", "--provider", PROVIDER, code=1)
    assert "nothing to end" in again.stderr
    take = ("app", "take", made["client_id"], "--provider", PROVIDER, "--scope", "roster-core.readonly")
    assert installation.json(*take)["changed"] is True
    assert installation.json(*take)["changed"] is False
    [taking] = installation.json("app", "show", made["client_id"])["takings"]
    assert (taking["oid"], taking["scopes"]) == (PROVIDER, [SCOPE])
    new = installation.json("app", "rotate-secret", made["client_id"])
    assert new["client_id"] == made["client_id"]
    assert new["client_secret"] != made["client_secret"]
    [(kept,)] = installation.rows(
        "SELECT client_secret FROM oauth2_provider_application WHERE client_id = %s", made["client_id"]
    )
    assert new["client_secret"] not in kept
    events = (
        "SELECT o.type FROM core_outbox o JOIN access_app a ON a.id = o.subject"
        " JOIN oauth2_provider_application c ON c.id = a.application_id WHERE c.client_id = %s ORDER BY 1"
    )
    kinds = [kind for (kind,) in installation.rows(events, made["client_id"])]
    assert kinds == ["access.app_released", "access.app_taken", "access.app_taken"]


def test_one_supplier_has_no_two_apps_of_one_name(installation: Installation) -> None:
    installation.run("provider", "add", PROVIDER)
    create = ("app", "create", "Sanaseppä", "--provider", PROVIDER, "--scope", "roster.readonly", "--supplier")
    made = installation.json(*create, "Tuikku Oy")
    everything = "SELECT id, name, (SELECT count(*) FROM oauth2_provider_application) FROM access_app ORDER BY id"
    before = installation.rows(everything)
    [fault] = installation.json(*create, "Tuikku Oy", code=1)["faults"]
    assert (fault["pointer"], fault["code"]) == ("name", "taken")
    assert f"digione app rotate-secret {made['client_id']}" in fault["message"]
    create = ("app", "create", "sanaSEPPÄ", *create[3:])
    assert installation.json(*create, "Tuikku Oy", code=1)["faults"] != []
    assert installation.rows(everything) == before
    assert installation.json(*create, "Toinen Oy")["client_id"] != made["client_id"], (
        "another supplier's is another app"
    )


def test_the_address_of_tokens_is_where_the_installation_answers(installation: Installation) -> None:
    installation.run("provider", "add", PROVIDER)

    def token_url(name: str, *more: str) -> tuple[str, str]:
        answer = installation.run(
            *("app", "create", name, "--provider", PROVIDER, "--scope", "roster.readonly", "--json", *more)
        )
        return json.loads(answer.stdout)["token_url"], answer.stderr

    (installation.data / "address.txt").unlink(missing_ok=True)
    guessed, note = token_url("Osoite 1")
    assert guessed == "http://127.0.0.1:8000/oauth/token"
    assert "a guess: give --url or DIGIONE_URL" in note
    remember_address(installation.data, "http://127.0.0.1:8347")
    assert token_url("Osoite 2") == ("http://127.0.0.1:8347/oauth/token", "")
    assert token_url("Osoite 3", "--url", "https://digione.example/") == ("https://digione.example/oauth/token", "")


def test_protected_people_are_opened_with_a_reason_that_stays_in_the_log(installation: Installation) -> None:
    installation.run("provider", "add", PROVIDER)
    installation.json("app", "create", "Turva", "--provider", PROVIDER, "--scope", "roster.readonly")
    take = ("app", "take", "Turva", "--provider", PROVIDER, "--scope", "roster.readonly")
    taking = "SELECT scopes, non_disclosure_included, valid_from, valid_to FROM access_taking ORDER BY id"
    before = installation.rows(taking)
    for reason in ((), ("--reason", " – ")):
        [fault] = installation.json(*take, "--include-non-disclosure", *reason, code=1)["faults"]
        assert (fault["pointer"], fault["code"]) == ("reason", "missing")
    assert installation.rows(taking) == before
    reason = "Sopimus 2026/14, kohta 5: oppilashuollon työväline"
    taken = installation.json(*take, "--include-non-disclosure", "--reason", reason)
    assert (taken["changed"], taken["non_disclosure_included"]) == (True, True)
    [shown] = installation.json("app", "show", "Turva")["takings"]
    assert shown["non_disclosure_included"] is True
    assert "people under non-disclosure too" in installation.run("app", "show", "Turva").stdout
    logged = (
        "SELECT scope->>'reason' FROM audit_entry WHERE event = 'app.managed' AND scope->>'non_disclosure' = 'true'"
    )
    assert installation.rows(logged) == [(reason,)]
    assert installation.json(*take, "--include-non-disclosure", "--reason", reason)["changed"] is False
    ended = installation.json(*take)
    assert (ended["changed"], ended["non_disclosure_included"]) == (True, False), "what is not said again ends"
    [shown] = installation.json("app", "show", "Turva")["takings"]
    assert shown["non_disclosure_included"] is False


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("take", "nobody", "--provider", PROVIDER, "--scope", "roster.readonly"), "unknown_app"),
        (("take", "nobody", "--provider", "1.2.3", "--scope", "all"), "unknown_scope"),
        (("release", "nobody", "--provider", "1.2.3"), "unknown_provider"),
        (("rotate-secret", "nobody"), "unknown_app"),
        (("show", "nobody"), "unknown_app"),
    ],
)
def test_what_is_not_there_is_told_and_changes_nothing(
    installation: Installation, arguments: tuple[str, ...], code: str
) -> None:
    installation.run("provider", "add", PROVIDER)
    everything = "SELECT id, app_id, scopes, valid_from, valid_to FROM access_taking ORDER BY id"
    before = installation.rows(everything)
    assert installation.json("app", *arguments, code=1)["faults"][0]["code"] == code
    assert installation.rows(everything) == before


class App:
    """An app of the cast's municipality, with a token, asking in both lanes."""

    def __init__(self) -> None:
        self.made = create_app(
            cast.platform,
            name=f"Lukuvirta {uuid4()}",
            supplier="Tuikku Oy",
            provider_oids=[cast.KUUSNIEMI_OID],
            scopes=[ROSTER, CORE],
        )
        self.token = uuid4().hex
        AccessToken.objects.create(
            token=self.token,
            application=Application.objects.get(client_id=self.made.client_id),
            scope=f"{ROSTER} {CORE}",
            expires=clock.now() + timedelta(hours=1),
        )

    def ordinary(self) -> int:
        headers = {"Authorization": f"Bearer {self.token}"}
        return Client().get(f"{PREFIX}/users", {"limit": "1"}, headers=headers).status_code

    def hot(self) -> bool:
        checksum = hashlib.sha256(self.token.encode()).hexdigest()
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('digione.supplier', %s, true)", [str(self.made.supplier_id)])
            cursor.execute("SELECT sourced_id FROM access_subject WHERE person_id = %s", [cast.PUPIL])
            [ident] = cursor.fetchone()
            cursor.execute("SELECT oneroster_user(%s, %s)", [checksum, ident])
            [answer] = cursor.fetchone()
        return answer is not None and json.loads(answer.replace("\x01", ""))["user"]["sourcedId"] == str(ident)


@pytest.mark.django_db
class TestTaking:
    def test_a_release_holds_at_once_in_both_lanes_and_so_does_taking_again(self) -> None:
        app = App()
        assert (app.ordinary(), app.hot()) == (200, True)
        release_app(cast.platform, app=app.made.client_id, provider_oid=cast.KUUSNIEMI_OID)
        assert (app.ordinary(), app.hot()) == (403, False)
        take_app(cast.platform, app=app.made.client_id, provider_oid=cast.KUUSNIEMI_OID, scopes=[CORE, ROSTER])
        assert (app.ordinary(), app.hot()) == (200, True)

    def test_who_is_protected_is_seen_only_while_it_is_opened(self) -> None:
        app = App()
        seen = []
        for include in (False, True, False):
            take_app(
                cast.platform,
                app=app.made.client_id,
                provider_oid=cast.KUUSNIEMI_OID,
                scopes=[CORE, ROSTER],
                include_non_disclosure=include,
                reason="Sopimus 2026/14" if include else "",
            )
            answer = Client().get(
                f"{PREFIX}/students", {"limit": "1000"}, headers={"Authorization": f"Bearer {app.token}"}
            )
            seen.append(len(answer.json()["users"]))
        assert seen[1] > seen[0] == seen[2]

    def test_a_new_secret_ends_the_tokens_of_the_old_one_in_both_lanes(self) -> None:
        app = App()
        new = rotate_app_secret(cast.platform, app=app.made.client_id)
        assert (app.ordinary(), app.hot()) == (401, False)
        body = {"grant_type": "client_credentials", "client_id": new.client_id}
        refused = Client().post("/oauth/token", {**body, "client_secret": app.made.client_secret})
        assert refused.status_code == 401
        granted = Client().post("/oauth/token", {**body, "client_secret": new.client_secret})
        assert granted.status_code == 200, granted.content

    def test_a_main_administrator_decides_for_the_own_organisation_alone(self) -> None:
        app = App()
        administrator = cast.administrator
        with pytest.raises(InvalidInputError):
            release_app(_of(administrator, cast.VALKAMO), app=app.made.client_id, provider_oid=cast.KUUSNIEMI_OID)
        with pytest.raises(DeniedError):
            rotate_app_secret(administrator, app=app.made.client_id)
        assert (app.ordinary(), app.hot()) == (200, True), "nothing has changed"
        release_app(administrator, app=app.made.client_id, provider_oid=cast.KUUSNIEMI_OID)
        assert (app.ordinary(), app.hot()) == (403, False)

    @pytest.mark.parametrize("actor", [cast.teacher, cast.guardian, cast.pupil, cast.secretary])
    def test_nobody_else_takes_or_releases(self, actor: Actor) -> None:
        app = App()
        with pytest.raises(DeniedError):
            take_app(actor, app=app.made.client_id, provider_oid=cast.KUUSNIEMI_OID, scopes=[CORE])
        with pytest.raises(DeniedError):
            take_app(
                actor,
                app=app.made.client_id,
                provider_oid=cast.KUUSNIEMI_OID,
                scopes=[CORE, ROSTER],
                include_non_disclosure=True,
                reason="Sopimus 2026/14",
            )
        with pytest.raises(DeniedError):
            release_app(actor, app=app.made.client_id, provider_oid=cast.KUUSNIEMI_OID)
        assert (app.ordinary(), app.hot()) == (200, True)


def _of(actor: Actor, provider: object) -> Actor:
    return actor.at(provider)  # type: ignore[arg-type]
