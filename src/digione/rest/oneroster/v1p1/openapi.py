"""The description of 1.1 as OpenAPI 3.1: written from the text of the standard, because 1EdTech publishes no file for 1.1.

It is stricter than the standard in one respect: objects have no properties beyond those that it names. Where the
standard's text and a vendor's file differ (truth values as text or as JSON's own), the text holds.
"""

import re
from functools import cache
from typing import Any

from digione.access.scopes import OTHER_NAMES
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, ROSTER
from digione.rest.oneroster.v1p1.answers import INVALID_SELECTION_FIELD, INVALID_SORT_FIELD, MINOR
from digione.rest.oneroster.v1p1.operations import OPERATIONS
from digione.rest.oneroster.v1p1.shapes import CLASS_TYPES, OTHER_ROLE, PROPERTIES, ROLES
from digione.rest.oneroster.views import PREFIX_1_1
from digione.schema.json_schema import DIALECT

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_DAY: Schema = {"type": "string", "format": "date"}
_TRUTH: Schema = {"enum": ["true", "false"]}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_ROLE: Schema = {"enum": sorted({*ROLES.values(), OTHER_ROLE})}


def _named(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _to(kind: str) -> Schema:
    """Return a reference to an object of a kind."""
    return {"allOf": [_named("GUIDRef"), {"properties": {"type": {"const": kind}}}]}


def _several(schema: Schema, *, least: int = 0) -> Schema:
    return {"type": "array", "items": schema, "minItems": least}


#: What a property is, by its name; by its kind before it where the name alone does not say.
_TYPES: dict[str, Schema] = {
    "sourcedId": {"type": "string", "minLength": 1, "maxLength": 255},
    "status": {"enum": ["active", "tobedeleted"]},
    "dateLastModified": {"type": "string", "format": "date-time"},
    "metadata": {"type": "object"},
    "birthDate": _DAY,
    "sex": {"enum": ["male", "female"]},
    **dict.fromkeys(("startDate", "endDate", "beginDate"), _DAY),
    **dict.fromkeys(("grades", "subjects", "subjectCodes", "periods"), _TEXTS),
    **dict.fromkeys(("enabledUser", "primary"), _TRUTH),
    **dict.fromkeys(
        ("americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican", "nativeHawaiianOrOtherPacificIslander",
         "white", "demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity"),
        _TRUTH,
    ),
    "role": _ROLE,
    "classType": {"enum": list(CLASS_TYPES)},
    "resources": _several(_to("resource")),
    "terms": _several(_to("academicSession"), least=1),
    "agents": _several(_to("user")),
    "orgs": _several(_to("org"), least=1),
    "userIds": _several(
        {
            "type": "object",
            "properties": {"type": _TEXT, "identifier": _TEXT},
            "required": ["type", "identifier"],
            "additionalProperties": False,
        }
    ),
    "user": _to("user"),
    "class": _to("class"),
    "school": _to("org"),
    "course": _to("course"),
    "org": _to("org"),
    "academicSession.type": {"enum": ["gradingPeriod", "semester", "schoolYear", "term"]},
    "academicSession.schoolYear": {"type": "string", "pattern": "^[0-9]{4}$"},
    "academicSession.parent": _to("academicSession"),
    "academicSession.children": _several(_to("academicSession")),
    "course.schoolYear": _to("academicSession"),
    "org.type": {"enum": ["department", "school", "district", "local", "state", "national"]},
    "org.parent": _to("org"),
    "org.children": _several(_to("org")),
}  # fmt: skip
_ALWAYS = ("sourcedId", "status", "dateLastModified")
#: What an object must have, beside id, status and moment.
_REQUIRED: dict[str, tuple[str, ...]] = {
    "academicSession": ("title", "startDate", "endDate", "type", "schoolYear"),
    "class": ("title", "classType", "course", "school", "terms"),
    "course": ("title", "courseCode", "org"),
    "demographics": (),
    "enrollment": ("user", "class", "school", "role"),
    "org": ("name", "type", "identifier"),
    "user": ("username", "enabledUser", "givenName", "familyName", "role", "orgs"),
}
_REFERENCE: Schema = {
    "type": "object",
    "properties": {
        "href": {"type": "string", "format": "uri"},
        "sourcedId": _TYPES["sourcedId"],
        "type": {
            "enum": ["academicSession", "class", "course", "demographics", "enrollment", "org", "resource", "user"]
        },
    },
    "required": ["href", "sourcedId", "type"],
    "additionalProperties": False,
}
_INFO: Schema = {
    "type": "object",
    "properties": {
        "imsx_codeMajor": {"enum": ["success", "failure"]},
        "imsx_severity": {"enum": ["status", "error", "warning"]},
        "imsx_messageRefIdentifier": _TEXT,
        "imsx_operationRefIdentifier": _TEXT,
        "imsx_description": _TEXT,
        "imsx_codeMinor": {"enum": sorted({*MINOR.values(), INVALID_SORT_FIELD, INVALID_SELECTION_FIELD})},
    },
    "required": ["imsx_codeMajor", "imsx_severity", "imsx_codeMinor"],
    "additionalProperties": False,
}
_FIELD: Schema = {
    "type": "object",
    "properties": {"imsx_codeMinorFieldName": _TEXT, "imsx_codeMinorFieldValue": _TEXT},
    "required": ["imsx_codeMinorFieldName", "imsx_codeMinorFieldValue"],
    "additionalProperties": False,
}
_FAILURE: Schema = {
    "description": "The list of the standard's text, and the same at the root as the files of its services have it.",
    "type": "object",
    "properties": {
        "statusInfoSet": {"type": "array", "items": _named("StatusInfo"), "minItems": 1},
        "imsx_codeMajor": {"enum": ["success", "processing", "failure", "unsupported"]},
        "imsx_severity": {"enum": ["status", "warning", "error"]},
        "imsx_messageRefIdentifier": _TEXT,
        "imsx_description": _TEXT,
        "imsx_CodeMinor": {
            "type": "object",
            "properties": {"imsx_codeMinorField": {"type": "array", "items": _FIELD, "minItems": 1}},
            "required": ["imsx_codeMinorField"],
            "additionalProperties": False,
        },
    },
    "required": ["statusInfoSet", "imsx_codeMajor", "imsx_messageRefIdentifier", "imsx_severity"],
    "additionalProperties": False,
}
_FIELDS_PARAMETER: Schema = {
    "in": "query",
    "name": "fields",
    "description": "Which properties are wanted, with commas between. What is not there is passed over with a warning.",
    "schema": _TEXT,
}
_PAGE: list[Schema] = [
    {"in": "query", "name": "limit", "description": "Rows of a page; more than 10,000 are cut to that.",
     "schema": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1, "default": 100}},
    {"in": "query", "name": "offset", "description": "Rows before the page.",
     "schema": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1, "default": 0}},
    {"in": "query", "name": "sort", "description": "A field to sort by; one that is not there is passed over.", "schema": _TEXT},
    {"in": "query", "name": "orderBy", "description": "The direction.", "schema": {"enum": ["asc", "desc"]}},
    {"in": "query", "name": "filter", "description": "field='value', with = != > >= < <= ~, joined by AND or OR.",
     "schema": _TEXT},
]  # fmt: skip
_COUNT: Schema = {
    "X-Total-Count": {"description": "Rows in all.", "schema": {"type": "integer"}},
    "Link": {"description": "Where the first, last, next and previous page are (RFC 8288).", "schema": _TEXT},
}


def _parameter(parameter: Schema) -> Schema:
    return {"$ref": f"#/components/parameters/{parameter['name']}"}


def _object(kind: str, *, whole: bool) -> Schema:
    names = PROPERTIES[kind]
    required = {"required": [*_ALWAYS, *_REQUIRED[kind]]} if whole else {}
    properties = {name: _TYPES.get(f"{kind}.{name}", _TYPES.get(name, _TEXT)) for name in names}
    return {"type": "object", "properties": properties, **required, "additionalProperties": False}


def _schema_name(kind: str) -> str:
    return kind[0].upper() + kind[1:]


def _answer(name: str, kind: str, *, one: bool, whole: bool) -> Schema:
    item = _named(_schema_name(kind) if whole else f"Part{_schema_name(kind)}")
    warned = {"statusInfoSet": {"type": "array", "items": _named("StatusInfo")}}
    return {
        "type": "object",
        "properties": {name: item if one else {"type": "array", "items": item}, **warned},
        "required": [name],
        "additionalProperties": False,
    }


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document. An answer to a question with `fields` is a `Part…`, in which nothing is required."""
    theirs = {ours: other for other, ours in OTHER_NAMES.items()}
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        resource, one = operation.resource, bool(operation.one)
        name = resource.single if one else resource.collection
        answers = [_answer(name, resource.single, one=one, whole=whole) for whole in (True, False)]
        parameters = [
            {"in": "path", "name": part, "required": True, "schema": {"type": "string", "minLength": 1}}
            for part in re.findall(r"\{(\w+)\}", operation.path)
        ]
        paths[f"/{operation.path}"] = {
            "get": {
                "operationId": operation.name,
                "security": [
                    {"OAuth2": [scope]} for each in sorted(operation.scopes) for scope in (theirs[each], each)
                ],
                "parameters": [*parameters, *([] if one else map(_parameter, _PAGE)), _parameter(_FIELDS_PARAMETER)],
                "responses": {
                    "200": {
                        "description": "What was asked for.",
                        **(
                            {}
                            if one
                            else {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in _COUNT}}
                        ),
                        "content": {"application/json": {"schema": {"anyOf": answers}}},
                    },
                    "default": {"$ref": "#/components/responses/Failure"},
                },
            }
        }
    kinds = {operation.resource.single for operation in OPERATIONS}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "OneRoster 1.1 rostering",
            "version": "1.1",
            "description": "Read operations of OneRoster 1.1 as DigiOne serves them; the same data and rights as 1.2.",
        },
        "servers": [{"url": PREFIX_1_1}],
        "paths": paths,
        "components": {
            "schemas": {
                "GUIDRef": _REFERENCE,
                "StatusInfo": _INFO,
                "Failure": _FAILURE,
                **{_schema_name(kind): _object(kind, whole=True) for kind in sorted(kinds)},
                **{f"Part{_schema_name(kind)}": _object(kind, whole=False) for kind in sorted(kinds)},
            },
            "parameters": {parameter["name"]: parameter for parameter in (*_PAGE, _FIELDS_PARAMETER)},
            "headers": _COUNT,
            "responses": {
                "Failure": {
                    "description": "400, 401, 403, 404, 405, 429 or 500: what is wrong, and what to do.",
                    "content": {"application/json": {"schema": _named("Failure")}},
                }
            },
            "securitySchemes": {
                "OAuth2": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": "/oauth/token",
                            "scopes": {
                                name: told
                                for scope, told in (
                                    (ROSTER, "The whole roster but demographics"),
                                    (CORE, "The core of the roster"),
                                    (DEMOGRAPHICS, "Birth dates and other demographics"),
                                )
                                for name in (theirs[scope], scope)
                            },
                        }
                    },
                }
            },
        },
    }
