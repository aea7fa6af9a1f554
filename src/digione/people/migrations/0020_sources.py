"""Who told of a non-disclosure, which sources give a contact, and a careful answer to an identity code."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import digione.core.ids
from digione.core.tables import PROVIDER, REGISTER, keep_history_of_more, tenant_table

NON_DISCLOSURE = "id provider_id person_id source sys_from".split()
CONTACT = "id provider_id person_id kind value valid_from valid_to sources sys_from".split()

_LINKED = f"EXISTS (SELECT 1 FROM people_providerperson l WHERE l.provider_id = {PROVIDER} AND l.person_id = {{person}})"


def _words(text: str) -> str:
    # The C locale knows no capitals beyond ASCII.
    lower = f"translate(lower({text}), 'ÅÄÖÆØÉÈÜÁÂČĐŊŠŦŽ', 'åäöæøéèüáâčđŋšŧž')"
    return f"array_remove(regexp_split_to_array({lower}, '[^[:alnum:]]+'), '')"


def _folded(text: str) -> str:
    # A sort key keeps å, ä and ö apart as {a, {b and {c; who writes without dots means the same name.
    return f"replace(replace(replace({text}, '{{a', 'a'), '{{b', 'a'), '{{c', 'o')"


def _family(sort_key: str) -> str:
    return _folded(f"split_part({sort_key}, E'\\x1f', 1)")


def _given(first_names: str, sort_key: str) -> str:
    called = _folded(f"split_part({sort_key}, E'\\x1f', 2)")
    return f"({_words(first_names)} || string_to_array({called}, ' '))"


FUNCTIONS = f"""
DROP FUNCTION people_find_by_identifier(text, bytea[], text[]);
-- The one way from a national identifier to a person. An identifier alone opens nobody: a digit may be wrong and still
-- pass its check, and twins differ in little more. So the person is named only where nothing contradicts:
--   the birth dates are the same, where both are known; and
--   either the family name is the same and at least one given name is, or all given names are the same
--   (a family name may change; a brother has another given name).
-- What the provider itself keeps as its own (because it contradicted somebody else's) comes before the national one.
-- Otherwise only `known_here` is told: whether the provider that asks has a link to whoever has the identifier.
-- Without it, that provider must not learn that the identifier is known at all.
CREATE FUNCTION people_find_by_identifier(of_kind text, digests bytea[], sort_keys text[], first_names text[], births date[])
RETURNS TABLE (number bigint, person_id uuid, known_here boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
#variable_conflict use_column
BEGIN
    -- Whom the provider may link in this transaction is remembered until it ends.
    DELETE FROM people_match m WHERE m.xid < pg_snapshot_xmin(pg_current_snapshot());
    RETURN QUERY WITH found AS (
    SELECT asked.number, p.id, agrees, {_LINKED.format(person="p.id")} AS here
    FROM unnest(digests, sort_keys, first_names, births) WITH ORDINALITY AS asked (digest, sorted, first, birth, number)
    CROSS JOIN LATERAL (
        SELECT person_id, 1 AS rank FROM people_identifier
        WHERE kind = of_kind AND digest = asked.digest AND provider_id = {PROVIDER}
        UNION ALL
        SELECT person_id, 2 FROM people_identifier WHERE kind = of_kind AND digest = asked.digest AND provider_id IS NULL
        ORDER BY rank
        LIMIT 1
    ) i
    JOIN people_person p ON p.id = i.person_id
    CROSS JOIN LATERAL (SELECT coalesce(p.birth_date = asked.birth, true) AND (
        ({_family("p.sort_key")} = {_family("asked.sorted")}
            AND {_given("p.first_names", "p.sort_key")} && {_given("asked.first", "asked.sorted")})
        OR ({_words("p.first_names")} @> {_words("asked.first")} AND {_words("p.first_names")} <@ {_words("asked.first")})
    ) AS agrees) compared
    ), kept AS (
        INSERT INTO people_match (xid, provider_id, person_id)
        SELECT pg_current_xact_id(), {PROVIDER}, f.id FROM found f WHERE f.agrees AND {PROVIDER} IS NOT NULL
    )
    SELECT f.number, CASE WHEN f.agrees THEN f.id END, f.here FROM found f;
END $f$;
-- A provider's person whose identifier stands for somebody else: a case for the platform, of which the provider must
-- not learn. It answers nothing.
CREATE FUNCTION people_open_identifier_cases(of_kind text, digests bytea[], persons uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    INSERT INTO people_duplicatecase (id, person_id, other_person_id, reason)
    SELECT gen_random_uuid(), least(asked.person, i.person_id), greatest(asked.person, i.person_id), 'identifier_of_another'
    FROM unnest(digests, persons) AS asked (digest, person)
    JOIN people_identifier i ON i.kind = of_kind AND i.digest = asked.digest AND i.provider_id IS NULL
    WHERE i.person_id <> asked.person AND {_LINKED.format(person="asked.person")}
      AND NOT EXISTS (SELECT 1 FROM people_duplicatecase d WHERE d.provider_id IS NULL
        AND d.person_id = least(asked.person, i.person_id) AND d.other_person_id = greatest(asked.person, i.person_id))
$f$;
-- Of the provider's own persons, those whom somebody besides this source of the provider wants protected.
CREATE FUNCTION people_protected_by_others(asked uuid[], of_source text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $f$
    SELECT DISTINCT n.person_id FROM people_nondisclosure n
    WHERE n.person_id = ANY (asked) AND {_LINKED.format(person="n.person_id")}
      AND (n.provider_id, n.source) IS DISTINCT FROM ({PROVIDER}, of_source)
$f$;
CREATE POLICY platform ON people_duplicatecase FOR SELECT TO PUBLIC USING (provider_id IS NULL AND {REGISTER});
ALTER TABLE people_nondisclosure ADD FOREIGN KEY (provider_id) REFERENCES organisations_provider (id);
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0011_log_of_bulk_reads"), ("access", "0013_log_of_bulk_reads")]
    operations = [
        migrations.CreateModel(
            name="NonDisclosure",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=digione.core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "sys_from",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("provider_id", models.UUIDField()),
                ("source", models.TextField()),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, to="people.person")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider_id", "person", "source"), name="people_nondisclosure_once"
                    )
                ],
            },
        ),
        *tenant_table("people_nondisclosure", NON_DISCLOSURE, person="person_id"),
        migrations.AddField(
            model_name="contact",
            name="sources",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.TextField(), db_default=[], default=list, size=None
            ),
        ),
        keep_history_of_more("people_contact", "sources text[]", CONTACT),
        migrations.AlterField(
            model_name="duplicatecase",
            name="provider_id",
            field=models.UUIDField(null=True),
        ),
        # Each stood beside another index that serves the same look-ups.
        migrations.RemoveIndex(model_name="identifier", name="people_identifier_person_i"),
        migrations.AlterField(
            model_name="providerperson",
            name="person",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.RESTRICT, to="people.person"
            ),
        ),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]
