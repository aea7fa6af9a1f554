"""The language in which a resource is declared: a typed class, and for each field what a data manager asks about it.

    @resource(table="people_contact", term="contact detail", basis=STATUTORY_TASK, master=Master.PROVIDER)
    class Contact:
        "How a person is reached, as a provider knows it."

        value: str = field("The address, number or e-mail itself.", term="contact detail", sensitivity=CONFIDENTIAL)
        valid_to: date | None = field("The last day on which it holds.", term="validity")

The annotation says the type and whether a value may be absent; legal basis and master are the resource's unless a field
names its own. Decorated classes are frozen dataclasses, so that a declaration cannot be changed while it runs.
"""

import dataclasses
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Union, dataclass_transform, get_args, get_origin, get_type_hints
from uuid import UUID

from digione.core.texts import LocalizedText
from digione.schema.basis import Basis
from digione.schema.glossary import GLOSSARY, Term

#: The version of the data model to which a field belongs unless it says otherwise.
FIRST_VERSION = "0.1.0"
#: A JSON object whose inside the open data model does not describe.
Json = dict[str, Any]
#: A list of such objects.
JsonList = list[Json]


class Kind(StrEnum):
    """The types of the open data model."""

    ID = "id"
    TEXT = "text"
    LOCALIZED_TEXT = "text in several languages"
    TEXTS = "list of texts"
    DATE = "date"
    MOMENT = "moment"
    BOOLEAN = "true or false"
    INTEGER = "whole number"
    NUMBER = "number"
    OBJECT = "object"
    OBJECTS = "list of objects"
    BYTES = "bytes"


class Sensitivity(StrEnum):
    """How a field is guarded: `confidential` is masked without a rule for it, `secret` is secret by law."""

    ORDINARY = "ordinary"
    CONFIDENTIAL = "confidential"
    SECRET = "secret"  # noqa: S105 - a class of data, not a password.


class Master(StrEnum):
    """Who has the true value: an import changes only what its source masters."""

    PERSON_REGISTERS = "national person registers (ONR, from VTJ)"
    ORGANISATION_REGISTER = "organisation register (Organisaatiopalvelu)"
    CODE_SERVICE = "code service (Koodisto)"
    PROVIDER = "education provider"
    PLATFORM = "platform"


_KINDS: dict[Any, Kind] = {
    UUID: Kind.ID,
    str: Kind.TEXT,
    LocalizedText: Kind.LOCALIZED_TEXT,
    list[str]: Kind.TEXTS,
    date: Kind.DATE,
    datetime: Kind.MOMENT,
    bool: Kind.BOOLEAN,
    int: Kind.INTEGER,
    Decimal: Kind.NUMBER,
    Json: Kind.OBJECT,
    JsonList: Kind.OBJECTS,
    bytes: Kind.BYTES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """All that is declared about one field.

    `code_list` is the URI of a national code list (Koodisto), `values` a closed list of our own. `made` says that the
    platform makes the value, so that nobody has to send it; `internal`, that it never leaves the platform. `guidance` is
    what whoever fills the field is told beside it, in English; the catalogues have it in the other languages. `since` is
    the version of the data model that first had the field.
    """

    name: str
    kind: Kind
    description: str
    term: Term
    sensitivity: Sensitivity
    basis: Basis
    master: Master
    optional: bool
    required: bool
    unit: str | None
    code_list: str | None
    values: tuple[str, ...]
    internal: bool
    made: bool
    guidance: str | None
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """All that is declared about one resource. `fields` stand in the order of their declaration."""

    name: str
    table: str
    term: Term
    definition: str
    room: str
    basis: Basis
    master: Master
    fields: tuple[Field, ...]

    def public_fields(self) -> tuple[Field, ...]:
        """Return the fields that may leave the platform."""
        return tuple(each for each in self.fields if not each.internal)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What `field` was told, before the class says name and type."""

    description: str
    term: str
    sensitivity: Sensitivity
    basis: Basis | None
    master: Master | None
    unit: str | None
    code_list: str | None
    values: tuple[str, ...]
    internal: bool
    made: bool
    guidance: str | None
    since: str
    has_default: bool
    default: Any


_NOTHING: Any = object()


def field(
    description: str,
    *,
    term: str,
    default: Any = _NOTHING,
    sensitivity: Sensitivity = Sensitivity.ORDINARY,
    basis: Basis | None = None,
    master: Master | None = None,
    unit: str | None = None,
    code_list: str | None = None,
    values: tuple[str, ...] = (),
    internal: bool = False,
    made: bool = False,
    guidance: str | None = None,
    since: str = FIRST_VERSION,
) -> Any:
    """Declare a field. `term` is an entry of the glossary; the other words are explained in `Field`."""
    return _Draft(
        description=description,
        term=term,
        sensitivity=sensitivity,
        basis=basis,
        master=master,
        unit=unit,
        code_list=code_list,
        values=values,
        internal=internal,
        made=made,
        guidance=guidance,
        since=since,
        has_default=default is not _NOTHING,
        default=default,
    )


def _kind(annotation: Any) -> tuple[Kind, bool]:
    """Return the kind of an annotation and whether a value may be absent."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return _KINDS[inner[0]], True
    return _KINDS[annotation], False


def _dataclass_field(draft: _Draft, *, optional: bool) -> Any:
    if draft.has_default and isinstance(draft.default, list | dict):
        return dataclasses.field(default_factory=draft.default.copy)
    if draft.has_default:
        return dataclasses.field(default=draft.default)
    return dataclasses.field(default=None) if optional or draft.made else dataclasses.field()


_DECLARED: dict[type, Resource] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def resource(*, table: str, term: str, basis: Basis, master: Master) -> Callable[[type], type]:
    """Declare a resource: its table, its glossary term, and the legal basis and master of its fields.

    The docstring is the definition that a data manager reads. Raises `KeyError` for a term that the glossary lacks.
    """

    def declare(cls: type) -> type:
        fields = []
        for name, annotation in get_type_hints(cls).items():
            draft: _Draft = getattr(cls, name)
            kind, optional = _kind(annotation)
            fields.append(
                Field(
                    name=name,
                    kind=kind,
                    description=draft.description,
                    term=GLOSSARY[draft.term],
                    sensitivity=draft.sensitivity,
                    basis=draft.basis or basis,
                    master=draft.master or (Master.PLATFORM if draft.made or draft.internal else master),
                    optional=optional,
                    required=not (optional or draft.made or draft.has_default),
                    unit=draft.unit,
                    code_list=draft.code_list,
                    values=draft.values,
                    internal=draft.internal,
                    made=draft.made,
                    guidance=draft.guidance,
                    since=draft.since,
                )
            )
            setattr(cls, name, _dataclass_field(draft, optional=optional))
        declared: type = dataclass(frozen=True, kw_only=True)(cls)
        _DECLARED[declared] = Resource(
            name="".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in cls.__name__).lstrip("_"),
            table=table,
            term=GLOSSARY[term],
            definition=" ".join((cls.__doc__ or "").split()),
            room=table.split("_", 1)[0],
            basis=basis,
            master=master,
            fields=tuple(fields),
        )
        return declared

    return declare


def described(declared: type) -> Resource:
    """Return what was declared about a resource class."""
    return _DECLARED[declared]
