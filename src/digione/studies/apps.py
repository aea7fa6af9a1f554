"""Registers the room with Django."""

from django.apps import AppConfig


class StudiesConfig(AppConfig):
    """See the room's own docstring."""

    name = "digione.studies"
    label = "studies"
    default_auto_field = "django.db.models.BigAutoField"
