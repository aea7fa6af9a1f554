"""Registers the room with Django."""

from django.apps import AppConfig

from digione.core import use_case


class AccessConfig(AppConfig):
    """See the room's own docstring."""

    name = "digione.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Give the core its decider."""
        from digione.access.decider import RuleDecider

        use_case.install(decider=RuleDecider())
