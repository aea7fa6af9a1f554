"""Writes of the room: who is on the platform."""

from django.utils.translation import gettext as _

from digione.access.permissions import Event, Permission
from digione.core.errors import Fault, InvalidInputError
from digione.core.outbox import announce
from digione.core.use_case import Row, UseCase, use_case
from digione.organisations.facts import join_platform, provider_in_register


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
