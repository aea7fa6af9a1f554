"""The operations of 1.1: those of 1.2, whose questions may use the words of 1.1.

A filter and an order compare what the answer shows, so the roles and types of 1.1 have fields of their own; they are made
of the same rows as those of 1.2.
"""

from dataclasses import replace

from digione.rest.oneroster import people
from digione.rest.oneroster.fields import Absent, Among, Id, Text
from digione.rest.oneroster.operations import OPERATIONS as OPERATIONS_1_2
from digione.rest.oneroster.operations import Operation
from digione.rest.oneroster.query import Field
from digione.rest.oneroster.resource import Resource
from digione.rest.oneroster.v1p1.shapes import OTHER_CLASS_TYPE, OTHER_ROLE, PROPERTIES, ROLES

_ROLE = "CASE {{0}} {} ELSE '{}' END".format(
    " ".join(f"WHEN '{theirs}' THEN '{ours}'" for theirs, ours in ROLES.items()), OTHER_ROLE
)
_SHOWN = f"{people.SHOWN_ROLES} AND {_ROLE.format('r.role')} = {_ROLE.format('r.leading')}"
#: The fields of 1.1 that 1.2 does not have, or has by other words.
_FIELDS: dict[str, dict[str, Field]] = {
    "users": {
        "username": Text("k.sourced_id::text"),
        "role": Text(f"(SELECT {_ROLE.format('r.role')} {people.SHOWN_ROLES} AND r.place = 1)"),
        "orgs.sourcedId": Among(_SHOWN, Id("r.org")),
        "password": Absent(),
    },
    "classes": {
        "classType": Text(f"CASE g.kind WHEN 'home_group' THEN 'homeroom' ELSE '{OTHER_CLASS_TYPE}' END"),
    },
    "enrollments": {"role": Text("e.role")},
}


def _resource(resource: Resource) -> Resource:
    kept = {
        name: field for name, field in resource.fields.items() if name.partition(".")[0] in PROPERTIES[resource.single]
    }
    fields = {**kept, **_FIELDS.get(resource.collection, {})}
    if fields.keys() == resource.fields.keys() and resource.collection not in _FIELDS:
        return resource
    # A question about a role tells where somebody works or studies, by whatever word it is asked.
    guarded = {**resource.guarded}
    if "roles" in guarded:
        guarded |= {"role": guarded["roles"], "orgs": guarded["roles"]}
    return replace(resource, fields=fields, guarded=guarded)


_MADE = {id(operation.resource): _resource(operation.resource) for operation in OPERATIONS_1_2}
OPERATIONS: tuple[Operation, ...] = tuple(
    replace(operation, resource=_MADE[id(operation.resource)], version="1.1") for operation in OPERATIONS_1_2
)
