"""`digione koski`: documents of the national register of study rights and attainments, checked, and there and back."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from digione.cli.language import _, ngettext
from digione.cli.session import DATA, JSON, answering, platform
from digione.core.errors import Fault


@click.group()
def koski() -> None:
    """Documents of the national register of study rights and attainments (KOSKI)."""


@koski.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@DATA
@JSON
def roundtrip(files: tuple[Path, ...], data: str | None, as_json: bool) -> None:
    """Take each file in and out again, and tell what has not come back as it was. Nothing of it is kept.

    With --json, a list: {"file", "equal", "differences": [{"pointer", "document", "ours"}], "problems"} for each file.
    The order of keys, and the labels that the register fills in beside codes, are no difference. Ends with 1 where a
    file has not come back the same.
    """
    with answering(data, as_json=as_json) as answer:
        from digione.integrations.koski.there_and_back import there_and_back
        from digione.integrations.loading.report import ImportRefusedError

        outcomes = []
        try:
            for path in files:
                outcomes.append(there_and_back(platform(), path))
        except ImportRefusedError as refusal:
            answer.refuse([Fault("", refusal.code, str(refusal))], 2)
        told = [
            {
                "file": one.file,
                "equal": one.equal,
                "differences": one.differences,
                "problems": [problem.as_dict() for problem in one.report.problems.found],
            }
            for one in outcomes
        ]
        answer(told, "\n".join(line for one in outcomes for line in _lines(one)))
    sys.exit(0 if all(one.equal for one in outcomes) else 1)


@koski.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@DATA
@JSON
def check(files: tuple[Path, ...], data: str | None, as_json: bool) -> None:
    """Tell what the national register would say of each file. Nothing is imported.

    With --json, a list: {"file", "accepted", "problems": [{"severity", "file", "line", "field", "code", "message"}],
    "problems_left_out"} for each file; `field` is a JSON pointer. Errors are what the register refuses, warnings what it
    may refuse, changes or drops. Ends with 1 where a file would not be accepted, with 2 where one cannot be read.
    """
    with answering(data, as_json=as_json) as answer:
        from digione.core.clock import today
        from digione.integrations.koski.check import verdict_of
        from digione.integrations.loading.report import ImportRefusedError

        try:
            verdicts = [verdict_of(path, today()) for path in files]
        except ImportRefusedError as refusal:
            answer.refuse([Fault("", refusal.code, str(refusal))], 2)
        told = [
            {
                "file": one.file,
                "accepted": one.accepted,
                "problems": [problem.as_dict() for problem in one.problems.found],
                "problems_left_out": one.problems.left_out(),
            }
            for one in verdicts
        ]
        answer(told, "\n".join(line for one in verdicts for line in _verdict(one)))
    sys.exit(0 if all(one.accepted for one in verdicts) else 1)


def _verdict(one: Any) -> list[str]:
    accepted, not_accepted = _("%(file)s: would be accepted."), _("%(file)s: would not be accepted.")
    severities = {"error": _("error"), "warning": _("warning")}
    lines = [(accepted if one.accepted else not_accepted) % {"file": one.file}]
    # Where there is one document, its line tells nothing.
    several = any(problem.line > 1 for problem in one.problems.found)
    for problem in one.problems.found:
        place = f"{problem.line} {problem.field}" if several else problem.field
        lines.append(f"  {severities[problem.severity]}  {place}: {problem.message}")
    if left := one.problems.left_out():
        more = ngettext("… and %(n)s more; --json lists it.", "… and %(n)s more; --json lists them.", left)
        lines.append("  " + more % {"n": left})
    return lines


def _lines(one: Any) -> list[str]:
    if one.equal:
        return [_("%(file)s: came back the same.") % {"file": one.file}]
    refused = [
        f"  {problem.field}: {problem.message}" for problem in one.report.problems.found if problem.severity == "error"
    ]
    if refused:
        return [_("%(file)s: was refused.") % {"file": one.file}, *refused]
    number = len(one.differences)
    text = ngettext("%(file)s: %(n)s difference.", "%(file)s: %(n)s differences.", number)
    return [
        text % {"file": one.file, "n": number},
        *(
            f"  {each['pointer']}: {json.dumps(each['document'], ensure_ascii=False)}"
            f" → {json.dumps(each['ours'], ensure_ascii=False)}"
            for each in one.differences
        ),
    ]
