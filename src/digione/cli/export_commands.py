"""`digione export`: a provider's data for another system."""

import json
import os
from pathlib import Path

import click

from digione.cli.language import _, ngettext
from digione.cli.session import DATA, JSON, answering, platform
from digione.core.errors import Fault


@click.group()
def export() -> None:
    """Take data out for another system. Every export stands in the log of use."""


@export.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--provider", required=True, metavar="OID", help="The provider whose roster it is.")
@click.option("--version", type=click.Choice(["1.2"]), default="1.2", show_default=True, help="Of the standard.")
@click.option(
    "--include-non-disclosure",
    is_flag=True,
    help="Take people under non-disclosure too, without contact details. The receiver must protect them.",
)
@DATA
@JSON
def oneroster(
    path: Path, provider: str, version: str, include_non_disclosure: bool, data: str | None, as_json: bool
) -> None:
    """Write a provider's roster of today as a OneRoster CSV set (bulk) to PATH: a new folder, or a zip archive.

    Identity codes and addresses are not part of it, nor is what the standard has no place for: limits of custody,
    and who has ended. People under non-disclosure are left out unless they are asked for.
    """
    with answering(data, as_json=as_json) as answer:
        from digione.integrations.oneroster_csv.selectors import export_roster
        from digione.integrations.oneroster_csv.writer import SetWriter
        from digione.organisations.selectors import provider_page

        at = platform(provider_page(platform(), oid=provider)["id"])
        try:
            with SetWriter(path) as target:
                counts = export_roster(at, write=target.write, include_non_disclosure=include_non_disclosure)
        except FileExistsError:
            text = _("%(path)s is there already. Name a new folder or archive.") % {"path": path}
            answer.refuse([Fault("", "exists", text)], 2)
        except FileNotFoundError as fault:
            text = _("There is no folder %(folder)s. Make it first, or name a path in a folder that is there.")
            answer.refuse([Fault("", "no_folder", text % {"folder": fault.filename})], 2)
        except OSError as fault:
            told = {"path": path, "reason": fault.strerror or fault}
            answer.refuse([Fault("", "not_writable", _("%(path)s cannot be written: %(reason)s.") % told)], 2)
        withheld = counts.pop("withheld")
        lines = [f"{name + '.csv':<22}{count:>9}" for name, count in counts.items()]
        if withheld:
            text = ngettext(
                "%(n)s person under non-disclosure was left out.",
                "%(n)s people under non-disclosure were left out.",
                withheld,
            )
            lines.append(text % {"n": withheld})
        lines.append(_("The roster was written to %(path)s.") % {"path": path})
        answer({"path": str(path), "version": version, "rows": counts, "withheld": withheld}, "\n".join(lines))


@export.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--provider", required=True, metavar="OID", help="The provider whose study rights they are.")
@DATA
@JSON
def koski(path: Path, provider: str, data: str | None, as_json: bool) -> None:
    """Write a provider's study rights and attainments to PATH, a new file: a document of the register (KOSKI) in each line.

    Identity codes are part of it, and people under non-disclosure too: the file is for the national register alone.
    """
    with answering(data, as_json=as_json) as answer:
        from digione.integrations.koski.selectors import export_documents
        from digione.organisations.selectors import provider_page

        at = platform(provider_page(platform(), oid=provider)["id"])
        try:
            # Nobody else of the machine is to read it.
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as target:
                number = export_documents(
                    at, write=lambda document: target.write(json.dumps(document, ensure_ascii=False) + "\n")
                )
        except FileExistsError:
            text = _("%(path)s is there already. Name a new file.") % {"path": path}
            answer.refuse([Fault("", "exists", text)], 2)
        except OSError as fault:
            told = {"path": path, "reason": fault.strerror or fault}
            answer.refuse([Fault("", "not_writable", _("%(path)s cannot be written: %(reason)s.") % told)], 2)
        text = ngettext("%(n)s document was written to %(path)s.", "%(n)s documents were written to %(path)s.", number)
        answer({"path": str(path), "documents": number}, text % {"n": number, "path": path})
