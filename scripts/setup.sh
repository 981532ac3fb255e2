#!/usr/bin/env bash
# Installs what Gantry is built, run and tested with, from Debian 12. Can be run again at any time.
#
#   scripts/setup.sh          everything, tests included
#   scripts/setup.sh --run    only what building and running the daemon needs
#   scripts/setup.sh --bench  everything, and the peers that scripts/bench.sh compares with
set -euo pipefail

build=(
  g++ cmake ninja-build pkg-config ccache
  libcaf-dev libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libboost-system1.81-dev
  libsqlite3-dev libarchive-dev libisal-dev libzstd-dev liblzma-dev libbz2-dev
  libssl-dev libre2-dev libspdlog-dev libfmt-dev libcli11-dev libgoogle-perftools-dev
)
run=(runc crun conmon tini)
test=(
  catch2 clang-14 libclang-rt-14-dev llvm-14 clang-format clang-tidy
  docker.io python3-docker python3-pytest python3-yaml docker-compose curl socat openssl strace
  iproute2 procps
  systemd google-perftools nodejs npm busybox-static skopeo umoci
  python3-pyte zsh fish groff-base prometheus
  chromium fonts-dejavu-core
)
bench=(wrk nginx-light podman)

wanted=("${build[@]}" "${run[@]}")
case ${1:-} in
  "") wanted+=("${test[@]}") ;;
  --run) ;;
  --bench) wanted+=("${test[@]}" "${bench[@]}") ;;
  *) echo "usage: scripts/setup.sh [--run | --bench]" >&2; exit 2 ;;
esac

# A program that is there already, from wherever, is as good as Debian's package of it.
have_program() {
  case $1 in
    nodejs) command -v node ;;
    npm) command -v npm ;;
    *) return 1 ;;
  esac >/dev/null 2>&1
}

missing=()
for package in "${wanted[@]}"; do
  have_program "$package" && continue
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
    missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
echo "setup: installing ${missing[*]}"
# docker.io and prometheus start daemons of their own when they are installed; the tests start theirs
# themselves.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
  "${sudo[@]}" chmod +x "$policy"
  trap '"${sudo[@]}" rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  "${missing[@]}"
