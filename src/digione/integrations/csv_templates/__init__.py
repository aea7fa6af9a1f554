"""Two plain tables for a municipality without any system: its learners with their guardians, and its staff."""

from digione.integrations.csv_templates.reader import read_people, read_staff

__all__ = ["read_people", "read_staff"]
