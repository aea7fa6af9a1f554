#!/usr/bin/env bash
# The browser tests need Chromium: one that is there is used, else the system's package is installed.
set -euo pipefail
for name in "${DIGIONE_CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1; then
  echo "Installing Chromium for the browser tests …"
  $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq chromium >/dev/null && exit 0
fi
echo "The browser tests need Chromium. Install it, or set DIGIONE_CHROMIUM to its program." >&2
exit 1
