"""Files of documents as values of JSON: quickly where nothing in the text can be amiss, with care where something may be.

What no database keeps (half characters, numbers that are none), a field told twice, nesting without end and identity codes
in the wrong place are seldom there, and to look for them in every value costs more than to read it. So a text is first asked
whether it can hold any of that. If not, its documents are `plain`; else they come as `json_files` reads them, and are looked
through value by value (`amiss`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from digione.integrations.loading.json_files import MAX_NUMBER, UNREADABLE, NoNumber, parse_json, read_json
from digione.integrations.loading.report import ImportRefusedError, Problems
from digione.integrations.loading.values import UNSTORABLE

#: Files with a document in each line.
LINES = (".jsonl", ".ndjson")
#: From how many bytes on a unit is enough.
_UNIT = 600_000
#: How deep a document may nest. The real ones nest fourteen levels at most.
_DEEPEST = 100
#: Values in which nothing can be amiss.
_PLAIN = {bool, int, float, type(None)}
#: Characters written as escapes that are a null character, a half one, or of ASCII, which hide what is looked for.
_ESCAPED = re.compile(r"\\u(?:00[0-7]|[dD][89a-fA-F])")
#: Of each character whether it is a digit (0) or a sign of the century (-), and how an identity code begins by that.
_SHAPES = bytes(
    ord("0" if chr(each) in "0123456789" else "-" if chr(each).upper() in "-+ABCDEFUVWXY" else ".")
    for each in range(256)
)
_SHAPE_OF_HETU = b"000000-000"
#: What does not make a value of JSON a text, an object with its fields, or a list.
_NOT_BUILDING = bytes(set(range(256)) - set(b'[]{}":\\'))
_SPACE = b" \t\r\n"
_NAME_END = b'":'
#: Of each character whether it is a digit (0), the mark of an exponent (e) or a sign (-).
_DIGITS = bytes(
    ord("0" if chr(each) in "0123456789" else "e" if chr(each) in "eE" else "-" if chr(each) in "+-" else ".")
    for each in range(256)
)
#: What a number beyond `MAX_NUMBER` has in that, and how one begins in a text of JSON, if perhaps within a text.
_MANY_DIGITS, _EXPONENT = b"0" * len(str(MAX_NUMBER)), re.compile(b"0e-?0")
_ODD_NUMBER = re.compile(r"(?:^|[:,\[])\s*-?(?:\d{16}|[\d.]+[eE])")


class Read(NamedTuple):
    """A document with its line, or its number where the file is one list.

    In a `plain` one nothing is `amiss`, and no identity code stands in it but as the learner's own.
    """

    line: int
    document: Any
    plain: bool


@dataclass(slots=True)
class Unit:
    """What is read in one go: whole files, or lines of one, each with its number. `broken`: from which byte on it is no text."""

    files: list[Path] = field(default_factory=list)
    name: str = ""
    lines: list[tuple[int, str]] = field(default_factory=list)
    broken: int | None = None


def units_of(files: Iterable[Path]) -> Iterator[Unit]:
    """Yield what files hold, in their order, some hundred kilobytes at a time. Raises `ImportRefusedError` without a file."""
    whole, size = Unit(), 0
    for file in files:
        try:
            if file.suffix not in LINES:
                whole.files.append(file)
                size += file.stat().st_size
            if whole.files and (size > _UNIT or file.suffix in LINES):
                yield whole
                whole, size = Unit(), 0
            if file.suffix in LINES:
                yield from _lines(file)
        except OSError as fault:
            raise ImportRefusedError("unreadable", path=str(file), reason=fault.strerror) from fault
    if whole.files:
        yield whole


def _lines(file: Path) -> Iterator[Unit]:
    unit, size = Unit(name=file.name), 0
    try:
        with file.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                unit.lines.append((number, line))
                size += len(line)
                if size > _UNIT:
                    yield unit
                    unit, size = Unit(name=file.name), 0
    except UnicodeDecodeError as fault:
        unit.broken = fault.start + 1
    yield unit


def documents_in(unit: Unit, problems: Problems) -> Iterator[tuple[str, Read]]:
    """Yield each document with the name of its file. Raises `ImportRefusedError` where a file is none."""
    for number, line in unit.lines:
        if line.strip():
            try:
                value, plain = parse(line)
            except (ValueError, RecursionError):
                problems.error(unit.name, number, "", "koski.line")
            else:
                yield unit.name, Read(number, value, plain)
    if unit.broken is not None:
        problems.error(unit.name, 0, "", "encoding.json", byte=unit.broken)
    for file in unit.files:
        whole = read_json(file, problems, parse)
        if whole is UNREADABLE:
            continue
        value, plain = whole
        for number, document in enumerate(value if isinstance(value, list) else [value], 1):
            yield file.name, Read(number, document, plain)


def documents_of(path: Path, problems: Problems) -> Iterator[Any]:
    """Yield each document of a file. Raises `ImportRefusedError` where there is no file."""
    for unit in units_of([path]):
        for _name, read in documents_in(unit, problems):
            yield read.document


def parse(text: str) -> tuple[Any, bool]:
    """Return what a text of JSON says, a document or a list of them, and whether they are `plain` (see `Read`).

    Raises as `json.loads` does.
    """
    written = text.encode(errors="replace")
    if _ESCAPED.search(text) or _has_odd_number(text, written):
        return parse_json(text), False
    building = written.translate(None, _NOT_BUILDING)
    if _is_deep(text, building):
        return parse_json(text), False
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        # It reads no value that JSON does not have, and says less of where a text breaks off.
        return parse_json(text), False
    if _says_twice(written, building, value) or _hetus_in(written) > _own_hetus(value):
        return parse_json(text), False
    return value, True


def _has_odd_number(text: str, written: bytes) -> bool:
    """Say whether a text of JSON may hold a number beyond `MAX_NUMBER`: none is that has few digits and no exponent."""
    digits = written.translate(_DIGITS)
    if _MANY_DIGITS in digits or _EXPONENT.search(digits):
        return _ODD_NUMBER.search(text) is not None
    return False


def _is_deep(text: str, building: bytes) -> bool:
    """Say whether a text of JSON may nest deeper than a document should. Of what is no JSON it says either."""
    # Texts without brackets in them are two quotation marks that now follow each other.
    brackets = building.translate(None, b":").replace(b'""', b"")
    if b'"' in brackets:
        if "\\" in text:
            text = text.replace("\\\\", "").replace('\\"', "")
        # Every second piece between quotation marks stands outside of texts.
        outside = "".join(text.split('"')[::2]).encode(errors="replace")
        brackets = outside.translate(None, _NOT_BUILDING + b":")
    # Each round takes away a level at least, and two at most.
    for _ in range(_DEEPEST // 2 - 2):
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if not brackets:
            return False
    return True


def _says_twice(written: bytes, building: bytes, value: Any) -> bool:
    """Say whether a text of JSON names a field of an object twice, given the `value` that it was read as.

    Each name is followed by a colon. Where that stands within a text, it does so in the value written anew as well, which
    lacks the second one of two alike alone.
    """
    anew = orjson.dumps(value)
    if b"\\" in written:
        # An escape hides what follows a quotation mark, so nothing but space is left out.
        return written.translate(None, _SPACE).count(_NAME_END) != anew.translate(None, _SPACE).count(_NAME_END)
    return building.count(_NAME_END) != anew.translate(None, _NOT_BUILDING).count(_NAME_END)


def _hetus_in(written: bytes) -> int:
    """Return how often in a text there stands what is like an identity code, wherever it begins."""
    return written.translate(_SHAPES).count(_SHAPE_OF_HETU)


def _own_hetus(value: Any) -> int:
    """Return how often what is like an identity code stands where a document has the learner's."""
    found = 0
    for document in value if isinstance(value, list) else [value]:
        person = document.get("henkilö") if isinstance(document, dict) else None
        told = person.get("hetu") if isinstance(person, dict) else None
        found += _hetus_in(told.encode(errors="replace")) if isinstance(told, str) else 0
    return found


def amiss(value: Any, pointer: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield where a document holds what no database can keep, or says something twice, with the code of the fault."""
    if depth > _DEEPEST:
        yield "", "koski.deep"
    elif isinstance(value, dict):
        for name in getattr(value, "twice", ()):
            yield f"{pointer}/{name}", "koski.twice"
        for name, inner in value.items():
            if UNSTORABLE.search(name):
                yield pointer, "koski.broken"
            elif inner.__class__ not in _PLAIN:
                yield from amiss(inner, f"{pointer}/{name}", depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            if inner.__class__ not in _PLAIN:
                yield from amiss(inner, f"{pointer}/{place}", depth + 1)
    elif isinstance(value, str):
        if UNSTORABLE.search(value):
            yield pointer, "koski.broken"
    elif isinstance(value, NoNumber):
        yield pointer, "koski.no-number"
