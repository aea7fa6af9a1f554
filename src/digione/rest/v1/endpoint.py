"""What an endpoint is: a list of one resource's rows and its single objects, as data; and SQL that endpoints share.

Every statement names its provider: row-level security is the net, not the query. Parameters that all of them share:
`provider`, `supplier`, `today`, `disclosed` (whether the agreement includes people with non-disclosure).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from digione.rest.oneroster.resource import LIVE
from digione.schema.declare import Field, Resource

#: Stands in what PostgreSQL makes where a sealed id goes. No JSON holds it.
MARK = b"\x01"


@dataclass(frozen=True, slots=True)
class Writing:
    """How apps write the rows of an endpoint: by a scope of its own, beside that for reading.

    `changes`: the fields that can be changed. `adds_to`: the path of the endpoint under whose rows new ones are added,
    and `owner` the field that names such a row. `given`: fields that a new row is given and that then stay; `part_of`:
    that of them which names the row of its own kind behind whose parts it comes.
    """

    scope: str
    changes: frozenset[str]
    adds_to: str
    owner: str
    given: frozenset[str] = frozenset()
    part_of: str | None = None


class Reads(StrEnum):
    """The sorts of data, each with a permission of its own."""

    ROSTER = "roster"
    DEMOGRAPHICS = "demographics"
    STUDIES = "studies"
    #: What is secret by law: decisions on support, assessments in words.
    SECRETS = "secrets"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A list and its single objects.

    `rows` is a FROM clause with its WHERE, `key` the id in it by which rows are found, ordered and logged, `alias` the
    table of the resource. `columns` says where a field comes from that is no plain column of `alias`. `withheld`:
    declared fields that no app gets, each with the reason. `told`: what a field means to an app, where it is not what
    is declared. `narrow`: fields that only `narrow_scope` opens. `person`: SQL of the person whose data a row is, for
    the log. `filters`: by which ids a list can be narrowed, as field → condition, in which `{value}` is the id. `sealed`:
    whether the app knows a row by an id that is made of `key` for its supplier alone (decision 12); `references`: fields
    that name such rows, as field → our id of the row. `reads`: of which sort its data is, `narrow_reads` what only
    `narrow_scope` opens: each sort is read by a use case of its own. `past`: SQL of the first day of what is over, for the log.
    `writing`: how apps write its rows; None where they only read. `current`: SQL of which rows are listed when no day is
    asked for; None for all. `during`: SQL of those that hold on the day `valid_on`; None where rows have no period.
    """

    path: str
    single: str
    resource: Resource
    summary: str
    scope: str
    rows: str
    key: str
    alias: str
    columns: Mapping[str, str] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    narrow: frozenset[str] = frozenset()
    narrow_scope: str | None = None
    person: str | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    sealed: bool = False
    references: Mapping[str, str] = field(default_factory=dict)
    reads: Reads = Reads.ROSTER
    narrow_reads: Reads = Reads.DEMOGRAPHICS
    past: str | None = None
    writing: Writing | None = None
    current: str | None = None
    during: str | None = None

    def source(self, *, on_a_day: bool, at_a_moment: bool) -> str:
        """Return FROM and WHERE of the rows: those that are current, or hold on a day; as they stand, or stood at a moment."""
        condition = self.during if on_a_day else self.current
        rows = f"{self.rows}{f' AND {condition}' if condition else ''}"
        return self._then(rows) if at_a_moment else rows

    def _then(self, sql: str) -> str:
        """Return SQL of rows as SQL of what was known of them at a moment: of what stands since then, or stood then."""
        table, columns = self.resource.table, ", ".join(each.name for each in self.resource.fields)
        then = (
            f"(SELECT {columns} FROM {table} WHERE sys_from <= %(known_at)s UNION ALL SELECT {columns}"
            f" FROM {table}_history WHERE sys_from <= %(known_at)s AND sys_to > %(known_at)s)"
        )
        # By whatever alias: a state holds until the next one that was known then.
        made = re.sub(rf"FROM {table} (\w+) ", lambda found: f"FROM {then} {found[1]} ", sql).replace(
            HIDDEN, _HIDDEN_THEN
        )
        # A person's row is nobody's own: what another provider knew before this one had the person is not told here.
        return f"{made} AND {_KNOWN_HERE}" if table == "people_person" else made

    @property
    def served(self) -> tuple[Field, ...]:
        """The fields that an app may get, in the order of their declaration, as they are told to it."""
        return tuple(
            replace(each, description=self.told.get(each.name, each.description))
            for each in self.resource.public_fields()
            if each.name not in self.withheld
        )

    @property
    def names(self) -> frozenset[str]:
        """Their names: what `fields` accepts."""
        return frozenset(each.name for each in self.served)

    def marked_sql(self, shown: frozenset[str], *, at_a_moment: bool = False) -> tuple[str, str]:
        """Return expressions of one row's JSON in which a mark (`MARK`) stands for each id that is sealed, and of our own
        ids in the order of their marks: sixteen bytes each, one behind the other. Nothing is sealed of an endpoint that
        is not.
        """
        if not self.sealed:
            return f"{self.json_sql(shown, at_a_moment=at_a_moment)}::text", "''::bytea"
        ids = [("id", self.key), *((name, own) for name, own in self.references.items() if name in shown)]
        # The ids that are sealed stand first, so that no text of anybody's can be taken for one.
        named = " || ',' || ".join(
            f"""'"{name}":' || CASE WHEN {own} IS NULL THEN 'null' ELSE '"' || E'\\x01' || '"' END"""
            for name, own in ids
        )
        sent = " || ".join(f"coalesce(uuid_send({own}), '')" for _, own in ids)
        others = shown - {name for name, _ in ids}
        if not others:
            return f"'{{' || {named} || '}}'", sent
        return f"'{{' || {named} || ',' || substr({self.json_sql(others, at_a_moment=at_a_moment)}::text, 2)", sent

    def json_sql(self, shown: frozenset[str], *, at_a_moment: bool = False) -> str:
        """Return the expression of one row's JSON with the fields `shown`; what is absent is null.

        Made of a row, since that takes two thirds of the time of an object made of names and values.
        """
        columns = (
            f"{self.columns.get(each.name, f'{self.alias}.{each.name}')} AS {each.name}"
            for each in self.served
            if each.name in shown
        )
        made = f"(SELECT row_to_json(o) FROM (SELECT {', '.join(columns)}) o)"
        return made.replace(HIDDEN, _HIDDEN_THEN) if at_a_moment else made


def by(alias: str, *names: str) -> dict[str, str]:
    """Return filters by plain columns of `alias`."""
    return {name: f"{alias}.{name} = {{value}}" for name in names}


#: Of somebody who has gone, an app learns nothing new: what changes later is another provider's.
STILL_HERE = (
    "EXISTS (SELECT 1 FROM people_providerperson l WHERE l.provider_id = %(provider)s"
    f" AND l.person_id = k.person_id AND {LIVE.format('l')})"
)
#: A list is walked in its order, and each of its rows is looked up by itself: OFFSET 0 keeps PostgreSQL, which takes a
#: provider for a few rows, from gathering all people of the provider first.
EACH = "OFFSET 0"


#: Whether a person is under a non-disclosure order today, in a query of what is known today.
HIDDEN = "(k.hidden)"
#: The same of what was known at a moment: an order of that day hides where the person was then, also when it has ended.
_HIDDEN_THEN = (
    "(k.hidden OR EXISTS (SELECT 1 FROM people_person_history h WHERE h.id = k.person_id AND h.non_disclosure"
    " AND h.sys_from <= %(known_at)s AND h.sys_to > %(known_at)s))"
)
#: Since when a provider has known a person, in the table and in its history.
SINCE_HERE = (
    "(SELECT min(w.sys_from) FROM (SELECT l.sys_from FROM people_providerperson l WHERE l.provider_id = %(provider)s"
    " AND l.person_id = k.person_id UNION ALL SELECT l.sys_from FROM people_providerperson_history l"
    " WHERE l.provider_id = %(provider)s AND l.person_id = k.person_id) w)"
)
_KNOWN_HERE = f"{SINCE_HERE} <= %(known_at)s"
#: What holds on a day.
DURING = "({0}.valid_from IS NULL OR {0}.valid_from <= %(valid_on)s) AND ({0}.valid_to IS NULL OR {0}.valid_to >= %(valid_on)s)"


def of_people(table: str, alias: str) -> str:
    """Return the rows of a table that tell of people, of those whom the provider has today.

    Of people with non-disclosure an app gets them by the agreement that gives it the person (decision 14).
    """
    return (
        f"FROM {table} {alias} JOIN LATERAL (SELECT k.sourced_id, {HIDDEN} AS hidden FROM access_listing k"
        f" WHERE k.supplier_id = %(supplier)s AND k.provider_id = %(provider)s AND k.person_id = {alias}.person_id"
        f" AND (%(disclosed)s OR NOT {HIDDEN}) AND {STILL_HERE} {EACH}) k ON true"
        f" WHERE {alias}.provider_id = %(provider)s"
    )


BY_PERSON = (
    "{0}.person_id = (SELECT who.person_id FROM access_listing who WHERE who.supplier_id = %(supplier)s"
    " AND who.provider_id = %(provider)s AND who.sourced_id = {{value}})"
)
OWN_ID = "The supplier's own id of the row: another one for every other supplier."
OWN_PERSON = "{0} By the supplier's own id of the person, as in `persons`."
