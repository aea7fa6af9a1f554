"""Every text is there in Finnish and Swedish, whole, certain, and with the same gaps; English is what the code says."""

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

import polib
import pytest
from babel.messages.catalog import Catalog

from digione.access.rules import RULES
from digione.web import messages

_GAP = re.compile(r"%\(\w+\)[sd]")
STATIC = messages.PACKAGE / "web" / "static" / "digione"


@pytest.fixture(scope="module")
def said() -> Catalog:
    return messages.collect()


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_text_is_translated_and_none_is_left_over(language: str, said: Catalog) -> None:
    catalogue = polib.pofile(str(messages.catalogue_path(language)))
    wanted = set()
    for message in said:
        if message.id:
            singular = message.id[0] if isinstance(message.id, tuple) else message.id
            wanted.add((message.context, singular))
    there = {(entry.msgctxt, entry.msgid) for entry in catalogue}
    assert wanted - there == set(), "Run: python -m digione.web.messages, then translate what is new."
    assert there - wanted == set(), "Run: python -m digione.web.messages; nobody says these any more."
    assert len(wanted) > 200


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_translation_is_empty_fuzzy_or_asks_for_what_is_not_given(language: str) -> None:
    catalogue = polib.pofile(str(messages.catalogue_path(language)))
    assert not catalogue.metadata_is_fuzzy, "A fuzzy catalogue is never compiled."
    for entry in catalogue:
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        assert all(text.strip() for text in texts), f"{language}: {entry.msgid!r} has no translation"
        assert not entry.fuzzy, f"{language}: {entry.msgid!r} is uncertain"
        if entry.msgid_plural:
            assert len(texts) == 2, entry.msgid
        given = set(_GAP.findall(entry.msgid)) | set(_GAP.findall(entry.msgid_plural or ""))
        for text in texts:
            assert set(_GAP.findall(text)) <= given, f"{language}: {text!r}"


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_what_runs_is_what_is_written(language: str) -> None:
    """The compiled catalogue is as new as the written one; `make setup` compiles it."""
    written = polib.pofile(str(messages.catalogue_path(language)))
    compiled = polib.mofile(str(messages.catalogue_path(language).with_suffix(".mo")))
    texts = {(entry.msgctxt, entry.msgid): (entry.msgstr, entry.msgstr_plural) for entry in compiled}
    stale = [e.msgid for e in written if texts.get((e.msgctxt, e.msgid)) != (e.msgstr, e.msgstr_plural)]
    assert stale == [], "Run: pybabel compile -d src/digione/locale -D django"


def test_the_check_of_make_finds_nothing_here() -> None:
    assert messages.check() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda entry: setattr(entry, "msgstr", ""), "not translated: 'My details'"),
        (lambda entry: entry.flags.append("fuzzy"), "uncertain (fuzzy): 'My details'"),
        (lambda entry: setattr(entry, "msgid", "Mine"), "not there yet: 'My details'"),
        (lambda entry: setattr(entry, "msgid", "Mine"), "nobody says any more: 'Mine'"),
        (lambda entry: setattr(entry, "msgstr", "Omat %(n)s"), "asks for what is not given: 'My details'"),
        (lambda entry: setattr(entry, "msgstr", "Toiset tiedot"), "compiled otherwise than written; run `make setup`"),
    ],
)
def test_the_check_of_make_finds_what_is_wrong(change: Any, told: str, said: Catalog, tmp_path: Path) -> None:
    source = messages.catalogue_path("fi")
    shutil.copy(source.with_suffix(".mo"), tmp_path / "django.mo")
    catalogue = polib.pofile(str(source))
    change(catalogue.find("My details"))
    catalogue.save(str(tmp_path / "django.po"))
    assert told in list(messages.faults(tmp_path / "django.po", said))
    assert list(messages.faults(source, said)) == []


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_text_shouts_or_regrets(language: str) -> None:
    for entry in polib.pofile(str(messages.catalogue_path(language))):
        for text in [entry.msgid, entry.msgstr, *entry.msgstr_plural.values()]:
            assert "!" not in text, text
            assert "valitettavasti" not in text.lower(), text


def test_rules_explain_themselves_in_every_language() -> None:
    for rule in RULES:
        assert all(rule.sentence.get(language) for language in ("fi", "sv", "en")), rule.code


def test_templates_hold_no_text_of_their_own_and_nothing_inline() -> None:
    """Text stands in translate tags, but for the page of last resort, which may ask nothing. CSP forbids inline."""
    for path in sorted((messages.PACKAGE / "web" / "templates").rglob("*.html")):
        source = path.read_text()
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)", source), path.name
        if path.name == "500.html":
            continue
        bare = re.sub(
            r"\{%\s*blocktranslate.*?endblocktranslate\s*%\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", source, flags=re.S
        )
        left = set(re.findall(r"[A-Za-zÅÄÖåäö]{3,}", bare)) - {"DigiOne", "doctype", "html"}
        assert left == set(), f"{path.name}: {left}"


def test_what_is_vendored_is_what_we_checked() -> None:
    lines = (STATIC / "vendor" / "CHECKSUMS").read_text().split("\n")
    named = dict(reversed(line.split(maxsplit=1)) for line in lines if line)
    vendored = {path.name for path in (STATIC / "vendor").iterdir() if path.suffix in {".js", ".woff2"}}
    assert set(named) == vendored
    for name, digest in named.items():
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == digest, name


def test_the_two_dark_blocks_are_alike() -> None:
    tokens = (STATIC / "tokens.css").read_text()
    wished, chosen = tokens.split("/* ... and once for a person's own choice.")
    declaration = re.compile(r"--[\w-]+:\s*[^;]+;")
    dark = declaration.findall(wished.split("@media (prefers-color-scheme: dark)")[1])
    own = declaration.findall(chosen.split("@media (prefers-reduced-motion")[0])
    assert dark == own
    assert len(dark) > 25


def test_only_tokens_name_a_colour() -> None:
    desk = (STATIC / "desk.css").read_text()
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*[;}])", desk) == []
    assert Path(STATIC / "sprite.svg").stat().st_size < 8_000
