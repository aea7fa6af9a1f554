"""Marked fields are encrypted here, in the application; the database never sees the key.

A ciphertext is one byte of format, two bytes of key id, twelve bytes of nonce, then AES-256-GCM output (NIST SP
800-38D). Equality look-up goes by a keyed digest (HMAC-SHA-256, first 16 bytes). Keys come from the environment
(`DIGIONE_KEYS`: `id:base64,...`, the first one writes) or from a file of the data folder that only its owner reads.
"""

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from digione.core import key_file

_FORMAT = b"\x01"
_NONCE = 12


class UnknownKeyError(Exception):
    """The ciphertext names a key that this installation does not have."""


@lru_cache(maxsize=1)
def _keys() -> dict[int, bytes]:
    return key_file.read()


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
    number = writing_key()
    nonce = os.urandom(_NONCE)
    head = _FORMAT + number.to_bytes(2, "big")
    return head + nonce + _cipher(number).encrypt(nonce, text.encode(), head)


def decrypt(ciphertext: bytes) -> str:
    """Return the text of `ciphertext`. Raises `UnknownKeyError` when its key is not here."""
    head, nonce, body = ciphertext[:3], ciphertext[3 : 3 + _NONCE], ciphertext[3 + _NONCE :]
    number = int.from_bytes(head[1:], "big")
    if number not in _keys():
        # A rotation may have come while this process ran.
        forget_keys()
    if number not in _keys():
        raise UnknownKeyError(f"Key {number} is missing from this installation.")
    return _cipher(number).decrypt(nonce, body, head).decode()


def writing_key() -> int:
    """Return the number of the key that this process encrypts and looks up with."""
    return next(iter(_keys()))


def known_keys() -> list[int]:
    """Return the numbers of all keys of this process, the writing one first."""
    return list(_keys())


def fingerprints() -> dict[int, bytes]:
    """Return 16 bytes by which each key of this process can be told from others, and from which no key can be had."""
    return {number: _derived(number, b"fingerprint")[:16] for number in _keys()}


def digest_under(text: str, number: int) -> bytes:
    """Return the digest of `text` under one key."""
    return hmac.digest(_derived(number, b"digest"), text.encode(), hashlib.sha256)[:16]


def key_id(ciphertext: bytes) -> int:
    """Return the id of the key that a ciphertext was made with."""
    return int.from_bytes(ciphertext[1:3], "big")


def digest(text: str) -> bytes:
    """Return the 16 bytes by which an encrypted value is looked up, under the first key."""
    return digest_under(text, writing_key())


def digests(text: str) -> list[bytes]:
    """Return the digests under every live key (two at most while a rotation runs)."""
    return [digest_under(text, number) for number in _keys()]
