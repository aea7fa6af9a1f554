-- Lent to `access`: the education providers on the platform, as takings and apps name them.
CREATE VIEW access_provider WITH (security_invoker = true) AS
    SELECT p.id, o.oid, o.name, o.sort_key
    FROM organisations_provider p JOIN organisations_organisation o ON o.id = p.id;
