"""Row-level security, history, keys that start with the tenant, and the relations lent to `access`."""

from django.db import migrations

from digione.core.tables import tenant_table

COURSE = "id provider_id school_id session_id code title subjects grades status sys_from".split()
GROUP = "id provider_id school_id course_id kind code title grades subjects valid_from valid_to sys_from".split()
GROUP_SESSION = "id provider_id group_id session_id sys_from".split()
SCHOOL_ENROLMENT = "id provider_id person_id school_id grade is_primary valid_from valid_to sys_from".split()
ENROLMENT = "id provider_id group_id school_id person_id role is_primary valid_from valid_to sys_from".split()
RELATIONS = """
-- The relations that this room lends to `access`. A right lasts while both its ends do: the later start, the earlier end.

-- A teacher is bound to the learners of the groups that they teach, and to these learners' guardians.
CREATE VIEW studies_teaches WITH (security_invoker = true) AS
    SELECT t.person_id AS actor_id, s.person_id, t.provider_id,
           greatest(t.valid_from, s.valid_from) AS valid_from, least(t.valid_to, s.valid_to) AS valid_to
    FROM studies_enrolment t
    JOIN studies_enrolment s ON s.provider_id = t.provider_id AND s.group_id = t.group_id AND s.role = 'student'
    WHERE t.role IN ('teacher', 'aide')
    UNION ALL
    SELECT t.person_id, g.guardian_id, t.provider_id,
           greatest(t.valid_from, s.valid_from, g.valid_from), least(t.valid_to, s.valid_to, g.valid_to)
    FROM studies_enrolment t
    JOIN studies_enrolment s ON s.provider_id = t.provider_id AND s.group_id = t.group_id AND s.role = 'student'
    JOIN people_guardianship g ON g.provider_id = t.provider_id AND g.child_id = s.person_id
    WHERE t.role = 'teacher';

-- The principal and the school secretary are bound to the learners of their school, their guardians, and its staff.
CREATE VIEW studies_works_at_school_of WITH (security_invoker = true) AS
    SELECT a.person_id AS actor_id, e.person_id, a.provider_id,
           greatest(a.valid_from, e.valid_from) AS valid_from, least(a.valid_to, e.valid_to) AS valid_to
    FROM people_staffassignment a
    JOIN studies_schoolenrolment e ON e.provider_id = a.provider_id AND e.school_id = a.organisation_id
    WHERE a.role IN ('principal', 'school_secretary')
    UNION ALL
    SELECT a.person_id, g.guardian_id, a.provider_id,
           greatest(a.valid_from, e.valid_from, g.valid_from), least(a.valid_to, e.valid_to, g.valid_to)
    FROM people_staffassignment a
    JOIN studies_schoolenrolment e ON e.provider_id = a.provider_id AND e.school_id = a.organisation_id
    JOIN people_guardianship g ON g.provider_id = a.provider_id AND g.child_id = e.person_id
    WHERE a.role IN ('principal', 'school_secretary')
    UNION ALL
    SELECT a.person_id, b.person_id, a.provider_id,
           greatest(a.valid_from, b.valid_from), least(a.valid_to, b.valid_to)
    FROM people_staffassignment a
    JOIN people_staffassignment b ON b.provider_id = a.provider_id AND b.organisation_id = a.organisation_id
    WHERE a.role IN ('principal', 'school_secretary');
"""


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
