"""The functions that PostgreSQL keeps for OneRoster: who asks, users by id, and the hot lane's user and pages.

They stand in `sql/functions.sql`, and the JSON of a user in them is the very SQL that the ordinary operation has, so
both lanes answer alike; a test proves it. All run with the caller's rights, under row-level security.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from digione.audit import seen, sensitivity
from digione.rest.oneroster.operations import CORE, OPERATIONS, PARENTS, ROSTER, Operation
from digione.rest.oneroster.people import PAGE_PERSONS, USERS
from digione.rest.v1.learner_scopes import LEAST, opened_sql

_SQL = Path(__file__).parent / "sql"
#: Pages up to this size are recorded person by person; larger ones by their scope and count.
NAMED_SUBJECTS = 50
#: The kept documents and their triggers: a table, so it is made once.
DOCUMENTS = (_SQL / "documents.sql").read_text(encoding="utf-8")
#: What tokens open, kept, and the functions of its triggers.
READERS = (_SQL / "readers.sql").read_text(encoding="utf-8")
#: The kept lists: a table, made once.
LISTS = (_SQL / "lists.sql").read_text(encoding="utf-8")
#: The users of one school or one class, which the hot lane lists. In the path, the last word is whom.
WITHIN = tuple(
    operation
    for operation in OPERATIONS
    if operation.resource is USERS and len(operation.within) == 1 and not operation.one
)
#: Lists longer than this are not kept: a page reads the whole list to cut itself out of it.
LONGEST_LIST = 5000
#: Stands for the address of the service while a document is made; JSON would write the mark that is kept as an escape.
_BASE = "'@@base@@'"
_NAMES = {
    "persons": "persons",
    "contact": "true",
    "base": _BASE,
    "disclosed": "oneroster_made.disclosed",
    **{name: f"oneroster_made.{name}" for name in ("ids", "provider", "supplier", "today")},
}


def _inlined(sql: str, names: Mapping[str, str]) -> str:
    """Return the ordinary operation's SQL with the function's variables in place of its parameters."""
    return re.sub(r"%\((\w+)\)s", lambda found: names[found[1]], sql)


def _list(operation: Operation) -> str:
    """Return how the ids of a list are found in `oneroster_within`, if what the path names is there."""
    ((name, kind),) = operation.within.items()
    names = {"provider": "who.provider", "supplier": "who.supplier", "disclosed": "who.disclosed", name: "parent"}
    parent = PARENTS[kind].format(id=f"%({name})s")
    listed = f"SELECT array_agg({USERS.key} ORDER BY {USERS.key}) {USERS.rows}{operation.condition}"
    found = _inlined(f"SELECT true, ({listed}) INTO there, ids FROM ({parent}) named LIMIT 1", names)
    return f"        WHEN '{operation.name}' THEN {found};"


def _seen(*operations: Operation) -> str:
    """Return what the log says was seen of each user, as SQL over `who`, and over `operation` where there are several."""
    told = {
        operation.name: tuple(
            f"'{seen.written(USERS.told(contact=contact) | operation.places)}'" for contact in (True, False)
        )
        for operation in operations
    }
    by_words: dict[tuple[str, ...], list[str]] = {}
    for name, words in told.items():
        by_words.setdefault(words, []).append(f"'{name}'")
    cases = {words: "CASE WHEN who.contact THEN {} ELSE {} END".format(*words) for words in by_words}
    if len(cases) == 1:
        return next(iter(cases.values()))
    parts = " ".join(f"WHEN operation IN ({', '.join(names)}) THEN {cases[words]}" for words, names in by_words.items())
    return f"CASE {parts} END"


def _functions() -> str:
    # The address is kept apart, since not every scope opens it.
    shown = frozenset(USERS.properties) - {"email"}
    parts = {
        "roster": ROSTER,
        "core": CORE,
        "learners": LEAST,
        "opened_by_taking": opened_sql("k.scopes"),
        "opened_by_token": opened_sql("own.scopes"),
        "named": str(NAMED_SUBJECTS),
        "longest": str(LONGEST_LIST),
        "lists": "\n".join(map(_list, WITHIN)),
        "within": ", ".join(operation.name for operation in WITHIN),
        "sensitivity": str(sensitivity.highest(USERS.told(contact=True))),
        "seen": _seen(*(operation for operation in OPERATIONS if operation.name == "getAllUsers")),
        "seen_within": _seen(*WITHIN),
        "persons": _inlined(PAGE_PERSONS, _NAMES),
        "json": _inlined(USERS.json_sql(shown), _NAMES),
        "email": _inlined(USERS.properties["email"], _NAMES),
        "bodies": _inlined(USERS.bodies, _NAMES),
    }
    text = (_SQL / "functions.sql").read_text(encoding="utf-8")
    return re.sub(r"<<(\w+)>>", lambda found: parts[found[1]], text)


#: Drops the functions and makes them anew. A migration runs it whenever it has changed; a test compares the checksum.
FUNCTIONS = _functions()
FUNCTIONS_CHECKSUM = hashlib.sha256(FUNCTIONS.encode()).hexdigest()
