"""What the tests of a learner's document share: its scopes, and what the hot lane answers."""

from typing import Any

from digione.access.scopes import (
    ASSESSMENTS_READ,
    ASSESSMENTS_WORDS_READ,
    ATTAINMENTS_READ,
    ATTAINMENTS_SUPPORT_READ,
    PERSONS_IDENTITY_READ,
    PERSONS_READ,
    STUDY_RIGHT_EXTRAS_READ,
    STUDY_RIGHT_STATES_READ,
    STUDY_RIGHTS_READ,
)
from digione.rest.hot_lane import HotLane
from tests.api.oneroster import App
from tests.api.wsgi import ask as ask_wsgi

SCOPES = (
    STUDY_RIGHTS_READ,
    PERSONS_READ,
    PERSONS_IDENTITY_READ,
    STUDY_RIGHT_STATES_READ,
    STUDY_RIGHT_EXTRAS_READ,
    ATTAINMENTS_READ,
    ATTAINMENTS_SUPPORT_READ,
    ASSESSMENTS_READ,
    ASSESSMENTS_WORDS_READ,
)
WHERE = "/api/v1/learners"


def hot(app: App, ident: str, *, headers: dict[str, str] | None = None, token: str | None = None) -> Any:
    """Return what the hot lane answers, None where it leaves the request to the other."""
    left: list[bool] = []

    def ordinary(_environ: Any, start_response: Any) -> list[bytes]:
        left.append(True)
        start_response("200 OK", [])
        return []

    answer = ask_wsgi(
        HotLane(ordinary), f"{WHERE}/{ident}", authorization=f"Bearer {token or app.token}", headers=headers
    )
    return None if left else answer
