-- The relation that this room lends to `access`: a guardian is bound to a child while custody lasts, and only as far
-- as the right to information goes (Child Custody Act 361/1983, 4 §).
CREATE VIEW people_guardian_of WITH (security_invoker = true) AS
    SELECT guardian_id AS actor_id, child_id AS person_id, provider_id, valid_from, valid_to
    FROM people_guardianship
    WHERE NOT 'no_information' = ANY (limits);

-- The log knows persons by an alias; this is the mapping, and it goes when the person is erased.
CREATE VIEW audit_subject WITH (security_invoker = true) AS
    SELECT id AS person_id, audit_alias AS alias, given_name || ' ' || family_name AS shown_name FROM people_person;

-- Whom a provider knows, or knew: by it an app is bound to the people of a provider that has taken it.
CREATE VIEW people_belongs_to WITH (security_invoker = true) AS
    SELECT provider_id, person_id, basis, valid_from, valid_to FROM people_providerperson;

-- The provider's main administrator is bound to whom the provider knows today, for what tells no value: where data comes from.
CREATE VIEW people_administers WITH (security_invoker = true) AS
    SELECT a.person_id AS actor_id, l.person_id, a.provider_id,
           greatest(a.valid_from, l.valid_from) AS valid_from, least(a.valid_to, l.valid_to) AS valid_to
    FROM people_staffassignment a
    JOIN people_providerperson l ON l.provider_id = a.provider_id
    WHERE a.role = 'administrator';
