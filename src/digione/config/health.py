"""Is the process alive, and can it serve? For load balancers and for `digione demo`."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process runs."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database answers and its tables are there, else 503 with what is missing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('studies_enrolment') IS NOT NULL")
            migrated = bool(cursor.fetchone()[0])
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "reason": "The database does not answer."}, status=503)
    if not migrated:
        return JsonResponse({"status": "unavailable", "reason": "The database is not migrated."}, status=503)
    return JsonResponse({"status": "ready"})
