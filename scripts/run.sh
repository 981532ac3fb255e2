#!/usr/bin/env bash
# Installs what is missing, builds the daemon and runs it. Arguments go to gantryd:
#
#   scripts/run.sh                                  listens on unix:///var/run/docker.sock
#   scripts/run.sh -H tcp://127.0.0.1:2375 --debug
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh --run
cmake --preset release -DGANTRY_TESTS=OFF >/dev/null
cmake --build --preset release --target gantryd gantry-monitor gantryctl
exec build/release/bin/gantryd "$@"
