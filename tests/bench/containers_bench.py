"""Containers beside dockerd and podman: the driver of `scripts/bench.sh containers`, which
documents it."""

import http.client
import io
import json
import os
import resource
import signal
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Iterator

import measures
import processes
from images_bench import config_of, request, write_archive
from peers import Peer, PeerFailed, environment, where_crun_works
from server_bench import Bench, Target, run, say

RUN_API = "create, start, wait, remove by the API, ms"
RUN_CLI = "docker run --rm IMAGE true, ms"
EXEC = "exec: create, start attached, inspect, ms"
AT_ONCE = "16 runs at once, runs/s"
LOGS = "64 MiB of lines logged, read back, MiB/s"
PS = "ps -a, 200 containers, 4 connections, req/s"
CREATED_PSS = "daemon's PSS with 200 created, MiB"
RUNNING_PSS = "PSS per running one with its monitor, MiB"
BESIDE_FROZEN = {
    "ps -a": "p99 of ps -a beside a frozen one of 200, of what it is else",
    "inspect": "p99 of inspect beside a frozen one of 200, of what it is else",
    "run": "slowest of 60 runs beside a frozen one of 200, of what it is else",
}

IMAGE = "bench:box"
BUSYBOX = "/bin/busybox"
COMMANDS = ("sh", "true", "sleep", "cat")
LINE = b"0123456789abcdef" * 7 + b"0123456789abcde\n"  # 128 bytes
LINES_FILE = LINE * ((1 << 20) // len(LINE))
LOGGED_MIB = 64

RUNS = 5  # of each kind, per round
EXECS = 10
TOGETHER = 16
CREATED = 200
RUNNING = 20
LONG = ["sleep", "900"]
FROZEN_AMONG = 200
FROZEN_BLOCKS = 20  # half of them beside a frozen one: short ones, so that what else disturbs the
# machine disturbs both halves
CALLS_PER_BLOCK = {"ps -a": 200, "inspect": 500, "run": 6}

WITH_RUNC = "gantryd_runc"
#: What the OCI runtime has a part in; all else would be the same with another one.
OF_THE_RUNTIME = ("installation", "start", "image", "run", "docker run", "exec", "at once")
#: The runtime of our daemons' containers, the first being the default; the others' are what dockerd
#: takes, runc.
RUNTIMES = {"gantryd": "crun", WITH_RUNC: "runc"}
BARE = {"runc": "runc run", "crun": "crun run"}


class ContainersBench(Bench):
    """The run about containers."""

    measures = [RUN_API, RUN_CLI, EXEC, AT_ONCE, LOGS, PS, CREATED_PSS, RUNNING_PSS,
                *BESIDE_FROZEN.values()]
    targets = [
        Target(RUN_API, at_most=0.4, relative_to="dockerd", of=WITH_RUNC),
        Target(RUN_CLI, at_most=0.4, relative_to="dockerd", of=WITH_RUNC),
        Target(RUN_API, at_most=0.25, relative_to="dockerd"),
        Target(RUN_CLI, at_most=0.25, relative_to="dockerd"),
        Target(EXEC, at_most=0.6, relative_to="dockerd"),
        Target(AT_ONCE, at_least=3, relative_to="dockerd"),
        Target(LOGS, at_least=10, relative_to="dockerd"),
        Target(PS, at_least=20, relative_to="dockerd"),
        Target(CREATED_PSS, at_most=20),
        Target(RUNNING_PSS, at_most=1),
        *(Target(measure, at_most=1.2) for measure in BESIDE_FROZEN.values()),
    ]
    bases = ("dockerd",)
    only_for = {WITH_RUNC: OF_THE_RUNTIME}

    def run(self) -> None:
        root = file_system()
        archive = self.args.work_dir / "image.tar"
        write_archive(archive, [(config_of([root]), [root], IMAGE)])
        bundle = make_bundle(self.args.work_dir / "bundle", root)
        try:
            self.each("start", Peer.start)
            self.each("image", lambda p: load_image(p, archive))
            self.each("running containers", self.running)
            for turn in range(self.args.rounds):
                say(f"round {turn + 1} of {self.args.rounds}")
                self.each("run", self.runs, turn)
                self.each("docker run", self.docker_runs, turn)
                self.each("exec", self.execs, turn)
                self.each("at once", self.at_once, turn)
                self.each("logs", self.logs, turn)
                for runtime in BARE:
                    self.bare(runtime, bundle)
            say(f"{CREATED} containers")
            self.each("created containers", self.created)
            for turn in range(self.args.rounds):
                self.each("ps", self.ps, turn)
            say(f"{FROZEN_AMONG} that run, one of them frozen")
            self.each("frozen", self.frozen)
        finally:
            for peer in self.peers:
                self.tidy(peer)

    # --- the measurements ----------------------------------------------------------------------

    def runs(self, peer: Peer) -> None:
        for took in repeated(RUNS, lambda: run_once(peer)):
            self.add(peer, RUN_API, took * 1000)

    def docker_runs(self, peer: Peer) -> None:
        command = ["docker", "-H", f"tcp://127.0.0.1:{peer.port}", "run", "--rm", "--network",
                   "none", *limit_flags()]
        if runtime := RUNTIMES.get(peer.name):
            command += ["--runtime", runtime]
        for took in repeated(RUNS, lambda: call([*command, IMAGE, "true"])):
            self.add(peer, RUN_CLI, took * 1000)

    def execs(self, peer: Peer) -> None:
        cid = create(peer, LONG)
        ask(peer, "POST", f"/containers/{cid}/start")
        exec_once(peer, cid)
        for took in repeated(EXECS, lambda: exec_once(peer, cid)):
            self.add(peer, EXEC, took * 1000)
        remove(peer, cid)

    def at_once(self, peer: Peer) -> None:
        measures.wait_until_calm(peer)
        with ThreadPoolExecutor(TOGETHER) as threads:
            began = time.monotonic()
            for one in [threads.submit(run_once, peer) for _ in range(TOGETHER)]:
                one.result()
            self.add(peer, AT_ONCE, TOGETHER / (time.monotonic() - began))

    def logs(self, peer: Peer) -> None:
        config = {"LogConfig": {"Type": "json-file", "Config": {"max-size": "1g"}}}
        cid = create(peer, ["cat", *["/lines"] * LOGGED_MIB], **config)
        measures.wait_until_calm(peer)
        began = time.monotonic()
        ask(peer, "POST", f"/containers/{cid}/start")
        wait(peer, cid)
        _, framed = request(peer, "GET", f"/containers/{cid}/logs?stdout=1")
        took = time.monotonic() - began
        read = lines_of(framed)
        if read != LINES_FILE * LOGGED_MIB:
            raise PeerFailed(f"{len(read)} bytes were read back, or not those that were logged")
        self.add(peer, LOGS, LOGGED_MIB / took)
        remove(peer, cid)

    def running(self, peer: Peer) -> None:
        """The daemon's growth, and the monitors: what has a container's id on its command line."""
        remove(peer, create(peer, LONG))
        self.settle(peer)
        daemon = peer.pids()
        before = processes.pss_kib(daemon)
        ids = [create(peer, LONG) for _ in range(RUNNING)]
        for cid in ids:
            ask(peer, "POST", f"/containers/{cid}/start")
        self.settle(peer)
        monitors = [pid for pid in processes.mentioning(ids) if pid not in daemon]
        if len(monitors) < RUNNING:
            raise PeerFailed(f"{len(monitors)} monitors of {RUNNING} containers were found")
        after = processes.pss_kib(daemon + monitors)
        self.add(peer, RUNNING_PSS, (after - before) / RUNNING / 1024)
        for cid in ids:
            remove(peer, cid)

    def created(self, peer: Peer) -> None:
        for _ in range(CREATED):
            create(peer, ["true"])
        self.settle(peer)
        self.add(peer, CREATED_PSS, processes.pss_kib(peer.pids()) / 1024)

    def ps(self, peer: Peer) -> None:
        path = "/containers/json?all=1"
        count = len(ask(peer, "GET", path))
        if count != CREATED:
            raise PeerFailed(f"{count} containers are listed")
        seen = measures.load(peer, path, 4, self.args.seconds)
        self.add(peer, PS, seen.requests_per_second)
        self.others.append(seen.others_share)

    def frozen(self, peer: Peer) -> None:
        """What a container that does not move costs the others. Its monitor is stopped, and clients
        wait for it; blocks of calls with and without that alternate."""
        if peer.name != "gantryd":
            return  # what stands between the others and their containers is not ours to stop
        for one in ask(peer, "GET", "/containers/json?all=1"):
            remove(peer, one["Id"])
        ids = [create(peer, LONG) for _ in range(FROZEN_AMONG)]
        for cid in ids:
            ask(peer, "POST", f"/containers/{cid}/start")
        [monitor] = [pid for pid in processes.mentioning(ids[:1]) if pid not in peer.pids()]
        calls = {
            "ps -a": lambda: ask(peer, "GET", "/containers/json?all=1"),
            "inspect": lambda: ask(peer, "GET", f"/containers/{ids[FROZEN_AMONG // 2]}/json"),
            "run": lambda: run_once(peer),
        }
        took = {True: {}, False: {}}
        with ThreadPoolExecutor(2) as stuck:
            for block in range(FROZEN_BLOCKS):
                freezes = block % 2 == 1
                waiting = []
                if freezes:
                    os.kill(monitor, signal.SIGSTOP)
                    waiting = [stuck.submit(exec_once, peer, ids[0]),
                               stuck.submit(ask, peer, "POST", f"/containers/{ids[0]}/resize?h=9&w=9")]
                try:
                    for name, call_it in calls.items():
                        took[freezes].setdefault(name, []).extend(
                            repeated(CALLS_PER_BLOCK[name], call_it))
                finally:
                    if freezes:
                        os.kill(monitor, signal.SIGCONT)
                for one in waiting:
                    one.exception(timeout=60)
        for name, measure in BESIDE_FROZEN.items():
            self.add(peer, measure, high(took[True][name]) / high(took[False][name]))

    def bare(self, runtime: str, bundle: Path) -> None:
        """The runtime alone: the limit of what a daemon can reach with it. One process starts all
        runs of a round, so that what makes a place for crun has no part in the time."""
        name = BARE[runtime]
        loop = ('i=0; while [ $i -lt "$1" ]; do "$2" --root "$3/$2" run --bundle "$3" "bare-$i" '
                '</dev/null || exit; i=$((i + 1)); done')
        words = ["sh", "-c", loop, "sh", str(RUNS), runtime, str(bundle)]
        if (name, "run") in self.given_up:
            return
        try:
            took = timed(lambda: call([*(where_crun_works() if runtime == "crun" else []), *words]))
        except PeerFailed as e:
            self.given_up.add((name, "run"))
            self.failures[name] = [f"does not work here: {e}"]
            return
        self.samples.setdefault(name, {}).setdefault(RUN_API, []).append(took / RUNS * 1000)

    # --- before and after ----------------------------------------------------------------------

    def settle(self, peer: Peer) -> None:
        time.sleep(self.args.settle)
        measures.wait_until_calm(peer)

    def tidy(self, peer: Peer) -> None:
        """Containers outlive their daemon: they are removed before it ends."""
        try:
            for one in ask(peer, "GET", "/containers/json?all=1"):
                remove(peer, one["Id"])
        except (PeerFailed, OSError) as e:
            self.failures[peer.name].append(f"containers that may be left: {e}")


def file_system() -> bytes:
    """The root of all containers, as a layer: busybox, the names it is called by, and lines."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in (("bin/busybox", Path(BUSYBOX).read_bytes()), ("lines", LINES_FILE)):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            archive.addfile(info, io.BytesIO(data))
        for name in COMMANDS:
            info = tarfile.TarInfo(f"bin/{name}")
            info.type, info.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(info)
    return out.getvalue()


def make_bundle(directory: Path, root: bytes) -> Path:
    """A bundle for a runtime that is called by hand, with its own default specification."""
    with tarfile.open(fileobj=io.BytesIO(root)) as archive:
        archive.extractall(directory / "rootfs")
    config = directory / "config.json"
    for runtime in BARE:
        try:
            call([runtime, "spec"], cwd=directory)
        except PeerFailed:
            continue
        spec = json.loads(config.read_text())
        spec["process"].update(terminal=False, args=["true"])
        config.write_text(json.dumps(spec))
        break
    return directory


def load_image(peer: Peer, archive: Path) -> None:
    with archive.open("rb") as body:
        request(peer, "POST", "/images/load?quiet=1", body)
    run_once(peer)  # the first run finds its programs on the disk


def limits() -> list[dict]:
    """Limits of processes that every daemon may set: podman takes its own for granted, which are
    beyond what a root without CAP_SYS_RESOURCE may have."""
    pids = int(Path("/proc/sys/kernel/pid_max").read_text())
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    processes_limit = pids if hard == resource.RLIM_INFINITY else min(pids, hard)
    return [{"Name": name, "Soft": most, "Hard": most}
            for name, most in (("nofile", 1024), ("nproc", processes_limit))]


def limit_flags() -> Iterator[str]:
    for limit in limits():
        yield f"--ulimit={limit['Name']}={limit['Soft']}:{limit['Hard']}"


def ask(peer: Peer, method: str, path: str, body: dict | None = None):
    """One request over TCP; the JSON that it answered. Statuses other than 2xx are a PeerFailed."""
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=60)
    headers = {} if body is None else {"Content-Type": "application/json"}
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        answer = response.read()
    except http.client.HTTPException as e:
        raise PeerFailed(f"{method} {path}: {e}") from e
    finally:
        connection.close()
    if not 200 <= response.status < 300:
        raise PeerFailed(f"{method} {path} answered {response.status} {answer[:300]!r}")
    if response.getheader("Content-Type", "").startswith("application/json") and answer.strip():
        return json.loads(answer)
    return answer


def create(peer: Peer, command: list[str], **host_config) -> str:
    """A container's id."""
    host = {"NetworkMode": "none", "Ulimits": limits(), **host_config}
    if runtime := RUNTIMES.get(peer.name):
        host["Runtime"] = runtime
    body = {"Image": IMAGE, "Cmd": command, "HostConfig": host}
    return ask(peer, "POST", "/containers/create", body)["Id"]


def wait(peer: Peer, cid: str) -> None:
    status = ask(peer, "POST", f"/containers/{cid}/wait")["StatusCode"]
    if status != 0:
        raise PeerFailed(f"a container ended with {status}")


def remove(peer: Peer, cid: str) -> None:
    ask(peer, "DELETE", f"/containers/{cid}?force=1&v=1")


def run_once(peer: Peer) -> None:
    cid = create(peer, ["true"])
    ask(peer, "POST", f"/containers/{cid}/start")
    wait(peer, cid)
    ask(peer, "DELETE", f"/containers/{cid}")


def exec_once(peer: Peer, cid: str) -> None:
    body = {"Cmd": ["true"], "AttachStdout": True, "AttachStderr": True}
    made = ask(peer, "POST", f"/containers/{cid}/exec", body)["Id"]
    ask(peer, "POST", f"/exec/{made}/start", {"Detach": False, "Tty": False})
    shown = ask(peer, "GET", f"/exec/{made}/json")
    if shown["Running"] or shown["ExitCode"] != 0:
        raise PeerFailed(f"an exec ended with {shown['ExitCode']}, running: {shown['Running']}")


def lines_of(framed: bytes) -> bytes:
    """The payload of frames of stdout and stderr."""
    view = memoryview(framed)
    pieces, at = [], 0
    while at + 8 <= len(framed):
        size = int.from_bytes(view[at + 4:at + 8], "big")
        pieces.append(view[at + 8:at + 8 + size])
        at += 8 + size
    return b"".join(pieces)


def call(words: list[str], **more) -> None:
    """Runs a program that has to succeed."""
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False, env=environment(), **more)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise PeerFailed(f"{words[0]}: {e}") from e
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-300:]
        raise PeerFailed(f"{words[0]} ended with {done.returncode}: {said}")


def high(values: list[float]) -> float:
    """The 99th percentile; of few the highest."""
    return sorted(values)[int(len(values) * 0.99)]


def timed(work: Callable[[], None]) -> float:
    """The seconds that it took."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def repeated(times: int, work: Callable[[], None]) -> list[float]:
    """The seconds that each took."""
    return [timed(work) for _ in range(times)]


if __name__ == "__main__":
    os.environ["DOCKER_CONFIG"] = os.devnull
    sys.exit(run("containers", ContainersBench, ["gantryd", WITH_RUNC, "dockerd", "podman"]))
