"""Relations to learners alone, for what they have studied; and by which source a study right is kept, found by an index.

The wider relations bind staff to guardians and colleagues as well, who may be learners of the same provider.
"""

from django.db import migrations

SQL = """
-- A teacher is bound to the learners alone whom they teach: what a learner has studied concerns no guardian.
CREATE VIEW studies_teaches_learner WITH (security_invoker = true) AS
    SELECT t.person_id AS actor_id, s.person_id, t.provider_id,
           greatest(t.valid_from, s.valid_from) AS valid_from, least(t.valid_to, s.valid_to) AS valid_to
    FROM studies_enrolment t
    JOIN studies_enrolment s ON s.provider_id = t.provider_id AND s.group_id = t.group_id AND s.role = 'student'
    WHERE t.role = 'teacher';

-- The principal and the school secretary are bound to the learners alone of their school, each by the role given there.
CREATE VIEW studies_office_of_learner WITH (security_invoker = true) AS
    SELECT a.person_id AS actor_id, e.person_id, a.provider_id,
           greatest(a.valid_from, e.valid_from) AS valid_from, least(a.valid_to, e.valid_to) AS valid_to,
           a.role AS actor_role
    FROM people_staffassignment a
    JOIN studies_schoolenrolment e ON e.provider_id = a.provider_id AND e.school_id = a.organisation_id
    WHERE a.role IN ('principal', 'school_secretary');

-- Of study rights alone, so that the rows of a roster, of which there are the most, pay nothing for it.
CREATE INDEX core_sourcekey_study_right ON core_sourcekey (target_id) WHERE kind = 'study_right';
"""


class Migration(migrations.Migration):
    dependencies = [("studies", "0082_kept_by"), ("core", "0030_keys")]
    operations = [
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
