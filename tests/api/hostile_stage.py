"""A stage on which every text that is stored is one chosen text: names, titles, codes, contacts, files, apps, decisions.

The columns are found in the database, so that a new one is filled by itself. What the program itself writes as a word of
a list is left as it is; those columns are named here, and a column that refuses the text without being named fails.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.utils import DatabaseError

from digione.access.services import create_app
from digione.core import clock
from digione.core.use_case import Actor, set_reach
from digione.integrations.csv_templates import read_people
from digione.integrations.loading.report import Report
from digione.integrations.loading.services import import_roster
from digione.integrations.organisaatio.reader import read_organisations
from digione.integrations.organisaatio.services import import_organisations
from digione.organisations.services import record_succession
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, ROSTER
from tests import cast

OPEN_CASE, CLOSED_CASE = UUID(int=0xCA5E1), UUID(int=0xCA5E2)
#: Of a study right: itself, a state, a confirmed attainment, a part of it, and its mark.
CODE_LIST = "koskiopiskeluoikeudentila"
RIGHT, STATE, YEAR, PART, MARK = (UUID(int=0x57D0 + number) for number in range(5))
#: Words of lists, which the program alone writes; identifiers that are shown to nobody; and keys by which rows are found.
CODES = {
    "kind", "role", "basis", "status", "limits", "sex", "kinds", "reason", "type", "scopes", "language", "accent", "state",
    "source", "sources", "file_hash", "sort_key", "search_key", "oid", "list_uri", "key", "password", "username",
}  # fmt: skip
#: Tables whose rows tell of runs: what they hold is brought in by a run itself.
_OF_RUNS = ("core_importrun", "core_outbox", "core_sourcekey", "core_keyfingerprint")
_COLUMNS = """
SELECT c.table_name, c.column_name, c.data_type, c.character_maximum_length FROM information_schema.columns c
JOIN pg_class t ON t.relname = c.table_name AND t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p')
WHERE c.table_schema = 'public' AND c.table_name ~ '^(core|people|studies|organisations|access)_'
  AND c.table_name !~ '_history$' AND c.is_generated = 'NEVER'
  AND (c.data_type IN ('text', 'character varying', 'jsonb') OR c.udt_name = '_text')
  AND has_column_privilege(t.oid, c.column_name, 'UPDATE')
ORDER BY 1, 2
"""


def fill(text: str) -> int:
    """Let `text` be every text that is stored of the cast; returns in how many columns it stands. Within a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        columns = [row for row in cursor.fetchall() if row[0] not in _OF_RUNS and row[1] not in CODES]
    filled = 0
    for table, column, kind, longest in columns:
        value = {"ARRAY": "ARRAY[%(text)s]", "jsonb": "jsonb_build_object('fi', %(text)s, 'sv', %(text)s)"}.get(
            kind, "%(text)s"
        )
        rows = 0
        for actor in (cast.administrator, cast.administrator.at(cast.VALKAMO), cast.platform):
            set_reach(actor)
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(f"UPDATE {table} SET {column} = {value}", {"text": text[:longest]})
                    rows += cursor.rowcount
            except DatabaseError as fault:
                raise AssertionError(f"{table}.{column} does not take any text: {fault}") from fault
        filled += rows > 0
    return filled


def build(text: str, folder: Path) -> dict[str, Any]:
    """Fill the stage, and do what leaves traces with texts in them: imports, cases, a succession, an app.

    Returns the ids that addresses need, by the names of their places, and the app.
    """
    made = create_app(
        cast.platform,
        name="Tuikku",
        supplier="Tuikku Oy",
        provider_oids=[cast.KUUSNIEMI_OID],
        scopes=[ROSTER, CORE, DEMOGRAPHICS],
    )
    _cases()
    _study_right()
    _code()
    record_succession(
        cast.platform,
        oid=cast.VALKAMO_OID,
        successors=[cast.KUUSNIEMI_OID],
        on=clock.today() + timedelta(days=30),
        decision=text,
        kind="merge",
    )
    file = folder / "".join(character for character in text if character not in "/\x00")[:60]
    people, register = _import_people(text, file), _import_register(text, file)
    assert fill(text) > 20
    return {
        "app": made,
        "group": [cast.GROUP_3B],
        "person": [cast.PUPIL, cast.GUARDIAN, cast.TEACHER],
        "learner": [cast.PUPIL, cast.UNTAUGHT_PUPIL],
        "placement": [UUID(int=0)],
        "case": [OPEN_CASE, CLOSED_CASE],
        "run": [people, register],
        "right": [RIGHT],
        "state": [STATE],
        "mark": [MARK],
        "attainment": [YEAR],
        "row": [STATE, RIGHT, cast.PUPIL],
        "uri": [CODE_LIST],
        "resource": ["study_right_state", "person"],
        "colour": ["1b5c6e"],
    }


def _code() -> None:
    """Give a list that the data model names one value, whose texts become the chosen one."""
    set_reach(cast.platform)
    names = {name: {"fi": "x"} for name in ("name", "short_name", "description")}
    cast.insert("core_code", [{"id": UUID(int=0xC0DE), "list_uri": CODE_LIST, "value": "lasna", "version": 1, **names}])


def _cases() -> None:
    set_reach(cast.administrator)
    pair = {"person_id": cast.PUPIL, "other_person_id": cast.UNTAUGHT_PUPIL}
    case = {"provider_id": cast.KUUSNIEMI, "reason": "same_name_and_birth_date"}
    cast.insert("people_duplicatecase", [{"id": OPEN_CASE, **case, **pair}])
    other = {"person_id": cast.GUARDIAN, "other_person_id": cast.STRANGER_GUARDIAN, "status": "different"}
    cast.insert("people_duplicatecase", [{"id": CLOSED_CASE, **case, **other}])


def _study_right() -> None:
    """Give the pupil a study right whose every text is the chosen one: what is no list's is shown as it came."""
    set_reach(cast.administrator)
    of = {"provider_id": cast.KUUSNIEMI, "person_id": cast.PUPIL}
    day = cast.START
    cast.insert(
        "studies_studyright", [{"id": RIGHT, **of, "school_id": cast.RANTAPUISTO, "level": "x", "valid_from": day}]
    )
    state = {"study_right_id": RIGHT, **of, "place": 0, "valid_from": day, "state": "lasna"}
    cast.insert("studies_studyrightstate", [{"id": STATE, **state}])
    whole = {"study_right_id": RIGHT, **of, "place": 0, "node": "x", "kind": "x", "module": "x"}
    rows: list[dict[str, Any]] = [
        {"id": YEAR, **whole, "confirmed_on": day, "size": 1},
        {"id": PART, **whole, "parent_id": YEAR, "node": "x/x", "module_title": {"fi": "x"}},
    ]
    for row in rows:
        cast.insert("studies_attainment", [row])
    mark = {"attainment_id": PART, **of, "place": 0, "mark_scheme": "arviointiasteikkoyleissivistava", "mark": "8"}
    cast.insert("studies_assessment", [{"id": MARK, **mark}])


def _latest_run(actor: Actor, kind: str) -> UUID:
    set_reach(actor)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM core_importrun WHERE kind = %s ORDER BY started_at DESC LIMIT 1", [kind])
        found: UUID = cursor.fetchone()[0]
    return found


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _import_people(text: str, file: Path) -> UUID:
    """Import learners, of whom some are refused, so that the run quotes the text; the file and a column bear it too."""
    head = f"oma tunnus;etunimet;sukunimi;koulu;syntymäaika;turvakielto;vuosiluokka;{_cell(text)}"
    rows = [
        (text, text, text, "Rantapuiston koulu", "", "", text, text),
        ("2", text, text, text, "", "", text, text),
        (f"={text}", text, text, "Rantapuiston koulu", text, text, text, text),
    ]
    file.write_text("\n".join([head, *(";".join(map(_cell, row)) for row in rows), ""]))
    report = Report()
    import_roster(
        cast.administrator, roster=read_people(file, report.problems, today=clock.today()), report=report,
        kind="people", source=text, file_hash="x", partial=True,
    )  # fmt: skip
    assert report.refused == 2
    return _latest_run(cast.administrator, "people")


def _import_register(text: str, file: Path) -> UUID:
    import json

    oid = "1.2.246.562.10.1000000000"
    rows = [
        {"oid": f"{oid}1", "nimi": {"fi": text}, "ytunnus": text, "organisaatiotyypit": [text], "alkuPvm": text},
        {"oid": text, "nimi": {"fi": text}},
    ]
    file.write_text(json.dumps(rows))
    report = Report()
    import_organisations(
        cast.platform, rows=read_organisations(file, report.problems), report=report, file=file.name, file_hash="x",
        whole=False, partial=True,
    )  # fmt: skip
    assert report.refused == 1
    return _latest_run(cast.platform, "organisations")
