"""The benches of study rights: a mark changed by an app, whole lists as lines, and documents of the national register in."""

import json
import os
import resource
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from digione.cli.bench_figures import Figure
from digione.cli.bench_lists import statements
from digione.cli.bench_stage import Stage, app_of, cpu_ms, import_command, limit_by_ids

#: The targets: CPU milliseconds of a change, rows a second on one core, documents a second.
_CHANGE, _ROWS, _DOCUMENTS = 1.0, 100_000, 150
_SECONDS = 5
_SCOPES = (
    "digione:enrolments.read",
    "digione:attainments.read",
    "digione:assessments.read",
    "digione:assessments.write",
)
#: What a document of one learner is made of, but for what is secret.
_OF_A_LEARNER = (
    "digione:persons.read",
    "digione:study_rights.read",
    "digione:study_right_states.read",
    "digione:attainments.read",
    "digione:assessments.read",
)
#: How many documents are brought in: enough that starting the command counts little.
_COUNT = 2000
#: How many learners, and how many marks, are measured with.
_MEASURED = 5000
_SUBJECTS = [
    "AI",
    "A1",
    "B1",
    "A2",
    "MA",
    "BI",
    "GE",
    "FY",
    "KE",
    "TE",
    "KT",
    "HI",
    "YH",
    "MU",
    "KU",
    "LI",
    "KS",
    "OP",
    "KO",
    "ET",
    "FI",
    "PS",
]
_YEARS = ("7", "8", "9")


def studies(on: Stage) -> list[Figure]:
    """One learner's document, a mark changed, enrolments and attainments as lines, and documents in.

    The limit of the learner is pgbench running the same function; the limits of the others are the targets.
    """
    writing = _with_app(on, _SCOPES)
    return [
        *_learner(_with_app(on, _OF_A_LEARNER)),
        *_lines(writing),
        *_changes(writing),
        *_documents(on),
    ]


def _with_app(on: Stage, scopes: Sequence[str]) -> Stage:
    """Return the stage as an app with `scopes`, of a supplier of its own, has it."""
    made = replace(on, supplier_id="")
    made.token = app_of(made, scopes)
    return made


def _ask(on: Stage, path: str) -> Any:
    headers = {"Authorization": f"Bearer {on.token}", "Accept": "application/x-ndjson"}
    request = urllib.request.Request(f"http://127.0.0.1:{on.port}/api/v1/{path}", headers=headers)
    return urllib.request.urlopen(request, timeout=600)  # noqa: S310


#: Any learners and marks of the largest municipality, which an app without further rights may see: nobody who has left it.
_LEARNERS = """
SELECT s.sourced_id FROM studies_studyright r JOIN people_person p ON p.id = r.person_id AND NOT p.non_disclosure
JOIN access_subject s ON s.person_id = r.person_id AND s.supplier_id = %(supplier)s
WHERE r.provider_id = %(provider)s AND r.valid_to IS NULL ORDER BY md5(s.sourced_id::text) LIMIT %(most)s"""
_MARKS = """
SELECT x.id FROM studies_assessment x JOIN people_person p ON p.id = x.person_id AND NOT p.non_disclosure
WHERE x.provider_id = %(provider)s AND EXISTS (SELECT FROM people_providerperson k WHERE k.provider_id = x.provider_id
  AND k.person_id = x.person_id AND (k.valid_to IS NULL OR k.valid_to >= current_date))
ORDER BY md5(x.id::text) LIMIT %(most)s"""


def _any_of(on: Stage, sql: str) -> list[str]:
    """Return so many ids as are measured with, spread over all that there are, by a read of one provider's rows alone."""
    values = {"supplier": on.supplier_id, "provider": on.provider_id, "most": _MEASURED}
    with psycopg.connect(on.admin_url) as connection:
        return [str(ident) for (ident,) in connection.execute(sql.encode(), values)]


def _learner(on: Stage) -> Iterator[Figure]:
    """As `one_user`: documents as in daily use, where most have been read before, and what a first read costs."""
    ids = _any_of(on, _LEARNERS)
    paths = [f"/api/v1/learners/{ident}" for ident in ids]
    few = paths[:300]
    before, began = cpu_ms(on.roots), time.perf_counter()
    size = sum(len(on.get(path)[0]) for path in few) / len(few) / 1024
    first, first_cpu = (time.perf_counter() - began) * 1000 / len(few), (cpu_ms(on.roots) - before) / len(few)
    for path in paths[300:]:
        on.get(path)
    limit = limit_by_ids(on, "body, sealed, supplier, tag FROM v1_learner", ids, seconds=_SECONDS)
    value, used = on.drive(paths, connections=8, seconds=_SECONDS)
    yield Figure("one_learner", value, "ms", limit, limit / value, used, statements(on, paths[0]), on.learners)
    yield Figure("one_learner_first", first, "ms", cpu_ms=first_cpu, learners=on.learners)
    yield Figure("one_learner_document", size, "KB", learners=on.learners)


def _lines(on: Stage) -> Iterator[Figure]:
    os.sched_setaffinity(0, {on.loading})
    for path in ("enrolments", "attainments"):
        before, began, rows = cpu_ms(on.roots), time.perf_counter(), 0
        with _ask(on, path) as answer:
            while piece := answer.read(1 << 20):
                rows += piece.count(b"\n")
        speed = rows / (time.perf_counter() - began)
        used = (cpu_ms(on.roots) - before) / max(rows, 1)
        yield Figure(f"{path}_lines", speed, "rows/s", _ROWS, speed / _ROWS, used, None, on.learners)


def _changes(on: Stage) -> Iterator[Figure]:
    from digione.rest.oneroster import sealed

    ids = sealed.of_supplier(UUID(on.supplier_id)).made(map(UUID, _any_of(on, _MARKS)))
    plan = {
        "method": "PATCH",
        "headers": {"If-Match": "*", "Content-Type": "application/json", "Prefer": "return=minimal"},
        # Each row gets another mark in every round, or nothing would be written.
        "bodies": ['{"mark":"9"}', '{"mark":"8"}'],
    }
    value, used = on.drive(
        [f"/api/v1/assessments/{ident}" for ident in ids], connections=4, seconds=_SECONDS, more=plan
    )
    yield Figure("mark_change", value, "ms", _CHANGE, _CHANGE / used, used, None, on.learners)


def _documents(on: Stage) -> Iterator[Figure]:
    with psycopg.connect(on.admin_url) as connection:
        row = connection.execute("SELECT count(*) FROM core_importrun WHERE kind = 'koski' AND NOT dry_run").fetchone()
    # In an installation that is measured again, the documents are those of other people: a second load changes nothing.
    first = _COUNT * row[0] if row else 0
    # As whoever imports has it: on every core, with a second reader where there is more than one.
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    # A rehearsal, so that compiling the program is not counted as importing.
    _brought(on, range(first, first + 1), "--dry-run")
    seconds, used, size = _brought(on, range(first, first + _COUNT))
    speed = _COUNT / seconds
    yield Figure("koski_in", speed, "documents/s", _DOCUMENTS, speed / _DOCUMENTS, used / _COUNT, None, on.learners)
    yield Figure("koski_document", size / _COUNT / 1024, "KB", learners=on.learners)


def _brought(on: Stage, numbers: range, *options: str) -> tuple[float, float, int]:
    """Bring documents in; return seconds, CPU milliseconds with PostgreSQL's, and how many bytes they have."""
    with tempfile.TemporaryDirectory(dir=on.data) as folder:
        path = Path(folder) / "documents.ndjson"
        with path.open("w", encoding="utf-8") as file:
            for number in numbers:
                file.write(json.dumps(_document(number), ensure_ascii=False) + "\n")
        size = path.stat().st_size
        command, environment = import_command(on, "koski", path, on.provider_oid, *options)
        before, began = cpu_ms([on.postmaster]) + _ended_ms(), time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603
        told, faults = process.communicate()
        seconds = time.perf_counter() - began
    if process.returncode or json.loads(told)["refused"]:
        raise RuntimeError(f"The documents were not taken: {told[:500]!r} {faults[-500:]!r}")
    return seconds, cpu_ms([on.postmaster]) + _ended_ms() - before, size


def _ended_ms() -> float:
    """Return the CPU milliseconds of all commands that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def _document(number: int) -> dict[str, Any]:
    """Return a document as large as that of a whole basic education: three years and a certificate, all with marks."""
    # Born when nobody of the demonstration was, or some would bear the identity code of one of its people.
    day, month, year = number % 28 + 1, number // 28 % 12 + 1, 30 + number // 336
    birth = f"{day:02d}{month:02d}{year:02d}"
    serial = 900 + number % 90
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(f"{birth}{serial}") % 31]
    names = {"etunimet": f"Sisu {_word(number)}", "kutsumanimi": "Sisu", "sukunimi": f"{_word(number // 7)}maa"}
    state = {"alku": "2021-08-11", "tila": _code("koskiopiskeluoikeudentila", "lasna")}
    return {
        "henkilö": {"hetu": f"{birth}-{serial}{check}", **names},
        "opiskeluoikeudet": [
            {
                "tyyppi": _code("opiskeluoikeudentyyppi", "perusopetus"),
                "oppilaitos": {"oid": "1.2.246.562.10.99999999999"},
                "alkamispäivä": "2021-08-11",
                "tila": {"opiskeluoikeusjaksot": [state]},
                "suoritukset": [
                    _attainment("perusopetuksenvuosiluokka", "perusopetuksenluokkaaste", each, _SUBJECTS)
                    for each in _YEARS
                ],
            }
        ],
    }


def _word(number: int) -> str:
    return "".join("aeiouklmnprst"[number // 13**place % 13] for place in range(4)).capitalize()


def _code(scheme: str, value: str) -> dict[str, Any]:
    name = {language: f"{scheme} {value} {language}" for language in ("fi", "sv", "en")}
    return {"koodistoUri": scheme, "koodiarvo": value, "nimi": name}


def _attainment(kind: str, scheme: str, module: str, subjects: Sequence[str]) -> dict[str, Any]:
    inner = {"tunniste": _code(scheme, module), "perusteenDiaarinumero": "104/011/2014"}
    size = {"arvo": 2.0, "yksikkö": _code("opintojenlaajuusyksikko", "3")}
    parts = [
        {
            "tyyppi": _code("suorituksentyyppi", "perusopetuksenoppiaine"),
            "koulutusmoduuli": {
                "tunniste": _code("koskioppiaineetyleissivistava", each),
                "pakollinen": True,
                "laajuus": size,
            },
            "arviointi": [
                {"arvosana": {"koodistoUri": "arviointiasteikkoyleissivistava", "koodiarvo": "8"}, "hyväksytty": True}
            ],
        }
        for each in subjects
    ]
    return {
        "tyyppi": _code("suorituksentyyppi", kind),
        "koulutusmoduuli": inner,
        "luokka": f"{module}A",
        "alkamispäivä": f"202{int(module) - 6}-08-11",
        "toimipiste": {"oid": "1.2.246.562.10.99999999999"},
        "suorituskieli": _code("kieli", "FI"),
        "osasuoritukset": parts,
    }
