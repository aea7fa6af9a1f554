"""Two who make the same thing at once make it once: no account, supplier or supplier's app has another's name.

Before this, two could. What was made first keeps its name, whatever came later gets the first one that is free.
"""

from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Upper


def _rename(table: str, name: str, *, key: str, free: str) -> str:
    """Return what renames later rows of one `key` (of a `{row}` whose name is `{name}`) to `free` (of `{name}` and n)."""
    mine, other = key.format(row="mine", name=f"mine.{name}"), key.format(row="other", name=f"other.{name}")
    renamed = free.format(name=f"mine.{name}")
    return f"""
DO $do$
DECLARE twin uuid; n integer;
BEGIN
    -- Nobody makes another between this and the index.
    LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE;
    -- Ids are of version 7, so they tell which came later.
    FOR twin IN SELECT id FROM (SELECT mine.id, row_number() OVER (PARTITION BY {mine} ORDER BY mine.id) AS turn
                                FROM {table} mine) ranked WHERE turn > 1 ORDER BY id LOOP
        n := 2;
        WHILE EXISTS (SELECT 1 FROM {table} mine JOIN {table} other
                      ON ROW({other}) = ROW({key.format(row="mine", name=renamed)}) WHERE mine.id = twin) LOOP
            n := n + 1;
        END LOOP;
        UPDATE {table} mine SET {name} = {renamed} WHERE mine.id = twin;
    END LOOP;
END $do$;
"""


RENAMES = (
    _rename("access_account", "username", key="upper({name})", free="{name} || '-' || n")
    + _rename("access_app", "name", key="{row}.supplier_id, upper({name})", free="{name} || ' (' || n || ')'")
    + _rename("access_supplier", "name", key="{name}", free="{name} || ' (' || n || ')'")
)


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0020_lists_row_keys"),
        migrations.swappable_dependency(settings.OAUTH2_PROVIDER_APPLICATION_MODEL),
    ]
    operations = [
        migrations.RunSQL(RENAMES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "account", models.UniqueConstraint(Upper("username"), name="access_account_name_once")
        ),
        migrations.AddConstraint(
            "app", models.UniqueConstraint(models.F("supplier"), Upper("name"), name="access_app_once")
        ),
        migrations.AddConstraint("supplier", models.UniqueConstraint(fields=["name"], name="access_supplier_once")),
    ]
