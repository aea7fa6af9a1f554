"""The pages of what somebody has studied: the path, the office's page of study rights, corrections, certificates."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from digione.core.use_case import Actor
from digione.studies import addition_rules as adding
from digione.studies import addition_services as additions
from digione.studies import correction_services as corrections
from digione.studies import path_selectors as paths
from digione.studies.correction_facts import Corrected
from digione.studies.record_rules import FUNDED
from digione.studies.rules import REASONS_OF_ADDING, kept_by_app
from digione.web.views import with_desk


@require_GET
@with_desk
def path(request: HttpRequest, actor: Actor, person: UUID | None = None) -> HttpResponse:
    """Show a learner's path so far: one's own, or that of somebody whom one may see."""
    page = paths.learner_path(actor, person=person)
    return render(request, "learner_path.html", {"page": page, "own": page["person"]["id"] == actor.person_id})


@require_GET
@with_desk
def certificate(request: HttpRequest, actor: Actor, person: UUID, attainment: UUID) -> HttpResponse:
    """Show what is confirmed, plain enough to print."""
    page = paths.certificate(actor, person=person, attainment=attainment)
    return render(request, "certificate.html", {"page": page})


@require_GET
@with_desk
def study_rights(request: HttpRequest, actor: Actor, learner: UUID) -> HttpResponse:
    """Show a learner's study rights to the office: states, attainments, what is amiss, what was corrected."""
    page = paths.study_right_page(actor, learner=learner)
    return render(request, "study_rights.html", {"page": page, "done": request.GET.get("done")})


@require_GET
@with_desk
def to_check(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the study rights of the school in which something is amiss."""
    return render(request, "study_rights_to_check.html", {"page": paths.study_rights_to_check(actor)})


@require_http_methods(["GET", "POST"])
@with_desk
def state(request: HttpRequest, actor: Actor, learner: UUID, state: UUID) -> HttpResponse:
    """Ask what a state is and from when, and take the answer."""
    asked, outcome = request.POST, None
    if request.method == "POST":
        outcome = corrections.correct_state(
            actor, learner=learner, state=state, to=asked.get("to", ""), since=_day(asked.get("since", "")),
            reason=asked.get("reason", ""), seen=_moment(asked.get("seen", "")),
        )  # fmt: skip
        if outcome.done:
            return _back(learner)
    page = paths.study_right_page(actor, learner=learner)
    for right in page["rights"]:
        for row in right["states"]:
            if row["id"] == state:
                return _form(request, page, right, outcome, row=row, kind="state")
    raise Http404


@require_http_methods(["GET", "POST"])
@with_desk
def new_state(request: HttpRequest, actor: Actor, learner: UUID, right: UUID) -> HttpResponse:
    """Ask for a state that a study right gets, show what it would mean, and write it once that has been seen."""
    asked, outcome, told = request.POST, None, None
    since, funding = _day(asked.get("since", "")), asked.get("funding") or None
    seen = _moment(asked["seen"]) if asked.get("seen") else None
    if asked.get("step") == "write":
        outcome = additions.add_state(
            actor, learner=learner, right=right, state=asked.get("to", ""), since=since, funding=funding,
            reason=asked.get("reason", ""), seen=seen,
        )  # fmt: skip
        if outcome.done:
            return _back(learner, "added")
    page = paths.study_right_page(actor, learner=learner)
    found = next((each for each in page["rights"] if each["id"] == right), None)
    if found is None or (outcome is None and not _may_add(page, found)):
        raise Http404
    if asked.get("step") == "look":
        # What was chosen is judged as it would be when it is written, so that nobody confirms what cannot be.
        to = asked.get("to", "")
        wrong = adding.objections(found["level"], found["states"], state=to, since=since, funding=funding)
        if asked.get("reason") not in REASONS_OF_ADDING:
            wrong.append("no_reason")
        if seen != (found["states"][-1]["sys_from"] if found["states"] else None):
            wrong.append("changed_since")
        if wrong or since is None:
            outcome = Corrected(tuple(wrong))
        else:
            told = adding.effects(found, state=to, since=since, funding=funding, today=page["today"])
    context = {
        "page": page, "right": found, "outcome": outcome, "told": told, "asked": asked,
        "funded": found["level"] in FUNDED, "last": found["states"][-1] if found["states"] else None,
    }  # fmt: skip
    return render(request, "new_state.html", context, status=409 if outcome else 200)


def _may_add(page: dict[str, Any], right: dict[str, Any]) -> bool:
    """Say whether a state can be added: the desk keeps the study right, it is this school's, and no app keeps its states."""
    kept = bool(right["states"]) and kept_by_app(right["states"][-1])
    return bool(page["corrects"] and right["ours"] and right["source"] is None and not right["void"] and not kept)


@require_POST
@with_desk
def take_back(request: HttpRequest, actor: Actor, learner: UUID, right: UUID, row: UUID) -> HttpResponse:
    """Take back a state that was added; where it cannot be, show the page with the reasons."""
    at = _moment(request.POST.get("at", ""))
    outcome = additions.take_state_back(actor, learner=learner, right=right, row=row, at=at)
    if outcome.done:
        return _back(learner, "taken_back")
    page = paths.study_right_page(actor, learner=learner)
    return render(request, "study_rights.html", {"page": page, "outcome": outcome}, status=409)


@require_http_methods(["GET", "POST"])
@with_desk
def mark(request: HttpRequest, actor: Actor, learner: UUID, mark: UUID) -> HttpResponse:
    """Ask what a mark is and of which day, and take the answer."""
    asked, outcome = request.POST, None
    if request.method == "POST":
        text = asked.get("day", "")
        day = _day(text)
        if text.strip() and day is None:
            outcome = Corrected(("no_day",))
        else:
            outcome = corrections.correct_mark(
                actor, learner=learner, assessment=mark, mark=asked.get("mark", ""), day=day,
                reason=asked.get("reason", ""), seen=_moment(asked.get("seen", "")),
            )  # fmt: skip
        if outcome.done:
            return _back(learner)
    page = paths.study_right_page(actor, learner=learner)
    for right in page["rights"]:
        for row, assessment in _marks(right["attainments"]):
            if assessment["id"] == mark:
                return _form(request, page, right, outcome, row=assessment, kind="mark", of=row)
    raise Http404


@require_POST
@with_desk
def undo(request: HttpRequest, actor: Actor, learner: UUID, row: UUID) -> HttpResponse:
    """Take a correction back; where it cannot be, show the page with the reasons."""
    outcome = corrections.undo_correction(actor, learner=learner, row=row, at=_moment(request.POST.get("at", "")))
    if outcome.done:
        return _back(learner, "undone")
    page = paths.study_right_page(actor, learner=learner)
    return render(request, "study_rights.html", {"page": page, "outcome": outcome}, status=409)


def _back(learner: UUID, done: str = "corrected") -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('study_rights', args=[learner])}?done={done}")


def _form(
    request: HttpRequest,
    page: dict[str, Any],
    right: dict[str, Any],
    outcome: Corrected | None,
    **more: Any,
) -> HttpResponse:
    """Show the form of a correction; after an answer that was not taken, with what had been chosen."""
    open_to = page["corrects"] and right["ours"] and right["source"] is None and not kept_by_app(more["row"])
    if not open_to and outcome is None:
        raise Http404
    asked = {name: request.POST.get(name, "") for name in ("to", "since", "mark", "day", "reason")} if outcome else None
    context = {"page": page, "right": right, "outcome": outcome, "asked": asked, **more}
    return render(request, "correction.html", context, status=409 if outcome else 200)


def _marks(attainments: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    found = []
    for row in attainments:
        found += [(row, assessment) for assessment in row["assessments"]]
        found += _marks(row["parts"])
    return found


def _day(text: str) -> date | None:
    """Return the day that a form tells, None where it tells none."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _moment(text: str) -> datetime:
    """Return the moment that a form carries; what is none was not made by a page of ours."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Http404 from None
    if found.tzinfo is None:
        raise Http404
    return found
