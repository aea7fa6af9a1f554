"""The pages on which somebody decides whether two records are one person. They hold no rule; the use cases do."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from digione.core.use_case import Actor
from digione.studies import selectors as studies
from digione.studies import services
from digione.web.views import with_desk


@require_GET
@with_desk
def cases(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the cases that wait, and the latest decisions."""
    return render(request, "duplicates.html", {"page": studies.duplicate_list(actor)})


@require_GET
@with_desk
def case(request: HttpRequest, actor: Actor, case: UUID) -> HttpResponse:
    """Show two records side by side, and ask whether they are one person."""
    return render(request, "duplicate.html", {"page": studies.duplicate_case(actor, case=case)})


@require_POST
@with_desk
def decide(request: HttpRequest, actor: Actor, case: UUID) -> HttpResponse:
    """Take the answer: the same person, and which record stays; or two persons."""
    answer = request.POST.get("answer")
    if answer == "different":
        return _after(request, actor, case, services.decide_different(actor, case=case))
    if answer != "same":
        raise Http404
    try:
        kept = UUID(request.POST.get("kept", ""))
    except ValueError:
        raise Http404 from None
    return _after(request, actor, case, services.decide_same(actor, case=case, kept=kept))


@require_POST
@with_desk
def undo(request: HttpRequest, actor: Actor, case: UUID) -> HttpResponse:
    """Take a decision back."""
    return _after(request, actor, case, services.undo_duplicate_decision(actor, case=case))


def _after(request: HttpRequest, actor: Actor, case: UUID, outcome: services.Outcome) -> HttpResponse:
    """Go back to the case; where the answer could not be taken, show it with the reasons."""
    if outcome.done:
        return HttpResponseRedirect(reverse("duplicate", args=[case]))
    page = studies.duplicate_case(actor, case=case)
    return render(request, "duplicate.html", {"page": page, "reasons": outcome.reasons}, status=409)
