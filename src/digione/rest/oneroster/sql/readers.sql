-- What a token opens, worked out once and kept until something changes that it was made of: the token, its app, or a
-- taking of that app. `provider_id` is the provider that opens users to the app, and empty where none does or several do;
-- `disclosed` and `contact` then say what its takings open. A row holds from `first_day` until the day before `next_day`,
-- for takings begin and end by themselves. Nothing here is the truth: the table is unlogged and may be emptied at any time.
CREATE UNLOGGED TABLE rest_reader (
    checksum text PRIMARY KEY, app_id uuid NOT NULL, supplier_id uuid NOT NULL, scopes text[] NOT NULL, expires timestamptz NOT NULL,
    provider_id uuid, disclosed boolean NOT NULL, contact boolean NOT NULL, first_day date NOT NULL, next_day date
);
CREATE INDEX rest_reader_app ON rest_reader (app_id);

-- Forgets what the tokens of apps open. The same lock as that of kept documents, by app: whoever changes a right shares
-- it until the end of the transaction, and whoever keeps a reader needs it alone. So what is kept was never made of what
-- an open transaction is about to take away.
CREATE FUNCTION rest_forget_readers(apps uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
DECLARE app uuid;
BEGIN
    FOR app IN SELECT DISTINCT a FROM unnest(apps) a WHERE a IS NOT NULL ORDER BY a LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtext('rest_reader'), hashtext(app::text));
        DELETE FROM rest_reader r WHERE r.app_id = app;
    END LOOP;
END $f$;

-- A taking began, changed or ended.
CREATE FUNCTION rest_forget_by_taking() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    IF TG_OP <> 'DELETE' THEN PERFORM rest_forget_readers(array_agg(app_id)) FROM new_rows; END IF;
    IF TG_OP <> 'INSERT' THEN PERFORM rest_forget_readers(array_agg(app_id)) FROM old_rows; END IF;
    RETURN NULL;
END $f$;

-- A token was withdrawn or changed.
CREATE FUNCTION rest_forget_by_token() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    PERFORM rest_forget_readers(array_agg(a.id)) FROM old_rows o JOIN access_app a ON a.application_id = o.application_id;
    RETURN NULL;
END $f$;

-- An app was changed or removed.
CREATE FUNCTION rest_forget_by_app() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    PERFORM rest_forget_readers(array_agg(id)) FROM old_rows;
    RETURN NULL;
END $f$;

-- A person of whom a document may be kept was hidden from a supplier's list, shown in it again, or left it. What is kept
-- is therefore always of somebody whom the supplier may list.
CREATE FUNCTION rest_forget_by_listing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    IF rest_documents_at(ARRAY(SELECT DISTINCT provider_id FROM old_rows)) THEN
        PERFORM rest_forget_documents(array_agg(person_id), ARRAY[provider_id]) FROM old_rows GROUP BY provider_id;
    END IF;
    RETURN NULL;
END $f$;
