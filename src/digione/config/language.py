"""In which language is spoken outside of Django: in the terminal, and before Django is set up.

`--language`, else what the terminal is set to, else English. `--help` and the names in `--json` are English.
"""

import gettext
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

LANGUAGES = ("fi", "sv", "en")
_CATALOGUES = Path(__file__).resolve().parent.parent / "locale"
#: What `--language` named, in the order of the commands that run.
CHOSEN: list[str] = []


def of_environment(environment: Mapping[str, str]) -> str:
    """Return the language that the terminal is set to. `C`, `POSIX`, nothing, and what we do not speak is English."""
    told = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    language = told.partition(".")[0].partition("_")[0].lower()
    return language if language in LANGUAGES else "en"


def spoken() -> str:
    """Return the language of this run."""
    return CHOSEN[-1] if CHOSEN else of_environment(os.environ)


@lru_cache(maxsize=3)
def _catalogue(language: str) -> gettext.NullTranslations:
    # Django speaks only once it is set up, and much is said before.
    return gettext.translation("django", _CATALOGUES, [language], fallback=True)


def _(text: str) -> str:
    """Return a text in the language of this run."""
    return _catalogue(spoken()).gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """Return the form that goes with `number`, in the language of this run."""
    return _catalogue(spoken()).ngettext(one, many, number)
