"""What PostgreSQL keeps of our own API: documents of learners, and the functions that make and read them.

They stand in `sql/`; the JSON of a row in them is the very SQL of its list. All but the triggers' functions run with the
caller's rights, under row-level security.
"""

import hashlib
import re
from pathlib import Path

from digione.rest.v1 import learner
from digione.rest.v1.endpoint import STILL_HERE
from digione.rest.v1.learner_scopes import bits
from digione.rest.v1.study_endpoints import ASSESSMENTS, STUDY_RIGHTS

_SQL = Path(__file__).parent / "sql"
#: The kept documents and the functions of their triggers: a table, so it is made once.
LEARNER_DOCUMENTS = (_SQL / "learner_documents.sql").read_text(encoding="utf-8")
_NAMES = ("provider", "supplier", "today", "disclosed")


def _functions() -> str:
    made = {name: f"v1_learner_made.{name}" for name in _NAMES}
    parts = {
        **made,
        "still_here": STILL_HERE,
        "studied": str(bits(STUDY_RIGHTS.scope, ASSESSMENTS.scope)),
        "parts": learner.parts_sql(),
        "secret": _of_document(learner.secrets_sql()),
        "sensitivity": _of_document(learner.sensitivity_sql()),
        "seen": _of_document(learner.seen_sql()),
    }
    text = (_SQL / "learner_functions.sql").read_text(encoding="utf-8")
    whole = re.sub(r"<<(\w+)>>", lambda found: parts[found[1]], text)
    return re.sub(r"%\((\w+)\)s", lambda found: made[found[1]], whole)


def _of_document(sql: str) -> str:
    return re.sub(r"\bopened\b", "v1_learner_document.opened", sql)


#: Drops the functions and makes them anew. A migration runs it whenever it has changed; a test compares the checksum.
LEARNER_FUNCTIONS = _functions()
LEARNER_CHECKSUM = hashlib.sha256(LEARNER_FUNCTIONS.encode()).hexdigest()
