"""Where SQL stands, and that it looks downwards only: what the import contract cannot see (decision 5 in docs/adr)."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import digione

SOURCE = Path(digione.__file__).parent
NAMES = re.compile(r"(facts|\w+_facts|selectors|services)\.py")
FOLDERS = ("integrations/loading/", "rest/oneroster/", "rest/v1/")
#: What serves no use case, or makes use cases possible. A file that no longer has SQL leaves the list.
OTHERWISE = {
    "access/jobs.py": "calls one function on a schedule, without an actor",
    "access/decider.py": "a rule is a predicate of SQL: it must answer which rows as well as whether",
    "access/scopes.py": "which scopes an app may ask for is asked by the sign-in of apps, before there is an actor",
    "audit/jobs.py": "calls the sealer on a schedule, without an actor",
    "audit/recorder.py": "the log itself, written by the wrapper of every use case",
    "cli/app_commands.py": "lets PostgreSQL count the rows of new lists anew, as their owner",
    "cli/bench_commands.py": "measures",
    "cli/bench_lists.py": "measures: the same lists in plain SQL are the limit",
    "cli/bench_roster.py": "measures: the same merge in plain SQL is the limit",
    "cli/bench_stage.py": "measures: sets the stage",
    "cli/bench_studies.py": "picks the rows that are measured, and counts earlier runs",
    "cli/demo_commands.py": "lets PostgreSQL count the rows of the demonstration anew, as their owner",
    "cli/lifecycle.py": "asks the database whether it is there and fit, before Django is",
    "config/health.py": "asks whether the program can serve, for whoever balances the load",
    "config/known_keys.py": "compares the keys with the database whenever something starts, before there is an actor",
    "config/provisioning.py": "makes roles and database, before there are tables",
    "core/outbox.py": "the outbox is the core's own",
    "core/statements.py": "prepares statements that others hand over",
    "core/use_case.py": "sets the reach, and runs what the rooms hand over",
    "core/tables.py": "what every migration emits for a table",
    "integrations/demo/first_day.py": "finds the accounts of those who look, over Django's own accounts",
    "integrations/demo/history.py": "writes what invented rows were before, as the owner of the tables",
    "integrations/demo/load.py": "copies a million invented rows in, as the bulk lane does",
    "integrations/demo/newcomers.py": "finds the demonstration's provider, to act for it",
    "people/desks.py": "which roles a person may take today: the one read that comes before there is an actor",
    "rest/jobs.py": "calls one function on a schedule, without an actor",
    "rest/wire.py": "calls the functions of rest/oneroster/sql and rest/v1/sql",
    "web/demo.py": "the door of the demonstration, over Django's own accounts",
}
#: Lowest first, as in .importlinter. What stands above integrations has no tables of its own but `rest`.
ROOMS = ("core", "schema", "audit", "access", "organisations", "people", "studies", "integrations", "rest", "web")
#: Landed before decision 5; what is applied is not rewritten.
LANDED = {
    "access/migrations/0003_security.py": {"people_providerperson"},
    "access/migrations/0010_page_buckets.py": {"people_person", "people_providerperson"},
    "access/migrations/0011_narrow_writes.py": {"people_providerperson"},
    "core/migrations/0030_keys.py": {"people_identifier", "people_identifier_history"},
}
#: Lent for exactly this by the room that owns the rows.
LENT_FUNCTIONS = {"access/decider.py": {"people_barred"}}

_STATEMENT = re.compile(
    r"\b(SELECT\s+\S+[\s\S]*\bFROM\b|SELECT\s+\w+\(|INSERT\s+INTO\s+\w|UPDATE\s+[\w{}]+\s|DELETE\s+FROM\s+\w"
    r"|CREATE\s+(TEMP|TABLE|VIEW|FUNCTION|INDEX)|COPY\s+\w+|ANALYZE\b)"
)
_RUNS = {"execute", "executemany", "copy", "raw", "callproc"}


def _docstrings(tree: ast.AST) -> set[int]:
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }


def literals(tree: ast.AST) -> Iterator[str]:
    """Give every text of a module but its docstrings; f-strings whole, with what is put in left out."""
    joined = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} - {
        id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
    }
    passed_over = _docstrings(tree) | joined
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in passed_over:
            if isinstance(node.value, str | bytes):
                yield node.value if isinstance(node.value, str) else node.value.decode("utf-8", "replace")
        elif isinstance(node, ast.JoinedStr) and id(node) not in joined:
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def runs_sql(tree: ast.AST) -> bool:
    """Say whether a module has a statement of SQL, runs one, or asks a model's manager."""
    if any(_STATEMENT.search(text) for text in literals(tree)):
        return True
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            holder = ast.unparse(node.func.value)
            if node.func.attr in _RUNS and not holder.endswith(("GET", "POST", "environ")):
                return True
            if re.search(r"(^|\.)objects$", holder) or (node.func.attr in ("rows", "row") and holder.endswith("uc")):
                return True
    return False


def _modules() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def test_sql_stands_in_its_places_and_nowhere_else() -> None:
    elsewhere = {
        place
        for place, tree in _modules()
        if "/migrations/" not in place
        and not NAMES.fullmatch(place.rpartition("/")[2])
        and not place.startswith(FOLDERS)
        and runs_sql(tree)
    }
    assert elsewhere == set(OTHERWISE)


@pytest.mark.parametrize(
    "code",
    [
        'x = "SELECT id FROM people_person"',
        "cursor.execute(x)",
        "Account.objects.get(username=x)",
        "get_user_model().objects.filter()",
        'uc.rows(f"SELECT {x} FROM t WHERE id = %s", [1])',
        'y = f"UPDATE {table} SET a = 1"',
        "Person.objects.raw(x)",
        "found = uc.row(x)",
    ],
)
def test_the_search_finds_statements(code: str) -> None:
    assert runs_sql(ast.parse(code))


def test_the_search_passes_over_words() -> None:
    assert not runs_sql(ast.parse('"""SELECT a FROM b."""\nx = _("Select a school from the list.")\ny = q.GET.copy()'))


def _higher(room: str) -> re.Pattern[str]:
    above = "|".join(ROOMS[ROOMS.index(room) + 1 :])
    return re.compile(rf"\b(?:{above})_[a-z_]+\b")


@cache
def _texts() -> tuple[tuple[str, str], ...]:
    sql = {path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.sql")}
    return (
        *((place, text) for place, tree in _modules() for text in literals(tree)),
        *((place, re.sub(r"--[^\n]*", "", text)) for place, text in sql.items()),
    )


def _lent() -> set[str]:
    return {
        name
        for path in SOURCE.glob("*/**/*.sql")
        for name in re.findall(r"CREATE VIEW (\w+)", path.read_text(encoding="utf-8"))
    }


def test_no_room_names_the_tables_of_a_room_above_it() -> None:
    found: dict[str, set[str]] = {}
    for place, text in _texts():
        room = place.partition("/")[0]
        if room in ROOMS[:-3]:
            names = (
                set(_higher(room).findall(text))
                if _STATEMENT.search(text) or place.endswith(("rules.py", "decider.py"))
                else set()
            )
            if names:
                found.setdefault(place, set()).update(names)
    # The rules name the lent relations; that they are lent is what makes them relations.
    relations = found.get("access/rules.py", set()) & _lent()
    assert len(relations) >= 7
    found["access/rules.py"] -= relations
    found["access/decider.py"] -= LENT_FUNCTIONS["access/decider.py"]
    tables = {place: {name for name in names if _is_table(name)} for place, names in found.items()}
    assert {place: names for place, names in tables.items() if names} == LANDED


def _is_table(name: str) -> bool:
    """Names that start with a room but are no table: functions, policies and indexes, which end in what they do."""
    return any(re.search(rf"\b(?:FROM|JOIN|INTO|UPDATE|ON|TABLE)\s+{name}\b", text) for _place, text in _texts())
