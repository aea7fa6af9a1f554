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
from tests.api.test_v1 import ALL
from tests.api.wsgi import one_transaction


@pytest.fixture
def _transaction(db: None) -> Iterator[None]:
    with one_transaction():
        yield


@pytest.mark.usefixtures("_transaction")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_description_holds_under_fuzzing(mode: GenerationMode) -> None:
    app = App(cast.KUUSNIEMI_OID, scopes=ALL)
    described = json.loads(json.dumps(document()))
    described["servers"] = [{"url": "http://testserver"}]
    schema = schemathesis.openapi.from_dict(described)
    schema.app = application
    known = {"schools": str(cast.RANTAPUISTO), "persons": app.sourced(cast.PUPIL)}
    answers: Counter[int] = Counter()
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == 2 * len(ENDPOINTS)
    for operation in operations:

        @settings(
            max_examples=60,
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
            answer = case.call(headers={"Authorization": f"Bearer {app.token}"})
            answers[answer.status_code] += 1
            # Where the fault stood in the id that we have just mended, or in a header that may say anything, the
            # request is a good one.
            good = mended or any("header" in str(place) for place in case.meta.components)
            checks = [check for check in CHECKS if not (good and check.__name__ == "negative_data_rejection")]
            case.validate_response(answer, checks=checks)

        probe()
    assert answers[500] == 0
    if mode is GenerationMode.POSITIVE:
        assert answers[200] > 80, answers
    else:
        assert answers[422] > 80, answers
