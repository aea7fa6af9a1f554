"""Identifiers of our own: UUID version 7 (RFC 9562), made in the application so that no row waits for the database."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
#: The last stamp that was given: milliseconds, and twelve bits of a counter, which runs over into them.
_last = 0


def new_id() -> UUID:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, 12 bits of a counter, 62 random bits.

    Ids made in one process rise strictly, so that a page sorted by id is a page sorted by creation.
    """
    stamp = _stamps(1)
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    return UUID(int=_first_half(stamp) << 64 | (0b10 << 62) | tail)


def new_ids(number: int) -> list[str]:
    """Return so many new ids in their order, each as 32 hexadecimal digits: for rows that are written by the thousand."""
    stamp = _stamps(number)
    tails = bytearray(os.urandom(8 * number))
    tails[::8] = tails[::8].translate(_VARIANT)
    tail = tails.hex()
    return [f"{_first_half(stamp + nth):016x}{tail[16 * nth : 16 * nth + 16]}" for nth in range(number)]


#: Of the first byte of an id's second half: the same with the two bits of the variant in it.
_VARIANT = bytes(0x80 | each & 0x3F for each in range(256))


def _stamps(number: int) -> int:
    """Return the first of so many stamps, moment and counter in one: none comes twice, and none is less than an earlier one."""
    global _last
    with _lock:
        first = max(time.time_ns() // 1_000_000 << 12, _last + 1)
        _last = first + number - 1
    return first


def _first_half(stamp: int) -> int:
    return stamp >> 12 << 16 | 0x7000 | stamp & 0xFFF
