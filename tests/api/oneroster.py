"""What the tests of OneRoster share: an app that asks over HTTP, the official file, and what the cast lacks."""

import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jsonschema
from django.db import connection
from django.test import Client
from oauth2_provider.models import AccessToken, Application

from digione.access.services import create_app
from digione.core import clock
from digione.core.use_case import Actor, set_reach
from digione.rest.oneroster.operations import CORE, DEMOGRAPHICS, ROSTER, Operation
from tests import cast

PREFIX = "/ims/oneroster/rostering/v1p2"
OFFICIAL = "standards/oneroster/openapi-1.2/onerosterv1p2rostersservice_openapi3_v1p0.json"
TERM, PERIOD, LOOSE_GROUP = uuid4(), uuid4(), uuid4()


class App:
    """An app with a token, asking over HTTP."""

    prefix = PREFIX

    def __init__(
        self, *oids: str, scopes: tuple[str, ...] = (ROSTER, CORE, DEMOGRAPHICS), supplier: str = "Tuikku Oy"
    ) -> None:
        self.name = f"{supplier} {uuid4()}"
        self.made = create_app(cast.platform, name=self.name, supplier=supplier, provider_oids=oids, scopes=scopes)
        self.token = self.new_token(scopes)
        self.client = Client()

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.token.encode()).hexdigest()

    def new_token(self, scopes: tuple[str, ...], *, lasts: timedelta = timedelta(hours=1)) -> str:
        token = uuid4().hex
        application = Application.objects.get(client_id=self.made.client_id)
        AccessToken.objects.create(
            token=token, application=application, scope=" ".join(scopes), expires=clock.now() + lasts
        )
        return token

    def get(self, path: str, query: dict[str, Any] | None = None, token: str | None = None) -> Any:
        bearer = self.token if token is None else token
        return self.client.get(f"{self.prefix}/{path}", query or {}, headers={"Authorization": f"Bearer {bearer}"})

    def ids(self, path: str, **query: Any) -> list[str]:
        answer = self.get(path, query)
        assert answer.status_code == 200, answer.content
        (rows,) = answer.json().values()
        return [row["sourcedId"] for row in rows]

    def sourced(self, person: UUID) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('digione.supplier', %s, true)", [str(self.made.supplier_id)])
            cursor.execute(
                "SELECT sourced_id FROM access_subject WHERE supplier_id = %s AND person_id = %s",
                [self.made.supplier_id, person],
            )
            return str(cursor.fetchone()[0])


def validate(official: dict[str, Any], template: str, answer: Any) -> None:
    """Check a body against the official schema of its operation and status, formats included."""
    responses = official["paths"][template]["get"]["responses"]
    response = responses.get(str(answer.status_code), responses["default"])
    schema = {**response["content"]["application/json"]["schema"], "components": official["components"]}
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(body(answer))


def body(answer: Any) -> Any:
    return json.loads(b"".join(answer.streaming_content) if answer.streaming else answer.content)


def address(app: App, operation: Operation) -> str:
    """Return the address of an operation with ids that exist."""
    person = {"students": cast.PUPIL, "teachers": cast.TEACHER, "users": cast.GUARDIAN, "demographics": cast.PUPIL}
    kind = operation.path.split("/")[0]
    ids = {
        "schoolSourcedId": str(cast.RANTAPUISTO),
        "classSourcedId": str(cast.GROUP_3B),
        "courseSourcedId": str(LOOSE_GROUP),
        "termSourcedId": str(TERM),
        "studentSourcedId": app.sourced(cast.PUPIL),
        "teacherSourcedId": app.sourced(cast.TEACHER),
        "userSourcedId": app.sourced(cast.PUPIL),
        "sourcedId": app.sourced(person[kind]) if kind in person else (app.ids(kind) or [""])[0],
    }
    return operation.path.format(**ids)


def hot(app: App, ident: str, base: str = "", token: str | None = None) -> str | None:
    checksum = hashlib.sha256((token or app.token).encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT replace(oneroster_user(%s, %s), E'\\x01', %s)", [checksum, ident, base])
        return cursor.fetchone()[0]


def minor(answer: Any) -> str:
    return answer.json()["imsx_CodeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"]


def state() -> list[Any]:
    """Return a fingerprint of what a reader must never change, as the provider sees it."""
    counts = []
    for provider in (cast.KUUSNIEMI, cast.VALKAMO):
        set_reach(Actor("administrator", provider_id=provider))
        with connection.cursor() as cursor:
            for table in (
                "people_person",
                "people_providerperson",
                "people_guardianship",
                "studies_enrolment",
                "studies_group",
            ):
                cursor.execute(
                    f"SELECT count(*), max(sys_from), md5(string_agg(t::text, '' ORDER BY t.id)) FROM {table} t"
                )
                counts.append(cursor.fetchone())
    return counts


def audit(person: UUID, columns: str = "event") -> list[tuple[Any, ...]]:
    """Return what the log says of a person, as that person reads it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('digione.persons', %s, true)", [f"{{{person}}}"])
        cursor.execute(
            f"SELECT {columns} FROM audit_of_person(%s, now() - interval '1 hour', 'infinity', NULL, 1::smallint, NULL,"
            " '{}', '{}', '{}', 50)",
            [person],
        )
        return cursor.fetchall()
