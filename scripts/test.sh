#!/usr/bin/env bash
# Installs what is missing, builds and passes every test:
#
#   1. debug (AddressSanitizer, UndefinedBehaviorSanitizer): all unit tests
#   2. tsan (ThreadSanitizer): the tests of actors/runtime, engine, server and inspect/service
#   3. fuzz (libFuzzer): each target for a short while, or for FUZZ_SECONDS (FUZZ_SECONDS=3600
#      scripts/test.sh fuzz: a long run)
#   4. web: the inspection's page in a browser, with data made up
#   5. integration: docker, curl and the SDKs drive the daemon of the debug build, with sanitizers
#
# For the integration tests on a release build:
#   cmake --preset release && cmake --build --preset release --target gantryd gantry-monitor gantryctl
#   scripts/integration.sh build/release/bin/gantryd
#
#   scripts/test.sh                 everything
#   scripts/test.sh debug tsan      only these parts
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
parts=("$@")
[ "${#parts[@]}" -gt 0 ] || parts=(debug tsan fuzz web integration)

build() {
  cmake --preset "$1" >/dev/null
  cmake --build --preset "$1" "${@:2}"
}

run_debug() {
  build debug
  ctest --test-dir build/debug --output-on-failure -j 2
}

run_tsan() {
  build tsan --target thread_tests
  ctest --test-dir build/tsan --output-on-failure -R '^actors/(runtime|engine|server|inspect/service)$' --no-tests=error
}

run_fuzz() {
  build fuzz --target fuzzers
  local corpus
  for target in build/fuzz/bin/*_fuzz; do
    corpus=$(mktemp -d)
    echo "fuzz: $(basename "$target")"
    "$target" -max_total_time="${FUZZ_SECONDS:-10}" -rss_limit_mb=2048 -verbosity=0 "$corpus"
    rm -rf "$corpus"
  done
}

run_web() {
  scripts/web.sh
}

run_integration() {
  build debug --target gantryd gantry-monitor gantryctl
  scripts/integration.sh build/debug/bin/gantryd
}

for part in "${parts[@]}"; do
  case $part in
    debug | tsan | fuzz | web | integration) ;;
    *) echo "test.sh: unknown part '$part' (debug, tsan, fuzz, web, integration)" >&2; exit 2 ;;
  esac
done
for part in "${parts[@]}"; do
  echo "== $part"
  "run_$part"
done
