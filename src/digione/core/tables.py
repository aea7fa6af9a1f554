"""SQL that every table needs, written once: row-level security, history by statement-level trigger.

Used by migrations only. What these functions emit was measured; the traps behind each line are in the architecture
page under "Row-level security".
"""

from collections.abc import Sequence

from django.db import migrations

#: The tenant of the transaction; an unset reach is NULL and therefore sees nothing.
PROVIDER = "nullif(current_setting('digione.provider', true), '')::uuid"
#: The persons whose own record the actor reaches: oneself and today's wards.
PERSONS = "coalesce(nullif(current_setting('digione.persons', true), '')::uuid[], '{}'::uuid[])"
OWNER_POLICY = "owner_everything"
#: The role as which the application works (`config.provisioning` makes it). It owns nothing; what it may do is granted.
APPLICATION = "digione_app"


def reach(table: str, *, using: str, check: str) -> str:
    """Return the policies of `table`: rows for which `using` holds are seen, those for which `check` holds are written.

    Whoever may see a row through the second axis (oneself, a guardian, an app) may not change or delete it, so there
    is one policy for reading and one for each way of writing.
    """
    return f"""
        DROP POLICY IF EXISTS reach ON {table}; DROP POLICY IF EXISTS read ON {table};
        DROP POLICY IF EXISTS reach_update ON {table}; DROP POLICY IF EXISTS reach_delete ON {table};
        CREATE POLICY read ON {table} FOR SELECT TO PUBLIC USING ({using});
        CREATE POLICY reach ON {table} FOR INSERT TO PUBLIC WITH CHECK ({check});
        CREATE POLICY reach_update ON {table} FOR UPDATE TO PUBLIC USING ({check}) WITH CHECK ({check});
        CREATE POLICY reach_delete ON {table} FOR DELETE TO PUBLIC USING ({check});
        """


def secure(table: str, *, using: str, check: str | None = None) -> migrations.RunSQL:
    """Force row-level security on `table`: rows for which `using` holds are seen, those of `check` may be written.

    The owner keeps a policy of its own, because under FORCE a data migration would otherwise change nothing, silently.
    """
    return migrations.RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY {OWNER_POLICY} ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
        {reach(table, using=using, check=check or using)}
        """,
        migrations.RunSQL.noop,
    )


#: Set only while the platform itself keeps a national register up to date.
REGISTER = "current_setting('digione.register', true) = 'on'"


def secure_register(table: str, *, check: str = REGISTER) -> migrations.RunSQL:
    """Let everybody read a public register, and let only the platform (or whom `check` admits) write it."""
    return secure(table, using="true", check=check)


def secure_by_provider(table: str) -> migrations.RunSQL:
    """Let a row be seen and written by its provider alone."""
    return secure(table, using=f"provider_id = {PROVIDER}")


def secure_by_provider_or_person(table: str, person: str = "person_id") -> migrations.RunSQL:
    """Let a row be seen by its provider or by the person whom it concerns; only the provider writes it."""
    return secure(
        table,
        using=f"provider_id = {PROVIDER} OR {person} = ANY ({PERSONS})",
        check=f"provider_id = {PROVIDER}",
    )


def _history_functions(table: str, columns: Sequence[str]) -> str:
    names, olds = ", ".join(columns), ", ".join(f"o.{column}" for column in columns)
    who = "nullif(current_setting('digione.actor', true), ''), nullif(current_setting('digione.reason', true), '')"
    return "".join(
        f"""
        CREATE OR REPLACE FUNCTION {table}_{event}() RETURNS trigger LANGUAGE plpgsql AS $f$
        BEGIN INSERT INTO {table}_history ({names}, sys_to, sys_op, sys_actor, sys_reason)
        SELECT {olds}, now(), '{letter}', {who} FROM old_rows o WHERE o.sys_from < now(); RETURN NULL; END $f$;"""
        for event, letter in (("updated", "U"), ("deleted", "D"))
    )


def keep_history_of_more(table: str, added: str, columns: Sequence[str]) -> migrations.RunSQL:
    """Let the history keep a column that the table got later: `added` is its name and type, `columns` are all of them."""
    return migrations.RunSQL(
        f"ALTER TABLE {table}_history ADD COLUMN {added}; {_history_functions(table, columns)}",
        migrations.RunSQL.noop,
    )


def keep_history(table: str, columns: Sequence[str], *, using: str) -> migrations.RunSQL:
    """Keep what a row was before each change in `<table>_history`: same columns, until when, what, by whom, why.

    One trigger per event, since transition tables allow one event a trigger; statement-level, since bulk SQL must not
    pay per row. `using` is the policy under which the history is seen; the application can add to it, never change it.
    """
    names = ", ".join(columns)
    history = f"{table}_history"
    return migrations.RunSQL(
        f"""
        CREATE TABLE {history} AS SELECT {names} FROM {table} WITH NO DATA;
        ALTER TABLE {history}
            ADD COLUMN sys_to timestamptz NOT NULL, ADD COLUMN sys_op text NOT NULL,
            ADD COLUMN sys_actor text, ADD COLUMN sys_reason text;
        CREATE INDEX {history}_row ON {history} (id, sys_to);
        {f"CREATE INDEX {history}_provider ON {history} (provider_id, sys_to);" if "provider_id" in columns else ""}
        ALTER TABLE {history} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {history} FORCE ROW LEVEL SECURITY;
        CREATE POLICY {OWNER_POLICY} ON {history} TO CURRENT_USER USING (true) WITH CHECK (true);
        CREATE POLICY reach ON {history} FOR SELECT TO PUBLIC USING ({using});
        CREATE POLICY keep ON {history} FOR INSERT TO PUBLIC WITH CHECK (pg_trigger_depth() > 0);
        {_history_functions(table, columns)}
        CREATE TRIGGER keep_updated AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_updated();
        CREATE TRIGGER keep_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_deleted();
        CREATE TRIGGER stamp BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION core_stamp();
        """,
        f"""
        DROP TRIGGER stamp ON {table}; DROP TRIGGER keep_deleted ON {table}; DROP TRIGGER keep_updated ON {table};
        DROP FUNCTION {table}_deleted(); DROP FUNCTION {table}_updated(); DROP TABLE {history};
        """,
    )


def tenant_table(table: str, columns: Sequence[str], *, person: str | None = None) -> list[migrations.RunSQL]:
    """Return what a tenant table needs: security and history, by provider, or by provider or `person` column."""
    using = f"provider_id = {PROVIDER}"
    if person is None:
        return [secure_by_provider(table), keep_history(table, columns, using=using)]
    return [
        secure_by_provider_or_person(table, person),
        keep_history(table, columns, using=f"{using} OR {person} = ANY ({PERSONS})"),
    ]
