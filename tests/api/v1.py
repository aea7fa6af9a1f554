"""What the tests of our own API share: how an app asks, whether an answer is as described, and which rows there are."""

import json
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import jsonschema
from django.db import connection

from digione.core.use_case import Actor, set_reach
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.endpoints import ENDPOINTS, PERSONS
from digione.rest.v1.openapi import document
from tests import cast
from tests.api.oneroster import App

#: Scopes to write by, each beside that to read by.
WRITES = tuple(endpoint.writing.scope for endpoint in ENDPOINTS if endpoint.writing)
ALL = tuple(scope for endpoint in ENDPOINTS for scope in (endpoint.scope, endpoint.narrow_scope) if scope)


def ask(app: App, path: str, *, token: str | None = None, headers: dict[str, str] | None = None, **query: Any) -> Any:
    """Ask the API over HTTP, in English. Whatever it answers has to be as the description says."""
    bearer = {"Authorization": f"Bearer {app.token if token is None else token}"}
    answer = app.client.get(f"/api/v1/{path}", query, headers={**bearer, "Accept-Language": "en", **(headers or {})})
    hold_to_description(path, answer)
    return answer


def send(
    app: App,
    method: str,
    path: str,
    body: dict[str, Any] | bytes,
    *,
    token: str | None = None,
    kind: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Any:
    """Write by the API over HTTP, in English. Whatever it answers has to be as the description says."""
    bearer = {"Authorization": f"Bearer {app.token if token is None else token}"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = app.client.generic(
        method, f"/api/v1/{path}", data, kind, headers={**bearer, "Accept-Language": "en", **(headers or {})}
    )
    hold_to_description(path, answer, method.lower())
    return answer


def hold_to_description(path: str, answer: Any, method: str = "get") -> None:
    """Check status, content type and body of an answer against the OpenAPI document. Unknown addresses are not in it."""
    collection, _, one = path.partition("?")[0].partition("/")
    operations = document()["paths"].get(
        f"/api/v1/{collection}" + (f"/{one}" if one in {"changes", "lines"} else "/{id}" if one else "")
    )
    if operations is None or method not in operations:
        return
    if "Preference-Applied" in answer:
        assert answer.content == b""
        return
    content = operations[method]["responses"][str(answer.status_code)].get("content")
    if content is None:
        assert answer.content == b""
        return
    shape = _validator(content[answer["Content-Type"]]["schema"]["$ref"])
    for line in lines(answer) if answer.streaming else [answer.content]:
        shape.validate(json.loads(line))


def lines(answer: Any) -> list[bytes]:
    """Return the lines of a stream, which can be asked for again."""
    whole = b"".join(answer.streaming_content)
    answer.streaming_content = [whole]
    assert not whole or whole.endswith(b"\n")
    return whole.splitlines()


@cache
def _validator(reference: str) -> jsonschema.Draft202012Validator:
    schema = {"$ref": reference, "components": document()["components"]}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def rows(app: App, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return every row of a list, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = ask(app, path, **query)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        found += page["items"]
        if page["after"] is None:
            assert page["next"] is None
            return found
        query = {**query, "after": page["after"]}


def one_of(app: App, endpoint: Endpoint) -> str:
    """Return the app's id of a row that it may read; of people, that of the pupil."""
    return app.sourced(cast.PUPIL) if endpoint is PERSONS else str(rows(app, endpoint.path, fields="id")[0]["id"])


def codes(answer: Any) -> list[tuple[str, str]]:
    """Return place and sort of each fault that an answer tells."""
    assert answer["Content-Type"] == "application/problem+json"
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def run(actor: Actor, sql: str, values: list[Any] | dict[str, Any]) -> None:
    """Change something as `actor`; it has to be there."""
    set_reach(actor)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount


#: Table → columns and values of a row for each of some people (`id`), by which it is theirs or as numerous as they are.
_OF_A_CROWD = {
    "people_providerperson": ("person_id, basis, valid_from", "id, 'learner', %(day)s"),
    "studies_schoolenrolment": ("person_id, school_id, grade, valid_from", "id, %(school)s, '4', %(day)s"),
    "studies_enrolment": (
        "person_id, group_id, school_id, role, valid_from",
        "id, %(group)s, %(school)s, 'student', %(day)s",
    ),
    "people_staffassignment": ("person_id, organisation_id, role, valid_from", "id, %(school)s, 'aide', %(day)s"),
    "organisations_academicsession": (
        "school_id, kind, starts_on, ends_on, school_year",
        "%(school)s, 'term', %(day)s, %(day)s, 2026",
    ),
    "studies_course": ("school_id", "%(school)s"),
    "studies_group": ("school_id, kind", "%(school)s, 'care_group'"),
}


#: A study right of each of them, whose id is the person's own, and what hangs on it.
_STUDIES_OF_A_CROWD = [
    f"INSERT INTO studies_{table} (id, provider_id, person_id, {columns}) SELECT {ident}, %(provider)s, id, {row}"
    " FROM unnest(%(people)s::uuid[]) AS id"
    for table, ident, columns, row in (
        ("studyright", "id", "level, school_id, valid_from", "'perusopetus', %(school)s, %(day)s"),
        ("studyrightstate", "id", "study_right_id, place, valid_from, state", "id, 0, %(day)s, 'lasna'"),
        ("studyrightextra", "id", "study_right_id, place, kind, is_listed", "id, 0, 'abroad', true"),
        (
            "attainment",
            "id",
            "study_right_id, place, node, kind, module",
            "id, 0, 'n', 'perusopetuksenvuosiluokka', '3'",
        ),
        ("assessment", "id", "attainment_id, place, mark", "id, 0, '8'"),
    )
]
_PLACES = {
    cast.KUUSNIEMI: {"school": cast.RANTAPUISTO, "group": cast.GROUP_4A, "year": cast.YEAR_KUUSNIEMI},
    cast.VALKAMO: {"school": cast.YHTENAISKOULU, "group": cast.GROUP_8C, "year": cast.YEAR_VALKAMO},
}


def crowd(count: int, provider: UUID = cast.KUUSNIEMI) -> list[UUID]:
    """Let `count` people come to a provider, each enrolled, in a group and at work there; as many of everything else."""
    people = [uuid4() for _ in range(count)]
    values = {"provider": provider, "day": cast.START, "people": people, **_PLACES[provider]}
    each = "FROM unnest(%(people)s::uuid[]) AS id"
    statements = [
        f"INSERT INTO {table} (id, provider_id, {columns}) SELECT gen_random_uuid(), %(provider)s, {row} {each}"
        for table, (columns, row) in _OF_A_CROWD.items()
    ]
    # The link comes before the person, who may be written only where there is one.
    statements.insert(
        1,
        "INSERT INTO people_person (id, first_names, given_name, family_name, sort_key, search_key)"
        f" SELECT id, 'Otso', 'Otso', 'Suvanto', 'suvanto', 'suvanto otso' {each}",
    )
    statements.append(
        "INSERT INTO studies_groupsession (id, provider_id, group_id, session_id)"
        " SELECT gen_random_uuid(), g.provider_id, g.id, %(year)s FROM studies_group g WHERE g.provider_id = %(provider)s"
        " AND NOT EXISTS (SELECT 1 FROM studies_groupsession t WHERE t.provider_id = g.provider_id AND t.group_id = g.id)"
    )
    statements += _STUDIES_OF_A_CROWD
    for sql in statements:
        run(cast.administrator.at(provider), sql, values)
    return people
