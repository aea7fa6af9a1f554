"""The documents that the declarations give: JSON Schemas, the pages of the data model, the glossary."""

import json
from collections.abc import Iterable

from digione.schema.basis import CHECKED_ON, Basis
from digione.schema.declare import Field, Resource
from digione.schema.glossary import GLOSSARY
from digione.schema.json_schema import json_schema
from digione.schema.resources import RESOURCES

GENERATED = "This page is written by `digione docs` from the source; change the source, not the page."


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return the lines of a Markdown table; a bar inside a cell is escaped."""
    head = list(heads)
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return lines


def _type(field: Field) -> str:
    parts = [str(field.kind)]
    if field.values:
        parts.append("one of " + ", ".join(f"`{value}`" for value in field.values))
    if field.made:
        parts.append("made by the platform")
    elif field.required:
        parts.append("required")
    if field.internal:
        parts.append("never leaves the platform")
    return "; ".join(parts)


def _field_row(field: Field) -> list[str]:
    return [
        f"`{field.name}`",
        field.description,
        _type(field),
        field.unit or "–",
        f"`{field.code_list}`" if field.code_list else "–",
        str(field.sensitivity),
        field.basis.cited(),
        str(field.master),
        f"{field.term.fi} / {field.term.sv}",
    ]


def _section(resource: Resource) -> list[str]:
    return [
        f"## {resource.term.en.capitalize()} (`{resource.name}`)",
        "",
        f"{resource.definition}",
        "",
        f"Finnish: *{resource.term.fi}* · Swedish: *{resource.term.sv}* · room: `{resource.room}` · table:"
        f" `{resource.table}` · [JSON Schema](schemas/{resource.name}.json)",
        "",
        *table(
            (
                "field",
                "definition",
                "type",
                "unit",
                "code list",
                "sensitivity",
                "legal basis",
                "master",
                "Finnish / Swedish",
            ),
            map(_field_row, resource.fields),
        ),
        "",
    ]


def _bases() -> list[Basis]:
    found = {field.basis.code: field.basis for resource in RESOURCES.values() for field in resource.fields}
    return [found[code] for code in sorted(found)]


def data_model_page() -> str:
    """Return the page of the open data model, which a data manager reads."""
    lines = [
        "# The open data model",
        "",
        GENERATED,
        "",
        f"{len(RESOURCES)} resources, {sum(len(each.fields) for each in RESOURCES.values())} fields. How the model is"
        " changed stands in CONTRIBUTING.md, and what has changed [on a page of its own](data-model-changes.md)."
        " Organisations, academic sessions, and all of people and studies keep a history"
        " beside the table: what a row was, until when, changed by whom, and why.",
        "",
        *table(
            ("resource", "definition", "Finnish", "Swedish"),
            ([f"`{each.name}`", each.definition, each.term.fi, each.term.sv] for each in RESOURCES.values()),
        ),
        "",
        "## Legal bases",
        "",
        f"Citations were last read on {CHECKED_ON.isoformat()}; consolidated statutes have to be checked before real"
        " personal data is processed.",
        "",
        *table(
            ("basis", "GDPR", "Finnish act", "why", "checked against"),
            (
                [each.code, each.gdpr or "–", each.act or "–", each.why, str(each.seen) if each.act else "–"]
                for each in _bases()
            ),
        ),
        "",
    ]
    for resource in RESOURCES.values():
        lines += _section(resource)
    return "\n".join(lines)


def glossary_page() -> str:
    """Return the glossary: English, Finnish, Swedish, definition, code list."""
    lists: dict[str, set[str]] = {}
    for resource in RESOURCES.values():
        for field in resource.fields:
            if field.code_list:
                lists.setdefault(field.term.en, set()).add(field.code_list)
    rows = (
        [term.en, term.fi, term.sv, term.definition, ", ".join(f"`{each}`" for each in sorted(lists.get(term.en, ())))]
        for term in sorted(GLOSSARY.values(), key=lambda each: each.en.casefold())
    )
    return "\n".join(
        [
            "# Glossary",
            "",
            GENERATED,
            "",
            *table(("English", "Finnish", "Swedish", "definition", "code list"), rows),
            "",
        ]
    )


def texts() -> list[str]:
    """Return every text of the declarations that a reader gets in their own language, each once, in English."""
    found: list[str] = []
    for resource in RESOURCES.values():
        found.append(resource.definition)
        for field in resource.fields:
            found += [text for text in (field.description, field.unit, field.guidance, field.basis.why) if text]
    return list(dict.fromkeys(found))


def documents() -> dict[str, str]:
    """Return the text of every document of the data model by its path under `docs/`."""
    found = {
        f"generated/schemas/{resource.name}.json": json.dumps(json_schema(resource), ensure_ascii=False, indent=2)
        + "\n"
        for resource in RESOURCES.values()
    }
    found["generated/data-model.md"] = data_model_page()
    found["glossary.md"] = glossary_page()
    return found
