"""Static files, compressed before they are asked for: no build step, and a small page on a slow line.

Collected files lie beside their compressed copies. Where nothing was collected, the copies are made at the start.
"""

import gzip
import shutil
import weakref
from functools import cache, cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

_TEXTS = {".css", ".js", ".svg"}


class CompressedStatic(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise, with a compressed copy of each of our texts in a folder of its own that goes when the program ends."""

    @cached_property
    def _folder(self) -> Path:
        folder = Path(mkdtemp(prefix="digione-static-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> StaticFile:
        """Return how a file is served: compressed to whoever takes that."""
        # A web process may be ended by a signal, and would leave its folder behind: none is made for collected files.
        if settings.STATIC_ROOT or "/digione/" not in url or Path(path).suffix not in _TEXTS:
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
