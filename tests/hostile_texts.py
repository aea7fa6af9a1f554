"""Texts that mean harm, in one table: what somebody writes into a field, a file, a command or a request to see it break.

Each is one kind of harm, so that what fails says which. They are used by every test that puts texts somewhere; whoever
thinks of another kind adds it here, and all of them try it.
"""

#: What may be stored, and then comes out again exactly as it went in.
STORABLE: dict[str, str] = {
    "markup": "<script>alert(1)</script>",
    "attribute": "\"'><svg/onload=alert(3)> x=\"y\" onfocus='alert(4)' autofocus",
    "sql quote": "'; DROP TABLE people_person; --",
    "sql always": "\" OR '1'='1' /* */",
    "sql wildcards": "%_\\%' ESCAPE '\\",
    "format": "%s %(n)s {0.__class__} ${HOME} $1",
    "closing markup": "</title></textarea></script><img src=x onerror=alert(2)>",
    "entity": "&lt;b&gt; &amp; &#x27; &quot;",
    "address": "javascript:alert(5)//https://elsewhere.invalid/?a=b&c=d#e",
    "template": "{{ 7*7 }}{% load static %}{# no #}",
    "formula": "=cmd|'/C calc'!A0",
    "other formula": "@SUM(1+1)*cmd|' /C calc'!A0",
    "lines": "one\r\nX-Injected: yes\r\n\r\ntwo",
    "escape": "\x1b]0;owned\x07\x1b[2J\x08",
    "right to left": "safe\u202egnp.exe\u2066\u200b",
    "separators": "a\u2028b\u2029c\x85d",
    "wide": "🧒🏽𐐷 𝒜",
    "no digit": "²",
    "json": '"}],"role":"platform","x":[{"',
    "array": '{a,"b",NULL}',
    "path": "../../../../etc/passwd",
}
#: Longer than any id or name may be, by characters and by bytes.
OVERLONG: dict[str, str] = {
    "long": "Ä" * 4_000,
}
#: What no text may have: the database takes neither.
UNSTORABLE: dict[str, str] = {
    "markup": "<script>alert(1)</script>",
    "attribute": "\"'><svg/onload=alert(3)> x=\"y\" onfocus='alert(4)' autofocus",
    "null character": "a\x00b",
    "half a character": "a\ud83db",
}
#: All kinds of harm in one text, for places where each would cost a test of its own. Markup comes first, since problems
#: quote how a value begins.
EVERYTHING = " ".join(STORABLE.values())


def harmless(text: str) -> str:
    """Return a text of the same shape that means nothing: each character that a language gives a meaning is a letter."""
    return "".join(
        character if character.isalnum() or character in " .@/:\u00b2" or ord(character) > 0xFFFF else "x"
        for character in text
    )
