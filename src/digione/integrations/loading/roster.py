"""The form into which every roster source is brought before it is loaded, whatever its own format.

Each class is one kind of row; its fields are the columns of the staging table, in order. `key` is the source's own id.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from digione.core import secrets
from digione.core.texts import search_key, sort_key


class School(NamedTuple):
    """A place of the provider. `match` holds what may name it in the register: an OID, a school code."""

    line: int
    key: str
    name: str
    is_provider: bool
    match: list[str]


class Session(NamedTuple):
    """A school year or a part of it."""

    line: int
    key: str
    title: str
    kind: str
    starts_on: date
    ends_on: date
    parent_key: str | None
    school_year: int


class Course(NamedTuple):
    """A course of study."""

    line: int
    key: str
    title: str
    code: str | None
    school_key: str | None
    session_key: str | None
    grades: list[str]
    subjects: list[str]


class Group(NamedTuple):
    """A home group or a class section."""

    line: int
    key: str
    title: str
    code: str | None
    kind: str
    course_key: str | None
    school_key: str
    grades: list[str]
    subjects: list[str]
    session_keys: list[str]


class Person(NamedTuple):
    """A person. Identifiers come as ciphertext and digest only: nothing readable is ever staged.

    None says that the source does not tell; an empty contact says that there is none. `row_hash` is the keyed digest of
    all that the source says, identifiers in clear included; `new_person` makes the row.
    """

    line: int
    key: str
    first_names: str
    given_name: str
    family_name: str
    sort_key: str
    search_key: str
    birth_date: date | None
    sex: str | None
    mother_tongue: str | None
    nationalities: list[str] | None
    home_municipality: str | None
    non_disclosure: bool | None
    hetu_enc: bytes | None
    hetu_digest: bytes | None
    learner_number_enc: bytes | None
    learner_number_digest: bytes | None
    local_enc: bytes | None
    local_digest: bytes | None
    username_enc: bytes | None
    username_digest: bytes | None
    email: str | None
    phone: str | None
    address: str | None
    role: str | None
    school_keys: list[str]
    grade: str | None
    agent_keys: list[str]
    row_hash: bytes


class Membership(NamedTuple):
    """A person's role at a school: an enrolment at it, or an assignment, or being somebody's guardian."""

    line: int
    key: str
    person_key: str
    school_key: str
    role: str
    grade: str | None
    is_primary: bool
    valid_from: date | None
    valid_to: date | None


class Guardian(NamedTuple):
    """Who is responsible for a child."""

    line: int
    key: str
    guardian_key: str
    child_key: str
    kind: str
    #: None: the source knows nothing of limits.
    limits: list[str] | None
    valid_from: date | None
    valid_to: date | None


class Enrolment(NamedTuple):
    """A person belongs to a group in a role."""

    line: int
    key: str
    group_key: str
    person_key: str
    role: str
    is_primary: bool
    valid_from: date | None
    valid_to: date | None


class Carried(NamedTuple):
    """What of a row the open data model has no place for. `cells` and `said` are JSON objects, column → text.

    `said` is what makes the row another one when it differs.
    """

    line: int
    key: str
    cells: str
    said: str


def new_person(
    *, line: int, key: str, first_names: str, given_name: str, family_name: str, known: Container[bytes] = (),
    birth_date: date | None = None, sex: str | None = None, mother_tongue: str | None = None,
    nationalities: list[str] | None = None, home_municipality: str | None = None, non_disclosure: bool | None = None,
    hetu: str | None = None, learner_number: str | None = None, local: str | None = None, username: str | None = None,
    email: str | None = None, phone: str | None = None, address: str | None = None,
    role: str | None = None, school_keys: Sequence[str] = (), grade: str | None = None, agent_keys: Sequence[str] = (),
) -> Person:  # fmt: skip
    """Return a person with the identifiers hidden. One whose hash is `known` goes without what is dear to make."""
    told = (
        key, first_names, given_name, family_name, birth_date, sex, mother_tongue, nationalities, home_municipality,
        non_disclosure, hetu, learner_number, local, username, email, phone, address, role, school_keys, grade, agent_keys,
    )  # fmt: skip
    row_hash = secrets.digest(repr(told))
    family, given = ("", ""), ("", "")
    if row_hash in known:
        hetu = learner_number = local = username = None
    else:
        family, given = _keys(family_name), _keys(given_name)
    return Person(
        line, key, first_names, given_name, family_name, f"{family[0]}\x1f{given[0]}", f"{family[1]} {given[1]}",
        birth_date, sex, mother_tongue, nationalities, home_municipality, non_disclosure,
        *_hidden(hetu), *_hidden(learner_number), *_hidden(local), *_hidden(username),
        email, phone, address, role, list(school_keys), grade, list(agent_keys), row_hash,
    )  # fmt: skip


def _hidden(text: str | None) -> tuple[bytes | None, bytes | None]:
    return (secrets.encrypt(text), secrets.digest(text)) if text else (None, None)


@lru_cache(maxsize=100_000)
def _keys(name: str) -> tuple[str, str]:
    # Names repeat, and folding them is the dearest thing that is done to a row.
    return sort_key(name), search_key(name)


_TYPES = {
    "int": "int",
    "str": "text",
    "bool": "boolean",
    "date": "date",
    "bytes": "bytea",
    "list[str]": "text[]",
}


def columns_of(row: type) -> list[tuple[str, str]]:
    """Return the (name, PostgreSQL type) of each field of a kind of row."""
    names = row.__annotations__
    return [(name, _TYPES[_written(kind)]) for name, kind in names.items()]


def _written(kind: Any) -> str:
    text = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    text = str(kind) if "[" in str(kind) or "|" in str(kind) else text
    return text.replace("datetime.", "").split(" | ")[0]


Rows = Callable[[], Iterable[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class CarriedFile:
    """What is carried of one file: whole rows, or of rows of the kind `of` the cells that their kind has no place for.

    `kind` is what the report calls them, `file` the standard's name of the file and `shown` its own. `refers`: the columns
    that hold a key of another row → the kind of that row, which may be one that is carried whole.
    """

    kind: str
    file: str
    shown: str
    rows: Callable[[], Iterable[Carried]]
    of: str | None = None
    #: Whether a line of the file is a line of the kind `of`.
    by_line: bool = True
    refers: Mapping[str, str] = field(default_factory=dict)


def _as_it_is(kind: str, key: str, name: str) -> str:
    return name


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster that is ready to be staged. A kind that is absent is not touched: neither changed nor ended.

    `files` names the file of each kind, for problems that only the database can find. The functions are called once,
    in the order of the fields, and read while the rows are staged. `makes_schools`: whether a school that the register
    does not know becomes one of the provider's own; otherwise the rows that name it are refused.
    """

    files: Mapping[str, str]
    school: Rows
    person: Rows
    session: Rows | None = None
    course: Rows | None = None
    group: Rows | None = None
    membership: Rows | None = None
    guardian: Rows | None = None
    enrolment: Rows | None = None
    makes_schools: bool = True
    #: Whether the source tells all that it has. If not, what it is silent about goes on.
    is_whole: bool = True
    #: Whether DigiOne wrote the set: a row's key may be the id that we know it by.
    own_ids: bool = False
    #: Of a kind, a row's key and one of its fields: what the file calls the column that tells the field.
    column: Callable[[str, str, str], str] = _as_it_is
    #: The hashes of the people whom the source told of before, which the loader fills in. What only a new or changed
    #: person needs (ciphertexts, digests, sort keys) a reader need not make for them.
    known_people: set[bytes] = field(default_factory=set)
    #: The version of the format in which the source wrote what is carried.
    version: str = ""
    #: What is carried of each file. Asked for when all kinds are staged; the files are read in this order.
    carried: Callable[[], Iterable[CarriedFile]] = tuple

    def staged(self) -> Iterator[tuple[str, type, Rows | None]]:
        """Yield each kind with its class and its rows, references first."""
        yield "school", School, self.school
        yield "session", Session, self.session
        yield "course", Course, self.course
        yield "group", Group, self.group
        yield "person", Person, self.person
        yield "membership", Membership, self.membership
        yield "guardian", Guardian, self.guardian
        yield "enrolment", Enrolment, self.enrolment
