"""`digione import people` and `digione import staff`."""

from digione.core.clock import today
from digione.integrations.csv_templates.reader import read_people, read_staff
from digione.integrations.loading.work import Work


def people(work: Work) -> None:
    """Bring a table of learners and their guardians in."""
    work.load(read_people(work.only(), work.report.problems, today=today()), kind="people", source="people")


def staff(work: Work) -> None:
    """Bring a table of staff in."""
    work.load(read_staff(work.only(), work.report.problems, today=today()), kind="staff", source="staff")
