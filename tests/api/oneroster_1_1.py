"""What the tests of OneRoster 1.1 share: an app that asks in it, and the description that every answer is held to."""

from typing import Any

import jsonschema

from digione.rest.oneroster.operations import Operation
from digione.rest.oneroster.v1p1.openapi import document
from digione.rest.oneroster.views import PREFIX_1_1
from tests.api.oneroster import App, body

VENDORS = "standards/oneroster/openapi-1.1/strongmind_oneroster_v1p1_openapi3.json"
ROSTER_1_1, CORE_1_1, DEMOGRAPHICS_1_1 = (
    f"https://purl.imsglobal.org/spec/or/v1p1/scope/{name}.readonly"
    for name in ("roster", "roster-core", "roster-demographics")
)


class OldApp(App):
    """An app that speaks 1.1."""

    prefix = PREFIX_1_1

    def modern(self, path: str, query: dict[str, Any] | None = None, token: str | None = None) -> Any:
        """Ask the same of 1.2, with the same token."""
        bearer = self.token if token is None else token
        return self.client.get(f"{App.prefix}/{path}", query or {}, headers={"Authorization": f"Bearer {bearer}"})


def hold(operation: Operation, answer: Any, *, part: bool = False) -> Any:
    """Check an answer against the description of its operation, formats included. `part`: `fields` were asked for."""
    described = document()
    responses = described["paths"][f"/{operation.path}"]["get"]["responses"]
    if answer.status_code == 200:
        schema = responses["200"]["content"]["application/json"]["schema"]["anyOf"][int(part)]
    else:
        schema = {"$ref": "#/components/schemas/Failure"}
    told = body(answer)
    whole = {**schema, "components": described["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(told)
    return told


def minor_1_1(answer: Any) -> str:
    (info,) = answer.json()["statusInfoSet"]
    return str(info["imsx_codeMinor"])
