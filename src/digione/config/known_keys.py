"""Do the keys of encrypted fields that this process has belong to its database? Asked whenever something starts.

The database keeps a fingerprint of every key that it was ever filled under. A second data folder, a lost key file, an
old backup: each would else write what nobody else can read, and find nobody by an identity code.
"""

import psycopg

from digione.config.data_folder import StartFailure
from digione.config.language import _
from digione.core import key_file, secrets


def check_keys(app_url: str) -> None:
    """Note the keys that are new, and raise `StartFailure` where a key is another than the database's, or is missing.

    A key under which nothing stands any more is not missed: a rotation has retired it. Does nothing before the tables
    are there.
    """
    with psycopg.connect(app_url) as connection:
        if not _one(connection, "SELECT to_regclass('core_keyfingerprint') IS NOT NULL"):
            return
        known = _known(connection)
        if known and not key_file.from_environment() and not key_file.place().exists():
            # No key is made then: the fresh one would only hide that the right one is missing.
            _refuse_missing(connection, set(known))
        here = _here()
        for number in sorted(set(here) - set(known)):
            # Another process may be as quick; whoever was first is the one to compare with.
            connection.execute(
                "INSERT INTO core_keyfingerprint (number, fingerprint) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [number, here[number]],
            )
        known = _known(connection)
        for number in sorted(here):
            if known[number] != here[number]:
                text = _(
                    "Key %(n)s in %(place)s is another than the key %(n)s that this database was filled under: nothing "
                    "encrypted could be read, and nobody else could read what is written. Nothing was changed. %(advice)s"
                )
                raise StartFailure(text % {"n": number, "place": _place(), "advice": _advice()})
        _refuse_missing(connection, set(known) - set(here))


def _refuse_missing(connection: psycopg.Connection, missing: set[int]) -> None:
    if not missing:
        return
    connection.execute("SELECT set_config('digione.register', 'on', true)")
    used = {row[0] for row in connection.execute("SELECT key_id FROM people_keys_in_use()").fetchall()}
    if missing & used or (not key_file.from_environment() and not key_file.place().exists()):
        text = _(
            "Key %(n)s, under which this database was filled, is missing from %(place)s. Nothing was changed. %(advice)s"
        )
        told = {"n": ", ".join(map(str, sorted(missing & used or missing))), "place": _place(), "advice": _advice()}
        raise StartFailure(text % told)


def highest_number(app_url: str) -> int:
    """Return the highest number that a key of this database ever had; 0 where it had none."""
    with psycopg.connect(app_url) as connection:
        return max(_known(connection), default=0)


def _here() -> dict[int, bytes]:
    try:
        return secrets.fingerprints()
    except (ValueError, OSError) as fault:
        text = _("The keys in %(place)s cannot be read: %(reason)s. Each is written as number:base64 of 32 bytes.")
        raise StartFailure(text % {"place": _place(), "reason": fault}) from fault


def _known(connection: psycopg.Connection) -> dict[int, bytes]:
    return dict(connection.execute("SELECT number, fingerprint FROM core_keyfingerprint").fetchall())


def _place() -> str:
    return "DIGIONE_KEYS" if key_file.from_environment() else str(key_file.place())


def _advice() -> str:
    return _(
        "Every data folder that shares a database has the same keys: put the keys of the first folder (its keys.txt, or a "
        "backup of it) there, and start again. If they are lost, the identity codes in this database are lost too."
    )


def _one(connection: psycopg.Connection, statement: str) -> object:
    row = connection.execute(statement).fetchone()
    return row[0] if row else None
