"""`digione import`: registers, rosters and templates into the platform."""

import json
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from digione.cli.language import _, ngettext
from digione.cli.session import platform, ready
from digione.config.adapters import ImportKind, imports

_PATHS = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
_OPTIONS = [
    click.option("--dry-run", is_flag=True, help="Look and report, but change nothing."),
    click.option("--partial", is_flag=True, help="Take the good rows although others are refused."),
    click.option("--accept-removals", is_flag=True, help="Allow more than 5 % of what is covered to end."),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print the report as one JSON object. A problem's `line` is the line of the file on which its row begins,"
        " from 1; 0 means the file as a whole. A JSON file may have all of it on one line: there the message ends with the"
        " element (its place among the others, its path, its OID or code).",
    ),
    click.option(
        "--reconciliation",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write what differs from the source, and why: NAME.json and NAME.csv.",
    ),
    click.option("--data", type=click.Path(), help="The data folder. Default: DIGIONE_DATA, or the user's own."),
]
_PROVIDER = click.option("--provider", required=True, metavar="OID", help="The provider whose data it is.")
_SOURCE = click.option(
    "--source", help="A lasting name of the system that the file comes from, where a provider has several."
)


def _shared(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        function = option(function)
    return _PATHS(function)


@click.group("import")
def import_group() -> None:
    """Bring data in. A second run of the same file changes nothing; without --partial it is all or nothing."""


def _command(kind: ImportKind) -> Callable[..., None]:
    def command(paths: tuple[Path, ...], provider: str = "", source: str | None = None, **options: Any) -> None:
        def work(report: Any, progress: Callable[[str], None]) -> None:
            from digione.integrations.loading.work import Work

            switches = {name: options[name] for name in ("dry_run", "partial", "accept_removals")}
            kind.function()(Work(platform(), paths, report, progress, provider=provider, source=source, **switches))

        _carry_out(work, options)

    return _shared(_PROVIDER(_SOURCE(command))) if kind.of_provider else _shared(command)


for _name, _kind in imports().items():
    import_group.command(_name, help=_kind.about)(_command(_kind))


def _carry_out(work: Callable[[Any, Callable[[str], None]], None], options: dict[str, Any]) -> None:
    """Run `work` with a database; print the report; leave with 0, 1 (something was refused) or 2 (could not run)."""
    from rich.console import Console

    from digione.config.data_folder import StartFailure
    from digione.core.errors import DigiOneError
    from digione.integrations.loading.report import Report

    console = Console(stderr=True)
    report, worked = Report(), False
    try:
        if options["reconciliation"] and not options["reconciliation"].absolute().parent.is_dir():
            # Said before the import, which would else be done, and its reconciliation lost.
            text = _("There is no folder %(folder)s. Make it first, or name a path in a folder that is there.")
            raise StartFailure(text % {"folder": options["reconciliation"].absolute().parent})
        with ready(options["data"]), console.status("…") as status:
            from django.db import InterfaceError, OperationalError

            from digione.integrations.loading.report import ImportRefusedError

            try:
                work(report, lambda step: status.update(_step(step)))
                worked = True
            except (InterfaceError, OperationalError) as fault:
                raise ImportRefusedError("database-lost") from fault
    except (DigiOneError, StartFailure, OSError) as fault:
        if options["as_json"]:
            _print_failure(report, str(fault))
        click.echo(_("The import could not run: %(reason)s") % {"reason": fault}, err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        # An import is one transaction, so what was under way has left no trace. What was done already is told.
        if not worked:
            text = _("Stopped; nothing was changed.")
            if options["as_json"]:
                _print_failure(report, text)
            click.echo(text, err=True)
            sys.exit(2)
    except Exception:
        # A fault of ours: told whole, and never by the code that means "rows were refused".
        traceback.print_exc()
        if options["as_json"]:
            _print_failure(report, "internal error")
        sys.exit(2)
    if options["reconciliation"]:
        _write_reconciliation(options["reconciliation"], report)
    if options["as_json"]:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        _print(report)
    sys.exit(1 if report.refused or report.status == "refused" else 0)


def _print_failure(report: Any, reason: str) -> None:
    """Print the object of a run that could not be carried out: what was found, and no row counted, since none was taken."""
    from digione.integrations.loading.report import Report

    told = {**Report(problems=report.problems).as_dict(), "status": "failed", "message": reason}
    click.echo(json.dumps(told, ensure_ascii=False))


def _step(step: str) -> str:
    """Return a step of the work in words: `read`, `wait`, `merge`, `done`, a kind of row, or `kind: merge`."""
    from digione.integrations.loading.messages import kind_name

    whole = {
        "read": _("Reading …"),
        "wait": _("Waiting for another import of this provider …"),
        "merge": _("Writing …"),
        "done": _("Finishing …"),
    }
    if step in whole:
        return whole[step]
    kind, _colon, merging = step.partition(": ")
    form = _("Writing: %(kind)s") if merging else _("Reading: %(kind)s")
    return form % {"kind": kind_name(kind)}


def _write_reconciliation(name: Path, report: Any) -> None:
    from digione.integrations.loading.reconciliation import counted, write_csv

    name = name.with_suffix("")
    found, numbers = report.problems.found, counted(report)
    name.with_suffix(".json").write_text(
        json.dumps(
            {
                "counts": report.counts(),
                "status": report.status,
                "differences": report.reconciliation,
                "differences_left_out": numbers["differences"] - len(report.reconciliation),
                "problems": [problem.as_dict() for problem in found],
                "problems_left_out": report.problems.left_out(),
            },
            ensure_ascii=False,
            indent=2,
            default=str,
        )
    )
    with name.with_suffix(".csv").open("w", encoding="utf-8-sig", newline="") as stream:
        stored = (problem.stored() for problem in found)
        write_csv(stream, report.reconciliation, stored, changed=report.status == "done", counted=numbers)


def _print(report: Any) -> None:
    from rich.console import Console
    from rich.table import Table

    from digione.integrations.loading.messages import kind_name

    console = Console()
    names = {
        "added": _("added"),
        "changed": _("changed"),
        "unchanged": _("unchanged"),
        "held_back": _("held back"),
        "refused": _("refused"),
    }
    severities = {"error": _("error"), "warning": _("warning")}
    table = Table("", *names.values())
    if report.would:
        table.caption = _("By kind: what would have been, had nothing been refused.")
    for kind, numbers in report.kinds.items():
        table.add_row(kind_name(kind), *(str(numbers.get(name, 0)) for name in names))
    table.add_row(kind_name("all"), *(str(getattr(report, name)) for name in names), style="bold")
    for problem in report.problems.found[:200]:
        place = f"{problem.file}:{problem.line}" if problem.line else problem.file
        place += f" {problem.field}" if problem.field else ""
        with suppress(UnicodeEncodeError):
            console.print(
                f"{severities[problem.severity]}  {place + ': ' if place else ''}{problem.message}",
                markup=False,
                highlight=False,
            )
    left = len(report.problems.found) - 200 + report.problems.left_out()
    if left > 0:
        more = ngettext("… and %(n)s more; --json lists it.", "… and %(n)s more; --json lists them.", left)
        console.print(more % {"n": left})
    console.print(table)
    if linked := report.linked or report.would.get("linked", 0):
        text = ngettext(
            "Of what was added, %(n)s row names what stood here already (from the register or another source), so nothing"
            " was made for it: %(kinds)s.",
            "Of what was added, %(n)s rows name what stood here already (from the register or another source), so nothing"
            " was made for them: %(kinds)s.",
            linked,
        )
        kinds = [
            f"{kind_name(kind)} {numbers['linked']}" for kind, numbers in report.kinds.items() if numbers.get("linked")
        ]
        console.print(text % {"n": linked, "kinds": ", ".join(kinds)}, markup=False, highlight=False)
    words = {
        "done": _("Done."),
        "dry_run": _("A rehearsal: nothing was changed."),
        "refused": _("Nothing was changed, because something was refused. Correct it, or run again with --partial."),
    }
    removals = sum(problem.code == "too-many-removals" for problem in report.problems.found)
    # Where it was refused for what would end, --partial helps nobody.
    if report.status != "refused" or report.refused > removals:
        console.print(words[report.status])
    if report.status == "refused" and removals:
        console.print(
            _(
                "Nothing was changed, because too much would end. Check that the file is whole. If what it lacks has"
                " really ended, run again with --accept-removals."
            )
        )
