-- A learner's document is made once and kept until something changes that it was made of. Reading then costs one row.
--
-- `body` has the parts of the document with E'\x02' between them and E'\x01' where the id of a row will stand; `sealed` has
-- our ids of those rows in the same order, sixteen bytes each, which the web process seals for the supplier. A document
-- holds on the day on which it was made: periods end by themselves. Nothing here is the truth: the table is unlogged, may be
-- emptied at any time, and fills as learners are read.
CREATE UNLOGGED TABLE rest_learner_document (
    supplier_id uuid NOT NULL, provider_id uuid NOT NULL, sourced_id uuid NOT NULL, disclosed boolean NOT NULL, opened integer NOT NULL,
    person_id uuid NOT NULL, alias uuid NOT NULL, body text NOT NULL, sealed bytea NOT NULL, tag text NOT NULL,
    secret boolean NOT NULL, sensitivity smallint NOT NULL, seen text NOT NULL, earliest date, on_day date NOT NULL,
    PRIMARY KEY (supplier_id, provider_id, sourced_id, disclosed, opened)
) WITH (autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000);
CREATE INDEX rest_learner_document_person ON rest_learner_document (provider_id, person_id);

-- What a token opens of learners, beside what it opens of users: the provider that opens study rights to the app, empty where
-- none does or several do; what it opens, as a number; whether people with non-disclosure are among them.
ALTER TABLE rest_reader ADD COLUMN learners_at uuid, ADD COLUMN learners_opened integer NOT NULL DEFAULT 0,
    ADD COLUMN learners_disclosed boolean NOT NULL DEFAULT false;
TRUNCATE rest_reader;

-- The locks are those of the kept users, by a name of their own for what only learners are made of: whoever changes a mark
-- keeps nobody from keeping users.
CREATE OR REPLACE FUNCTION rest_forget_documents(persons uuid[], providers uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE provider uuid;
BEGIN
    FOR provider IN SELECT DISTINCT p FROM unnest(providers) p ORDER BY p LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtext('rest_user_document'), hashtext(provider::text));
        PERFORM pg_advisory_xact_lock_shared(hashtext('rest_learner_document'), hashtext(provider::text));
        DELETE FROM rest_user_document d WHERE d.provider_id = provider AND d.person_id = ANY (persons);
        DELETE FROM rest_learner_document d WHERE d.provider_id = provider AND d.person_id = ANY (persons);
    END LOOP;
END $f$;

CREATE OR REPLACE FUNCTION rest_documents_at(providers uuid[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE provider uuid; found_one boolean := false;
BEGIN
    FOR provider IN SELECT DISTINCT p FROM unnest(providers) p ORDER BY p LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtext('rest_user_document'), hashtext(provider::text));
        PERFORM pg_advisory_xact_lock_shared(hashtext('rest_learner_document'), hashtext(provider::text));
        found_one := found_one OR EXISTS (SELECT 1 FROM rest_user_document d WHERE d.provider_id = provider)
            OR EXISTS (SELECT 1 FROM rest_learner_document d WHERE d.provider_id = provider);
    END LOOP;
    RETURN found_one;
END $f$;

-- Something of a study right changed. The lock comes first, and the statements after it see what was kept meanwhile. A
-- first load of a provider finds nothing kept, and need not gather its persons.
CREATE FUNCTION rest_forget_learners() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE provider uuid;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        FOR provider IN SELECT DISTINCT n.provider_id FROM new_rows n ORDER BY 1 LOOP
            PERFORM pg_advisory_xact_lock_shared(hashtext('rest_learner_document'), hashtext(provider::text));
            IF EXISTS (SELECT 1 FROM rest_learner_document d WHERE d.provider_id = provider) THEN
                DELETE FROM rest_learner_document d WHERE d.provider_id = provider
                    AND d.person_id IN (SELECT n.person_id FROM new_rows n WHERE n.provider_id = provider);
            END IF;
        END LOOP;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        FOR provider IN SELECT DISTINCT n.provider_id FROM old_rows n ORDER BY 1 LOOP
            PERFORM pg_advisory_xact_lock_shared(hashtext('rest_learner_document'), hashtext(provider::text));
            IF EXISTS (SELECT 1 FROM rest_learner_document d WHERE d.provider_id = provider) THEN
                DELETE FROM rest_learner_document d WHERE d.provider_id = provider
                    AND d.person_id IN (SELECT n.person_id FROM old_rows n WHERE n.provider_id = provider);
            END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END $f$;
