#!/usr/bin/env bash
# All that a change must pass: format, includes (their direction; each source for itself), every test.
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

# The builds compile sources in groups, which hides it when one does not include what it uses.
git ls-files 'protocol/*.cpp' 'actors/*.cpp' 'app/*.cpp' |
  xargs -P "$(nproc)" -n 1 c++ -std=c++20 -fsyntax-only -I. -Wall -Wextra -Wpedantic -Werror \
    -DBOOST_ASIO_DISABLE_VISIBILITY -DBOOST_ASIO_NO_DEPRECATED '-DGANTRY_VERSION=""' \
    '-DGANTRY_COMMIT=""' '-DGANTRY_BUILD_TIME=""'

exec scripts/test.sh
