"""Compile the translations with Babel, so that no GNU gettext is needed on the machine. Only what has changed."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

SOURCE = Path(__file__).resolve().parent.parent / "src" / "digione"

for po in SOURCE.rglob("LC_MESSAGES/*.po"):
    mo = po.with_suffix(".mo")
    if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
        continue
    with po.open("rb") as stream:
        catalog = read_po(stream)
    with mo.open("wb") as stream:
        write_mo(stream, catalog)
