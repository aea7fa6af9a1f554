"""Writes of the room: who is on the platform, and in whom a provider's life goes on."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from digione.access.permissions import Event, Permission
from digione.core.errors import Fault, InvalidInputError
from digione.core.ids import new_id
from digione.core.outbox import announce
from digione.core.use_case import Row, UseCase, use_case
from digione.organisations.facts import join_platform, leads_to, provider_in_register, succession_of


@use_case(Permission.PROVIDER_MANAGE, Event.PROVIDER_ADDED)
def add_provider(uc: UseCase, *, oid: str) -> Row:
    """Take a provider of the register onto the platform from today; `added` is False where it was there already.

    Raises `InvalidInputError` where the register has no such organisation, where it is no provider, or has ended.
    """
    uc.check()
    row = provider_in_register(uc, oid)
    if row["valid_to"] and row["valid_to"] < uc.today:
        text = _("The register says that %(oid)s ended on %(day)s. Give the OID of its successor.")
        raise InvalidInputError([Fault("oid", "ended", text % {"oid": oid, "day": row["valid_to"]})])
    added = join_platform(uc, row["id"])
    if added:
        announce(uc, "organisations.provider_added", provider_id=row["id"], subject=row["id"])
        row["joined_on"] = uc.today
    uc.saw_in_bulk(provider=oid, added=added)
    return {**row, "added": added}


@use_case(Permission.PROVIDER_MANAGE, Event.PROVIDER_SUCCEEDED)
def record_succession(
    uc: UseCase, *, oid: str, successors: Sequence[str], on: date, decision: str, kind: str | None = None
) -> Row:
    """Record that from the day `on` the life of a provider goes on in others: OIDs of providers of the register.

    `kind`: `merge` (into one that is there, or with others into a new one), `split` (several go on), `change` (another
    provider carries the same on). Without one, several successors are a split, and one is a merger. `decision` tells
    where the decision is found. No row of any provider is touched: what was the predecessor's stays its own.

    Returns the provider with its predecessors and successors; `added` is False where all of it stood there already.
    Raises `InvalidInputError` with every fault: a successor that is unknown, no provider, named twice, itself, or
    recorded otherwise already; a circle; a kind that does not go with the number of successors; no decision.
    """
    uc.check()
    uc.execute("SELECT pg_advisory_xact_lock(hashtextextended('organisations.succession', 0))")
    faults: list[Fault] = []
    row, heirs = _in_register(uc, oid, "oid", faults), [_in_register(uc, one, "to", faults) for one in successors]
    kind = kind or ("split" if len(successors) > 1 else "merge")
    if not successors or (len(successors) > 1) is not (kind == "split"):
        text = _("A split has at least two successors; a merger and a change of provider have one.")
        faults.append(Fault("kind", "wrong_number", text))
    if len(set(successors)) < len(successors):
        faults.append(Fault("to", "named_twice", _("Name each successor once.")))
    if not decision.strip():
        text = _("Tell where the decision is found: who decided, when, under which number.")
        faults.append(Fault("decision", "missing", text))
    known = {one["oid"]: one for one in succession_of(uc, row["id"])["successors"]} if row else {}
    wanted = {"kind": kind, "on_date": on, "decision": decision.strip()}
    fresh: list[UUID] = []
    for heir in heirs:
        if row is None or heir is None:
            continue
        if heir["id"] == row["id"]:
            faults.append(Fault("to", "itself", _("A provider does not succeed itself.")))
        elif heir["oid"] in known:
            if any(known[heir["oid"]][name] != value for name, value in wanted.items()):
                text = _("It is recorded already that %(oid)s succeeds %(old)s, on another day or by another decision.")
                faults.append(Fault("to", "recorded_otherwise", text % {"oid": heir["oid"], "old": oid}))
        elif leads_to(uc, heir["id"], row["id"]):
            text = _("%(oid)s goes on in %(old)s already, so it cannot succeed it.")
            faults.append(Fault("to", "circle", text % {"oid": heir["oid"], "old": oid}))
        else:
            fresh.append(heir["id"])
    if faults or row is None:
        raise InvalidInputError(faults)
    for heir_id in fresh:
        uc.execute(
            "INSERT INTO organisations_succession (id, predecessor_id, successor_id, kind, on_date, decision)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [new_id(), row["id"], heir_id, *wanted.values()],
        )
        announce(uc, "organisations.provider_succeeded", provider_id=row["id"], subject=heir_id, succession=kind, on=on)
    uc.saw_in_bulk(provider=oid, successors=list(successors), kind=kind, on=on, added=bool(fresh))
    return {**row, **succession_of(uc, row["id"]), "added": bool(fresh)}


def _in_register(uc: UseCase, oid: str, pointer: str, faults: list[Fault]) -> Row | None:
    """Return a provider of the register, or add what is wrong with `oid` to `faults`."""
    try:
        return provider_in_register(uc, oid)
    except InvalidInputError as fault:
        faults += [Fault(pointer, one.code, one.message) for one in fault.faults]
        return None
