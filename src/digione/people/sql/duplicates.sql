-- Lent to `access`: an administrator is bound to the two persons of each duplicate case of the provider, and to nobody else.
CREATE VIEW people_decides_duplicate_of WITH (security_invoker = true) AS
    SELECT a.person_id AS actor_id, concerned.person_id, a.provider_id, a.valid_from, a.valid_to
    FROM people_staffassignment a
    JOIN people_duplicatecase d ON d.provider_id = a.provider_id
    CROSS JOIN LATERAL (VALUES (d.person_id), (d.other_person_id)) concerned (person_id)
    WHERE a.role = 'administrator';

-- Whether a record is another provider's as well, today or later. It answers only about a person of a duplicate case
-- of the provider that asks, and only yes or no: never who.
CREATE FUNCTION people_linked_elsewhere(who uuid, day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    SELECT EXISTS (SELECT 1 FROM people_duplicatecase d
                   WHERE d.provider_id = nullif(current_setting('digione.provider', true), '')::uuid
                     AND who IN (d.person_id, d.other_person_id))
       AND EXISTS (SELECT 1 FROM people_providerperson l
                   WHERE l.person_id = who AND (l.valid_to IS NULL OR l.valid_to >= day)
                     AND l.provider_id <> nullif(current_setting('digione.provider', true), '')::uuid)
$f$;

-- The log of a record that was merged into another is the other's as well.
CREATE VIEW audit_former WITH (security_invoker = true) AS
    SELECT successor_id AS person_id, person_id AS former_id FROM people_personsuccession;
