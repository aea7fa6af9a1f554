"""Provider succession: recorded by the platform alone, read by the providers concerned, and nothing is moved."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import translation

from digione.core import clock
from digione.core.errors import DeniedError, InvalidInputError
from digione.core.use_case import Actor, set_reach
from digione.organisations.selectors import provider_page
from digione.organisations.services import record_succession
from digione.studies.selectors import administrator_landing
from digione.web.templatetags.organisations import change_sentence, changes_of
from tests import cast
from tests.unit.test_desk_pages import signed_in

pytestmark = pytest.mark.django_db
SARANIEMI_OID = "1.2.246.562.199.10000000052"
ON, DECISION = date(2027, 1, 1), "Kuusniemen kaupunginvaltuusto 14.9.2026, § 88"


@pytest.fixture(autouse=True)
def _third_provider() -> None:
    set_reach(cast.platform)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO organisations_organisation (id, oid, kinds, name, sort_key, source)"
            " VALUES (gen_random_uuid(), %s, '{provider}', '{\"fi\": \"Saraniemi\"}', 'saraniemi', 'demo')",
            [SARANIEMI_OID],
        )


def state() -> list[Any]:
    """Return what is recorded, announced, and whose every row of a tenant is."""
    set_reach(cast.platform)
    found: list[Any] = []
    with connection.cursor() as cursor:
        for sql in (
            "SELECT predecessor_id, successor_id, kind, on_date, decision FROM organisations_succession ORDER BY 1, 2",
            "SELECT provider_id, subject, data FROM core_outbox WHERE type = 'organisations.provider_succeeded'",
        ):
            cursor.execute(sql)
            found.append(cursor.fetchall())
        for provider in (cast.KUUSNIEMI, cast.VALKAMO):
            set_reach(Actor("administrator", provider_id=provider))
            cursor.execute(
                "SELECT count(*), min(provider_id::text), max(provider_id::text) FROM ("
                "SELECT provider_id FROM people_providerperson UNION ALL SELECT provider_id FROM studies_enrolment"
                " UNION ALL SELECT provider_id FROM studies_group) held"
            )
            found.append(cursor.fetchall())
    return found


def record(actor: Actor = cast.platform, oid: str = cast.KUUSNIEMI_OID, **changes: Any) -> dict[str, Any]:
    values = {"successors": [cast.VALKAMO_OID], "on": ON, "decision": DECISION, **changes}
    return record_succession(actor, oid=oid, **values)


def test_a_merger_is_told_on_both_sides_and_moves_nothing() -> None:
    before = state()
    row = record()
    assert row["added"]
    told = {"kind": "merge", "on_date": ON, "decision": DECISION}
    assert row["successors"] == [{"oid": cast.VALKAMO_OID, "name": {"fi": "Valkamo", "sv": "Valkamo"}, **told}]
    page = provider_page(cast.platform, oid=cast.VALKAMO_OID)
    assert (page["successors"], [one["oid"] for one in page["predecessors"]]) == ([], [cast.KUUSNIEMI_OID])
    mine = administrator_landing(cast.administrator)["succession"]
    assert [one["oid"] for one in mine["successors"]] == [cast.VALKAMO_OID]
    other = administrator_landing(cast.actor(cast.OUTSIDER, cast.Role.ADMINISTRATOR, cast.VALKAMO))["succession"]
    assert [one["oid"] for one in other["predecessors"]] == [cast.KUUSNIEMI_OID]
    after = state()
    assert after[2:] == before[2:], "whose rows they are does not change"
    assert len(after[1]) == 1


def test_recording_it_twice_changes_nothing() -> None:
    record()
    before = state()
    assert record()["added"] is False
    assert state() == before


def test_a_split_goes_on_in_several() -> None:
    row = record(successors=[cast.VALKAMO_OID, SARANIEMI_OID])
    assert {(one["oid"], one["kind"]) for one in row["successors"]} == {
        (cast.VALKAMO_OID, "split"),
        (SARANIEMI_OID, "split"),
    }
    assert record(oid=SARANIEMI_OID, kind="change")["successors"][0]["kind"] == "change"


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"successors": ["1.2.246.562.10.1"]}, {("to", "unknown_organisation")}),
        ({"successors": ["1.2.246.562.199.10000000037"]}, {("to", "not_a_provider")}),
        ({"oid": "1.2.246.562.10.1"}, {("oid", "unknown_organisation")}),
        ({"successors": [cast.KUUSNIEMI_OID]}, {("to", "itself")}),
        ({"successors": [SARANIEMI_OID, SARANIEMI_OID]}, {("to", "named_twice")}),
        ({"successors": []}, {("kind", "wrong_number")}),
        ({"kind": "split"}, {("kind", "wrong_number")}),
        ({"kind": "merge", "successors": [cast.VALKAMO_OID, SARANIEMI_OID]}, {("kind", "wrong_number")}),
        (
            {"decision": " ", "successors": ["1.2.246.562.10.1", cast.KUUSNIEMI_OID]},
            {("decision", "missing"), ("to", "unknown_organisation"), ("to", "itself")},
        ),
    ],
)
def test_every_fault_is_told_and_nothing_is_recorded(changes: dict[str, Any], codes: set[tuple[str, str]]) -> None:
    before = state()
    with pytest.raises(InvalidInputError) as refusal:
        record(**changes)
    assert {(fault.pointer, fault.code) for fault in refusal.value.faults} == codes
    assert state() == before


def test_what_is_recorded_is_neither_changed_nor_turned_round() -> None:
    record()
    record(oid=cast.VALKAMO_OID, successors=[SARANIEMI_OID])
    before = state()
    for changes, code in (
        ({"on": date(2028, 1, 1)}, "recorded_otherwise"),
        ({"decision": "Toinen päätös"}, "recorded_otherwise"),
        ({"kind": "change"}, "recorded_otherwise"),
        ({"oid": SARANIEMI_OID, "successors": [cast.KUUSNIEMI_OID]}, "circle"),
        ({"oid": cast.VALKAMO_OID, "successors": [cast.KUUSNIEMI_OID]}, "circle"),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            record(**changes)
        assert [fault.code for fault in refusal.value.faults] == [code], changes
    assert state() == before


@pytest.mark.parametrize(
    "actor", [cast.administrator, cast.principal, cast.secretary, cast.teacher, cast.guardian, cast.pupil]
)
def test_nobody_but_the_platform_records_or_reads_it_of_any_provider(actor: Actor) -> None:
    before = state()
    with pytest.raises(DeniedError) as refusal:
        record(actor)
    assert refusal.value.rule == "provider:manage"
    with pytest.raises(DeniedError):
        provider_page(actor, oid=cast.KUUSNIEMI_OID)
    assert state() == before


def test_the_net_alone_lets_no_provider_write_one() -> None:
    record()
    before = state()
    set_reach(cast.administrator)
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO organisations_succession (id, predecessor_id, successor_id, kind, on_date)"
            " VALUES (gen_random_uuid(), %s, %s, 'merge', '2027-01-01')",
            [cast.VALKAMO, cast.KUUSNIEMI],
        )
    with connection.cursor() as cursor:
        for sql in ("UPDATE organisations_succession SET decision = 'x'", "DELETE FROM organisations_succession"):
            cursor.execute(sql)
            assert cursor.rowcount == 0
    assert state() == before


@pytest.mark.parametrize(
    ("language", "coming", "past"),
    [
        ("fi", ("Tulevat organisaatiomuutokset", "Yhdistymme siihen 1.1.2027."), "Sen toiminta siirtyi meille 1.8.2026."),
        ("sv", ("Kommande organisationsförändringar", "Vi går upp i den 1.1.2027."), "Dess verksamhet övergick till oss 1.8.2026."),
        ("en", ("Coming changes of organisation", "We merge into it on 1 Jan 2027."), "Its work came over to us on 1 Aug 2026."),
    ],
)  # fmt: skip
def test_the_administrator_is_told_what_comes_before_the_schools_and_what_was_after_them(
    language: str, coming: tuple[str, str], past: str, client: Client
) -> None:
    record()
    record(oid=SARANIEMI_OID, successors=[cast.KUUSNIEMI_OID], kind="change", on=date(2026, 8, 1), decision="§ 31")
    signed_in(client, cast.ADMINISTRATOR)
    client.cookies["django_language"] = language

    def page(on: date) -> str:
        with clock.fixed(datetime(on.year, on.month, on.day, 9, tzinfo=UTC)):
            return str(client.get("/").content.decode())

    before = page(date(2026, 12, 31))
    places = [before.index(text) for text in (*coming, DECISION, 'id="schools"', past, "§ 31")]
    assert places == sorted(places)
    after = page(ON)
    assert coming[0] not in after
    assert coming[1] not in after
    assert after.index('id="schools"') < after.index(DECISION) < after.index("§ 31"), "the latest first"


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_kind_of_change_has_its_sentence_before_and_after(language: str) -> None:
    with translation.override(language), clock.fixed(datetime(2026, 11, 24, 9, tzinfo=UTC)):
        told = {
            change_sentence({"kind": kind, "came": came, "on_date": on})
            for kind in ("merge", "split", "change")
            for came in (True, False)
            for on in (date(2026, 11, 24), date(2026, 11, 25))
        }
    assert len(told) == 12
    assert changes_of({}, "coming") == []
