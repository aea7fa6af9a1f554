"""The hot lane equals the ordinary lane, over thousands of scenes."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.api.lanes import Lanes, Scene, compare, scenes

pytestmark = [pytest.mark.deep, pytest.mark.django_db]


def test_both_lanes_answer_and_log_alike_whatever_the_scene() -> None:
    lanes = Lanes()
    answered = [0, 0]

    @settings(max_examples=2000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(scene=scenes())
    def probe(scene: Scene) -> None:
        for place, count in enumerate(compare(lanes, scene)):
            answered[place] += count

    probe()
    by_hot, by_ordinary = answered
    assert 0 < by_hot < by_ordinary, "The scenes reach what the hot lane answers, and what it leaves."
