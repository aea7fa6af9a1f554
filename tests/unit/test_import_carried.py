"""What the open data model has no place for yet is carried: kept as it came, compared, ended, counted, and read by nobody."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from digione.audit import seen
from digione.core import clock
from digione.core.use_case import Actor, set_reach
from digione.integrations.loading.report import Report
from digione.integrations.loading.services import import_roster
from digione.integrations.oneroster_csv.files import Set
from digione.integrations.oneroster_csv.reader import Reader
from digione.organisations.selectors import import_run, import_runs
from tests import cast
from tests.log import entries
from tests.unit import oneroster_files as standard
from tests.unit.oneroster_files import FILES, MODELLED, Case
from tests.unit.test_import_loading import number, rows
from tests.unit.test_import_readers import GOOD, TODAY
from tests.unit.test_reconciliation import differences, holds

pytestmark = pytest.mark.django_db
#: Columns of the whole sets that are filled and not modelled.
CELLS = {
    "courses.columns": {"subjectCodes": "MA"},
    "classes.columns": {"location": "luokka 12", "subjectCodes": "MA", "periods": "2"},
    "demographics.columns": {"white": "true", "countryOfBirthCode": "FI", "cityOfBirth": "Kuusniemi"}
    | dict.fromkeys(
        (
            "americanIndianOrAlaskaNative",
            "asian",
            "blackOrAfricanAmerican",
            "nativeHawaiianOrOtherPacificIslander",
            "demographicRaceTwoOrMoreRaces",
            "hispanicOrLatinoEthnicity",
        ),
        "false",
    ),
}
CELLS_1_2 = {
    "users.columns": {
        "userMasterIdentifier": "m-7",
        "resourceSourcedIds": "r1",
        "primaryOrgSourcedId": "s1",
        "pronouns": "hän",
    },
    "roles.columns": {"userProfileSourcedId": "p1"},
}


def load(folder: Path, texts: dict[str, str], *, source: str = "test", **options: Any) -> Report:
    """Load a set, given as texts by the names of its files, for Kuusniemi."""
    for old in folder.glob("*.csv"):
        old.unlink()
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    report = Report()
    roster = Reader(Set(folder, report.problems), TODAY).roster()
    return import_roster(
        cast.administrator, roster=roster, report=report, kind="oneroster", source=source, file_hash="x", **options
    )


def good(**changed: str) -> dict[str, str]:
    return {name.removesuffix(".csv"): text for name, text in GOOD.items()} | changed


def kept(file: str, *, live: bool = True) -> dict[str, dict[str, str]]:
    """What is kept of a file: the source's id → the cells."""
    until = "valid_to IS NULL" if live else "valid_to IS NOT NULL"
    found = rows(f"SELECT key, cells::text FROM core_carriedrow WHERE file = %s AND {until}", file)
    return {key: json.loads(cells) for key, cells in found}


def results(count: int, score: int = 8) -> str:
    header = "sourcedId,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,dateLastModified\n"
    return header + "".join(f"a{n},l1,u1,fully graded,{score},2026-09-10,\n" for n in range(1, count + 1))


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """A folder from which a set with forty results was loaded."""
    assert load(tmp_path, standard.texts("1.1", results=results(40))).status == "done"
    return tmp_path


def counts(report: Report, kind: str) -> tuple[int, ...]:
    return tuple(report.kinds[kind].get(name, 0) for name in ("added", "changed", "unchanged", "refused", "ended"))


@pytest.mark.parametrize("version", standard.VERSIONS)
def test_a_whole_set_is_kept_whole_and_a_second_run_changes_nothing(tmp_path: Path, version: str) -> None:
    first = load(tmp_path, standard.texts(version))
    assert (first.status, first.refused) == ("done", 0)
    whole = [file for file in standard.SETS[version] if file not in MODELLED]
    for file in whole:
        header, row = standard.SETS[version][file]
        cells = dict(zip(header.split(","), standard.cells(row), strict=True))
        assert kept(file) == {cells["sourcedId"]: {name: value for name, value in cells.items() if value}}, file
        assert counts(first, file) == (1, 0, 0, 0, 0)
    more = CELLS | (CELLS_1_2 if version == "1.2" else {})
    for kind, cells in more.items():
        assert list(kept(kind.removesuffix(".columns")).values()) == [cells], kind
        assert counts(first, kind) == (1, 0, 0, 0, 0)
    assert set(first.kinds) - set(MODELLED.values()) - {"guardian", "rows"} == {*whole, *more}
    assert rows("SELECT DISTINCT source, version, valid_from, valid_to FROM core_carriedrow") == [
        ("test", version, clock.today(), None)
    ]
    # Rows of the roster count once, with whatever else they tell.
    modelled = sum(first.kinds[kind]["added"] for kind in set(MODELLED.values()) if kind)
    assert first.added == modelled + len(whole)
    holds(first)
    before = [number(table) for table in ("core_outbox", "core_carriedrow", "core_carriedrow_history")]
    second = load(tmp_path, standard.texts(version))
    assert (second.added, second.changed, second.unchanged, second.refused) == (0, 0, first.added, 0)
    assert all(counts(second, kind) == (0, 0, 1, 0, 0) for kind in [*whole, *more])
    assert [number(table) for table in ("core_outbox", "core_carriedrow", "core_carriedrow_history")] == before
    assert second.sides == first.sides


@pytest.mark.parametrize("case", FILES, ids=str)
def test_a_row_that_is_to_be_deleted_is_passed_over(tmp_path: Path, case: Case) -> None:
    version, file, *_ = case
    files = [file, *_referring(version, file)]
    texts = standard.texts(version, **{name: standard.texts(version)[name].splitlines()[0] + "\n" for name in files})
    texts[file] = standard.with_cell(version, file, "status", "tobedeleted")
    report = load(tmp_path, texts)
    assert (report.status, report.refused) == ("done", 0)
    assert file in MODELLED or kept(file) == {}
    assert f"{file}.columns" not in report.kinds


def _referring(version: str, file: str) -> set[str]:
    """Return the files whose rows refer to a file, and those that refer to these."""
    found: set[str] = set()
    names = {
        "orgs": ("orgSourced", "schoolSourced"), "academicSessions": ("academicSession", "gradingPeriod", "term", "schoolYearS"),
        "courses": ("courseSourced",), "classes": ("classSourced",), "users": ("userSourced", "student"),
        "resources": ("resourceSourced",), "categories": ("category",), "lineItems": ("lineItemSourced",),
        "results": ("resultSourced",), "scoreScales": ("scoreScaleSourced",), "userProfiles": ("userProfileSourced",),
    }  # fmt: skip
    for other, (header, _row) in standard.SETS[version].items():
        if other != file and any(column.startswith(names.get(file, ("-",))) for column in header.split(",")):
            found |= {other, *_referring(version, other)}
    return found - {file} | ({"demographics"} if file == "users" else set())


def test_user_profiles_are_kept_with_all_they_say_but_the_password(tmp_path: Path) -> None:
    text = standard.with_cell("1.2", "userProfiles", "password", "salasana-2027")
    report = load(tmp_path, standard.texts("1.2", userProfiles=text))
    assert kept("userProfiles")["p1"] == {
        "sourcedId": "p1", "userSourcedId": "u1", "profileType": "oppilas", "vendorId": "kustantaja",
        "applicationId": "lukija", "credentialType": "tunnus", "username": "aino.lehto",
    }  # fmt: skip
    told = [(one.file, one.line, one.field) for one in report.problems.found if one.code == "not-kept"]
    assert told == [("userProfiles.csv", 2, "password")]
    assert "salasana-2027" not in str(rows("SELECT problems FROM core_importrun"))


@pytest.mark.parametrize("version", standard.VERSIONS)
def test_passwords_and_identity_codes_are_never_kept_in_clear(tmp_path: Path, version: str) -> None:
    users = standard.with_cell(version, "users", "password", "salasana-2027").replace(
        "password", "password,ext_Password,note"
    )
    users = (
        _append(users, "salasana-2028,koodi 140314A9357 ja muuta") if version == "1.1" else users.replace(",note", "")
    )
    if version == "1.2":
        users = standard.with_cell(version, "users", "userMasterIdentifier", "140314a9357")
    graded = standard.with_cell(version, "results", "comment", "Oppilas 140314A9357 korotti")
    report = load(tmp_path, standard.texts(version, users=users, results=graded))
    assert report.status == "done"
    everything = str(rows("SELECT cells FROM core_carriedrow")) + str(rows("SELECT problems FROM core_importrun"))
    assert "140314" not in everything
    assert "salasana-20" not in everything
    assert "comment" not in kept("results")["a1"]
    assert kept("results")["a1"]["score"] == "8.5"
    assert ("results.csv", 2, "comment", "not-kept") in [
        (one.file, one.line, one.field, one.code) for one in report.problems.found
    ]
    # A code that is none stays: its last character is wrong.
    fine = standard.with_cell(version, "results", "comment", "Oppilas 140314A9358")
    load(tmp_path, standard.texts(version, users=users, results=fine))
    assert kept("results")["a1"]["comment"] == "Oppilas 140314A9358"


@pytest.mark.parametrize(
    "column",
    [
        "studentPassword",
        "metadata.xyzPASSWORD",
        "salasana",
        "Oppilaan salasanat",
        "lösenord",
        "lo\u0308senord",
        "LOSENORD",
        "pwd",
    ],
)
@pytest.mark.parametrize("file", ["users", "results"])
def test_an_extension_column_that_is_called_a_password_is_left_out_and_told(
    tmp_path: Path, file: str, column: str
) -> None:
    text = _append(standard.texts("1.2")[file].replace("\n", f",{column},muuta\n", 1), "salasana-2029,7")
    report = load(tmp_path, standard.texts("1.2", **{file: text}))
    assert report.status == "done"
    told = {(one.line, one.code) for one in report.problems.found if one.field == column}
    assert told == {(1, "not-kept")}, "and not that its values are kept"
    assert "salasana-2029" not in str(rows("SELECT cells FROM core_carriedrow"))
    assert [one for one in kept(file).values() if one.get("muuta") == "7"] != []
    assert not [one for one in kept(file).values() if column in one]


def test_two_columns_that_are_called_passwords_are_no_column_that_stands_twice(tmp_path: Path) -> None:
    orgs = "sourcedId,name,type,password_a,password_b\ns1,Koulu,school,a,b\n"
    report = load(tmp_path, good(orgs=orgs))
    assert [(one.field, one.code) for one in report.problems.found if one.file == "orgs.csv" and one.line == 1] == [
        ("password_a", "not-kept"),
        ("password_b", "not-kept"),
    ]
    assert kept("orgs") == {}


def _append(text: str, cells: str) -> str:
    header, row = text.splitlines()
    return f"{header}\n{row},{cells}\n"


def test_an_extension_column_is_kept_with_the_row_that_tells_it(tmp_path: Path) -> None:
    orgs = "sourcedId,name,type,metadata.x,metadata.y\ns1,Koulu,school,1,\ns2,Toinen,school,,\n"
    report = load(tmp_path, good(orgs=orgs))
    assert kept("orgs") == {"s1": {"metadata.x": "1"}}
    assert (report.sides["orgs.columns"]["in_source"], report.sides["orgs.columns"]["from_source"]) == (1, 1)
    again = load(tmp_path, good(orgs=orgs.replace(",1,", ",2,")))
    assert kept("orgs") == {"s1": {"metadata.x": "2"}}
    # The school itself says what it said, and its row has changed all the same.
    assert (again.added, again.changed, again.unchanged) == (0, 1, report.added - 1)
    assert counts(again, "school") == (0, 0, 2, 0, 0)
    assert counts(again, "orgs.columns") == (0, 1, 0, 0, 0)
    holds(again)
    with translation.override("fi"):
        told = next(one.message for one in again.problems.found if one.code == "extension-column")
    assert told == "Sarake ei kuulu standardiin. Sen arvot säilytetään; mikään ei vielä lue niitä."


def test_a_set_that_tells_nothing_more_has_nothing_carried_in_its_report(tmp_path: Path) -> None:
    report = load(tmp_path, good())
    assert [kind for kind in (*report.kinds, *report.sides) if "." in kind] == []
    assert number("core_carriedrow") == 0
    assert "core_carriedrow" not in str(rows("SELECT counts FROM core_importrun"))


def test_cells_go_when_their_row_goes_and_come_back_with_it(tmp_path: Path) -> None:
    header = GOOD["users.csv"].splitlines()[0]

    def users(*numbers: int) -> dict[str, str]:
        lines = "".join(f"u{n},true,s1,student,user{n},Aino,Lehto{n},x{n}\n" for n in numbers)
        return good(users=f"{header},metadata.x\n{lines}", enrollments=GOOD["enrollments.csv"].splitlines()[0] + "\n")

    load(tmp_path, users(*range(1, 41)))
    gone = load(tmp_path, users(*range(1, 40)))
    assert (gone.status, counts(gone, "users.columns")) == ("done", (0, 1, 39, 0, 1))
    assert kept("users", live=False) == {"u40": {"metadata.x": "x40"}}
    assert ("users.columns", "u40", "ended") in differences(gone, "kind", "key", "why")
    # The person and their role have ended; that the cells went with them is no third change.
    assert (gone.ended, gone.changed) == (2, 2)
    back = load(tmp_path, users(*range(1, 41)))
    assert counts(back, "users.columns") == (0, 1, 39, 0, 0)
    assert kept("users")["u40"] == {"metadata.x": "x40"}
    holds(back)


def test_what_a_refused_row_says_besides_is_not_kept(tmp_path: Path) -> None:
    """Refused by the reader, and by the database that knows whose an identity code is."""
    header = GOOD["users.csv"].splitlines()[0]
    text = (
        f"{header},userIds,metadata.x\nu1,true,s1,student,aino,Aino,Lehto,,1\n"
        f"u2,perhaps,s1,student,b,Eeli,Lehto,,2\nu3,true,s1,student,c,Viljami,Tuntematon,{{hetu:{cast.PUPIL_HETU}}},3\n"
        "u4,true,s1,student,d,Oona,Salo,,\nu4,true,s1,student,e,Oona,Salo,,4\n"
    )
    demographics = "sourcedId,sex,cityOfBirth\nu1,lost,Valkamo\nu3,male,Valkamo\n"
    graded = "sourcedId,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate\n" + "".join(
        f"a{n},l1,u{n},submitted,,2026-09-10\n" for n in (1, 3)
    )
    more = {"results": graded, **{name: standard.texts("1.1")[name] for name in ("categories", "lineItems")}}
    report = load(tmp_path, good(users=text, demographics=demographics, **more), partial=True)
    assert report.status == "done"
    assert kept("users") == {"u1": {"metadata.x": "1"}}
    assert kept("demographics") == {}
    # A result of somebody who was refused has nobody to belong to.
    assert set(kept("results")) == {"a1"}
    assert counts(report, "results") == (1, 0, 0, 1, 0)
    told = [(one.file, one.line, one.field) for one in report.problems.found if one.code == "refers-to-refused"]
    assert told == [("users.csv", 4, ""), ("results.csv", 3, "studentSourcedId")]
    assert ("results", "a3", "refused") in differences(report, "kind", "key", "why")
    holds(report)


def test_what_refers_to_what_was_refused_is_refused_as_well_along_the_whole_chain(tmp_path: Path) -> None:
    text = f"{GOOD['users.csv'].splitlines()[0]},userIds\nu1,true,s1,student,c,Viljami,Tuntematon,{{hetu:{cast.PUPIL_HETU}}}\n"
    texts = standard.texts("1.1", users=text, results=results(1))
    texts["resultScoreScales"] = "sourcedId,resultSourcedId,scoreScaleSourcedId\nas1,a1,g1\n"
    texts["scoreScales"] = standard.texts("1.2")["scoreScales"]
    report = load(tmp_path, texts, partial=True)
    assert [kept(file) for file in ("results", "resultScoreScales")] == [{}, {}]
    assert set(kept("scoreScales")) == {"g1"}
    told = [(one.file, one.line, one.field) for one in report.problems.found if one.code == "refers-to-refused"]
    assert told[-2:] == [("results.csv", 2, "studentSourcedId"), ("resultScoreScales.csv", 2, "resultSourcedId")]


def test_a_changed_row_keeps_what_it_was_in_its_history(graded: Path) -> None:
    texts = standard.texts("1.1", results=results(40).replace("a7,l1,u1,fully graded,8,", "a7,l1,u1,fully graded,9,"))
    # What was brought in this transaction has no history yet, so it is let be of yesterday.
    names = "id, provider_id, source, version, file, key, cells, row_hash, valid_from, valid_to"
    rows(
        "WITH old AS (DELETE FROM core_carriedrow RETURNING *) SELECT set_config('test.old', json_agg(old)::text, true) FROM old"
    )
    rows(
        f"INSERT INTO core_carriedrow ({names}, sys_from) SELECT {names}, sys_from - interval '1 day' FROM"
        " json_populate_recordset(NULL::core_carriedrow, current_setting('test.old')::json) RETURNING 1"
    )
    report = load(graded, texts)
    assert counts(report, "results") == (0, 1, 39, 0, 0)
    assert (report.added, report.changed) == (0, 1)
    assert rows("SELECT key, cells ->> 'score', sys_op FROM core_carriedrow_history") == [("a7", "8", "U")]
    assert kept("results")["a7"]["score"] == "9"
    assert kept("results")["a8"]["score"] == "8"


def test_the_moment_at_which_the_source_last_touched_a_row_does_not_change_it(graded: Path) -> None:
    texts = standard.texts("1.1", results=results(40).replace("2026-09-10,\n", "2026-09-10,2026-09-11T07:00:00Z\n"))
    assert counts(load(graded, texts), "results") == (0, 0, 40, 0, 0)
    swapped = "\n".join(",".join(reversed(line.split(","))) for line in results(40).splitlines()) + "\n"
    assert counts(load(graded, standard.texts("1.1", results=swapped)), "results") == (0, 0, 40, 0, 0)


def test_rows_that_left_end_and_at_most_five_per_cent_of_them(graded: Path) -> None:
    ended = load(graded, standard.texts("1.1", results=results(38)))
    assert (ended.status, ended.ended, counts(ended, "results")) == ("done", 2, (0, 2, 38, 0, 2))
    assert set(kept("results", live=False)) == {"a39", "a40"}
    assert ("results", "a39", "ended", False, True) in differences(ended, "kind", "key", "why", "in_source", "in_ours")
    holds(ended)
    refused = load(graded, standard.texts("1.1", results=results(30)))
    assert refused.status == "refused"
    [fault] = [one for one in refused.problems.found if one.code == "too-many-removals"]
    assert (fault.file, dict(fault.parameters)["ending"], dict(fault.parameters)["covered"]) == ("results.csv", 8, 38)
    assert len(kept("results")) == 38
    accepted = load(graded, standard.texts("1.1", results=results(30)), accept_removals=True)
    assert (accepted.status, accepted.ended, len(kept("results"))) == ("done", 8, 30)
    back = load(graded, standard.texts("1.1", results=results(40)))
    assert counts(back, "results") == (0, 10, 30, 0, 0)
    assert len(kept("results")) == 40


def test_a_column_that_is_emptied_is_held_to_the_rows_of_its_file(tmp_path: Path) -> None:
    header = GOOD["users.csv"].splitlines()[0]

    def users(told: int) -> dict[str, str]:
        lines = "".join(f"u{n},true,s1,student,user{n},A,L{n},{'x' if n <= told else ''}\n" for n in range(1, 41))
        return good(users=f"{header},metadata.x\n{lines}")

    load(tmp_path, users(3))
    # Two of three cells, but of forty people.
    assert counts(load(tmp_path, users(1)), "users.columns") == (0, 2, 1, 0, 2)
    load(tmp_path, users(40))
    assert load(tmp_path, users(0)).status == "refused"
    assert len(kept("users")) == 40


def test_nothing_ends_while_rows_are_refused_and_an_absent_file_is_not_touched(graded: Path) -> None:
    bad = results(39).replace("a7,l1,u1,fully graded,8,", "a7,l1,u1,fully graded,hyvä,")
    report = load(graded, standard.texts("1.1", results=bad), partial=True)
    assert (report.status, report.ended, report.refused) == ("done", 0, 1)
    assert counts(report, "results") == (0, 0, 38, 1, 0)
    side = report.sides["results"]
    assert (side["in_source"], side["kept"], side["missing"], side["from_source"]) == (39, 2, 1, 40)
    assert ("results", "a40", "kept", None) in differences(report, "kind", "key", "why", "line")
    holds(report)
    without = load(graded, standard.texts("1.1", results=None))
    assert "results" not in without.sides
    assert len(kept("results")) == 40


def test_a_rehearsal_and_a_refused_run_keep_nothing_and_say_what_stands(graded: Path) -> None:
    for options, text in (({"dry_run": True}, results(41)), ({}, results(41) + "a1,l1,u1,lost,8,2026-09-10,\n")):
        report = load(graded, standard.texts("1.1", results=text), **options)
        assert report.status in {"dry_run", "refused"}
        assert len(kept("results")) == 40
        assert (report.sides["results"]["from_source"], report.sides["results"]["in_ours"]) == (40, 40)
        assert report.sides["results"]["missing"] == len(text.splitlines()) - 1 - 40


def test_two_sources_keep_their_own_rows_apart(graded: Path) -> None:
    texts = standard.texts("1.1", results=results(2, score=5))
    texts["users"] = texts["users"].replace("Aino,Lehto", "Eeli,Salo")
    report = load(graded, texts, source="other")
    assert counts(report, "results") == (2, 0, 0, 0, 0)
    assert (report.sides["results"]["in_ours"], report.sides["results"]["from_source"]) == (42, 2)
    assert rows("SELECT source, count(*) FROM core_carriedrow WHERE file = 'results' GROUP BY 1 ORDER BY 1") == [
        ("other", 2),
        ("test", 40),
    ]


def test_the_page_of_the_run_names_what_is_carried_in_words(graded: Path) -> None:
    from digione.integrations.loading.messages import kind_name

    page = import_run(cast.secretary, run=import_runs(cast.secretary)["runs"][0]["id"])
    assert page["counts"]["sides"]["results"]["in_source"] == 40
    names = {}
    for language in ("fi", "sv", "en"):
        with translation.override(language):
            names[language] = [kind_name(kind) for kind in page["counts"]["sides"]]
        assert not set(names[language]) & set(page["counts"]["sides"]) - {"results", "resources"}, language
    assert "muut sarakkeet, classes.csv" in names["fi"]


@pytest.mark.parametrize(
    ("actor", "sees"),
    [(cast.administrator, True), (cast.outsider, False), (cast.pupil, False), (cast.guardian, False)],
    ids=["provider", "another provider", "a learner", "a guardian"],
)
def test_carried_rows_are_seen_by_their_provider_alone(graded: Path, actor: Actor, sees: bool) -> None:
    rows("UPDATE core_carriedrow SET sys_from = sys_from RETURNING 1")
    set_reach(actor)
    with connection.cursor() as cursor:
        if actor.provider_id == cast.administrator.provider_id and not sees:
            # A person's own reach opens nothing; without a provider nothing is left.
            cursor.execute("SELECT set_config('digione.provider', '', true)")
        cursor.execute("SELECT count(*) > 0 FROM core_carriedrow")
        assert cursor.fetchone() == (sees,)
        cursor.execute("UPDATE core_carriedrow SET cells = '{}'")
        assert (cursor.rowcount > 0) == sees


def test_a_use_that_carried_something_says_so_in_the_log(graded: Path, owners_log: None) -> None:
    assert "carried" in seen.read(entries("event = 'roster.imported'")[-1]["seen"])
    load(graded, good(), source="other")
    assert "carried" not in seen.read(entries("event = 'roster.imported'")[-1]["seen"])


def test_the_untidy_set_gives_up_nothing_of_what_is_taken(tmp_path: Path, shared_data: Path) -> None:
    texts = {file.stem: file.read_text() for file in (shared_data / "standards/oneroster/csv-1.1-tao").glob("*.csv")}
    first = load(tmp_path, texts, partial=True)
    assert (first.status, first.added, first.refused) == ("done", 6, 6)
    # Twelve columns of suppliers and a password's, six of older versions, three files without rows, a column that is not there, …
    told = Counter((str(one.severity), one.code) for one in first.problems.found)
    assert told == {
        ("error", "dangling-reference"): 6,
        ("warning", "extension-column"): 12,
        ("warning", "not-kept"): 1,
        ("warning", "old-column"): 6,
        ("warning", "no-rows"): 3,
        ("warning", "required"): 3,
        ("warning", "date-time"): 2,
        ("warning", "school-not-in-register"): 2,
        ("warning", "user-ids"): 2,
        ("warning", "missing-column"): 1,
    }
    assert {file: len(kept(file)) for file in ("orgs", "users", "classes")} == {"orgs": 2, "users": 1, "classes": 0}
    assert counts(first, "classes.columns") == (0, 0, 0, 2, 0)
    second = load(tmp_path, texts, partial=True)
    assert (second.added, second.changed, second.unchanged, second.refused) == (0, 0, 6, 6)
