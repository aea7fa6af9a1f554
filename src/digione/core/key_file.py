"""Where the keys of encrypted fields are kept: `DIGIONE_KEYS`, else a file that only its owner reads.

An entry is `number:base64 of 32 bytes`. The first one writes; all of them read.
"""

import base64
import os
from pathlib import Path

from digione.core import clock

#: Imports hold this lock of the database in common while they run, a batch of a rotation for itself alone.
ROTATION_LOCK = "digione.keys"


def from_environment() -> bool:
    """Say whether the keys come from `DIGIONE_KEYS`, which no command can change."""
    return bool(os.environ.get("DIGIONE_KEYS"))


def place() -> Path:
    """Return where the key file is."""
    return Path(os.environ.get("DIGIONE_KEY_FILE") or Path(os.environ["DIGIONE_DATA"]) / "keys.txt")


def new_key() -> bytes:
    """Return a key that nobody can guess."""
    return os.urandom(32)


def entry(number: int, key: bytes) -> str:
    """Return a key as it is written."""
    return f"{number}:{base64.b64encode(key).decode()}"


def read() -> dict[int, bytes]:
    """Return the keys by number, the writing one first. Without any, one is made in the key file."""
    text = os.environ.get("DIGIONE_KEYS", "")
    if not text:
        path = place()
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                # Another process of this installation was quicker; its key is the key.
                pass
            else:
                with os.fdopen(handle, "w") as stream:
                    stream.write(f"{entry(1, new_key())}\n")
        text = ",".join(path.read_text().split())
    keys = {}
    for item in text.split(","):
        number, _, value = item.strip().partition(":")
        keys[int(number)] = base64.b64decode(value, validate=True)
        if len(keys[int(number)]) != 32:
            raise ValueError(f"key {number} has {len(keys[int(number)])} bytes")
    return keys


def write(keys: dict[int, bytes]) -> None:
    """Write the key file anew, whole or not at all, so that no other process ever reads half of it."""
    path = place()
    fresh = path.with_name(f".{path.name}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write("".join(f"{entry(number, key)}\n" for number, key in keys.items()))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


def set_aside(keys: dict[int, bytes]) -> Path:
    """Add retired keys to the file beside the key file: a backup of before is read by them alone."""
    path = place().with_name("keys-retired.txt")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w") as stream:
        for number, key in keys.items():
            stream.write(f"{entry(number, key)} {clock.today()}\n")
        stream.flush()
        os.fsync(stream.fileno())
    return path
