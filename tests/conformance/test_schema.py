"""The open data model and the tables say the same, both ways; what is generated from it is fresh and valid."""

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from digione.cli.docs_commands import RELEASED, docs, generated, stale_documents
from digione.schema.basis import NO_PERSONAL_DATA
from digione.schema.declare import Field, Kind, Resource
from digione.schema.glossary import GLOSSARY
from digione.schema.json_schema import json_schema
from digione.schema.resources import RESOURCES
from digione.schema.validation import validate

DOCS = Path(__file__).resolve().parents[2] / "docs"
ALL = list(RESOURCES.values())
EVERY_FIELD = [(resource, field) for resource in ALL for field in resource.fields]


def _name(value: object) -> str:
    return value.name if isinstance(value, Resource | Field) else str(value)


def _kinds(column: models.Field) -> set[Kind]:
    """Return the kinds as which a column may be declared."""
    if isinstance(column, models.ForeignKey):
        return _kinds(column.target_field)
    if isinstance(column, ArrayField):
        return {Kind.TEXTS}
    by_type: list[tuple[type[models.Field], set[Kind]]] = [
        (models.UUIDField, {Kind.ID}),
        (models.JSONField, {Kind.LOCALIZED_TEXT, Kind.OBJECT, Kind.OBJECTS}),
        (models.TextField, {Kind.TEXT}),
        (models.CharField, {Kind.TEXT}),
        (models.DateTimeField, {Kind.MOMENT}),
        (models.DateField, {Kind.DATE}),
        (models.BooleanField, {Kind.BOOLEAN}),
        (models.IntegerField, {Kind.INTEGER}),
        (models.DecimalField, {Kind.NUMBER}),
        (models.BinaryField, {Kind.BYTES}),
    ]
    return next(kinds for kind, kinds in by_type if isinstance(column, kind))


def _tables() -> dict[str, type[models.Model]]:
    return {
        model._meta.db_table: model
        for config in apps.get_app_configs()
        if config.name.startswith("digione.")
        for model in config.get_models()
    }


def _columns(model: type[models.Model]) -> dict[str, models.Field]:
    return {column.column: column for column in model._meta.concrete_fields if column.column}


def test_every_table_of_ours_is_declared_and_every_declaration_has_its_table() -> None:
    assert {resource.table for resource in ALL} == set(_tables())


@pytest.mark.parametrize("resource", ALL, ids=_name)
def test_columns_and_declared_fields_are_the_same_both_ways(resource: Resource) -> None:
    columns = _columns(_tables()[resource.table])
    fields = {field.name: field for field in resource.fields}
    assert set(columns) == set(fields)
    for name, column in columns.items():
        field = fields[name]
        assert field.kind in _kinds(column), f"{name} is declared as {field.kind}"
        assert field.optional == column.null, f"{name}: may it be absent?"
        filled = column.has_default() or column.db_default is not models.NOT_PROVIDED or column.db_returning
        assert field.required == (not column.null and not filled), f"{name}: must it be given?"


@pytest.mark.django_db
@pytest.mark.parametrize("resource", ALL, ids=_name)
def test_a_closed_list_of_values_is_the_one_that_the_table_holds(resource: Resource) -> None:
    """Where the database checks a column against a list, the declaration names the same values."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname, array(SELECT m[1] FROM regexp_matches(pg_get_constraintdef(c.oid), '''([^'']*)''::text', 'g') m)"
            " FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'c' AND cardinality(c.conkey) = 1 AND c.conrelid = %s::regclass",
            [resource.table],
        )
        held = {column: set(values) for column, values in cursor.fetchall() if values}
    for field in resource.fields:
        if field.name in held:
            assert set(field.values) == held[field.name], field.name


@pytest.mark.parametrize(("resource", "field"), EVERY_FIELD, ids=_name)
def test_every_field_is_described(resource: Resource, field: Field) -> None:
    assert field.description.endswith("."), "a description is a sentence"
    assert field.basis.why
    assert field.basis.gdpr or field.basis is NO_PERSONAL_DATA
    assert not (resource.room == "people" and field.basis is NO_PERSONAL_DATA)
    assert field.master
    if field.kind in {Kind.INTEGER, Kind.NUMBER, Kind.DATE} and field.name != "sys_from":
        assert field.unit, "a number or a day has a unit"
    if field.kind is Kind.BYTES:
        assert field.internal, "bytes never leave the platform"


@pytest.mark.parametrize("resource", ALL, ids=_name)
def test_a_resource_says_what_it_is(resource: Resource) -> None:
    assert resource.definition.endswith(".")
    assert resource.public_fields()


def test_every_term_stands_in_three_languages_with_a_definition() -> None:
    for term in GLOSSARY.values():
        assert all(word.strip() for word in (term.en, term.fi, term.sv)), term
        assert term.definition.endswith("."), term
    assert len({term.en for term in GLOSSARY.values()}) == len(GLOSSARY)


@pytest.mark.parametrize("resource", ALL, ids=_name)
def test_json_schemas_are_valid(resource: Resource) -> None:
    schema = json.loads((DOCS / f"generated/schemas/{resource.name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema == json_schema(resource)


def test_generated_documents_are_fresh() -> None:
    assert stale_documents(DOCS, generated(DOCS / RELEASED)) == []


def test_the_command_tells_what_is_stale_and_writes_it_anew(tmp_path: Path) -> None:
    def run(*options: str) -> tuple[int, str]:
        result = CliRunner().invoke(docs, ["--folder", str(tmp_path), *options])
        return result.exit_code, result.output

    code, said = run("--check")
    assert code == 1
    assert "Stale: generated/data-model.md" in said
    assert run()[0] == 0
    assert run("--check") == (0, "")
    (tmp_path / "generated/schemas/gone.json").write_text("{}")
    (tmp_path / "glossary.md").write_text("old")
    code, said = run("--check")
    assert code == 1
    assert said.splitlines()[:2] == ["Stale: generated/schemas/gone.json", "Stale: glossary.md"]
    assert run()[0] == 0
    assert run("--check") == (0, "")
    assert not (tmp_path / "generated/schemas/gone.json").exists()


ID = "01900000-0000-7000-8000-000000000001"
GROUP = {"provider_id": ID, "school_id": ID, "kind": "home_group", "title": {"fi": "7B", "sv": "7B"}, "grades": ["7"]}


def _refused_by_json_schema(resource: Resource, payload: dict) -> bool:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return not jsonschema.Draft202012Validator(json_schema(resource), format_checker=checker).is_valid(payload)


def test_a_right_payload_has_no_faults() -> None:
    assert validate(RESOURCES["group"], GROUP) == []
    assert validate(RESOURCES["group"], {**GROUP, "valid_from": "2026-08-01", "valid_to": None}) == []


def test_all_faults_are_told_at_once_and_unknown_fields_refused() -> None:
    wrong = {
        "provider_id": "not-an-id",
        "kind": "gang",
        "title": {"fi": "", "finnish": "x"},
        "grades": ["7", "7", 8],
        "valid_from": "2026-02-30",
        "colour": "blue",
        "sort_key": "x",
    }
    faults = validate(RESOURCES["group"], wrong)
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("provider_id", "wrong_type"),
        ("school_id", "missing"),
        ("kind", "unknown_value"),
        ("title.fi", "wrong_type"),
        ("title.finnish", "unknown_language"),
        ("grades.1", "repeated"),
        ("grades.2", "wrong_type"),
        ("valid_from", "no_such_day"),
        ("colour", "unknown_field"),
        ("sort_key", "unknown_field"),
    ]
    assert all(fault.message for fault in faults)


def test_internal_fields_are_refused_as_unknown() -> None:
    assert [fault.code for fault in validate(RESOURCES["supplier"], {"name": "A", "subject_secret": "x"})] == [
        "unknown_field"
    ]


def test_a_period_may_not_end_before_it_starts() -> None:
    faults = validate(RESOURCES["group"], {**GROUP, "valid_from": "2026-08-02", "valid_to": "2026-08-01"})
    assert [(fault.pointer, fault.code) for fault in faults] == [("valid_to", "ends_before_it_starts")]
    run = {"id": ID, "kind": "csv", "source": "x", "status": "done", "started_at": "2026-08-02T10:00:00+03:00"}
    assert validate(RESOURCES["import_run"], {**run, "finished_at": "2026-08-02T07:00:00Z"}) == []
    assert len(validate(RESOURCES["import_run"], {**run, "finished_at": "2026-08-02T06:59:59Z"})) == 1


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"kind": None},
        {"kind": 7},
        {"title": "7B"},
        {"title": {"fi": 7}},
        {"title": {"FI": "7B"}},
        {"grades": "7"},
        {"grades": ["7", "7"]},
        {"code": None},
        {"code": False},
        {"valid_from": "2026-8-1"},
        {"valid_from": "2026-08-01"},
        {"colour": "blue"},
        {"course_id": "x"},
        {"course_id": None},
    ],
    ids=json.dumps,
)
def test_our_validation_and_the_json_schema_agree(change: dict) -> None:
    payload = {**GROUP, **change}
    assert bool(validate(RESOURCES["group"], payload)) == _refused_by_json_schema(RESOURCES["group"], payload)


_RIGHT = {
    Kind.ID: ID,
    Kind.TEXT: "text",
    Kind.LOCALIZED_TEXT: {"fi": "teksti", "sv": "text"},
    Kind.TEXTS: ["text"],
    Kind.DATE: "2026-08-01",
    Kind.MOMENT: "2026-08-01T09:00:00+03:00",
    Kind.BOOLEAN: True,
    Kind.INTEGER: 7,
    Kind.NUMBER: 1.5,
    Kind.OBJECT: {"added": 7},
    Kind.OBJECTS: [{"line": 7}],
}
_STRANGE = [None, True, 7, 1.5, "", "text", [], ["text", "text"], [7], {}, {"fi": "teksti"}, {"fi": 7}, {"Suomi": "x"}]


def _right(field: Field) -> object:
    value = field.values[0] if field.values else _RIGHT[field.kind]
    return [value] if field.values and field.kind is Kind.TEXTS else value


@pytest.mark.parametrize("resource", ALL, ids=_name)
def test_validation_and_json_schema_agree_on_every_field(resource: Resource) -> None:
    fields = resource.public_fields()
    whole = {field.name: _right(field) for field in fields}
    least = {field.name: whole[field.name] for field in fields if field.required}
    for payload in (whole, least):
        assert validate(resource, payload) == []
        assert not _refused_by_json_schema(resource, payload)
    for field in fields:
        without = {name: value for name, value in whole.items() if name != field.name}
        assert bool(validate(resource, without)) == field.required == _refused_by_json_schema(resource, without)
        for strange in _STRANGE:
            if field.kind is Kind.MOMENT and isinstance(strange, str):
                # The library has no opinion on moments; ours has.
                continue
            changed = {**whole, field.name: strange}
            assert bool(validate(resource, changed)) == _refused_by_json_schema(resource, changed), (
                field.name,
                strange,
            )
