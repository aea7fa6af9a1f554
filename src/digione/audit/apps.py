"""Registers the room with Django."""

from django.apps import AppConfig

from digione.core import use_case


class AuditConfig(AppConfig):
    """See the room's own docstring."""

    name = "digione.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Give the core its recorder."""
        from digione.audit.recorder import AuditRecorder

        use_case.install(recorder=AuditRecorder())
