"""Schemathesis drives the API's own description against the service, in this process."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from digione.config.wsgi import application
from digione.rest.v1.endpoints import ENDPOINTS
from digione.rest.v1.openapi import document
from tests import cast
from tests.api.oneroster import App
from tests.api.test_oneroster_fuzz import CHECKS
from tests.api.v1 import ALL, WRITES, one_of
from tests.api.wsgi import one_transaction


@schemathesis.serializer("application/x-ndjson")
def as_a_line(context: Any, value: Any) -> bytes:
    """A body of lines has what its description says in each; here one."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@pytest.fixture
def asking(stage: None) -> Iterator[tuple[App, dict[str, str]]]:
    """An app with every scope, and by address the id of a row that it may read."""
    app = App(cast.KUUSNIEMI_OID, scopes=(*ALL, *WRITES))
    known = {endpoint.path: one_of(app, endpoint) for endpoint in ENDPOINTS} | {"learners": app.sourced(cast.PUPIL)}
    with one_transaction():
        yield app, known


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_description_holds_under_fuzzing(asking: tuple[App, dict[str, str]], mode: GenerationMode) -> None:
    app, known = asking
    described = json.loads(json.dumps(document()))
    described["servers"] = [{"url": "http://testserver"}]
    schema = schemathesis.openapi.from_dict(described)
    schema.app = application
    answers: Counter[int] = Counter()
    operations = [result.ok() for result in schema.get_all_operations()]
    writing = [one.writing for one in ENDPOINTS if one.writing]
    # One operation is of no list: a learner's document.
    assert len(operations) == 1 + 3 * len(ENDPOINTS) + 3 * len(writing)
    owners = {one.owner: known[one.adds_to] for one in writing}
    for operation in operations:

        @settings(
            max_examples=30,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), existing=st.booleans())
        def probe(case: Any, existing: bool) -> None:
            # Invented ids never exist; half of the cases get past that door with ids that do.
            mended = existing and bool(case.path_parameters)
            if mended:
                case.path_parameters["id"] = known[case.path.split("/")[3]]
            if existing and isinstance(case.body, dict):
                case.body |= {name: ident for name, ident in owners.items() if name in case.body}
            if existing and isinstance(case.body, dict) and case.path.endswith("/lines") and "id" in case.body:
                case.body |= {"id": known[case.path.split("/")[3]], "if_match": "*"}
            headers = {"Authorization": f"Bearer {app.token}", **({"If-Match": "*"} if existing else {})}
            answer = case.call(headers=headers)
            answers[answer.status_code] += 1
            # Where the fault stood in the id that we have just mended, or in a header that may say anything, the
            # request is a good one.
            good = mended or any("header" in str(place) for place in case.meta.components)
            checks = [check for check in CHECKS if not (good and check.__name__ == "negative_data_rejection")]
            case.validate_response(answer, checks=checks)

        probe()
    assert answers[500] == 0
    if mode is GenerationMode.POSITIVE:
        assert answers[200] > 20 * len(ENDPOINTS), answers
        assert answers[201], answers
    else:
        assert answers[422] > 20 * len(ENDPOINTS), answers
