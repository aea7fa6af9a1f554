"""`digione koski`: documents of the national register of study rights and attainments, there and back."""

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
