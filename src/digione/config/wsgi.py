"""The WSGI application: the hot lane in front of Django, in one process and on the same threads."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digione.config.settings")

from django.core.wsgi import get_wsgi_application

from digione.rest.hot_lane import HotLane

application = HotLane(get_wsgi_application())
