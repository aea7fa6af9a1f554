"""The first day of the demonstration: what staff and an app read of it, through the use cases that pages and APIs ask."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from digione.integrations.demo.load import Loaded


def first_day(loaded: "Loaded") -> None:
    """Let staff look at learners, and the app read a family, so that "who has looked" shows something true."""
    from digione.integrations.demo import cast
    from digione.integrations.demo.first_day import look_around

    look_around()
    if loaded.app is None:
        return
    from digione.access.roles import Role
    from digione.core.use_case import Actor
    from digione.integrations.demo.load import APP_SCOPES
    from digione.rest.oneroster.operations import OPERATIONS
    from digione.rest.oneroster.query import Query, parse_filter
    from digione.rest.oneroster.roster import Ask, read_roster
    from digione.rest.oneroster.token import Grant

    actor = Actor(
        str(Role.APP),
        app_id=loaded.app.app_id,
        supplier_id=loaded.app.supplier_id,
        scopes=frozenset(APP_SCOPES),
        providers=loaded.takers,
    )
    (users,) = [operation for operation in OPERATIONS if operation.name == "getAllUsers"]
    query = Query(condition=parse_filter(f"familyName='{cast.APPS_LOOKS}'"))
    for provider in loaded.takers:
        grant = Grant(provider, actor.scopes, disclosed=False)
        read_roster(actor.at(provider), ask=Ask(users, grant, "", query, bodies=query.limit))
