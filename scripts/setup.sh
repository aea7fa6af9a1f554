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

uv_by_download() {
  # The wheel of PyPI is a zip archive with the program in it; it needs neither pip nor venv.
  local version=0.13.9 place hash wheel=.uv/uv.whl
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64)
      place=3d/aa/26d64642d808de4a652579ef950d7cd2d37f080a8babf9c67c6b75fc4c3f/uv-$version-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
      hash=d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19 ;;
    Linux-aarch64)
      place=57/15/94b6cd62ac3ff6550288328e8035288875197cbc183f51554b266a69877b/uv-$version-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl
      hash=5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe ;;
    *) return 1 ;;
  esac
  mkdir -p .uv/bin
  local address=https://files.pythonhosted.org/packages/$place
  if works python3; then
    python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(*sys.argv[1:])' "$address" $wheel >&2 || return 1
  elif works curl; then curl -fsSL -o $wheel "$address" >&2 || return 1
  elif works wget; then wget -q -O $wheel "$address" >&2 || return 1
  else return 1; fi
  echo "$hash  $wheel" | sha256sum --check --quiet >&2 || { rm -f $wheel; return 1; }
  local inside=uv-$version.data/scripts/uv
  if works python3; then
    python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' $wheel $inside
  elif command -v unzip >/dev/null 2>&1; then unzip -p $wheel $inside
  else perl -MIO::Uncompress::Unzip=unzip -e 'unzip $ARGV[0] => "-", Name => $ARGV[1], BinModeOut => 1 or exit 1' $wheel $inside
  fi > .uv/bin/uv.new || return 1
  chmod +x .uv/bin/uv.new
  mv .uv/bin/uv.new .uv/bin/uv
  rm -f $wheel
  works .uv/bin/uv
}

find_uv() {
  # A version manager's shim may stand in the path and lead nowhere, so it is tried, not only looked for.
  if works uv; then echo uv; return; fi
  if works .uv/bin/uv || uv_by_pip || uv_by_download; then echo "$PWD/.uv/bin/uv"; return; fi
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Python's venv from the system's packages …" >&2
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv ca-certificates >/dev/null </dev/null
    if uv_by_pip; then echo "$PWD/.uv/bin/uv"; return; fi
  fi
  {
    echo "DigiOne needs uv (https://docs.astral.sh/uv), and could not fetch it. Do one of these, and try again:"
    echo "  - see to it that this machine reaches https://pypi.org and https://files.pythonhosted.org;"
    echo "  - let an administrator install Python with its venv (Debian: apt-get install python3-venv), or curl;"
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
"$uv" pip sync -q --python .venv/bin/python "$lock"
"$uv" pip install -q --python .venv/bin/python --no-deps -e .
# Python reads this file by the terminal's character set, and in LC_ALL=C would stumble over an ä in the clone's path.
for pth in .venv/lib/python3.*/site-packages/*digione*.pth; do echo ../../../../src > "$pth"; done
.venv/bin/python scripts/compile_translations.py
printf '%s' "$wanted" > "$stamp"
