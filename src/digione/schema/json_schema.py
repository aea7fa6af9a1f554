"""JSON Schema 2020-12 of a resource, for whoever sends or receives it."""

from typing import Any

from digione.schema.declare import Field, Kind, Resource

DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: A language is a two- or three-letter code (ISO 639).
LANGUAGE_PATTERN = "^[a-z]{2,3}$"

_SHAPES: dict[Kind, dict[str, Any]] = {
    Kind.ID: {"type": "string", "format": "uuid"},
    Kind.TEXT: {"type": "string"},
    Kind.LOCALIZED_TEXT: {
        "type": "object",
        "propertyNames": {"pattern": LANGUAGE_PATTERN},
        "additionalProperties": {"type": "string", "minLength": 1},
    },
    Kind.TEXTS: {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.MOMENT: {"type": "string", "format": "date-time"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.OBJECT: {"type": "object"},
    Kind.OBJECTS: {"type": "array", "items": {"type": "object"}},
}


def _property(field: Field) -> dict[str, Any]:
    shape: dict[str, Any] = dict(_SHAPES[field.kind])
    if field.values and field.kind is Kind.TEXTS:
        shape["items"] = {"type": "string", "enum": list(field.values)}
    elif field.values:
        shape["enum"] = [*field.values, *([None] if field.optional else [])]
    if field.optional:
        shape["type"] = [shape["type"], "null"]
    shape["title"] = field.term.en
    shape["description"] = field.description
    if field.made:
        shape["readOnly"] = True
    shape["x-term"] = {"en": field.term.en, "fi": field.term.fi, "sv": field.term.sv}
    shape["x-sensitivity"] = str(field.sensitivity)
    shape["x-legal-basis"] = field.basis.cited()
    shape["x-master"] = str(field.master)
    if field.unit:
        shape["x-unit"] = field.unit
    if field.code_list:
        shape["x-code-list"] = field.code_list
    return shape


def json_schema(resource: Resource) -> dict[str, Any]:
    """Return the JSON Schema of `resource`. Internal fields are not in it, and unknown fields are refused."""
    fields = resource.public_fields()
    return {
        "$schema": DIALECT,
        "$id": f"urn:digione:schema:{resource.name}",
        "title": resource.term.en,
        "description": resource.definition,
        "type": "object",
        "properties": {field.name: _property(field) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }
