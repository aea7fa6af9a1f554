"""Row-level security, history, keys that start with the tenant, and the relations lent to `access`."""

from pathlib import Path

from django.db import migrations

from digione.core.tables import tenant_table

COURSE = "id provider_id school_id session_id code title subjects grades status sys_from".split()
GROUP = "id provider_id school_id course_id kind code title grades subjects valid_from valid_to sys_from".split()
GROUP_SESSION = "id provider_id group_id session_id sys_from".split()
SCHOOL_ENROLMENT = "id provider_id person_id school_id grade is_primary valid_from valid_to sys_from".split()
ENROLMENT = "id provider_id group_id school_id person_id role is_primary valid_from valid_to sys_from".split()
RELATIONS = (Path(__file__).resolve().parent.parent / "relations.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("studies", "0001_tables"), ("people", "0002_security")]
    operations = [
        *tenant_table("studies_course", COURSE),
        *tenant_table("studies_group", GROUP),
        *tenant_table("studies_groupsession", GROUP_SESSION),
        *tenant_table("studies_schoolenrolment", SCHOOL_ENROLMENT, person="person_id"),
        *tenant_table("studies_enrolment", ENROLMENT, person="person_id"),
        # Checks of foreign keys bypass row-level security, so a key inside a tenant carries the tenant.
        migrations.RunSQL(
            """
            ALTER TABLE studies_course
                ADD FOREIGN KEY (provider_id) REFERENCES organisations_provider (id),
                ADD FOREIGN KEY (school_id) REFERENCES organisations_organisation (id),
                ADD FOREIGN KEY (provider_id, session_id) REFERENCES organisations_academicsession (provider_id, id) DEFERRABLE INITIALLY DEFERRED;
            ALTER TABLE studies_group
                ADD FOREIGN KEY (provider_id) REFERENCES organisations_provider (id),
                ADD FOREIGN KEY (school_id) REFERENCES organisations_organisation (id),
                ADD FOREIGN KEY (provider_id, course_id) REFERENCES studies_course (provider_id, id) DEFERRABLE INITIALLY DEFERRED;
            ALTER TABLE studies_groupsession
                ADD FOREIGN KEY (provider_id, group_id) REFERENCES studies_group (provider_id, id) DEFERRABLE INITIALLY DEFERRED,
                ADD FOREIGN KEY (provider_id, session_id) REFERENCES organisations_academicsession (provider_id, id) DEFERRABLE INITIALLY DEFERRED;
            ALTER TABLE studies_schoolenrolment
                ADD FOREIGN KEY (provider_id) REFERENCES organisations_provider (id),
                ADD FOREIGN KEY (school_id) REFERENCES organisations_organisation (id);
            ALTER TABLE studies_enrolment
                ADD FOREIGN KEY (school_id) REFERENCES organisations_organisation (id),
                ADD FOREIGN KEY (provider_id, group_id) REFERENCES studies_group (provider_id, id) DEFERRABLE INITIALLY DEFERRED;
            CREATE INDEX studies_enrolment_provider_id_p ON studies_enrolment (provider_id, id);
            CREATE INDEX studies_groupsession_session ON studies_groupsession (provider_id, session_id);
            """,
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(RELATIONS, migrations.RunSQL.noop),
    ]
