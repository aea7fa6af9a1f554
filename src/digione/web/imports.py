"""The pages that tell what imports did: those of one's own organisation, and those of the public registers."""

import io
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from digione.core.use_case import Actor
from digione.integrations.loading.reconciliation import write_csv
from digione.organisations import selectors as organisations
from digione.web.views import with_desk

#: No run has as many pages; a number with more figures is no page.
_FIGURES = 6


@require_GET
@with_desk
def imports(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the latest imports."""
    return render(request, "imports.html", {"page": organisations.import_runs(actor)})


@require_GET
@with_desk
def import_run(request: HttpRequest, actor: Actor, run: UUID) -> HttpResponse:
    """Show one import: what came, what it did, both sides in figures, and a page of what differs and why."""
    return _page(request, organisations.import_run(actor, run=run, page=_number(request)))


@require_GET
@with_desk
def import_file(request: HttpRequest, actor: Actor, run: UUID) -> HttpResponse:
    """Give all differences of one import that are kept, as a table."""
    return _file(organisations.import_run(actor, run=run, page=None))


@require_GET
@with_desk
def registers(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the latest imports of public registers."""
    return render(request, "imports.html", {"page": organisations.register_runs(actor), "registers": True})


@require_GET
@with_desk
def register_run(request: HttpRequest, actor: Actor, run: UUID) -> HttpResponse:
    """Show one import of a public register."""
    return _page(request, organisations.register_run(actor, run=run, page=_number(request)), registers=True)


@require_GET
@with_desk
def register_file(request: HttpRequest, actor: Actor, run: UUID) -> HttpResponse:
    """Give all differences of one import of a public register that are kept, as a table."""
    return _file(organisations.register_run(actor, run=run, page=None))


def _number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= _FIGURES else 1


def _page(request: HttpRequest, page: dict[str, Any], *, registers: bool = False) -> HttpResponse:
    return render(request, "import_run.html", {"page": page, "registers": registers})


def _file(page: dict[str, Any]) -> HttpResponse:
    # Spreadsheets take a table for UTF-8 by its mark alone.
    table = io.StringIO("\ufeff", newline="")
    table.seek(0, io.SEEK_END)
    # Of a run of an earlier version, how many differences there were follows from its figures alone.
    numbers = {"differences": page["total"] + page["more"], **page["counts"]}
    write_csv(table, page["differences"], page["remarks"], changed=page["status"] == "done", counted=numbers)
    answer = HttpResponse(table.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"{page['kind']}-{page['started_at']:%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
