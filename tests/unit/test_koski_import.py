"""Documents of study rights into the store and out: what is added, changed, refused and carried, and who may do it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from digione.core.errors import DeniedError
from digione.core.use_case import Actor, set_reach
from digione.integrations.koski.forms import without_labels
from digione.integrations.koski.imports import koski
from digione.integrations.koski.selectors import export_documents
from digione.integrations.koski.there_and_back import differences, there_and_back
from digione.integrations.loading.report import ImportRefusedError, Report
from digione.integrations.loading.work import Work
from tests import cast
from tests.hostile_texts import STORABLE
from tests.unit.koski import HETU, OTHERS_SCHOOL, code, document, own_subject, right, subject, year

pytestmark = pytest.mark.django_db
TABLES = ("studyright", "studyrightstate", "studyrightextra", "attainment", "assessment")


def load(
    folder: Path, *documents: Any, actor: Actor = cast.platform, provider: str = cast.KUUSNIEMI_OID, **options: Any
) -> Report:
    path = folder / "documents.json"
    path.write_text(json.dumps(documents[0] if len(documents) == 1 else documents))
    return load_files(path, actor=actor, provider=provider, **options)


def load_files(
    *paths: Path, actor: Actor = cast.platform, provider: str = cast.KUUSNIEMI_OID, **options: Any
) -> Report:
    report = Report()
    koski(Work(actor, paths, report, lambda step: None, provider=provider, **options))
    return report


def exported(actor: Actor = cast.administrator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    assert export_documents(actor, write=found.append) == len(found)
    return found


def rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def counts() -> dict[str, int]:
    return {
        table: rows(f"SELECT count(*) FROM studies_{table}")[0][0]
        for table in (*TABLES, *(f"{each}_history" for each in TABLES))
    }


def places() -> dict[str, set[tuple[Any, ...]]]:
    return {table: set(rows(f"SELECT id, ctid::text FROM studies_{table}")) for table in TABLES}


def codes(report: Report) -> list[tuple[str, str]]:
    return [(found.field, found.text) for found in report.problems.found if found.severity == "error"]


def test_a_document_comes_back_the_same(tmp_path: Path) -> None:
    told = document()
    report = load(tmp_path, told)
    assert (report.status, report.refused, report.kinds["study_right"]["added"]) == ("done", 0, 1)
    assert [*differences([without_labels(told)], exported())] == []
    assert counts() == {
        "studyright": 1, "studyrightstate": 1, "studyrightextra": 4, "attainment": 4, "assessment": 2,
        **{f"{table}_history": 0 for table in TABLES},
    }  # fmt: skip
    carried = {found.field: found.parameters for found in report.problems.found if found.text == "koski.carried"}
    assert carried["lisätiedot.kuljetusetu.peruste"] == {"times": 1}


def test_what_the_national_register_would_refuse_is_told_and_taken(tmp_path: Path) -> None:
    told = document(right(year(subject("MA"), alkamispäivä="2023-08-08"), alkamispäivä="2023-08-09"))
    report = load(tmp_path, told)
    assert (report.status, report.refused, report.kinds["study_right"]["added"]) == ("done", 0, 1)
    warned = [
        (found.severity.value, found.field) for found in report.problems.found if found.code == "register-begins-early"
    ]
    assert warned == [("warning", "/opiskeluoikeudet/0/suoritukset/0/alkamispäivä")]
    assert report.counts()["warnings"] == report.problems.remarks() > 0
    assert [*differences([without_labels(told)], exported())] == []


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    load(tmp_path, document())
    before, events = counts(), rows("SELECT count(*) FROM core_outbox")
    again = load(tmp_path, document())
    assert (again.added, again.changed, again.kinds["study_right"]["unchanged"]) == (0, 0, 1)
    assert (counts(), rows("SELECT count(*) FROM core_outbox")) == (before, events)


def _turned(value: Any) -> Any:
    """Return a value whose objects name their fields in the opposite order."""
    if isinstance(value, dict):
        return {name: _turned(inner) for name, inner in reversed(value.items())}
    return [_turned(inner) for inner in value] if isinstance(value, list) else value


def test_what_says_the_same_in_other_words_changes_nothing(tmp_path: Path) -> None:
    extras = right()["lisätiedot"] | {"kotiopetusjaksot": [{"alku": "2024-01-08"}, {"alku": "2023-09-01"}]}
    told = document(right(year(subject("MA", uusi={"a": 1, "b": [1, 2]})), lisätiedot=extras), viite={"c": 1, "d": 2})
    load(tmp_path, told)
    before = places()
    for same in (_turned(told), without_labels(told)):
        assert json.dumps(same) != json.dumps(told)
        assert load(tmp_path, same).kinds["study_right"]["unchanged"] == 1
    assert places() == before
    # In a list the order says something.
    extras["kotiopetusjaksot"].reverse()
    assert load(tmp_path, told).kinds["study_right"]["changed"] == 1
    assert [*differences([without_labels(told)], exported())] == []


def test_another_mark_changes_one_row_and_one_place(tmp_path: Path) -> None:
    load(tmp_path, document())
    before, stood = exported(), places()
    changed = document()
    changed["opiskeluoikeudet"][0]["suoritukset"][0]["osasuoritukset"][1]["arviointi"][0]["arvosana"]["koodiarvo"] = (
        "10"
    )
    report = load(tmp_path, changed)
    assert (report.kinds["study_right"]["changed"], report.kinds["study_right"]["added"]) == (1, 0)
    assert [each["pointer"] for each in differences(before, exported())] == [
        "/0/opiskeluoikeudet/0/suoritukset/0/osasuoritukset/1/arviointi/0/arvosana/koodiarvo"
    ]
    # A row that is written anew stands elsewhere in its table.
    assert {table: len(found ^ stood[table]) for table, found in places().items()} == {
        "studyright": 0, "studyrightstate": 0, "studyrightextra": 0, "attainment": 0, "assessment": 2,
    }  # fmt: skip


def test_a_column_of_ours_that_is_changed_changes_that_place_alone(tmp_path: Path) -> None:
    """Nothing but the relational rows is read: what is written into one of them stands in the document."""
    load(tmp_path, document())
    before = exported()
    set_reach(cast.administrator)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE studies_assessment SET mark = '5' WHERE mark = '9'")
        cursor.execute("DELETE FROM core_sourcekey WHERE kind = 'study_right'")
    assert [
        (each["pointer"].rsplit("/", 2)[1], each["document"], each["ours"]) for each in differences(before, exported())
    ] == [("arvosana", "9", "5")]


def test_what_a_document_no_longer_has_goes(tmp_path: Path) -> None:
    load(tmp_path, document())
    smaller = document(right(year(subject("AI", "9"))))
    assert load(tmp_path, smaller).refused == 0
    assert [*differences([without_labels(smaller)], exported())] == []
    assert counts()["attainment"] == 2
    larger = document(right(year(subject("KU"), subject("AI", "10"), own_subject()), year(subject("MA"))))
    load(tmp_path, larger)
    assert [*differences([without_labels(larger)], exported())] == []


def test_learners_who_are_not_in_the_file_go_on(tmp_path: Path) -> None:
    load(tmp_path, document())
    load(tmp_path, document(hetu="020310A951Y", etunimet="Helka", kutsumanimi="Helka", sukunimi="Uusitalo"))
    assert len(exported()) == 2
    assert rows("SELECT count(*) FROM people_providerperson WHERE valid_to IS NOT NULL") == [(0,)]


def test_one_bad_document_refuses_the_run_or_itself_alone(tmp_path: Path) -> None:
    good, bad = document(), document(right(alkamispäivä="2026-02-30"), hetu="020310A951Y")
    report = load(tmp_path, good, bad)
    assert (report.status, report.added, codes(report)) == (
        "refused",
        0,
        [("/opiskeluoikeudet/0/alkamispäivä", "koski.day")],
    )
    assert exported() == []
    report = load(tmp_path, good, bad, partial=True)
    assert (report.status, report.kinds["study_right"]["added"], report.refused) == ("done", 1, 1)
    assert len(exported()) == 1


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("7", [("", "koski.no-document")]),
        ("{}", [("/henkilö", "koski.missing"), ("/opiskeluoikeudet", "koski.missing")]),
        ('{"henkilö": {}, "opiskeluoikeudet": [7]}', [("/henkilö", "koski.nobody"), ("/opiskeluoikeudet/0", "koski.object")]),
        ('{"henkilö": {"hetu": 7}, "opiskeluoikeudet": [7]}', [("/henkilö/hetu", "koski.text"), ("/opiskeluoikeudet/0", "koski.object")]),
        ('{"henkilö": {"hetu": "140318A9346"}, "opiskeluoikeudet": [7]}', [("/henkilö/hetu", "hetu-check"), ("/opiskeluoikeudet/0", "koski.object")]),
        ('{"henkilö": {"oid": "1.2.3"}, "opiskeluoikeudet": [7]}', [("/henkilö/oid", "koski.person-oid"), ("/opiskeluoikeudet/0", "koski.object")]),
        (f'{{"henkilö": {{"hetu": "{HETU}"}}, "opiskeluoikeudet": [7]}}', [("/henkilö", "koski.names"), ("/opiskeluoikeudet/0", "koski.object")]),
    ],
)  # fmt: skip
def test_what_is_no_document_is_told_with_its_place(written: str, told: list[tuple[str, str]], tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(written)
    report = load_files(path)
    assert (report.status, codes(report)) == ("refused", told)


def test_a_file_that_is_cut_in_half_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text(json.dumps(document())[:700])
    report = load_files(path)
    assert (report.status, codes(report)) == ("refused", [("", "json")])
    assert exported() == []


def test_lines_are_documents_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "many.ndjson"
    other = document(hetu="020310A951Y", etunimet="Helka", kutsumanimi="Helka", sukunimi="Uusitalo")
    path.write_text("\n".join((json.dumps(document()), "{cut", "", json.dumps(other))))
    report = load_files(path, partial=True)
    assert [(found.line, found.text) for found in report.problems.found if found.severity == "error"] == [
        (2, "koski.line")
    ]
    assert len(exported()) == 2


def test_another_providers_school_is_refused_and_an_unknown_one_told(tmp_path: Path) -> None:
    report = load(tmp_path, document(right(oppilaitos={"oid": OTHERS_SCHOOL})))
    assert codes(report) == [("/oppilaitos/oid", "koski.other-school")]
    assert exported() == []
    report = load(tmp_path, document(right(oppilaitos={"oid": "1.2.246.562.10.12345678901"})))
    assert (report.status, [found.text for found in report.problems.found if "school" in found.text]) == (
        "done",
        ["koski.unknown-school"],
    )


def test_the_same_study_right_twice_in_a_run_is_refused(tmp_path: Path) -> None:
    report = load(tmp_path, document(), document(), partial=True)
    assert codes(report) == [("/opiskeluoikeudet", "koski.same-right")]
    assert len(exported()) == 1
    ours = right(oid="1.2.246.562.15.12345678901")
    assert codes(load(tmp_path, document(ours, ours))) == [("/opiskeluoikeudet", "koski.same-right")]


def test_two_rights_of_one_level_in_a_document_are_two(tmp_path: Path) -> None:
    told = document(right(valid="a"), right(year(subject("AI")), valid="b"))
    assert load(tmp_path, told).kinds["study_right"]["added"] == 2
    assert [*differences([without_labels(told)], exported())] == []
    assert load(tmp_path, told).kinds["study_right"]["unchanged"] == 2


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        (document(kaikkiHetut=[HETU]), ""),
        (document(right(uusi={"a": f"ks. {HETU}"})), "/opiskeluoikeudet/0"),
        (document(right(year(own_subject(kuvaus={"fi": HETU})))), "/opiskeluoikeudet/0"),
        ({**document(), "viite": HETU}, ""),
    ],
)
def test_an_identity_code_is_kept_nowhere_in_clear(told: dict[str, Any], pointer: str, tmp_path: Path) -> None:
    report = load(tmp_path, told)
    assert (report.status, codes(report)) == ("refused", [(pointer, "koski.hetu")])


def test_what_stands_beside_the_study_rights_comes_back(tmp_path: Path) -> None:
    told = document(
        right(), right(tyyppi=code("opiskeluoikeudentyyppi", "perusopetuksenlisaopetus")), turvakielto=False
    )
    told["lähettäjä"] = {"ohjelma": "Tuikku"}
    assert load(tmp_path, told).refused == 0
    assert [*differences([without_labels(told)], exported())] == []


def test_who_may_import_and_export(tmp_path: Path) -> None:
    for actor in (cast.teacher, cast.principal, cast.secretary, cast.guardian):
        with pytest.raises(DeniedError):
            load(tmp_path, document(), actor=actor)
        with pytest.raises(DeniedError):
            export_documents(actor, write=pytest.fail)
    load(tmp_path, document())
    assert exported(cast.administrator.at(cast.VALKAMO)) == []


def test_there_and_back_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    told = document()
    path.write_text(json.dumps(told))
    before = (
        counts(),
        rows("SELECT count(*) FROM people_person"),
        rows("SELECT count(*) FROM organisations_organisation"),
    )
    outcome = there_and_back(cast.platform, path)
    assert (outcome.file, outcome.equal, outcome.differences) == ("one.json", True, [])
    assert (
        counts(),
        rows("SELECT count(*) FROM people_person"),
        rows("SELECT count(*) FROM organisations_organisation"),
    ) == before
    path.write_text(json.dumps(document(right(tyyppi=None))))
    assert not there_and_back(cast.platform, path).equal
    with pytest.raises(ImportRefusedError):
        there_and_back(cast.platform, tmp_path / "none.json")


def test_the_learner_and_the_guardian_reach_the_rows_and_others_do_not(tmp_path: Path) -> None:
    told = document(right(), hetu=cast.PUPIL_HETU, etunimet="Aino", kutsumanimi="Aino", sukunimi="Lehtovaara")
    load(tmp_path, copy.deepcopy(told))
    for actor, seen in (
        (cast.guardian, 4),
        (cast.stranger_guardian, 0),
        (cast.administrator, 4),
        (cast.administrator.at(cast.VALKAMO), 0),
    ):
        set_reach(actor if actor.role != "guardian" else Actor("guardian", persons=actor.persons))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM studies_attainment")
            assert cursor.fetchone()[0] == seen, actor


_KEPT_AS_IT_IS = {"koodistoUri", "oid", "hetu", "alku", "loppu", "päivä", "alkamispäivä", "henkilö"}


def _with_text(value: Any, text: str) -> Any:
    """Return a document in which every text that is no list's name, day, id or name of the learner is `text`."""
    if isinstance(value, dict):
        return {name: inner if name in _KEPT_AS_IT_IS else _with_text(inner, text) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_text(inner, text) for inner in value]
    return text if isinstance(value, str) else value


@pytest.mark.parametrize("harm", STORABLE)
def test_a_text_that_means_harm_comes_back_as_it_went(harm: str, tmp_path: Path) -> None:
    own = own_subject(**{STORABLE[harm]: STORABLE[harm]})
    told = _with_text(document(right(year(subject("MA"), own), uusi={"a": ["b"]})), STORABLE[harm])
    report = load(tmp_path, told)
    assert (report.status, codes(report)) == ("done", [])
    assert [*differences([without_labels(told)], exported())] == []


def test_a_text_that_reads_as_no_value_is_a_text(tmp_path: Path) -> None:
    told = document(right(year(subject("MA"), luokka="\\N", ryhmä="")))
    assert load(tmp_path, told).refused == 0
    assert [*differences([without_labels(told)], exported())] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"a\\u0000b"', ("/opiskeluoikeudet/0/uusi", "koski.broken")),
        ('{"a\\u0000b": 1}', ("/opiskeluoikeudet/0/uusi", "koski.broken")),
        ('["\\ud83d"]', ("/opiskeluoikeudet/0/uusi/0", "koski.broken")),
        ("1e999", ("/opiskeluoikeudet/0/uusi", "koski.no-number")),
        ("NaN", ("/opiskeluoikeudet/0/uusi", "koski.no-number")),
        ('{"a": 1, "a": 2}', ("/opiskeluoikeudet/0/uusi/a", "koski.twice")),
        ("[" * 600 + "]" * 600, ("", "koski.deep")),
    ],
)
def test_what_no_database_keeps_is_told_with_its_place(text: str, told: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(document(right(uusi="HERE"))).replace('"HERE"', text))
    report = load_files(path)
    assert (report.status, codes(report)) == ("refused", [told])


def test_a_document_of_ten_megabytes_is_taken(tmp_path: Path) -> None:
    told = document(right(year(subject("MA"), own_subject(uusi="x" * 10_000_000))))
    assert load(tmp_path, told).refused == 0
    assert [*differences([without_labels(told)], exported())] == []
