"""What may be asked: the parameters of an endpoint as Pydantic models, and the faults of a request in plain words."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import BeforeValidator, Field, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from digione.core import clock
from digione.core.errors import Fault
from digione.rest.v1.endpoint import Endpoint

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 1000
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def identifier(text: str) -> UUID | None:
    """Return the id, None where `text` is not written as we write ids."""
    return UUID(text) if _ID.fullmatch(text) else None


def _whole(text: Any) -> Any:
    if isinstance(text, str) and not re.fullmatch(r"[0-9]{1,9}", text):
        raise PydanticCustomError("whole_number", "Not a whole number.")
    return text


def _written_as_id(text: Any) -> Any:
    if isinstance(text, str) and identifier(text) is None:
        raise PydanticCustomError("id", "Not an id.")
    return text


def _written_as_day(text: Any) -> Any:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise PydanticCustomError("day", "Not a day.")


def _written_as_moment(text: Any) -> Any:
    try:
        if _MOMENT.fullmatch(text):
            # PostgreSQL knows fewer zones than may be written.
            moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
            if moment <= clock.now():
                return moment
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("moment", "Not a moment of the past.")


def _no_default(shape: dict[str, Any]) -> None:
    shape.pop("default", None)


_Id = Annotated[UUID | None, BeforeValidator(_written_as_id), WithJsonSchema({"type": "string", "format": "uuid"})]
_Day = Annotated[date | None, BeforeValidator(_written_as_day), WithJsonSchema({"type": "string", "format": "date"})]
_Moment = Annotated[
    datetime | None, BeforeValidator(_written_as_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
_Place = Annotated[str | None, WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 1000})]
_Limit = Annotated[int, BeforeValidator(_whole)]


def of_one(endpoint: Endpoint) -> type[Schema]:
    """Return the model of the parameters of a single object."""
    return create_model(f"{endpoint.single}_parameters", __base__=Schema, fields=_fields(endpoint), **_times(endpoint))


def of_list(endpoint: Endpoint) -> type[Schema]:
    """Return the model of the parameters of a list."""
    after = Field(
        None,
        description="The id behind which the page begins: `after` of the page before.",
        json_schema_extra=_no_default,
    )
    filters: dict[str, Any] = {name: (_Id, _filter(name)) for name in endpoint.filters}
    limit = Field(DEFAULT_LIMIT, ge=1, le=LARGEST_LIMIT, description="How many rows at most.")
    return create_model(
        f"{endpoint.path}_parameters",
        __base__=Schema,
        after=(_Id, after),
        limit=(_Limit, limit),
        fields=_fields(endpoint),
        **_times(endpoint),
        **filters,
    )


def of_changes(endpoint: Endpoint) -> type[Schema]:
    """Return the model of the parameters of a change feed."""
    after = Field(
        None,
        min_length=1,
        max_length=1000,
        description="Where the app stands: `after` of its last answer here. Without it: where it would stand now.",
        json_schema_extra=_no_default,
    )
    limit = Field(DEFAULT_LIMIT, ge=1, le=LARGEST_LIMIT, description="How many changes at most.")
    return create_model(
        f"{endpoint.path}_changes_parameters",
        __base__=Schema,
        after=(_Place, after),
        limit=(_Limit, limit),
        fields=_fields(endpoint),
    )


def of_lines(endpoint: Endpoint) -> type[Schema]:
    """Return the model of the parameters of writing many rows at once."""
    return create_model(f"{endpoint.path}_lines_parameters", __base__=Schema, provider_id=(_Id, None))


def _times(endpoint: Endpoint) -> dict[str, Any]:
    """Return the parameters that ask of another time; of a day only where rows have a period."""
    day = Field(
        None,
        description="Only what holds on this day. Without it: what is current.",
        json_schema_extra=_no_default,
    )
    moment = Field(
        None,
        description="As it was known at this moment (RFC 3339), of those who are there today.",
        json_schema_extra=_no_default,
    )
    return {**({"valid_on": (_Day, day)} if endpoint.during else {}), "known_at": (_Moment, moment)}


def _filter(name: str) -> Any:
    description = f"Only rows with this `{name}`."
    return Field(None, description=description, json_schema_extra=_no_default)


def _fields(endpoint: Endpoint) -> Any:
    names = "|".join(each.name for each in endpoint.served)
    shape = {"type": "string", "pattern": f"^({names})(,({names}))*$"}

    def known(text: Any) -> Any:
        unknown = [name for name in str(text).split(",") if name not in endpoint.names]
        if unknown:
            raise PydanticCustomError("unknown_field", "Unknown fields.", {"unknown": unknown})
        return text

    return (
        Annotated[str | None, BeforeValidator(known), WithJsonSchema(shape)],
        Field(
            None,
            description="The fields that are wanted, with commas between them; `id` always comes. Without it: all that"
            " the scopes open.",
            json_schema_extra=_no_default,
        ),
    )


def faults_of_names(given: QueryDict, model: type[Schema]) -> list[Fault]:
    """Return a fault for each parameter that the address does not have, or that was given more than once."""
    known = ", ".join(model.model_fields)
    faults = []
    for name, values in given.lists():
        if name not in model.model_fields:
            text = _("There is no parameter %(name)s here. The parameters are: %(known)s.")
            faults.append(Fault("query", "unknown_parameter", text % {"name": _shown(name), "known": known}))
        elif len(values) > 1:
            faults.append(Fault(f"query.{name}", "repeated", _("Give it once.")))
    return faults


def faults_of_values(errors: Iterable[Mapping[str, Any]]) -> list[Fault]:
    """Return the faults that Pydantic found, in our words."""
    return [fault for error in errors for fault in _told(error)]


def _told(error: Mapping[str, Any]) -> list[Fault]:
    name = str(error["loc"][-1])
    pointer = f"query.{name}"
    if error["type"] == "unknown_field":
        text = _("There is no field %(name)s here.")
        return [Fault(pointer, "unknown_field", text % {"name": _shown(each)}) for each in error["ctx"]["unknown"][:50]]
    if name == "limit":
        text = _("Give a whole number from 1 to %(largest)s.")
        return [Fault(pointer, "out_of_range", text % {"largest": LARGEST_LIMIT})]
    if name == "after" and error["type"].startswith("string_"):
        return [Fault(pointer, "no_place", _("Give what an answer told as “after”."))]
    if name == "after":
        return [Fault(pointer, "no_id", _("Give the id that the page before told as “after”."))]
    if error["type"] == "day":
        return [Fault(pointer, "no_day", _("Give a day as YYYY-MM-DD."))]
    if error["type"] == "moment":
        text = _("Give a moment that has passed, with its zone: 2026-11-29T12:00:00Z. In an address, + is written %2B.")
        return [Fault(pointer, "no_moment", text)]
    if error["type"] == "id":
        return [Fault(pointer, "no_id", _("Give an id, as an answer told it."))]
    return [Fault(pointer, "invalid", _("This value cannot be taken."))]


def _shown(name: str) -> str:
    """Return a name as it was written, where it looks like one; nothing else is sent back."""
    return f"“{name}”" if re.fullmatch(r"[A-Za-z0-9_.]{1,60}", name) else _("like that")
