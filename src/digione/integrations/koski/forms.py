"""The forms in which the register writes a single value, and what of each becomes a column of ours.

A form *takes* its value out of an object that is being read and *puts* it back into one that is being written. It takes
only what it can put back as it was: what it leaves is carried, and what is of the wrong form is a fault.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from digione.integrations.loading.values import UNSTORABLE

Object = dict[str, Any]
Row = dict[str, Any]
#: Tells a fault of a document: where it stands (a JSON pointer), its code, and parameters of its words.
Tell = Callable[..., None]
#: The labels that the register fills in beside a code. What is sent of a code is its list and its value.
LABELS = ("nimi", "lyhytNimi")
_LANGUAGE = re.compile("[a-z]{2,3}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ORGANISATION = re.compile(r"1\.2\.246\.562\.(10|99|199)\.\d{11,24}")


def is_code(value: Any) -> bool:
    """Say whether a value is a coded one: an object that names a code list and a code of it."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("koodistoUri"), str)
        and isinstance(value.get("koodiarvo"), str)
    )


def without_labels(value: Any) -> Any:
    """Return a value of a document without the labels that the register fills in beside codes."""
    if isinstance(value, dict):
        dropped = LABELS if is_code(value) else ()
        return {name: without_labels(inner) for name, inner in value.items() if name not in dropped}
    return [without_labels(inner) for inner in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Form:
    """A value that is one column."""

    columns: tuple[str, ...]

    def take(self, row: Row, box: Object, name: str, tell: Tell, pointer: str) -> None:
        """Take the value `name` out of `box`, which stands at `pointer`, into the columns of `row`.

        What is absent or faulty leaves the row as it is.
        """
        value = box[name]
        if value is None:
            return
        stored = self.read(value)
        if stored is None:
            tell(f"{pointer}/{name}", self.fault(value), value=value)
            return
        del box[name]
        row[self.columns[0]] = stored

    def put(self, box: Object, name: str, values: tuple[Any, ...]) -> None:
        """Put the value back into `box`."""
        box[name] = self.write(values[0])

    def read(self, value: Any) -> Any:
        """Return what is stored of a value; None where it has not this form."""
        raise NotImplementedError

    def fault(self, value: Any) -> str:
        """Return the code of what is wrong with a value that has not this form."""
        raise NotImplementedError

    def write(self, stored: Any) -> Any:
        """Return the value for what is stored."""
        return stored


class Text(Form):
    """A text that the database can hold."""

    def read(self, value: Any) -> str | None:
        """See `Form`."""
        return value if isinstance(value, str) and not UNSTORABLE.search(value) else None

    def fault(self, value: Any) -> str:
        """See `Form`."""
        return "koski.text"


class Day(Form):
    """A day of the calendar, as 2026-08-11."""

    def read(self, value: Any) -> date | None:
        """See `Form`."""
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None

    def fault(self, value: Any) -> str:
        """See `Form`."""
        return "koski.day"

    def write(self, stored: date) -> str:
        """See `Form`."""
        return stored.isoformat()


class Flag(Form):
    """True or false."""

    def read(self, value: Any) -> bool | None:
        """See `Form`."""
        return value if isinstance(value, bool) else None

    def fault(self, value: Any) -> str:
        """See `Form`."""
        return "koski.flag"


class Number(Form):
    """A number with decimals, such as the size of a course in its unit."""

    def read(self, value: Any) -> Decimal | None:
        """See `Form`."""
        return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def fault(self, value: Any) -> str:
        """See `Form`."""
        return "koski.number"

    def write(self, stored: Decimal) -> int | float:
        """See `Form`. A number that was written with a point is written with one."""
        exponent = stored.as_tuple().exponent
        return int(stored) if isinstance(exponent, int) and exponent >= 0 else float(stored)


class Whole(Form):
    """A whole number that the database holds as one."""

    def read(self, value: Any) -> int | None:
        """See `Form`."""
        fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
        return value if fits else None

    def fault(self, value: Any) -> str:
        """See `Form`."""
        return "koski.number"


class Localized(Form):
    """A text in several languages."""

    def read(self, value: Any) -> Object | None:
        """See `Form`."""
        fits = (
            isinstance(value, dict)
            and bool(value)
            and all(map(_LANGUAGE.fullmatch, value))
            and all(isinstance(text, str) and not UNSTORABLE.search(text) for text in value.values())
        )
        return value if fits else None

    def fault(self, value: Any) -> str:
        """See `Form`."""
        return "koski.localized"


@dataclass(frozen=True, slots=True)
class Code(Form):
    """A code of one list, which is stored as its value. The version that is named is left, and so carried.

    A code of another list is left whole: levels that the data model does not know yet may have lists of their own. Only
    what no row can be without is `strict`.
    """

    scheme: str = ""
    strict: bool = False

    def take(self, row: Row, box: Object, name: str, tell: Tell, pointer: str) -> None:
        """See `Form`."""
        value = box[name]
        if value is None:
            return
        if not is_code(value) or UNSTORABLE.search(value["koodiarvo"]):
            tell(f"{pointer}/{name}", "koski.code", value=value)
        elif value["koodistoUri"] == self.scheme:
            row[self.columns[0]] = value["koodiarvo"]
            _drop_code(box, name, value)
        elif self.strict:
            tell(f"{pointer}/{name}", "koski.code-list", value=value["koodistoUri"], expected=self.scheme)

    def put(self, box: Object, name: str, values: tuple[Any, ...]) -> None:
        """See `Form`."""
        box.setdefault(name, {}).update(koodistoUri=self.scheme, koodiarvo=values[0])


class CodeOfList(Form):
    """A code of whichever list it names, which is stored as list and value."""

    def take(self, row: Row, box: Object, name: str, tell: Tell, pointer: str) -> None:
        """See `Form`."""
        value = box[name]
        if value is None:
            return
        if not is_code(value):
            self._take_other(row, box, name, tell, pointer)
        elif UNSTORABLE.search(value["koodistoUri"] + value["koodiarvo"]):
            tell(f"{pointer}/{name}", "koski.code", value=value)
        else:
            row[self.columns[0]], row[self.columns[1]] = value["koodistoUri"], value["koodiarvo"]
            _drop_code(box, name, value)

    def put(self, box: Object, name: str, values: tuple[Any, ...]) -> None:
        """See `Form`."""
        box.setdefault(name, {}).update(koodistoUri=values[0], koodiarvo=values[1])

    def _take_other(self, row: Row, box: Object, name: str, tell: Tell, pointer: str) -> None:
        """Take what is no code of a list."""
        tell(f"{pointer}/{name}", "koski.code", value=box[name])


class CodeOrOwn(CodeOfList):
    """A code of a national list or, without a list, one of the provider's own, whose name is then its own as well.

    Columns: list (None for an own one), value, name.
    """

    def _take_other(self, row: Row, box: Object, name: str, tell: Tell, pointer: str) -> None:
        value = box[name]
        own = isinstance(value, dict) and "koodistoUri" not in value
        if not own or not isinstance(value.get("koodiarvo"), str) or UNSTORABLE.search(value["koodiarvo"]):
            tell(f"{pointer}/{name}", "koski.code", value=value)
            return
        if "nimi" in value:
            title: Row = {}
            _TITLE.take(title, value, "nimi", tell, f"{pointer}/{name}")
            row[self.columns[2]] = title.get("title")
        row[self.columns[1]] = value.pop("koodiarvo")
        if not value:
            del box[name]

    def put(self, box: Object, name: str, values: tuple[Any, ...]) -> None:
        """See `Form`."""
        scheme, code, title = values
        if scheme is not None:
            super().put(box, name, (scheme, code))
            return
        inner = box.setdefault(name, {})
        inner["koodiarvo"] = code
        if title is not None:
            inner["nimi"] = title


_TITLE = Localized(("title",))


class Organisation(Form):
    """An organisation, which is stored as its OID. What else is told of it is left, and so carried."""

    def take(self, row: Row, box: Object, name: str, tell: Tell, pointer: str) -> None:
        """See `Form`."""
        value = box[name]
        if value is None:
            return
        oid = value.get("oid") if isinstance(value, dict) else None
        if oid is None and isinstance(value, dict):
            # A workplace or a school abroad has none; it is carried as it is told.
            return
        if not isinstance(oid, str) or not _ORGANISATION.fullmatch(oid):
            tell(f"{pointer}/{name}", "koski.organisation", value=value if oid is None else oid)
            return
        del value["oid"]
        if not value:
            del box[name]
        row[self.columns[0]] = oid

    def put(self, box: Object, name: str, values: tuple[Any, ...]) -> None:
        """See `Form`."""
        box.setdefault(name, {})["oid"] = values[0]


def _drop_code(box: Object, name: str, value: Object) -> None:
    """Take what is stored of a code, and its labels, out of its object; and that out of `box` where nothing is left in it."""
    if value.keys() <= _OF_CODE:
        del box[name]
    else:
        for each in _OF_CODE:
            value.pop(each, None)


_OF_CODE = frozenset({"koodistoUri", "koodiarvo", *LABELS})
