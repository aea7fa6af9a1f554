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

find_uv() {
  if command -v uv >/dev/null 2>&1; then command -v uv; return; fi
  [ -x .uv/bin/uv ] && { echo "$PWD/.uv/bin/uv"; return; }
  for python in python3 python3.13 python3.12 python3.11; do
    command -v "$python" >/dev/null 2>&1 || continue
    if "$python" -m venv .uv >/dev/null 2>&1 && .uv/bin/python -m pip install -q --disable-pip-version-check uv; then
      echo "$PWD/.uv/bin/uv"; return
    fi
    rm -rf .uv
  done
  echo "DigiOne needs uv, and could not fetch it: install Python 3.11 or newer with venv (Debian: apt-get install python3-venv), or uv itself." >&2
  exit 1
}
uv=$(find_uv)
[ -x .venv/bin/python ] || "$uv" venv -q --python '>=3.11' .venv
"$uv" pip sync -q --python .venv/bin/python "$lock"
"$uv" pip install -q --python .venv/bin/python --no-deps -e .
.venv/bin/python scripts/compile_translations.py
printf '%s' "$wanted" > "$stamp"
