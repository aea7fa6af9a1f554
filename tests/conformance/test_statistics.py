"""What the planner must know of a provider that has just joined, and what it must not mistake.

Found, not listed: a new table of rosters, or a new index of changes, is tested by itself.
"""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def _names(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def test_an_index_of_changes_answers_nothing_but_questions_about_changes() -> None:
    found = _names(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE '%(provider_id, sys_from%'"
        # Nobody looks a person up in the history.
        " AND tablename !~ '_history$'"
    )
    assert len(found) >= 6
    assert [each for each in found if "WHERE (sys_from > '-infinity'" not in each] == []


def test_statistics_of_a_roster_follow_a_thousand_rows() -> None:
    late = _names(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
        " AND c.relname ~ '^(people|studies)_' AND c.relname !~ '_history$'"
        " AND EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid)"
        " AND NOT 'autovacuum_analyze_threshold=1000' = ANY (coalesce(c.reloptions, '{}')) ORDER BY 1"
    )
    # Of these there are few.
    assert late == ["people_duplicatecase", "people_nondisclosure", "people_personsuccession"]
