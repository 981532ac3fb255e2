"""One measurement each: load by wrk, idle connections, time to the first answer."""

import contextlib
import os
import re
import resource
import select
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import processes
from peers import Peer, PeerFailed, environment, tie_to_parent

WRK_THREADS = 2
CALM_SECONDS = 15
FIRST = 4  # connections before those that are counted
_UNITS_US = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 6e7}


@dataclass
class Load:
    """What one run of wrk saw."""
    requests_per_second: float
    median_us: float
    cpu_us_per_request: float  # of the server
    others_share: float  # of one processor, used by neither the server nor the load generator


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def wait_until_calm(peer: Peer) -> None:
    """Lets a server end what a load has left it with: a collection, requests that were given up."""
    until = time.monotonic() + CALM_SECONDS
    while time.monotonic() < until:
        before = processes.run_time_us(peer.pids())
        time.sleep(0.1)
        if processes.growth(before, processes.run_time_us(peer.pids())) < 5000:
            return


@contextlib.contextmanager
def apart(peer: Peer) -> Iterator[set[int]]:
    """Ties the server to one of our processors; yields those that are left."""
    ours = os.sched_getaffinity(0)
    if len(ours) < 2:
        raise PeerFailed("there is no processor for the client alone")
    place = {max(ours)}
    try:
        processes.tie(peer.pids(), place)
        yield ours - place
    finally:
        processes.tie(peer.pids(), ours)


def load(peer: Peer, path: str, connections: int, seconds: float,
         processors: set[int] | None = None) -> Load:
    """Runs wrk against one peer, on those processors if any are given. Errors and statuses other
    than 2xx void the run."""
    whole = max(1, round(seconds))
    command = ["wrk", "-t", str(min(WRK_THREADS, connections)), "-c", str(connections),
               "-d", f"{whole}s", "--timeout", "10s", "--latency", peer.url(path)]
    server_before = processes.cpu_seconds(peer.cpu_pids())
    wrk_before = _children_seconds()
    busy_before = processes.machine_busy_seconds()
    started = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=whole + 30,
                              check=False, preexec_fn=processors and (
                                  lambda: os.sched_setaffinity(0, processors)))
    except subprocess.TimeoutExpired as e:
        raise PeerFailed(f"wrk on {path} did not come back") from e
    elapsed = time.monotonic() - started
    busy = processes.machine_busy_seconds() - busy_before
    wrk = _children_seconds() - wrk_before
    server = processes.growth(server_before, processes.cpu_seconds(peer.cpu_pids()))

    wait_until_calm(peer)
    count = re.search(r"(\d+) requests in ", done.stdout)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    median = re.search(r"50%\s+([\d.]+)(us|ms|s|m)\b", done.stdout)
    bad = re.search(r"(Socket errors|Non-2xx or 3xx responses):.*", done.stdout)
    if done.returncode == 0 and count and int(count[1]) == 0:
        raise PeerFailed(f"no answer to {path} within {whole} s")
    if done.returncode != 0 or not (count and rate and median):
        raise PeerFailed(f"wrk on {path}: {(done.stderr or done.stdout).strip()[-200:]}")
    if bad:
        raise PeerFailed(f"wrk on {path}: {bad[0]}")
    return Load(requests_per_second=float(rate[1]),
                median_us=float(median[1]) * _UNITS_US[median[2]],
                cpu_us_per_request=server * 1e6 / int(count[1]),
                others_share=max(0.0, busy - server - wrk) / elapsed)


class IdleConnections:
    """Keep-alive connections that have each had one request answered and now do nothing."""

    _REQUEST = b"GET /_ping HTTP/1.1\r\nHost: idle\r\n\r\n"

    def __init__(self, peer: Peer):
        self._peer = peer
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> "IdleConnections":
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            one.close()
        self._sockets.clear()

    def grow_to(self, count: int) -> None:
        """Opens more, one after another, until there are `count`."""
        while len(self._sockets) < count:
            try:
                one = socket.create_connection(("127.0.0.1", self._peer.port), timeout=10)
                self._sockets.append(one)
                one.sendall(self._REQUEST)
                answer = b""
                while not answer.endswith(b"\r\n\r\nOK"):
                    piece = one.recv(4096)
                    if not piece:
                        raise OSError("closed by the server")
                    answer += piece
            except OSError as e:
                raise PeerFailed(f"idle connection {len(self._sockets)} of {count}: {e}") from e

    def check(self) -> None:
        """PeerFailed when the server has closed some of them."""
        poll = select.poll()
        for one in self._sockets:
            poll.register(one, select.POLLIN | select.POLLHUP)
        gone = len(poll.poll(0))
        if gone:
            raise PeerFailed(f"closed {gone} of {len(self._sockets)} idle connections")


def kib_per_connection(peer: Peer, counts: list[int], settle: float) -> list[float]:
    """PSS that each of `counts` (rising) idle connections adds. Kernel memory is not in it, nor is
    what the first connections make the server load or unpack."""
    result = []
    with IdleConnections(peer) as first:
        first.grow_to(FIRST)
    wait_until_calm(peer)
    before = processes.pss_kib(peer.pids())
    with IdleConnections(peer) as idle:
        for count in counts:
            idle.grow_to(count)
            time.sleep(settle)
            idle.check()
            result.append((processes.pss_kib(peer.pids()) - before) / count)
    return result


def first_ping_ms(peer: Peer, client: Path) -> float:
    """From exec to the first answer on the unix socket. The server is ended again."""
    place = peer.place(with_port=False)
    command = [str(client), "--unix", str(place.socket), "--log", str(peer.log), "--",
               *peer.command(with_port=False)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False,
                              env=environment(), preexec_fn=tie_to_parent)
    except subprocess.TimeoutExpired as e:
        raise PeerFailed("first_ping did not come back") from e
    if done.returncode != 0:
        raise PeerFailed(done.stderr.strip())
    return float(done.stdout)
