"""`scripts/setup.sh` by itself, with a uv that tells what it was given and makes nothing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STORES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
NAMES = ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")
pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None or not any(Path(store).exists() for store in STORES),
    reason="There is no bash on this machine, or it knows no certificates.",
)


def _told(place: Path, **own: str) -> dict[str, str]:
    """Run the script in a copy of what it reads; return the variables of uv when it is asked for an environment."""
    for name in ("scripts/setup.sh", "pyproject.toml", "requirements/dev.txt"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / name)
    uv = place / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text('#!/bin/sh\n[ "$1" = --version ] && exit 0\nenv > "$TOLD"\nexit 1\n')
    uv.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name not in NAMES}
    path = f"{uv.parent}{os.pathsep}{kept['PATH']}"
    answer = subprocess.run(
        ["bash", "scripts/setup.sh"],
        cwd=place,
        env={**kept, **own, "PATH": path, "TOLD": str(place / "told")},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 1, answer.stdout + answer.stderr
    lines = (line.partition("=") for line in (place / "told").read_text().splitlines())
    return {name: value for name, _, value in lines if name in NAMES}


def test_uv_believes_the_certificates_of_the_machine(tmp_path: Path) -> None:
    assert _told(tmp_path) == dict.fromkeys(NAMES, "true")


def test_who_has_chosen_which_certificates_uv_believes_is_heeded(tmp_path: Path) -> None:
    assert _told(tmp_path, UV_SYSTEM_CERTS="false", UV_NATIVE_TLS="false") == dict.fromkeys(NAMES, "false")
