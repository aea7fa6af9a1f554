"""Text for people in several languages, and the keys that make Finnish and Swedish names sort and be found.

PostgreSQL may run without ICU, so names carry a stored sort key, compared byte by byte (C collation).
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

#: Line breaks and other control characters, with which a name could pose as more lines or move a cursor, and halves of
#: characters, which nothing can store.
_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

#: A text by language code, at least one language present.
LocalizedText = dict[str, str]

# In Finnish and Swedish å, ä and ö stand after z, in this order; æ and ø are sorted with ä and ö, w with v in neither
# language any more (Kotus 2006, Svenska Akademiens ordlista 2006).
_LAST_LETTERS = {
    "å": "{a",
    "ä": "{b",
    "æ": "{b",
    "ö": "{c",
    "ø": "{c",
    "ü": "y",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ß": "ss",
    "ŋ": "n",
    "ŧ": "t",
    "ł": "l",
}
_FOLDED = {
    "å": "a",
    "ä": "a",
    "æ": "ae",
    "ö": "o",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ß": "ss",
    "ŋ": "n",
    "ŧ": "t",
    "ł": "l",
}


def is_one_line(text: str) -> bool:
    """Say whether a text can be a name: one line, without control characters or halves of characters."""
    return _NO_NAME.search(text) is None


def in_language(text: Mapping[str, str] | None, languages: Sequence[str]) -> str:
    """Return `text` in the first of `languages` that it has, else in any language, else an empty string."""
    if not text:
        return ""
    for language in languages:
        if text.get(language):
            return text[language]
    return next((value for value in text.values() if value), "")


def sort_key(*parts: str) -> str:
    """Return the key by which names sort as in a Finnish or Swedish register; compare it byte by byte."""
    return "\x1f".join(_keyed(part, _LAST_LETTERS) for part in parts)


def search_key(*parts: str) -> str:
    """Return the words of `parts` folded to plain letters: "Mäkinen" becomes "makinen"."""
    return " ".join(word for part in parts for word in _keyed(part, _FOLDED).split())


def _keyed(text: str, letters: Mapping[str, str]) -> str:
    kept = []
    for character in unicodedata.normalize("NFC", text).casefold():
        if character in letters:
            kept.append(letters[character])
            continue
        for piece in unicodedata.normalize("NFD", character):
            if unicodedata.combining(piece):
                continue
            if piece.isalnum():
                kept.append(letters.get(piece, piece))
            else:
                kept.append(" ")
    return " ".join("".join(kept).split())
