"""The skeleton of a page: which elements with which attributes it has, whatever texts stand in it.

A text that breaks out of its place makes an element or an attribute; so two pages that differ in their texts alone have
one skeleton.
"""

import re
from html.parser import HTMLParser

#: Where an address in a page may lead: into the house, and to what a device reaches somebody by.
_OURS = re.compile(r"(/(?!/)|#|mailto:|tel:|\?|$)")
_ADDRESSES = {"href", "src", "action", "formaction", "hx-get", "data", "srcset", "poster"}
#: Pages lie about nothing but these elements' own addresses: where the licence and the source of the program are.
_EMPTY = {"br", "hr", "img", "input", "link", "meta", "wbr", "use"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.skeleton: list[tuple[str, ...]] = []
        self.open: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self.texts: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skeleton.append((tag, *sorted(name for name, _ in attrs)))
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        if tag == "script":
            self.scripts.append(dict(attrs))
        self.texts += [value for _, value in attrs if value]
        self.addresses += [value or "" for name, value in attrs if name in _ADDRESSES]

    def handle_endtag(self, tag: str) -> None:
        self.skeleton.append(("/", tag))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.skeleton.append(("comment",))

    def handle_decl(self, decl: str) -> None:
        self.skeleton.append(("declaration", decl))


def skeleton(page: str) -> list[tuple[str, ...]]:
    """Return the skeleton of a page of ours, which runs no script but our files and leads nowhere but into the house."""
    reader = _read(page)
    for script in reader.scripts:
        assert (script.get("src") or "").startswith("/static/digione/"), script
    for element in reader.skeleton:
        assert not any(name.startswith("on") or name in ("style", "srcdoc") for name in element[1:]), element
    for address in reader.addresses:
        assert _OURS.match(address), address
    return reader.skeleton


def texts(page: str) -> str:
    """Return what a reader of the page is told: its texts and the values of its attributes, references resolved."""
    return "\n".join(_read(page).texts)


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader
