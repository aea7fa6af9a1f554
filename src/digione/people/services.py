"""Writes of the room: encrypted identifiers under a new key, batch by batch."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.core import key_file, secrets
from digione.core.use_case import UseCase, use_case

_BEFORE_ALL = UUID(int=0)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a rotation has come: through the identifiers, then through what they were earlier."""

    earlier: bool = False
    after: UUID = _BEFORE_ALL
    until: datetime = _LONG_AGO


@use_case(Permission.KEY_ROTATE, Event.KEYS_ROTATED)
def seal_batch_anew(uc: UseCase, *, place: Place, at_most: int) -> tuple[int, Place | None]:
    """Bring the next identifiers that stand under another key under the writing one.

    Returns how many were done and where to go on, or None where nothing is left. A rotation that was killed goes on
    from the beginning: what is done already is passed over. Waits for imports that are running.
    """
    uc.check()
    uc.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [key_file.ROTATION_LOCK])
    uc.execute("SELECT set_config('digione.reason', 'keys rotated', true)")
    writing = secrets.writing_key()
    found = _earlier(uc, place, writing, at_most) if place.earlier else _present(uc, place, writing, at_most)
    if not found:
        return 0, None if place.earlier else Place(earlier=True)
    old = [bytes(row["value_enc"]) for row in found]
    texts = [secrets.decrypt(value) for value in old]
    fresh = [secrets.encrypt(text) for text in texts]
    digests = [secrets.digest(text) for text in texts]
    ids = [row["id"] for row in found]
    if place.earlier:
        done = uc.json(
            "SELECT people_seal_earlier_anew(%s, %s, %s, %s, %s, %s)",
            [ids, [row["sys_to"] for row in found], old, fresh, digests, writing],
        )
    else:
        codes = [(text, value) for text, value, row in zip(texts, old, found, strict=True) if row["kind"] == "hetu"]
        done = uc.json(
            "SELECT people_seal_anew(%s, %s, %s, %s, %s, %s::text[], %s::text[])",
            [
                ids,
                old,
                fresh,
                digests,
                writing,
                [secrets.digest_under(text, secrets.key_id(value)).hex() for text, value in codes],
                [secrets.digest(text).hex() for text, _value in codes],
            ],
        )
    uc.touched("people_identifier", "value_enc", "digest")
    uc.saw_in_bulk(key=writing, count=done, earlier=place.earlier)
    return int(done), Place(place.earlier, ids[-1], found[-1].get("sys_to", place.until))


def _present(uc: UseCase, place: Place, writing: int, at_most: int) -> list[dict[str, Any]]:
    return uc.rows("SELECT * FROM people_sealed_otherwise(%s, %s, %s)", [writing, place.after, at_most])


def _earlier(uc: UseCase, place: Place, writing: int, at_most: int) -> list[dict[str, Any]]:
    return uc.rows(
        "SELECT * FROM people_earlier_sealed_otherwise(%s, %s, %s, %s)", [writing, place.after, place.until, at_most]
    )
