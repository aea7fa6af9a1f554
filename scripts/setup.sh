#!/usr/bin/env bash
# Makes the environment in .venv: uv, a fitting Python, the locked libraries, DigiOne itself, the compiled translations.
# Does nothing when nothing has changed, so that it works offline after the first time.
set -euo pipefail
cd "$(dirname "$0")/.."

lock=requirements/dev.txt
stamp=.venv/.digione-stamp
wanted=$(cat pyproject.toml "$lock" scripts/setup.sh | cksum)
if [ -x .venv/bin/digione ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
  .venv/bin/python scripts/compile_translations.py
  exit 0
fi

works() { "$@" --version >/dev/null 2>&1; }

uv_by_pip() {
  for python in python3 python3.13 python3.12 python3.11; do
    works "$python" || continue
    if "$python" -m venv .uv >/dev/null 2>&1 && .uv/bin/python -m pip install -q --disable-pip-version-check uv >&2; then return 0; fi
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
  echo "DigiOne needs uv, and could not fetch it: install Python's venv (Debian: apt-get install python3-venv), or uv itself." >&2
  return 1
}
uv=$(find_uv)
[ -x .venv/bin/python ] || "$uv" venv -q --python '>=3.11' .venv
"$uv" pip sync -q --python .venv/bin/python "$lock"
"$uv" pip install -q --python .venv/bin/python --no-deps -e .
.venv/bin/python scripts/compile_translations.py
printf '%s' "$wanted" > "$stamp"
