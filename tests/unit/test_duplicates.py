"""Two records, perhaps one person: who may decide, what a decision does, and that it can be taken back."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from digione.access.roles import Role
from digione.core import secrets
from digione.core.errors import DeniedError, NotFoundError
from digione.core.texts import search_key, sort_key
from digione.core.use_case import Actor, set_reach
from digione.integrations.csv_templates import read_people
from digione.integrations.loading.report import Report
from digione.integrations.loading.services import import_roster
from digione.people import selectors as people
from digione.people.desks import desk_of
from digione.studies import selectors as studies
from digione.studies import services
from tests import cast
from tests.cast import insert

pytestmark = pytest.mark.django_db
TWIN, CASE, MAIL = (UUID(f"01900000-0000-7000-8000-0000000009{n:02}") for n in (1, 2, 3))
BEFORE = "2026-01-07 09:00+02"
DAY = date(2026, 11, 24)


@pytest.fixture
def twin() -> UUID:
    """A second record of the pupil Aino, from another source: without an identity code, in another group."""
    _as(cast.administrator)
    mine = {"provider_id": cast.KUUSNIEMI, "sys_from": BEFORE}
    number = iter(range(910, 930))

    def row(**values: Any) -> dict[str, Any]:
        return {"id": UUID(f"01900000-0000-7000-8000-000000000{next(number)}"), **mine, **values}

    given, family = cast.PEOPLE[cast.PUPIL]
    insert("people_providerperson", [row(person_id=TWIN, basis="learner", valid_from=cast.START)])
    person = {
        "id": TWIN,
        "first_names": given,
        "given_name": given,
        "family_name": family,
        "sort_key": sort_key(family, given),
        "search_key": search_key(family, given),
        "birth_date": date(2017, 3, 14),
        "mother_tongue": "FI",
        "sys_from": BEFORE,
    }
    insert("people_person", [person])
    insert(
        "people_contact",
        [
            row(person_id=TWIN, kind="email", value="aino@example.invalid"),
            {**row(person_id=TWIN, kind="phone", value="+358 40 00000001"), "id": MAIL},
        ],
    )
    insert(
        "people_guardianship",
        [
            row(guardian_id=cast.GUARDIAN, child_id=TWIN, limits=["no_decisions"], valid_from=cast.START, source="b"),
            row(guardian_id=cast.STRANGER_GUARDIAN, child_id=TWIN, limits=[], valid_from=cast.START, source="b"),
        ],
    )
    insert(
        "studies_schoolenrolment",
        [row(person_id=TWIN, school_id=cast.RANTAPUISTO, grade="3", valid_from=date(2025, 8, 1))],
    )
    insert(
        "studies_enrolment",
        [
            row(
                group_id=cast.GROUP_4A,
                school_id=cast.RANTAPUISTO,
                person_id=TWIN,
                role="student",
                valid_from=cast.START,
            )
        ],
    )
    insert(
        "people_identifier",
        [row(person_id=TWIN, kind="local", value_enc=secrets.encrypt("b-7"), digest=secrets.digest("b-7"), key_id=1)],
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO core_sourcekey (provider_id, source, kind, key, target_id, masters)"
            " VALUES (%s, 'b', %s, 'b-7', %s, %s)",
            [(cast.KUUSNIEMI, "person", TWIN, True), (cast.KUUSNIEMI, "contact", MAIL, False)],
        )
    one, other = sorted((cast.PUPIL, TWIN))
    insert(
        "people_duplicatecase",
        [{**mine, "id": CASE, "person_id": one, "other_person_id": other, "reason": "same_name_and_birth_date"}],
    )
    return TWIN


def _as(actor: Actor) -> None:
    set_reach(actor)


def _ask(sql: str, *parameters: Any, actor: Actor = cast.administrator) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(actor)
        cursor.execute(sql, parameters)
        return cursor.fetchall()


_HELD = """
SELECT 'link' AS kind, id::text, person_id::text, valid_from::text, valid_to::text FROM people_providerperson WHERE provider_id = %(p)s
UNION ALL SELECT 'person', id::text, non_disclosure::text, mother_tongue, NULL FROM people_person
UNION ALL SELECT 'identifier', id::text, person_id::text, current::text, NULL FROM people_identifier
UNION ALL SELECT 'contact', id::text, person_id::text, value, NULL FROM people_contact
UNION ALL SELECT 'guardianship', id::text, guardian_id::text, child_id::text, limits::text FROM people_guardianship
UNION ALL SELECT 'school', id::text, person_id::text, valid_from::text, valid_to::text FROM studies_schoolenrolment
UNION ALL SELECT 'group', id::text, person_id::text, valid_from::text, valid_to::text FROM studies_enrolment
UNION ALL SELECT 'key', source || kind || key, target_id::text, NULL, NULL FROM core_sourcekey
UNION ALL SELECT 'succession', id::text, person_id::text, successor_id::text, NULL FROM people_personsuccession
UNION ALL SELECT 'case', id::text, person_id::text, other_person_id::text, status FROM people_duplicatecase ORDER BY 1, 2"""


def _held() -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        set_reach(cast.administrator)
        cursor.execute(_HELD, {"p": cast.KUUSNIEMI})
        return cursor.fetchall()


def _told() -> list[str]:
    return [kind for (kind,) in _ask("SELECT type FROM core_outbox WHERE type LIKE 'people.%%' ORDER BY position")]


@pytest.mark.parametrize(
    "stranger", [cast.outsider, cast.teacher, cast.guardian, cast.pupil, cast.principal], ids=lambda actor: actor.role
)
def test_nobody_else_sees_or_decides_a_case(twin: UUID, stranger: Actor) -> None:
    before = _held()
    for decide in (
        lambda: services.decide_different(stranger, case=CASE),
        lambda: services.decide_same(stranger, case=CASE, kept=cast.PUPIL),
        lambda: services.undo_duplicate_decision(stranger, case=CASE),
        lambda: studies.duplicate_case(stranger, case=CASE),
    ):
        with pytest.raises(NotFoundError):
            decide()
    with pytest.raises(DeniedError):
        studies.duplicate_list(stranger)
    assert _held() == before


def test_an_administrator_of_another_provider_finds_no_case(twin: UUID) -> None:
    before = _held()
    elsewhere = cast.actor(cast.OUTSIDER, cast.Role.ADMINISTRATOR, cast.VALKAMO)
    assert studies.duplicate_list(elsewhere) == {"open": [], "decided": []}
    with pytest.raises(NotFoundError):
        services.decide_different(elsewhere, case=CASE)
    assert _held() == before


@pytest.mark.parametrize("actor", [cast.administrator, cast.secretary], ids=lambda actor: actor.role)
def test_both_records_are_compared_with_their_sources(twin: UUID, actor: Actor) -> None:
    assert [row["id"] for row in studies.duplicate_list(actor)["open"]] == [CASE]
    page = studies.duplicate_case(actor, case=CASE)
    fields = {field["name"]: field for field in page["fields"]}
    assert page["suggested"] == cast.PUPIL, "The record with an identity code speaks for itself."
    assert fields["birth_date"]["agrees"] == "same"
    assert fields["hetu"]["agrees"] == "one"
    assert fields["groups"]["agrees"] == "differs"
    number = [person["id"] for person in page["persons"]].index(TWIN)
    assert fields["phone"]["sides"][number] == {"values": [{"text": "+358 40 00000001"}], "sources": ["b"]}
    assert cast.PUPIL_HETU not in str(page)


def test_an_administrator_is_not_shown_what_non_disclosure_protects(twin: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE people_person SET non_disclosure = true WHERE id = %s", [TWIN])
    hidden = {row["name"] for row in studies.duplicate_case(cast.administrator, case=CASE)["fields"] if row["hidden"]}
    assert hidden >= {"email", "phone", "schools", "groups"}
    assert not any(row["hidden"] for row in studies.duplicate_case(cast.secretary, case=CASE)["fields"])


def test_two_persons_stay_two_and_are_not_asked_about_again(twin: UUID) -> None:
    before = _held()
    assert services.decide_different(cast.secretary, case=CASE).done
    changed = set(_held()) ^ set(before)
    assert {row[0] for row in changed} == {"case"}
    assert studies.duplicate_list(cast.administrator)["open"] == []
    assert services.decide_same(cast.administrator, case=CASE, kept=cast.PUPIL).reasons == ("decided_already",)
    assert _told() == ["people.duplicate_dismissed"]
    assert services.undo_duplicate_decision(cast.administrator, case=CASE).done
    assert _held() == before
    assert _told() == ["people.duplicate_dismissed", "people.duplicate_reopened"]


def test_one_person_keeps_everything_and_the_old_id_leads_to_it(twin: UUID) -> None:
    before = _held()
    assert services.decide_same(cast.administrator, case=CASE, kept=cast.PUPIL).done
    page = studies.person_page(cast.secretary, person=TWIN)
    assert page["person"]["id"] == cast.PUPIL
    assert {row["value"] for row in page["contacts"]} == {"aino@example.invalid", "+358 40 00000001"}
    assert {row["id"] for row in page["guardians"]} == {
        cast.GUARDIAN,
        cast.LIMITED_GUARDIAN,
        cast.STRANGER_GUARDIAN,
    }
    assert [row["limits"] for row in page["guardians"] if row["id"] == cast.GUARDIAN] == [["no_decisions"]]
    (school,) = page["path"]
    assert school["valid_from"] == date(2025, 8, 1), "Two enrolments at one school that meet are one."
    assert {group["code"] for group in page["schooling"][0]["groups"]} == {"3 B", "4 A"}
    assert _ask("SELECT mother_tongue FROM people_person WHERE id = %s", cast.PUPIL) == [("FI",)]
    assert _ask("SELECT kind, target_id FROM core_sourcekey WHERE source = 'b' AND kind <> 'contact'") == [
        ("person", cast.PUPIL)
    ]
    (link,) = _ask("SELECT valid_to < now() FROM people_providerperson WHERE person_id = %s", TWIN)
    assert link == (True,), "Apps see the id of a record that ended as one to be deleted."
    assert studies.person_page(cast.guardian, person=TWIN)["person"]["id"] == cast.PUPIL
    assert _told() == ["people.persons_merged"]
    assert services.undo_duplicate_decision(cast.administrator, case=CASE).done
    assert _held() == before
    with pytest.raises(NotFoundError):
        studies.person_page(cast.guardian, person=UUID(int=7))


def test_the_record_that_stays_may_be_either(twin: UUID) -> None:
    before = _held()
    assert services.decide_same(cast.secretary, case=CASE, kept=TWIN).done
    assert studies.person_page(cast.secretary, person=cast.PUPIL)["person"]["id"] == TWIN
    assert cast.PUPIL not in desk_of(cast.GUARDIAN, day=DAY).wards
    assert TWIN in desk_of(cast.GUARDIAN, day=DAY).wards
    (case,) = studies.duplicate_list(cast.secretary)["decided"]
    assert case["kept"] == TWIN
    assert services.undo_duplicate_decision(cast.secretary, case=CASE).done
    assert _held() == before


def test_a_limit_of_custody_outlives_a_merge(twin: UUID) -> None:
    """The father without a right to information has a second, unlimited custody of the second record."""
    insert(
        "people_guardianship",
        [
            {
                "id": UUID(int=77),
                "provider_id": cast.KUUSNIEMI,
                "guardian_id": cast.LIMITED_GUARDIAN,
                "child_id": TWIN,
                "valid_from": date(2026, 1, 1),
                "source": "b",
                "sys_from": BEFORE,
            }
        ],
    )
    assert desk_of(cast.LIMITED_GUARDIAN, day=DAY).wards == (TWIN,)
    before = _held()
    assert services.decide_same(cast.administrator, case=CASE, kept=cast.PUPIL).done
    assert desk_of(cast.LIMITED_GUARDIAN, day=DAY).wards == ()
    assert services.undo_duplicate_decision(cast.administrator, case=CASE).done
    assert _held() == before


def test_of_two_rows_that_become_one_the_master_of_the_one_that_stays_masters_it(twin: UUID) -> None:
    custody = "SELECT id FROM people_guardianship WHERE guardian_id = %s AND child_id = %s"
    keys = [("a", _ask(custody, cast.GUARDIAN, cast.PUPIL)[0][0]), ("b", _ask(custody, cast.GUARDIAN, TWIN)[0][0])]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO core_sourcekey (provider_id, source, kind, key, target_id, masters)"
            " VALUES (%s, %s, 'guardian', 'g', %s, true)",
            [(cast.KUUSNIEMI, *key) for key in keys],
        )
    held = "SELECT source, target_id, masters FROM core_sourcekey WHERE kind = 'guardian' ORDER BY source"
    before = _ask(held)
    assert services.decide_same(cast.administrator, case=CASE, kept=cast.PUPIL).done
    assert _ask(held) == [("a", keys[0][1], True), ("b", keys[0][1], False)]
    assert services.undo_duplicate_decision(cast.administrator, case=CASE).done
    assert _ask(held) == before


def test_what_came_since_keeps_a_merge_from_being_undone(twin: UUID) -> None:
    assert services.decide_same(cast.administrator, case=CASE, kept=cast.PUPIL).done
    insert(
        "people_contact",
        [
            {
                "id": UUID(int=78),
                "provider_id": cast.KUUSNIEMI,
                "person_id": cast.PUPIL,
                "kind": "phone",
                "value": "+358 40 00000002",
            }
        ],
    )
    before = _held()
    assert services.undo_duplicate_decision(cast.administrator, case=CASE).reasons == ("changed_since",)
    assert _held() == before


def test_a_guardian_and_a_child_are_never_one(twin: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_guardianship SET guardian_id = %s WHERE source = 'b' AND guardian_id = %s",
            [cast.PUPIL, cast.STRANGER_GUARDIAN],
        )
    before = _held()
    assert services.decide_same(cast.administrator, case=CASE, kept=cast.PUPIL).reasons == ("kin",)
    assert _held() == before


def test_two_identity_codes_are_two_persons(twin: UUID) -> None:
    code = "140317A936U"
    identifier = {"kind": "hetu", "value_enc": secrets.encrypt(code), "digest": secrets.digest(code), "key_id": 1}
    insert("people_identifier", [{"id": UUID(int=79), "person_id": TWIN, **identifier}])
    before = _held()
    outcome = services.decide_same(cast.administrator, case=CASE, kept=TWIN)
    assert outcome.reasons == ("identity_codes_differ",)
    assert _held() == before


def test_a_record_that_is_not_ours_alone_is_held_back_and_no_other_provider_is_named(twin: UUID) -> None:
    number = "1.2.246.562.24.10000000001"
    secret = {"value_enc": secrets.encrypt(number), "digest": secrets.digest(number), "key_id": 1}
    insert("people_identifier", [{"id": UUID(int=81), "person_id": TWIN, "kind": "learner_number", **secret}])
    _as(Actor("administrator", provider_id=cast.VALKAMO))
    cast.meet("learner_number", number, *cast.PEOPLE[cast.PUPIL])
    link = {"id": UUID(int=80), "provider_id": cast.VALKAMO, "person_id": TWIN, "basis": "learner"}
    insert("people_providerperson", [{**link, "valid_from": cast.START}])
    before = _held()
    outcome = services.decide_same(cast.administrator, case=CASE, kept=cast.PUPIL)
    assert outcome.reasons == ("held_back",)
    assert _held() == before
    page = str(studies.duplicate_case(cast.administrator, case=CASE))
    assert str(cast.VALKAMO) not in page
    assert "Valkamo" not in page
    assert services.decide_same(cast.administrator, case=CASE, kept=TWIN).done, "The other way nobody loses anything."


def test_the_next_import_of_either_source_finds_the_record_that_stays(tmp_path: Path) -> None:
    """Two sources bring the same boy; he is merged, both bring him again, and nobody is made, ended or asked about."""
    header = "oma tunnus;etunimet;kutsumanimi;sukunimi;syntymäaika;koulu;vuosiluokka;ryhmä;alkaa\n"
    line = "{};Nuutti;Nuutti;Peltosaari;3.5.2019;Rantapuiston koulu;3;3 B;16.11.2026\n"

    def load(source: str, more: str = "") -> Report:
        path, report = tmp_path / f"{source}.csv", Report()
        path.write_text(header + line.format(f"{source}-1") + more, encoding="utf-8")
        return import_roster(
            cast.administrator,
            roster=read_people(path, report.problems, today=DAY),
            report=report,
            kind="people",
            source=source,
            file_hash=source + more,
        )

    load("first")
    assert load("second").added > 0
    (case,) = studies.duplicate_list(cast.administrator)["open"]
    kept, ended = case["person_id"], case["other_id"]
    assert services.decide_same(cast.administrator, case=case["id"], kept=kept).done
    before = _held()
    newcomer = "{}-2;Toivo;Toivo;Korpiselkä;7.1.2018;Rantapuiston koulu;3;3 B;16.11.2026\n"
    for source in ("first", "second"):
        assert load(source).added == 0
        load(source, newcomer.format(source) if source == "first" else "")
    gone = set(before) - set(_held())
    assert gone == set(), "Nothing of the merged boy has changed."
    assert not [row for row in set(_held()) - set(before) if str(ended) in row]
    assert studies.duplicate_list(cast.administrator)["open"] == []


def test_two_persons_are_not_suspected_again_by_the_next_import(tmp_path: Path) -> None:
    """The case of two persons stays closed when the sources say the same again."""
    header = "oma tunnus;etunimet;kutsumanimi;sukunimi;syntymäaika;koulu;vuosiluokka;ryhmä;alkaa\n"
    path = tmp_path / "two.csv"
    twins = "".join(f"t-{n};Nuutti;Nuutti;Peltosaari;3.5.2019;Rantapuiston koulu;3;3 B;16.11.2026\n" for n in (1, 2))
    for text in (twins, twins.replace(";3;3 B;", ";4;4 A;")):
        path.write_text(header + text, encoding="utf-8")
        report = Report()
        import_roster(
            cast.administrator,
            roster=read_people(path, report.problems, today=DAY),
            report=report,
            kind="people",
            source="two.csv",
            file_hash=text,
        )
        for case in studies.duplicate_list(cast.administrator)["open"]:
            assert services.decide_different(cast.administrator, case=case["id"]).done
    assert len(studies.duplicate_list(cast.administrator)["decided"]) == 1
    assert _told().count("people.duplicate_suspected") == 1


def test_decisions_and_refusals_are_in_the_log_and_in_the_history(twin: UUID) -> None:
    assert services.decide_different(cast.administrator, case=CASE).done
    assert services.decide_same(cast.administrator, case=CASE, kept=cast.PUPIL).reasons
    assert services.undo_duplicate_decision(cast.administrator, case=CASE).done
    seen = people.views_of(cast.pupil, person=cast.PUPIL)["viewers"]
    assert {(viewer["role"], *sorted(viewer["events"])) for viewer in seen} == {
        ("administrator", "duplicate.decided", "duplicate.undone")
    }
    (before,) = _ask("SELECT status, sys_reason FROM people_duplicatecase_history WHERE id = %s LIMIT 1", CASE)
    assert before == ("open", f"duplicate case {CASE}")


def test_whether_a_person_is_known_elsewhere_is_told_in_a_case_alone() -> None:
    asked = "SELECT people_linked_elsewhere(%s, %s)"
    assert _ask(asked, cast.GUARDIAN, DAY) == [(False,)], "She is, but no case asks."


def test_looks_at_a_record_before_it_was_merged_are_told_to_the_person_who_stays(twin: UUID) -> None:
    studies.person_page(cast.secretary, person=TWIN)
    pupil = cast.actor(cast.PUPIL, Role.LEARNER, None)
    assert [viewer["role"] for viewer in people.views_of(pupil, person=cast.PUPIL)["viewers"]] == []
    assert services.decide_same(cast.administrator, case=CASE, kept=cast.PUPIL).done
    roles = {viewer["role"] for viewer in people.views_of(pupil, person=cast.PUPIL)["viewers"]}
    assert roles == {"school_secretary", "administrator"}
