"""Who may do what is decided in `access/` alone: no other room compares roles or knows a rule by its name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import digione
from digione.access.roles import Role
from digione.access.rules import BY_CODE

SOURCE = Path(digione.__file__).parent
ROLES = {str(role) for role in Role}
#: Modules that name roles, each with its reason. None of them decides what somebody may do.
NAMED_ON_PURPOSE = {
    "people/desks.py": "tells in which roles one may act today: it reads the rows from which the roles come",
    "integrations/demo/generate.py": "gives invented people their posts",
    "integrations/demo/study_rights.py": "finds who leads a school, whose name stands under its confirmations",
}


def faults(tree: ast.AST) -> Iterator[str]:
    """Tell every place that decides by a role or by the name of a rule."""
    in_actors = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Actor"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            text = ast.unparse(node)
            constants = {
                inner.value
                for side in sides
                for inner in ast.walk(side)
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
            }
            if any(re.search(r"\bactor\.role$", ast.unparse(side)) for side in sides):
                yield f"{node.lineno}: compares the actor's role: {text}"
            elif constants & ROLES and re.search(r"\brole\b", text):
                yield f"{node.lineno}: compares a role: {text}"
            elif constants & set(BY_CODE) and re.search(r"\brule\b", text):
                yield f"{node.lineno}: knows a rule by its name: {text}"
        elif isinstance(node, ast.Match) and ast.unparse(node.subject).endswith((".role", ".rule")):
            yield f"{node.lineno}: branches by {ast.unparse(node.subject)}"
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Role" and id(node) not in in_actors:
            yield f"{node.lineno}: names {ast.unparse(node)}"


def test_no_room_but_access_decides_by_role_or_rule() -> None:
    """`web` names roles as keys of its pages, and compares none; templates word a page by the rule that opened it."""
    found: dict[str, list[str]] = {}
    for path in SOURCE.rglob("*.py"):
        place = path.relative_to(SOURCE)
        if place.parts[0] != "access" and "migrations" not in place.parts:
            told = list(faults(ast.parse(path.read_text(encoding="utf-8"))))
            if told:
                found[str(place)] = told
    assert {place: told for place, told in found.items() if place not in NAMED_ON_PURPOSE} == {}
    assert set(found) == set(NAMED_ON_PURPOSE), "an exception that nothing needs any more"


@pytest.mark.parametrize(
    "code",
    [
        "if uc.actor.role != 'x': pass",
        "a = uc.actor.role in OFFICE",
        "a = row['role'] == 'guardian'",
        "a = decision.rule == 'teacher-of'",
        "a = entry['rule'] in ('own-data', 'guardian')",
        "if role in (Role.TEACHER,): pass",
        "match uc.actor.role:\n  case 'x': pass",
    ],
)
def test_the_search_finds_what_it_is_for(code: str) -> None:
    assert list(faults(ast.parse(code)))


def test_the_search_lets_an_actor_be_made() -> None:
    assert list(faults(ast.parse("Actor(str(Role.PLATFORM), provider_id=one)"))) == []
    assert list(faults(ast.parse("a = group['kind'] == 'home_group'"))) == []


def test_every_relation_of_a_room_stands_in_its_relations_as_a_migration_made_it() -> None:
    """`relations.sql` is what is read; the migrations, whose text stays as it is, are what is run."""
    views = re.compile(r"CREATE (?:OR REPLACE )?VIEW (\w+) (.*?);", re.DOTALL)
    checked = 0
    for path in SOURCE.glob("*/relations.sql"):
        made: dict[str, str] = {}
        for migration in sorted((path.parent / "migrations").glob("0*.py")):
            made |= {name: " ".join(text.split()) for name, text in views.findall(migration.read_text("utf-8"))}
        for name, text in views.findall(path.read_text("utf-8")):
            assert " ".join(text.split()) == made[name], name
            checked += 1
    assert checked >= 8
