#!/usr/bin/env bash
# The browser tests need Chromium: one that is there is used, else it is installed: as a package of the system where
# that is allowed, else by Playwright into the user's own folder. With CI=true it is a fault that there is none.
set -euo pipefail
cd "$(dirname "$0")/.."

there() { .venv/bin/python -m tests.browser.chromium; }
there 2>/dev/null && exit 0
echo "Installing Chromium for the browser tests …"
if command -v apt-get >/dev/null 2>&1; then
  as_root=
  [ "$(id -u)" = 0 ] || as_root="sudo -n"
  if { $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium libatomic1; } \
    >/dev/null 2>&1 </dev/null; then there 2>/dev/null && exit 0; fi
fi
timeout 300 .venv/bin/python -m playwright install chromium >/dev/null 2>&1 || true
there && exit 0
[ "${CI:-}" != true ] || exit 1
echo "The browser tests are skipped; the others run." >&2
