"""Writes a OneRoster set to a folder or a zip archive, row by row. What is half written never bears the final name."""

import csv
import errno
import io
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from digione.integrations.oneroster_csv.columns import files_of
from digione.integrations.oneroster_csv.tables import OWN_SYSTEM

#: Every file has the same time in an archive, so that the same roster gives the same bytes.
_TIME = (2000, 1, 1, 0, 0, 0)


class SetWriter:
    """Takes the files of a set one after the other; `Write` of the use case is its `write`."""

    def __init__(self, path: Path, *, version: str = "1.2", delta: bool = False) -> None:
        """Prepare to write to `path`: an archive where it ends in .zip, else a folder. `delta`: not all, but what changed."""
        self._path = path
        self._version = version
        self._mode = "delta" if delta else "bulk"
        self._partial = path.with_name(f".{path.name}.partial")
        self._archive: zipfile.ZipFile | None = None
        self._written: list[str] = []

    def __enter__(self) -> "SetWriter":
        """Begin. Raises `FileExistsError` where something stands at the path already, `FileNotFoundError` (with the folder)
        where the folder that it is to stand in is not there: a mistyped path makes no folders, least of all root's."""
        if self._path.exists() and not (self._path.is_dir() and not any(self._path.iterdir())):
            raise FileExistsError(str(self._path))
        if not self._path.parent.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._path.parent))
        self._remove()
        if self._path.suffix.lower() == ".zip":
            # Personal data: readable by its owner alone, from the first byte.
            os.close(os.open(self._partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._archive = zipfile.ZipFile(self._partial, "w", zipfile.ZIP_DEFLATED)
        else:
            self._partial.mkdir(mode=0o700)
        return self

    def write(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Write one file, and return how many rows it got."""
        count = 0
        with self._open(f"{name}.csv") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            for row in rows:
                writer.writerow(row)
                count += 1
        self._written.append(name)
        return count

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[str]]:
        if self._archive is None:
            descriptor = os.open(self._partial / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
                yield stream
            return
        info = zipfile.ZipInfo(name, _TIME)
        info.compress_type = zipfile.ZIP_DEFLATED
        with self._archive.open(info, "w", force_zip64=True) as packed:
            text = io.TextIOWrapper(packed, encoding="utf-8", newline="", write_through=True)
            yield text
            text.detach()

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Finish with the manifest and the final name, or take away what was begun."""
        if kind is None:
            self.write("manifest", ("propertyName", "value"), self._manifest())
        if self._archive is not None:
            self._archive.close()
        if kind is not None:
            self._remove()
            return
        if self._path.is_dir():
            self._path.rmdir()
        self._partial.rename(self._path)

    def _manifest(self) -> list[tuple[str, str]]:
        files = [(name, self._mode if name in self._written else "absent") for name in files_of(self._version)]
        return [
            ("manifest.version", "1.0"),
            ("oneroster.version", self._version),
            *sorted((f"file.{name}", mode) for name, mode in files),
            ("source.systemName", "DigiOne"),
            ("source.systemCode", OWN_SYSTEM),
        ]

    def _remove(self) -> None:
        if self._partial.is_dir():
            shutil.rmtree(self._partial)
        else:
            self._partial.unlink(missing_ok=True)
