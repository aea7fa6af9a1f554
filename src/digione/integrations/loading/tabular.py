"""CSV as it really comes: byte order marks, either line end, quoted line breaks, ragged rows, wrong encodings.

Rows stream: memory does not grow with the file. A bad row is told with its line and does not stop the next one.
"""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

from digione.integrations.loading.report import Problems
from digione.integrations.loading.values import MAX_TEXT

#: No field of a roster is longer; a quote that is never closed would otherwise swallow the rest of the file.
MAX_FIELD = 128 * 1024
_BLOCK = 1 << 20
#: How databases write an empty value, as ours does when rows are staged; what is made of a word of a cell counts as well.
_WRITTEN_NULL = re.compile(r"(?<![^\s,;])\\N(?![^\s,;])")


class Line(NamedTuple):
    """One row of a table, with the line on which it begins."""

    number: int
    values: list[str]


class _UnreadableError(Exception):
    pass


class _Nulls:
    """Whether a null character, or a null as databases write it, was met at all: then, and only then, values are looked at."""

    found = False


def _text_lines(stream: IO[bytes], file: str, problems: Problems, nulls: _Nulls) -> Iterator[str]:
    """Yield the lines of a UTF-8 stream with their ends. The first byte that is not UTF-8 is told, and ends the file."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    read, line, rest, first = 0, 1, "", True
    while True:
        block = stream.read(_BLOCK)
        if first:
            first = False
            # Without its mark, UTF-16 shows by the null byte that half of each plain letter is.
            if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in block[:2]:
                problems.error(file, 1, "", "encoding.utf-16")
                raise _UnreadableError
            if block.startswith(codecs.BOM_UTF8):
                block, read = block[3:], 3
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as fault:
            bad = fault.object[fault.start]
            before = fault.object[: fault.start].decode("utf-8", "replace")
            guess = bytes([bad]).decode("cp1252", "replace")
            problems.error(
                file,
                line + rest.count("\n") + before.count("\n"),
                "",
                "encoding",
                byte=read - pending + fault.start + 1,
                value=f"0x{bad:02X}",
                guess=guess,
            )
            raise _UnreadableError from None
        read += len(block)
        text = rest + text
        nulls.found = nulls.found or "\x00" in text or "\\N" in text
        pieces = _split(text)
        rest = ""
        if block and pieces and not pieces[-1].endswith("\n"):
            rest = pieces.pop()
        for piece in pieces:
            line += 1
            yield piece
        if not block:
            return


def _split(text: str) -> list[str]:
    # `splitlines` would also break at form feeds and Unicode separators, which are ordinary characters of a field.
    pieces = text.split("\n")
    return [piece + "\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def read_table(
    stream: IO[bytes], file: str, problems: Problems, *, delimiters: Sequence[str] = (",",)
) -> Iterator[Line]:
    """Yield the header as the first line, then each row that has exactly as many columns.

    Among `delimiters` the one that the header uses most is taken. Ragged rows are told and left out.
    """
    nulls = _Nulls()
    try:
        yield from _rows(_text_lines(stream, file, problems, nulls), file, problems, delimiters, nulls)
    except _UnreadableError:
        return


def _rows(
    texts: Iterator[str], file: str, problems: Problems, delimiters: Sequence[str], nulls: _Nulls
) -> Iterator[Line]:
    header = next(texts, "")
    if not header.strip():
        problems.error(file, 1, "", "empty-file")
        return
    delimiter = max(delimiters, key=header.count)
    csv.field_size_limit(MAX_FIELD)

    def counted() -> Iterator[str]:
        yield header
        yield from texts

    reader = csv.reader(counted(), delimiter=delimiter, strict=True)
    width, begins = 0, 1
    while True:
        try:
            # Each row begins on the line after the one on which the row before it ended.
            for values in reader:
                line, begins = begins, reader.line_num + 1
                if len(values) == width:
                    if nulls.found and any("\x00" in value for value in values):
                        problems.error(file, line, "", "null-character")
                    elif nulls.found and any(map(_WRITTEN_NULL.search, values)):
                        problems.error(file, line, "", "null-character.database")
                    elif width > 1 or values[0].strip():
                        yield Line(line, values)
                elif width == 0:
                    width = len(values)
                    yield Line(1, [value.strip() for value in values])
                elif len(values) > 1 or (values and values[0].strip()):
                    problems.error(file, line, "", "ragged-row", count=len(values), width=width)
        except csv.Error as fault:
            words = str(fault)
            if "field larger" in words and reader.line_num == begins:
                # One line alone is too long: no quotation mark has swallowed the rows below, and they are read.
                problems.error(file, begins, "", "too-long", limit=MAX_TEXT)
                if not width:
                    return
                begins += 1
                continue
            if "field larger" in words or "unexpected end" in words:
                problems.error(file, begins, "", "quoting.open")
                return
            if "new-line character" in words:
                problems.error(file, begins, "", "line-end")
                return
            problems.error(file, begins, "", "quoting")
            if not width:
                # Without the header, what comes next would be taken for it.
                return
            begins = reader.line_num + 1
        else:
            return
