"""`digione provider` and `digione user`, through the real process."""

import json

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.test import Client

from digione.access.selectors import accounts
from digione.access.services import change_password, create_account, set_account_active
from digione.core.errors import DeniedError
from digione.core.use_case import Actor
from digione.organisations.services import add_provider
from digione.studies.selectors import people_for_account
from tests import cast
from tests.api.cli.conftest import ENDED, EXPORTER, PROVIDER, SCHOOL, Installation

PEOPLE = "oma tunnus;etunimet;sukunimi;syntymäaika;koulu;vuosiluokka;ryhmä\nop-1;Vieno;Koskelo;3.4.2016;Saarnivaaran koulu;4;4A\n"
STAFF = "oma tunnus;etunimet;sukunimi;koulu;rooli;ryhmät\nt-1;Pirjo Anneli;Laine;Saarnivaaran koulu;opettaja;4A\n"


@pytest.fixture(scope="module")
def provider(installation: Installation) -> Installation:
    """The installation with its first provider taken in, one learner and one teacher."""
    installation.run("provider", "add", PROVIDER)
    for kind, text in (("people", PEOPLE), ("staff", STAFF)):
        path = installation.data / f"{kind}.csv"
        path.write_text(text)
        assert installation.json("import", kind, str(path), "--provider", PROVIDER)["refused"] == 0
    return installation


def audited(installation: Installation, event: str, outcome: str = "done") -> int:
    [(count,)] = installation.rows("SELECT count(*) FROM audit_entry WHERE event = %s AND outcome = %s", event, outcome)
    return int(count)


def test_a_provider_of_the_register_is_taken_onto_the_platform_once(installation: Installation) -> None:
    shown = installation.json("provider", "show", PROVIDER)
    assert (shown["name"]["fi"], shown["schools"]) == ("Saarnivaara", 1)
    first, again = (installation.json("provider", "add", PROVIDER) for _turn in range(2))
    assert (again["added"], again["joined_on"]) == (False, first["joined_on"])
    assert PROVIDER in [row["oid"] for row in installation.json("provider", "list")]
    assert audited(installation, "provider.added") >= 2
    assert "Askberga" in installation.run("provider", "list", "--language", "sv").stdout
    announced = (
        "SELECT count(DISTINCT provider_id) = count(*) FROM core_outbox WHERE type = 'organisations.provider_added'"
    )
    assert installation.rows(announced) == [(True,)], "doing it twice announces nothing"


@pytest.mark.parametrize(
    ("oid", "code", "advice"),
    [
        ("1.2.246.562.10.1", "unknown_organisation", "Import the organisations first"),
        (SCHOOL, "not_a_provider", "OID of the provider that it belongs to"),
        (ENDED, "ended", "successor"),
    ],
)
def test_what_is_no_provider_is_refused_with_advice(
    installation: Installation, oid: str, code: str, advice: str
) -> None:
    before = installation.rows("SELECT count(*) FROM organisations_provider")
    answer = installation.run("provider", "add", oid, code=1)
    assert advice in answer.stderr
    [fault] = installation.json("provider", "add", oid, code=1)["faults"]
    assert (fault["pointer"], fault["code"]) == ("oid", code)
    assert installation.rows("SELECT count(*) FROM organisations_provider") == before


def test_a_succession_is_recorded_once_and_shown_on_both_sides(installation: Installation) -> None:
    asked = ["provider", "succeed", ENDED, "--to", PROVIDER, "--on", "2021-01-01", "--decision", "Valtuusto § 12"]
    before = installation.rows("SELECT id, provider_id FROM organisations_organisation ORDER BY id")
    first, again = installation.json(*asked), installation.json(*asked)
    assert (first["added"], again["added"]) == (True, False)
    told = {"oid": PROVIDER, "kind": "merge", "on_date": "2021-01-01", "decision": "Valtuusto § 12"}
    assert [{name: row[name] for name in told} for row in first["successors"]] == [told]
    shown = installation.json("provider", "show", PROVIDER)
    assert [row["oid"] for row in shown["predecessors"]] == [ENDED]
    text = installation.run("provider", "show", ENDED, language="fi_FI.UTF-8").stdout
    assert f"2021-01-01: jatkuu järjestäjässä Saarnivaara ({PROVIDER}). Valtuusto § 12" in text
    assert installation.rows("SELECT id, provider_id FROM organisations_organisation ORDER BY id") == before
    scopes = installation.rows(
        "SELECT role, rule, scope FROM audit_entry WHERE event = 'provider.succeeded' ORDER BY id"
    )
    assert [(role, rule, scope["provider"], scope["added"]) for role, rule, scope in scopes] == [
        ("platform", "platform-upkeep", ENDED, True),
        ("platform", "platform-upkeep", ENDED, False),
    ]


def test_a_succession_with_faults_is_refused_with_all_of_them(installation: Installation) -> None:
    before = installation.rows("SELECT count(*) FROM organisations_succession")
    asked = ["provider", "succeed", PROVIDER, "--on", "2027-01-01", "--to", SCHOOL, "--to", PROVIDER, "--decision", " "]
    faults = installation.json(*asked, code=1)["faults"]
    assert {(fault["pointer"], fault["code"]) for fault in faults} == {
        ("to", "not_a_provider"),
        ("to", "itself"),
        ("decision", "missing"),
    }
    assert installation.rows("SELECT count(*) FROM organisations_succession") == before


def test_an_account_is_given_to_the_person_with_the_own_id(provider: Installation) -> None:
    made = provider.json("user", "create", "pirjo.laine", "--provider", PROVIDER, "--person", "t-1", "--speaks", "sv")
    [(person, stored, language)] = provider.rows(
        "SELECT person_id, password, language FROM access_account WHERE username = 'pirjo.laine'"
    )
    assert provider.rows("SELECT given_name, family_name FROM people_person WHERE id = %s", person) == [
        ("Pirjo", "Laine")
    ]
    assert check_password(made["password"], stored)
    assert made["password"] not in stored
    assert language == "sv"
    [(alias,)] = provider.rows("SELECT audit_alias FROM people_person WHERE id = %s", person)
    entries = provider.rows("SELECT count(*) FROM audit_entry WHERE event = 'account.managed' AND subject = %s", alias)
    assert entries == [(1,)], "the person sees in the log that an account was given to them"
    assert made["password"] not in provider.run("user", "list").stdout


FAMILY = (
    "oma tunnus;etunimet;sukunimi;koulu;huoltaja 1 etunimet;huoltaja 1 sukunimi;huoltaja 1 henkilötunnus;"
    "huoltaja 2 etunimet;huoltaja 2 sukunimi\n"
    "per-1;Ilmi;Ylitalo;Saarnivaaran koulu;Katri Kaarina;Ylitalo;140380-9358;Jari;Mäkinen\n"
    "per-2;Toivo;Salo;Saarnivaaran koulu;Tuula;Salo;;;\n"
)


@pytest.fixture(scope="module")
def family(provider: Installation) -> Installation:
    """Children whose guardians have no id of their own: one is known by an identity code, the others by their names."""
    path = provider.data / "family.csv"
    path.write_text(FAMILY)
    told = provider.json("import", "people", str(path), "--provider", PROVIDER, "--source", "family")
    assert told["refused"] == 0, told["problems"]
    return provider


def _account_of(installation: Installation, username: str) -> list[tuple[str, str]]:
    return installation.rows(
        "SELECT p.first_names, p.family_name FROM access_account a JOIN people_person p ON p.id = a.person_id"
        " WHERE a.username = %s",
        username,
    )


def test_guardians_without_ids_are_found_by_the_child_and_told_apart(family: Installation) -> None:
    asked = ("user", "create", "huoltaja.yksi", "--provider", PROVIDER, "--ward", "per-1")
    told = family.json(*asked, code=1)
    assert [(fault["pointer"], fault["code"]) for fault in told["faults"]] == [("ward", "ambiguous")]
    assert [
        (row["given_name"], row["roles"], [school["fi"] for school in row["schools"]]) for row in told["candidates"]
    ] == [
        ("Jari", ["guardian"], ["Saarnivaaran koulu"]),
        ("Katri", ["guardian"], ["Saarnivaaran koulu"]),
    ]
    said = family.run(*asked, code=1, language="fi_FI.UTF-8")
    assert "Katri Ylitalo  Huoltaja  Saarnivaaran koulu" in said.stderr
    assert "140380" not in json.dumps(told) + said.stderr
    assert _account_of(family, "huoltaja.yksi") == []
    # By the name, whatever its letters; by our own id that was listed; and a single guardian without either.
    family.run(*asked, "--name", "makinen JARI")
    assert _account_of(family, "huoltaja.yksi") == [("Jari", "Mäkinen")]
    family.run("user", "create", "huoltaja.kaksi", "--provider", PROVIDER, "--person", told["candidates"][1]["id"])
    assert _account_of(family, "huoltaja.kaksi") == [("Katri Kaarina", "Ylitalo")]
    family.run("user", "create", "huoltaja.kolme", "--provider", PROVIDER, "--ward", "per-2")
    assert _account_of(family, "huoltaja.kolme") == [("Tuula", "Salo")]


def test_a_person_is_found_by_the_id_of_a_source_but_never_by_an_identity_code(family: Installation) -> None:
    [(named,), (coded,)] = family.rows(
        "SELECT key FROM core_sourcekey k JOIN people_person p ON p.id = k.target_id WHERE source = 'family'"
        " AND kind = 'person' AND p.given_name IN ('Jari', 'Katri') ORDER BY p.given_name"
    )
    assert coded.startswith("hetu:")
    create = ("user", "create", "lahteen.tunnus", "--provider", PROVIDER, "--person")
    for closed in (coded, "140380-9358"):
        [fault] = family.json(*create, closed, code=1)["faults"]
        assert (fault["code"], "--ward" in fault["message"]) == ("unknown_person", True)
    # Another provider's person is nobody here.
    family.run("provider", "add", EXPORTER)
    [fault] = family.json("user", "create", "lahteen.tunnus", "--provider", EXPORTER, "--person", named, code=1)[
        "faults"
    ]
    assert fault["code"] == "unknown_person"
    family.run(*create, named)
    assert _account_of(family, "lahteen.tunnus") == [("Jari", "Mäkinen")]


@pytest.mark.parametrize(
    ("who", "pointer", "advice"),
    [
        (("--ward", "nobody"), "ward", "Import the people"),
        (("--ward", "per-1", "--name", "Tuula"), "name", "Leave --name out"),
        (("--ward", "op-1"), "ward", "import the guardians first"),
        (("--person", "per-1", "--name", "Toivo"), "name", "Import the people"),
    ],
)
def test_who_is_not_found_is_told_with_advice(
    family: Installation, who: tuple[str, ...], pointer: str, advice: str
) -> None:
    before = family.rows("SELECT count(*) FROM access_account")
    [fault] = family.json("user", "create", "ei.kukaan", "--provider", PROVIDER, *who, code=1)["faults"]
    assert (fault["pointer"], fault["code"]) == (pointer, "unknown_person")
    assert advice in fault["message"]
    assert family.rows("SELECT count(*) FROM access_account") == before


@pytest.mark.parametrize("who", [(), ("--person", "per-1", "--ward", "per-1")])
def test_a_person_is_named_in_one_way(family: Installation, who: tuple[str, ...]) -> None:
    answer = family.run("user", "create", "ei.kukaan", "--provider", PROVIDER, *who, code=2)
    assert "--ward" in answer.stderr


def test_the_school_of_a_child_under_non_disclosure_is_not_among_what_tells_guardians_apart(
    family: Installation,
) -> None:
    def hide(hidden: bool) -> None:
        with psycopg.connect(family.admin_url) as connection:
            connection.execute("UPDATE people_person SET non_disclosure = %s WHERE given_name = 'Ilmi'", [hidden])

    hide(True)
    try:
        told = family.json("user", "create", "ei.kukaan", "--provider", PROVIDER, "--ward", "per-1", code=1)
    finally:
        hide(False)
    assert [(row["roles"], row["schools"]) for row in told["candidates"]] == [(["guardian"], [])] * 2
    assert audited(family, "account.read") > 0


def test_a_password_is_made_or_asked_and_a_short_one_is_refused(provider: Installation) -> None:
    provider.run("user", "create", "vieno.koskelo", "--provider", PROVIDER, "--person", "op-1")
    account = "SELECT password FROM access_account WHERE username = 'vieno.koskelo'"
    [(first,)] = provider.rows(account)
    asked = provider.run("user", "password", "vieno.koskelo", "--ask", stdin="kolme sanaa riviin\n")
    [(second,)] = provider.rows(account)
    assert check_password("kolme sanaa riviin", second)
    assert "kolme sanaa" not in asked.stdout + asked.stderr
    answer = provider.run("user", "password", "vieno.koskelo", "--ask", stdin="lyhyt\n", code=1, language="fi_FI.UTF-8")
    assert "Salasanassa on vähintään 12 merkkiä" in answer.stderr
    for poor, fault in (
        ("837465019283", "password_entirely_numeric"),
        ("qwertyuiop12", "password_too_common"),
        ("vieno.koskelo1", "password_too_similar"),
    ):
        told = provider.run("user", "password", "vieno.koskelo", "--ask", "--json", stdin=f"{poor}\n", code=1)
        assert fault in [one["code"] for one in json.loads(told.stdout)["faults"]], told.stdout
    assert provider.rows(account) == [(second,)] != [(first,)]
    made = provider.json("user", "password", "VIENO.KOSKELO")
    assert check_password(made["password"], provider.rows(account)[0][0])


def test_an_account_is_closed_and_opened_again(provider: Installation) -> None:
    provider.run("user", "create", "toinen.tunnus", "--provider", PROVIDER, "--person", "t-1")
    assert "is closed" in provider.run("user", "disable", "toinen.tunnus").stdout
    assert provider.rows("SELECT is_active FROM access_account WHERE username = 'toinen.tunnus'") == [(False,)]
    assert provider.json("user", "enable", "toinen.tunnus") == {"username": "toinen.tunnus", "is_active": True}
    assert provider.rows("SELECT is_active FROM access_account WHERE username = 'toinen.tunnus'") == [(True,)]


@pytest.mark.parametrize(
    ("arguments", "code", "advice"),
    [
        (
            ("create", "pirjo.laine", "--provider", PROVIDER, "--person", "nobody"),
            "unknown_person",
            "Import the people",
        ),
        (("create", "p l", "--provider", PROVIDER, "--person", "t-1"), "unfit", "no spaces"),
        (("create", "uusi.tunnus", "--provider", SCHOOL, "--person", "t-1"), "not_a_provider", "OID of the provider"),
        (("password", "ei.ole"), "unknown_account", "digione user list"),
        (("disable", "ei.ole"), "unknown_account", "digione user list"),
    ],
)
def test_what_cannot_be_done_to_an_account_is_told_and_changes_nothing(
    provider: Installation, arguments: tuple[str, ...], code: str, advice: str
) -> None:
    everything = "SELECT username, password, is_active, person_id FROM access_account ORDER BY 1"
    before = provider.rows(everything)
    [fault] = provider.json("user", *arguments, code=1)["faults"]
    assert fault["code"] == code
    assert advice in fault["message"]
    assert provider.rows(everything) == before


def test_a_user_name_is_taken_whatever_its_letters(provider: Installation) -> None:
    provider.run("user", "create", "sama.nimi", "--provider", PROVIDER, "--person", "t-1")
    [fault] = provider.json("user", "create", "Sama.Nimi", "--provider", PROVIDER, "--person", "t-1", code=1)["faults"]
    assert fault["code"] == "taken"


def test_the_command_speaks_the_language_of_the_terminal_or_the_one_that_is_asked(provider: Installation) -> None:
    path = provider.data / "faulty.csv"
    path.write_text("oma tunnus;etunimet;sukunimi;koulu;syntymäaika\nx-1;Eeli;Harju;Saarnivaaran koulu;31.2.2014\n")
    command = ("import", "people", str(path), "--provider", PROVIDER, "--dry-run")
    messages = {}
    for language, terminal, option in [
        ("fi", "fi_FI.UTF-8", ()),
        ("sv", "C.UTF-8", ("--language", "sv")),
        ("en", "C.UTF-8", ()),
        ("en", "de_DE.UTF-8", ()),
    ]:
        answer = provider.run(*command, *option, language=terminal, code=1)
        messages[language] = answer.stdout
    assert "virhe  faulty.csv:2 syntymäaika: Päivää 31.2.2014 ei ole olemassa." in messages["fi"]
    assert "Kokeilu: mitään ei muutettu." in messages["fi"]
    assert "fel  faulty.csv:2 syntymäaika: Dagen 31.2.2014 finns inte." in messages["sv"]
    assert "error  faulty.csv:2 syntymäaika: There is no such day as 31.2.2014." in messages["en"]
    [(stored,)] = provider.rows("SELECT problems FROM core_importrun ORDER BY id DESC LIMIT 1")
    assert stored == [
        {
            "severity": "error",
            "file": "faulty.csv",
            "line": 2,
            "field": "syntymäaika",
            "code": "date-impossible",
            "parameters": {"value": "31.2.2014"},
        }
    ]


def test_an_import_that_cannot_run_says_so_in_the_language_and_ends_with_2(provider: Installation) -> None:
    missing = ("import", "people", str(provider.data / "missing.csv"), "--provider", PROVIDER)
    assert "Tuontia ei voitu ajaa" in provider.run(*missing, "--language", "fi", code=2).stderr
    [unknown] = [provider.json("import", "people", __file__, "--provider", "1.2.3", code=2)]
    assert unknown["status"] == "failed"
    assert "1.2.3" in unknown["message"]


@pytest.mark.django_db
class TestSigningIn:
    PASSWORD = "neljä sanaa peräkkäin tässä"

    def _signed_in(self) -> Client:
        create_account(cast.platform, username="ope.tunnus", person=cast.TEACHER, password=self.PASSWORD)
        client = Client()
        answer = client.post("/accounts/login/", {"login": "ope.tunnus", "password": self.PASSWORD})
        assert answer.status_code == 302
        assert client.get("/settings").status_code == 200
        return client

    def test_a_closed_account_is_out_at_once_and_an_opened_one_comes_in_again(self) -> None:
        client = self._signed_in()
        set_account_active(cast.platform, username="ope.tunnus", active=False)
        assert "/accounts/login/" in client.get("/settings")["Location"]
        client.post("/accounts/login/", {"login": "ope.tunnus", "password": self.PASSWORD})
        assert client.get("/settings").status_code == 302
        set_account_active(cast.platform, username="ope.tunnus", active=True)
        client.post("/accounts/login/", {"login": "ope.tunnus", "password": self.PASSWORD})
        assert client.get("/settings").status_code == 200

    def test_a_new_password_signs_out_whoever_came_in_with_the_old_one(self) -> None:
        client = self._signed_in()
        made = change_password(cast.platform, username="ope.tunnus")
        assert client.get("/settings").status_code == 302
        client.post("/accounts/login/", {"login": "ope.tunnus", "password": self.PASSWORD})
        assert client.get("/settings").status_code == 302
        client.post("/accounts/login/", {"login": "ope.tunnus", "password": made.password})
        assert client.get("/settings").status_code == 200

    @pytest.mark.parametrize(
        "actor", [cast.teacher, cast.principal, cast.secretary, cast.administrator, cast.guardian, cast.pupil]
    )
    def test_nobody_but_the_platform_touches_accounts_and_providers(self, actor: Actor) -> None:
        create_account(cast.platform, username="ope.tunnus", person=cast.TEACHER, password=self.PASSWORD)
        model = get_user_model()
        before = list(model.objects.order_by("pk").values())
        for attempt in (
            lambda: create_account(actor, username="toinen.tunnus", person=cast.TEACHER),
            lambda: change_password(actor, username="ope.tunnus"),
            lambda: set_account_active(actor, username="ope.tunnus", active=False),
            lambda: people_for_account(actor, identifier="t-1"),
            lambda: accounts(actor),
            lambda: add_provider(actor, oid=cast.KUUSNIEMI_OID),
        ):
            with pytest.raises(DeniedError):
                attempt()
        assert list(model.objects.order_by("pk").values()) == before
