"""Several sources about one person: nobody blanks what another told, protection falls closed, and nobody is given away."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from digione.core import secrets
from digione.core.use_case import Actor, set_reach
from digione.integrations.csv_templates import read_people
from digione.integrations.loading.report import Report
from digione.integrations.loading.services import import_roster
from digione.integrations.oneroster_csv.files import Set
from digione.integrations.oneroster_csv.reader import Reader
from tests import cast
from tests.unit.test_import_readers import GOOD, TODAY

pytestmark = pytest.mark.django_db
HETU = "140314A9357"
TWIN = "140314A9379"
VALKAMO_ADMINISTRATOR = Actor("administrator", provider_id=cast.VALKAMO)
HEAD = "own id;identity code;first names;family name;school"
SCHOOLS = {cast.KUUSNIEMI: "Rantapuiston koulu", cast.VALKAMO: "Valkamon yhtenäiskoulu"}


def template(
    folder: Path, columns: str, *rows: str, source: str = "people", actor: Actor = cast.administrator
) -> Report:
    """Load learners from the template; each of `rows` is own id;identity code;first names;family name and `columns`."""
    school = SCHOOLS[actor.provider_id or cast.KUUSNIEMI]
    path = folder / "people.csv"
    lines = [row.split(";") for row in rows]
    text = "\n".join(";".join([*line[:4], school, *line[4:]]) for line in lines)
    path.write_text(f"{HEAD}{columns}\n{text}\n")
    report = Report()
    return import_roster(
        actor,
        roster=read_people(path, report.problems, today=TODAY),
        report=report,
        kind="people",
        source=source,
        file_hash="x",
        accept_removals=True,
    )


def oneroster(folder: Path, row: str, *, columns: str = "", source: str = "oneroster", **files: str) -> Report:
    """Load a OneRoster set with one user."""
    head = f"sourcedId,enabledUser,orgSourcedIds,role,username,givenName,familyName,userIds{columns}\n"
    for name, text in {**GOOD, "users.csv": head + row + "\n", **{f"{n}.csv": t for n, t in files.items()}}.items():
        (folder / name).write_text(text)
    report = Report()
    roster = Reader(Set(folder, report.problems), TODAY).roster()
    return import_roster(
        cast.administrator, roster=roster, report=report, kind="oneroster", source=source, file_hash="x",
        accept_removals=True,
    )  # fmt: skip


def rows(sql: str, *parameters: Any, actor: Actor = cast.administrator) -> list[tuple[Any, ...]]:
    set_reach(actor)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def holder(field: str, *, actor: Actor = cast.administrator) -> list[Any]:
    """Return a field of each person of the provider that has the identity code."""
    found = rows(
        f"SELECT p.{field} FROM people_person p JOIN people_identifier i ON i.person_id = p.id"
        " WHERE i.kind = 'hetu' AND i.digest = %s AND i.current ORDER BY p.id",
        secrets.digest(HETU),
        actor=actor,
    )
    return [value for (value,) in found]


def protected(folder: Path) -> Report:
    return template(folder, ";non-disclosure", f"1;{HETU};Aino;Lehto;yes")


def plain(folder: Path) -> Report:
    return oneroster(folder, f"u1,true,s1,student,aino,Aino,Lehto,{{hetu:{HETU}}}")


@pytest.mark.parametrize("order", [(protected, plain), (plain, protected)], ids=["template first", "oneroster first"])
def test_a_source_without_the_field_never_takes_a_non_disclosure_back(
    tmp_path: Path, order: tuple[Callable[[Path], Report], ...]
) -> None:
    for load in (*order, *order):
        assert load(tmp_path).status == "done"
    assert holder("non_disclosure") == [True]
    # A changed row of the other source changes names perhaps, never the protection.
    changed = oneroster(tmp_path, f"u1,true,s1,student,aino,Aino,Lehto,{{hetu:{HETU}}},a@example.fi", columns=",email")
    assert changed.status == "done"
    assert holder("non_disclosure") == [True]


def test_who_set_a_non_disclosure_takes_it_back(tmp_path: Path) -> None:
    protected(tmp_path)
    assert rows("SELECT source FROM people_nondisclosure") == [("people",)]
    template(tmp_path, ";non-disclosure", f"1;{HETU};Aino;Lehto;no")
    assert holder("non_disclosure") == [False]
    assert rows("SELECT count(*) FROM people_nondisclosure") == [(0,)]


def test_another_source_or_provider_does_not_take_a_non_disclosure_back(tmp_path: Path) -> None:
    row = f"1;{HETU};Aino;Lehto"
    protected(tmp_path)
    template(tmp_path, ";non-disclosure", f"{row};no", source="other")
    assert holder("non_disclosure") == [True]
    template(tmp_path, ";non-disclosure", f"{row};no", actor=VALKAMO_ADMINISTRATOR)
    assert holder("non_disclosure") == [True]
    # Another provider says so as well; the first one's no is not enough then.
    template(tmp_path, ";non-disclosure", f"{row};yes", actor=VALKAMO_ADMINISTRATOR)
    template(tmp_path, ";non-disclosure", f"{row};no")
    assert holder("non_disclosure") == [True]
    template(tmp_path, ";non-disclosure", f"{row};no", actor=VALKAMO_ADMINISTRATOR)
    assert holder("non_disclosure") == [False]


def test_a_source_that_masters_nothing_sets_a_non_disclosure_at_once(tmp_path: Path) -> None:
    plain(tmp_path)
    assert holder("non_disclosure") == [False]
    assert protected(tmp_path).held_back == 0
    assert holder("non_disclosure") == [True]
    template(tmp_path, ";non-disclosure", f"1;{HETU};Aino;Lehto;no")
    assert holder("non_disclosure") == [False]


def test_a_flag_that_no_import_set_is_not_taken_back_by_one(tmp_path: Path) -> None:
    plain(tmp_path)
    rows("UPDATE people_person SET non_disclosure = true WHERE family_name = 'Lehto' RETURNING 1")
    protected(tmp_path)
    template(tmp_path, ";non-disclosure", f"1;{HETU};Aino;Lehto;no")
    assert holder("non_disclosure") == [True]


FULL = ";mother tongue;nationality;home municipality"
FIELDS = ("birth_date", "sex", "mother_tongue", "nationalities", "home_municipality")


def full(folder: Path) -> Report:
    return template(folder, FULL, f"1;{HETU};Aino;Lehto;SV;FI,SE;091")


@pytest.mark.parametrize("order", [(full, plain), (plain, full)], ids=["template first", "oneroster first"])
def test_what_a_source_does_not_carry_it_does_not_blank(
    tmp_path: Path, order: tuple[Callable[[Path], Report], ...]
) -> None:
    def identity() -> list[Any]:
        return [holder(field) for field in FIELDS]

    for load in order:
        assert (load(tmp_path).status, holder("family_name")) == ("done", ["Lehto"])
    expected = identity()
    assert expected[2:] == [["SV"], [["FI", "SE"]], ["091"]]
    # The same person without an identity code, birth date, language, states or municipality, in changed rows.
    oneroster(tmp_path, "u1,true,s1,student,aino2,Aino,Lehto,")
    template(tmp_path, ";email", "1;;Aino;Lehto;aino@example.fi")
    assert identity() == expected
    assert rows("SELECT count(*) FROM people_person WHERE family_name = 'Lehto'") == [(1,)]


def test_a_changed_contact_leaves_the_one_of_another_source(tmp_path: Path) -> None:
    def emails() -> list[str]:
        return [
            value
            for (value,) in rows(
                "SELECT c.value FROM people_contact c JOIN people_person p ON p.id = c.person_id"
                " WHERE p.family_name = 'Lehto' AND c.kind = 'email' ORDER BY 1"
            )
        ]

    def theirs(email: str, *, columns: str = ",email") -> None:
        oneroster(tmp_path, f"u1,true,s1,student,aino,Aino,Lehto,{{hetu:{HETU}}}{email}", columns=columns)

    theirs(",a@example.fi")
    template(tmp_path, ";email", f"1;{HETU};Aino;Lehto;b@example.fi")
    assert emails() == ["a@example.fi", "b@example.fi"]
    theirs(",c@example.fi")
    assert emails() == ["b@example.fi", "c@example.fi"]
    # Both give the same one: it goes when the last of them gives it no more.
    theirs(",b@example.fi")
    assert emails() == ["b@example.fi"]
    template(tmp_path, ";email", f"1;{HETU};Aino;Lehto;")
    assert emails() == ["b@example.fi"]
    theirs("", columns="")
    assert emails() == ["b@example.fi"], "a set without the column does not tell"
    theirs(",")
    assert emails() == []


def _told(report: Report) -> dict[str, Any]:
    return {**report.as_dict(), "reconciliation": [{**line, "key": ""} for line in report.reconciliation]}


@pytest.mark.parametrize(
    "known", ["Aino;Lehto", "Aino Maria;Lehto", "Aino;Virtanen", "Oona;Lehto", "Viljami;Tuntematon"],
    ids=["the same", "more names", "another family name", "another child of the family", "somebody else"],
)  # fmt: skip
def test_nobody_learns_from_a_report_that_another_provider_knows_a_person(tmp_path: Path, known: str) -> None:
    """The whole life of a row: first load, again, changed; each report reads as that of a code that nobody knows."""
    head = ";non-disclosure;email"
    lives = {}
    template(tmp_path, head, f"9;{HETU};{known};no;x@example.fi", actor=VALKAMO_ADMINISTRATOR)
    before = len({*rows("SELECT person_id FROM people_providerperson WHERE provider_id = %s", cast.KUUSNIEMI)})
    for source, hetu in (("known", HETU), ("unknown", TWIN)):
        lives[source] = [
            _told(template(tmp_path, head, f"1;{hetu};Aino;Lehto;{rest}", source=source))
            for rest in ("no;a@example.fi", "no;a@example.fi", "no;b@example.fi", "yes;b@example.fi")
        ]
    # Only the possible twin of the first one, at this provider itself, may be told.
    for report in lives["unknown"] + lives["known"]:
        report["problems"] = [one for one in report["problems"] if one["code"] != "possible-duplicate"]
        report["warnings"] = len(report["problems"])
    # What stands here grows by the one of the first life, known elsewhere or not.
    here = {name: [report["sides"]["person"].pop("in_ours") for report in life] for name, life in lives.items()}
    assert here == {"known": [before + 1] * 4, "unknown": [before + 2] * 4}
    for report in lives["unknown"] + lives["known"]:
        for side in report["sides"].values():
            side.pop("in_ours", None)
    assert lives["known"] == lives["unknown"]
    # Here the same person comes a second time, so a third source finds somebody who stands at this provider.
    third = template(tmp_path, head, f"1;{HETU};Aino;Lehto;no;a@example.fi", source="third")
    assert (third.kinds["person"]["added"], third.kinds["person"]["linked"]) == (1, 1)
    assert [report["linked"] for report in lives["known"]] == [1, 0, 0, 0]
    assert [report["refused"] + report["held_back"] for report in lives["known"]] == [0, 0, 0, 0]


def test_nobody_learns_that_two_identifiers_are_one_persons_elsewhere(tmp_path: Path) -> None:
    head, number = ";learner number", "1.2.246.562.24.1000000000{}"
    template(tmp_path, head, f"9;{HETU};Aino;Lehto;{number.format(1)}", actor=VALKAMO_ADMINISTRATOR)
    known, unknown = (
        template(tmp_path, head, f"1;{hetu};Aino;Lehto;", f"2;;Aino;Lehto;{number.format(nth)}", source=source)
        for source, hetu, nth in (("known", HETU, 1), ("unknown", TWIN, 2))
    )
    assert (known.status, known.counts()["kinds"]) == ("done", unknown.counts()["kinds"])
    keys = "SELECT count(DISTINCT target_id) FROM core_sourcekey WHERE source = 'known' AND kind = 'person'"
    assert rows(keys) == [(2,)]


@pytest.mark.parametrize(
    ("known", "one"),
    [
        ("Aino;Lehto", True),
        ("Aino Maria;Lehto", True),
        ("AINO;LEHTÖ", True),
        ("Aino;Virtanen", True),
        ("Aino Maria;Virtanen", False),
        ("Oona;Lehto", False),
        ("Viljami;Tuntematon", False),
    ],
)
def test_an_identity_code_opens_a_person_only_where_the_names_do_not_contradict(
    tmp_path: Path, known: str, one: bool
) -> None:
    template(tmp_path, "", f"9;{HETU};{known}", actor=VALKAMO_ADMINISTRATOR)
    before = holder("first_names", actor=VALKAMO_ADMINISTRATOR), holder("family_name", actor=VALKAMO_ADMINISTRATOR)
    template(tmp_path, "", f"1;{HETU};Aino;Lehto")
    assert (holder("id") == holder("id", actor=VALKAMO_ADMINISTRATOR)) is one
    assert before == (
        holder("first_names", actor=VALKAMO_ADMINISTRATOR),
        holder("family_name", actor=VALKAMO_ADMINISTRATOR),
    )
    case = "SELECT reason FROM people_duplicatecase WHERE provider_id IS NULL"
    assert rows(case, actor=cast.platform) == ([] if one else [("identifier_of_another",)])
    assert rows(case) == rows(case, actor=VALKAMO_ADMINISTRATOR) == []
    # Its own code is found again by the provider, and a second run makes nothing of it twice.
    again = template(tmp_path, "", f"1;{HETU};Aino;Lehto")
    assert (again.added, again.changed, len(holder("id"))) == (0, 0, 1)


def test_a_birth_date_that_contradicts_opens_nobody(tmp_path: Path) -> None:
    template(tmp_path, "", f"9;{HETU};Aino;Lehto", actor=VALKAMO_ADMINISTRATOR)
    rows(
        "UPDATE people_person SET birth_date = '2013-01-01' WHERE family_name = 'Lehto' RETURNING 1",
        actor=VALKAMO_ADMINISTRATOR,
    )
    template(tmp_path, "", f"1;{HETU};Aino;Lehto")
    assert holder("id") != holder("id", actor=VALKAMO_ADMINISTRATOR)


def test_two_sources_meet_in_the_person_whom_the_provider_keeps_apart(tmp_path: Path) -> None:
    """The code stands for somebody else elsewhere; at this provider both sources mean its own person by it."""
    template(tmp_path, "", f"9;{HETU};Viljami;Tuntematon", actor=VALKAMO_ADMINISTRATOR)
    template(tmp_path, "", f"1;{HETU};Aino;Lehto")
    [person] = holder("id")
    other = template(tmp_path, "", f"2;{HETU};Aino;Lehto", source="other")
    assert (other.status, other.refused) == ("done", 0)
    assert holder("id") == [person]
    assert template(tmp_path, "", f"3;{HETU};Oona;Lehto", source="third").status == "refused"


def test_what_the_provider_itself_knows_is_told_and_refused(tmp_path: Path) -> None:
    template(tmp_path, "", f"1;{HETU};Aino;Lehto")
    before = rows("SELECT count(*) FROM people_person")
    report = template(tmp_path, "", f"2;{HETU};Oona;Lehto", source="other")
    assert report.status == "refused"
    assert report.problems.found[0].code == "identifier-other-person"
    assert rows("SELECT count(*) FROM people_person") == before
    held = template(tmp_path, "", f"2;{HETU};Aino Maria;Lehto", source="other")
    assert (held.held_back, holder("first_names")) == (1, ["Aino"])


def test_a_person_keeps_the_identity_code_through_a_new_name_and_back(tmp_path: Path) -> None:
    template(tmp_path, "", f"1;{HETU};Aino;Lehto")
    [person] = holder("id")
    template(tmp_path, "", f"1;{HETU};Leo;Harju")
    assert (holder("id"), holder("family_name")) == ([person], ["Harju"])
    template(tmp_path, "", f"1;{TWIN};Leo;Harju")
    assert holder("id") == []
    template(tmp_path, "", f"1;{HETU};Leo;Harju")
    assert holder("id") == [person]
    assert rows(
        "SELECT count(*), count(*) FILTER (WHERE current) FROM people_identifier WHERE person_id = %s AND kind = 'hetu'",
        person,
    ) == [(2, 1)]


def test_guardians_who_change_places_in_the_table_keep_their_records_and_limits(tmp_path: Path) -> None:
    columns = (
        ";guardian 1 first names;guardian 1 family name;guardian 1 limits"
        ";guardian 2 first names;guardian 2 family name;guardian 2 limits"
    )
    one, two = "Lauri;Mäkelä;no information", "Tuula;Salo;"
    held = (
        "SELECT p.id, p.given_name, g.limits FROM people_guardianship g JOIN people_person p ON p.id = g.guardian_id"
        " JOIN people_person c ON c.id = g.child_id WHERE c.family_name = 'Salonpää' ORDER BY p.given_name"
    )
    assert template(tmp_path, columns, f"x1;;Kerttu;Salonpää;{one};{two}").refused == 0
    before = rows(held)
    assert [row[1:] for row in before] == [("Lauri", ["no_information"]), ("Tuula", [])]
    assert template(tmp_path, columns, f"x1;;Kerttu;Salonpää;{two};{one}").refused == 0
    assert rows(held) == before


def test_a_source_that_knows_no_limits_lifts_none(tmp_path: Path) -> None:
    child = "u1,true,s1,student,,Kerttu,Salonpää,,u2"
    for role in ("relative", "parent"):
        report = oneroster(
            tmp_path,
            f"{child}\nu2,true,s1,{role},,Lauri,Mäkelä,,",
            columns=",agentSourcedIds",
        )
        assert report.refused == 0, report.as_dict()
        if role == "relative":
            changed = rows(
                "UPDATE people_guardianship g SET limits = '{no_information}' FROM people_person c WHERE c.id = g.child_id"
                " AND c.family_name = 'Salonpää' RETURNING g.kind"
            )
            assert changed == [("other",)]
    held = rows(
        "SELECT g.kind, g.limits FROM people_guardianship g JOIN people_person c ON c.id = g.child_id"
        " WHERE c.family_name = 'Salonpää'"
    )
    assert held == [("custodian", ["no_information"])]
