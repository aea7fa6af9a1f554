"""Two axes of reach: a person is seen by a provider that has a link, or by oneself and one's guardian."""

from django.db import migrations

from digione.core.tables import PERSONS, PROVIDER, keep_history, secure, tenant_table

LINKED = f"EXISTS (SELECT 1 FROM people_providerperson l WHERE l.provider_id = {PROVIDER} AND l.person_id = {{person}})"
PERSON = (
    "id audit_alias first_names given_name family_name sort_key search_key birth_date sex mother_tongue nationalities "
    "home_municipality non_disclosure deceased_on sys_from"
).split()
LINK = "id provider_id person_id basis valid_from valid_to sys_from".split()
IDENTIFIER = "id provider_id person_id kind value_enc digest key_id current valid_from valid_to sys_from".split()
CONTACT = "id provider_id person_id kind value valid_from valid_to sys_from".split()
GUARDIANSHIP = "id provider_id guardian_id child_id kind limits valid_from valid_to source sys_from".split()
ASSIGNMENT = "id provider_id person_id organisation_id role valid_from valid_to sys_from".split()
DUPLICATE = "id provider_id person_id other_person_id reason status sys_from".split()

_person_linked = LINKED.format(person="people_person.id")
_person_reach = f"people_person.id = ANY ({PERSONS}) OR {_person_linked}"
_identifier_linked = f"provider_id IS NULL AND {LINKED.format(person='people_identifier.person_id')}"
_identifier_reach = f"provider_id = {PROVIDER} OR person_id = ANY ({PERSONS}) OR ({_identifier_linked})"
_both = f"provider_id = {PROVIDER} OR guardian_id = ANY ({PERSONS}) OR child_id = ANY ({PERSONS})"
RELATIONS = """
-- The relation that this room lends to `access`: a guardian is bound to a child while custody lasts, and only as far
-- as the right to information goes (Child Custody Act 361/1983, 4 §).
CREATE VIEW people_guardian_of WITH (security_invoker = true) AS
    SELECT guardian_id AS actor_id, child_id AS person_id, provider_id, valid_from, valid_to
    FROM people_guardianship
    WHERE NOT 'no_information' = ANY (limits);

-- The log knows persons by an alias; this is the mapping, and it goes when the person is erased.
CREATE VIEW audit_subject WITH (security_invoker = true) AS
    SELECT id AS person_id, audit_alias AS alias, given_name || ' ' || family_name AS shown_name FROM people_person;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0001_tables"),
        ("organisations", "0002_security"),
        ("access", "0003_security"),
        ("audit", "0001_log"),
    ]
    operations = [
        *tenant_table("people_providerperson", LINK, person="person_id"),
        # The link is written first (its foreign key is deferred), for a person without a link may not be written.
        secure("people_person", using=_person_reach, check=_person_linked),
        keep_history("people_person", PERSON, using=_person_reach.replace("people_person.id", "people_person_history.id")),
        secure("people_identifier", using=_identifier_reach, check=f"provider_id = {PROVIDER} OR ({_identifier_linked})"),
        keep_history(
            "people_identifier",
            IDENTIFIER,
            using=_identifier_reach.replace("people_identifier.person_id", "people_identifier_history.person_id"),
        ),
        *tenant_table("people_contact", CONTACT, person="person_id"),
        secure("people_guardianship", using=_both, check=f"provider_id = {PROVIDER}"),
        keep_history("people_guardianship", GUARDIANSHIP, using=_both),
        *tenant_table("people_staffassignment", ASSIGNMENT, person="person_id"),
        *tenant_table("people_duplicatecase", DUPLICATE),
        migrations.RunSQL(
            """
            CREATE INDEX people_person_sort ON people_person (sort_key, id);
            CREATE INDEX people_person_search ON people_person (search_key text_pattern_ops);
            CREATE INDEX people_providerperson_person_p ON people_providerperson (person_id, provider_id);
            ALTER TABLE people_providerperson ADD FOREIGN KEY (provider_id) REFERENCES organisations_provider (id);
            ALTER TABLE people_contact ADD FOREIGN KEY (provider_id) REFERENCES organisations_provider (id);
            ALTER TABLE people_guardianship ADD FOREIGN KEY (provider_id) REFERENCES organisations_provider (id);
            ALTER TABLE people_staffassignment
                ADD FOREIGN KEY (provider_id) REFERENCES organisations_provider (id),
                ADD FOREIGN KEY (organisation_id) REFERENCES organisations_organisation (id);
            CREATE TRIGGER subjects AFTER INSERT ON people_providerperson REFERENCING NEW TABLE AS new_rows
                FOR EACH STATEMENT EXECUTE FUNCTION access_subjects_of_new_links();
            CREATE TRIGGER subjects AFTER INSERT ON access_taking REFERENCING NEW TABLE AS new_rows
                FOR EACH STATEMENT EXECUTE FUNCTION access_subjects_of_new_takings();

            -- The one way from a national identifier to a person. It answers only where the caller's family name or
            -- given name agrees, so that a guessed identity code opens nobody; and a provider that already knew the
            -- person cannot be told from one that did not. `taken`: the identifier stands, under another name.
            CREATE FUNCTION people_find_by_identifier(of_kind text, digests bytea[], names text[])
            RETURNS TABLE (number bigint, person_id uuid, taken boolean)
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
                SELECT asked.number, CASE WHEN agrees THEN p.id END, NOT agrees
                FROM unnest(digests, names) WITH ORDINALITY AS asked (digest, name, number)
                JOIN people_identifier i ON i.kind = of_kind AND i.digest = asked.digest AND i.provider_id IS NULL
                JOIN people_person p ON p.id = i.person_id
                CROSS JOIN LATERAL (SELECT string_to_array(p.search_key, ' ') && string_to_array(asked.name, ' ') AS agrees) names
            $f$;
            """,
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(RELATIONS, migrations.RunSQL.noop),
    ]
