"""A row is written in the order in which transactions began, or the later one's version would be in no history.

A version holds from the beginning of the transaction that wrote it. One that began earlier and writes the same row afterwards
would put an earlier moment over a later one: what stood in between was kept by nobody, and two versions held at once. It is
refused as PostgreSQL refuses what cannot be put in an order (40001), and begins anew.
"""

from django.db import migrations

_STAMP = """
CREATE OR REPLACE FUNCTION core_stamp() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN {check}NEW.sys_from := now(); RETURN NEW; END $f$;
"""
_CHECK = """
    IF OLD.sys_from > now() THEN
        RAISE EXCEPTION 'The row has been written by a transaction that began later.' USING ERRCODE = '40001';
    END IF;
    """


class Migration(migrations.Migration):
    dependencies = [("core", "0090_outbox_order")]
    operations = [migrations.RunSQL(_STAMP.format(check=_CHECK), _STAMP.format(check=""))]
