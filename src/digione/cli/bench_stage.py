"""The stage of `digione bench`: one served installation, pinned to a core, with its processes' own accounting."""

import base64
import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

ONEROSTER = "/ims/oneroster/rostering/v1p2"
_TICK = os.sysconf("SC_CLK_TCK")
#: School years of history that are loaded.
_YEARS = 5


def _stat(pid: int) -> tuple[int, int] | None:
    """Return parent and CPU ticks (own, and of children that have ended) of a process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), sum(map(int, fields[11:15]))


def tree(root: int) -> list[int]:
    """Return a process and all that it started and that still run."""
    parents = {int(path.name): _stat(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found = [root]
    for pid in found:
        found += [child for child, stat in parents.items() if stat and stat[0] == pid]
    return found


def cpu_ms(roots: Sequence[int]) -> float:
    """Return the CPU milliseconds that these process trees have used so far."""
    return sum(stat[1] for root in roots for pid in tree(root) if (stat := _stat(pid))) * 1000 / _TICK


def pin(roots: Sequence[int], core: int) -> None:
    """Hold process trees to a core; what they start later inherits it."""
    for root in roots:
        for pid in tree(root):
            # A process or a thread may end meanwhile, as those that vacuum do.
            with contextlib.suppress(OSError):
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    with contextlib.suppress(OSError):
                        os.sched_setaffinity(int(thread.name), {core})


@dataclass
class Stage:
    """What the benches have in their hands."""

    port: int
    learners: int
    app_url: str
    admin_url: str
    data: Path
    web: int
    postmaster: int
    provider_id: str = ""
    provider_oid: str = ""
    supplier_id: str = ""
    token: str = ""
    served: int = 0
    loading: int = 1
    ids: list[str] = field(default_factory=list)

    @property
    def roots(self) -> tuple[int, int]:
        """The process trees whose CPU counts: the application and PostgreSQL."""
        return self.web, self.postmaster

    @property
    def checksum(self) -> str:
        """The token as the database knows it."""
        return hashlib.sha256(self.token.encode()).hexdigest()

    def get(self, path: str) -> tuple[bytes, dict[str, str]]:
        """Ask the server once; return body and headers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310
            return answer.read(), dict(answer.headers)

    def total(self) -> int:
        """Return how many users the roster has."""
        _, headers = self.get(f"{ONEROSTER}/users?limit=1")
        return int({key.lower(): value for key, value in headers.items()}["x-total-count"])

    def read_all(self) -> None:
        """Read the whole roster once, as a client does before it asks for single users."""
        for offset in range(0, self.total(), 10_000):
            self.get(f"{ONEROSTER}/users?limit=10000&offset={offset}")

    def forget_all(self) -> None:
        """Let every kept document go, as if nobody had read the roster yet."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute("TRUNCATE rest_user_document")

    def drive(
        self,
        paths: Sequence[str],
        *,
        connections: int,
        seconds: float,
        token: str | None = None,
        more: dict[str, Any] | None = None,
    ) -> tuple[float, float]:
        """Load the server from the other core; return milliseconds and CPU milliseconds per request.

        `more`: what the load generator is told beyond that (`bench_load`), for requests that are no GETs.
        """
        plan: dict[str, Any] = {"port": self.port, "paths": list(paths), "token": token or self.token, **(more or {})}
        plan["connections"] = connections
        self._load({**plan, "seconds": min(1.0, seconds)})
        before = cpu_ms(self.roots)
        result = self._load({**plan, "seconds": seconds})
        used = cpu_ms(self.roots) - before
        if result["failed"] or not result["requests"]:
            raise RuntimeError(f"{result['failed']} of {result['requests']} answers were no success: {paths[0]}")
        return result["seconds"] * 1000 / result["requests"], used / result["requests"]

    def _load(self, plan: dict[str, Any]) -> dict[str, Any]:
        answer = subprocess.run(  # noqa: S603
            [*self._on_loading_core(), sys.executable, "-m", "digione.cli.bench_load"],
            input=json.dumps(plan), capture_output=True, text=True, check=True,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(answer.stdout)
        return found

    def _on_loading_core(self) -> list[str]:
        return ["taskset", "-c", str(self.loading)]

    def pgbench(self, script: str, *, connections: int, seconds: int, mode: str = "prepared") -> float:
        """Run a script with pgbench as the application role; return milliseconds per run: the limit."""
        from digione.config.postgres_binaries import find_binaries

        path = self.data / "bench.sql"
        path.write_text(script)
        answer = subprocess.run(  # noqa: S603
            [*self._on_loading_core(), str(find_binaries().folder / "pgbench"), "-n", "-M", mode, "-c",
             str(connections), "-j", "1", "-T", str(seconds), "-f", str(path), self.app_url],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = re.search(r"tps = ([\d.]+)", answer.stdout)
        if answer.returncode or found is None:
            raise RuntimeError(f"pgbench failed: {answer.stderr[-500:]}")
        return 1000 / float(found[1])


def limit_by_ids(on: Stage, answered: str, ids: Sequence[str], *, seconds: int) -> float:
    """Return milliseconds per run at 8 connections of a function that the hot lane calls for one id of `ids`: the limit.

    `answered`: what is selected up to the function's name, whose first argument is the token's checksum.
    """
    with psycopg.connect(on.admin_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_ids")
        connection.execute("CREATE TABLE bench_ids (n integer PRIMARY KEY, id uuid NOT NULL)")
        connection.execute("GRANT SELECT ON bench_ids TO PUBLIC")
        connection.execute(
            "INSERT INTO bench_ids SELECT o, i FROM unnest(%s::uuid[]) WITH ORDINALITY u(i, o)", [[*ids]]
        )
    one = "(SELECT id FROM bench_ids WHERE n = :n)"
    script = f"\\set n random(1, {len(ids)})\nSELECT {answered}('{on.checksum}', {one});\n"
    return on.pgbench(script, connections=8, seconds=seconds)


def import_command(on: Stage, kind: str, path: Path, oid: str, *options: str) -> tuple[list[str], dict[str, str]]:
    """Return an import's command line and environment: a program whose bytecode is kept, as an installed one's is."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"DIGIONE_DATA": str(on.data), "PYTHONPYCACHEPREFIX": str(on.data / "bytecode")}
    command = [sys.executable, "-m", "digione", "import", kind, str(path), "--provider", oid, "--json", *options]
    return command, environment


def is_transaction_mark(sql: str) -> bool:
    """Whether a captured statement only opens or ends a transaction or a savepoint."""
    return sql.split(" ", 1)[0].strip(";").upper() in {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK"}


@contextlib.contextmanager
def stage(data: Path, learners: int) -> Iterator[Stage]:
    """Load `learners` into an installation of its own, serve it with one worker on one core, and take it down.

    They have five years of history, as a store in use would have. Where `data` has a demonstration already, that is taken
    as it is, however many learners it has.
    """
    os.environ["DIGIONE_DEMO"] = "1"
    os.environ.pop("DATABASE_URL", None)
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "digione", "load-demo", "--data", str(data), "--learners", str(learners),
         "--years-of-history", str(_YEARS)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    from digione.cli.lifecycle import SERVER_THREADS
    from digione.config.embedded import django_ready

    cores = sorted(os.sched_getaffinity(0))
    with django_ready(str(data)) as database:
        with psycopg.connect(database.admin_url) as connection:
            row = connection.execute(
                "SELECT pg_read_file('postmaster.pid'), (SELECT (counts ->> 'learners')::int FROM core_importrun"
                " WHERE kind = 'demo' AND status = 'done' AND provider_id IS NULL ORDER BY started_at LIMIT 1)"
            ).fetchone()
        postmaster, learners = (int(str(row[0]).split()[0]), int(row[1])) if row else (0, learners)
        port = _free_port()
        web = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
             "--workers", "1", *SERVER_THREADS, "--no-ws", "--log-level", "warning",
             "digione.config.wsgi:application"],
            # The limiter is measured with the rest, but lets everything through.
            env={**os.environ, "DIGIONE_SERVING": "1", "DIGIONE_APP_RATE": "1e9/1000000000"}, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait(port, web)
            made = Stage(
                port, learners, database.app_url, database.admin_url, data, web.pid, postmaster,
                served=cores[0], loading=cores[-1],
            )  # fmt: skip
            pin(made.roots, made.served)
            _take_app(made)
            yield made
        finally:
            web.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                web.wait(15)
            if web.poll() is None:
                web.kill()


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, web: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if web.poll() is not None:
            raise RuntimeError("The web server did not start.")
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError("The web server did not answer within a minute.")


def _take_app(made: Stage) -> None:
    """Make an app of the largest municipality, get its token, and pick users that one provider knows."""
    from digione.access.scopes import full_scope

    with psycopg.connect(made.admin_url) as connection:
        row = connection.execute(
            "SELECT o.oid, o.id FROM organisations_organisation o JOIN organisations_provider p ON p.id = o.id"
            " WHERE o.name ->> 'fi' = 'Kuusniemi'"
        ).fetchone()
    if row is None:
        raise RuntimeError("The demonstration has no Kuusniemi.")
    made.provider_oid, made.provider_id = row[0], str(row[1])
    made.token = app_of(made, [full_scope("roster.readonly")])
    with psycopg.connect(made.admin_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        rows = connection.execute(
            "SELECT s.sourced_id FROM access_subject s JOIN people_providerperson l USING (person_id)"
            " JOIN people_person p ON p.id = s.person_id WHERE s.supplier_id = %s AND NOT p.non_disclosure"
            " GROUP BY 1 HAVING count(DISTINCT l.provider_id) = 1 ORDER BY md5(s.sourced_id::text) LIMIT 5000",
            [made.supplier_id],
        ).fetchall()
        made.ids = [str(row[0]) for row in rows]


def app_of(made: Stage, scopes: Sequence[str]) -> str:
    """Make an app with `scopes`, taken by the largest municipality, and return a token of it."""
    from digione.access.roles import Role
    from digione.access.services import create_app
    from digione.core.use_case import Actor

    app = create_app(
        Actor(str(Role.PLATFORM)), name=f"Bench {time.time_ns()}", supplier=f"Bench {time.time_ns()}",
        provider_oids=[made.provider_oid], scopes=list(scopes),
    )  # fmt: skip
    made.supplier_id = made.supplier_id or str(app.supplier_id)
    # As `digione app create` does: a supplier whose lists PostgreSQL has not counted gets bad plans for them.
    with psycopg.connect(made.admin_url, autocommit=True) as connection:
        connection.execute("ANALYZE access_listing")
    key = base64.b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{made.port}/oauth/token",
        data=urllib.parse.urlencode({"grant_type": "client_credentials", "scope": " ".join(scopes)}).encode(),
        headers={"Authorization": f"Basic {key}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        token: str = json.load(answer)["access_token"]
    return token
