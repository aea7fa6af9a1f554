"""The functions by which the hot lane changes a row of our own API.

They are made of the endpoints: the rows that an app is shown, its scopes and the JSON are those of the ordinary lane. They
write only what is certainly right; whatever may be wrong, the ordinary lane judges and words.
"""

import hashlib
import re
from pathlib import Path

from digione.audit import seen, sensitivity
from digione.rest.v1.endpoint import Endpoint
from digione.rest.v1.facts import VERSION_SQL
from digione.rest.v1.study_endpoints import ASSESSMENTS, ATTAINMENTS
from digione.rest.v1.write_facts import scheme_of, writable
from digione.schema.declare import Field, Kind
from digione.studies.record_rules import ANNULLED

_SQL = (Path(__file__).parent / "sql" / "change_functions.sql").read_text(encoding="utf-8")
#: That nobody has annulled the study right in which the row stands.
_IN_FORCE = (
    "NOT EXISTS (SELECT 1 FROM studies_studyrightstate z WHERE z.provider_id = opened.provider AND z.study_right_id = {}"
    f" AND z.state = '{ANNULLED}')"
)
#: When a row as it would stand (`made`) is certainly right beside its neighbours; `record_rules` judges of the others.
_CERTAIN = {
    ASSESSMENTS.path: "made.mark IS NOT NULL AND (coalesce(made.mark_scheme, '') <> '' OR coalesce(made.mark_title, '{}') <> '{}')"
    " AND (made.assessed_on IS NULL OR made.assessed_on <= day) AND "
    + _IN_FORCE.format(
        "(SELECT a.study_right_id FROM studies_attainment a WHERE a.provider_id = opened.provider AND a.id = stands.attainment_id)"
    ),
    ATTAINMENTS.path: "(NOT told ?| '{size,size_unit}' OR (made.size IS NULL) = (made.size_unit IS NULL) AND (made.size > 0) IS NOT FALSE)"
    " AND (NOT told ?| '{language,language_scheme}' OR (made.language IS NULL) = (made.language_scheme IS NULL))"
    " AND (NOT told ?| '{manner,manner_scheme}' OR (made.manner IS NULL) = (made.manner_scheme IS NULL))"
    " AND (NOT told ?| '{confirmed_on,valid_from,confirmed_in,confirmed_by_oid}' OR (made.valid_from <= made.confirmed_on) IS NOT FALSE"
    " AND (made.confirmed_on IS NOT NULL OR made.confirmed_in IS NULL AND made.confirmed_by_oid IS NULL)) AND "
    + _IN_FORCE.format("stands.study_right_id"),
}
#: The endpoints that have such a function.
CHANGED_HOT = (ASSESSMENTS, ATTAINMENTS)


def _function(endpoint: Endpoint) -> str:
    assert endpoint.writing is not None  # noqa: S101 - asked only of endpoints that are written.
    names = sorted(endpoint.writing.changes)
    parameters = {
        "provider": "opened.provider", "supplier": "who.supplier_id", "today": "day", "disclosed": "opened.disclosed",
    }  # fmt: skip
    table, some = endpoint.resource.table, endpoint.names - endpoint.narrow
    parts = {
        "path": endpoint.path,
        "table": table,
        "alias": endpoint.alias,
        "key": endpoint.key,
        "resource": endpoint.resource.name,
        "write": endpoint.writing.scope,
        "read": endpoint.scope,
        "narrow": str(endpoint.narrow_scope),
        "closed": "{" + ",".join(sorted(endpoint.narrow)) + "}",
        "source": endpoint.source(on_a_day=False, at_a_moment=False),
        "version": VERSION_SQL.format("stands.sys_from"),
        "certain": " AND ".join([_CERTAIN[endpoint.path], *_codes(endpoint)]),
        "made": ", ".join(f"made.{name}" for name in names),
        "stands": ", ".join(f"stands.{name}" for name in names),
        "set": ", ".join(f"{name} = made.{name}" for name in names),
        "all": endpoint.json_sql(endpoint.names),
        "some": endpoint.json_sql(some),
        "references": ", ".join(
            own.replace(f"{endpoint.alias}.", "stands.", 1) for own in endpoint.references.values()
        ),
    }
    for which, shown in (("all", endpoint.names), ("some", some)):
        told = [f"{table}.{name}" for name in shown]
        parts[f"sensitivity_of_{which}"] = str(sensitivity.highest(told))
        parts[f"seen_of_{which}"] = str(seen.written(told))
    whole = re.sub(r"<<(\w+)>>", lambda found: parts[found[1]], _SQL)
    return re.sub(r"%\((\w+)\)s", lambda found: parameters[found[1]], whole)


def _codes(endpoint: Endpoint) -> list[str]:
    """Return conditions: no code that the body gives, or gives another list, is unknown to a list that we have."""
    return [
        f"(NOT told ?| '{{{each.name},{scheme_of(each)}}}' OR made.{each.name} IS NULL OR EXISTS (SELECT 1 FROM core_code c"
        f" WHERE c.list_uri = {code_list} AND c.value = made.{each.name})"
        f" OR NOT EXISTS (SELECT 1 FROM core_code c WHERE c.list_uri = {code_list}))"
        for each in writable(endpoint, adding=False)
        if each.kind is Kind.TEXT and (code_list := _list_of(endpoint, each))
    ]


def _list_of(endpoint: Endpoint, field: Field) -> str | None:
    columns = {each.name for each in endpoint.resource.fields}
    scheme = scheme_of(field)
    return f"'{field.code_list}'" if field.code_list else f"made.{scheme}" if scheme in columns else None


#: Drops the functions and makes them anew. A migration runs it whenever it has changed; a test compares the checksum.
CHANGE_FUNCTIONS = "".join(map(_function, CHANGED_HOT))
CHANGE_CHECKSUM = hashlib.sha256(CHANGE_FUNCTIONS.encode()).hexdigest()
