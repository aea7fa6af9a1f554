"""`digione keys`: the keys of encrypted fields. Which there are, a new one, and the move of everything to it."""

import sys
from typing import Any

import click

from digione.cli.language import _
from digione.cli.session import DATA, JSON, answering, platform, table
from digione.config.known_keys import check_keys, highest_number


@click.group()
def keys() -> None:
    """Keys by which national identifiers are encrypted. Rotate them: `add`, restart DigiOne, `rotate`."""


@keys.command("list")
@DATA
@JSON
def list_keys(data: str | None, as_json: bool) -> None:
    """List the keys by number, which one writes, and how much stands under each. No key itself is printed."""
    with answering(data, as_json=as_json) as answer:
        rows = _listed()
        answer(
            rows,
            table(
                [_("key"), _("what it does"), _("identifiers"), _("earlier identifiers")],
                [[str(row["key"]), _use(row), str(row["identifiers"]), str(row["earlier"])] for row in rows],
                _("There is no key."),
            ),
        )


def _use(row: dict[str, Any]) -> str:
    return _("writes and reads") if row["writes"] else _("reads")


def _listed() -> list[dict[str, Any]]:
    from digione.core import secrets
    from digione.people.selectors import keys_in_use

    used, known = keys_in_use(platform()), secrets.known_keys()
    return [
        {
            "key": number,
            "writes": number == secrets.writing_key(),
            "identifiers": used.get(number, {}).get("identifiers", 0),
            "earlier": used.get(number, {}).get("earlier", 0),
        }
        for number in [*known, *(number for number in used if number not in known)]
    ]


@keys.command()
@DATA
@JSON
def add(data: str | None, as_json: bool) -> None:
    """Make a new key. It reads from now on, and writes only after `rotate`: restart DigiOne in between."""
    with answering(data, as_json=as_json) as answer:
        from digione.core import key_file, secrets

        number = max(highest_number(answer.database.app_url), *(row["key"] for row in _listed())) + 1
        if key_file.from_environment():
            # Whoever keeps the keys in the environment must be told the new one; no file may hold it.
            written = key_file.entry(number, key_file.new_key())
            text = _("Put this at the end of DIGIONE_KEYS, restart DigiOne, then put it first and rotate:")
            answer({"key": number, "entry": written}, f"{text}\n{written}")
            return
        key_file.write({**key_file.read(), number: key_file.new_key()})
        secrets.forget_keys()
        check_keys(answer.database.app_url)
        text = _("Key %(n)s is in %(path)s. Copy that file, restart DigiOne, then run `digione keys rotate`.")
        answer({"key": number}, text % {"n": number, "path": key_file.place()})


@keys.command()
@click.option("--batch", type=click.IntRange(1, 50_000), default=2_000, show_default=True, help="Rows a transaction.")
@click.option("--keep", is_flag=True, help="Let the old keys stay in the key file, to be read with.")
@DATA
@JSON
def rotate(batch: int, keep: bool, data: str | None, as_json: bool) -> None:
    """Let the newest key write, bring everything under it, and retire the older ones.

    It can be stopped at any moment and run again: it goes on where it was. Imports wait until it is done. Retired
    keys go to keys-retired.txt, for backups of before can be read with them alone; keep that file as you keep those.
    """
    with answering(data, as_json=as_json) as answer:
        from digione.core import key_file, secrets

        if not key_file.from_environment():
            known = key_file.read()
            newest = max(known)
            key_file.write({newest: known[newest], **known})
            secrets.forget_keys()
        done, writing = _sealed_anew(batch), secrets.writing_key()
        retired: list[int] = []
        if not keep and not key_file.from_environment():
            retired = _retired(writing)
        text = _("Everything stands under key %(key)s now (%(n)s rows were brought under it).")
        lines = [text % {"key": writing, "n": done}]
        if retired:
            told = {"keys": ", ".join(map(str, retired)), "path": key_file.place().with_name("keys-retired.txt")}
            lines.append(_("Retired keys: %(keys)s. They are kept in %(path)s.") % told)
        elif key_file.from_environment() and len(secrets.known_keys()) > 1:
            lines.append(_("The older keys may be taken out of DIGIONE_KEYS. Keep them for backups of before."))
        answer({"key": writing, "rows": done, "retired": retired}, "\n".join(lines))


def _sealed_anew(batch: int) -> int:
    from digione.people.services import Place, seal_batch_anew

    total = sum(row["identifiers"] + row["earlier"] for row in _listed() if not row["writes"])
    done = 0
    # A bar that nobody watches would only fill a log.
    with click.progressbar(
        length=total, label=_("Identifiers"), file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        place: Place | None = Place()
        while place is not None:
            number, place = seal_batch_anew(platform(), place=place, at_most=batch)
            done += number
            bar.update(number)
    return done


def _retired(writing: int) -> list[int]:
    """Take the keys under which nothing stands any more out of the key file. A row that slipped in keeps its key."""
    from digione.core import key_file, secrets

    used = {row["key"] for row in _listed() if row["identifiers"] or row["earlier"]}
    known = key_file.read()
    old = {number: key for number, key in known.items() if number != writing and number not in used}
    if old:
        # Set aside before it is taken out: a crash in between leaves a key twice, never nowhere.
        key_file.set_aside(old)
        key_file.write({number: key for number, key in known.items() if number not in old})
        secrets.forget_keys()
    return sorted(old)
