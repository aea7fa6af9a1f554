"""Every code that an import can emit has its words in three languages, and is given what the words speak of."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from django.utils import translation

import digione
from digione.core.errors import Severity
from digione.integrations.loading.messages import MESSAGES, message, stored_message
from digione.integrations.loading.report import ImportRefusedError, Problem, Problems

SOURCE = Path(digione.__file__).parent
_TELLERS = {"error", "warning", "_error", "_warn", "warn"}
_RAISED = {"ImportRefusedError", "BadValueError"}
#: By what the rules of the national register make a finding, with the position of its code.
_FINDINGS = {"error": 0, "warning": 0, "graded": 1}
_GAP = re.compile(r"%\((\w+)\)s")


class Emitted(NamedTuple):
    """One place where a code is emitted, with the names of its parameters; None where they are handed on."""

    place: str
    code: str
    parameters: frozenset[str] | None


def _codes(argument: ast.expr) -> list[str]:
    """The codes that an argument can be: a text, or a choice between two. Codes that are handed on give none."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return [argument.value]
    if isinstance(argument, ast.IfExp):
        return _codes(argument.body) + _codes(argument.orelse)
    return []


def _emitted() -> list[Emitted]:
    found = []
    for path in sorted([*(SOURCE / "integrations").rglob("*.py"), SOURCE / "cli" / "import_commands.py"]):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            position = 0 if name in _RAISED else 3 if name in _TELLERS and len(node.args) >= 4 else None
            if name in {"warn", "error"} and len(node.args) == 3:
                position = 2  # The templates' reading knows its file.
            if name in {"warn", "error"} and len(node.args) == 2:
                position = 1  # A row of a JSON file knows its file and line.
            if _is_finding(node, name):
                position = _FINDINGS[name]
            if position is None or len(node.args) <= position:
                continue
            handed_on = any(keyword.arg is None for keyword in node.keywords)
            # Any message can end with the element that it is told of.
            names = None if handed_on else frozenset(keyword.arg or "" for keyword in node.keywords) - {"element"}
            place = f"{path.relative_to(SOURCE)}:{node.lineno}"
            found += [Emitted(place, code, names) for code in _codes(node.args[position])]
    return found + _of_documents()


def _is_finding(node: ast.Call, name: str) -> bool:
    """Whether a call makes a finding of the national register's rules, whose codes begin alike."""
    codes = node.args[_FINDINGS[name] : _FINDINGS[name] + 1] if name in _FINDINGS else []
    return any(code.startswith("register-") for argument in codes for code in _codes(argument))


def _of_documents() -> list[Emitted]:
    """The codes of documents, which are handed from form to place to file: each text of the folder that begins as one."""
    return [
        Emitted(f"{path.relative_to(SOURCE)}:{node.lineno}", node.value, None)
        for path in sorted((SOURCE / "integrations/koski").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"koski\.[a-z-]+", node.value)
    ]


def test_every_code_that_is_emitted_has_words_and_every_word_is_emitted() -> None:
    emitted = _emitted()
    assert len(emitted) > 80, "the search itself is broken"
    assert [one for one in emitted if one.code not in MESSAGES] == []
    assert set(MESSAGES) - {one.code for one in emitted} == set(), "nobody emits these any more"


def test_every_place_gives_exactly_what_the_words_speak_of() -> None:
    wrong = [
        (one, sorted(set(_GAP.findall(MESSAGES[one.code]))))
        for one in _emitted()
        if one.parameters is not None and one.parameters != set(_GAP.findall(MESSAGES[one.code]))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_message_is_rendered_with_its_parameters(language: str) -> None:
    with translation.override(language):
        for code, english in MESSAGES.items():
            parameters = {name: f"<{name}>" for name in _GAP.findall(english)}
            text = message(code, parameters)
            assert "%(" not in text, code
            assert [value for value in parameters.values() if value not in text] == [], f"{language} {code}: {text}"
            assert (text == english % parameters) == (language == "en"), f"{language} {code} is not translated"


def test_a_problem_is_printed_in_the_callers_language_and_stored_without_words() -> None:
    problems = Problems()
    problems.error("users.csv", 3, "role", "enum", value="velho", allowed="student, teacher")
    [problem] = problems.found
    place = {"severity": "error", "file": "users.csv", "line": 3, "field": "role"}
    with translation.override("fi"):
        finnish = {
            **place,
            "code": "enum",
            "message": "”velho” ei ole tässä sallittu. Sallittuja ovat: student, teacher.",
        }
        assert problem.as_dict() == finnish
        assert list(problem.as_dict()) == ["severity", "file", "line", "field", "code", "message"]
    stored = problem.stored()
    assert stored == {**place, "code": "enum", "parameters": {"value": "velho", "allowed": "student, teacher"}}
    with translation.override("sv"):
        assert stored_message(stored) == "”velho” är inte tillåtet här. Tillåtna är: student, teacher."
    with translation.override("en"):
        assert stored_message(stored) == "“velho” is not allowed here. Allowed: student, teacher."
        assert stored_message({"code": "of-another-version", "parameters": {}}) == "of-another-version"


def test_programs_see_the_coarse_code_and_people_the_exact_words() -> None:
    problem = Problem(Severity.ERROR, "orgs.csv", 1, "", "encoding.utf-16", {})
    assert problem.code == "encoding"
    assert problem.stored()["code"] == "encoding.utf-16"
    with translation.override("sv"):
        assert "Spara den som UTF-8" in problem.message
        assert str(ImportRefusedError("unknown-provider", oid="1.2.3")).startswith(
            "Registret har ingen organisation 1.2.3"
        )


def test_kinds_of_rows_are_named_in_the_sentence() -> None:
    with translation.override("fi"):
        text = message("too-many-removals", {"ending": 4, "covered": 10, "kind": "person", "limit": 5})
    assert "(henkilöt)" in text
