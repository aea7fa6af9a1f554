"""The door of the demonstration: pick a person and look. Exists only in demo mode."""

from types import ModuleType
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from digione.core import clock
from digione.core.texts import in_language
from digione.people.desks import PersonDesk, desk_of, providers_that_know, providers_with_learners
from digione.web.templatetags.desk import localized

#: What there is to see with a person of the cast (`cast.STORIES`), in words.
_STORIES = {
    "two_municipalities": gettext_lazy("Her children go to school in two municipalities."),
    "two_roles": gettext_lazy("She is a guardian too: try the other role."),
    "limited_custody": gettext_lazy("His custody is limited: he is told nothing of the child."),
    "non_disclosure": gettext_lazy("Under a non-disclosure order: few see her."),
}
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def _cast() -> ModuleType:
    """Return the people of the demonstration: only now, for an installation may be without it."""
    from digione.integrations.demo import cast

    return cast


def _people(only: str | None = None) -> list[dict[str, Any]]:
    """Return the people with an account and a desk, in the order of the cast; with `only`, the one of that name."""
    sign_ins = _cast().SIGN_INS
    wanted = [name for name in sign_ins if only in (None, name)]
    accounts = get_user_model().objects.filter(is_active=True, username__in=wanted)
    found = []
    for account in accounts:
        person = desk_of(account.person_id, day=clock.today()) if account.person_id else PersonDesk()
        if person.roles:
            name = account.get_username()
            story = _STORIES.get(_cast().STORIES.get(name, ""), "")
            found.append({"username": name, "person": person, "choice": person.roles[0], "story": story})
    return sorted(found, key=lambda entry: sign_ins.index(entry["username"]))


def _by_provider(people: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the providers with their people; who belongs to several, or to none any more, stands under the first."""
    places: dict[str, list[dict[str, Any]]] = {}
    for entry in people:
        name = localized(next(iter(entry["choice"].providers), None)) or next(iter(places), "")
        places.setdefault(name, []).append(entry)
    return list(places.items())


def is_shared(account: Any) -> bool:
    """Tell whether an account is one of the demonstration's own, which everybody may use."""
    return settings.DEMO and account.get_username() in _cast().SIGN_INS


def _only_in_demo() -> None:
    if not settings.DEMO:
        raise Http404


@require_http_methods(["GET", "HEAD", "POST"])
def pick(request: HttpRequest) -> HttpResponse:
    """Show whom one can be, and on POST be that person."""
    _only_in_demo()
    if request.method == "POST":
        username = request.POST.get("username", "")
        if not _people(username):
            raise Http404
        account = get_user_model().objects.get(username=username)
        request.session.flush()
        login(request, account, backend=_BACKEND)
        return HttpResponseRedirect("/")
    people = _people()
    return render(
        request, "demo.html", {"people": people, "places": _by_provider(people), "password": _cast().PASSWORD}
    )


@require_GET
def listing(request: HttpRequest) -> JsonResponse:
    """Answer the providers and the sign-ins of the demonstration, for programs."""
    _only_in_demo()
    accounts = dict(get_user_model().objects.filter(is_active=True).values_list("username", "person_id"))
    sign_ins = []
    for entry in _people():
        # A guardian may not be told where a child goes to school; programs still ask whose account it is.
        known, person = entry["choice"].providers, accounts[entry["username"]]
        if person and not known:
            known = providers_that_know(person, day=clock.today())
        names = [in_language(name, ("fi", "sv", "en")) for name in known]
        sign_ins.append(
            {
                "role": entry["choice"].role,
                "username": entry["username"],
                "password": _cast().PASSWORD,
                "provider": next(iter(names), ""),
                "providers": names,
                "roles": [choice.role for choice in entry["person"].roles],
            }
        )
    providers = [
        {"oid": row["oid"], "name": in_language(row["name"], ("fi", "sv", "en")), "learners": row["learners"]}
        for row in providers_with_learners()
    ]
    return JsonResponse({"providers": providers, "sign_ins": sign_ins})
