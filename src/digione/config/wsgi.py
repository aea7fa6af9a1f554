"""The WSGI application: the gate, then the hot lane, then Django, in one process and on the same threads."""

import contextlib
import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digione.config.settings")

import psycopg
from django.core.wsgi import get_wsgi_application

from digione.config.known_keys import check_keys

ordinary = get_wsgi_application()

# Only now: what both lanes share names models, which there are when Django has been set up.
from digione.rest.gate import Gate  # noqa: E402
from digione.rest.hot_lane import HotLane  # noqa: E402

# A database that is not there yet is told by /readyz; one that was filled under other keys is not served.
with contextlib.suppress(psycopg.OperationalError):
    check_keys(os.environ.get("DIGIONE_APP_DATABASE_URL") or os.environ.get("DATABASE_URL") or "")

application = Gate(HotLane(ordinary))

# What is loaded by now lives as long as the process does. The collector need not walk through all of it each time that
# requests have left enough behind.
gc.collect()
gc.freeze()
