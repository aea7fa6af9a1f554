"""Is the process alive, and can it serve? For load balancers and for `digione demo`."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from digione.config.installed import migrations

#: The worker sets about sealing every five seconds; after this many without it, it is said to be late.
WORKER_LATE_SECONDS = 60

# The number of migrations that are missing, and the seconds since the worker last set about sealing the log. When it
# set about it is asked, not how old the oldest row without a seal is: that would cost the more, the longer it stands.
_ASK = """
SELECT (SELECT count(*) FROM unnest(%(apps)s::text[], %(names)s::text[]) AS wanted (app, name)
        WHERE NOT EXISTS (SELECT 1 FROM django_migrations d WHERE d.app = wanted.app AND d.name = wanted.name)),
       extract(epoch FROM clock_timestamp()) - (SELECT max(p.defer_timestamp) FROM procrastinate_periodic_defers p
                                                WHERE p.task_name = 'audit.seal' AND p.periodic_id = 'audit-seal')
"""


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 as long as the process runs."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when this process can serve: the database answers and no migration is missing; else 503.

    `components` says `ready` or `not ready` of `database`, `migrations` and `worker`, and nothing more: anybody may
    ask. A worker that is late stops no page, so it does not take the process out of service; alarm on it.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('django_migrations'), to_regclass('procrastinate_periodic_defers')")
            tables = cursor.fetchone()
            missing, age = 1, None
            if None not in tables:
                apps, names = zip(*sorted(migrations()), strict=True)
                cursor.execute(_ASK, {"apps": list(apps), "names": list(names)})
                missing, age = cursor.fetchone()
    except DatabaseError:
        return _answer(database=False, migrations=False, worker=False)
    return _answer(database=True, migrations=missing == 0, worker=age is not None and age <= WORKER_LATE_SECONDS)


def _answer(*, database: bool, migrations: bool, worker: bool) -> JsonResponse:
    found = {"database": database, "migrations": migrations, "worker": worker}
    ready = database and migrations
    components = {name: "ready" if good else "not ready" for name, good in found.items()}
    return JsonResponse(
        {"status": "ready" if ready else "not ready", "components": components},
        status=200 if ready else 503,
        headers={"Cache-Control": "no-store"},
    )
