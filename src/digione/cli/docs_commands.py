"""`digione docs`: writes the generated documents from the declarations, the rules and the registry of use cases."""

import ast
import importlib
import json
import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import click

import digione

_SOURCE = Path(digione.__file__).parent
#: Where the schemas of each published version are kept, under the documents.
RELEASED = "released"
#: The description of the API, under the documents; a release keeps a copy of it in a folder of its own.
OPENAPI = "generated/openapi.json"
#: The description of OneRoster 1.1, of which 1EdTech has none.
ONEROSTER_1_1 = "generated/oneroster-1.1.openapi.json"


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a document is stale, and name it.")
@click.option(
    "--folder",
    default=None,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder of the documents. Default: docs, beside the source.",
)
@click.option(
    "--release", is_flag=True, help="Freeze the schemas and the API of this version, as what later ones must not break."
)
def docs(check: bool, folder: Path | None, release: bool) -> None:
    """Write the data model, its JSON Schemas, the API, the glossary, the permission matrix and the event catalogue."""
    place = folder or _SOURCE.parents[1] / "docs"
    if folder is None and not (place.parent / "pyproject.toml").is_file():
        raise click.UsageError("This is an installed package without its source; name a folder with --folder.")
    wanted = generated(place / RELEASED)
    if release:
        _freeze(place, wanted)
        return
    stale = stale_documents(place, wanted)
    if check:
        for path in stale:
            click.echo(f"Stale: {path}", err=True)
        if stale:
            click.echo("Run `make docs` and commit what it writes.", err=True)
            sys.exit(1)
        return
    for path in stale:
        target = place / path
        if path not in wanted:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(wanted[path], encoding="utf-8")
    click.echo(f"{len(wanted)} documents in {place}: {len(stale)} written anew.")


def _freeze(place: Path, wanted: dict[str, str]) -> None:
    """Keep the schemas of this version. While the changes call it unreleased, it may be done again."""
    version = source_version(place.parent)
    target = place / RELEASED / version
    changes = (place.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = f"## {version} – unreleased" in changes
    if target.exists() and not unreleased:
        raise click.UsageError(f"{version} has been released, and stays as it is. Raise the version first.")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    schemas = {path: text for path, text in wanted.items() if path.startswith("generated/schemas/")}
    for path, text in schemas.items():
        (target / Path(path).name).write_text(text, encoding="utf-8")
    (target / "api").mkdir()
    (target / "api" / Path(OPENAPI).name).write_text(wanted[OPENAPI], encoding="utf-8")
    click.echo(f"{len(schemas)} schemas and the API frozen in {target}.")


def source_version(root: Path) -> str:
    """Return the version that stands in the source at `root`, whatever version is installed."""
    return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def releases(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the frozen versions in `folder`, the oldest first, each with its schemas by the name of their resource."""
    versions = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    versions.sort(key=lambda path: [int(part) for part in path.name.split(".")])
    return [
        (
            version.name,
            {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(version.glob("*.json"))},
        )
        for version in versions
    ]


def last_release(folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the newest frozen version in `folder`, and its schemas by the name of their resource."""
    return releases(folder)[-1]


def last_released_api(folder: Path) -> dict[str, Any] | None:
    """Return the OpenAPI document of the newest frozen version in `folder`, None where that had no API yet."""
    path = folder / last_release(folder)[0] / "api" / Path(OPENAPI).name
    found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    return found


def generated(released: Path) -> dict[str, str]:
    """Return the text of every generated document by its path under `docs/`; `released` has the frozen versions, if any."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digione.config.settings")
    import django

    django.setup()
    _load_use_cases()
    from digione.rest.oneroster.v1p1 import openapi as oneroster_1_1
    from digione.rest.v1.openapi import document
    from digione.schema import changes
    from digione.schema.documents import documents
    from digione.schema.json_schema import json_schema
    from digione.schema.resources import RESOURCES

    schemas = {name: json_schema(resource) for name, resource in RESOURCES.items()}
    return {
        **documents(),
        "generated/data-model-changes.md": changes.page(releases(released), schemas),
        "generated/permissions.md": _permissions_page(),
        "generated/events.md": _events_page(),
        OPENAPI: json.dumps(document(), ensure_ascii=False, indent=2, sort_keys=True) + "\n",
        ONEROSTER_1_1: json.dumps(oneroster_1_1.document(), ensure_ascii=False, indent=1) + "\n",
    }


def stale_documents(folder: Path, wanted: dict[str, str]) -> list[str]:
    """Return the paths whose text in `folder` is not as wanted, and generated files that nothing asks for any more."""
    stale = [
        path
        for path, text in wanted.items()
        if not (folder / path).is_file() or (folder / path).read_text(encoding="utf-8") != text
    ]
    present = {str(path.relative_to(folder)) for path in (folder / "generated").rglob("*") if path.is_file()}
    return sorted({*stale, *(present - set(wanted))})


def _load_use_cases() -> None:
    """Import every module of the house, so that the registry is whole wherever a use case stands."""
    for path in _modules():
        if path.name not in ("__init__.py", "__main__.py"):
            importlib.import_module(".".join(("digione", *path.relative_to(_SOURCE).with_suffix("").parts)))


def _modules() -> list[Path]:
    return sorted(
        path for path in _SOURCE.rglob("*.py") if path.name != "use_case.py" and "migrations" not in path.parts
    )


def _permissions_page() -> str:
    from digione.access.permissions import Permission
    from digione.access.roles import SENTENCES, Role
    from digione.access.rules import RULES, rules_for
    from digione.core.use_case import REGISTRY
    from digione.schema.documents import GENERATED, table

    lines = ["# Who may do what", "", GENERATED, "", "No rule, no access. A rule with a relation opens only the people"]
    lines += ["whom the relation binds to the actor today; it is asked again at each use.", "", "## Roles", ""]
    lines += table(("role", "what it is"), ([f"`{role}`", SENTENCES[role]] for role in Role))
    lines += ["", "## Matrix", "", "Each cell names the rules that allow.", ""]
    lines += table(
        ("permission", *(f"`{role}`" for role in Role)),
        (
            [f"`{permission}`", *(", ".join(rule.code for rule in rules_for(permission, role)) for role in Role)]
            for permission in Permission
        ),
    )
    lines += ["", "## Rules", ""]
    for rule in RULES:
        lines += [
            f"### `{rule.code}`",
            "",
            f"- Finnish: {rule.sentence['fi']}",
            f"- Swedish: {rule.sentence['sv']}",
            f"- English: {rule.sentence['en']}",
            f"- Roles: {', '.join(f'`{role}`' for role in sorted(rule.roles))}",
            f"- Permissions: {', '.join(f'`{permission}`' for permission in sorted(rule.permissions))}",
            f"- Relation: {f'`{rule.relation}`' if rule.relation else 'none; the role decides alone'}",
            f"- Opens beyond the name: {', '.join(f'`{detail}`' for detail in sorted(rule.opens)) or 'nothing'}",
            f"- Reach: {'every provider' if rule.everywhere else 'what the relation binds to' if rule.relation else 'own provider'}",
            f"- Purpose: `{rule.purpose}`",
            "",
        ]
    lines += ["## Use cases", "", "Everything that can be done, and what it asks for.", ""]
    lines += table(
        ("use case", "what it does", "permission"),
        ([f"`{info.name}`", info.summary, f"`{info.permission}`"] for _, info in sorted(REGISTRY.items())),
    )
    return "\n".join([*lines, ""])


def _events_page() -> str:
    from digione.access.permissions import Event
    from digione.core.use_case import REGISTRY
    from digione.schema.documents import GENERATED, table

    lines = ["# Events", "", GENERATED, "", "## What the log records", ""]
    lines += ["Each use case writes one row of the log in its own transaction; a refusal is recorded too.", ""]
    lines += table(
        ("event", "use cases"),
        (
            [
                f"`{event}`",
                ", ".join(f"`{info.name}`" for _, info in sorted(REGISTRY.items()) if info.event == event) or "–",
            ]
            for event in Event
        ),
    )
    lines += ["", "## What the outbox tells", ""]
    lines += ["Told in the transaction of the change, with ids and codes only, in the order of their positions.", ""]
    lines += table(("type", "told by", "data"), _announced())
    return "\n".join([*lines, ""])


def _announced() -> list[list[str]]:
    """Return what the source announces: type, module, names of the data. Read from the calls themselves."""
    found = []
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _called(node.func) == "announce" and len(node.args) > 1:
                kind = node.args[1]
                names = [word.arg for word in node.keywords if word.arg and word.arg not in {"provider_id", "subject"}]
                module = ".".join(path.relative_to(_SOURCE).with_suffix("").parts)
                shown = str(kind.value) if isinstance(kind, ast.Constant) else ast.unparse(kind)
                found.append([f"`{shown}`", f"`{module}`", ", ".join(f"`{name}`" for name in names) or "–"])
    return sorted(found)


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""
