"""Where files come from: single files, folders, zip archives. A hostile archive is refused before it is unpacked."""

import io
import zipfile
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


class Source:
    """The files of a folder or an archive by their names, opened one at a time."""

    def __init__(self, path: Path) -> None:
        """Look at `path` and list what is in it. Raises `ImportRefusedError` with the reason."""
        self.path = path
        self._archive: zipfile.ZipFile | None = None
        if path.is_dir():
            self._members = {file.name: file.name for file in sorted(path.iterdir()) if file.is_file()}
        elif path.is_file() and zipfile.is_zipfile(path):
            self._archive = zipfile.ZipFile(path)
            self._members = self._checked_members(self._archive)
        elif path.is_file() and path.suffix.lower() == ".zip":
            raise ImportRefusedError(f"{path.name} is not a whole zip archive: its directory is missing or damaged.")
        elif path.exists():
            raise ImportRefusedError(f"{path.name} is neither a folder nor a zip archive.")
        else:
            raise ImportRefusedError(f"{path} does not exist.")

    @property
    def names(self) -> list[str]:
        """The names of the files, without folders."""
        return list(self._members)

    def _checked_members(self, archive: zipfile.ZipFile) -> dict[str, str]:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if len(infos) > MAX_ENTRIES:
            raise ImportRefusedError(f"The archive holds {len(infos)} files; at most {MAX_ENTRIES} are read.")
        total = 0
        members: dict[str, str] = {}
        for info in infos:
            name = PurePosixPath(info.filename.replace("\\", "/"))
            if name.is_absolute() or ".." in name.parts or ":" in info.filename:
                raise ImportRefusedError(f"The archive names a file outside itself: {info.filename[:80]!r}.")
            if info.flag_bits & 0x1:
                raise ImportRefusedError(f"{info.filename} is encrypted. Send the archive without a password.")
            total += info.file_size
            if info.file_size > _HARMLESS and info.file_size > MAX_RATIO * max(info.compress_size, 1):
                raise ImportRefusedError(
                    f"{info.filename} would unpack to {info.file_size // max(info.compress_size, 1)} times its size;"
                    f" at most {MAX_RATIO} times is read."
                )
            if total > MAX_BYTES:
                raise ImportRefusedError(f"The archive would unpack to more than {MAX_BYTES // 1024**3} GB.")
            if name.name.startswith(".") or "__MACOSX" in name.parts:
                continue
            if name.name in members:
                raise ImportRefusedError(f"The archive holds {name.name} twice, in different folders.")
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
        with self._archive.open(info) as stream:
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
        except (zipfile.BadZipFile, EOFError, OSError) as fault:
            raise ImportRefusedError(f"{self._name} in the archive is damaged: {fault}") from fault
        self._left -= len(data)
        if self._left < 0:
            raise ImportRefusedError(f"{self._name} unpacks to more than the archive says.")
        buffer[: len(data)] = data
        return len(data)
