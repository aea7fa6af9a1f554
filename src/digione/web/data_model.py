"""The pages of the data model, made from the declarations; and of where the data of a real row comes from."""

from typing import Any, cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from digione.core.texts import search_key
from digione.core.use_case import Actor
from digione.organisations import selectors as organisations
from digione.schema.declare import Field, Resource
from digione.schema.resources import RESOURCES
from digione.schema.serving import SERVING
from digione.studies import origin_selectors as origins
from digione.web.views import with_desk

_MOST_FOUND = 60


@require_safe
def data_model(request: HttpRequest) -> HttpResponse:
    """Show every resource of the data model, or what of resources and fields a search finds."""
    text = request.GET.get("q", "")[:100].strip()
    resources = list(RESOURCES.values())
    found = find(text) if text else ([], [])
    return render(
        request,
        "data_model/model.html",
        {
            "page_frame": _frame(request),
            "text": text,
            "rooms": _rooms(resources),
            "count": len(resources),
            "fields": sum(len(each.public_fields()) for each in resources),
            "found_resources": found[0],
            "found_fields": found[1][:_MOST_FOUND],
            "found_total": len(found[0]) + len(found[1]),
            "cut": len(found[1]) > _MOST_FOUND,
        },
    )


@require_safe
def resource(request: HttpRequest, resource: str) -> HttpResponse:
    """Show one resource: what it is, where it is served, and everything that is declared of each field."""
    if resource not in RESOURCES:
        raise Http404
    names = list(RESOURCES)
    place = names.index(resource)
    declared = RESOURCES[resource]
    served = SERVING.addresses.get(resource, ())
    return render(
        request,
        "data_model/resource.html",
        {
            "page_frame": _frame(request),
            "resource": declared,
            "fields": [{"declared": field, "scopes": _scopes(served, field)} for field in declared.public_fields()],
            "inside": len(declared.fields) - len(declared.public_fields()),
            "served": served,
            "oneroster": SERVING.oneroster.get(resource, ()),
            "before": RESOURCES[names[place - 1]] if place else None,
            "after": RESOURCES[names[place + 1]] if place + 1 < len(names) else None,
        },
    )


@require_GET
@with_desk
def code_list(request: HttpRequest, actor: Actor, uri: str) -> HttpResponse:
    """Show the values of a national code list with their validity, and the fields that use it."""
    fields = [
        (declared, field) for declared in RESOURCES.values() for field in declared.fields if field.code_list == uri
    ]
    if not fields:
        raise Http404
    return render(request, "data_model/codes.html", {"page": organisations.code_list(actor, uri=uri), "fields": fields})


@require_GET
@with_desk
def origin(request: HttpRequest, actor: Actor, row: UUID) -> HttpResponse:
    """Show where each field of a row comes from and when it last changed, never what it says."""
    return render(request, "data_model/origin.html", {"page": origins.row_origin(actor, row=row)})


@require_GET
@with_desk
def origin_of(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Ask for the id of a row, and lead to its page."""
    text = request.GET.get("id", "").strip()[:100]
    try:
        return HttpResponseRedirect(reverse("origin", args=[UUID(text)]))
    except ValueError:
        fault = _("That is no id. An id has 32 letters and figures.") if text else ""
        return render(request, "data_model/origin_of.html", {"text": text, "fault": fault}, status=400 if text else 200)


def find(text: str) -> tuple[list[Resource], list[tuple[Resource, Field]]]:
    """Return the resources and the fields that have every word of `text` in name, terms or definition, in any language.

    Accents are passed over. The definition is looked for in English and in the reader's language.
    """
    words = search_key(text).split()
    if not words:
        return [], []

    def has(name: str, term: Any, definition: str, *more: str | None) -> bool:
        kept = search_key(
            name.replace("_", " "), term.en, term.fi, term.sv, definition, _(definition), *filter(None, more)
        )
        return all(word in kept for word in words)

    resources = [each for each in RESOURCES.values() if has(each.name, each.term, each.definition)]
    fields = [
        (each, field)
        for each in RESOURCES.values()
        for field in each.public_fields()
        if has(field.name, field.term, field.description, field.code_list)
    ]
    return resources, fields


def _frame(request: HttpRequest) -> str:
    """Return the frame of an open page: the desk for whoever has one, else one without a menu."""
    mine = cast(Any, request).desk
    return "base.html" if mine and mine.chosen else "open.html"


def _rooms(resources: list[Resource]) -> list[tuple[str, list[Resource]]]:
    """Return resources by their rooms, in the order of their declaration."""
    names = {
        "organisations": _("Organisations"),
        "people": _("People"),
        "studies": _("Studies"),
        "core": _("Codes, sources and imports"),
        "access": _("Accounts and apps"),
    }
    found: dict[str, list[Resource]] = {}
    for each in resources:
        found.setdefault(names[each.room], []).append(each)
    return list(found.items())


def _scopes(served: Any, field: Field) -> list[str]:
    """Return the scopes that open a field to apps, each once."""
    return list(dict.fromkeys(scope for each in served if (scope := each.scope_of(field.name))))
