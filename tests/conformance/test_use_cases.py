"""Everything that can be done is a use case with a rule and an event, wherever in the house it stands.

Every module is loaded, so what is new is found by itself; nothing has to be listed but the exceptions.
"""

import importlib
import inspect
import pkgutil
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import digione
from digione.access.permissions import Event, Permission
from digione.access.roles import Role
from digione.access.rules import RULES, rules_for
from digione.core.use_case import REGISTRY, Actor, UseCase

DOCS = Path(__file__).resolve().parents[2] / "docs" / "generated"
HOMES = ("services", "selectors")
#: Modules with use cases under another name, each with its reason.
ELSEWHERE = {
    "digione.rest.oneroster.roster": "one reading for 41 operations of a standard; the room has no other writes or reads"
}


@lru_cache(maxsize=1)
def modules() -> dict[str, ModuleType]:
    """Import every module of the house, but the one that runs the command when it is imported."""
    found = {}
    for module in pkgutil.walk_packages(digione.__path__, "digione."):
        if not module.name.endswith("__main__"):
            found[module.name] = importlib.import_module(module.name)
    return found


def _is_home(name: str) -> bool:
    # A room whose reads or writes have grown keeps them in several modules, each named by what it is about.
    return name.rpartition(".")[2].rpartition("_")[2] in HOMES


def test_every_module_is_loaded_and_every_use_case_registered() -> None:
    source = Path(digione.__file__).parent
    files = {path for path in source.rglob("*.py") if path.name not in ("__init__.py", "__main__.py")}
    assert {Path(inspect.getsourcefile(module) or "") for module in modules().values()} >= files
    assert len(REGISTRY) > 35


def test_use_cases_stand_in_services_and_selectors() -> None:
    modules()
    homeless = {
        info.name
        for info in REGISTRY.values()
        if not _is_home(info.function.__module__) and info.function.__module__ not in ELSEWHERE
    }
    assert homeless == set()
    assert set(ELSEWHERE) == {i.function.__module__ for i in REGISTRY.values() if not _is_home(i.function.__module__)}


def test_every_public_function_of_services_and_selectors_is_a_use_case() -> None:
    unguarded = []
    for name, module in modules().items():
        if not _is_home(name):
            continue
        for label, value in vars(module).items():
            if label.startswith("_") or getattr(value, "__module__", None) != name:
                continue
            if inspect.isclass(value):
                # A class here is an answer or a part of one; a method that acts would be a way around the wrapper.
                unguarded += [f"{name}.{label}.{method}" for method, code in vars(value).items() if _acts(code)]
            elif callable(value) and not hasattr(value, "__use_case__"):
                unguarded.append(f"{name}.{label}")
    assert unguarded == []


def _acts(code: object) -> bool:
    if not inspect.isfunction(code):
        return False
    return any(parameter.annotation in (Actor, UseCase) for parameter in inspect.signature(code).parameters.values())


def test_every_use_case_has_a_rule_an_event_and_a_sentence() -> None:
    modules()
    for info in REGISTRY.values():
        assert info.permission in set(Permission), info.name
        assert info.event in set(Event), info.name
        assert info.summary.endswith("."), f"{info.name} says nothing about itself, or not in a sentence"
        assert any(rules_for(info.permission, role) for role in Role), f"{info.name}: nothing allows {info.permission}"


def test_every_use_case_stands_in_the_permission_matrix_and_the_event_catalogue() -> None:
    """The documents are made by a run of their own, which must find the same use cases."""
    modules()
    matrix = (DOCS / "permissions.md").read_text(encoding="utf-8")
    events = (DOCS / "events.md").read_text(encoding="utf-8")
    for info in REGISTRY.values():
        assert f"| `{info.name}` | " in matrix, info.name
        assert f"| `{info.permission}` |" in matrix, info.name
        assert f"`{info.name}`" in events, info.name


def test_no_permission_and_no_event_is_left_without_a_use_case() -> None:
    modules()
    assert set(Permission) == {info.permission for info in REGISTRY.values()}
    assert set(Event) == {info.event for info in REGISTRY.values()}
    assert set(Permission) == set().union(*(rule.permissions for rule in RULES))
