"""The document of one learner: the person, and the rows of each list of studies that are the learner's, all at once.

Each row is as its list gives it: the same fields from the same SQL, opened by the same scopes. A list that no scope of the
grant opens is left out. A learner is who has a study right at the provider; of others there is no document.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from digione.audit import seen, sensitivity
from digione.rest.v1.endpoint import Endpoint, Reads
from digione.rest.v1.endpoints import PERSONS
from digione.rest.v1.learner_scopes import LEAST, bits
from digione.rest.v1.study_endpoints import (
    ASSESSMENTS,
    ATTAINMENTS,
    STUDY_RIGHT_EXTRAS,
    STUDY_RIGHT_STATES,
    STUDY_RIGHTS,
)

#: Stands in what PostgreSQL makes between two parts. No JSON holds it.
PART = b"\x02"
#: Stands for a part that is not opened.
CLOSED = b"-"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the document: the rows of `endpoint` that `found` finds (SQL), or the person where it is None."""

    name: str
    endpoint: Endpoint
    found: str | None

    @property
    def bits(self) -> int:
        """What opens it."""
        return bits(LEAST, self.endpoint.scope)

    @property
    def narrow_bits(self) -> int:
        """What opens the fields of it that not everybody gets; 0 where there are none."""
        narrow = self.endpoint.narrow_scope
        return bits(LEAST, self.endpoint.scope, narrow) if narrow else 0

    def shown(self, opened: int) -> frozenset[str]:
        """Return the fields that come, none where the part is closed."""
        if opened & self.bits != self.bits:
            return frozenset()
        names = self.endpoint.names
        narrow = self.narrow_bits
        return names if narrow and opened & narrow == narrow else names - self.endpoint.narrow


#: The parts in their order. Rows are found through the study rights, as in the lists: only these have an index by person.
SECTIONS = (
    Section("person", PERSONS, None),
    Section("study_rights", STUDY_RIGHTS, "r.id = ANY (rights)"),
    Section("study_right_states", STUDY_RIGHT_STATES, "t.study_right_id = ANY (rights)"),
    Section("study_right_extras", STUDY_RIGHT_EXTRAS, "x.study_right_id = ANY (rights)"),
    Section("attainments", ATTAINMENTS, "a.study_right_id = ANY (rights)"),
    Section("assessments", ASSESSMENTS, "m.attainment_id = ANY (studied)"),
)
#: The numbers of scopes that open something secret.
_SECRET = tuple(
    number
    for section in SECTIONS
    for number, reads in (
        (section.bits, section.endpoint.reads),
        (section.narrow_bits, section.endpoint.narrow_reads),
    )
    if number and reads is Reads.SECRETS
)


def tells_secrets(opened: int) -> bool:
    """Whether what is opened is in part secret by law."""
    return any(opened & number == number for number in _SECRET)


def secrets_sql() -> str:
    """Return the same as SQL over `opened`."""
    return " OR ".join(f"opened & {number} = {number}" for number in _SECRET)


def touched(opened: int) -> Iterator[tuple[str, list[str]]]:
    """Yield the tables and fields that a document tells of."""
    for section in SECTIONS:
        shown = section.shown(opened)
        if shown:
            yield section.endpoint.resource.table, sorted(shown)


def _told(number: int) -> Iterable[str]:
    return (f"{table}.{name}" for table, names in touched(number) for name in names)


def _numbers() -> list[int]:
    return [number for section in SECTIONS for number in (section.bits, section.narrow_bits) if number]


def seen_sql() -> str:
    """Return what the log says that a document told, as SQL over `opened`."""
    parts = []
    for topic in seen.Topic:
        tellers = [number for number in _numbers() if topic in seen.topics(_told(number))]
        # What a part tells of without its narrow fields, it tells of with them as well.
        least = [number for number in tellers if not any(one != number and one & number == one for one in tellers)]
        if least:
            asked = " OR ".join(f"opened & {number} = {number}" for number in least)
            parts.append(f"CASE WHEN {asked} THEN ',{topic}' ELSE '' END")
    return f"ltrim({' || '.join(parts)}, ',')"


def sensitivity_sql() -> str:
    """Return how sensitive a document is, as SQL over `opened`."""
    levels = (
        f"CASE WHEN opened & {number} = {number} THEN {sensitivity.highest(_told(number))} ELSE 0 END"
        for number in _numbers()
    )
    return f"greatest({', '.join(levels)})"


def parts_sql() -> str:
    """Return the statements that make the parts of a document, one after the other, in `v1_learner_made`."""
    return "\n".join(_part_sql(section) for section in SECTIONS)


def _part_sql(section: Section) -> str:
    whole = section.endpoint.names
    choices = [(section.narrow_bits, whole), (section.bits, whole - section.endpoint.narrow)]
    branches = [
        f"IF opened & {number} = {number} THEN\n        {_select(section, shown)}"
        for number, shown in choices
        if number
    ]
    return "    {}\n    ELSE part := '-';\n    END IF;\n    {}".format(
        "\n    ELS".join(branches), "parts := parts || part;"
    )


def _select(section: Section, shown: frozenset[str]) -> str:
    endpoint = section.endpoint
    if section.found is None:
        return (
            f"SELECT {endpoint.json_sql(shown)}::text INTO part FROM people_person {endpoint.alias}"
            f" WHERE {endpoint.alias}.id = k.person_id;"
        )
    marked, sent = endpoint.marked_sql(shown)
    return (
        "SELECT coalesce(string_agg(o.body, ','), ''), sealed || coalesce(string_agg(o.own, ''), ''), least(earliest, min(o.past))"
        " INTO part, sealed, earliest FROM ("
        f"SELECT {marked} AS body, {sent} AS own, {endpoint.past or 'NULL::date'} AS past"
        f" FROM {endpoint.resource.table} {endpoint.alias} WHERE {endpoint.alias}.provider_id = %(provider)s"
        f" AND {section.found} AND {endpoint.alias}.person_id = k.person_id ORDER BY {endpoint.key}) o;"
    )


def merged(parts: Sequence[bytes], learner: bytes) -> bytes:
    """Return the JSON of a document of its parts, whose ids are sealed."""
    made = [b'{"id":"%b"' % learner]
    for section, part in zip(SECTIONS, parts, strict=True):
        if part != CLOSED:
            made.append((b',"%b":%b' if section.found is None else b',"%b":[%b]') % (section.name.encode(), part))
    return b"".join(made) + b"}"


#: What the description tells of a document, beside its parts.
SUMMARY = "One learner: the person, and all that is listed of the learner's studies, in one answer"
