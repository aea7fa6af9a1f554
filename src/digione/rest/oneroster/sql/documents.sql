-- A user's JSON is made once and kept until something changes that it was made of. Reading then costs one row.
--
-- `body` lacks its last brace and the e-mail address, which is for those whose scope opens it: `email` is that property
-- with its comma, or empty. E'\x01', which no JSON holds, stands where the address of the service will. A document holds from `first_day` until the day before `next_day`, for periods end by themselves. Nothing here is the
-- truth: the table is unlogged, may be emptied at any time, and fills as users are read.
CREATE UNLOGGED TABLE rest_user_document (
    supplier_id uuid NOT NULL, provider_id uuid NOT NULL, sourced_id uuid NOT NULL, disclosed boolean NOT NULL,
    person_id uuid NOT NULL, alias uuid NOT NULL, body text NOT NULL, email text NOT NULL,
    first_day date NOT NULL, next_day date,
    PRIMARY KEY (supplier_id, provider_id, sourced_id, disclosed)
);
CREATE INDEX rest_user_document_person ON rest_user_document (provider_id, person_id);
-- One user is asked for by id alone, over all providers of the app.
CREATE INDEX access_listing_one ON access_listing (supplier_id, sourced_id) INCLUDE (provider_id, person_id, hidden);

-- Forgets the documents of `persons` at `providers`.
--
-- Whoever changes what documents are made of shares the provider's lock until the end of the transaction; whoever keeps
-- a document needs it alone, and does without when it is taken. So a document is never made of what an open transaction
-- is about to replace, and is never kept after that transaction has looked for documents to forget. The lock comes
-- first, and the statement after it sees what was kept meanwhile.
CREATE FUNCTION rest_forget_documents(persons uuid[], providers uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE provider uuid;
BEGIN
    FOR provider IN SELECT DISTINCT p FROM unnest(providers) p ORDER BY p LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtext('rest_user_document'), hashtext(provider::text));
        DELETE FROM rest_user_document d WHERE d.provider_id = provider AND d.person_id = ANY (persons);
    END LOOP;
END $f$;

-- Whether any document of these providers is there to forget. The locks are taken, so the answer holds. A first load of
-- a provider finds none, and need not gather its persons.
CREATE FUNCTION rest_documents_at(providers uuid[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE provider uuid; found_one boolean := false;
BEGIN
    FOR provider IN SELECT DISTINCT p FROM unnest(providers) p ORDER BY p LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtext('rest_user_document'), hashtext(provider::text));
        found_one := found_one OR EXISTS (SELECT 1 FROM rest_user_document d WHERE d.provider_id = provider);
    END LOOP;
    RETURN found_one;
END $f$;

-- A row of a person at a provider changed: a role, a place, a contact.
CREATE FUNCTION rest_forget_by_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        IF rest_documents_at(ARRAY(SELECT DISTINCT provider_id FROM new_rows)) THEN
            PERFORM rest_forget_documents(array_agg(person_id), ARRAY[provider_id]) FROM new_rows GROUP BY provider_id;
        END IF;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        IF rest_documents_at(ARRAY(SELECT DISTINCT provider_id FROM old_rows)) THEN
            PERFORM rest_forget_documents(array_agg(person_id), ARRAY[provider_id]) FROM old_rows GROUP BY provider_id;
        END IF;
    END IF;
    RETURN NULL;
END $f$;

-- A person came to a provider or left it: children and guardians there name each other.
CREATE FUNCTION rest_forget_by_link() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF rest_documents_at(ARRAY(SELECT DISTINCT provider_id FROM new_rows)) THEN
            PERFORM rest_forget_documents(array_agg(k.person), ARRAY[k.provider_id])
            FROM (SELECT n.provider_id, n.person_id AS person FROM new_rows n
                  UNION SELECT n.provider_id, g.child_id FROM new_rows n JOIN people_guardianship g ON g.provider_id = n.provider_id AND g.guardian_id = n.person_id
                  UNION SELECT n.provider_id, g.guardian_id FROM new_rows n JOIN people_guardianship g ON g.provider_id = n.provider_id AND g.child_id = n.person_id) k
            GROUP BY k.provider_id;
        END IF;
    ELSIF rest_documents_at(ARRAY(SELECT DISTINCT provider_id FROM old_rows)) THEN
        PERFORM rest_forget_documents(array_agg(k.person), ARRAY[k.provider_id])
        FROM (SELECT n.provider_id, n.person_id AS person FROM old_rows n
              UNION SELECT n.provider_id, g.child_id FROM old_rows n JOIN people_guardianship g ON g.provider_id = n.provider_id AND g.guardian_id = n.person_id
              UNION SELECT n.provider_id, g.guardian_id FROM old_rows n JOIN people_guardianship g ON g.provider_id = n.provider_id AND g.child_id = n.person_id) k
        GROUP BY k.provider_id;
    END IF;
    RETURN NULL;
END $f$;

-- A guardianship changed. A bar on information counts at every provider of the two.
CREATE FUNCTION rest_forget_by_guardianship() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        IF rest_documents_at(ARRAY(SELECT DISTINCT provider_id FROM new_rows)) THEN
            PERFORM rest_forget_documents(array_agg(guardian_id) || array_agg(child_id), ARRAY[provider_id]) FROM new_rows GROUP BY provider_id;
        END IF;
        PERFORM rest_forget_documents(array_agg(n.guardian_id) || array_agg(n.child_id), ARRAY[l.provider_id])
        FROM new_rows n CROSS JOIN LATERAL (VALUES (n.guardian_id), (n.child_id)) of_two (person)
        JOIN people_providerperson l ON l.person_id = of_two.person
        WHERE 'no_information' = ANY (n.limits) GROUP BY l.provider_id ORDER BY l.provider_id;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        IF rest_documents_at(ARRAY(SELECT DISTINCT provider_id FROM old_rows)) THEN
            PERFORM rest_forget_documents(array_agg(guardian_id) || array_agg(child_id), ARRAY[provider_id]) FROM old_rows GROUP BY provider_id;
        END IF;
        PERFORM rest_forget_documents(array_agg(n.guardian_id) || array_agg(n.child_id), ARRAY[l.provider_id])
        FROM old_rows n CROSS JOIN LATERAL (VALUES (n.guardian_id), (n.child_id)) of_two (person)
        JOIN people_providerperson l ON l.person_id = of_two.person
        WHERE 'no_information' = ANY (n.limits) GROUP BY l.provider_id ORDER BY l.provider_id;
    END IF;
    RETURN NULL;
END $f$;

-- A person's own row changed: names at every provider, and with non-disclosure also who may name them.
CREATE FUNCTION rest_forget_by_person() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    PERFORM rest_forget_documents(array_agg(o.id), ARRAY[l.provider_id])
    FROM old_rows o JOIN people_providerperson l ON l.person_id = o.id GROUP BY l.provider_id ORDER BY l.provider_id;
    IF TG_OP = 'UPDATE' THEN
        PERFORM rest_forget_documents(array_agg(kin.person), ARRAY[kin.provider_id])
        FROM old_rows o JOIN new_rows n ON n.id = o.id AND n.non_disclosure <> o.non_disclosure
        CROSS JOIN LATERAL (SELECT g.provider_id, g.child_id AS person FROM people_guardianship g WHERE g.guardian_id = o.id
                            UNION SELECT g.provider_id, g.guardian_id FROM people_guardianship g WHERE g.child_id = o.id) kin
        GROUP BY kin.provider_id ORDER BY kin.provider_id;
    END IF;
    RETURN NULL;
END $f$;
