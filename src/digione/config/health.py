"""Is the process alive, and can it serve? For load balancers and for `digione demo`."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process runs."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database answers and its tables are there, else 503 with what is missing.

    `unsealed_seconds` is how long the oldest row of the log of use has waited for its seal: a monitor alarms on it. The
    desks go on meanwhile, so it does not make the answer another one.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('studies_enrolment') IS NOT NULL")
            migrated = bool(cursor.fetchone()[0])
            waiting = 0.0
            if migrated:
                cursor.execute("SELECT audit_seal_lag()")
                waiting = float(cursor.fetchone()[0])
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "reason": "The database does not answer."}, status=503)
    if not migrated:
        return JsonResponse({"status": "unavailable", "reason": "The database is not migrated."}, status=503)
    return JsonResponse({"status": "ready", "unsealed_seconds": round(waiting, 1)})
