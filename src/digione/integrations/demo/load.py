"""Puts the demonstration into the database: COPY into staging tables, then one INSERT … SELECT per table.

COPY is refused on tables with row-level security, and the application role is not excused from it, so every row passes
its policy and its foreign keys as a real import's would. All of it is one transaction: a killed run leaves nothing.
"""

import itertools
import json
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from digione.access.roles import Role
from digione.access.scopes import KNOWN_SCOPES
from digione.access.services import NewApp, create_app
from digione.core import secrets
from digione.core.ids import new_id
from digione.core.texts import search_key, sort_key
from digione.core.use_case import Actor, set_reach
from digione.integrations.demo.cast import PASSWORD
from digione.integrations.demo.generate import generate
from digione.integrations.demo.history import ADDRESS_ONE_IN, MOVED_ONE_IN, Moments
from digione.integrations.demo.population import LAST_YEAR_ENDS, LAST_YEAR_STARTS, YEAR_ENDS, YEAR_STARTS
from digione.integrations.demo.records import Batch, Organisation, Person
from digione.integrations.demo.study_rights import NAMED, Rights, StudyRights

#: What the demonstration's app may read: the core of the roster.
APP_SCOPES = tuple(sorted(scope for scope in KNOWN_SCOPES if "roster-core" in scope))
_ROWS_AT_ONCE = 40_000
_LOCK = 0x44656D6F
# Checks what is due, so that the queue of deferred foreign keys stays short; afterwards they are deferred again.
_CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
_NULL = "\\N"
_NEXT_DAY = timedelta(days=1)

#: Tables in the order in which they are filled, with the columns that are written.
_TABLES: dict[str, str] = {
    "organisations_organisation": "id, oid, parent_id, provider_id, kinds, name, sort_key, business_id, school_code,"
    " school_type, municipality_code, languages, valid_from, source, sys_from",
    "organisations_provider": "id, joined_on, accent, languages, demo",
    "organisations_academicsession": "id, provider_id, kind, title, starts_on, ends_on, parent_id, school_year, sys_from",
    "people_providerperson": "id, provider_id, person_id, basis, valid_from, valid_to, sys_from",
    "people_person": "id, audit_alias, first_names, given_name, family_name, sort_key, search_key, birth_date, sex,"
    " mother_tongue, nationalities, home_municipality, non_disclosure, sys_from",
    "people_identifier": "id, person_id, provider_id, kind, value_enc, digest, key_id, sys_from",
    "people_contact": "id, provider_id, person_id, kind, value, valid_from, sys_from",
    "people_guardianship": "id, provider_id, guardian_id, child_id, kind, limits, valid_from, source, sys_from",
    "people_staffassignment": "id, provider_id, person_id, organisation_id, role, valid_from, sys_from",
    "studies_course": "id, provider_id, session_id, code, title, subjects, grades, sys_from",
    "studies_group": "id, provider_id, school_id, course_id, kind, code, title, grades, subjects, valid_from, valid_to,"
    " sys_from",
    "studies_groupsession": "id, provider_id, group_id, session_id, sys_from",
    "studies_schoolenrolment": "id, provider_id, person_id, school_id, grade, valid_from, valid_to, sys_from",
    "studies_enrolment": "id, provider_id, group_id, school_id, person_id, role, is_primary, valid_from, valid_to, sys_from",
    "studies_studyright": "id, provider_id, person_id, school_id, level, school_oid, organiser_oid, valid_from, valid_to,"
    " told_of_person, expected_end, is_purchased, licence, sys_from",
    "studies_studyrightstate": "id, provider_id, study_right_id, person_id, place, valid_from, state, funding, sys_from",
    "studies_studyrightextra": "id, provider_id, study_right_id, person_id, place, kind, is_listed, valid_from,"
    " sys_from",
    "studies_attainment": "id, provider_id, study_right_id, person_id, parent_id, place, node, kind, module_scheme, module,"
    " curriculum, size, size_unit, is_compulsory, language_scheme, language, valid_from, group_name, site_oid, taught_in,"
    " manner_scheme, manner, unit_group, confirmed_on, confirmed_in, confirmed_by_oid, carried, sys_from",
    "studies_assessment": "id, provider_id, attainment_id, person_id, place, mark_scheme, mark, assessed_on, is_passed, sys_from",
    "access_account": "id, username, password, person_id, language, is_active",
}
#: Of which kind of a source's rows those of a table are, with their keys and whether the demonstration masters them. A
#: key is the id by which an exported set names the row; a school is the register's.
_SOURCE_KEYS: dict[str, tuple[str, str, str, str]] = {
    "organisations_organisation": ("school", "id::text", "id", "false"),
    "organisations_academicsession": ("session", "id::text", "id", "true"),
    "people_providerperson": (
        "person",
        "person_id::text",
        "person_id",
        "person_id IN (SELECT id FROM demo_people_person)",
    ),
    "people_guardianship": ("guardian", "guardian_id || '/' || child_id", "id", "true"),
    "people_staffassignment": ("membership", "id::text", "id", "true"),
    "studies_course": ("course", "id::text", "id", "true"),
    "studies_group": ("group", "id::text", "id", "true"),
    "studies_schoolenrolment": ("membership", "id::text", "id", "true"),
    "studies_enrolment": ("enrolment", "id::text", "id", "true"),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did; `already` when the demonstration was there before, and then nothing was touched."""

    already: bool
    learners: int = 0
    rows: int = 0
    #: The app that was made, and the providers that have taken it.
    app: NewApp | None = None
    takers: tuple[UUID, ...] = ()


def is_whole() -> bool:
    """Say whether the demonstration is here with everything that belongs to it, as `mark_whole` noted."""
    with transaction.atomic():
        set_reach(Actor(str(Role.PLATFORM)))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM core_importrun WHERE kind = 'demo' AND status = 'done' AND provider_id IS NULL)"
            )
            return bool(cursor.fetchone()[0])


def mark_whole(counts: dict[str, int]) -> None:
    """Note, as a run of the platform's own, that all steps of the demonstration are done."""
    with transaction.atomic():
        set_reach(Actor(str(Role.PLATFORM)))
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_importrun (id, kind, source, started_at, finished_at, status, counts)"
                " VALUES (%s, 'demo', 'demo', now(), now(), 'done', %s)",
                [new_id(), json.dumps(counts)],
            )


_sort_key = lru_cache(maxsize=8192)(sort_key)
_search_key = lru_cache(maxsize=8192)(search_key)


def _field(value: str | None) -> str:
    return _NULL if value is None else value.replace("\\", "\\\\").replace("\t", " ").replace("\n", " ")


def _array(values: Iterable[str]) -> str:
    return "{" + ",".join(values) + "}"


class _Staging:
    """Lines per table, in COPY's text form, written out when there are enough of them.

    They are written by a second thread while the next ones are made: PostgreSQL and Python each keep a core busy. At
    most two portions exist at a time, so memory stays flat.
    """

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {table: [] for table in _TABLES}
        self._waiting = 0
        #: Digest of the identity code, sort key and first names of those who can sign in: some come to a second provider.
        self.codes: dict[str, tuple[bytes, str, str]] = {}
        self._met: list[tuple[bytes, str, str]] = []
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None
        self.rows = 0
        with connection.cursor() as cursor:
            for table, columns in _TABLES.items():
                cursor.execute(
                    f"CREATE TEMP TABLE demo_{table} ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
                )

    def add(self, table: str, lines: Iterable[str]) -> None:
        kept = self._lines[table]
        before = len(kept)
        kept.extend(lines)
        self._waiting += len(kept) - before

    def meet(self, person_id: str) -> None:
        """Let the next provider find somebody whom an earlier one brought, by the identity code, as an import would."""
        self._met.append(self.codes[person_id])

    def flush(self, provider_id: str, *, always: bool) -> None:
        """Hand what waits, all of it that provider's, to the writer when it is enough."""
        if not self._waiting or (self._waiting < _ROWS_AT_ONCE and not always):
            return
        self.settle()
        # The transaction's own connection: nobody else uses it until the writer is done.
        self._writing = self._writer.submit(_write_out, connection.connection, provider_id, self._lines, self._met)
        self._lines, self._met = {table: [] for table in _TABLES}, []
        self.rows += self._waiting
        self._waiting = 0

    def settle(self) -> None:
        """Wait until everything that was handed over is written; raises what went wrong there."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def close(self) -> None:
        """Let the writer finish and end."""
        self._writer.shutdown()


def _write_out(
    database: "psycopg.Connection[Any]",
    provider_id: str,
    lines: dict[str, list[str]],
    met: list[tuple[bytes, str, str]],
) -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT set_config('digione.provider', %s, true)", [provider_id])
        if met:
            cursor.execute(
                "SELECT count(*) FROM people_find_by_identifier('hetu', %s::bytea[], %s::text[], %s::text[], %s::date[])",
                [
                    [digest for digest, _, _ in met],
                    [key for _, key, _ in met],
                    [names for _, _, names in met],
                    [None] * len(met),
                ],
            )
        for table, columns in _TABLES.items():
            rows = lines[table]
            if not rows:
                continue
            with cursor.copy(f"COPY demo_{table} ({columns}) FROM STDIN".encode()) as copy:
                for start in range(0, len(rows), 2000):
                    copy.write("\n".join(rows[start : start + 2000]) + "\n")
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM demo_{table}".encode())
        for table, (kind, key, target, masters) in _SOURCE_KEYS.items():
            if lines[table]:
                cursor.execute(
                    "INSERT INTO core_sourcekey (provider_id, source, kind, key, target_id, masters)"
                    f" SELECT provider_id, 'demo', '{kind}', {key}, {target}, {masters} FROM demo_{table}"
                    " ON CONFLICT DO NOTHING".encode()
                )
        cursor.execute(f"TRUNCATE {', '.join(f'demo_{table}' for table in _TABLES if lines[table])}".encode())
        cursor.execute(_CHECK_NOW)


def load_demo(
    learners: int,
    seed: int = 2026,
    *,
    years: int = 0,
    progress: Callable[[int], None] | None = None,
    app: bool = True,
) -> Loaded:
    """Load the demonstration as the application role, once; a second call changes nothing.

    With `years` the rows are as old as if the store had been in use for so many school years before this one; what they
    were before is for `history.write_versions` to add. `progress` is told how many more learners are in. `app` also makes
    the supplier and app "Lukupolku", taken by the two largest municipalities.
    """
    platform = Actor(str(Role.PLATFORM))
    count = 0
    with transaction.atomic():
        set_reach(platform)
        with connection.cursor() as cursor:
            # Two loads at once: the second one waits, and then finds that there is nothing to do.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            cursor.execute("SELECT EXISTS (SELECT 1 FROM organisations_provider WHERE demo)")
            if cursor.fetchone()[0]:
                return Loaded(already=True)
        staging = _Staging()
        password = make_password(PASSWORD)
        moments = Moments(years)
        study_rights = StudyRights(seed, moments.started)
        providers: list[Organisation] = []
        try:
            for batch in generate(learners, seed):
                if batch.opens:
                    if providers:
                        staging.flush(providers[-1].id, always=True)
                    providers.append(batch.provider)
                _stage(staging, batch, password, moments)
                _stage_study_rights(staging, batch.provider.id, study_rights.of(batch), moments)
                staging.flush(batch.provider.id, always=False)
                count += len(batch.school_enrolments)
                if progress:
                    progress(len(batch.school_enrolments))
            staging.flush(providers[-1].id, always=True)
            staging.settle()
        finally:
            staging.close()
        made = None
        if app:
            made = create_app(
                platform,
                name="Lukupolku",
                supplier="Lukupolku Oy",
                provider_oids=[provider.oid for provider in providers[:2]],
                scopes=list(APP_SCOPES),
            )
    takers = tuple(UUID(provider.id) for provider in providers[:2]) if made else ()
    return Loaded(already=False, learners=count, rows=staging.rows, app=made, takers=takers)


def _stage(staging: _Staging, batch: Batch, password: str, moments: Moments) -> None:
    provider, recorded = batch.provider.id, moments.recorded
    starts, ends = YEAR_STARTS.isoformat(), YEAR_ENDS.isoformat()
    now, before = recorded(YEAR_STARTS), recorded(LAST_YEAR_STARTS)
    _stage_organisations(staging, batch, moments)
    _stage_people(staging, batch, moments)
    staging.add(
        "studies_course",
        (
            f"{c.id}\t{provider}\t{c.session_id}\t{c.code}\t{_text(c.title)}\t{{{c.subject}}}\t{{{c.grade}}}\t{now}"
            for c in batch.courses
        ),
    )
    for groups, period in (
        (batch.groups, (starts, ends, now)),
        (batch.earlier_groups, (LAST_YEAR_STARTS, LAST_YEAR_ENDS, before)),
    ):
        staging.add(
            "studies_group",
            (
                f"{g.id}\t{provider}\t{g.school_id}\t{g.course_id or _NULL}\t{g.kind}\t{g.code}\t{_text(g.title)}"
                f"\t{{{g.grade}}}\t{{{g.subject or ''}}}\t{period[0]}\t{period[1]}\t{period[2]}"
                for g in groups
            ),
        )
    staging.add(
        "studies_groupsession", (f"{i}\t{provider}\t{group}\t{term}\t{now}" for i, group, term in batch.group_sessions)
    )
    staging.add(
        "studies_schoolenrolment",
        (
            f"{e.id}\t{provider}\t{e.person_id}\t{e.school_id}\t{e.grade}\t{e.valid_from}\t{e.valid_to or _NULL}"
            f"\t{recorded(e.valid_to + _NEXT_DAY if e.valid_to else e.valid_from)}"
            for e in itertools.chain(batch.school_enrolments, batch.earlier_schools)
        ),
    )
    last = f"\t{LAST_YEAR_STARTS}\t{LAST_YEAR_ENDS}\t{before}"
    for enrolments, tail in ((batch.enrolments, f"\t{starts}\t{ends}\t{now}"), (batch.earlier_enrolments, last)):
        staging.add(
            "studies_enrolment",
            (
                f"{e.id}\t{provider}\t{e.group_id}\t{e.school_id}\t{e.person_id}\t{e.role}\t{'t' if e.is_primary else 'f'}{tail}"
                for e in enrolments
            ),
        )
    staging.add(
        "access_account",
        (f"{a.id}\t{a.username}\t{_field(password)}\t{a.person_id}\t{a.language}\tt" for a in batch.accounts),
    )


def _stage_study_rights(staging: _Staging, provider: str, made: Rights, moments: Moments) -> None:
    recorded = moments.recorded
    staging.add(
        "studies_studyright",
        (
            f"{r.id}\t{provider}\t{r.person_id}\t{r.school_id}\t{r.level}\t{r.school_oid}\t{r.organiser_oid}\t{r.valid_from}"
            f"\t{r.valid_to or _NULL}\t{_array((*r.told, *NAMED))}\t{r.expected_end or _NULL}\t{_cell(r.purchased)}"
            f"\t{r.licence or _NULL}\t{recorded(r.known)}"
            for r in made.rights
        ),
    )
    staging.add(
        "studies_studyrightstate",
        (
            f"{s.id}\t{provider}\t{s.study_right_id}\t{s.person_id}\t{s.place}\t{s.valid_from}\t{s.state}\t{s.funding or _NULL}"
            f"\t{recorded(s.valid_from)}"
            for s in made.states
        ),
    )
    staging.add(
        "studies_studyrightextra",
        (
            f"{x.id}\t{provider}\t{x.study_right_id}\t{x.person_id}\t0\t{x.kind}\tt\t{x.valid_from}\t{recorded(x.valid_from)}"
            for x in made.extras
        ),
    )
    staging.add(
        "studies_attainment",
        (
            f"{a.id}\t{provider}\t{a.study_right_id}\t{a.person_id}\t"
            + "\t".join(map(_cell, a[3:-2]))
            + f"\t{'{}' if a.carried is None else _text(a.carried)}\t{recorded(a.known)}"
            for a in made.attainments
        ),
    )
    staging.add(
        "studies_assessment",
        (
            f"{x.id}\t{provider}\t{x.attainment_id}\t{x.person_id}\t0\t{x.mark_scheme}\t{x.mark}\t{x.assessed_on or _NULL}"
            f"\t{'t' if x.is_passed else 'f'}\t{recorded(x.known)}"
            for x in made.assessments
        ),
    )


def _cell(value: Any) -> str:
    # The words of a flag are PostgreSQL's own; everything else here is an id, a code, a number or a day.
    return _NULL if value is None else str(value)


def _text(text: dict[str, Any]) -> str:
    return _field(json.dumps(text, ensure_ascii=False))


def _stage_organisations(staging: _Staging, batch: Batch, moments: Moments) -> None:
    first, now = moments.recorded(date.min), moments.recorded(YEAR_STARTS)
    if batch.opens:
        staging.add("organisations_provider", [f"{batch.provider.id}\t2024-08-01\t{batch.accent}\t{{fi,sv,en}}\tt"])
    staging.add(
        "organisations_organisation",
        (
            f"{o.id}\t{o.oid}\t{o.parent_id or _NULL}\t{o.provider_id}\t{_array(o.kinds)}\t{_text(o.name)}"
            f"\t{sort_key(next(iter(o.name.values())))}\t{_field(o.business_id)}\t{_field(o.school_code)}"
            f"\t{_field(o.school_type)}\t{o.municipality_code}\t{_array(o.languages)}\t1990-01-01\tdemo\t{first}"
            for o in batch.organisations
        ),
    )
    staging.add(
        "organisations_academicsession",
        (
            f"{s.id}\t{batch.provider.id}\t{s.kind}\t{_text(s.title)}\t{s.starts_on}\t{s.ends_on}"
            f"\t{s.parent_id or _NULL}\t{s.school_year}\t{now}"
            for s in batch.sessions
        ),
    )


def _person_key(person: Person) -> str:
    return f"{_sort_key(person.family_name)}\x1f{_sort_key(person.given_name)}"


def _stage_people(staging: _Staging, batch: Batch, moments: Moments) -> None:
    provider, recorded, since = batch.provider.id, moments.recorded, moments.since(batch)
    past = moments.started is not None
    new = {person.id for person in batch.persons}
    for link in batch.links:
        if link.person_id in staging.codes and link.person_id not in new:
            staging.meet(link.person_id)
    staging.add(
        "people_providerperson",
        (
            f"{x.id}\t{provider}\t{x.person_id}\t{x.basis}\t{day}\t{x.valid_to or _NULL}\t{recorded(x.valid_to or day)}"
            for x in batch.links
            for day in (x.valid_from if x.valid_to or x.basis == "staff" or not past else since[x.person_id],)
        ),
    )
    staging.add(
        "people_person",
        (
            f"{p.id}\t{p.audit_alias}\t{p.first_names}\t{p.given_name}\t{p.family_name}"
            f"\t{_person_key(p)}"
            f"\t{_search_key(p.family_name)} {_search_key(p.given_name)}\t{p.birth_date}\t{p.sex}\t{p.mother_tongue}"
            f"\t{{{p.nationality}}}\t{p.home_municipality}\t{'t' if p.non_disclosure else 'f'}"
            f"\t{recorded(moments.last_change(p.id, since[p.id], MOVED_ONE_IN))}"
            for p in batch.persons
        ),
    )
    for person in batch.persons:
        for kind, value in (("hetu", person.hetu), ("learner_number", person.learner_number)):
            if value is not None:
                staging.add(
                    "people_identifier", [_identifier(person.id, _NULL, kind, value, recorded(since[person.id]))]
                )
    persons = {account.person_id: account.username for account in batch.accounts}
    staging.codes |= {
        person.id: (secrets.digest(person.hetu), _person_key(person), person.first_names)
        for person in batch.persons
        if person.id in persons and person.hetu is not None
    }
    staging.add(
        "people_identifier",
        (
            _identifier(person_id, provider, "username", username, recorded(YEAR_STARTS))
            for person_id, username in persons.items()
        ),
    )
    staging.add(
        "people_contact",
        (
            f"{c.id}\t{provider}\t{c.person_id}\t{c.kind}\t{_field(c.value)}\t{day}"
            f"\t{recorded(moments.last_change(c.id, day, ADDRESS_ONE_IN) if c.kind == 'address' else day)}"
            for c in batch.contacts
            for day in (since[c.person_id] if past else YEAR_STARTS,)
        ),
    )
    staging.add(
        "people_guardianship",
        (
            f"{g.id}\t{provider}\t{g.guardian_id}\t{g.child_id}\t{g.kind}\t{_array(g.limits)}\t{g.valid_from}\tdemo"
            f"\t{recorded(since[g.child_id])}"
            for g in batch.guardianships
        ),
    )
    staging.add(
        "people_staffassignment",
        (
            f"{a.id}\t{provider}\t{a.person_id}\t{a.organisation_id}\t{a.role}\t{a.valid_from}"
            f"\t{recorded(a.valid_from)}"
            for a in batch.assignments
        ),
    )


def _identifier(person_id: str, provider: str, kind: str, value: str, recorded: str) -> str:
    ciphertext = secrets.encrypt(value)
    return (
        f"{new_id()}\t{person_id}\t{provider}\t{kind}\t\\\\x{ciphertext.hex()}\t\\\\x{secrets.digest(value).hex()}"
        f"\t{secrets.key_id(ciphertext)}\t{recorded}"
    )
