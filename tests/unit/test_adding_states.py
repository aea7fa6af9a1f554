"""States that the secretary adds: who may, by which rules, what it would mean, what is written, history and undoing."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from digione.access.roles import Role
from digione.core import clock
from digione.core.errors import DeniedError, NotFoundError
from digione.core.use_case import Actor
from digione.studies import addition_rules, addition_services, path_selectors, rules
from digione.studies import correction_services as corrections
from digione.studies.correction_facts import Corrected
from tests import cast
from tests.log import entries
from tests.unit.koski import right, subject, year
from tests.unit.test_corrections import aino, document, page, rows, set_mark, state_of  # noqa: F401
from tests.unit.test_desk_pages import signed_in
from tests.unit.test_study_paths import study

DAY = date(2026, 10, 1)
RIGHTS = f"/study-rights/{cast.PUPIL}"


def ours() -> dict[str, Any]:
    (found,) = page()["rights"]
    return dict(found)


def add(
    state: str = "valiaikaisestikeskeytynyt",
    since: date | None = DAY,
    actor: Actor = cast.secretary,
    learner: UUID = cast.PUPIL,
    **more: Any,
) -> Corrected:
    found = ours()
    values = {
        "right": found["id"],
        "state": state,
        "since": since,
        "funding": None,
        "reason": "studies_go_on",
        "seen": found["states"][-1]["sys_from"] if found["states"] else None,
    }
    return addition_services.add_state(actor, learner=learner, **{**values, **more})


def take_back(told: dict[str, Any], actor: Actor = cast.secretary) -> Corrected:
    return addition_services.take_state_back(
        actor, learner=cast.PUPIL, right=told["study_right_id"], row=told["id"], at=told["at"]
    )


def history() -> list[tuple[Any, ...]]:
    return [(row["kind"], row["was"], row["became"], row["reason"], row["stands"]) for row in page()["corrections"]]


@pytest.mark.usefixtures("aino")
def test_a_state_is_added_told_with_who_and_why_and_taken_back() -> None:
    before = document()
    assert add() == Corrected()
    assert [(s["state"], s["valid_from"], s["kept_by"]) for s in ours()["states"]] == [
        ("lasna", date(2023, 8, 9), None),
        ("valiaikaisestikeskeytynyt", DAY, "digione"),
    ]
    # In the register's document one state is more, and nothing else has changed.
    changed = document()
    added = changed["opiskeluoikeudet"][0]["tila"]["opiskeluoikeusjaksot"].pop()
    assert (added["alku"], added["tila"]["koodiarvo"]) == (DAY.isoformat(), "valiaikaisestikeskeytynyt")
    assert changed == before
    (told,) = page()["corrections"]
    assert history() == [("added", None, "valiaikaisestikeskeytynyt", "studies_go_on", True)]
    assert told["became_day"] == DAY
    assert take_back({**told, "at": told["at"] - timedelta(minutes=1)}).reasons == ("changed_since",)
    assert take_back(told) == Corrected()
    assert document() == before
    assert history() == [
        ("taken_back", "valiaikaisestikeskeytynyt", None, None, False),
        ("added", None, "valiaikaisestikeskeytynyt", "studies_go_on", False),
    ]


def _secretary() -> str:
    ((name,),) = rows("SELECT family_name FROM people_person WHERE id = %s", cast.SECRETARY)
    return str(name)


@pytest.mark.usefixtures("aino")
def test_a_state_that_ends_takes_the_rights_last_day_with_it_and_nothing_follows_it_but_an_annulment() -> None:
    assert add("eronnut").done
    assert ours()["valid_to"] == DAY
    later = DAY + timedelta(days=1)
    assert add("lasna", later).reasons == ("ended_already",)
    assert add("mitatoity", DAY).done, "an annulment may share the day of the end"
    assert ours()["void"]
    assert path_selectors.learner_path(cast.pupil)["rights"] == []
    # Also what is void can be taken back, first the one and then the other.
    latest, first = page()["corrections"]
    assert (latest["stands"], first["stands"]) == (True, False)
    assert take_back(first).reasons == ("changed_since",)
    assert take_back(latest).done
    assert take_back(page()["corrections"][-1]).done
    assert ours()["valid_to"] is None
    assert len(ours()["states"]) == 1


@pytest.mark.usefixtures("aino")
def test_what_cannot_be_is_refused_with_every_reason_and_nothing_is_written() -> None:
    before = document()
    assert add("ikuinen", None, reason="mistyped").reasons == ("no_reason", "no_such_state", "no_day")
    assert add("loma", date(2023, 8, 9)).reasons == ("not_after_last",)
    assert add("loma", date(2020, 1, 1)).reasons == ("not_after_last",)
    assert add("loma", funding="1").reasons == ("funding_not_told",)
    assert add("loma", funding="99").reasons == ("no_such_funding", "funding_not_told")
    assert add(seen=None).reasons == add(seen=clock.now()).reasons == ("changed_since",)
    assert document() == before
    assert history() == []


@pytest.mark.usefixtures("aino")
def test_funding_is_asked_where_the_level_needs_it_as_the_register_does() -> None:
    rows("UPDATE studies_studyright SET level = 'ammatillinenkoulutus'")
    assert add("loma").reasons == ("no_funding",)
    assert add("valiaikaisestikeskeytynyt", funding="1").reasons == ("funding_not_told",)
    assert add("loma", funding="1").done
    assert ours()["states"][-1]["funding"] == "1"


@pytest.mark.usefixtures("aino")
def test_a_study_right_without_a_state_gets_its_first_one_and_begins_with_it() -> None:
    rows("DELETE FROM studies_studyrightstate")
    rows("UPDATE studies_studyright SET valid_from = NULL")
    assert add("lasna", DAY).done
    found = ours()
    assert (found["valid_from"], found["states"][0]["state"]) == (DAY, "lasna")
    assert take_back(page()["corrections"][0]).done
    assert (ours()["valid_from"], ours()["states"]) == (None, [])


@pytest.mark.usefixtures("aino")
def test_days_that_the_study_right_had_before_stay_when_the_state_that_agrees_with_them_is_taken_back() -> None:
    rows("UPDATE studies_studyright SET valid_to = %s", DAY)
    assert add("eronnut").done
    assert take_back(page()["corrections"][0]).done
    assert ours()["valid_to"] == DAY
    rows("DELETE FROM studies_studyrightstate")
    rows("UPDATE studies_studyright SET valid_from = %s, valid_to = NULL", DAY)
    assert add("lasna").done
    assert take_back(page()["corrections"][0]).done
    assert ours()["valid_from"] == DAY


@pytest.mark.usefixtures("aino")
def test_a_day_that_the_study_right_had_before_a_correction_stays_when_that_is_undone() -> None:
    rows("UPDATE studies_studyright SET valid_to = %s", DAY)
    assert add("loma").done
    found = state_of()
    assert corrections.correct_state(
        cast.secretary,
        learner=cast.PUPIL,
        state=found["id"],
        to="eronnut",
        since=DAY,
        reason="mistyped",
        seen=found["sys_from"],
    ).done
    made = next(row for row in page()["corrections"] if row["stands"])
    assert corrections.undo_correction(cast.secretary, learner=cast.PUPIL, row=made["id"], at=made["at"]).done
    assert ours()["valid_to"] == DAY


@pytest.mark.usefixtures("aino")
@pytest.mark.parametrize(
    "who", ["principal", "teacher", "outsider", "administrator", "guardian", "pupil", "stranger_guardian", "platform"]
)
def test_nobody_but_the_secretary_adds_or_takes_back(who: str) -> None:
    before = document()
    with pytest.raises((DeniedError, NotFoundError)):
        add("eronnut", actor=getattr(cast, who))
    assert document() == before
    assert add("eronnut").done
    (told,) = page()["corrections"]
    with pytest.raises((DeniedError, NotFoundError)):
        take_back(told, getattr(cast, who))
    assert len(ours()["states"]) == 2


@pytest.mark.usefixtures("aino")
def test_another_providers_secretary_and_another_learner_find_nothing() -> None:
    elsewhere = Actor(str(Role.SCHOOL_SECRETARY), person_id=cast.OUTSIDER, provider_id=cast.VALKAMO)
    with pytest.raises((DeniedError, NotFoundError)):
        add(actor=elsewhere)
    with pytest.raises(NotFoundError):
        add(learner=cast.UNTAUGHT_PUPIL)
    with pytest.raises(NotFoundError):
        add(right=uuid4())
    assert len(ours()["states"]) == 1


@pytest.mark.usefixtures("aino")
def test_what_a_source_or_an_app_keeps_and_another_schools_right_get_no_state(tmp_path: Path) -> None:
    rows("UPDATE studies_studyrightstate SET kept_by = 'app:01900000-0000-7000-8000-000000000001'")
    assert add().reasons == ("kept_by_app",)
    study(
        tmp_path,
        cast.PUPIL,
        cast.PUPIL_HETU,
        right(year(subject("MA", "6")), oppilaitos={"oid": "1.2.246.562.10.00000000001"}),
    )
    kept = next(one for one in page()["rights"] if one["source"])
    refused = addition_services.add_state(
        cast.secretary, learner=cast.PUPIL, right=kept["id"], state="loma", since=DAY, funding=None,
        reason="request", seen=kept["states"][-1]["sys_from"],
    )  # fmt: skip
    assert (refused.reasons, refused.source) == (("kept_by_source", "other_school"), "koski")
    assert rows("SELECT count(*) FROM studies_studyrightstate WHERE state = 'loma'") == [(0,)]


@pytest.mark.usefixtures("aino")
def test_an_addition_that_was_corrected_since_is_not_taken_back() -> None:
    assert add("loma").done
    (told,) = page()["corrections"]
    found = state_of()
    to = {"to": "valiaikaisestikeskeytynyt", "since": DAY, "reason": "mistyped"}
    assert corrections.correct_state(
        cast.secretary, learner=cast.PUPIL, state=found["id"], seen=found["sys_from"], **to
    ).done
    assert take_back(told).reasons == ("changed_since",)
    assert history() == [
        ("state", "loma", "valiaikaisestikeskeytynyt", "mistyped", True),
        ("added", None, "loma", "studies_go_on", False),
    ]


@pytest.mark.usefixtures("aino")
def test_of_two_who_add_at_once_the_second_is_told() -> None:
    seen = state_of()["sys_from"]
    assert add("loma").done
    assert add("eronnut", DAY + timedelta(days=9), seen=seen).reasons == ("changed_since",)
    assert [state["state"] for state in ours()["states"]] == ["lasna", "loma"]


@pytest.mark.usefixtures("aino")
def test_marks_are_corrected_beside_it_and_a_mere_correction_leaves_no_addition() -> None:
    assert set_mark("7").done
    assert add("loma").done
    assert [kind for kind, *_ in history()] == ["added", "mark"]


def _right(level: str = "perusopetus", *states: tuple[str, date], **more: Any) -> dict[str, Any]:
    made = [{"state": state, "valid_from": day, "funding": None} for state, day in states]
    begins = states[0][1] if states else None
    base = {"level": level, "states": made, "attainments": [], "begins": begins, "valid_from": begins}
    return {**base, "valid_to": None, "expected_end": None, **more}


def test_what_a_state_means_is_told_before_it_is_written() -> None:
    today, began = date(2026, 11, 30), date(2024, 8, 1)
    going = _right("perusopetus", ("lasna", began))

    def told(state: str, since: date, right: dict[str, Any] = going) -> list[tuple[Any, ...]]:
        found = addition_rules.effects(right, state=state, since=since, funding=None, today=today)
        return [(one.code, one.day, one.finding.code if one.finding else one.state) for one in found]

    assert told("loma", DAY) == [
        ("held_until", date(2026, 9, 30), "lasna"),
        ("holds_from", DAY, "loma"),
        ("goes_on", None, None),
    ]
    assert told("eronnut", DAY)[1:] == [("ends", DAY, "eronnut")]
    assert told("eronnut", date(2026, 12, 3))[1:] == [
        ("ends", date(2026, 12, 3), "eronnut"),
        ("still_to_come", date(2026, 12, 3), None),
    ]
    assert told("mitatoity", DAY) == [("made_void", None, None)]
    assert told("lasna", DAY, _right()) == [("holds_from", DAY, "lasna"), ("goes_on", None, None)]
    whole = {"id": uuid4(), "kind": "perusopetuksenoppimaara", "confirmed_on": None, "valid_from": None, "parts": [], "assessments": []}  # fmt: skip
    unconfirmed = {**going, "attainments": [whole]}
    assert told("valmistunut", DAY, unconfirmed)[2:] == [("amiss", None, "end_without_confirmation")]
    # What the page tells as amiss already is not told again.
    late = {**going, "expected_end": date(2025, 1, 1)}
    assert [code for code, *_ in told("loma", DAY, late)] == ["held_until", "holds_from", "goes_on"]


@pytest.mark.usefixtures("aino")
def test_the_word_before_is_what_the_deed_is_after() -> None:
    """The day on which a study right ends in the preview is the one that it has afterwards."""
    found = ours()
    after = addition_rules.with_state(found, state="eronnut", since=DAY, funding=None)
    assert add("eronnut").done
    assert (ours()["valid_to"], ours()["findings"]) == (
        after["valid_to"],
        rules.findings(after, today=clock.today()),
    )


@pytest.mark.usefixtures("aino", "owners_log")
def test_the_log_tells_who_has_added_and_what_was_refused() -> None:
    add("lasna", date(2020, 1, 1))
    add("loma")
    refused, done = entries("e.event = 'study_right.state_added'")
    assert "not_after_last" in str(refused["scope"])
    for entry in (refused, done):
        assert "studies" in entry["seen"].split(",")


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
@pytest.mark.usefixtures("aino")
def test_the_page_shows_what_it_means_first_and_writes_then(client: Client, language: str) -> None:
    desk = signed_in(client, cast.SECRETARY)
    desk.cookies["django_language"] = language
    place = ("fi", "sv", "en").index(language)
    found = ours()
    address = f"{RIGHTS}/rights/{found['id']}/states"
    assert address in desk.get(RIGHTS).content.decode()
    asked = {"to": "eronnut", "since": "2026-10-01", "reason": "request", "seen": found["states"][-1]["sys_from"].isoformat()}  # fmt: skip
    assert desk.get(address).status_code == 200
    told = desk.post(address, {**asked, "step": "look"})
    ends = ("Opiskeluoikeus päättyy 1.10.", "Studierätten upphör 1.10", "The study right ends on 1 Oct")[place]
    assert told.status_code == 200
    assert ends in told.content.decode()
    assert len(ours()["states"]) == 1, "looking writes nothing"
    early = desk.post(address, {**asked, "since": "2020-01-01", "step": "look"})
    assert early.status_code == 409
    assert desk.post(address, {**asked, "reason": "", "step": "look"}).status_code == 409
    stale = desk.post(address, {**asked, "seen": "2020-01-01T00:00:00+00:00", "step": "look"})
    assert stale.status_code == 409, "nobody confirms what is out of date already"
    assert asked["seen"] in stale.content.decode(), "and looks again at what stands now"
    done = desk.post(address, {**asked, "step": "write"})
    assert (done.status_code, done["location"]) == (302, f"{RIGHTS}?done=added")
    assert ours()["states"][-1]["state"] == "eronnut"
    (told_of,) = page()["corrections"]
    assert told_of["family_name"] == _secretary()
    undone = desk.post(f"{address}/{told_of['id']}/undo", {"at": told_of["at"].isoformat()})
    assert undone["location"] == f"{RIGHTS}?done=taken_back"
    assert desk.post(f"{address}/{told_of['id']}/undo", {"at": told_of["at"].isoformat()}).status_code == 409


@pytest.mark.usefixtures("aino")
@pytest.mark.parametrize("who", [cast.TEACHER, cast.GUARDIAN, cast.PUPIL, cast.PRINCIPAL, cast.OUTSIDER])
def test_the_page_is_the_secretarys_alone(client: Client, who: UUID) -> None:
    found = ours()
    address = f"{RIGHTS}/rights/{found['id']}/states"
    desk = signed_in(client, who)
    asked = {"to": "eronnut", "since": "2026-10-01", "reason": "request", "seen": found["states"][-1]["sys_from"].isoformat()}  # fmt: skip
    assert desk.get(address).status_code in (403, 404)
    assert desk.post(address, {**asked, "step": "look"}).status_code in (403, 404)
    assert desk.post(address, {**asked, "step": "write"}).status_code in (403, 404)
    assert len(ours()["states"]) == 1
