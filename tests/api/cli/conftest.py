"""An installation of its own for the tests of the `digione` command: what a command commits disturbs nobody."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest

from tests.api.cli.forks import Forks
from tests.clusters import lay_migrated

#: Invented organisations, in the form of the national register.
REGISTER = [
    {
        "oid": "1.2.246.562.199.20270000013",
        "nimi": {"fi": "Saarnivaara", "sv": "Askberga"},
        "organisaatiotyypit": ["organisaatiotyyppi_01"],
        "children": [
            {
                "oid": "1.2.246.562.199.20270000021",
                "nimi": {"fi": "Saarnivaaran koulu"},
                "organisaatiotyypit": ["organisaatiotyyppi_02"],
                "oppilaitosKoodi": "99071",
            }
        ],
    },
    {
        "oid": "1.2.246.562.199.20270000039",
        "nimi": {"fi": "Lakkautettu kunta"},
        "organisaatiotyypit": ["organisaatiotyyppi_01"],
        "lakkautusPvm": "2020-12-31",
    },
    {
        "oid": "1.2.246.562.199.20270000047",
        "nimi": {"fi": "Hiekkaniemi"},
        "organisaatiotyypit": ["organisaatiotyyppi_01"],
    },
]
PROVIDER, SCHOOL, ENDED, EXPORTER = (
    "1.2.246.562.199.20270000013",
    "1.2.246.562.199.20270000021",
    "1.2.246.562.199.20270000039",
    "1.2.246.562.199.20270000047",
)


@dataclass
class Installation:
    """One data folder, with its database running for as long as the tests need it."""

    LANGUAGE: ClassVar[str] = "C.UTF-8"

    data: Path
    app_url: str
    admin_url: str
    forks: Forks | None = field(default=None, init=False)

    def environment(self, language: str) -> dict[str, str]:
        """Return the variables of a terminal that is set to `language`, without those of this suite."""
        foreign = ("DIGIONE_", "DJANGO_", "DATABASE_URL", "LC_", "LANG")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**kept, "DIGIONE_DATA": str(self.data), "LC_ALL": language}

    def run(
        self, *arguments: str, stdin: str = "", language: str = LANGUAGE, code: int | None = 0
    ) -> "subprocess.CompletedProcess[str]":
        """Run the command as a person would, and hold its exit code to `code`. In another language: in a fresh process."""
        if self.forks is not None and language == self.LANGUAGE:
            answer = self.forks.run([*arguments], stdin, self.environment(language))
        else:
            answer = subprocess.run(
                [sys.executable, "-m", "digione", *arguments],
                input=stdin,
                capture_output=True,
                text=True,
                env=self.environment(language),
                timeout=300,
            )
        assert code is None or answer.returncode == code, answer.stdout + answer.stderr
        assert "Traceback" not in answer.stderr, answer.stderr
        return answer

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run the command with `--json`, and return the one object that it prints."""
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the database itself, past every rule."""
        with psycopg.connect(self.admin_url) as connection:
            return connection.execute(sql, parameters).fetchall()


def install(register: list[dict[str, Any]], *, migrated: bool = False) -> Iterator[Installation]:
    """Make an installation with a register, keep its database running until the tests are done, and remove it.

    Its first command makes the tables, as on a new machine, unless it begins with a cluster that is `migrated`.
    """
    from digione.config.embedded import running_database

    folder = Path(tempfile.mkdtemp(prefix="digione-cli-"))
    # The suite may run as root, and PostgreSQL then runs as somebody else, who must be able to enter.
    folder.chmod(0o711)
    if migrated:
        lay_migrated(folder)
    with running_database(folder) as database:
        made = Installation(folder, database.app_url, database.admin_url)
        file = folder / "register.json"
        file.write_text(json.dumps(register))
        told = made.json("import", "organisations", str(file))
        assert told["refused"] == 0, told
        made.forks = Forks({**made.environment(made.LANGUAGE), **database.environment()})
        yield made
        made.forks.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """The installation that the tests of the command share, with a few organisations in the register and none taken in."""
    yield from install(REGISTER)
