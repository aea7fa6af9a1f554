"""Registers the room with Django."""

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    """See the room's own docstring."""

    name = "digione.organisations"
    label = "organisations"
    default_auto_field = "django.db.models.BigAutoField"
