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

-- The principal and the school secretary are bound to the learners of their school, their guardians, and its staff;
-- each by the role that the assignment gives there.
CREATE VIEW studies_works_at_school_of WITH (security_invoker = true) AS
    SELECT a.person_id AS actor_id, e.person_id, a.provider_id,
           greatest(a.valid_from, e.valid_from) AS valid_from, least(a.valid_to, e.valid_to) AS valid_to,
           a.role AS actor_role
    FROM people_staffassignment a
    JOIN studies_schoolenrolment e ON e.provider_id = a.provider_id AND e.school_id = a.organisation_id
    WHERE a.role IN ('principal', 'school_secretary')
    UNION ALL
    SELECT a.person_id, g.guardian_id, a.provider_id,
           greatest(a.valid_from, e.valid_from, g.valid_from), least(a.valid_to, e.valid_to, g.valid_to), a.role
    FROM people_staffassignment a
    JOIN studies_schoolenrolment e ON e.provider_id = a.provider_id AND e.school_id = a.organisation_id
    JOIN people_guardianship g ON g.provider_id = a.provider_id AND g.child_id = e.person_id
    WHERE a.role IN ('principal', 'school_secretary')
    UNION ALL
    SELECT a.person_id, b.person_id, a.provider_id,
           greatest(a.valid_from, b.valid_from), least(a.valid_to, b.valid_to), a.role
    FROM people_staffassignment a
    JOIN people_staffassignment b ON b.provider_id = a.provider_id AND b.organisation_id = a.organisation_id
    WHERE a.role IN ('principal', 'school_secretary');

-- A teacher, and whoever helps in a group, is bound to the group itself.
CREATE VIEW studies_teaches_group WITH (security_invoker = true) AS
    SELECT person_id AS actor_id, group_id, provider_id, valid_from, valid_to
    FROM studies_enrolment WHERE role IN ('teacher', 'aide');

-- The principal and the school secretary are bound to the groups of their school, each by the role given there.
CREATE VIEW studies_office_of_group WITH (security_invoker = true) AS
    SELECT a.person_id AS actor_id, g.id AS group_id, a.provider_id, a.valid_from, a.valid_to, a.role AS actor_role
    FROM people_staffassignment a
    JOIN studies_group g ON g.provider_id = a.provider_id AND g.school_id = a.organisation_id
    WHERE a.role IN ('principal', 'school_secretary');

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
