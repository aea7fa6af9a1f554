"""What the program is made of, and which migrations come with it; readable before Django is set up."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "oauth2_provider",
    "procrastinate.contrib.django",
    "digione.core",
    "digione.schema",
    "digione.audit",
    "digione.access",
    "digione.organisations",
    "digione.people",
    "digione.studies",
    "digione.rest",
    "digione.web",
]

#: The labels of apps that are not called by the last part of their name; a test compares them with Django's own.
_LABELS = {"procrastinate.contrib.django": "procrastinate"}


@lru_cache(maxsize=1)
def migrations() -> frozenset[tuple[str, str]]:
    """Return (app, name) of every migration that the program and its libraries bring.

    Read from the folders: importing the libraries would want settings, and Django's graph takes its time.
    """
    found = set()
    for app in INSTALLED_APPS:
        top, *rest = app.split(".")
        spec = find_spec(top)
        if spec is None or spec.origin is None:
            continue
        folder = Path(spec.origin).parent.joinpath(*rest, "migrations")
        label = _LABELS.get(app, app.rpartition(".")[2])
        found |= {(label, path.stem) for path in folder.glob("*.py") if path.stem[0] not in "_~"}
    return frozenset(found)
