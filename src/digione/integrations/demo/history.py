"""What a store would remember that had been in use for some school years: when each row came, and what it was before.

The demonstration is otherwise as old as its load. With years of history it is told as if it had been kept since the
August so many years before this school year (`started`), by these rules:

- What begins with a school year is recorded on 10 August, when the roster of the year comes in; whatever else happens on
  a day (a state, a confirmation, a mark) is recorded on that day at 15:00 UTC. What is older than the store is recorded
  when the store began.
- A learner's place at a school moves up a grade each August. When it ends, the end is recorded with the next year's roster.
- A study right was open until it ended, and at the learner's school of each year. A state came on its own day.
- A year of study, and pre-primary education, came at its start without a confirmation, which was recorded on its day.
- Every 25th mark that is a figure was one lower for nine days, until it was corrected.
- Every 20th person lived in another municipality before, and every sixth postal address was another one, until a
  15 March of the years since.

All else has stood since it came. The present is the same with history and without, but for the years of study that every
learner then has (`study_rights`) and the days since when people are known. Live rows get `sys_from` as they are loaded
(`Moments`); the versions before them are made of the live rows by `write_versions`, as the owner of the tables, since
the application cannot write history but by changing rows. So a version always ends where the next one begins.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from uuid import UUID

import psycopg
from psycopg import sql

from digione.integrations.demo.places import STREETS
from digione.integrations.demo.population import GRADES, SCHOOL_YEAR, YEAR_STARTS
from digione.integrations.demo.records import Batch

#: So many of these have changed once: persons have moved to another municipality, addresses were others, marks were lower.
MOVED_ONE_IN, ADDRESS_ONE_IN, CORRECTED_ONE_IN = 20, 6, 25
#: How long a mark stood before it was corrected.
CORRECTED_AFTER = timedelta(days=9)
#: From the first day of a school year until its roster is in.
_ROSTER_AFTER = timedelta(days=9)
#: PostgreSQL's own word for the moment of the transaction, which COPY understands.
_NOW = "now"


class Moments:
    """Tells when the store learnt of what happened on a day: in text as COPY takes it."""

    def __init__(self, years: int) -> None:
        #: The first day of the school year in which the store began; None where it begins with the load.
        self.started = date(SCHOOL_YEAR - years, 8, 1) if years else None
        self._told: dict[date, str] = {}

    def recorded(self, day: date) -> str:
        """Return when what happened on `day` was recorded."""
        if self.started is None:
            return _NOW
        found = self._told.get(day)
        if found is None:
            known = max(day, self.started)
            found = f"{known + _ROSTER_AFTER if _begins_year(known) else known} 15:00:00+00"
            self._told[day] = found
        return found

    def since(self, batch: Batch) -> dict[str, date]:
        """Return since which day each person of a batch has been known, learners and their guardians since the first school."""
        first: dict[str, date] = {}
        for link in batch.links:
            first[link.person_id] = min(link.valid_from, first.get(link.person_id, link.valid_from))
        if self.started is None:
            return first
        came: dict[str, date] = {}
        for row in chain(batch.school_enrolments, batch.earlier_schools):
            came[row.person_id] = min(row.valid_from, came.get(row.person_id, row.valid_from))
        for kin in batch.guardianships:
            if kin.child_id in came:
                day = came[kin.child_id]
                came[kin.guardian_id] = min(day, came.get(kin.guardian_id, day))
        return first | {ident: min(day, first.get(ident, day)) for ident, day in came.items()}

    def last_change(self, ident: str, since: date, one_in: int) -> date:
        """Return when a row that came on `since` last changed: a later day for one row in `one_in`."""
        if self.started is None:
            return since
        chance = int(ident[-8:], 16)
        years = SCHOOL_YEAR - max(since, self.started).year
        if chance % one_in or years < 1:
            return since
        return date(SCHOOL_YEAR - chance // one_in % years, 3, 15)


def _begins_year(day: date) -> bool:
    return (day.month, day.day) == (8, 1)


def write_versions(owner_url: str) -> int:
    """Write what the demonstration's rows were before, if it was loaded with history; return how many versions.

    `owner_url` is the address of the database for the owner of its tables. All or nothing, and nothing twice.
    """
    with psycopg.connect(owner_url) as connection:
        # One write at a time: a second one waits, and then finds that there is nothing to do.
        connection.execute("LOCK TABLE studies_schoolenrolment_history IN SHARE ROW EXCLUSIVE MODE")
        row = connection.execute(
            "SELECT min(l.sys_from)::date, array_agg(DISTINCT p.id) FROM organisations_provider p"
            " JOIN people_providerperson l ON l.provider_id = p.id WHERE p.demo"
        ).fetchone()
        started: date | None = row[0] if row else None
        if not row or started is None or started >= YEAR_STARTS:
            return 0
        providers: list[UUID] = row[1]
        done = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM studies_schoolenrolment_history"
            " WHERE provider_id = ANY (%s) AND sys_from < %s)", [providers, YEAR_STARTS]
        ).fetchone()  # fmt: skip
        if done and done[0]:
            return 0
        connection.execute(_RECORDED.format(started=started, roster=_ROSTER_AFTER.days))
        connection.execute("SET LOCAL work_mem = '256MB'")
        # Of tables that were filled just now there may be no statistics yet, and then joins are planned as if for few rows.
        connection.execute("ANALYZE studies_schoolenrolment, studies_studyright, organisations_organisation")
        connection.execute("ANALYZE people_person, people_providerperson, people_contact")
        connection.execute("ANALYZE studies_attainment, studies_assessment")
        codes = connection.execute(
            "SELECT array_agg(DISTINCT municipality_code) FROM organisations_organisation WHERE provider_id = ANY (%s)",
            [providers],
        ).fetchone()
        values = {
            "providers": providers, "grades": list(GRADES), "streets": list(STREETS), "codes": codes[0] if codes else [],
            "began": started.year,
        }  # fmt: skip
        return sum(_write(connection, *each, values) for each in _VERSIONS)


def _write(
    connection: psycopg.Connection[tuple[object, ...]],
    table: str,
    was: Mapping[str, str],
    rows: str,
    values: Mapping[str, object],
) -> int:
    """Write versions of the rows `v` of a table: as they are now, but for what they were (`was`, by column)."""
    history = f"{table}_history"
    columns: Sequence[str] = [
        str(name)
        for (name,) in connection.execute(
            "SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attname NOT IN ('sys_op', 'sys_actor', 'sys_reason') ORDER BY attnum",
            [history],
        )
    ]
    then = {"sys_to": "v.sys_from", **was}
    query = sql.SQL("INSERT INTO {} ({}, sys_op) SELECT {}, 'U' FROM {}").format(
        sql.Identifier(history),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.SQL(then.get(name, f"v.{name}")) for name in columns),
        sql.SQL(rows),
    )
    return connection.execute(query, values).rowcount


#: `Moments.recorded`, as SQL.
_RECORDED = """
CREATE FUNCTION pg_temp.recorded(day date) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $f$
    SELECT greatest(
        ((CASE WHEN extract(month FROM day) = 8 AND extract(day FROM day) = 1 THEN day + {roster} ELSE day END)
         + time '15:00') AT TIME ZONE 'UTC',
        (date '{started}' + time '15:00') AT TIME ZONE 'UTC')
$f$"""
_OURS = "v.provider_id = ANY (%(providers)s)"
_UNCONFIRMED = {
    **dict.fromkeys(("confirmed_on", "confirmed_in", "confirmed_by_oid"), "NULL"),
    # Who confirmed it stands there.
    "carried": "v.carried - 'vahvistus'",
}
#: A study right's school of each time: where it began, and each other one to which the learner moved on. A vocational
#: institute is none of the schools among which learners move.
_SCHOOLS = """
studies_studyright v JOIN (
    SELECT s.id, s.school_id, s.since, coalesce(lead(s.since) OVER (PARTITION BY s.id ORDER BY s.since), s.ended) AS until
    FROM (
        SELECT r.id, coalesce(e.school_id, r.school_id) AS school_id, greatest(e.valid_from, r.valid_from) AS since,
               r.valid_to AS ended, lag(e.school_id) OVER (PARTITION BY r.id ORDER BY e.valid_from) AS before
        FROM studies_studyright r
        LEFT JOIN studies_schoolenrolment e ON e.provider_id = r.provider_id AND e.person_id = r.person_id
            AND (r.valid_to IS NULL OR e.valid_from < r.valid_to) AND (e.valid_to IS NULL OR e.valid_to > r.valid_from)
        WHERE r.provider_id = ANY (%(providers)s) AND r.level <> 'ammatillinenkoulutus'
    ) s WHERE s.before IS DISTINCT FROM s.school_id
) s ON s.id = v.id
JOIN organisations_organisation o ON o.id = s.school_id
WHERE s.until IS NOT NULL AND pg_temp.recorded(s.since) < pg_temp.recorded(s.until)"""
#: Tables with what their rows were, by column, and from which rows that is told.
_VERSIONS: tuple[tuple[str, Mapping[str, str], str], ...] = (
    (
        "studies_schoolenrolment",
        {
            "grade": "(%(grades)s::text[])[array_position(%(grades)s::text[], v.grade)"
            " - (extract(year FROM v.valid_to)::int - 1 - y)]",
            "valid_to": "NULL",
            "sys_from": "pg_temp.recorded(make_date(y, 8, 1))",
            "sys_to": "pg_temp.recorded(make_date(y + 1, 8, 1))",
        },
        "studies_schoolenrolment v CROSS JOIN LATERAL generate_series("
        "greatest(extract(year FROM v.valid_from)::int, %(began)s), extract(year FROM v.valid_to)::int - 1) y"
        f" WHERE {_OURS} AND v.valid_to IS NOT NULL",
    ),
    (
        "people_providerperson",
        {"valid_to": "NULL", "sys_from": "pg_temp.recorded(v.valid_from)"},
        f"people_providerperson v WHERE {_OURS} AND v.valid_to IS NOT NULL AND v.sys_from > pg_temp.recorded(v.valid_from)",
    ),
    (
        "people_person",
        # The next one of the municipalities that there are.
        {
            "home_municipality": "coalesce((%(codes)s::text[])[array_position(%(codes)s::text[], v.home_municipality) + 1],"
            " (%(codes)s::text[])[1])",
            "sys_from": "l.since",
        },
        "people_person v JOIN (SELECT person_id, min(pg_temp.recorded(valid_from)) AS since FROM people_providerperson"
        " WHERE provider_id = ANY (%(providers)s) GROUP BY 1) l ON l.person_id = v.id WHERE v.sys_from > l.since",
    ),
    (
        "people_contact",
        # No house of the demonstration has a number above 98, so this one is another.
        {
            "value": "(%(streets)s::text[])[1 + get_byte(uuid_send(v.id), 15) %% cardinality(%(streets)s::text[])] || ' '"
            " || 100 + get_byte(uuid_send(v.id), 14) || substring(v.value FROM ',.*$')",
            "sys_from": "pg_temp.recorded(v.valid_from)",
        },
        f"people_contact v WHERE {_OURS} AND v.kind = 'address' AND v.sys_from > pg_temp.recorded(v.valid_from)",
    ),
    (
        "studies_studyright",
        {
            "school_id": "s.school_id",
            "school_oid": "o.oid",
            "valid_to": "NULL",
            "sys_from": "pg_temp.recorded(s.since)",
            "sys_to": "pg_temp.recorded(s.until)",
        },
        _SCHOOLS,
    ),
    (
        "studies_attainment",
        {**_UNCONFIRMED, "sys_from": "pg_temp.recorded(coalesce(v.valid_from, r.valid_from))"},
        "studies_attainment v JOIN studies_studyright r ON r.provider_id = v.provider_id AND r.id = v.study_right_id"
        f" WHERE {_OURS} AND v.confirmed_on IS NOT NULL AND v.parent_id IS NULL"
        " AND v.kind IN ('perusopetuksenvuosiluokka', 'esiopetuksensuoritus', 'tuvakoulutuksensuoritus')"
        " AND v.sys_from > pg_temp.recorded(coalesce(v.valid_from, r.valid_from))",
    ),
    (
        "studies_assessment",
        {"mark": "(v.mark::int - 1)::text", "sys_from": "pg_temp.recorded(v.assessed_on)"},
        f"studies_assessment v WHERE {_OURS} AND v.sys_from > pg_temp.recorded(v.assessed_on)",
    ),
)
