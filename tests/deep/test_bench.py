"""The bench runs to its end, and answers in the form that is promised. No time is asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from digione.cli.bench_commands import NAMES

pytestmark = pytest.mark.deep
KEYS = {"name", "value", "unit", "limit", "ratio", "cpu_ms", "statements", "learners"}


def test_every_bench_gives_its_figures() -> None:
    command = [str(Path(sys.executable).parent / "digione"), "bench", "--learners", "300", "--json"]
    environment = {name: value for name, value in os.environ.items() if name not in {"DIGIONE_DATA", "DATABASE_URL"}}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-3000:]
    figures = json.loads(answer.stdout)
    assert all(figure.keys() == KEYS for figure in figures)
    assert all(figure["value"] > 0 for figure in figures if figure["name"] != "roster_out_memory_growth")
    assert {figure["learners"] for figure in figures} == {300}
    assert {figure["name"] for figure in figures} >= set(NAMES) - {"lists", "studies"} | {
        "school_students_page_1",
        "mark_change",
        "enrolments_lines",
        "koski_in",
    }
