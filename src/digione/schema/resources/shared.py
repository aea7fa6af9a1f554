"""Fields that many resources have, declared once and alike."""

from typing import Any

from digione.schema.declare import Master, field


def own_id() -> Any:
    """Declare the platform's own id of a row."""
    return field("The platform's own id: a UUIDv7, made by the application, never reused.", term="id", made=True)


def known_since(*, history: bool = True) -> Any:
    """Declare the moment since which a row stands like this; with `history`, what it was before is kept."""
    kept = " What it was before is kept in its history." if history else ""
    return field(f"Since when the row has stood like this.{kept}", term="known since", made=True)


def of_provider(description: str = "The education provider whose data this is: its controller.") -> Any:
    """Declare the provider that a row belongs to."""
    return field(description, term="education provider", master=Master.PLATFORM)


def of_person(description: str, *, term: str = "person") -> Any:
    """Declare a link to a person."""
    return field(description, term=term)


def valid_from(description: str = "The first day on which it holds.", *, guidance: str | None = None) -> Any:
    """Declare the beginning of a period."""
    return field(description, term="validity", unit="calendar day in Finland", guidance=guidance)


def valid_to(
    description: str = "The last day on which it holds; absent while no end is known.", *, guidance: str | None = None
) -> Any:
    """Declare the end of a period."""
    return field(description, term="validity", unit="calendar day in Finland", guidance=guidance)


def row_hash() -> Any:
    """Declare the digest of what the source last said."""
    return field("Digest of what the source last said; an unchanged row is left alone.", term="row hash", internal=True)
