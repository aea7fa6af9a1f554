"""Identifiers of our own: UUID version 7 (RFC 9562), made in the application so that no row waits for the database."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last_millisecond = 0
_counter = 0


def new_id() -> UUID:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, 12 bits of a counter, 62 random bits.

    Ids made in one process rise strictly, so that a page sorted by id is a page sorted by creation.
    """
    global _last_millisecond, _counter
    with _lock:
        now = time.time_ns() // 1_000_000
        if now <= _last_millisecond:
            _counter += 1
            if _counter > 0xFFF:
                _last_millisecond += 1
                _counter = 0
        else:
            _last_millisecond = now
            _counter = 0
        millisecond, counter = _last_millisecond, _counter
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    return UUID(int=(millisecond << 80) | (0x7 << 76) | (counter << 64) | (0b10 << 62) | tail)
