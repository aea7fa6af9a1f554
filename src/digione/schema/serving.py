"""Where a resource is served to apps. The rooms above know; whoever sees them all tells it to the pages of the data model."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Served:
    """An address of the API that serves a resource: its scope, and the fields that only another scope opens or none does.

    `written` are the fields that an app may write by `write_scope`.
    """

    address: str
    scope: str
    narrow_scope: str | None = None
    narrow: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    write_scope: str | None = None
    written: frozenset[str] = frozenset()

    def scope_of(self, name: str) -> str | None:
        """Return the scope that opens a field here; None where no app gets it."""
        if name in self.withheld:
            return None
        return self.narrow_scope if name in self.narrow else self.scope


@dataclass(slots=True)
class Serving:
    """What the house serves, by resource: addresses of the API, and the names that OneRoster has for the resource."""

    addresses: dict[str, tuple[Served, ...]] = field(default_factory=dict)
    oneroster: dict[str, tuple[str, ...]] = field(default_factory=dict)


#: Filled once, by `config`, before the first page is asked for.
SERVING = Serving()
