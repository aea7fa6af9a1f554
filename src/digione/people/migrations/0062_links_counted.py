"""Links to people who are known already are looked at each by itself: the statement no longer takes the square of them.

A municipality that changes its system brings everybody once more, and every one of them is there already.
"""

from django.db import migrations

# A person whom the provider had before has more links than those of this statement.
SQL = """
CREATE OR REPLACE FUNCTION people_refuse_foreign_links() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $f$
BEGIN
    IF EXISTS (
        SELECT 1 FROM (SELECT provider_id, person_id, count(*) AS added FROM new_rows GROUP BY provider_id, person_id) n
        JOIN people_person p ON p.id = n.person_id
        WHERE n.added = (SELECT count(*) FROM people_providerperson l
                         WHERE l.provider_id = n.provider_id AND l.person_id = n.person_id)
          AND NOT EXISTS (SELECT 1 FROM people_match m WHERE m.xid = pg_current_xact_id()
                          AND m.provider_id = n.provider_id AND m.person_id = n.person_id)
    ) THEN
        RAISE EXCEPTION 'a link to a person who was not found by an identifier' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $f$;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0061_fewer_indexes")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
