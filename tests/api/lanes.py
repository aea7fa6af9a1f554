"""Both lanes side by side: any app, any people, any moment, and what each lane answered and wrote into the log.

The ordinary lane takes its time from `clock`, the hot lane from PostgreSQL's `now()`. A schema of the tests' own, found
before PostgreSQL's, lends a `now()` that can be set, and a view of what the running transaction has logged.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.db import connection, transaction
from django.test import Client
from hypothesis import strategies as st
from oauth2_provider.models import AccessToken, Application

from digione.access.models import App, Supplier, Taking
from digione.config.provisioning import MIGRATOR, secret
from digione.core import clock
from digione.core.texts import search_key, sort_key
from digione.core.use_case import Actor, set_reach
from digione.rest import hot_lane
from digione.rest.hot_lane import HotLane
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, ROSTER
from tests import cast
from tests.api.oneroster import PREFIX

_TIME_AND_LOG = """
CREATE SCHEMA IF NOT EXISTS stage;
CREATE OR REPLACE FUNCTION stage.now() RETURNS timestamptz LANGUAGE sql STABLE AS
    $f$ SELECT current_setting('stage.now')::timestamptz $f$;
CREATE OR REPLACE FUNCTION stage.logged() RETURNS SETOF jsonb
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS
    $f$ SELECT to_jsonb(e) - '{id,at,xid}'::text[] FROM audit_entry e WHERE e.xid = pg_current_xact_id() ORDER BY e.id $f$;
GRANT USAGE ON SCHEMA stage TO PUBLIC;
"""

#: Days that follow each other, so that a period begins and ends right beside the day on which is asked.
DAYS = [date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11), date(2026, 8, 1)]
#: Around midnight in Finland, Greenwich has another day.
TIMES = [time(0, 0), time(0, 30), time(12, 0), time(23, 59, 59)]
PROVIDERS = (cast.KUUSNIEMI, cast.VALKAMO)
SCHOOL = {cast.KUUSNIEMI: cast.RANTAPUISTO, cast.VALKAMO: cast.YHTENAISKOULU}
MADE = [UUID(f"01900000-0000-7000-8000-0000000f000{n}") for n in range(3)]
TENANTS = (
    "people_providerperson",
    "studies_schoolenrolment",
    "people_staffassignment",
    "people_guardianship",
    "people_contact",
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """All that an answer may depend on."""

    moment: datetime
    token_scopes: tuple[str, ...]
    token_left: timedelta
    takings: tuple[Row, ...]
    hidden: frozenset[UUID]
    rows: tuple[tuple[str, Row], ...] = field(default=())
    moved: tuple[tuple[str, UUID, Row], ...] = field(default=())


@st.composite
def _periods(draw: st.DrawFn) -> Row:
    first = draw(st.sampled_from(DAYS))
    return {"valid_from": first, "valid_to": draw(st.sampled_from([None, *(day for day in DAYS if day >= first)]))}


_CHILDREN = [cast.PUPIL, cast.PROTECTED_PUPIL, cast.UNTAUGHT_PUPIL, cast.VALKAMO_PUPIL]


@st.composite
def _of_a_made_person(draw: st.DrawFn, person: UUID, provider: UUID) -> list[tuple[str, Row]]:
    """Rows of an invented person at a provider: links first, then whatever may hang on them."""
    period = lambda: draw(_periods())  # noqa: E731
    bases = draw(st.lists(st.sampled_from(["learner", "guardian", "staff"]), min_size=1, unique=True))
    rows: list[tuple[str, Row]] = [("people_providerperson", {"basis": basis, **period()}) for basis in bases]
    school = SCHOOL[provider]
    if draw(st.booleans()):
        grade = draw(st.sampled_from([None, "1", "9"]))
        enrolment = {"school_id": school, "grade": grade, "is_primary": draw(st.booleans()), **period()}
        rows.append(("studies_schoolenrolment", enrolment))
    if draw(st.booleans()):
        role = draw(st.sampled_from(["teacher", "special_needs_teacher", "aide", "administrator", "cook"]))
        place = draw(st.sampled_from([school, provider]))
        rows.append(("people_staffassignment", {"organisation_id": place, "role": role, **period()}))
    if draw(st.booleans()):
        limits = draw(st.sampled_from([[], ["no_information"], ["no_decisions"]]))
        pair = {"guardian_id": person, "child_id": draw(st.sampled_from(_CHILDREN))}
        rows.append(("people_guardianship", {**pair, "limits": limits, "source": "demo", **period()}))
    for kind in draw(st.lists(st.sampled_from(["email", "email", "phone"]), max_size=2)):
        rows.append(("people_contact", {"kind": kind, "value": f"{kind}-{len(rows)}@example.invalid", **period()}))
    return [
        (table, {"provider_id": provider, **({} if "child_id" in row else {"person_id": person}), **row})
        for table, row in rows
    ]


@st.composite
def scenes(draw: st.DrawFn, scopes: Sequence[str] = (ROSTER, CORE, DEMOGRAPHICS)) -> Scene:
    """An app with its takings and token, people with their periods, and a moment beside the periods' ends."""
    some = st.lists(st.sampled_from(scopes), min_size=1, unique=True)
    rows: list[tuple[str, Row]] = []
    for person in MADE[: draw(st.integers(0, len(MADE)))]:
        for provider in draw(st.lists(st.sampled_from(PROVIDERS), min_size=1, unique=True)):
            rows += draw(_of_a_made_person(person, provider))
    takings = []
    for provider in draw(st.lists(st.sampled_from(PROVIDERS), unique=True)):
        for period in draw(st.lists(_periods(), min_size=1, max_size=2, unique_by=lambda row: row["valid_from"])):
            takings.append(
                {
                    "provider_id": provider,
                    "scopes": draw(some),
                    "non_disclosure_included": draw(st.booleans()),
                    **period,
                }
            )
    moved = st.tuples(st.sampled_from(TENANTS), st.sampled_from(list(cast.PEOPLE)), _periods())
    day, at = draw(st.sampled_from(DAYS)), draw(st.sampled_from(TIMES))
    return Scene(
        moment=datetime.combine(day, at, clock.FINLAND),
        token_scopes=tuple(draw(some)),
        token_left=timedelta(seconds=draw(st.sampled_from([3600, 3600, 60, 1, 1, 0, -3600]))),
        takings=tuple(takings),
        hidden=frozenset(draw(st.lists(st.sampled_from([*cast.PEOPLE, *MADE]), max_size=3))),
        rows=tuple(rows),
        moved=tuple(draw(st.lists(moved, max_size=6))),
    )


@dataclass(frozen=True)
class Answer:
    """What a lane answered (None: it left the request to the other), and the rows that it logged."""

    status: int | None
    body: bytes
    headers: dict[str, str]
    logged: list[Row]


class Lanes:
    """One supplier's app, asked by both lanes for what stands at `where`. Everything is undone after each scene and question."""

    def __init__(self, where: str = f"{PREFIX}/users") -> None:
        self.where = where
        settings = connection.settings_dict
        with psycopg.connect(
            host=settings["HOST"],
            port=settings["PORT"] or None,
            dbname=settings["NAME"],
            user=MIGRATOR,
            password=secret(Path(os.environ["DIGIONE_DATA"]), "migrate"),
        ) as owner:
            owner.execute(_TIME_AND_LOG)
        set_reach(cast.platform)
        self.supplier = Supplier.objects.create(name=f"Kahden kaistan {uuid4()}")
        self.application = Application.objects.create(
            client_id=uuid4().hex, client_type="confidential", authorization_grant_type="client-credentials"
        )
        self.app = App.objects.create(supplier=self.supplier, application=self.application, name="Kaksi kaistaa")
        self.client = Client()

    @contextmanager
    def played(self, scene: Scene) -> Iterator[str]:
        """Put the scene up, give its token, and take it down again."""
        with clock.fixed(scene.moment), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL search_path = stage, pg_catalog, public")
                cursor.execute("SELECT set_config('stage.now', %s, true)", [scene.moment.isoformat()])
            self._people(scene)
            set_reach(cast.platform)
            for taking in scene.takings:
                Taking.objects.create(app=self.app, **taking)
            token = uuid4().hex
            AccessToken.objects.create(
                token=token,
                application=self.application,
                scope=" ".join(scene.token_scopes),
                expires=scene.moment + scene.token_left,
            )
            yield token
            transaction.set_rollback(True)

    def _people(self, scene: Scene) -> None:
        # All links first: who exists already is linked only by an identifier, and these people have none.
        for table, row in scene.rows:
            if table == "people_providerperson":
                set_reach(Actor("administrator", provider_id=row["provider_id"]))
                _insert(table, {"id": uuid4(), **row})
        for provider in PROVIDERS:
            set_reach(Actor("administrator", provider_id=provider))
            mine = [(table, row) for table, row in scene.rows if row["provider_id"] == provider]
            for table, row in sorted(mine, key=lambda pair: TENANTS.index(pair[0])):
                if table == "people_providerperson":
                    _insert("people_person", _person(row["person_id"]))
                else:
                    _insert(table, {"id": uuid4(), **row})
            with connection.cursor() as cursor:
                for table, person, period in scene.moved:
                    column = "child_id" if table == "people_guardianship" else "person_id"
                    cursor.execute(
                        f"UPDATE {table} SET valid_from = %s, valid_to = %s WHERE provider_id = %s AND {column} = %s",
                        [period["valid_from"], period["valid_to"], provider, person],
                    )
                cursor.execute(
                    "UPDATE people_person SET non_disclosure = true WHERE id = ANY (%s)", [list(scene.hidden)]
                )

    def ids(self) -> dict[str, UUID | None]:
        """Return everybody by the supplier's id, and an id that nobody has."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('digione.supplier', %s, true)", [str(self.supplier.pk)])
            cursor.execute(
                "SELECT sourced_id, person_id FROM access_subject WHERE supplier_id = %s", [self.supplier.pk]
            )
            return {**{str(ident): person for ident, person in cursor.fetchall()}, str(uuid4()): None}

    def hot(self, ident: str, token: str, *, kept: bool = False) -> Answer:
        """Ask the hot lane alone; with `kept` once before, so that it finds what it has kept."""
        if not kept:
            return self._hot(ident, token)
        with undone():
            self._hot(ident, token, undo=False)
            return self._hot(ident, token)

    def together(
        self, idents: Sequence[str], token: str, requests: Sequence[bytes | None] = ()
    ) -> tuple[list[bytes | None], list[Row]]:
        """Ask for several at once, as those are who ask at the same time, once each is kept that can be kept."""
        with undone():
            for ident in idents:
                self._hot(ident, token, undo=False)
            with undone() as logged:
                asked = [(ident.encode(), request) for ident, request in zip_longest(idents, requests)]
                found = hot_lane.users_together(hashlib.sha256(token.encode()).hexdigest(), asked)
                base = f"http://testserver{PREFIX}"
                return [body and hot_lane.addressed(base, body) for body in found], logged()

    def _hot(self, ident: str, token: str, *, undo: bool = True) -> Answer:
        told: list[Any] = []
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": f"{self.where}/{ident}",
            "QUERY_STRING": "",
            "wsgi.url_scheme": "http",
            "HTTP_HOST": "testserver",
            "HTTP_AUTHORIZATION": f"Bearer {token}",
        }
        with undone(really=undo) as logged:
            chunks = HotLane(lambda _environ, _start: [])(environ, lambda *args: told.append(args))
            body = b"".join(chunks)
            if not told:
                return Answer(None, body, {}, logged())
            ((status, headers),) = told
            return Answer(int(status[:3]), body, dict(headers), logged())

    def ordinary(self, ident: str, token: str) -> Answer:
        """Ask the ordinary lane alone."""
        with undone() as logged:
            answer = self.client.get(f"{self.where}/{ident}", headers={"Authorization": f"Bearer {token}"})
            return Answer(answer.status_code, answer.content, dict(answer.headers), logged())


def expected(scene: Scene, person: UUID | None) -> int:
    """Return the status that the rules of the house give, worked out here without the database."""
    if scene.token_left <= timedelta(0):
        return 401
    day = scene.moment.astimezone(clock.FINLAND).date()
    opened: dict[UUID, tuple[bool, bool]] = {}
    for taking in scene.takings:
        live = taking["valid_from"] <= day <= (taking["valid_to"] or day)
        granted = {*taking["scopes"]} & {*scene.token_scopes}
        if live and granted:
            provider = taking["provider_id"]
            roster = bool(granted & {ROSTER, CORE})
            told, disclosed = opened.get(provider, (False, True))
            # Scopes add up; who is protected is told only where every agreement includes them.
            opened[provider] = (told or roster, disclosed and taking["non_disclosure_included"])
    grants = {provider: disclosed for provider, (roster, disclosed) in opened.items() if roster}
    if not grants:
        return 403
    hidden = person in scene.hidden or person == cast.PROTECTED_PUPIL
    seen = any(
        person in _linked(scene, provider) and (disclosed or not hidden) for provider, disclosed in grants.items()
    )
    return 200 if seen else 404


def _linked(scene: Scene, provider: UUID) -> set[UUID]:
    made = {
        row["person_id"]
        for table, row in scene.rows
        if table == "people_providerperson" and row["provider_id"] == provider
    }
    valkamo = {cast.OUTSIDER, cast.VALKAMO_PUPIL}
    return made | (valkamo | {cast.GUARDIAN} if provider == cast.VALKAMO else {*cast.PEOPLE} - valkamo)


def compare(lanes: Lanes, scene: Scene) -> tuple[int, int]:
    """Hold both lanes against each other for everybody. Returns how many the hot lane and the ordinary one answered."""
    by_hot = by_ordinary = 0
    answers: dict[str, Answer] = {}
    with lanes.played(scene) as token:
        for ident, person in lanes.ids().items():
            ordinary, hot = lanes.ordinary(ident, token), lanes.hot(ident, token)
            answers[ident] = hot
            assert ordinary.status == expected(scene, person), person
            assert lanes.hot(ident, token, kept=True) == hot
            by_ordinary += ordinary.status == 200
            if hot.status is None:
                # What the hot lane leaves, it leaves without a trace; and it leaves no success but of several providers.
                assert hot.body == b""
                assert hot.logged == []
                assert ordinary.status != 200 or len({taking["provider_id"] for taking in scene.takings}) > 1
                continue
            by_hot += 1
            assert (hot.status, hot.body) == (ordinary.status, ordinary.body)
            assert json.loads(hot.body)["user"]["sourcedId"] == ident
            assert hot.logged == ordinary.logged
            assert len(hot.logged) == 1
            for name, value in hot.headers.items():
                assert ordinary.headers[name] == value, name
        # Asked together, each is answered and logged as alone; where several providers are open, none is.
        bodies, logged = lanes.together(list(answers), token)
        found = [(body, answer) for body, answer in zip(bodies, answers.values(), strict=True) if body is not None]
        assert all(body == answer.body for body, answer in found)
        assert logged == [row for _, answer in found for row in answer.logged]
        assert len(found) == by_hot or len({taking["provider_id"] for taking in scene.takings}) > 1
    return by_hot, by_ordinary


@contextmanager
def undone(*, really: bool = True) -> Iterator[Any]:
    """Run the block and (`really`) take back what it did; inside, the function given returns what has been logged."""
    before = len(_logged())
    with transaction.atomic():
        yield lambda: _logged()[before:]
        transaction.set_rollback(really)


def _logged() -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT stage.logged()")
        return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in cursor.fetchall()]


def _insert(table: str, row: Row) -> None:
    values: Sequence[Any] = list(row.values())
    marks = ", ".join(["%s"] * len(row))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) ON CONFLICT DO NOTHING", values)


def _person(person: UUID) -> Row:
    family = f"Väliaho {MADE.index(person)}"
    return {
        "id": person,
        "first_names": "Mielikki",
        "given_name": "Mielikki",
        "family_name": family,
        "sort_key": sort_key(family, "Mielikki"),
        "search_key": search_key(family, "Mielikki"),
    }
