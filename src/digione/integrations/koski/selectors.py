"""Reads: a provider's study rights as documents of the register."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from digione.access.permissions import Event, Permission
from digione.core import secrets
from digione.core.use_case import Row, UseCase, use_case
from digione.integrations.koski.documents import BESIDE_PERSON, BESIDE_RIGHTS
from digione.integrations.koski.mapping import Attainment, StudyRight, write_study_right
from digione.integrations.koski.payload import EXTRAS
from digione.integrations.loading.report import ImportRefusedError

#: Of how many study rights the rows are in memory at a time.
_AT_ONCE = 500
_WRITTEN = {kind: written for written, kind in EXTRAS.items()}
_JSON = {"carried", "description", "module_title", "module_description", "mark_title"}


@use_case(Permission.STUDY_RIGHT_EXPORT, Event.STUDY_RIGHTS_EXPORTED)
def export_documents(uc: UseCase, *, write: Callable[[dict[str, Any]], object]) -> int:
    """Hand a document of each learner who has a study right at the provider to `write`; return how many there were.

    Whoever arranges education gives them to the national register with identity codes, also of people under
    non-disclosure (Laki 884/2017). Each says of the learner what the document said by which the study right came.
    """
    uc.check()
    provider = uc.actor.provider_id
    if provider is None:
        raise ImportRefusedError("no-provider")
    documents, learner = 0, None
    pending: dict[str, Any] = {}
    for person, right, row in _study_rights(uc, provider):
        if person != learner:
            documents += _given(write, pending)
            learner, pending = person, {}
        _add(pending, row, right)
    documents += _given(write, pending)
    uc.touched("people_person", "first_names", "given_name", "family_name")
    uc.touched("people_identifier", "value_enc")
    for table in ("studyright", "studyrightstate", "studyrightextra", "attainment", "assessment"):
        uc.touched(f"studies_{table}", "carried")
    uc.touched("studies_studyrightextra", "kind")
    uc.touched("studies_assessment", "mark", "description")
    uc.saw_in_bulk(by="row", disclosed=True, counts={"documents": documents})
    return documents


def _given(write: Callable[[dict[str, Any]], object], document: dict[str, Any]) -> int:
    if document:
        write(document)
    return len(document) > 0


def _add(document: dict[str, Any], row: Row, right: StudyRight) -> None:
    """Add a study right to the document of its learner."""
    beside = right.row["carried"].pop(BESIDE_RIGHTS, {})
    of_person = right.row["carried"].pop(BESIDE_PERSON, {})
    told = {
        "oid": _opened(row["learner_number"]),
        "hetu": _opened(row["hetu"]),
        "etunimet": row["first_names"],
        "kutsumanimi": row["given_name"],
        "sukunimi": row["family_name"],
    }
    person = document.setdefault("henkilö", {})
    person |= {name: told[name] for name in right.row["told_of_person"] if told[name]} | of_person
    document.setdefault("opiskeluoikeudet", []).append(write_study_right(right))
    document |= beside


def _opened(ciphertext: Any) -> str | None:
    return secrets.decrypt(bytes(ciphertext)) if ciphertext is not None else None


def _study_rights(uc: UseCase, provider: UUID) -> Iterator[tuple[UUID, StudyRight, Row]]:
    """Yield the provider's study rights by learner, each with its learner's data."""
    after: tuple[Any, Any] = (UUID(int=0), UUID(int=0))
    number = (
        "(SELECT i.value_enc FROM people_identifier i WHERE i.person_id = r.person_id AND i.kind = '{0}' AND i.current"
        " AND (i.provider_id IS NULL OR i.provider_id = r.provider_id) ORDER BY i.provider_id NULLS FIRST LIMIT 1)"
    )
    while True:
        rows = uc.rows(
            f"SELECT r.*, p.first_names, p.given_name, p.family_name, {number.format('hetu')} AS hetu,"
            f" {number.format('learner_number')} AS learner_number FROM studies_studyright r"
            " JOIN people_person p ON p.id = r.person_id WHERE r.provider_id = %s AND (r.person_id, r.id) > (%s, %s)"
            " ORDER BY r.person_id, r.id LIMIT %s",
            [provider, *after, _AT_ONCE],
        )
        if not rows:
            return
        ids = [row["id"] for row in rows]
        states = _by(uc, provider, "studies_studyrightstate", "study_right_id", ids)
        extras = _by(uc, provider, "studies_studyrightextra", "study_right_id", ids)
        attainments = _by(uc, provider, "studies_attainment", "study_right_id", ids)
        assessments = _by(
            uc,
            provider,
            "studies_assessment",
            "attainment_id",
            [each["id"] for some in attainments.values() for each in some],
        )
        for row in rows:
            _decode(row)
            right = StudyRight(
                row,
                states.get(row["id"], []),
                [{**each, "written": _WRITTEN[each["kind"]]} for each in extras.get(row["id"], [])],
                _tree(attainments.get(row["id"], []), assessments),
            )
            yield row["person_id"], right, row
        after = rows[-1]["person_id"], rows[-1]["id"]


def _by(uc: UseCase, provider: UUID, table: str, column: str, owners: list[UUID]) -> dict[UUID, list[Row]]:
    """Return the rows of `table` by what they hang on, each in its order.

    A row that is kept and one that a document has brought later may have the same place: the earlier stands first.
    """
    found: dict[UUID, list[Row]] = {}
    for row in uc.rows(
        f"SELECT * FROM {table} WHERE provider_id = %s AND {column} = ANY (%s) ORDER BY {column}, place, id",
        [provider, owners],
    ):
        found.setdefault(row[column], []).append(_decode(row))
    return found


def _decode(row: Row) -> Row:
    for name in _JSON & row.keys():
        if row[name] is not None:
            row[name] = json.loads(row[name])
    return row


def _tree(rows: list[Row], assessments: dict[UUID, list[Row]]) -> list[Attainment]:
    made = {row["id"]: Attainment(row, assessments.get(row["id"], []), []) for row in rows}
    top: list[Attainment] = []
    # Rows come by their place, so parts are added in their order.
    for row in rows:
        (made[row["parent_id"]].parts if row["parent_id"] else top).append(made[row["id"]])
    return top
