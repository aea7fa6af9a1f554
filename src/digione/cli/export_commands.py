"""`digione export`: a provider's data for another system."""

import json
import os
from datetime import UTC, datetime
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
@click.option("--version", type=click.Choice(["1.1", "1.2"]), default="1.2", show_default=True, help="Of the standard.")
@click.option(
    "--since",
    default=None,
    metavar="MOMENT",
    help="Only what has changed since then (delta): the moment that the receiver's last export told, as in 2026-08-11T07:30:00Z.",
)
@click.option(
    "--include-non-disclosure",
    is_flag=True,
    help="Take people under non-disclosure too, without contact details. The receiver must protect them.",
)
@DATA
@JSON
def oneroster(
    path: Path,
    provider: str,
    version: str,
    since: str | None,
    include_non_disclosure: bool,
    data: str | None,
    as_json: bool,
) -> None:
    """Write a provider's roster as a OneRoster CSV set to PATH: a new folder, or a zip archive.

    It is the whole roster of today (bulk), or with --since what came, changed or went since a moment (delta). Identity
    codes and addresses are not part of it, nor is what the standard has no place for: limits of custody, and in 1.1 a
    user's second role. People under non-disclosure are left out unless they are asked for.
    """
    with answering(data, as_json=as_json) as answer:
        from digione.integrations.oneroster_csv.selectors import export_roster
        from digione.integrations.oneroster_csv.writer import SetWriter
        from digione.organisations.selectors import provider_page

        moment = _moment(since) if since is not None else None
        if since is not None and moment is None:
            text = _("%(moment)s is no moment of the past. Write it with its zone, as in 2026-08-11T07:30:00Z.")
            answer.refuse([Fault("since", "moment", text % {"moment": since})], 2)
        at = platform(provider_page(platform(), oid=provider)["id"])
        try:
            with SetWriter(path, version=version, delta=moment is not None) as target:
                told = export_roster(
                    at,
                    write=target.write,
                    version=version,
                    since=moment,
                    include_non_disclosure=include_non_disclosure,
                )
        except FileExistsError:
            text = _("%(path)s is there already. Name a new folder or archive.") % {"path": path}
            answer.refuse([Fault("", "exists", text)], 2)
        except FileNotFoundError as fault:
            text = _("There is no folder %(folder)s. Make it first, or name a path in a folder that is there.")
            answer.refuse([Fault("", "no_folder", text % {"folder": fault.filename})], 2)
        except OSError as fault:
            named = {"path": path, "reason": fault.strerror or fault}
            answer.refuse([Fault("", "not_writable", _("%(path)s cannot be written: %(reason)s.") % named)], 2)
        lines = [f"{name + '.csv':<22}{count:>9}" for name, count in told.rows.items()]
        if told.withheld:
            text = ngettext(
                "%(n)s person under non-disclosure was left out.",
                "%(n)s people under non-disclosure were left out.",
                told.withheld,
            )
            lines.append(text % {"n": told.withheld})
        if told.second_roles:
            text = ngettext(
                "%(n)s role was left out: in 1.1 a user has one.",
                "%(n)s roles were left out: in 1.1 a user has one.",
                told.second_roles,
            )
            lines.append(text % {"n": told.second_roles})
        lines.append(_("The roster was written to %(path)s.") % {"path": path})
        until = told.moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        lines.append(_("What changes from now on: --since %(moment)s") % {"moment": until})
        answer(
            {
                "path": str(path),
                "version": version,
                "mode": "bulk" if moment is None else "delta",
                "rows": told.rows,
                "deleted": told.deleted,
                "withheld": told.withheld,
                "second_roles": told.second_roles,
                "moment": until,
            },
            "\n".join(lines),
        )


def _moment(written: str) -> datetime | None:
    """Return a moment of the past that was written with its zone (RFC 3339); None for anything else."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo and moment <= datetime.now(UTC) else None


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
