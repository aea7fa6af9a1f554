"""Archives that no ordinary program makes: with a password, with links, with damage in a chosen place."""

import stat
import zipfile
from pathlib import Path


def _table() -> list[int]:
    """The table of CRC-32 (polynomial 0xEDB88320), whose step ZipCrypto takes for each of its keys."""
    table = []
    for number in range(256):
        value = number
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        table.append(value)
    return table


def _zip_crypto(plain: bytes, password: bytes) -> bytes:
    """Return `plain` as the traditional encryption of PKWARE writes it (APPNOTE.TXT 6.1)."""
    table = _table()
    keys = [0x12345678, 0x23456789, 0x34567890]

    def step(byte: int) -> None:
        keys[0] = keys[0] >> 8 ^ table[(keys[0] ^ byte) & 0xFF]
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = keys[2] >> 8 ^ table[(keys[2] ^ keys[1] >> 24) & 0xFF]

    for byte in password:
        step(byte)
    written = bytearray()
    for byte in plain:
        mixed = keys[2] | 2
        written.append(byte ^ (mixed * (mixed ^ 1) >> 8 & 0xFF))
        step(byte)
    return bytes(written)


def encrypt(path: Path, password: bytes) -> None:
    """Encrypt the one, stored member of an archive: the twelve bytes before it, its data, its flags and its size."""
    with zipfile.ZipFile(path) as archive:
        [info] = archive.infolist()
        plain = archive.read(info)
    assert info.compress_type == zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w") as archive:
        # The last of the twelve bytes lets a reader see a wrong password.
        archive.writestr(info.filename, _zip_crypto(bytes(11) + bytes([info.CRC >> 24]) + plain, password))
    made = bytearray(path.read_bytes())
    for head, flags, crc, size in ((b"PK\x03\x04", 6, 14, 22), (b"PK\x01\x02", 8, 16, 24)):
        at = made.index(head)
        made[at + flags] |= 1
        made[at + crc : at + crc + 4] = info.CRC.to_bytes(4, "little")
        made[at + size : at + size + 4] = len(plain).to_bytes(4, "little")
    path.write_bytes(made)


def link(path: Path, name: str, target: str) -> None:
    """Add a symbolic link to an archive, as `zip --symlinks` writes it."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, target)


def spoil(path: Path, signature: bytes, offset: int, value: bytes) -> None:
    """Overwrite bytes of an archive, counted from the first record with the signature."""
    made = bytearray(path.read_bytes())
    at = made.index(signature) + offset
    made[at : at + len(value)] = value
    path.write_bytes(made)
