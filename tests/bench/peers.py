"""The servers that are compared: how each is started, found ready, measured and ended.

All listen on 127.0.0.1 (distinct ports) and on unix sockets in the work directory. None needs a
network namespace of its own: dockerd runs without bridge, iptables and forwarding, podman with an
empty network directory, so that neither touches the host's network.
"""

import ctypes
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import processes

READY_SECONDS = 30
STOP_SECONDS = 20
PR_SET_PDEATHSIG = 1
HYBRID = "/sys/fs/cgroup/unified"

_libc = ctypes.CDLL(None, use_errno=True)
_ports = iter(range(20100, 32000))  # below the range from which the kernel takes clients' ports


class PeerFailed(Exception):
    """A peer that is not there, did not start, gave a wrong answer or ended."""


@dataclass
class Place:
    """Where one instance of a peer lives."""
    directory: Path
    exec_root: Path  # short: sockets of containers lie in it
    binaries: Path
    socket: Path
    port: int | None = None  # none: only the unix socket

    def hosts(self) -> list[str]:
        """The -H flags of the Docker daemon's command line."""
        tcp = [] if self.port is None else ["-H", f"tcp://127.0.0.1:{self.port}"]
        return ["-H", f"unix://{self.socket}", *tcp]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on; each call gives another one."""
    for port in _ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise PeerFailed("no free port on 127.0.0.1")


def _gantryd(at: Place) -> list[str]:
    return [str(at.binaries / "gantryd"), *at.hosts(), "--data-root", str(at.directory / "data"),
            "--exec-root", str(at.exec_root),
            "--pidfile", str(at.directory / "daemon.pid")]


def where_crun_works() -> list[str]:
    """The words before a bare crun: it refuses to run where a hierarchy of cgroup v2 is mounted
    beside those of v1, as systemd's hybrid set-up has it. Gantry keeps it out of crun's sight."""
    if not os.path.ismount(HYBRID):
        return []
    return ["unshare", "--mount", "sh", "-c", f'umount {HYBRID} && exec "$@"', "sh"]


def _gantryd_runc(at: Place) -> list[str]:
    return [*_gantryd(at), "--default-runtime", "runc"]


def _gantryd_blind(at: Place) -> list[str]:
    return [*_gantryd(at), "--inspect-host", "none"]


def _dockerd(at: Place) -> list[str]:
    config = at.directory / "daemon.json"
    config.write_text("{}\n")
    return ["dockerd", "--config-file", str(config), *at.hosts(),
            "--data-root", str(at.directory / "data"), "--exec-root", str(at.directory / "exec"),
            "--pidfile", str(at.directory / "daemon.pid"), "--bridge", "none", "--iptables=false",
            "--ip-forward=false", "--ip-masq=false", "--userland-proxy=false"]


def _podman(at: Place) -> list[str]:
    url = f"unix://{at.socket}" if at.port is None else f"tcp:127.0.0.1:{at.port}"
    networks = at.directory / "networks"
    networks.mkdir(exist_ok=True)
    config = at.directory / "containers.conf"
    runtime = 'runtime = "runc"\n' if shutil.which("runc") else ""  # as dockerd has it
    config.write_text(f'[engine]\nlock_type = "file"\n{runtime}'
                      f'[network]\nnetwork_config_dir = "{networks}"\n')
    return ["env", f"CONTAINERS_CONF={config}", "podman", "--root", str(at.directory / "root"),
            "--runroot", str(at.directory / "run"), "--tmpdir", str(at.directory / "tmp"),
            "--cgroup-manager", "cgroupfs", "system", "service", "--time=0", url]


def _nginx(at: Place) -> list[str]:
    tcp = "" if at.port is None else f"listen 127.0.0.1:{at.port} backlog=4096;"
    config = at.directory / "nginx.conf"
    config.write_text(f"""
daemon off; worker_processes 2; pid {at.directory}/nginx.pid; error_log stderr warn;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; default_type text/plain;
  client_body_temp_path {at.directory}/body; proxy_temp_path {at.directory}/proxy;
  fastcgi_temp_path {at.directory}/fastcgi; uwsgi_temp_path {at.directory}/uwsgi;
  scgi_temp_path {at.directory}/scgi;
  server {{ {tcp} listen unix:{at.socket}; location = /_ping {{ return 200 "OK"; }} }}
}}
""")
    return ["nginx", "-p", str(at.directory), "-e", "stderr", "-c", str(config)]


def _bare_beast(at: Place) -> list[str]:
    tcp = [] if at.port is None else ["--port", str(at.port)]
    return [str(at.binaries / "bare_beast"), "--unix", str(at.socket), *tcp]


@dataclass(frozen=True)
class Kind:
    """What a peer is, apart from where it runs."""
    name: str
    command: Callable[[Place], list[str]]
    version_command: list[str] = field(default_factory=list)
    has_version_page: bool = True
    cpu_of_main_process_only: bool = False


KINDS = {kind.name: kind for kind in (
    Kind("gantryd", _gantryd),
    Kind("gantryd_runc", _gantryd_runc),
    Kind("gantryd_blind", _gantryd_blind),
    # containerd has no part in answering `_ping`: its processor time is not held against dockerd
    Kind("dockerd", _dockerd, ["dockerd", "--version"], cpu_of_main_process_only=True),
    Kind("podman", _podman, ["podman", "--version"]),
    Kind("nginx", _nginx, ["nginx", "-v"], has_version_page=False),
    Kind("bare_beast", _bare_beast),
)}


def environment() -> dict[str, str]:
    """Ours, without what would make a daemon talk to somebody."""
    left_out = ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID")
    return {name: value for name, value in os.environ.items() if name not in left_out}


def tie_to_parent() -> None:
    """This process is asked to end when the one that started it has died; survives an exec."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Peer:
    """A server that can be started. What goes wrong with it is a PeerFailed."""

    def __init__(self, kind: Kind, work: Path, binaries: Path):
        self.kind = kind
        self.name = kind.name
        self.work = work
        self.binaries = binaries
        self.log = work / f"{kind.name}.log"
        self.port = free_port()
        self.process: subprocess.Popen | None = None

    def place(self, with_port: bool) -> Place:
        """The directories, made if need be. A start with and one without port share the data."""
        directory = self.work / self.name
        directory.mkdir(exist_ok=True)
        return Place(directory, self.work / f"x{list(KINDS).index(self.name)}", self.binaries,
                     self.work / f"{self.name}.sock", self.port if with_port else None)

    def command(self, with_port: bool) -> list[str]:
        """The command line; PeerFailed when the program is not installed."""
        command = self.kind.command(self.place(with_port))
        program = command[2] if command[0] == "env" else command[0]
        if shutil.which(program) is None:
            raise PeerFailed(f"{program} is not installed")
        return command

    def version(self) -> str:
        """What the program says about itself, in one line."""
        if not self.kind.version_command:
            return "this tree"
        done = subprocess.run(self.kind.version_command, capture_output=True, text=True, timeout=10,
                              check=False)
        return (done.stdout + done.stderr).strip().split("\n")[0]

    def start(self) -> None:
        """Starts the server and waits until it answers `_ping` rightly."""
        command = self.command(with_port=True)
        (self.work / f"{self.name}.sock").unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(),
                start_new_session=True, preexec_fn=tie_to_parent)
        (self.work / f"{self.name}.pid").write_text(f"{self.process.pid}\n")
        until = time.monotonic() + READY_SECONDS
        answer = "nothing"
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise PeerFailed(f"ended with status {self.process.returncode} before it answered")
            try:
                status, body = self.get("/_ping")
            except OSError:
                time.sleep(0.05)
                continue
            if (status, body) == (200, b"OK"):
                return
            answer = f"{status} {body[:60]!r}"
            time.sleep(0.05)
        raise PeerFailed(f"no answer to _ping within {READY_SECONDS} s; last seen: {answer}")

    def get(self, path: str) -> tuple[int, bytes]:
        """One GET over TCP."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except http.client.HTTPException as e:
            raise OSError(f"not HTTP: {e}") from e
        finally:
            connection.close()

    def lives(self) -> bool:
        """Whether it still answers `_ping`; a slow answer to something else may delay this one."""
        until = time.monotonic() + READY_SECONDS
        while self.process is not None and self.process.poll() is None and time.monotonic() < until:
            try:
                return self.get("/_ping") == (200, b"OK")
            except OSError:
                time.sleep(0.05)
        return False

    def url(self, path: str) -> str:
        """An address for wrk."""
        return f"http://127.0.0.1:{self.port}{path}"

    def pids(self) -> list[int]:
        """The server's process and its descendants."""
        if self.process is None or self.process.poll() is not None:
            raise PeerFailed("has ended")
        return processes.tree(self.process.pid)

    def cpu_pids(self) -> list[int]:
        """Those of `pids` whose processor time is counted."""
        pids = self.pids()
        return pids[:1] if self.kind.cpu_of_main_process_only else pids

    def log_tail(self, lines: int = 8) -> str:
        """The end of what it has said, indented."""
        if not self.log.exists():
            return ""
        tail = self.log.read_text(errors="replace").strip().splitlines()[-lines:]
        return "".join(f"    | {line}\n" for line in tail)

    def stop(self) -> None:
        """Asks it to end, kills it and what it leaves behind when it does not."""
        if self.process is None:
            return
        ours = [processes.identity(pid) for pid in processes.tree(self.process.pid)]
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        until = time.monotonic() + 2
        left = [one for one in ours if one]
        while left and time.monotonic() < until:
            left = [one for one in left if processes.identity(one[0]) == one]
            time.sleep(0.05)
        for pid, _ in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        (self.work / f"{self.name}.pid").unlink(missing_ok=True)
        self.process = None
