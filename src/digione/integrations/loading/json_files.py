"""JSON files from outside: parsed whole or told where they break off, and read field by field as the type that is due.

Pure and without a database. Nothing that a file may hold raises: a value of another type is told with its path, and
the object that holds it is faulty.
"""

import codecs
import json
import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from digione.integrations.loading.report import ImportRefusedError, Problems
from digione.integrations.loading.values import MAX_TEXT, UNSTORABLE

#: The register of the whole country has 3 MB; a parsed file takes some ten times its size in memory.
MAX_BYTES = 256 * 1024**2
#: What `read_json` returns for a file that is no JSON. None would be the JSON value null.
UNREADABLE = object()
#: The largest number that JSON's readers all understand alike (RFC 8259, 6).
MAX_NUMBER = 2**53 - 1
_SHOWN = 40
#: What an object's beginning is found by: where it opens and closes, past whatever its texts say.
_BRACES = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class NoNumber:
    """What JSON does not have (NaN, Infinity) or nobody can mean as a number (thousands of digits)."""

    written: str


class _Lines:
    """The lines of a file on which its objects begin, looked for when the first of them is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: array[int] | None = None
        self._objects = 0

    def take(self, pairs: list[tuple[str, Any]]) -> "JsonObject":
        """Return an object that was read to its end."""
        read = JsonObject(pairs)
        read.lines, read.number = self, self._objects
        self._objects += 1
        if len(read) < len(pairs):
            names = [name for name, _ in pairs]
            read.twice = tuple(name for name in read if names.count(name) > 1)
        return read

    def of(self, number: int) -> int:
        """Return the line, counted from 1, on which the object begins that is closed as the `number`-th from 0."""
        if self._found is None:
            self._found = self._look()
        return self._found[number]

    def _look(self) -> "array[int]":
        end = "\n" if "\n" in self._text else "\r"
        if end not in self._text:
            return array("L", [1]) * self._objects
        found, opened, line, counted = array("L"), array("L"), 1, 0
        for brace in _BRACES.finditer(self._text):
            if brace[0] == "{":
                line += self._text.count(end, counted, brace.start())
                counted = brace.start()
                opened.append(line)
            elif brace[0] == "}":
                found.append(opened.pop())
        return found


class JsonObject(dict[str, Any]):
    """An object of a file. `twice` names the fields that it gives twice: which of the two is meant, nobody knows."""

    __slots__ = ("lines", "number", "twice")
    lines: _Lines
    number: int
    twice: tuple[str, ...]

    def __init__(self, pairs: Any = ()) -> None:
        super().__init__(pairs)
        self.twice = ()

    @property
    def line(self) -> int:
        """The line of the file, counted from 1, on which the object begins."""
        return self.lines.of(self.number)


def element_name(number: int, path: str, key: str = "") -> str:
    """Return what tells an element of a file from all others: its place among them from 1, its path, and its id or code."""
    return f"{number}: {path[:300]}" + (f", {key[:60]}" if key else "")


def read_json(path: Path, problems: Problems, parse: Callable[[str], Any] | None = None) -> Any:
    """Return the parsed file, or `UNREADABLE` after telling why it is none. Raises `ImportRefusedError` without a file.

    Objects are `JsonObject`, numbers that are none are `NoNumber`, unless it is parsed by something else than `parse_json`.
    """
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            problems.error(path.name, 0, "", "json.size", limit=MAX_BYTES // 1024**2)
            return UNREADABLE
        written = path.read_bytes()
    except OSError as fault:
        raise ImportRefusedError("unreadable", path=str(path), reason=fault.strerror) from fault
    if not written.removeprefix(codecs.BOM_UTF8).strip():
        problems.error(path.name, 1, "", "empty-file.json")
        return UNREADABLE
    if written.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.error(path.name, 1, "", "encoding.utf-16")
        return UNREADABLE
    try:
        text = written.decode("utf-8-sig")
        return (parse or parse_json)(text)
    except UnicodeDecodeError as fault:
        problems.error(path.name, written[: fault.start].count(b"\n") + 1, "", "encoding.json", byte=fault.start + 1)
    except json.JSONDecodeError as fault:
        problems.error(path.name, fault.lineno, "", "json", column=fault.colno)
    except RecursionError:
        problems.error(path.name, 0, "", "json.deep")
    return UNREADABLE


def parse_json(text: str) -> Any:
    """Return what a text of JSON says, in the form of `read_json`. Raises as `json.loads` does."""
    return json.loads(
        text,
        object_pairs_hook=_Lines(text).take,
        parse_constant=NoNumber,
        parse_int=_whole,
        parse_float=_decimal,
    )


def _whole(written: str) -> int | NoNumber:
    if len(written) > 20 or abs(int(written)) > MAX_NUMBER:
        return NoNumber(written[:_SHOWN])
    return int(written)


def _decimal(written: str) -> float | NoNumber:
    number = float(written)
    return number if abs(number) <= MAX_NUMBER else NoNumber(written[:_SHOWN])


def shown(value: Any) -> str:
    """Return what a message says of a value, never going into what it holds."""
    match value:
        case str():
            return value[:_SHOWN]
        case NoNumber():
            return value.written
        case dict():
            return "{…}"
        case list():
            return "[…]"
        case _:
            return json.dumps(value)


@dataclass(slots=True)
class Item:
    """One row of a JSON file: an object whose fields are asked for by the type that is due.

    `line` is the line of the file on which the row begins, counted from 1: the same for all where the file has no line
    ends. `element` tells the row from all others (see `element_name`), and `path` says where it stands, as
    `organisaatiot[3]`. A field that is missing or null is simply not there; one of another type is told and makes the row `faulty`.
    """

    file: str
    line: int
    element: str
    path: str
    value: dict[str, Any]
    problems: Problems
    row: "Item | None" = None
    name: str = ""
    faulty: bool = field(default=False)

    def __post_init__(self) -> None:
        """Tell of fields that stand twice."""
        for name in getattr(self.value, "twice", ()):
            self._blame(name, "json-twice")

    @classmethod
    def begin(cls, file: str, number: int, path: str, node: Any, problems: Problems, around: Any, key: str) -> "Item":
        """Return the `number`-th row of a file. `around` is what holds it, and `key` the field that has its id or code.

        A row that is no object has no fields, and the line of the object around it.
        """
        value = node if isinstance(node, dict) else JsonObject()
        placed = node if isinstance(node, JsonObject) else around
        line = placed.line if isinstance(placed, JsonObject) else 1
        known = dict.get(value, key)
        name = element_name(number, path, known if isinstance(known, str) else "")
        return cls(file, line, name, path, value, problems)

    def text(self, name: str) -> str | None:
        """Return a text. One that the database cannot hold (a null character, half a character) is told as well."""
        value = self.value.get(name)
        if value is None or (isinstance(value, str) and not UNSTORABLE.search(value)):
            return value
        self._blame(name, "text-broken" if isinstance(value, str) else "json-type.text")
        return None

    def short(self, name: str) -> str | None:
        """Return a text that is an id or a code. One that no index could hold is told as well."""
        value = self.text(name)
        if value is not None and len(value.encode()) > MAX_TEXT:
            self.error(name, "too-long", limit=MAX_TEXT)
            return None
        return value

    def number(self, name: str) -> int | None:
        """Return a whole number, between -(2^53 - 1) and 2^53 - 1."""
        value = self.value.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self._blame(name, "json-type.number")
        return None

    def inner(self, name: str) -> "Item | None":
        """Return an object of the row, whose faults are the row's."""
        value = self.value.get(name)
        if value is None:
            return None
        if isinstance(value, dict):
            return self._part(name, value)
        self._blame(name, "json-type.object")
        return None

    def inners(self, name: str) -> Iterator["Item"]:
        """Yield the objects of a list."""
        for number, value in enumerate(self.listed(name)):
            place = f"{name}[{number}]"
            if isinstance(value, dict):
                yield self._part(place, value)
            else:
                self._blame(place, "json-type.object", value)

    def texts(self, name: str) -> list[str]:
        """Return the texts of a list."""
        found = []
        for number, value in enumerate(self.listed(name)):
            if isinstance(value, str) and not UNSTORABLE.search(value):
                found.append(value)
            else:
                self._blame(f"{name}[{number}]", "text-broken" if isinstance(value, str) else "json-type.text", value)
        return found

    def listed(self, name: str) -> list[Any]:
        """Return a list, whatever it holds."""
        value = self.value.get(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        self._blame(name, "json-type.list")
        return []

    def error(self, name: str, code: str, /, **parameters: Any) -> None:
        """Tell a fault of a field, and that the row is faulty."""
        self.faulty = True
        if self.row is not None:
            self.row.faulty = True
        self.problems.error(self.file, self.line, self._named(name), code, element=self.element, **parameters)

    def warn(self, name: str, code: str, /, **parameters: Any) -> None:
        """Tell something of a field for which the row is not refused."""
        self.problems.warning(self.file, self.line, self._named(name), code, element=self.element, **parameters)

    def _part(self, name: str, value: dict[str, Any]) -> "Item":
        row = self.row or self
        path = f"{self.path}.{name}"
        return Item(self.file, self.line, self.element, path, value, self.problems, row, self._named(name))

    def _named(self, name: str) -> str:
        return f"{self.name}.{name}" if self.name and name else name or self.name

    def _blame(self, name: str, code: str, value: Any = UNREADABLE) -> None:
        # Each code stands here by its name, since a test holds the catalogue of messages to the codes that are told.
        said = shown(self.value.get(name) if value is UNREADABLE else value)
        place = f"{self.path}.{name}"[:300]
        match code:
            case "json-twice":
                self.error(name, "json-twice", path=place)
            case "text-broken":
                self.error(name, "text-broken", path=place)
            case "json-type.text":
                self.error(name, "json-type.text", value=said, path=place)
            case "json-type.number":
                self.error(name, "json-type.number", value=said, path=place)
            case "json-type.list":
                self.error(name, "json-type.list", value=said, path=place)
            case _:
                self.error(name, "json-type.object", value=said, path=place)
