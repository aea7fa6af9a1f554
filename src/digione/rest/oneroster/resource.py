"""What a resource is: where its rows are, what can be asked of them, and the JSON of each property, as SQL.

Every statement names its provider: row-level security is the net, not the query. Parameters that all of them share:
`provider`, `supplier`, `today`, `base` (the address before `/orgs/…` in an href), `disclosed` (whether the agreement
includes people with non-disclosure), `contact` (whether an e-mail address may be shown).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from digione.rest.oneroster.query import Field

#: SQL shared by the resources. A row counts as long as its end has not passed: what begins later is already planned.
LIVE = "({0}.valid_to IS NULL OR {0}.valid_to >= %(today)s)"


def status(alias: str) -> str:
    """Return the status of a row with a period: ended rows are `tobedeleted`, and stay listed."""
    return f"CASE WHEN {LIVE.format(alias)} THEN 'active' ELSE 'tobedeleted' END"


def moment(sql: str) -> str:
    """Return a moment as the standard writes it: UTC, milliseconds."""
    return f"""to_char({sql} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


def reference(sql: str, path: str, kind: str) -> str:
    """Return a reference to another resource, NULL where there is none."""
    return (
        f"CASE WHEN {sql} IS NOT NULL THEN json_build_object('href', %(base)s || '/{path}/' || {sql}, "
        f"'sourcedId', {sql}, 'type', '{kind}') END"
    )


def in_languages(sql: str) -> str:
    """Return the text of a LocalizedText in the first language that it has."""
    tries = ", ".join(f"nullif({sql} ->> '{code}', '')" for code in ("fi", "sv", "en"))
    return f"coalesce({tries}, (SELECT value FROM jsonb_each_text({sql}) LIMIT 1), '')"


def visible_person(person: str, alias: str) -> str:
    """Return the join that keeps people whom the app may know, under `alias` (with `sourced_id`)."""
    return (
        f"JOIN access_listing {alias} ON {alias}.supplier_id = %(supplier)s AND {alias}.provider_id = %(provider)s "
        f"AND {alias}.person_id = {person} AND (%(disclosed)s OR NOT {alias}.hidden)"
    )


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource.

    `rows` is a FROM clause with its WHERE; `key` the id in it. `bodies` joins the rows of `asked (id, n)` and all that
    the properties need.
    """

    collection: str
    single: str
    key: str
    rows: str
    bodies: str
    fields: Mapping[str, Field]
    properties: Mapping[str, str]
    #: SQL of the person whose data a row shows, for the audit; None where it shows nobody.
    person: str | None = None
    known: frozenset[str] = field(default_factory=frozenset)
    #: Which fields of the open data model (`table.column`) each property tells of a person, for the log.
    #: Contact details are told only where the grant opens them.
    guarded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Which of them a row tells though it has none of these properties: that it is there.
    bare: str = ""
    #: SQL of the day on which a row began that is over, NULL for the others; None where no period is told.
    past: str | None = None
    #: Fields that also follow what other providers know, so that no count of this provider's changes tells of them.
    elsewhere: frozenset[str] = field(default_factory=frozenset)
    #: Whether its own ids differ from supplier to supplier (`sealed`); those of persons do anyway.
    sealed: bool = False

    @property
    def filterable(self) -> Collection[str]:
        """The names that `filter` and `sort` accept."""
        return self.fields.keys()

    @property
    def selectable(self) -> Collection[str]:
        """The names that `fields` accepts: every property of the standard, also one that we never fill."""
        return self.known | self.properties.keys()

    def told(self, *, contact: bool, selected: Collection[str] | None = None) -> set[str]:
        """Return the fields of the open data model, `table.column`, that a row tells; contact details where they are opened.

        `selected`: the properties that it has; None where it has all of them.
        """
        names = self.guarded.keys() if selected is None else self.guarded.keys() & set(selected)
        found = {
            one for name in names for one in self.guarded[name] if contact or not one.startswith("people_contact.")
        }
        return found or ({self.bare} - {""})

    def bodies_sql(self, selected: frozenset[str] | None, ids: str = "%(ids)s::uuid[]") -> str:
        """Return the statement that makes the JSON of the rows whose ids are asked (`ids`: an array), in their order."""
        person, past = self.person or "NULL::uuid", self.past or "NULL::date"
        return (
            f"SELECT asked.id, {self.json_sql(selected)}::text AS body, {person} AS person, asked.n, {past} AS past"
            f" FROM unnest({ids}) WITH ORDINALITY AS asked (id, n) {self.bodies} ORDER BY asked.n"
        )

    def json_sql(self, selected: frozenset[str] | None) -> str:
        """Return the expression of one row's JSON, without absent properties."""
        pairs = ", ".join(
            f"'{name}', {sql}" for name, sql in self.properties.items() if selected is None or name in selected
        )
        return f"json_strip_nulls(json_build_object({pairs}))"
