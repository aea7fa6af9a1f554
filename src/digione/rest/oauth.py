"""Where apps get tokens and give them back: the library's views, with what RFC 6749 forbids refused before them.

The library takes the last of a repeated parameter, and tries the body's secret when the header's was wrong; both make
it unclear who asked for what. It also serves grants that no app here has. And where it refuses, it names the error alone;
whoever builds an app is told here what to do about it, in English and ASCII as the standard has it (RFC 6749, 5.2).
"""

import base64
import binascii
import json
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views import RevokeTokenView, TokenView

from digione.access.scopes import OTHER_NAMES, TakenScopes

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_PROVE = "Send the client's id and secret: by HTTP Basic, or as client_id and client_secret in the body."
#: What to do about an error of the library, by its name.
_ADVICE = {
    "invalid_client": "The client id or its secret is wrong; a new secret comes from `digione app rotate-secret`.",
    "unauthorized_client": "This app may not use this grant; make one for client credentials by `digione app create`.",
    "unsupported_token_type": "Only access tokens are given out here: leave token_type_hint out.",
}


class _Strict:
    """Refuses a request that cannot be meant, in the form of RFC 6749, before the library reads it."""

    #: The grants that are served; None where a request has no grant.
    grants: frozenset[str] | None = None

    @method_decorator(csrf_exempt)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer the request, or say which rule it breaks and what to do."""
        if request.method == "POST":
            fault = _fault(request)
            if fault:
                return _refused("invalid_request", fault)
            if self.grants is not None and request.POST.get("grant_type") not in self.grants:
                only = " or ".join(f"grant_type={grant}" for grant in sorted(self.grants))
                return _refused("unsupported_grant_type", f"Send {only} in the body; no other grant is served.")
        elif request.method != "OPTIONS":
            refused = _refused("invalid_request", "Ask by POST, with the parameters in the body.", status=405)
            refused["Allow"] = "POST, OPTIONS"
            return refused
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            _advise(request, answer)
        return answer


class GiveToken(_Strict, TokenView):  # type: ignore[misc]
    """`/oauth/token`: client credentials against an access token.

    Scopes may be asked for by their names of OneRoster 1.1. The token has those of 1.2, and opens both; the answer calls
    them as they were asked for.
    """

    grants = frozenset({"client_credentials"})

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Give a token, or the library's refusal."""
        asked = request.POST.get("scope", "").split()
        renamed = any(scope in OTHER_NAMES for scope in asked)
        if renamed:
            sent = request.POST.copy()
            sent["scope"] = " ".join(dict.fromkeys(OTHER_NAMES.get(scope, scope) for scope in asked))
            request.POST = sent  # type: ignore[assignment]
        answer: HttpResponse = super().post(request, *args, **kwargs)
        if renamed and answer.status_code == HTTPStatus.OK:
            told = json.loads(answer.content)
            told["scope"] = " ".join(asked)
            answer.content = json.dumps(told).encode()
        return answer


class TakeTokenBack(_Strict, RevokeTokenView):  # type: ignore[misc]
    """`/oauth/revoke`: an app's own token opens nothing from now on (RFC 7009)."""


def _fault(request: HttpRequest) -> str:
    if request.content_type and request.content_type not in _FORMS:
        return f"Send the parameters as a form: Content-Type: {_FORMS[0]}."
    try:
        sent = request.POST
    except (BadRequest, MultiPartParserError, SuspiciousOperation):
        return f"The body cannot be read. Send a short form in UTF-8: Content-Type: {_FORMS[0]}."
    repeated = [name for name, values in sent.lists() if len(values) > 1]
    if repeated:
        return f"{_ascii(repeated[0])} was given more than once. Send it once."
    header = request.headers.get("Authorization", "")
    if header and "client_secret" in sent:
        return "Send the client's secret in the header or in the body, not in both."
    if any("\x00" in value for value in sent.values()) or b"\x00" in _decoded(header):
        return "A value contains a null character. Send it without."
    if header and "client_id" in sent and sent["client_id"] != _client_id(request):
        return "The client_id in the body is not the one in the header. Leave it out of the body."
    return ""


def _decoded(header: str) -> bytes:
    try:
        return base64.b64decode(header.partition(" ")[2])
    except (ValueError, binascii.Error):
        return b""


def _client_id(request: HttpRequest) -> str:
    """Return whom the request says it comes from, empty where it does not say."""
    header = request.headers.get("Authorization", "")
    if header:
        return unquote_plus(_decoded(header).decode("utf-8", "replace").partition(":")[0])
    return str(request.POST.get("client_id", ""))


def _advise(request: HttpRequest, answer: HttpResponse) -> None:
    """Put into a refusal of the library what to do. Its own words, where it has any, are for people who know it."""
    told = json.loads(answer.content)
    match told["error"]:
        case "invalid_client" if not request.headers.get("Authorization") and "client_secret" not in request.POST:
            told["error_description"] = _PROVE
        case "invalid_scope":
            # The library has checked the secret before the scope, so nobody but the app itself is told.
            told["error_description"] = _scopes_of(_client_id(request))
        case "invalid_request" if "token" not in request.POST and "grant_type" not in request.POST:
            told["error_description"] = "Send the token to give back as token in the body."
        case error:
            told["error_description"] = _ADVICE.get(
                error, "The request cannot be served as it is. /api/v1/docs tells how to ask."
            )
    answer.content = json.dumps(told).encode()


def _scopes_of(client_id: str) -> str:
    scopes = TakenScopes().of_client(client_id)
    how = "More is opened by a provider that uses the app: `digione app take`."
    if not scopes:
        return f"No provider has opened anything to this app today. {how}"
    return f"This app may ask for: {' '.join(scopes)}. Without scope it gets all of these. {how}"


def _ascii(name: str) -> str:
    """Return a name from outside as a description may show it (RFC 6749, 5.2)."""
    return "".join(sign if " " <= sign <= "~" and sign not in '"\\<>' else "?" for sign in name[:40])


def _refused(error: str, description: str, *, status: int = HTTPStatus.BAD_REQUEST) -> JsonResponse:
    return JsonResponse(
        {"error": error, "error_description": description}, status=status, headers={"Cache-Control": "no-store"}
    )
