"""The shapes of answers: Pydantic models whose JSON Schema is the one of the open data model itself."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from ninja import Schema
from pydantic import ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema, create_model
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from digione.rest.v1 import write_facts
from digione.rest.v1.bulk import LINES
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.learner import SECTIONS
from digione.rest.v1.learner_scopes import LEAST, bits
from digione.rest.v1.recording import TYPES
from digione.schema.json_schema import json_schema


def answer_schema(endpoint: Endpoint) -> dict[str, Any]:
    """Return the JSON Schema of an object as apps get it: the resource's, without what is withheld.

    Only the id is required: `fields` and the scopes say what else comes.
    """
    declared = json_schema(replace(endpoint.resource, fields=endpoint.served))
    return {
        "title": declared["title"],
        "description": declared["description"],
        "type": "object",
        "properties": declared["properties"],
        "required": ["id"],
        "additionalProperties": False,
    }


def body_of(endpoint: Endpoint, *, adding: bool) -> dict[str, Any]:
    """Return what OpenAPI says of the body of a writing operation."""
    declared = json_schema(replace(endpoint.resource, fields=write_facts.writable(endpoint, adding=adding)))
    shape = {
        "type": "object",
        "properties": declared["properties"],
        "additionalProperties": False,
        **({"required": declared["required"]} if declared["required"] else {}),
    }
    types = TYPES[:1] if adding else TYPES
    return {"requestBody": {"required": True, "content": {each: {"schema": shape} for each in types}}}


def body_of_lines(endpoint: Endpoint) -> dict[str, Any]:
    """Return what OpenAPI says of writing many rows at once: the shape of a line, and at which provider it is."""
    declared = json_schema(replace(endpoint.resource, fields=write_facts.writable(endpoint, adding=True)))
    own = {
        "id": {"type": "string", "format": "uuid", "description": "The row that the line changes."},
        "if_match": {"type": "string", "description": "The `ETag` of that row, or `*`."},
    }
    shape = {"type": "object", "properties": own | declared["properties"], "additionalProperties": False}
    provider = {
        "in": "query",
        "name": "provider_id",
        "required": False,
        "description": "Whose rows they are; needed where several providers have opened this to the app.",
        "schema": {"type": "string", "format": "uuid"},
    }
    return {"parameters": [provider], "requestBody": {"required": True, "content": {LINES: {"schema": shape}}}}


def of_done(endpoint: Endpoint) -> type[Schema]:
    """Return the model of what many lines came to."""
    return create_model(f"{name_of_one(endpoint)}Lines", __base__=_Done)


def name_of_one(endpoint: Endpoint) -> str:
    """Return the name of the shape of a single object."""
    return "".join(word.capitalize() for word in endpoint.single.split("_"))


def of_one(endpoint: Endpoint) -> type[Schema]:
    """Return the model of a single object."""

    def shape(cls: type, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return answer_schema(endpoint)

    return type(
        name_of_one(endpoint), (Schema,), {"__module__": __name__, "__get_pydantic_json_schema__": classmethod(shape)}
    )


def of_learner(ones: Mapping[str, type[Schema]]) -> type[Schema]:
    """Return the model of a learner's document; `ones`: the models of single objects, by the path of their endpoint."""
    parts: dict[str, Any] = {}
    for section in SECTIONS:
        one = ones[section.endpoint.path]
        # Whoever gets a document at all gets what the least scope opens.
        default: Any = ... if section.bits == bits(LEAST) else None
        described: Any = Field(default, description=f"{section.endpoint.summary}.", json_schema_extra=_no_default)
        parts[section.name] = (one if section.found is None else list[one], described)  # type: ignore[valid-type]
    ident: Any = (
        Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})],
        Field(description="The supplier's own id of the person."),
    )
    return create_model("Learner", __base__=_Whole, id=ident, **parts)


def _no_default(shape: dict[str, Any]) -> None:
    shape.pop("default", None)


class _Whole(Schema):
    """One learner: the person, and the rows of each list of studies that are the learner's."""

    model_config = ConfigDict(extra="forbid")


def of_list(endpoint: Endpoint, one: type[Schema]) -> type[Schema]:
    """Return the model of a page of `one`."""
    return create_model(
        f"{one.__name__}Page",
        __base__=_Page,
        items=(list[one], Field(description="The rows, always in the same order.")),  # type: ignore[valid-type]
    )


def of_changes(endpoint: Endpoint, one: type[Schema]) -> type[Schema]:
    """Return the model of a part of the change feed of `one`."""
    row: Any = one | None
    change = create_model(
        f"{one.__name__}Change",
        __base__=_Change,
        row=(
            row,
            Field(description="The row as it is now, with what the scopes open; null where it is removed."),
        ),
    )
    return create_model(
        f"{one.__name__}Changes",
        __base__=_Changes,
        items=(list[change], Field(description="The changes, in the order in which they are to be done.")),  # type: ignore[valid-type]
    )


class LineDone(Schema):
    """A line of a call and the row that came of it."""

    model_config = ConfigDict(extra="forbid")

    line: int = Field(description="The number of the line, from 1.")
    id: Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})] = Field(description="The id of the row.")
    etag: str = Field(description="The `ETag` of the row as it stands now.")


class _Done(Schema):
    model_config = ConfigDict(extra="forbid")

    rows: list[LineDone] = Field(description="The rows, in the order of the lines.")


class _Change(Schema):
    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})] = Field(description="The id of the row.")
    changed_at: Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})] = Field(
        description="When it was changed: the beginning of the transaction. Later ones can stand before earlier ones."
    )
    removed: bool = Field(description="Whether it is no longer there for the app.")


class _Changes(Schema):
    model_config = ConfigDict(extra="forbid")

    after: str = Field(description="Where the app stands now: send it as `after` next time.")
    next: Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})] = Field(
        description="The address to ask next, now or later."
    )
    more: bool = Field(description="Whether more has changed already.")


class _Page(Schema):
    model_config = ConfigDict(extra="forbid")

    after: Annotated[str | None, WithJsonSchema({"type": ["string", "null"], "format": "uuid"})] = Field(
        description="Send it as `after` to get the page behind this one; null on the last page."
    )
    next: Annotated[str | None, WithJsonSchema({"type": ["string", "null"], "format": "uri"})] = Field(
        description="The address of the page behind this one; null on the last page."
    )


class ProblemError(Schema):
    """One fault of a request."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(description="Where it is: `query.limit`.")
    code: str = Field(description="Which sort of fault it is; stable.")
    detail: str = Field(description="What is wrong and what to do, in the caller's language.")


class Problem(Schema):
    """Why a request failed (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="Which sort of problem it is; stable.")
    title: str = Field(description="The same in words, in the caller's language.")
    status: int = Field(description="The status of the answer.")
    detail: str = Field(description="What happened here and what to do.")
    rule: str = Field("", description="What was missing, of an answer 403: a permission or a scope.")
    errors: list[ProblemError] = Field([], description="Every fault of the request, each with its place.")
