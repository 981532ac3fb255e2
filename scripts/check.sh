#!/usr/bin/env bash
# All that a change must pass: format, the direction of includes, every test.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/format.sh --check

# Includes point one way: app -> actors -> protocol; actors/host sees only protocol/error.hpp.
fail=0
complain() { echo "include rule: $1" >&2; fail=1; }
while IFS= read -r line; do complain "protocol/ includes what is above it: $line"; done \
  < <(grep -rnE '#include "(actors|app)/|#include <(caf|boost/asio)/' protocol || true)
while IFS= read -r line; do complain "actors/ includes app/: $line"; done \
  < <(grep -rnE '#include "app/' actors || true)
while IFS= read -r line; do complain "actors/host includes more than the system and errors: $line"; done \
  < <(grep -rnE '#include (<(caf|boost)/|"(actors|protocol)/)' actors/host |
      grep -vE '"(actors/host/|protocol/error\.hpp)' || true)
[ "$fail" -eq 0 ]

exec scripts/test.sh
