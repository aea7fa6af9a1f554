"""The part of `digione up` and `digione demo` that does jobs: Procrastinate's worker, without the greeting of its command line."""

import django


def main() -> None:
    """Do jobs until a signal asks for the end; jobs that run are finished first."""
    django.setup()
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    connector = app.connector
    assert isinstance(connector, DjangoConnector)  # noqa: S101 - the settings name no other.
    with app.replace_connector(connector.get_worker_connector()) as working:
        working.run_worker(concurrency=2)


if __name__ == "__main__":
    main()
