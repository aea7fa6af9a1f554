"""Registers the room with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """See the room's own docstring."""

    name = "digione.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"
