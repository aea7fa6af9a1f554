"""`digione platform`: what concerns several providers at once, and so nobody but the platform itself."""

from typing import Any

import click

from digione.cli.language import _
from digione.cli.session import DATA, JSON, answering, platform


@click.group("platform")
def platform_group() -> None:
    """What the keepers of this installation see to, because it concerns several providers at once."""


@platform_group.command()
@DATA
@JSON
def cases(data: str | None, as_json: bool) -> None:
    """List where two providers give one identity code (or learner number) to two persons.

    Names and codes are not shown, only ids: ask the providers to look. A case goes from the list by itself when the
    data that contradict each other have been corrected and imported.
    """
    with answering(data, as_json=as_json) as answer:
        from digione.people.selectors import identifier_cases

        rows = identifier_cases(platform())
        lines = [line for row in rows for line in _told(row)]
        if rows:
            lines.append(
                _(
                    "What to do: ask the main administrators of each provider to check that person's identifier in their own "
                    "system against the population information system, to correct it where it is wrong, and to import "
                    "again. The id is part of the address of the person's page. Tell neither of them who else knows the "
                    "identifier: that a child is known to another municipality may be secret."
                )
            )
        answer(rows, "\n".join(lines) or _("No identifiers contradict each other."))


def _told(row: dict[str, Any]) -> list[str]:
    kinds = {"hetu": _("identity code"), "learner_number": _("learner number")}
    kind = kinds.get(row["kind"], row["kind"])
    first = _("%(kind)s, since %(day)s (case %(id)s)") % {
        "kind": kind,
        "day": f"{row['opened_at']:%Y-%m-%d}",
        "id": row["id"],
    }
    stands = _("stands for person %(person)s, known to %(providers)s")
    given = _("was given to person %(person)s by %(providers)s")
    return [
        first,
        "  " + stands % {"person": row["person_id"], "providers": ", ".join(row["providers"])},
        "  " + given % {"person": row["other_person_id"], "providers": ", ".join(row["other_providers"])},
    ]
