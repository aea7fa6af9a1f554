"""Reads documents into rows that are ready to be staged: each file once, each document by itself, nothing in memory for long.

A file holds one document, a list of them, or one in each line (`.jsonl`, `.ndjson`). A document that has a fault is
refused whole and the others are read on. Rows wait in files of the system's temporary folder until the people of all
documents are staged; what stands in them is what is staged, so identity codes are hidden already.
"""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from digione.core import secrets
from digione.core.errors import Severity
from digione.core.ids import new_ids
from digione.integrations.koski.findings import Finding
from digione.integrations.koski.forms import Object, Row, without_labels
from digione.integrations.koski.helping import HelpingReader
from digione.integrations.koski.mapping import Attainment, StudyRight, carried_places, read_study_right, walk
from digione.integrations.koski.parsing import LINES, Unit, amiss, documents_in, units_of
from digione.integrations.koski.payload import ASSESSMENT, ATTAINMENT, EXTRA, PERSON, STATE, STUDY_RIGHT, Place
from digione.integrations.koski.register_rules import findings, findings_of_person
from digione.integrations.loading.json_files import shown
from digione.integrations.loading.report import ImportRefusedError, Problems
from digione.integrations.loading.roster import Person, Roster, new_person
from digione.integrations.loading.values import MAX_TEXT, PERSON_OID, BadValueError, check_hetu, holds_hetu

#: In how much memory the rows of a table wait before they go to the disk.
_IN_MEMORY = 4 << 20
#: How many study rights a unit may have: more than any memory holds.
_PLACE_BITS = 32
#: How many rows are written there at a time.
_AT_ONCE = 500
#: What stands for no value until a row is written: no document that is read says it, since no database could keep it.
_NONE = "\0"
#: What the text format of COPY has another meaning for.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _of(places: Sequence[Place]) -> tuple[str, ...]:
    return tuple(column for place in places for column in place.form.columns)


#: Of each table that is staged, what its rows begin with, and the columns that are the data model's.
RIGHT_COLUMNS = (*_of(STUDY_RIGHT), "told_of_person", "carried")
STATE_COLUMNS = (*_of(STATE), "carried")
EXTRA_COLUMNS = ("kind", "is_listed", "holds", *_of(EXTRA), "carried")
ATTAINMENT_COLUMNS = (*_of(ATTAINMENT), "carried")
ASSESSMENT_COLUMNS = (*_of(ASSESSMENT), "carried")


class Spool:
    """Rows of one table, waiting in the text format of COPY."""

    def __init__(self, head: Sequence[str], columns: Sequence[str]) -> None:
        """`head` are the columns that bind the rows together, `columns` those of the data model."""
        self.columns = (*head, *columns)
        self._values = itemgetter(*columns)
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed with the reading.
        self._lines: list[str] = []

    def line(self, row: Object, *before: str) -> str:
        """Return what a row says, behind the texts `before` it: a part of its line."""
        # Of most columns nothing is told, and most of the others are texts.
        cells = [
            _NONE if value is None else value if value.__class__ is str else _WRITERS[value.__class__](value)
            for value in (*before, *self._values(row))
        ]
        line = "\t".join(cells)
        if "\\" in line or "\n" in line or "\r" in line or line.count("\t") >= len(cells):
            line = "\t".join([cell.translate(_ESCAPES) for cell in cells])
        return line

    def add(self, lines: Iterable[str]) -> None:
        """Add whole lines."""
        self._lines += lines
        if len(self._lines) > _AT_ONCE:
            self.write()

    def write(self, rows: bytes = b"") -> None:
        """Write what was added, and rows that another reader has written."""
        if self._lines:
            self._lines.append("")
            self._file.write("\n".join(self._lines).replace(_NONE, "\\N").encode())
            self._lines.clear()
        self._file.write(rows)

    def pieces(self) -> Iterator[bytes]:
        """Yield what was written, in pieces."""
        self.write()
        self._file.seek(0)
        while piece := self._file.read(1 << 18):
            yield piece

    def close(self) -> None:
        """Let go of the rows."""
        self._file.close()


class Part(NamedTuple):
    """What one reader has read of one unit, knowing nothing of the others."""

    problems: Problems
    people: dict[str, Person]
    carried: Counter[str]
    files: dict[str, int]
    documents: int
    keys: set[str]
    number: int
    places: list[tuple[str, int]]
    #: Of each table that is staged, in the order of `Reading`.
    rows: list[bytes]


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
#: How a value is written for COPY, by its class.
_WRITERS: dict[type, Callable[[Any], str]] = {
    dict: lambda value: _json(value) if value else "{}",
    list: lambda value: "{" + ",".join(value) + "}",
    **dict.fromkeys((bool, int, Decimal, date), str),
}


@dataclass
class Reading:
    """The documents of one run: what was read of them, and where. Use as a context.

    What the national register would refuse is only told, since an import loses nothing for it; where it `refuses` in
    the register's place, it is an error.
    """

    problems: Problems
    today: date
    refuses: bool = False
    people: dict[str, Person] = field(default_factory=dict)
    carried: Counter[str] = field(default_factory=Counter)
    files: dict[str, int] = field(default_factory=dict)
    documents: int = 0
    _keys: set[str] = field(default_factory=set)
    #: By unit, file and line of each of its study rights.
    _places: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    number_of_units: int = 0

    def __post_init__(self) -> None:
        """Make room for the rows."""
        self.rights = Spool(("line", "key", "person_key", "row_hash"), RIGHT_COLUMNS)
        self.states = Spool(("right_line", "staged", "place"), STATE_COLUMNS)
        self.extras = Spool(("right_line", "staged", "place"), EXTRA_COLUMNS)
        self.attainments = Spool(("right_line", "staged", "above", "place", "node"), ATTAINMENT_COLUMNS)
        self.assessments = Spool(("right_line", "staged", "attainment", "place"), ASSESSMENT_COLUMNS)

    def __enter__(self) -> Self:
        """Begin to read."""
        return self

    def __exit__(self, *_fault: object) -> None:
        """Let go of all rows."""
        for spool in self._spools:
            spool.close()

    @property
    def _spools(self) -> tuple[Spool, ...]:
        return self.rights, self.states, self.extras, self.attainments, self.assessments

    def read(self, paths: Iterable[Path]) -> None:
        """Read files, and the JSON files of folders. Raises `ImportRefusedError` where there is nothing to read."""
        found = [
            file
            for path in paths
            for file in (sorted(path.iterdir()) if path.is_dir() else [path])
            if not path.is_dir() or file.suffix in (".json", *LINES)
        ]
        if not found:
            raise ImportRefusedError("not-json-there")
        with HelpingReader.for_files(found, self) as helper:
            units = iter(units_of(found))
            for unit in units:
                other = next(units, None) if helper.is_ready else None
                if other is not None:
                    helper.ask(self.number_of_units + 2, other)
                self.read_unit(unit)
                if other is not None:
                    part = helper.answer()
                    if part is None or not self._join(part):
                        self.read_unit(other)

    def read_unit(self, unit: Unit, number: int | None = None) -> None:
        """Read the next unit, or the one of a number where others read those before it."""
        self.number_of_units = self.number_of_units + 1 if number is None else number
        self._places[self.number_of_units] = []
        for name, (line, document, plain) in documents_in(unit, self.problems):
            self._document(name, line, document, plain=plain)

    def part(self) -> "Part":
        """Return what was read of one unit, to be joined to what was read of others."""
        problems, people, carried = self.problems.take(), self.people, self.carried
        [(number, places)] = self._places.items()
        rows = [b"".join(spool.pieces()) for spool in self._spools]
        return Part(problems, people, carried, self.files, self.documents, self._keys, number, places, rows)

    def _join(self, part: "Part") -> bool:
        """Add what another reader has read of the next unit, as if it were read here; say whether that is so.

        It is not where something in it concerns a study right or a learner of an earlier unit: the other reader knew none.
        """
        if not self._keys.isdisjoint(part.keys):
            return False
        for key, person in part.people.items():
            if key in self.people and self.people[key][2:5] != person[2:5]:
                return False
        self.number_of_units = part.number
        self._places[part.number] = part.places
        self.problems.absorb(part.problems)
        for key, person in part.people.items():
            self.people.setdefault(key, person)
        self.carried.update(part.carried)
        for name, documents in part.files.items():
            self.files[name] = self.files.get(name, 0) + documents
        self.documents += part.documents
        self._keys |= part.keys
        for spool, rows in zip(self._spools, part.rows, strict=True):
            spool.write(rows)
        return True

    def roster(self) -> Roster:
        """Return the people of the documents. They are not all of the source's, so nobody ends who is not among them."""
        return Roster(
            files=dict.fromkeys(("school", "person", "membership", "guardian", "enrolment"), self.file),
            school=tuple,
            person=self.people.values,
            is_whole=False,
        )

    @property
    def file(self) -> str:
        """The file, where there is one; what concerns several names none."""
        return next(iter(self.files)) if len(self.files) == 1 else ""

    def place_of(self, line: int) -> tuple[str, int]:
        """Return file and line of the study right that was staged as `line`."""
        return self._places[line >> _PLACE_BITS][line & (1 << _PLACE_BITS) - 1]

    def _document(self, file: str, line: int, document: Any, *, plain: bool) -> None:
        self.files[file] = self.files.get(file, 0) + 1
        errors = self.problems.errors

        def tell(pointer: str, code: str, /, **parameters: Any) -> None:
            said = {name: shown(value) for name, value in parameters.items()}
            self.problems.error(file, line, pointer, code, **said)

        if not isinstance(document, dict):
            tell("", "koski.no-document", value=document)
            return
        inner, rights = document.get("henkilö"), document.get("opiskeluoikeudet")
        if not isinstance(inner, dict):
            tell("/henkilö", "koski.missing")
        if not isinstance(rights, list) or not rights:
            tell("/opiskeluoikeudet", "koski.missing")
        if self.problems.errors > errors or not isinstance(inner, dict) or not isinstance(rights, list):
            return
        for pointer, code in () if plain else amiss(document):
            tell(pointer, code)
        if self.problems.errors > errors:
            return
        person = self._person(file, line, inner, tell)
        read: list[StudyRight] = []
        hold_hetus: list[str] = []
        for place, each in enumerate(rights):
            pointer = f"/opiskeluoikeudet/{place}"
            if not isinstance(each, dict):
                tell(pointer, "koski.object", value=each)
            elif plain:
                read.append(read_study_right(each, tell, pointer))
            else:
                bare = without_labels(each)
                # What is carried is not encrypted, and identity codes are.
                if holds_hetu(json.dumps(bare)):
                    hold_hetus.append(pointer)
                read.append(read_study_right(bare, tell, pointer))
        rest = without_labels({name: value for name, value in document.items() if name not in _KNOWN})
        if not plain and holds_hetu(
            json.dumps([rest, {name: value for name, value in inner.items() if name not in PERSON}])
        ):
            hold_hetus.append("")
        for pointer in hold_hetus:
            tell(pointer, "koski.hetu")
        if self.problems.errors > errors or person is None:
            return
        self._judge(file, line, findings_of_person(inner))
        for place, right in enumerate(read):
            self._judge(file, line, findings(right, f"/opiskeluoikeudet/{place}", self.today))
        self.documents += 1
        known = self.people.setdefault(person.key, person)
        if known[2:5] != person[2:5]:
            self.problems.warning(file, line, "/henkilö", "koski.other-name")
        keys: Counter[str] = Counter()
        for place, right in enumerate(read):
            right.row["told_of_person"] = [name for name in PERSON if inner.get(name) is not None]
            # What a document says beside its study rights stands with the first of them, one level up.
            if not place and rest:
                right.row["carried"][BESIDE_RIGHTS] = rest
            unknown = {name: value for name, value in inner.items() if name not in PERSON or value is None}
            if not place and unknown:
                right.row["carried"][BESIDE_PERSON] = without_labels(unknown)
            key = _key(person.key, right.row)
            keys[key] += 1
            # Two rights of one level at one school stand in one document now and then; they are told apart by their order.
            # What has an id of its own is told apart by that.
            if keys[key] > 1 and key.startswith(person.key):
                key += f"#{keys[key]}"
            self._right(file, line, key, person.key, right)

    def _judge(self, file: str, line: int, found: Iterable[Finding]) -> None:
        """Tell what the national register would say."""
        for code, severity, pointer, parameters in found:
            fault = self.refuses and severity is Severity.ERROR
            tell = self.problems.error if fault else self.problems.warning
            tell(file, line, pointer, code, **parameters)

    def _person(self, file: str, line: int, inner: Object, tell: Any) -> Person | None:
        told = {}
        for name in PERSON:
            value = inner.get(name)
            if value is not None and (not isinstance(value, str) or not value.strip()):
                tell(f"/henkilö/{name}", "koski.text", value=value)
                return None
            told[name] = value
        hetu, oid = told["hetu"], told["oid"]
        born = sex = None
        if hetu is not None:
            try:
                hetu, born, sex = check_hetu(hetu, today=self.today)
            except BadValueError as fault:
                self.problems.error(file, line, "/henkilö/hetu", fault.code, **fault.parameters)
                return None
        if oid is not None and not PERSON_OID.fullmatch(oid):
            tell("/henkilö/oid", "koski.person-oid", value=oid)
            return None
        if not hetu and not oid:
            tell("/henkilö", "koski.nobody")
            return None
        if not told["etunimet"] or not told["sukunimi"]:
            tell("/henkilö", "koski.names")
            return None
        return new_person(
            line=line, key=f"hetu:{secrets.digest(hetu).hex()}" if hetu else str(oid), first_names=told["etunimet"],
            given_name=told["kutsumanimi"] or told["etunimet"].split()[0], family_name=told["sukunimi"],
            birth_date=born, sex=sex, hetu=hetu, learner_number=oid, role="student",
        )  # fmt: skip

    def _right(self, file: str, line: int, key: str, person: str, right: StudyRight) -> None:
        if len(key.encode()) > MAX_TEXT:
            self.problems.error(file, line, "/opiskeluoikeudet", "too-long", limit=MAX_TEXT)
            return
        if key in self._keys:
            self.problems.error(file, line, "/opiskeluoikeudet", "koski.same-right")
            return
        self._keys.add(key)
        places = self._places[self.number_of_units]
        # Rows of one unit after those of another, whoever has read it.
        number = self.number_of_units << _PLACE_BITS | len(places)
        places.append((file, line))
        own = self.rights.line(right.row)
        said = [own, *self._add_to(self.states, number, right.states)]
        # In which order an object names their kinds says nothing, but a list has its order.
        said += sorted(self._add_to(self.extras, number, right.extras), key=_first_cell)
        said += self._add_attainments(number, right.attainments)
        # Whatever a document says is in its rows, so one whose rows are the same says the same.
        digest = hashlib.blake2b("\n".join(said).encode(), digest_size=16).hexdigest()
        keys = f"{key.translate(_ESCAPES)}\t{person.translate(_ESCAPES)}"
        self.rights.add([f"{number}\t{keys}\t\\\\x{digest}\t{own}"])
        self.carried.update(carried_places(right))

    def _add_to(self, spool: Spool, number: int, rows: Sequence[Row]) -> list[str]:
        """Add what hangs on a study right, each row with the id that it gets where it is new; return what they say."""
        said = [spool.line(row) for row in rows]
        placed = enumerate(zip(new_ids(len(said)), said, strict=True))
        spool.add(f"{number}\t{ident}\t{place}\t{line}" for place, (ident, line) in placed)
        return said

    def _add_attainments(self, number: int, attainments: Sequence[Attainment]) -> list[str]:
        """Add attainments with their assessments, as `_add_to`; what hangs on a new one needs not be told its id later."""
        said: list[str] = []
        rows: list[str] = []
        of_rows: list[str] = []
        found = [*walk(attainments)]
        new = iter(new_ids(sum([1 + len(each.assessments) for *_, each in found])))
        ids: dict[str, str] = {}
        for above, node, place, attainment in found:
            ids[node] = ident = next(new)
            line = self.attainments.line(attainment.row, str(place), node)
            rows.append(f"{number}\t{ident}\t{ids.get(above, _NONE)}\t{line}")
            said.append(line)
            for nth, each in enumerate(attainment.assessments):
                line = self.assessments.line(each)
                of_rows.append(f"{number}\t{next(new)}\t{ident}\t{nth}\t{line}")
                said.append(line)
        self.attainments.add(rows)
        self.assessments.add(of_rows)
        return said


def _first_cell(line: str) -> str:
    return line.partition("\t")[0]


def _key(person: str, row: Object) -> str:
    """Return by what a source's study right is found again: its OID, its own id at the school, else learner, school, level."""
    where = row["school_oid"] or row["organiser_oid"] or ""
    if row["national_oid"]:
        return f"oid:{row['national_oid']}"
    if row["source_id"]:
        return f"{row['source_system'] or ''}:{row['source_id']}@{where}"
    return f"{person}/{where}/{row['level']}"


_KNOWN = {"henkilö", "opiskeluoikeudet"}
#: Where a study right carries what its document says beside the study rights, and of the learner.
BESIDE_RIGHTS, BESIDE_PERSON = _BESIDE = ("..", "../henkilö")
