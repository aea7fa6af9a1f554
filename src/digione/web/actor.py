"""Who acts in a web request: from the account, through the person's live rows, in the role that was chosen."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from digione.core import clock
from digione.core.errors import DeniedError, NotFoundError
from digione.core.ids import new_id
from digione.core.use_case import Actor
from digione.people.desks import PersonDesk, RoleChoice, desk_of, registers_came
from digione.web import refusal
from digione.web.templatetags.desk import role_name

ROLE_IN_SESSION = "role"
THEME_COOKIE = "theme"
THEMES = ("system", "light", "dark")
_GZIP = GZipMiddleware(lambda request: HttpResponse())

#: Nothing inline and nothing from elsewhere. A provider's colour comes as a stylesheet of its own.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)

#: The places of each desk: route, label, symbol. Never more than four.
PLACES: dict[str, list[tuple[str, Any, str]]] = {
    "learner": [
        ("home", gettext_lazy("Today"), "today"),
        ("own", gettext_lazy("My details"), "people"),
        ("viewed", gettext_lazy("Who has looked"), "eye"),
    ],
    "guardian": [
        ("home", gettext_lazy("Today"), "today"),
        ("own", gettext_lazy("My details"), "people"),
        ("viewed", gettext_lazy("Who has looked"), "eye"),
    ],
    "teacher": [
        ("home", gettext_lazy("Today"), "today"),
        ("groups", gettext_lazy("Groups"), "people"),
        ("search", gettext_lazy("Search"), "search"),
    ],
    "principal": [
        ("home", gettext_lazy("Today"), "today"),
        ("groups", gettext_lazy("Groups"), "people"),
        ("search", gettext_lazy("Search"), "search"),
        ("imports", gettext_lazy("Imports"), "load"),
    ],
    "school_secretary": [
        ("home", gettext_lazy("Queue"), "inbox"),
        ("groups", gettext_lazy("Groups"), "people"),
        ("search", gettext_lazy("Search"), "search"),
        ("imports", gettext_lazy("Imports"), "load"),
    ],
    "administrator": [
        ("home", gettext_lazy("Today"), "today"),
        ("duplicates", gettext_lazy("Duplicates"), "twins"),
        ("imports", gettext_lazy("Imports"), "load"),
        ("registers", gettext_lazy("Registers"), "school"),
    ],
}
PLACES["special_needs_teacher"] = PLACES["teacher"]


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of a request: the person's names, the roles offered, the one chosen, and the actor that it makes."""

    person_id: UUID
    person: PersonDesk
    chosen: RoleChoice | None
    actor: Actor | None


class DeskRequest(HttpRequest):
    """A request that has passed `ActorMiddleware`; for types only."""

    desk: Desk | None


def build(request: HttpRequest) -> Desk | None:
    """Return the desk of the signed-in person, or None where nobody is signed in or the account has no person."""
    account = cast(Any, request.user)
    if not account.is_authenticated or account.person_id is None:
        return None
    person = desk_of(account.person_id, day=clock.today())
    wanted = request.session.get(ROLE_IN_SESSION)
    chosen = next((choice for choice in person.roles if choice.key == wanted), None)
    chosen = chosen or next(iter(person.roles), None)
    _remember(request, wanted, chosen)
    actor = None
    if chosen is not None:
        language = translation.get_language() or "fi"
        others = [code for code, _name in settings.LANGUAGES if code != language]
        actor = Actor(
            chosen.role,
            person_id=account.person_id,
            account_id=account.pk,
            provider_id=chosen.provider_id,
            persons=(account.person_id, *chosen.wards),
            languages=(language, *others),
            request_id=str(new_id()),
        )
    return Desk(account.person_id, person, chosen, actor)


def _remember(request: HttpRequest, wanted: str | None, chosen: RoleChoice | None) -> None:
    """Keep in the session in which role one acts, so that one can be told when that role has ended."""
    now = chosen.key if chosen else None
    if wanted == now:
        return
    if wanted and chosen:
        words = {"ended": role_name(wanted.partition(":")[0]), "now": role_name(chosen.role)}
        messages.warning(
            request, _("Your role has ended: %(ended)s. You now act in another of your roles: %(now)s.") % words
        )
    elif wanted:
        messages.warning(request, _("Your role has ended: %(ended)s.") % {"ended": role_name(wanted.partition(":")[0])})
    request.session[ROLE_IN_SESSION] = now


class ActorMiddleware:
    """Gives `request.desk`, speaks the account's language, turns refusals into pages, and sets the headers."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request. The desk is built only when somebody asks for it."""
        request.desk = SimpleLazyObject(lambda: build(request))  # type: ignore[attr-defined]
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        if chosen is None and settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            language = cast(Any, request.user).language
            if language in dict(settings.LANGUAGES):
                translation.activate(language)
                request.LANGUAGE_CODE = language
        response: HttpResponse = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            response.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            response.setdefault("Cross-Origin-Opener-Policy", "same-origin")
            response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
            response.setdefault("Cache-Control", "no-store")
            response.setdefault("Content-Language", translation.get_language() or "fi")
            # Pages alone: interfaces stream, and what they save on the way they would pay for in time.
            response = cast(HttpResponse, _GZIP.process_response(request, response))
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a refusal of a use case into a page that helps. Interfaces for programs answer for themselves."""
        if request.path.startswith(("/api/", "/ims/", "/oauth/")):
            return None
        if isinstance(error, NotFoundError):
            return render(request, "404.html", status=404)
        if isinstance(error, DeniedError):
            mine: Desk | None = cast(Any, request).desk
            # A lazy object is never None itself; its truth is that of what it wraps.
            person, chosen = (mine.person, mine.chosen) if mine else (None, None)
            return render(request, "403.html", refusal.told(person, chosen, error.rule), status=403)
        return None


def desk(request: HttpRequest) -> dict[str, Any]:
    """Give the templates the desk, its places, the theme and the language."""
    mine: Desk | None = getattr(request, "desk", None)
    theme = request.COOKIES.get(THEME_COOKIE, "")
    places = []
    # A lazy object is never None itself; its truth is that of what it wraps.
    if mine:
        match = request.resolver_match
        here = match.url_name if match else None
        chosen = mine.chosen.role if mine.chosen else ""
        places = [
            {
                "route": route,
                "label": label,
                "icon": icon,
                # What lies behind a place, such as one group of them, belongs to it.
                "here": "page" if route == here else "true" if request.path.startswith(reverse(route) + "/") else "",
            }
            for route, label, icon in PLACES.get(chosen, [])
            # A place where nothing has ever been is no place.
            if route != "registers" or (mine.actor and registers_came(mine.actor))
        ]
    return {
        "desk": mine,
        "places": places,
        # Whoever has a desk keeps its menu on pages of trouble too.
        "frame": "base.html" if mine and mine.chosen else "door.html",
        "theme": theme if theme in THEMES else "",
        "accent": mine.chosen.accent.removeprefix("#") if mine and mine.chosen else "",
        "demo": settings.DEMO,
        "today": clock.today(),
        "languages": [("fi", "Suomi"), ("sv", "Svenska"), ("en", "English")],
        "page_description": _("Your school day on one desk."),
    }
