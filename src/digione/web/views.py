"""The pages of the desk. A view asks one use case and hands its answer to a template; it decides nothing itself."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode
from uuid import UUID

from allauth.account import views as account
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from digione.core.use_case import Actor
from digione.people import selectors as people
from digione.studies import selectors as studies
from digione.web import demo
from digione.web.actor import ROLE_IN_SESSION, THEME_COOKIE, THEMES, Desk

P = ParamSpec("P")
#: How far back one may look for who has looked, in days.
_VIEWED_DAYS = (7, 30, 365)
_YEAR = 365 * 24 * 3600

_LANDINGS: dict[str, tuple[Callable[[Actor], dict[str, Any]], str]] = {
    "learner": (studies.learner_landing, "landing/learner.html"),
    "guardian": (studies.guardian_landing, "landing/guardian.html"),
    "teacher": (studies.teacher_landing, "landing/teacher.html"),
    "special_needs_teacher": (studies.teacher_landing, "landing/teacher.html"),
    "principal": (studies.principal_landing, "landing/principal.html"),
    "school_secretary": (studies.secretary_landing, "landing/secretary.html"),
    "administrator": (studies.administrator_landing, "landing/administrator.html"),
}


def with_desk(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let only a signed-in person with a role through, and hand the view the actor."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        desk = cast(Any, request).desk
        if not desk or desk.actor is None:
            return render(request, "no_desk.html", status=403)
        return view(request, desk.actor, *args, **kwargs)

    return login_required(guarded)


@require_GET
@with_desk
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the landing page of the chosen role."""
    landing, template = _LANDINGS[actor.role]
    return render(request, template, {"page": landing(actor)})


@require_GET
@with_desk
def groups(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the groups that one works with."""
    return render(request, "groups.html", {"page": studies.school_groups(actor)})


@require_GET
@with_desk
def group(request: HttpRequest, actor: Actor, group: UUID) -> HttpResponse:
    """Show a group and its people."""
    return render(request, "group.html", {"page": studies.group_page(actor, group=group)})


@require_GET
@with_desk
def person(request: HttpRequest, actor: Actor, person: UUID) -> HttpResponse:
    """Show a person as far as the rule opens them."""
    page = studies.person_page(actor, person=person)
    if page["person"]["id"] != person:
        # An old id, of a record that was merged into this one.
        return HttpResponseRedirect(reverse("person", args=[page["person"]["id"]]))
    return render(request, "person.html", {"page": page})


@require_GET
@with_desk
def own(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show one's own details."""
    assert actor.person_id is not None  # noqa: S101 - a desk always has a person.
    return render(request, "person.html", {"page": studies.person_page(actor, person=actor.person_id)})


@require_GET
@with_desk
def search(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Search people by name. While one types, only the list is asked for; without script, the whole page."""
    text = request.GET.get("q", "")[:100]
    part = request.headers.get("HX-Request") == "true" and not request.headers.get("HX-Boosted")
    page = studies.search_people(actor, text=text)
    response = render(request, "parts/found.html" if part else "search.html", {"page": page})
    response["Vary"] = "HX-Request, Cookie"
    return response


@require_GET
@with_desk
def viewed(request: HttpRequest, actor: Actor, person: UUID | None = None) -> HttpResponse:
    """Show who has looked at one's own data, or a ward's."""
    desk: Desk = cast(Any, request).desk
    asked = request.GET
    days = {str(number): number for number in _VIEWED_DAYS}.get(asked.get("days", ""), people.VIEWED_DAYS)
    kind = asked.get("kind") if asked.get("kind") in people.VIEWED_KINDS else None
    level = {"2": 2, "3": 3}.get(asked.get("level", ""), 1)
    page = people.views_of(
        actor, person=person, days=days, kind=kind, at_least=level, before=_before(asked.get("before", ""))
    )
    earlier = page["earlier"]
    return render(
        request,
        "viewed.html",
        {
            "page": page,
            "own": page["person"]["id"] == desk.person_id,
            "narrowed": kind is not None or level > 1,
            "looked": sum(viewer["act"] in ("look", "fetch") for viewer in page["viewers"]),
            "sections": [
                {"act": "look", "name": _("Who, when and why")},
                {"act": "fetch", "name": _("Apps that have fetched details")},
                {
                    "act": "export",
                    "name": _("Exported to a file"),
                    "note": _("These details may be in the file. DigiOne does not see who opens it later."),
                },
                {"act": "change", "name": _("What was changed")},
            ],
            "filters": urlencode({"days": days, "kind": kind or "", "level": level}),
            "earlier": f"{round(earlier.at.timestamp() * 1_000_000)}-{earlier.number}" if earlier else "",
            "choices": {
                "days": [(7, _("A week")), (30, _("A month")), (365, _("A year"))],
                "kinds": [
                    ("", _("Everybody")),
                    ("people", _("People at work")),
                    ("apps", _("Apps")),
                    ("home", _("You and your family")),
                ],
                "levels": [(1, _("All details")), (2, _("Confidential details")), (3, _("Secret by law"))],
            },
        },
    )


def _before(text: str) -> people.Before | None:
    """Return where a page of the log goes on; what is no such place is the beginning."""
    found = re.fullmatch(r"(\d{1,17})-(\d{1,18})", text)
    if not found:
        return None
    return people.Before(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(found[1])), int(found[2]))


@login_required
@require_GET
def settings_page(request: HttpRequest) -> HttpResponse:
    """Show what one may set: role, language, appearance."""
    return render(request, "settings.html")


@login_required
def change_password(request: HttpRequest) -> HttpResponse:
    """Change one's own password. Those of the demonstration's people stay, since everybody shares them."""
    mine = cast(Any, request.user)
    if demo.is_shared(mine) or not mine.has_usable_password():
        status = 403 if request.method == "POST" else 200
        return render(request, "account/password_change.html", {"fixed": True}, status=status)
    return cast(HttpResponse, account.password_change(request))


def _back_with(request: HttpRequest, cookie: str, value: str) -> HttpResponseRedirect:
    """Go back to where the form was, never out of the house, and let the browser remember a choice for a year."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = "/"
    response = HttpResponseRedirect(target)
    response.set_cookie(cookie, value, max_age=_YEAR, samesite="Lax", secure=settings.SECURE_COOKIES, httponly=True)
    return response


@login_required
@require_POST
def choose_role(request: HttpRequest) -> HttpResponse:
    """Go on in another of one's roles. A role that no live row gives is not found."""
    desk: Desk | None = cast(Any, request).desk
    key = request.POST.get("role", "")
    if not desk or key not in {choice.key for choice in desk.person.roles}:
        raise Http404
    # Another role reaches other people's data: a key that somebody has caught must not come along.
    request.session.cycle_key()
    request.session[ROLE_IN_SESSION] = key
    return HttpResponseRedirect("/")


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Go on in another language, here and on one's other devices."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        raise Http404
    response = _back_with(request, settings.LANGUAGE_COOKIE_NAME, language)
    account = cast(Any, request.user)
    if account.is_authenticated and account.language != language:
        account.language = language
        account.save(update_fields=["language"])
    return response


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Choose a light or a dark desk, or as the device wishes."""
    theme = request.POST.get("theme", "")
    if theme not in THEMES:
        raise Http404
    return _back_with(request, THEME_COOKIE, theme)


@require_GET
def accent(request: HttpRequest, colour: str) -> HttpResponse:
    """Answer the stylesheet that sets a provider's colour; a page may carry no inline style."""
    if not re.fullmatch(r"[0-9a-f]{6}", colour):
        raise Http404
    response = HttpResponse(f":root {{ --accent: #{colour}; }}\n", content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
