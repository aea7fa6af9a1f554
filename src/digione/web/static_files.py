"""Static files, compressed when the program starts: no build step, and a small page on a slow line."""

import gzip
import shutil
import weakref
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from wsgiref.headers import Headers

from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

_TEXTS = {".css", ".js", ".svg"}


class CompressedStatic(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise, with a compressed copy of each of our texts in a folder of its own that goes when the program ends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._folder = Path(mkdtemp(prefix="digione-static-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        super().__init__(*args, **kwargs)

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> StaticFile:
        """Return how a file is served: compressed to whoever takes that."""
        if "/digione/" not in url or Path(path).suffix not in _TEXTS:
            return super().get_static_file(path, url, stat_cache)
        packed = self._folder / f"{url.strip('/').replace('/', '-')}.gz"
        packed.write_bytes(_packed(path))
        headers = Headers([])
        self.add_mime_headers(headers, path, url)
        self.add_cache_headers(headers, path, url)
        return StaticFile(path, headers.items(), encodings={"gzip": str(packed)})


@cache
def _packed(path: str) -> bytes:
    # Without a moment in it, the same file always packs into the same bytes.
    return gzip.compress(Path(path).read_bytes(), 9, mtime=0)
