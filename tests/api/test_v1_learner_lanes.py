"""The two lanes to one learner: they answer and log alike, and what is kept follows every change."""

import hashlib
import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import zip_longest
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digione.access.models import Taking
from digione.access.scopes import (
    STUDY_RIGHT_STATES_READ,
    STUDY_RIGHTS_READ,
)
from digione.core import clock
from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster import sealed
from digione.rest.oneroster.operations import ROSTER
from digione.rest.v1 import hot_lane
from digione.rest.v1.learner import SECTIONS
from digione.rest.v1.learners import document, whole
from digione.rest.wire import close_idle
from tests import cast, study_rights
from tests.api.lanes import DAYS, Answer, Lanes, Row, Scene, scenes, undone
from tests.api.learners import SCOPES, WHERE, hot
from tests.api.oneroster import App
from tests.api.v1 import ALL, ask


@pytest.fixture
def app(stage: None) -> App:
    """An app of Kuusniemi with every scope of the API."""
    return App(cast.KUUSNIEMI_OID, scopes=ALL)


_DAYS = st.sampled_from([None, *DAYS])
#: What may change of a learner's studies: table, column, values.
_CHANGES = st.one_of(
    *(
        st.tuples(st.just(table), st.just(column), values)
        for table, column, values in (
            ("studies_studyright", "valid_to", _DAYS),
            ("studies_studyright", "level", st.sampled_from(["perusopetus", "lukio"])),
            ("studies_studyrightstate", "valid_from", st.sampled_from(DAYS)),
            ("studies_studyrightextra", "valid_to", _DAYS),
            ("studies_attainment", "confirmed_on", _DAYS),
            ("studies_attainment", "parent_id", st.none()),
            ("studies_assessment", "mark", st.sampled_from(["4", "10", "S", '"\\\u0001\u2028ä'])),
            ("studies_assessment", "assessed_on", _DAYS),
            ("studies_studyrightstate", None, st.none()),
            ("studies_studyrightextra", None, st.none()),
            ("studies_assessment", None, st.none()),
            ("people_person", "given_name", st.sampled_from(["Sisu", 'Å"sa'])),
            ("people_person", "home_municipality", st.sampled_from(["091", None])),
        )
    )
)
_LEARNERS = st.sampled_from(sorted(study_rights.LEARNERS))


def _change(table: str, column: str | None, value: Any, person: UUID) -> None:
    """Change something of a learner, or remove it where no column is named."""
    set_reach(Actor("administrator", provider_id=study_rights.LEARNERS[person][0]))
    whose = "id" if table == "people_person" else "person_id"
    with connection.cursor() as cursor:
        if column is None:
            cursor.execute(f"DELETE FROM {table} WHERE {whose} = %s", [person])
        else:
            cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {whose} = %s", [value, person])


def _expected(scene: Scene, person: UUID | None) -> int:
    """Return the status that the rules of the house give, worked out here without the database; 0 where links decide."""
    if scene.token_left <= timedelta(0):
        return 401
    day = scene.moment.astimezone(clock.FINLAND).date()
    granted: dict[UUID, set[str]] = {}
    disclosed: dict[UUID, bool] = {}
    for taking in scene.takings:
        open_now = {*taking["scopes"]} & {*scene.token_scopes}
        if open_now and taking["valid_from"] <= day <= (taking["valid_to"] or day):
            provider = taking["provider_id"]
            granted.setdefault(provider, set()).update(open_now)
            disclosed[provider] = disclosed.get(provider, True) and taking["non_disclosure_included"]
    grants = {provider for provider, scopes in granted.items() if STUDY_RIGHTS_READ in scopes}
    if not grants:
        return 403
    provider = study_rights.LEARNERS[person][0] if person in study_rights.LEARNERS else None
    hidden = person in scene.hidden or person == cast.PROTECTED_PUPIL
    if provider not in grants or (hidden and not disclosed[provider]):
        return 404
    return 0


def _usual(scene: Scene) -> Scene:
    """Return the scene of an app that one provider has taken, with the least scope in agreement and token."""
    takings = [taking for taking in scene.takings if taking["provider_id"] == cast.KUUSNIEMI]
    least = [STUDY_RIGHTS_READ]
    return replace(
        scene,
        takings=tuple({**taking, "scopes": [*taking["scopes"], *least]} for taking in takings),
        token_scopes=(*scene.token_scopes, *least),
    )


def _together(idents: list[str], token: str) -> tuple[list[bytes | None], list[Row]]:
    """Ask for several at once, as those are who ask at the same time."""
    with undone() as logged:
        asked = [(ident.encode(), None) for ident in idents]
        found = hot_lane.learners_together(hashlib.sha256(token.encode()).hexdigest(), asked)
        bodies = [
            one and document(ident.encode(), [whole(sealed.of_supplier(UUID(bytes=one[2])), one[0], one[1])])
            for ident, one in zip_longest(idents, found)
        ]
        return bodies, logged()


@pytest.mark.django_db
def test_both_lanes_answer_and_log_alike_whatever_the_scene() -> None:
    """Over cast, days, takings, scopes and changes: the same bytes, headers and row of the log, kept or not."""
    study_rights.load_study_rights()
    lanes = Lanes(WHERE)
    seen: Counter[str] = Counter()

    @settings(max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        scene=scenes((*SCOPES, STUDY_RIGHTS_READ, STUDY_RIGHTS_READ)) | scenes((STUDY_RIGHTS_READ, ROSTER)),
        changes=st.lists(st.tuples(_CHANGES, _LEARNERS), max_size=4),
        usual=st.sampled_from([True, True, True, False]),
    )
    def probe(scene: Scene, changes: list[Any], usual: bool) -> None:
        if usual:
            scene = _usual(scene)
        with lanes.played(scene) as token:
            people = lanes.ids()
            asked = [
                ident
                for ident, person in people.items()
                if person is None or person in (*study_rights.LEARNERS, cast.TEACHER)
            ]
            for change, whom in [(None, None), *changes]:
                if change:
                    _change(*change, whom)
                answers: dict[str, Answer] = {}
                # Everything is kept that can be kept before each change: what stays kept wrongly would show.
                for ident in asked:
                    ordinary, hot_answer = lanes.ordinary(ident, token), lanes._hot(ident, token, undo=False)
                    again = lanes._hot(ident, token, undo=False)
                    assert again == hot_answer
                    expected = _expected(scene, people[ident])
                    assert ordinary.status == expected or (expected == 0 and ordinary.status in (200, 404))
                    seen[f"ordinary {ordinary.status}"] += 1
                    if hot_answer.status is None:
                        assert hot_answer.logged == []
                        assert ordinary.status != 200 or len({taking["provider_id"] for taking in scene.takings}) > 1
                        continue
                    seen["hot"] += 1
                    answers[ident] = hot_answer
                    assert (hot_answer.status, hot_answer.body) == (ordinary.status, ordinary.body)
                    assert hot_answer.headers == ordinary.headers
                    assert hot_answer.logged == ordinary.logged
                    assert len(hot_answer.logged) == 1
                if answers:
                    bodies, logged = _together(list(answers), token)
                    assert bodies == [answer.body for answer in answers.values()]
                    assert logged == [row for answer in answers.values() for row in answer.logged]

    probe()
    assert seen["hot"] > 50, seen
    assert {"ordinary 200", "ordinary 401", "ordinary 403", "ordinary 404"} <= {*seen}, seen


@pytest.mark.django_db
class TestKept:
    """What is kept follows every change of what it was made of, in the transaction of the change."""

    def kept(self, app: App, person: UUID = cast.PUPIL) -> Answer:
        """Return the hot lane's answer, which is that of the ordinary lane, once it is kept."""
        ident = app.sourced(person)
        first, again, told = hot(app, ident), hot(app, ident), ask(app, f"learners/{ident}")
        assert first.content == again.content == told.content
        # The call has left the reach of the app's supplier.
        set_reach(Actor("app", supplier_id=app.made.supplier_id))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM rest_learner_document WHERE sourced_id = %s", [ident])
            assert cursor.fetchone() == (1,)
        return again

    @pytest.mark.parametrize(
        ("table", "column", "value"),
        [
            ("studies_studyright", "level", "lukio"),
            ("studies_studyright", "valid_to", DAYS[0]),
            ("studies_studyrightstate", "valid_from", DAYS[0]),
            ("studies_studyrightstate", None, None),
            ("studies_studyrightextra", "valid_to", DAYS[0]),
            ("studies_studyrightextra", None, None),
            ("studies_attainment", "group_name", "9Z"),
            ("studies_assessment", "mark", "4"),
            ("studies_assessment", None, None),
            ("people_person", "given_name", "Sisu"),
            ("people_person", "home_municipality", "049"),
        ],
    )
    def test_a_changed_or_removed_row_is_told_at_once(
        self, app: App, table: str, column: str | None, value: Any
    ) -> None:
        before, others = self.kept(app), self.kept(app, cast.UNTAUGHT_PUPIL)
        _change(table, column, value, cast.PUPIL)
        after = self.kept(app)
        assert after.content != before.content
        assert after.headers["ETag"] != before.headers["ETag"]
        assert self.kept(app, cast.UNTAUGHT_PUPIL).content == others.content

    def test_a_new_row_is_told_at_once(self, app: App) -> None:
        told = [self.kept(app).content]
        for table, row in study_rights.rows_of(cast.PUPIL, cast.RANTAPUISTO, 4096):
            set_reach(cast.administrator)
            owner = {"provider_id": cast.KUUSNIEMI, "person_id": cast.PUPIL, "sys_from": study_rights.KNOWN_SINCE}
            cast.insert(table, [{**owner, **row}])
            told.append(self.kept(app).content)
        assert len(told) == len({*told}) == 7

    def test_whoever_comes_under_an_order_is_hidden_at_once(self, app: App) -> None:
        self.kept(app)
        _change("people_person", "non_disclosure", True, cast.PUPIL)
        ident = app.sourced(cast.PUPIL)
        assert hot(app, ident) is None
        assert ask(app, f"learners/{ident}").status_code == 404


@pytest.mark.django_db
def test_a_right_that_is_narrowed_or_ended_closes_at_once(app: App) -> None:
    ident = app.sourced(cast.PUPIL)

    def parts() -> set[str] | None:
        answer, told = hot(app, ident), ask(app, f"learners/{ident}")
        assert (answer.content if answer else None) == (told.content if told.status_code == 200 else None)
        return {*answer.json()} - {"id"} if answer else None

    takings = Taking.objects.filter(app_id=app.made.app_id)

    def changed(**values: Any) -> None:
        set_reach(cast.platform)
        takings.update(**values)

    assert parts() == {section.name for section in SECTIONS}
    changed(scopes=[STUDY_RIGHTS_READ, STUDY_RIGHT_STATES_READ])
    assert parts() == {"study_rights", "study_right_states"}
    changed(scopes=[STUDY_RIGHT_STATES_READ])
    assert parts() is None
    changed(scopes=list(ALL))
    assert parts() == {section.name for section in SECTIONS}
    changed(valid_to=clock.today() - timedelta(days=1))
    assert parts() is None


@pytest.mark.usefixtures("committing")
def test_what_an_open_transaction_changes_is_not_kept() -> None:
    with transaction.atomic():
        study_rights.load_study_rights()
        app = App(cast.KUUSNIEMI_OID, scopes=ALL)
        pupil = app.sourced(cast.PUPIL)
    close_idle()
    read: list[Any] = []

    def reader() -> None:
        try:
            read.append(hot(app, pupil))
        finally:
            connections.close_all()

    with transaction.atomic():
        _change("studies_assessment", "mark", "10", cast.PUPIL)
        thread = threading.Thread(target=reader)
        thread.start()
        thread.join()
    assert {row["mark"] for row in read[0].json()["assessments"]} == {"8"}, (
        "Until it is committed, the old mark stands."
    )
    assert {row["mark"] for row in hot(app, pupil).json()["assessments"]} == {"10"}
    close_idle()
