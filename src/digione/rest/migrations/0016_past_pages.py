"""Indexes by which a page of what was known at a moment is found, at the same cost however long the past is."""

from django.db import migrations

#: Tables that are read by pages, each with its history. That of a person is found by the person.
PAGED = (
    "organisations_organisation",
    "organisations_academicsession",
    "people_staffassignment",
    "studies_assessment",
    "studies_attainment",
    "studies_course",
    "studies_enrolment",
    "studies_group",
    "studies_groupsession",
    "studies_schoolenrolment",
    "studies_studyright",
    "studies_studyrightextra",
    "studies_studyrightstate",
)


class Migration(migrations.Migration):
    dependencies = [("rest", "0015_repeated_calls"), ("organisations", "0051_house_succession"), ("people", "0062_links_counted")]
    operations = [
        migrations.RunSQL(
            f"CREATE INDEX {table}_history_page ON {table}_history (provider_id, id)", f"DROP INDEX {table}_history_page"
        )
        for table in PAGED
    ]
