"""Collects every text of templates and code that is to be translated, and brings the catalogues up to date.

`python -m digione.web.messages` adds new texts to `locale/*/LC_MESSAGES/django.po`, keeps what is translated, and
drops what nobody says any more. With `--check` it writes nothing, tells what is missing, uncertain or stale, and ends
with 1. No GNU gettext is needed: Django turns a template into code, Babel reads the code.
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

from digione.schema.documents import texts

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
    # What the declarations say of fields is said once, in English, and shown in the reader's language.
    for text in texts():
        found.add(text, locations=[("schema/resources", None)])  # type: ignore[list-item]
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


_GAP = re.compile(r"%\(\w+\)[sd]")


def _texts(given: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or [""])


def _key(message: Message) -> tuple[str | None, str]:
    # Of a compiled catalogue Babel hands the context over as bytes.
    context: str | bytes | None = message.context
    return context.decode() if isinstance(context, bytes) else context, _texts(message.id)[0]


def faults(path: Path, said: Catalog) -> Iterator[str]:
    """Tell what is wrong with a catalogue: texts that are missing, uncertain, left over, or not compiled as written.

    `said` is what the house says, as `collect` returns it.
    """
    with path.open("rb") as file:
        written = read_po(file, domain="django")
    there = {_key(message): message for message in written if message.id}
    wanted = {_key(message) for message in said if message.id}
    if written.fuzzy:
        yield "the head is marked as fuzzy, so that nothing would be compiled"
    for key in sorted(wanted - set(there), key=str):
        yield f"not there yet: {key[1]!r}"
    for key in sorted(set(there) - wanted, key=str):
        yield f"nobody says any more: {key[1]!r}"
    for key in sorted(wanted & set(there), key=str):
        message = there[key]
        given = {gap for text in _texts(message.id) for gap in _GAP.findall(text)}
        if not all(text and text.strip() for text in _texts(message.string)):
            yield f"not translated: {key[1]!r}"
        elif message.fuzzy:
            yield f"uncertain (fuzzy): {key[1]!r}"
        elif any(set(_GAP.findall(text)) - given for text in _texts(message.string)):
            yield f"asks for what is not given: {key[1]!r}"
    compiled = path.with_suffix(".mo")
    if not compiled.is_file():
        yield "not compiled; run `make setup`"
        return
    with compiled.open("rb") as file:
        runs = {_key(message): _texts(message.string) for message in read_mo(file) if message.id}
    if any(runs.get(key) != _texts(message.string) for key, message in there.items() if any(_texts(message.string))):
        yield "compiled otherwise than written; run `make setup`"


def check() -> list[str]:
    """Return the faults of every catalogue, each with its language."""
    said = collect()
    return [f"{language}: {fault}" for language in LANGUAGES for fault in faults(catalogue_path(language), said)]


def main(arguments: list[str]) -> int:
    """Bring the catalogues up to date, or check them; return with what the process ends."""
    settings.configure()
    django.setup()
    if arguments != ["--check"]:
        update()
        return 0
    found = check()
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    if found:
        sys.stderr.write("Run `python -m digione.web.messages`, translate what is new, then `make setup`.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
