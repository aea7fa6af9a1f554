"""Schemathesis drives our own description of OneRoster 1.1 against the service, in this process."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from digione.config.wsgi import application
from digione.rest.oneroster.v1p1.openapi import document
from digione.rest.oneroster.v1p1.operations import OPERATIONS
from tests import cast
from tests.api.oneroster_1_1 import OldApp
from tests.api.wsgi import one_transaction

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
WORDS = ["role", "orgs.sourcedId", "username", "classType", "familyName", "dateLastModified", "shoeSize", "roles.role"]
VALUES = st.sampled_from(["teacher", "2026-08-06", "scheduled", "", str(cast.RANTAPUISTO)]) | st.text(max_size=8)
TERMS = st.builds(
    lambda name, sign, value: f"{name}{sign}'{value.replace(chr(39), chr(39) * 2)}'",
    st.sampled_from(WORDS),
    st.sampled_from(["=", "!=", "<", "~"]),
    VALUES.filter(lambda value: "\x00" not in value),
)
FILTERS = st.lists(TERMS, min_size=1, max_size=3).map(" AND ".join)


@pytest.fixture
def _transaction(db: None) -> Iterator[None]:
    with one_transaction():
        yield


@pytest.mark.usefixtures("_transaction")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_description_of_1_1_holds_under_fuzzing(mode: GenerationMode) -> None:
    app = OldApp(cast.KUUSNIEMI_OID)
    described = {**json.loads(json.dumps(document())), "servers": [{"url": f"http://testserver{app.prefix}"}]}
    schema = schemathesis.openapi.from_dict(described)
    schema.app = application
    known = {
        "schoolSourcedId": str(cast.RANTAPUISTO),
        "classSourcedId": str(cast.GROUP_3B),
        "studentSourcedId": app.sourced(cast.PUPIL),
        "teacherSourcedId": app.sourced(cast.TEACHER),
        "userSourcedId": app.sourced(cast.PUPIL),
    }
    answers: Counter[int] = Counter()
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == len(OPERATIONS)
    for operation in operations:

        @settings(
            max_examples=12,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(generation_mode=mode),
            existing=st.booleans(),
            asked=st.none() | FILTERS,
        )
        def probe(case: Any, existing: bool, asked: str | None) -> None:
            # Invented ids never exist, and invented filters are never read; some cases get past both doors.
            mended = (case.path_parameters or {}).keys() & known.keys() if existing else set()
            for name in mended:
                case.path_parameters[name] = known[name]
            if asked and mode is GenerationMode.POSITIVE and "filter" in (case.query or {}):
                case.query["filter"] = asked
            answer = case.call(headers={"Authorization": f"Bearer {app.token}"})
            # Success is right where the fault stood in the id that we have just mended, in a parameter that nobody
            # knows, and in `sort` and `fields`, which 1.1 passes over with a warning.
            told = str(case.meta.phase.data.description) + str(case.meta.phase.data.parameter)
            forgivable = mended or any(word in told for word in ("additionalProperties", "sort", "fields"))
            if not (mode is GenerationMode.NEGATIVE and answer.status_code == 200 and forgivable):
                answers[answer.status_code] += 1
                case.validate_response(answer, checks=CHECKS)
            else:
                case.validate_response(answer, checks=CHECKS[:-1])

        probe()
    assert answers[500] == 0
    if mode is GenerationMode.POSITIVE:
        assert answers[200] > 40, answers
        assert answers[400] > 40, answers
    else:
        assert answers[200] == 0, answers
