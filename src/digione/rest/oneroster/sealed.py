"""Ids of rows that link persons to something, so that no two suppliers can join by them.

An id of ours is one block of AES under a key of the supplier's own: a permutation, so no two rows meet, nothing has to
be stored, and an id that comes back is opened again. Sealing is done over a whole chunk of an answer at once.
"""

import re
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.db import transaction

from digione.core import statements
from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster.query import Either, Every, Query, Term

#: The id of an object stands first in it; those of its references do not.
_OWN_ID = re.compile(r'(\{"sourcedId" ?: ?")([0-9a-f-]{36})')


@lru_cache(maxsize=200)
def _groups(count: int) -> Callable[[bytes], tuple[bytes, ...]]:
    """Return what cuts the digits of so many ids into the groups in which an id is written."""
    return struct.Struct("8s4s4s4s12s" * count).unpack


class Seal:
    """What makes the ids of one supplier, and opens them."""

    def __init__(self, key: bytes) -> None:
        # One block each, and all blocks differ: there is nothing for a mode to chain.
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305
        self._own = threading.local()

    @property
    def _encrypt(self) -> Callable[[bytes], bytes]:
        # Whole blocks leave nothing behind in what encrypts them, and to make that anew takes longer than to use it.
        if not hasattr(self._own, "encrypt"):
            self._own.encrypt = self._cipher.encryptor().update
        encrypt: Callable[[bytes], bytes] = self._own.encrypt
        return encrypt

    @property
    def _decrypt(self) -> Callable[[bytes], bytes]:
        if not hasattr(self._own, "decrypt"):
            self._own.decrypt = self._cipher.decryptor().update
        decrypt: Callable[[bytes], bytes] = self._own.decrypt
        return decrypt

    def text(self, bodies: str) -> str:
        """Return JSON objects with the supplier's own ids in place of ours."""
        ids = iter(self.made([UUID(found[2]) for found in _OWN_ID.finditer(bodies)]))
        return _OWN_ID.sub(lambda found: f"{found[1]}{next(ids)}", bodies)

    def made(self, own: Iterable[UUID]) -> list[UUID]:
        """Return what the supplier calls the rows that have these ids of ours, in their order."""
        blocks = self._encrypt(b"".join(ident.bytes for ident in own))
        return [UUID(bytes=blocks[at : at + 16]) for at in range(0, len(blocks), 16)]

    def placed(self, body: bytes, mark: bytes, own: bytes) -> bytes:
        """Return `body` with what the supplier calls rows in place of its marks.

        `own`: our ids of those rows in the order of the marks, sixteen bytes each, one behind the other.
        """
        digits = self._encrypt(own).hex().encode()
        # All ids are put in by one formatting: one by one they would take twice as long.
        return body.replace(b"%", b"%%").replace(mark, b"%b-%b-%b-%b-%b") % _groups(len(own) // 16)(digits)

    def opened(self, ident: UUID) -> UUID:
        """Return our id of what the supplier calls `ident`; what it never had is nobody's."""
        return UUID(bytes=self._decrypt(ident.bytes))

    def query(self, query: Query) -> Query:
        """Return a query whose filter speaks of our ids. Their order is ours, as is that of the list."""
        if query.condition is None:
            return query
        alternatives = (Every(tuple(map(self._term, every.parts))) for every in query.condition.parts)
        return replace(query, condition=Either(tuple(alternatives)))

    def _term(self, term: Term) -> Term:
        if term.field != "sourcedId":
            return term
        predicate = "=" if term.predicate == "~" else term.predicate
        try:
            return Term(term.field, predicate, str(self.opened(UUID(term.value))))
        except ValueError:
            return Term(term.field, predicate, term.value)


def of(actor: Actor) -> Seal:
    """Return the seal of the actor's supplier."""
    assert actor.supplier_id is not None  # noqa: S101 - every app has a supplier.
    return of_supplier(actor.supplier_id)


@lru_cache(maxsize=1000)
def of_supplier(supplier: UUID) -> Seal:
    """Return the seal of a supplier."""
    with transaction.atomic():
        set_reach(Actor("app", supplier_id=supplier))
        ((key,),) = statements.rows("SELECT access_row_key()", [])
    return Seal(bytes(key))
