"""Organisaatiopalvelu's answers as organisations: the whole hierarchy, or the descendants of one organisation."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from digione.core.texts import in_language, sort_key
from digione.integrations.loading.json_files import UNREADABLE, Item, read_json
from digione.integrations.loading.report import Problems
from digione.integrations.loading.values import (
    ORGANISATION_OID,
    business_id_is_right,
    day_of_milliseconds,
    oid_check_is_right,
)

#: The root of the register: the Finnish National Agency for Education itself. It is not part of the answers.
ROOT = "1.2.246.562.10.00000000001"
_LANGUAGES = ("fi", "sv", "en")
# Some answers write the names of types, others the codes of the list `organisaatiotyyppi`.
_KINDS = {
    "KOULUTUSTOIMIJA": "provider",
    "OPPILAITOS": "school",
    "TOIMIPISTE": "site",
    "OPPISOPIMUSTOIMIPISTE": "apprenticeship_site",
    "MUU_ORGANISAATIO": "other",
    "TYOELAMAJARJESTO": "working_life",
    "VARHAISKASVATUKSEN_JARJESTAJA": "early_years_organiser",
    "VARHAISKASVATUKSEN_TOIMIPAIKKA": "early_years_site",
    "KUNTA": "municipality",
}
_KINDS |= {f"organisaatiotyyppi_{number:02}": kind for number, kind in enumerate(list(_KINDS.values()), start=1)}


@dataclass(slots=True)
class OrganisationRow:
    """One organisation as the register has it. `line` and `element` say where it stands in the file (see `Item`)."""

    file: str
    line: int
    element: str
    oid: str
    parent_oid: str | None
    provider_oid: str | None
    kinds: list[str]
    name: dict[str, str]
    sort_key: str
    business_id: str | None
    school_code: str | None
    school_type: str | None
    municipality_code: str | None
    languages: list[str]
    valid_from: date | None
    valid_to: date | None

    def digest(self) -> bytes:
        """Return the hash of what the register says, without the place in the answer."""
        facts = {name: value for name, value in asdict(self).items() if name not in {"file", "line", "element"}}
        return hashlib.blake2b(
            json.dumps(facts, sort_keys=True, default=str, ensure_ascii=False).encode(), digest_size=16
        ).digest()


@dataclass
class _Walk:
    file: str
    problems: Problems
    rows: dict[str, OrganisationRow] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)
    place: int = 0


def read_organisations(path: Path, problems: Problems) -> list[OrganisationRow]:
    """Return every organisation of an answer, parents before children; faults go to `problems`."""
    answer = read_json(path, problems)
    if answer is UNREADABLE:
        return []
    nodes, where = (answer.get("organisaatiot"), "organisaatiot") if isinstance(answer, dict) else (answer, "")
    if isinstance(answer, dict) and nodes is None and "oid" in answer:
        nodes = [answer]
    if not isinstance(nodes, list):
        problems.error(path.name, 0, "", "shape.organisations")
        return []
    walk = _Walk(path.name, problems)
    _read_all(walk, nodes, where, answer)
    if walk.place and not walk.rows:
        problems.error(path.name, 0, "oid", "no-national-organisation")
    promised = answer.get("numHits") if isinstance(answer, dict) else None
    if isinstance(promised, int) and promised != walk.place:
        problems.warning(path.name, 0, "numHits", "count", promised=promised, count=walk.place)
    if walk.doubtful:
        problems.warning(path.name, 0, "oid", "oid-check-digit", count=len(walk.doubtful), first=walk.doubtful[0])
    _refuse_circles(walk)
    return list(walk.rows.values())


def _read_all(walk: _Walk, nodes: list[Any], where: str, answer: Any) -> None:
    """Read organisations and those below them, in the order of the file. A file may nest deeper than calls can."""
    waiting: list[tuple[Any, str, Any, OrganisationRow | None, str | None]] = [
        (node, f"{where}[{number}]", answer, None, None) for number, node in reversed(list(enumerate(nodes)))
    ]
    while waiting:
        node, path, around, parent, provider = waiting.pop()
        walk.place += 1
        item = Item.begin(walk.file, walk.place, path, node, walk.problems, around, "oid")
        if not isinstance(node, dict):
            item.error(path[:300], "shape.organisation")
            continue
        row = _row(walk, item, parent, provider)
        # Children of a refused organisation are still diagnosed; they hang on the nearest one that was taken.
        below = item.listed("children")
        if item.faulty:
            row = None
        if row is not None:
            walk.rows[row.oid] = row
        under = row.provider_oid if row else provider
        waiting += [
            (child, f"{path}.children[{number}]", node, row or parent, under)
            for number, child in reversed(list(enumerate(below)))
        ]


def _refuse_circles(walk: _Walk) -> None:
    """Refuse what stands under itself, directly or through others."""
    sound: set[str] = set()
    for row in list(walk.rows.values()):
        # In the order in which they were met, and found at once however long the way is.
        way: dict[str, None] = {}
        above: str | None = row.oid
        while above in walk.rows and above not in sound and above not in way:
            way[above] = None
            above = walk.rows[above].parent_oid
        if above in way:
            met = list(way)
            for oid in met[met.index(above) :]:
                gone = walk.rows.pop(oid)
                walk.problems.error(
                    walk.file, gone.line, "parentOid", "parent.circle", subject=oid, element=gone.element
                )
        else:
            sound.update(way)


def _row(walk: _Walk, item: Item, parent: OrganisationRow | None, provider: str | None) -> OrganisationRow | None:
    """Return the organisation that an object tells of. None, or an item that is faulty, means that it is refused."""
    oid = item.text("oid") or ""
    texts = item.inner("nimi")
    name = {language: _text(texts.text(language)) for language in _LANGUAGES} if texts else {}
    name = {language: text for language, text in name.items() if text}
    kinds = _kinds(item, oid)
    said, business_id, code = (
        item.short("parentOid"),
        item.short("ytunnus") or None,
        item.short("oppilaitosKoodi") or None,
    )
    school_type, place_uri = item.short("oppilaitostyyppi"), item.short("kotipaikkaUri") or ""
    languages = item.texts("kieletUris")
    valid_from, valid_to = _day(item, "alkuPvm"), _day(item, "lakkautusPvm")
    if not ORGANISATION_OID.fullmatch(oid):
        if not item.faulty:
            item.error("oid", "oid", value=oid[:60])
        return None
    if oid in walk.rows:
        item.error("oid", "duplicate.element", value=oid, first=walk.rows[oid].element)
        return None
    if not name and not item.faulty:
        item.error("nimi", "required.name", subject=oid)
    if item.faulty:
        return None
    if not oid_check_is_right(oid):
        walk.doubtful.append(oid)
    above = parent.oid if parent else (said if said and said != ROOT else None)
    if parent is not None and said and said != parent.oid:
        item.warn("parentOid", "parent", subject=oid, above=parent.oid, value=said[:60])
    if business_id and not business_id_is_right(business_id):
        item.warn("ytunnus", "business-id", value=business_id[:40], subject=oid)
    if code and not re.fullmatch(r"\d{5}", code):
        item.warn("oppilaitosKoodi", "school-code", value=code[:40], subject=oid)
    if valid_from and valid_to and valid_to < valid_from:
        item.warn("lakkautusPvm", "period.taken", subject=oid)
    return OrganisationRow(
        file=item.file,
        line=item.line,
        element=item.element,
        oid=oid,
        parent_oid=above,
        provider_oid=oid if {"provider", "early_years_organiser"} & set(kinds) else provider,
        kinds=kinds,
        name=name,
        sort_key=sort_key(in_language(name, _LANGUAGES)),
        business_id=business_id,
        school_code=code,
        school_type=_code(school_type),
        municipality_code=place_uri.removeprefix("kunta_") if place_uri.startswith("kunta_") else None,
        languages=[code for code in map(_code, languages) if code],
        valid_from=valid_from,
        valid_to=valid_to,
    )


def _kinds(item: Item, oid: str) -> list[str]:
    kinds: list[str] = []
    for written in item.texts("organisaatiotyypit") or item.texts("tyypit"):
        kind = _KINDS.get(written.split("#")[0])
        if kind is None:
            item.warn("organisaatiotyypit", "enum.unknown", subject=oid[:60], value=written[:40])
        elif kind not in kinds:
            kinds.append(kind)
    return kinds


def _text(text: str | None) -> str:
    # The register's names hold soft hyphens here and there; they are layout, not name.
    return " ".join((text or "").replace("\xad", "").split())


def _code(uri: str | None) -> str | None:
    return uri.split("#")[0].rsplit("_", 1)[-1] if uri else None


def _day(item: Item, name: str) -> date | None:
    """Return a day that is written in milliseconds or as a date; one that is no day is told and left empty."""
    written = item.value.get(name)
    if not isinstance(written, str):
        milliseconds = item.number(name)
        if milliseconds is None:
            return None
        try:
            return day_of_milliseconds(milliseconds)
        except (ValueError, OverflowError):
            item.warn(name, "date", value=str(milliseconds))
            return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        item.warn(name, "date", value=written[:40])
        return None
