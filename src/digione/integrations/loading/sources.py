"""Where files come from: single files, folders, zip archives. A hostile archive is refused before it is unpacked.

A link is never followed out of what was handed over: what it leads to is somebody else's file, and messages quote what
they read.
"""

import io
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from digione.integrations.loading.report import ImportRefusedError

#: A roster of a million learners is well under these; a bomb is well over.
MAX_ENTRIES = 200
MAX_BYTES = 4 * 1024**3
MAX_RATIO = 200
# A small, very regular file packs better than any bomb limit allows, and can do no harm.
_HARMLESS = 10 * 1024**2
#: What Python raises for an archive that is no whole one; for a method of packing that it does not know, `NotImplementedError`.
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)


def refuse_outside_links(folder: Path, file: Path) -> None:
    """Raise `ImportRefusedError` where `file`, found in `folder`, is a link to what does not lie in or under it."""
    if not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder)):
        raise ImportRefusedError("link", file=str(file.relative_to(folder)))


class Source:
    """The files of a folder or an archive by their names, opened one at a time."""

    def __init__(self, path: Path) -> None:
        """Look at `path` and list what is in it. Raises `ImportRefusedError` with the reason."""
        self.path = path
        self._archive: zipfile.ZipFile | None = None
        if path.is_dir():
            inside = sorted(path.iterdir())
            for file in inside:
                refuse_outside_links(path, file)
            self._members = {file.name: file.name for file in inside if file.is_file()}
        elif path.is_file() and zipfile.is_zipfile(path):
            try:
                self._archive = zipfile.ZipFile(path)
            except (*_DAMAGE, NotImplementedError, UnicodeDecodeError) as fault:
                # Also of a later version of the format, and with a name that is not in the encoding it claims.
                raise ImportRefusedError("archive-incomplete", file=path.name) from fault
            self._members = self._checked_members(self._archive)
        elif path.is_file() and path.suffix.lower() == ".zip":
            raise ImportRefusedError("archive-incomplete", file=path.name)
        elif path.exists():
            raise ImportRefusedError("not-a-set", file=path.name)
        else:
            raise ImportRefusedError("no-such-path", path=str(path))

    @property
    def names(self) -> list[str]:
        """The names of the files, without folders."""
        return list(self._members)

    def _checked_members(self, archive: zipfile.ZipFile) -> dict[str, str]:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > MAX_ENTRIES:
            raise ImportRefusedError("archive-files", count=len(infos), limit=MAX_ENTRIES)
        total = 0
        members: dict[str, str] = {}
        for info in infos:
            name = PurePosixPath(info.filename.replace("\\", "/"))
            if name.is_absolute() or ".." in name.parts or ":" in info.filename:
                raise ImportRefusedError("archive-path", file=repr(info.filename[:80]))
            if stat.S_ISLNK(info.external_attr >> 16):
                raise ImportRefusedError("archive-link", file=info.filename)
            if info.flag_bits & 0x1:
                raise ImportRefusedError("archive-encrypted", file=info.filename)
            total += info.file_size
            if info.file_size > _HARMLESS and info.file_size > MAX_RATIO * max(info.compress_size, 1):
                times = info.file_size // max(info.compress_size, 1)
                raise ImportRefusedError("archive-ratio", file=info.filename, times=times, limit=MAX_RATIO)
            if total > MAX_BYTES:
                raise ImportRefusedError("archive-size", limit=MAX_BYTES // 1024**3)
            if name.name.startswith(".") or "__MACOSX" in name.parts:
                continue
            if name.name in members:
                raise ImportRefusedError("archive-twice", file=name.name)
            members[name.name] = info.filename
        return members

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open the bytes of one file."""
        if self._archive is None:
            with (self.path / name).open("rb") as stream:
                yield stream
            return
        info = self._archive.getinfo(self._members[name])
        try:
            packed = self._archive.open(info)
        except NotImplementedError as fault:
            raise ImportRefusedError("archive-method", file=name) from fault
        except _DAMAGE as fault:
            raise ImportRefusedError("archive-damaged", file=name) from fault
        with packed as stream:
            # The directory of an archive can lie about sizes; what is really read is bounded as well.
            yield io.BufferedReader(_Bounded(stream, info.file_size, name))

    def size(self, name: str) -> int:
        """Return how many bytes a file holds unpacked."""
        if self._archive is None:
            return (self.path / name).stat().st_size
        return self._archive.getinfo(self._members[name]).file_size


class _Bounded(io.RawIOBase):
    def __init__(self, stream: IO[bytes], limit: int, name: str) -> None:
        self._stream, self._left, self._name = stream, limit, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except _DAMAGE as fault:
            raise ImportRefusedError("archive-damaged", file=self._name) from fault
        self._left -= len(data)
        if self._left < 0:
            raise ImportRefusedError("archive-longer", file=self._name)
        buffer[: len(data)] = data
        return len(data)
