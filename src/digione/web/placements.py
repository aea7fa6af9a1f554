"""The pages on which the office places learners in home groups, one after the other. The use cases hold the rules."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from digione.core.use_case import Actor
from digione.studies import selectors as studies
from digione.studies import services
from digione.web.views import with_desk


@require_GET
@with_desk
def queue(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the learners without a home group, and whom the desk has placed of late."""
    page = studies.placement_queue(actor)
    return render(request, "placements.html", {"page": page, "just": _just(request, page)})


@require_GET
@with_desk
def learner(request: HttpRequest, actor: Actor, learner: UUID) -> HttpResponse:
    """Ask into which home group a learner comes."""
    page = studies.placement_page(actor, learner=learner)
    return render(request, "placement.html", {"page": page, "just": _just(request, page)})


@require_POST
@with_desk
def place(request: HttpRequest, actor: Actor, learner: UUID) -> HttpResponse:
    """Take the answer, and go on to the next learner who waits; behind the last one, to the empty queue."""
    try:
        group = UUID(request.POST.get("group", ""))
    except ValueError:
        page = studies.placement_page(actor, learner=learner)
        return render(request, "placement.html", {"page": page, "reasons": ["not_chosen"]}, status=400)
    outcome = services.place_learner(actor, learner=learner, group=group)
    if outcome.placement is None:
        page = studies.placement_page(actor, learner=learner)
        return render(request, "placement.html", {"page": page, "reasons": outcome.reasons}, status=409)
    after = reverse("placement", args=[outcome.following]) if outcome.following else reverse("placements")
    return HttpResponseRedirect(f"{after}?after={outcome.placement}")


@require_POST
@with_desk
def undo(request: HttpRequest, actor: Actor, placement: UUID) -> HttpResponse:
    """Take a learner out of the group again, and ask anew."""
    return HttpResponseRedirect(reverse("placement", args=[services.undo_placement(actor, placement=placement)]))


def _just(request: HttpRequest, page: dict[str, Any]) -> dict[str, Any] | None:
    """Return the placement from which one has just come, if it still stands."""
    return next((made for made in page["made"] if str(made["id"]) == request.GET.get("after")), None)
