"""Where apps get tokens and give them back: the library's views, with what RFC 6749 forbids refused before them.

The library takes the last of a repeated parameter, and tries the body's secret when the header's was wrong; both make
it unclear who asked for what. It also serves grants that no app here has.
"""

import base64
import binascii
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views import RevokeTokenView, TokenView


class _Strict:
    """Refuses a request that cannot be meant, in the form of RFC 6749, before the library reads it."""

    #: The grants that are served; None where a request has no grant.
    grants: frozenset[str] | None = None

    @method_decorator(csrf_exempt)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer the request, or say which rule it breaks."""
        if request.method == "POST":
            fault = _fault(request)
            if fault:
                return _refused("invalid_request", fault)
            if self.grants is not None and request.POST.get("grant_type") not in self.grants:
                return _refused("unsupported_grant_type", f"Send grant_type: {', '.join(sorted(self.grants))}.")
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return answer


class GiveToken(_Strict, TokenView):  # type: ignore[misc]
    """`/oauth/token`: client credentials against an access token."""

    grants = frozenset({"client_credentials"})


class TakeTokenBack(_Strict, RevokeTokenView):  # type: ignore[misc]
    """`/oauth/revoke`: an app's own token opens nothing from now on (RFC 7009)."""


def _fault(request: HttpRequest) -> str:
    repeated = [name for name, values in request.POST.lists() if len(values) > 1]
    if repeated:
        return f"{repeated[0]} was given more than once."
    header = request.headers.get("Authorization", "")
    if header and "client_secret" in request.POST:
        return "Send the client's secret in the header or in the body, not in both."
    if any("\x00" in value for value in request.POST.values()) or b"\x00" in _decoded(header):
        return "A value contains a null character."
    return ""


def _decoded(header: str) -> bytes:
    try:
        return base64.b64decode(header.partition(" ")[2])
    except (ValueError, binascii.Error):
        return b""


def _refused(error: str, description: str) -> JsonResponse:
    return JsonResponse(
        {"error": error, "error_description": description}, status=400, headers={"Cache-Control": "no-store"}
    )
