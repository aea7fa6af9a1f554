"""Reads of the room: which apps there are and who has taken them, and which accounts."""

from digione.access.permissions import Event, Permission
from digione.core.use_case import Row, UseCase, use_case


@use_case(Permission.APP_MANAGE, Event.APP_READ)
def apps(uc: UseCase) -> list[Row]:
    """Return every app by name, and the takings in force today that the actor may see.

    Each with `id`, `name`, `supplier`, `client_id` and `takings`: `oid` and `provider` (name) of who has taken it,
    `scopes`, `valid_from`, `non_disclosure_included`. Who acts for one provider sees the takings of that one.
    """
    everywhere = uc.check().everywhere
    takings = uc.rows(
        "SELECT t.app_id, o.oid, o.name ->> 'fi' AS provider, t.scopes, t.valid_from, t.non_disclosure_included"
        " FROM access_taking t JOIN access_provider o ON o.id = t.provider_id"
        " WHERE (%(all)s OR t.provider_id = %(provider)s) AND t.valid_from <= %(day)s"
        " AND (t.valid_to IS NULL OR t.valid_to >= %(day)s) ORDER BY o.sort_key, o.oid",
        {"all": everywhere, "provider": uc.actor.provider_id, "day": uc.today},
    )
    found = uc.rows(
        "SELECT a.id, a.name, s.name AS supplier, c.client_id FROM access_app a"
        " JOIN access_supplier s ON s.id = a.supplier_id"
        " JOIN oauth2_provider_application c ON c.id = a.application_id ORDER BY lower(a.name), a.id"
    )
    uc.saw_in_bulk(count=len(found))
    return [
        {
            **app,
            "takings": [
                {name: value for name, value in taking.items() if name != "app_id"}
                for taking in takings
                if taking["app_id"] == app["id"]
            ],
        }
        for app in found
    ]


@use_case(Permission.ACCOUNT_MANAGE, Event.ACCOUNT_READ)
def accounts(uc: UseCase) -> list[Row]:
    """Return every account by user name: its language, whether it is open, and when it was last signed in with (UTC)."""
    uc.check()
    found = uc.rows(
        "SELECT username, language, is_active, is_platform_admin, last_login FROM access_account ORDER BY username"
    )
    uc.saw_in_bulk(count=len(found))
    return found
