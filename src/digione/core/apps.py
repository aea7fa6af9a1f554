"""Registers the room with Django."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """The core: tables that belong to no capability of their own."""

    name = "digione.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"
