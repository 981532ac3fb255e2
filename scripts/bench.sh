#!/bin/bash
# Measures Gantry beside its peers. See --help.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: scripts/bench.sh server|images|containers [options]

Starts gantryd and its peers on this machine's loopback, loads them in turn, and prints medians,
their ratios to dockerd and to a server on bare Boost.Beast, and which of Gantry's targets are met.

  --rounds N       rounds of each load (default 5); the order of the peers changes in each
  --seconds N      length of each load (default 3)
  --quick          2 rounds of 1 s: to see that all works, not for figures
  --peers A,B      only these of gantryd,dockerd,podman,nginx,bare_beast,gantryd_blind (images: the
                   first three; containers: those and gantryd_runc)
  --json FILE      write every sample to FILE too
  --check          end with status 1 unless every target is met
  --build-dir DIR  where the programs are (default build/release)
  --no-build       take them as they are

What is measured: images
  load             time of POST /images/load with an archive of five layers, 180 MB, as it is and
                   packed with gzip as a whole. The image is removed before, and the disk synced.
  save             time of GET /images/NAME/get for that image, read to its end.
  memory           highest resident memory of the daemon's process during these loads and saves.
  list             median time of GET /images/json with 500 images.

What is measured: containers
  run              create, start, wait and remove over the API, one after the other: the time of
                   all four, with `true` of a busybox image without network. Beside it what
                   `runc run` and `crun run` of the same files take by themselves.
  docker run       `docker run --rm --network none IMAGE true`, the client included.
  exec             create, start attached and inspect, in a running container.
  16 at once       such runs over the API on as many connections: runs per second.
  logs             64 MiB in lines of 128 bytes: from the start of the container that writes them
                   until they have been read from /logs, after its end; driver json-file.
  ps -a            req/s by wrk on 4 connections of /containers/json?all=1, 200 created containers.
  PSS              of the daemon with these 200 (of dockerd with containerd), and what each of 20
                   running containers adds to it, with its monitor: gantry-monitor,
                   containerd-shim or conmon.
  gantryd_runc     is the same daemon with runc, which dockerd and podman use too, for what the
                   runtime has a part in; gantryd itself takes crun.

What is measured: server
  _ping            req/s by wrk on 32 keep-alive connections, and the processor time (user and
                   system, all threads) that the server took per request. For dockerd that is
                   dockerd alone: containerd has no part in the answer. For nginx it is master and
                   workers.
  inspection       processor time per request of _ping, on 32 connections, of gantryd while nobody
                   inspects it, as a share of that of gantryd_blind, which keeps nothing of requests
                   (--inspect-host none): pairs of loads of a second, one after the other.
  1 connection     median latency of _ping: with all threads of the server on one processor and the
                   client on another, and wherever the kernel puts them. Whether it puts both on one
                   decides more than the server does, where to wake a processor takes long: on a
                   virtual machine 50 us together and 160 apart, with any server.
  /version         req/s on 32 connections. nginx has no such page.
  idle             PSS and processor time, for dockerd with the containerd that it has started.
  connections      PSS that 1,000 and 5,000 idle connections, each after one request, add per
                   connection to what it is after the first four (kernel memory is not in it);
                   speed of _ping beside 10,000 of them, which needs a hard limit of 10,500 open
                   files.
  first _ping      from exec to the first answer on a unix socket, with data directories that
                   exist already.

Peers are Debian's docker.io, podman and nginx; wrk is needed. A peer that is missing or fails is
named, with the end of its log, and the others go on. bare_beast keeps no deadlines, so it is a true
upper limit. All listen on 127.0.0.1 and on unix sockets in a temporary directory that is removed at
the end. dockerd and podman need root; dockerd runs without bridge, iptables and forwarding and so
needs no network namespace. A containerd that already runs in /run/containerd would be shared by
dockerd and is then not in its idle figures.

The load generator shares the processors with the server, and so does all else that runs: the last
line tells how much that was. Close other programs, or trust ratios more than figures. A full run
takes about seven minutes.
EOF
}

fail() {
  echo "bench.sh: $*" >&2
  exit 2
}

root=$(cd "$(dirname "$0")/.." && pwd)
build_dir=$root/build/release
build=yes
work=
driver=

# Each word is CONTROLLERS:PATH of a container, as in /proc/PID/cgroup without the first field.
remove_cgroups() {
  local group where
  for group in "$@"; do
    [[ ${group#*:} =~ [0-9a-f]{64} ]] || continue
    where=${group%%:*}
    where=/sys/fs/cgroup/${where#name=}${group#*:}
    for _ in {1..20}; do
      [[ -d $where ]] && ! rmdir "$where" 2>/dev/null || break
      sleep 0.1
    done
  done
}

# Nothing outlives the run. The driver ends the peers; if it was killed, they are ended here by pid.
clean_up() {
  trap - EXIT
  [[ -n $work ]] || return 0
  local file pid i mount
  for file in "$work"/*.pid; do
    [[ -e $file ]] || continue
    pid=$(<"$file")
    kill -TERM "$pid" 2>/dev/null || continue
    for ((i = 0; i < 100; i++)); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
  done
  # Containers outlive their daemons: their processes are the children of monitors, which all have a
  # path of ours on their command lines.
  local child groups=()
  for file in /proc/[0-9]*/cmdline; do
    pid=${file#/proc/} pid=${pid%/cmdline}
    [[ $pid != "$$" ]] && grep -qaF "$work/" "$file" 2>/dev/null || continue
    for child in $(ps -o pid= --ppid "$pid"); do
      mapfile -t -O "${#groups[@]}" groups < <(cut -d: -f2- "/proc/$child/cgroup" 2>/dev/null)
      kill -KILL "$child" 2>/dev/null || true
    done
    kill -KILL "$pid" 2>/dev/null || true
  done
  remove_cgroups "${groups[@]}"
  while read -r mount; do
    umount -l "$mount" || true
  done < <(awk -v under="$work/" 'index($5, under) == 1 { print $5 }' /proc/self/mountinfo | tac)
  rm -rf --one-file-system "$work"
}

[[ $# -gt 0 ]] || { usage >&2; exit 2; }
case $1 in
  server | images | containers) subject=$1; shift ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

options=()
while (($#)); do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --no-build) build=no; shift ;;
    --quick | --check) options+=("$1"); shift ;;
    --build-dir | --rounds | --seconds | --peers | --json)
      (($# > 1)) || fail "$1 needs a value"
      if [[ $1 == --build-dir ]]; then build_dir=$(realpath "$2"); else options+=("$1" "$2"); fi
      shift 2
      ;;
    *) fail "unknown option $1; see --help" ;;
  esac
done

[[ $subject == images ]] || command -v wrk >/dev/null || fail "wrk is not installed"
command -v python3 >/dev/null || fail "python3 is not installed"

if [[ $build == yes ]]; then
  if [[ ! -e $build_dir/build.ninja ]]; then
    (cd "$root" && cmake --preset release -B "$build_dir")
  fi
  cmake --build "$build_dir" --target gantryd gantry-monitor bare_beast first_ping
fi
programs=(gantryd)
[[ $subject != server ]] || programs+=(bare_beast first_ping)
[[ $subject != containers ]] || programs+=(gantry-monitor)
for program in "${programs[@]}"; do
  [[ -x $build_dir/bin/$program ]] || fail "$build_dir/bin/$program is not built"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/gb.XXXXXX")  # short: paths of sockets begin with it
trap clean_up EXIT
trap '[[ -n $driver ]] && kill -TERM "$driver" 2>/dev/null || true' INT TERM HUP

PYTHONDONTWRITEBYTECODE=1 python3 "$root/tests/bench/${subject}_bench.py" \
  --work-dir "$work" --build-dir "$build_dir" "${options[@]}" &
driver=$!
status=0
wait "$driver" || status=$?
# a signal interrupts `wait`, not the driver's tidying up
while kill -0 "$driver" 2>/dev/null; do
  wait "$driver" && status=0 || status=$?
done
exit "$status"
