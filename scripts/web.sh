#!/usr/bin/env bash
# Runs the tests of the inspection's page in a browser:
#
#   scripts/web.sh [--shots DIRECTORY] [arguments of node --test]
#
# With --shots they leave pictures of every view in that directory.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = "--shots" ]; then
  mkdir -p "$2"
  GANTRY_WEB_SHOTS=$(realpath "$2")
  export GANTRY_WEB_SHOTS
  shift 2
fi
if [ ! -d tests/web/node_modules ]; then
  npm --prefix tests/web ci --no-audit --no-fund --loglevel=error
fi
exec node --test "$@" tests/web/page_test.js
