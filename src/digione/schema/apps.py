"""Registers the room with Django."""

from django.apps import AppConfig


class SchemaConfig(AppConfig):
    """See the room's own docstring."""

    name = "digione.schema"
    label = "schema"
    default_auto_field = "django.db.models.BigAutoField"
