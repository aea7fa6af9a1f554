"""Strict validation of what comes in: every fault at once, unknown fields refused."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from digione.core.errors import Fault
from digione.schema.declare import Field, Kind, Resource
from digione.schema.json_schema import LANGUAGE_PATTERN

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})\Z")
#: Of a number before its point, and behind it. Longer ones are no measure of anything; in JSON a few signs tell of
#: millions of digits (`1e999999`), which no column holds.
MOST_DIGITS = 18
_LANGUAGE = re.compile(LANGUAGE_PATTERN)
_PERIODS = (("valid_from", "valid_to"), ("starts_on", "ends_on"), ("started_at", "finished_at"))


def validate(resource: Resource, payload: Mapping[str, Any]) -> list[Fault]:
    """Return every fault of `payload` as an object of `resource`, in the order of the declaration; empty when it is right.

    A fault's pointer is the field, and the place inside it for lists and languages (`name.fi`, `grades.0`).
    """
    fields = {field.name: field for field in resource.public_fields()}
    faults = []
    for field in fields.values():
        if field.name in payload:
            faults += _faults_of(field, payload[field.name])
        elif field.required:
            faults.append(Fault(field.name, "missing", _("%(field)s is missing.") % {"field": field.name}))
    faults += [
        Fault(str(name), "unknown_field", _("There is no such field here. Leave it out, or correct its name."))
        for name in payload
        if name not in fields
    ]
    wrong = {fault.pointer for fault in faults}
    for first, last in _PERIODS:
        start, end = payload.get(first), payload.get(last)
        if {first, last} <= set(fields) and start and end and not wrong & {first, last} and _before(end, start):
            text = _("%(last)s is before %(first)s.") % {"last": last, "first": first}
            faults.append(Fault(last, "ends_before_it_starts", text))
    return faults


def _before(one: str, other: str) -> bool:
    if len(one) == len(other) == len("2026-11-24"):
        return one < other
    return _moment(one) < _moment(other)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.upper().replace("Z", "+00:00"))


def _faults_of(field: Field, value: Any) -> list[Fault]:
    if value is None:
        if field.optional:
            return []
        text = _("%(field)s must have a value; leave it out or give one.") % {"field": field.name}
        return [Fault(field.name, "null", text)]
    return _CHECKS[field.kind](field, value)


def _wrong(pointer: str, wanted: str) -> list[Fault]:
    # What was sent is not sent back: it may be long, or somebody's.
    return [Fault(pointer, "wrong_type", _("It must be %(wanted)s.") % {"wanted": wanted})]


def _id(field: Field, value: Any) -> list[Fault]:
    return [] if isinstance(value, str) and _UUID.match(value) else _wrong(field.name, _("an id, as an answer told it"))


def _one_of(pointer: str, field: Field, value: str) -> list[Fault]:
    if not field.values or value in field.values:
        return []
    known = ", ".join(field.values)
    return [Fault(pointer, "unknown_value", _("It must be one of: %(known)s.") % {"known": known})]


def _text(field: Field, value: Any) -> list[Fault]:
    return _one_of(field.name, field, value) if isinstance(value, str) else _wrong(field.name, _("text"))


def _texts(field: Field, value: Any) -> list[Fault]:
    if not isinstance(value, list):
        return _wrong(field.name, _("a list of texts"))
    faults: list[Fault] = []
    for number, item in enumerate(value):
        pointer = f"{field.name}.{number}"
        faults += _one_of(pointer, field, item) if isinstance(item, str) else _wrong(pointer, _("text"))
        if item in value[:number]:
            faults.append(Fault(pointer, "repeated", _("It stands there twice.")))
    return faults


def _localized(field: Field, value: Any) -> list[Fault]:
    if not isinstance(value, dict):
        return _wrong(field.name, _('an object of texts by language, such as {"fi": "…", "sv": "…"}'))
    faults = []
    for language, text in value.items():
        pointer = f"{field.name}.{language}"
        if not _LANGUAGE.fullmatch(str(language)):
            faults.append(Fault(pointer, "unknown_language", _("Name the language by its code, such as fi, sv or en.")))
        if not isinstance(text, str) or not text:
            faults += _wrong(pointer, _("a text that is not empty"))
    return faults


def _date(field: Field, value: Any) -> list[Fault]:
    if isinstance(value, str) and _DATE.match(value):
        try:
            date.fromisoformat(value)
        except ValueError:
            return [Fault(field.name, "no_such_day", _("There is no such day."))]
        return []
    return _wrong(field.name, _("a date written YYYY-MM-DD"))


def _moment_faults(field: Field, value: Any) -> list[Fault]:
    if isinstance(value, str) and _MOMENT.match(value):
        try:
            _moment(value)
        except ValueError:
            return [Fault(field.name, "no_such_moment", _("There is no such moment."))]
        return []
    return _wrong(field.name, _("a moment with its zone (RFC 3339)"))


def _boolean(field: Field, value: Any) -> list[Fault]:
    return [] if isinstance(value, bool) else _wrong(field.name, _("true or false"))


def _integer(field: Field, value: Any) -> list[Fault]:
    right = isinstance(value, int) and not isinstance(value, bool)
    return [] if right else _wrong(field.name, _("a whole number"))


def _number(field: Field, value: Any) -> list[Fault]:
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        return _wrong(field.name, _("a number"))
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    exponent = number.as_tuple().exponent
    # Of what is no finite number the exponent is a letter.
    if isinstance(exponent, int) and number.adjusted() < MOST_DIGITS and exponent >= -MOST_DIGITS:
        return []
    text = _("A number has at most %(most)s digits before its point, and as many behind it.")
    return [Fault(field.name, "too_long", text % {"most": MOST_DIGITS})]


def _object(field: Field, value: Any) -> list[Fault]:
    return [] if isinstance(value, dict) else _wrong(field.name, _("an object"))


def _objects(field: Field, value: Any) -> list[Fault]:
    if not isinstance(value, list):
        return _wrong(field.name, _("a list of objects"))
    return [
        fault
        for number, item in enumerate(value)
        if not isinstance(item, dict)
        for fault in _wrong(f"{field.name}.{number}", _("an object"))
    ]


# Bytes have no entry: a field of bytes is internal, so no payload carries it.
_CHECKS: dict[Kind, Callable[[Field, Any], list[Fault]]] = {
    Kind.ID: _id,
    Kind.TEXT: _text,
    Kind.TEXTS: _texts,
    Kind.LOCALIZED_TEXT: _localized,
    Kind.DATE: _date,
    Kind.MOMENT: _moment_faults,
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.OBJECT: _object,
    Kind.OBJECTS: _objects,
}
