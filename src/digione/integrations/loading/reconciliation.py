"""What a source has beside what stands here: figures by kind, each difference with its reason, and the file of it.

A difference is kept as codes, so that each reader gets it in their own language: `why` says what became of it, and
`reasons` are the problems (field, code, parameters) that the import told of that row.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from digione.core.errors import Severity
from digione.integrations.loading.messages import kind_name, stored_message
from digione.integrations.loading.report import Problem, Report

#: At most so many differences of a run are kept with it; the figures count all of them.
KEPT = 10_000

#: What runs of earlier versions say instead.
_FORMER = {"held back": "held_back", "ended: not in the source any more": "ended"}
#: What a cell begins with that spreadsheets run as a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def why_name(why: str, *, changed: bool) -> str:
    """Return in words what became of a difference; `changed`: the run was carried out. An unknown code is shown as it is."""
    if _FORMER.get(why, why) == "ended":
        if changed:
            return _("Ended here: the source does not have it any more")
        return _("Would end here: the source does not have it any more")
    words = {
        "refused": _("Not taken: the row was refused"),
        "held_back": _("Held back: another source masters it"),
        "kept": _("Goes on here: the source does not have it, but nothing ends while rows are refused"),
        "stays": _("Stays here: the source does not have it any more, but older data refers to it"),
        "remark": _("A remark alone"),
    }
    return words.get(_FORMER.get(why, why), why)


def _columns() -> dict[str, str]:
    """Return the columns of the file: the code of each, and the words that stand before it in the header."""
    return {
        "kind_name": pgettext("column", "What"),
        "file": pgettext("column", "File"),
        "line": pgettext("column", "Row"),
        "field": pgettext("column", "Field"),
        "key": pgettext("column", "Id at the source"),
        "in_source": pgettext("column", "In the source"),
        "in_ours": pgettext("column", "Here"),
        "why_name": pgettext("column", "What became of it"),
        "message": pgettext("column", "Reason"),
        "kind": pgettext("column", "What, as a code"),
        "why": pgettext("column", "What became of it, as a code"),
        "code": pgettext("column", "Reason, as a code"),
    }


def is_difference(problem: Mapping[str, Any]) -> bool:
    """Say whether a stored problem is told as a difference: its row was refused, or held back in part."""
    return problem["severity"] == Severity.ERROR or str(problem["code"]).partition(".")[0] == "held-back"


def settle(report: Report) -> None:
    """Bring the differences that a load has collected, and the problems that are differences, into one list.

    In the order of the kinds, of their files and of the lines; what no line of a file says comes last.
    """
    kinds = {file: kind for kind, file in reversed(report.files.items())} | report.main_kinds
    reasons: dict[tuple[str, int, str], list[Problem]] = {}
    for problem in report.problems.found:
        if is_difference(problem.stored()):
            reasons.setdefault(problem.row, []).append(problem)
    found: list[dict[str, Any]] = []
    for row in report.reconciliation:
        file = report.files.get(row["kind"], "") if row["line"] else ""
        found.append({**row, "file": file, "why": _FORMER.get(row["why"], row["why"])})
    placed = {(row["file"], row["line"], "") for row in found if row["line"]}
    for place, problems in reasons.items():
        if place not in placed:
            file, line, element = place
            refused = any(problem.severity == Severity.ERROR for problem in problems)
            found.append(
                {
                    "kind": kinds.get(file, "rows"),
                    "key": "",
                    "file": file,
                    "line": line,
                    "element": element,
                    "in_source": True,
                    # Whether an earlier form of a refused row stands here, its line does not tell.
                    "in_ours": None if refused else True,
                    "why": "refused" if refused else "held_back",
                }
            )
    told: set[tuple[str, int, str]] = set()
    for row in found:
        place = (row["file"], row["line"], row.pop("element", ""))
        # One line can speak of a person and of their role; its reasons are told once.
        fresh = row["line"] is not None and place not in told
        told.add(place)
        row["reasons"] = [_reason(problem) for problem in reasons.get(place, ())] if fresh else []
    order = {kind: number for number, kind in enumerate(report.sides)}
    found.sort(key=lambda row: (order.get(row["kind"], len(order)), row["line"] is None, row["file"], row["line"] or 0))
    report.reconciliation = found


def _reason(problem: Problem) -> dict[str, Any]:
    stored = problem.stored()
    return {name: stored[name] for name in ("field", "code", "parameters")}


def figures(report: Report, ours: Mapping[str, Mapping[str, int]]) -> None:
    """Complete the figures of both sides. `ours`: for each kind, `in_ours` (all that stands) and `from_source` of them."""
    done = report.status == "done"
    for kind, side in report.sides.items():
        line = report.kinds.get(kind, {})
        matched = side.pop("taken") if done else side["known"]
        side.pop("known"), side.pop("taken", None)
        side.update(ours[kind])
        side["missing"] = max(0, side["in_source"] - matched)
        side.update({name: line.get(name, 0) for name in ("held_back", "refused", "ended")})


def counted(report: Report) -> dict[str, int]:
    """Return how many `differences` and `remarks` there were, kept or not: lists end somewhere, figures do not."""
    told = report.would or {"held_back": report.held_back, "ended": report.ended}
    figured = report.refused + told["held_back"] + told["ended"]
    figured += sum(side.get("kept", 0) for side in report.sides.values())
    return {"differences": max(figured, len(report.reconciliation)), "remarks": report.problems.remarks()}


def write_csv(
    stream: IO[str],
    differences: Sequence[Mapping[str, Any]],
    problems: Iterable[Mapping[str, Any]],
    *,
    changed: bool,
    counted: Mapping[str, int],
) -> None:
    """Write the differences, and the remarks among the stored `problems`, in the language that is active.

    Separated by semicolons. Each header holds the column in words and, in brackets, its code, which no language changes.
    Of how many there were (`counted`) more than are handed over, the last rows say so, under the code `left-out`.
    """
    writer = csv.writer(stream, delimiter=";")
    columns = _columns()
    writer.writerow(f"{words} [{code}]" for code, words in columns.items())
    remarks = [
        {**problem, "kind": "rows", "in_source": True, "in_ours": True, "why": "remark", "reasons": [problem]}
        for problem in problems
        if not is_difference(problem)
    ]
    for row in (*differences, *remarks):
        for reason in row.get("reasons") or [{}]:
            cells = {
                **row,
                "kind_name": kind_name(row["kind"]),
                "line": row.get("line") or "",
                "in_source": there(row["in_source"]),
                "in_ours": there(row["in_ours"]),
                "why": _FORMER.get(row["why"], row["why"]),
                "why_name": why_name(row["why"], changed=changed),
                "field": reason.get("field", ""),
                "code": str(reason.get("code", "")).partition(".")[0],
                "message": stored_message(reason) if reason else "",
            }
            writer.writerow(_inert(cells.get(code, "")) for code in columns)
    texts = {
        "differences": _(
            "%(count)s more differences were counted. The first %(kept)s alone are kept, and stand above."
        ),
        "remarks": _("%(count)s more remarks were noted. The first %(kept)s alone are kept, and stand above."),
    }
    for name, kept in (("differences", len(differences)), ("remarks", len(remarks))):
        if counted.get(name, 0) > kept:
            told = {"count": counted[name] - kept, "kept": kept}
            cells = {
                "kind": name,
                "why": "left-out",
                "why_name": _("Not kept one by one"),
                "message": texts[name] % told,
            }
            writer.writerow(cells.get(code, "") for code in columns)


def there(side: bool | None) -> str:
    """Return in words whether a side has a row; None where an earlier form of it may stand."""
    if side is None:
        return pgettext("side of a reconciliation", "not taken")
    return pgettext("side of a reconciliation", "yes") if side else pgettext("side of a reconciliation", "no")


def _inert(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: keys and file names are the source's, who may mean harm."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
