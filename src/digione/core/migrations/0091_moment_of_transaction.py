"""When a row has changed is its transaction's moment for what is new as well, and no change comes before an earlier one.

Of two transactions the one that began later may write a row first. The other would put its earlier moment over it: the
later version would never have stood, and the history would not have it. It fails as serialization failures do; use cases
and the hot lane begin anew, imports say that somebody else was writing.
"""

from django.contrib.postgres.functions import TransactionNow
from django.db import migrations, models

STAMP = """
CREATE OR REPLACE FUNCTION core_stamp() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    IF OLD.sys_from > pg_catalog.now() THEN
        RAISE EXCEPTION 'A transaction that began later has written this row before.' USING ERRCODE = 'serialization_failure';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    NEW.sys_from := pg_catalog.now();
    RETURN NEW;
END $f$;
-- Tables that were made before this stamp what is changed alone.
DO $do$
DECLARE stamped regclass;
BEGIN
    FOR stamped IN SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'stamp' AND NOT tgisinternal LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER stamp BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION core_stamp()', stamped);
    END LOOP;
END $do$;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0090_outbox_order")]
    operations = [
        *(
            migrations.AlterField(
                model, "sys_from", models.DateTimeField(db_default=TransactionNow(), editable=False)
            )
            for model in ("carriedrow", "code")
        ),
        migrations.RunSQL(STAMP, migrations.RunSQL.noop),
    ]
