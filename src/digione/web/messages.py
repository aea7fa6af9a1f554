"""Collects every text of templates and code that is to be translated, and brings the catalogues up to date.

`python -m digione.web.messages` adds new texts to `locale/*/LC_MESSAGES/django.po`, keeps what is translated, and
drops what nobody says any more. No GNU gettext is needed: Django turns a template into code, Babel reads the code.
"""

import io
from pathlib import Path

import django
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parent.parent
LANGUAGES = ("fi", "sv")
_KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def collect() -> Catalog:
    """Return every text that the house says, with the places where it says it."""
    found = Catalog(domain="django")
    sources = sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html")])
    for path in sources:
        text = path.read_text()
        if path.suffix == ".html":
            text = templatize(text, origin=str(path))
        lines = extract("python", io.BytesIO(text.encode()), keywords=_KEYWORDS)
        for _line, message, _comments, context in lines:
            found.add(message, locations=[(str(path.relative_to(PACKAGE)), None)], context=context)  # type: ignore[list-item]
    return found


def catalogue_path(language: str) -> Path:
    """Return where the catalogue of a language lies."""
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"


def update() -> None:
    """Write both catalogues anew from what is said today."""
    said = collect()
    for language in LANGUAGES:
        path = catalogue_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = Catalog(locale=language, domain="django")
        if path.exists():
            with path.open("rb") as file:
                catalogue = read_po(file, locale=language, domain="django")
        catalogue.update(said, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        # A catalogue whose head is marked as fuzzy is skipped, silently, when it is compiled.
        catalogue.fuzzy = False
        catalogue.project, catalogue.version = "DigiOne", "1"
        catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = "DigiOne"
        catalogue.header_comment = (
            f"# DigiOne's texts, {language}. Brought up to date by: python -m digione.web.messages"
        )
        with path.open("wb") as file:
            write_po(
                file,
                catalogue,
                width=120,
                omit_header=False,
                sort_output=True,
                ignore_obsolete=True,
                include_lineno=False,
            )


if __name__ == "__main__":
    settings.configure()
    django.setup()
    update()
