"""The WSGI application: the gate, then the hot lane, then Django, in one process and on the same threads."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digione.config.settings")

from django.core.wsgi import get_wsgi_application

from digione.rest.gate import Gate
from digione.rest.hot_lane import HotLane

application = Gate(HotLane(get_wsgi_application()))
