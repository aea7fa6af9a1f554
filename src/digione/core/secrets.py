"""Marked fields are encrypted here, in the application; the database never sees the key.

A ciphertext is one byte of format, two bytes of key id, twelve bytes of nonce, then AES-256-GCM output (NIST SP
800-38D). Equality look-up goes by a keyed digest (HMAC-SHA-256, first 16 bytes). Keys come from the environment
(`DIGIONE_KEYS`: `id:base64,...`, the first one writes) or from a file of the data folder that only its owner reads.
"""

import base64
import hashlib
import hmac
import os
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT = b"\x01"
_NONCE = 12


class UnknownKeyError(Exception):
    """The ciphertext names a key that this installation does not have."""


@lru_cache(maxsize=1)
def _keys() -> dict[int, bytes]:
    text = os.environ.get("DIGIONE_KEYS", "")
    if not text:
        path = Path(os.environ.get("DIGIONE_KEY_FILE") or Path(os.environ["DIGIONE_DATA"]) / "keys.txt")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            created = f"1:{base64.b64encode(os.urandom(32)).decode()}\n"
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                # Another process of this installation was quicker; its key is the key.
                pass
            else:
                with os.fdopen(handle, "w") as stream:
                    stream.write(created)
        text = ",".join(path.read_text().split())
    keys = {}
    for item in text.split(","):
        number, _, value = item.partition(":")
        keys[int(number)] = base64.b64decode(value)
    return keys


def forget_keys() -> None:
    """Read the keys anew at the next use: after a rotation, and in tests."""
    _keys.cache_clear()
    _derived.cache_clear()
    _cipher.cache_clear()


@lru_cache(maxsize=16)
def _derived(number: int, purpose: bytes) -> bytes:
    return hmac.digest(_keys()[number], purpose, hashlib.sha256)


@lru_cache(maxsize=16)
def _cipher(number: int) -> AESGCM:
    return AESGCM(_derived(number, b"field"))


def encrypt(text: str) -> bytes:
    """Return `text` encrypted under the first key; two calls never give the same bytes."""
    number = next(iter(_keys()))
    nonce = os.urandom(_NONCE)
    head = _FORMAT + number.to_bytes(2, "big")
    return head + nonce + _cipher(number).encrypt(nonce, text.encode(), head)


def decrypt(ciphertext: bytes) -> str:
    """Return the text of `ciphertext`. Raises `UnknownKeyError` when its key is not here."""
    head, nonce, body = ciphertext[:3], ciphertext[3 : 3 + _NONCE], ciphertext[3 + _NONCE :]
    number = int.from_bytes(head[1:], "big")
    if number not in _keys():
        raise UnknownKeyError(f"Key {number} is missing from this installation.")
    return _cipher(number).decrypt(nonce, body, head).decode()


def key_id(ciphertext: bytes) -> int:
    """Return the id of the key that a ciphertext was made with."""
    return int.from_bytes(ciphertext[1:3], "big")


def digest(text: str) -> bytes:
    """Return the 16 bytes by which an encrypted value is looked up, under the first key."""
    return hmac.digest(_derived(next(iter(_keys())), b"digest"), text.encode(), hashlib.sha256)[:16]


def digests(text: str) -> list[bytes]:
    """Return the digests under every live key (two at most while a rotation runs)."""
    return [hmac.digest(_derived(number, b"digest"), text.encode(), hashlib.sha256)[:16] for number in _keys()]
