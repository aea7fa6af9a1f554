"""Three roles: one owns the tables, one migrates them, one runs the application and owns nothing."""

import contextlib
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

from digione.config.data_folder import StartFailure, secret
from digione.config.installed import migrations
from digione.config.language import _

NAME = "digione"
_MARK = "DigiOne, password "
OWNER, MIGRATOR, APPLICATION = "digione_owner", "digione_migrate", "digione_app"


@dataclass(frozen=True)
class Database:
    """Where the database is, for whom, and the data folder that belongs to it."""

    app_url: str
    migrate_url: str
    admin_url: str
    data: Path

    def environment(self) -> dict[str, str]:
        """Return the variables by which a process of ours finds this database and its keys."""
        return {
            "DIGIONE_APP_DATABASE_URL": self.app_url,
            "DIGIONE_DATA": str(self.data),
            "DJANGO_SETTINGS_MODULE": "digione.config.settings",
        }

    def is_migrated(self) -> bool:
        """Return whether no migration of the program's or its libraries' is missing; cheap, without Django's graph."""
        with psycopg.connect(self.app_url) as connection:
            if not connection.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()[0]:  # type: ignore[index]
                return False
            have = set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
        return migrations() <= have


def provision(admin_url: str, data: Path, *, shared: bool = False) -> Database:
    """Make database and roles where they are missing, and return the addresses of the roles. Does nothing twice.

    A `shared` server is not this data folder's own: `admin_url` must be allowed to make roles, or an administrator has
    made them, and roles whose passwords another data folder has set are left alone. Raises `StartFailure`.
    """
    own = _named(admin_url)
    app_password = secret(data, "application")
    migrate_password = secret(data, "migrate")
    database_name = own or NAME
    result = Database(
        app_url=_with(admin_url, APPLICATION, app_password, database_name),
        migrate_url=_with(admin_url, MIGRATOR, migrate_password, database_name),
        admin_url=_with(admin_url, None, None, database_name),
        data=data,
    )
    marks = {MIGRATOR: _mark(migrate_password), APPLICATION: _mark(app_password)}
    if _works(result.app_url) and _works(result.migrate_url):
        if shared:
            _mark_roles(result.admin_url, marks)
        return result
    try:
        with psycopg.connect(admin_url, autocommit=True) as connection:
            if shared:
                _refuse_roles_of_others(connection, marks, data)
            _make_roles(connection)
            if not own:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone()
                if found is None:
                    connection.execute(
                        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                            sql.Identifier(NAME), sql.Identifier(OWNER)
                        )
                    )
        with psycopg.connect(result.admin_url, autocommit=True) as connection:
            _open_to_application(connection)
            # Last of all, so that roles which can sign in prove that everything before was done.
            _let_in(connection, {MIGRATOR: migrate_password, APPLICATION: app_password}, marks)
    except psycopg.errors.InsufficientPrivilege as refusal:
        text = _(
            "The user of DATABASE_URL may not make roles. Set DATABASE_URL to a user that may, or let an administrator of "
            "that server run once, with passwords that stand in the files %(application)s and %(migrate)s:"
        )
        told = text % {"application": data / "secrets/application", "migrate": data / "secrets/migrate"}
        raise StartFailure(
            f"{told}\n  CREATE ROLE {OWNER} NOLOGIN; CREATE ROLE {MIGRATOR} LOGIN PASSWORD '…' IN ROLE {OWNER};"
            f" ALTER ROLE {MIGRATOR} SET role {OWNER}; CREATE ROLE {APPLICATION} LOGIN PASSWORD '…';\n"
            f"  CREATE DATABASE {own or NAME} OWNER {OWNER} TEMPLATE template0 ENCODING 'UTF8';\n{refusal}"
        ) from refusal
    except psycopg.OperationalError as fault:
        raise StartFailure(_("The database does not answer: %(reason)s") % {"reason": fault}) from fault
    return result


def _make_roles(connection: psycopg.Connection) -> None:
    have = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
    for role in (OWNER, MIGRATOR, APPLICATION):
        if role not in have:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    administrator = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if not (administrator and administrator[0]):
        # A managed server gives no superuser: who makes the owner's database must be a member of the owner.
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(OWNER)))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(OWNER), sql.Identifier(MIGRATOR)))
    # Without this the tables would belong to the migrating login, and the default grants would miss them.
    connection.execute(sql.SQL("ALTER ROLE {} SET role {}").format(sql.Identifier(MIGRATOR), sql.Literal(OWNER)))


def _let_in(connection: psycopg.Connection, passwords: dict[str, str], marks: dict[str, str]) -> None:
    for role, password in passwords.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
        )
        connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(sql.Identifier(role), sql.Literal(marks[role])))


def _mark(password: str) -> str:
    """Return what a role's comment tells of its password: whether one has the same, and nothing more.

    The password has 256 bits of chance, so nobody finds it by trying.
    """
    return f"{_MARK}{hmac.digest(password.encode(), b'role', hashlib.sha256)[:8].hex()}"


def _marks_there(connection: psycopg.Connection) -> dict[str, str]:
    rows = connection.execute(
        "SELECT rolname, shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = ANY (%s)",
        [[MIGRATOR, APPLICATION]],
    ).fetchall()
    return {role: mark for role, mark in rows if (mark or "").startswith(_MARK)}


def _mark_roles(admin_url: str, marks: dict[str, str]) -> None:
    """Mark roles whose passwords work and bear no mark; where the administrator may not, nothing is lost by it."""
    with (
        contextlib.suppress(psycopg.OperationalError, psycopg.errors.InsufficientPrivilege),
        psycopg.connect(admin_url, autocommit=True, connect_timeout=5) as connection,
    ):
        there = _marks_there(connection)
        for role, mark in marks.items():
            if there.get(role) != mark:
                connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(sql.Identifier(role), sql.Literal(mark)))


def _refuse_roles_of_others(connection: psycopg.Connection, marks: dict[str, str], data: Path) -> None:
    """Never take the roles from another data folder: what runs there could not sign in any more."""
    there = _marks_there(connection)
    if any(there.get(role, mark) != mark for role, mark in marks.items()):
        text = _(
            "Another data folder uses this server already, and its passwords of the roles %(roles)s are not those of "
            "%(folder)s. Nothing was changed. Copy the files application and migrate of that folder's secrets into "
            "%(folder)s, and its keys.txt into %(data)s. If that folder is gone for good, let an administrator of the "
            "server run the following, and start again:"
        )
        told = text % {"roles": f"{MIGRATOR}, {APPLICATION}", "folder": data / "secrets", "data": data}
        raise StartFailure(f"{told}\n  COMMENT ON ROLE {MIGRATOR} IS NULL; COMMENT ON ROLE {APPLICATION} IS NULL;")


def _open_to_application(connection: psycopg.Connection) -> None:
    connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    connection.execute(sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(sql.Identifier(OWNER)))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(APPLICATION)))
    for grant in ("SELECT, INSERT, UPDATE, DELETE ON TABLES", "USAGE, SELECT ON SEQUENCES", "EXECUTE ON FUNCTIONS"):
        connection.execute(
            sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT {} TO {}").format(
                sql.Identifier(OWNER), sql.SQL(grant), sql.Identifier(APPLICATION)
            )
        )


def _named(url: str) -> str:
    """The database that an address names; none when it names the maintenance database."""
    name = urlsplit(url).path.lstrip("/")
    return "" if name in {"", "postgres"} else name


def _with(url: str, user: str | None, password: str | None, database: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    credentials = f"{quote(user)}:{quote(password or '')}" if user else parts.netloc.rpartition("@")[0]
    query = f"?{parts.query}" if parts.query else ""
    return f"postgresql://{credentials}@{place}/{database}{query}"


def _works(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True
