"""Whoever annuls a study right, in whatever way, first waits for those who write in it, and those behind wait for the annulment.

Who writes an attainment or a mark holds it, and then looks whether its study right is annulled.
"""

from django.db import migrations

HELD = """
CREATE FUNCTION studies_hold_annulled() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
    PERFORM 1 FROM studies_attainment a WHERE a.provider_id = NEW.provider_id AND a.study_right_id = NEW.study_right_id
        ORDER BY a.id FOR NO KEY UPDATE;
    PERFORM 1 FROM studies_assessment m WHERE m.provider_id = NEW.provider_id AND m.attainment_id = ANY (ARRAY(
        SELECT a.id FROM studies_attainment a WHERE a.provider_id = NEW.provider_id AND a.study_right_id = NEW.study_right_id))
        ORDER BY m.id FOR NO KEY UPDATE;
    RETURN NEW;
END $f$;
CREATE TRIGGER hold_annulled BEFORE INSERT OR UPDATE OF state ON studies_studyrightstate
    FOR EACH ROW WHEN (NEW.state = 'mitatoity') EXECUTE FUNCTION studies_hold_annulled();
"""


class Migration(migrations.Migration):
    dependencies = [("studies", "0091_moment_of_transaction")]
    operations = [
        migrations.RunSQL(
            HELD, "DROP TRIGGER hold_annulled ON studies_studyrightstate; DROP FUNCTION studies_hold_annulled();"
        )
    ]
