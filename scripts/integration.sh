#!/usr/bin/env bash
# Runs the integration tests against a built daemon:
#
#   scripts/integration.sh build/release/bin/gantryd [pytest arguments]
set -euo pipefail
cd "$(dirname "$0")/.."
GANTRYD=$(realpath "${1:?usage: scripts/integration.sh GANTRYD [pytest arguments]}")
export GANTRYD
shift
if [ -f tests/integration/package.json ] && [ ! -d tests/integration/node_modules ]; then
  npm --prefix tests/integration ci --no-audit --no-fund --loglevel=error
fi
exec /usr/bin/python3 -m pytest -q tests/integration "$@"
