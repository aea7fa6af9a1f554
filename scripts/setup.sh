#!/usr/bin/env bash
# Makes the environment in .venv: uv, a fitting Python, the locked libraries, DigiOne itself, the compiled translations.
# Does nothing when nothing has changed, so that it works offline after the first time.
# DIGIONE_PYTHON=3.12 asks for that version; else any that DigiOne is tested with, which uv fetches where none is there.
set -euo pipefail
cd "$(dirname "$0")/.."

lock=requirements/dev.txt
stamp=.venv/.digione-stamp
made=.venv/.digione-made
python=${DIGIONE_PYTHON:-'>=3.11,<3.14'}
# The programs in .venv name the folder that they were made in, so a clone that was moved is set up anew.
making="$PWD ${DIGIONE_PYTHON:-}"
wanted=$({ cat pyproject.toml "$lock" scripts/setup.sh; echo "$making"; } | cksum)

works() { "$@" --version >/dev/null 2>&1; }

if works .venv/bin/python && [ -x .venv/bin/digione ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
  .venv/bin/python scripts/compile_translations.py
  exit 0
fi

# uv keeps its cache, and a Python that it fetches, under the home folder. Where there is none to write to, here.
if [ ! -w "${HOME:-/nonexistent}" ]; then
  export UV_CACHE_DIR=${UV_CACHE_DIR:-$PWD/.uv/cache} UV_PYTHON_INSTALL_DIR=${UV_PYTHON_INSTALL_DIR:-$PWD/.uv/python}
fi

# Many a municipality's network inspects TLS under a certificate of its own, which the machine knows and uv would not: uv
# brings certificates, and believes the machine's only when it is told to. An older uv knows the second name alone.
for store in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
  if [ -s "$store" ]; then
    export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS-true} UV_NATIVE_TLS=${UV_NATIVE_TLS-true}
    break
  fi
done

uv_by_pip() {
  local name
  for name in python3 python3.13 python3.12 python3.11; do
    works "$name" || continue
    # Debian's Python makes an environment only where its package python3-venv is there.
    if "$name" -m venv .uv >/dev/null 2>&1 && .uv/bin/python -m pip install -q --disable-pip-version-check uv >&2; then return 0; fi
    rm -rf .uv
  done
  return 1
}

find_uv() {
  # A version manager's shim may stand in the path and lead nowhere, so it is tried, not only looked for.
  if works uv; then echo uv; return; fi
  if works .uv/bin/uv || uv_by_pip; then echo "$PWD/.uv/bin/uv"; return; fi
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Python's venv from the system's packages …" >&2
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv ca-certificates >/dev/null </dev/null
    if uv_by_pip; then echo "$PWD/.uv/bin/uv"; return; fi
  fi
  {
    echo "DigiOne needs uv, and could not fetch it. Do one of these, and try again:"
    echo "  - see to it that this machine reaches the Python package index;"
    echo "  - let an administrator install Python with its venv (Debian: apt-get install python3-venv);"
    echo "  - install uv yourself."
  } >&2
  return 1
}
uv=$(find_uv)
if ! works .venv/bin/python || [ "$(cat "$made" 2>/dev/null || echo "$making")" != "$making" ]; then
  rm -rf .venv
  if ! "$uv" venv -q --python "$python" .venv; then
    echo "No fitting Python ($python) is on this machine, and uv could not fetch one. Install one (Debian: apt-get install python3)." >&2
    exit 1
  fi
fi
printf '%s\n' "$making" > "$made"
# What the cache has needs no network, so that newer sources with the same libraries are set up offline too.
cached_or_fetched() { "$uv" pip "$@" --offline 2>/dev/null || "$uv" pip "$@"; }
cached_or_fetched sync -q --python .venv/bin/python "$lock"
cached_or_fetched install -q --python .venv/bin/python --no-deps -e .
# Python reads this file by the terminal's character set, and in LC_ALL=C would stumble over an ä in the clone's path.
for pth in .venv/lib/python3.*/site-packages/*digione*.pth; do echo ../../../../src > "$pth"; done
.venv/bin/python scripts/compile_translations.py
printf '%s' "$wanted" > "$stamp"
