"""Gantry's server beside its peers: the driver of `scripts/bench.sh server`, which documents it."""

import argparse
import json
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

import measures
import processes
from peers import KINDS, Peer, PeerFailed, tie_to_parent

MANY = 32  # connections of a busy server
PAIRS_PER_ROUND = 8  # of loads of a second
HELD = 10_000  # idle connections beside them
IDLE_STEPS = [1000, 5000]

PING_RATE = "_ping req/s, 32 connections"
PING_CPU = "_ping server CPU, us per request"
LATENCY = "_ping median latency, 1 connection, a processor each, us"
LATENCY_ANYWHERE = "_ping median latency, 1 connection, anywhere, us"
INSPECTED = "_ping server CPU, with inspection, of that without"
VERSION_RATE = "/version req/s, 32 connections"
IDLE_PSS = "idle PSS, MiB"
IDLE_CPU = "idle CPU, us per second"
CONNECTION_PSS = {n: f"PSS per idle connection, of {n}, KiB" for n in IDLE_STEPS}
HELD_RATIO = f"_ping speed with {HELD} idle connections, of that without"
FIRST_PING = "exec to first _ping, unix socket, ms"

MEASURES = [PING_RATE, PING_CPU, INSPECTED, LATENCY, LATENCY_ANYWHERE, VERSION_RATE, IDLE_PSS, IDLE_CPU,
            *CONNECTION_PSS.values(), HELD_RATIO, FIRST_PING]


BLIND = "gantryd_blind"


@dataclass(frozen=True)
class Target:
    """A figure that Gantry has to reach, absolute or as a ratio to a peer's."""
    measure: str
    at_least: float | None = None
    at_most: float | None = None
    relative_to: str | None = None
    of: str = "gantryd"  # whose figure

    def text(self) -> str:
        sign, bound = (">=", self.at_least) if self.at_least is not None else ("<=", self.at_most)
        base = f" x {self.relative_to}" if self.relative_to else ""
        whose = "" if self.of == "gantryd" else f"{self.of}: "
        return f"{whose}{self.measure} {sign} {bound:g}{base}"

    def judge(self, medians: dict[str, dict[str, float]]) -> tuple[bool | None, float | None]:
        """Whether it is met, and the figure that says so; nothing when there is none to compare."""
        value = medians.get(self.of, {}).get(self.measure)
        if self.relative_to and value is not None:
            base = medians.get(self.relative_to, {}).get(self.measure)
            value = value / base if base else None
        if value is None:
            return None, None
        if self.at_least is not None:
            return value >= self.at_least, value
        return value <= self.at_most, value


TARGETS = [
    Target(PING_RATE, at_least=1.3, relative_to="dockerd"),
    Target(PING_CPU, at_most=0.75, relative_to="dockerd"),
    Target(INSPECTED, at_most=1.02),
    Target(LATENCY, at_most=1.15, relative_to="bare_beast"),
    Target(VERSION_RATE, at_least=20, relative_to="dockerd"),
    Target(IDLE_PSS, at_most=10),
    Target(IDLE_CPU, at_most=50),  # 0.00 % of a processor
    *(Target(measure, at_most=6) for measure in CONNECTION_PSS.values()),
    Target(HELD_RATIO, at_least=0.9),
    Target(FIRST_PING, at_most=50),
]


class Bench:
    """One run: the peers, what they gave, and why some gave nothing."""

    measures = MEASURES
    targets = TARGETS
    bases = ("dockerd", "bare_beast")
    #: Peers that take part in some steps only, by name.
    only_for: dict[str, tuple[str, ...]] = {BLIND: ("installation", "start", "inspection")}

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.binaries = args.build_dir / "bin"
        self.peers = [Peer(KINDS[name], args.work_dir, self.binaries) for name in args.peers]
        self.samples: dict[str, dict[str, list[float]]] = {p.name: {} for p in self.peers}
        self.failures: dict[str, list[str]] = {p.name: [] for p in self.peers}
        self.given_up: set[tuple[str, str]] = set()
        self.dropped: set[str] = set()
        self.others: list[float] = []

    # --- bookkeeping -------------------------------------------------------------------------

    def alive(self, turn: int = 0) -> Iterator[Peer]:
        """The peers that take part, beginning with another one each turn."""
        for i in range(len(self.peers)):
            peer = self.peers[(i + turn) % len(self.peers)]
            if peer.name not in self.dropped:
                yield peer

    def each(self, what: str, work: Callable[[Peer], None], turn: int = 0,
             must_live: bool = True) -> None:
        """Does `work` for every peer that takes part. What one fails at is told and not tried
        again; one that does not even answer `_ping` any more is left out altogether."""
        for peer in self.alive(turn):
            if (peer.name, what) in self.given_up or what not in self.only_for.get(peer.name, [what]):
                continue
            try:
                work(peer)
            except (PeerFailed, OSError) as e:
                self.given_up.add((peer.name, what))
                self.failures[peer.name].append(f"{what}: {e}")
                say(f"  {peer.name} FAILED, {what}: {e}\n{peer.log_tail()}".rstrip())
                if must_live and not peer.lives():
                    self.dropped.add(peer.name)
                    peer.stop()

    def add(self, peer: Peer, measure: str, value: float) -> None:
        self.samples[peer.name].setdefault(measure, []).append(value)

    def medians(self) -> dict[str, dict[str, float]]:
        return {name: {measure: statistics.median(values) for measure, values in of.items()}
                for name, of in self.samples.items()}

    def announce(self, peer: Peer) -> None:
        peer.command(with_port=False)
        print(f"  {peer.name}: {peer.version()}", flush=True)

    # --- the measurements ----------------------------------------------------------------------

    def run(self) -> None:
        rounds = self.args.rounds
        say("time to the first _ping")
        self.each("first start", lambda p: self.first_ping(p, keep=False),  # makes its directories
                  must_live=False)
        for turn in range(rounds):
            self.each("first _ping", lambda p: self.first_ping(p, keep=True), turn, must_live=False)

        say("idle: memory, processor time, connections")
        self.each("start", Peer.start)
        time.sleep(self.args.settle)
        self.each("idle PSS",
                  lambda p: self.add(p, IDLE_PSS, processes.pss_kib(p.pids()) / 1024))
        self.idle_cpu()
        self.each("idle connections", self.idle_connections)

        for turn in range(rounds):
            say(f"load: round {turn + 1} of {rounds}")
            self.each("_ping", self.ping, turn)
            self.each("_ping, 1 connection", self.latency, turn)
            self.each("/version", self.version, turn)
        say("with inspection, and without")
        for turn in range(PAIRS_PER_ROUND * rounds):
            pair: dict[str, float] = {}
            self.each("inspection", lambda p, cost=pair: self.cost(p, cost), turn)
            if "gantryd" in pair and BLIND in pair:
                self.samples["gantryd"].setdefault(INSPECTED, []).append(
                    pair["gantryd"] / pair[BLIND])
        for turn in range(min(rounds, 3)):
            say(f"load beside {HELD} idle connections: round {turn + 1} of {min(rounds, 3)}")
            self.each("idle connections held", self.held, turn)

    def first_ping(self, peer: Peer, keep: bool) -> None:
        took = measures.first_ping_ms(peer, self.binaries / "first_ping")
        if keep:
            self.add(peer, FIRST_PING, took)

    def idle_cpu(self) -> None:
        """All peers at the same time: they do not disturb each other by doing nothing."""
        seconds = self.args.idle_seconds
        before: dict[str, dict[int, float]] = {}

        def begin(peer: Peer) -> None:
            before[peer.name] = processes.run_time_us(peer.pids())

        def end(peer: Peer) -> None:
            used = processes.growth(before[peer.name], processes.run_time_us(peer.pids()))
            self.add(peer, IDLE_CPU, used / seconds)

        self.each("idle CPU", begin)
        time.sleep(seconds)
        self.each("idle CPU", end)

    def idle_connections(self, peer: Peer) -> None:
        added = measures.kib_per_connection(peer, IDLE_STEPS, settle=1)
        for count, kib in zip(IDLE_STEPS, added):
            self.add(peer, CONNECTION_PSS[count], kib)

    def ping(self, peer: Peer) -> None:
        seen = measures.load(peer, "/_ping", MANY, self.args.seconds)
        self.add(peer, PING_RATE, seen.requests_per_second)
        self.add(peer, PING_CPU, seen.cpu_us_per_request)
        self.others.append(seen.others_share)

    def latency(self, peer: Peer) -> None:
        seconds = self.args.seconds
        self.add(peer, LATENCY_ANYWHERE, measures.load(peer, "/_ping", 1, seconds).median_us)
        with measures.apart(peer) as processors:
            seen = measures.load(peer, "/_ping", 1, seconds, processors)
        self.add(peer, LATENCY, seen.median_us)

    def version(self, peer: Peer) -> None:
        if peer.kind.has_version_page:
            seen = measures.load(peer, "/version", MANY, self.args.seconds)
            self.add(peer, VERSION_RATE, seen.requests_per_second)

    def cost(self, peer: Peer, into: dict[str, float]) -> None:
        if peer.name in ("gantryd", BLIND):
            into[peer.name] = measures.load(peer, "/_ping", MANY, 1).cpu_us_per_request

    def held(self, peer: Peer) -> None:
        def speed() -> float:
            seen = measures.load(peer, "/_ping", MANY, self.args.seconds)
            return seen.requests_per_second

        before = speed()
        with measures.IdleConnections(peer) as idle:
            idle.grow_to(HELD)
            beside = speed()
            idle.check()
        measures.wait_until_calm(peer)
        self.add(peer, HELD_RATIO, beside / statistics.mean([before, speed()]))

    # --- the results ---------------------------------------------------------------------------

    def print_results(self) -> None:
        medians = self.medians()
        heads = "".join(f"{'/' + base.removeprefix('bare_'):>9}" for base in self.bases)
        print(f"\n{'':38}{'median':>10}  {'lowest .. highest':<24}{heads}")
        for measure in self.measures:
            print(measure)
            for name, of in self.samples.items():
                values = of.get(measure)
                if not values:
                    continue
                ratios = "".join(f"{ratio(medians, name, base, measure):>9}" for base in self.bases)
                spread = ""
                if len(values) > 1:
                    spread = f"{number(min(values))} .. {number(max(values))}"
                median = number(medians[name][measure])
                print(f"    {name:<34}{median:>10}  {spread:<24}{ratios}")
        print("\ntargets")
        for target in self.targets:
            met, value = target.judge(medians)
            mark = {True: "pass", False: "FAIL", None: "n/a "}[met]
            print(f"  {mark}  {target.text()}{'' if value is None else f': {value:.4g}'}")
        if any(self.failures.values()):
            print("\nnot (wholly) measured")
            for name, reasons in self.failures.items():
                for reason in dict.fromkeys(reasons):
                    print(f"  {name}: {reason}")
        others = ""
        if self.others:
            others = (f"other work took {statistics.median(self.others):.2f} of {os.cpu_count()} "
                      f"processors during loads by wrk, at most {max(self.others):.2f}; ")
        print(f"\n{others}load average {os.getloadavg()[0]:.2f}")

    def document(self) -> dict:
        """All that was measured, for --json."""
        medians = self.medians()
        return {
            "machine": machine(), "rounds": self.args.rounds, "seconds": self.args.seconds,
            "versions": {p.name: p.version() for p in self.peers if p.name not in self.dropped},
            "samples": self.samples, "medians": medians, "failures": self.failures,
            "others_share": self.others,
            "targets": [{"text": t.text(), "met": t.judge(medians)[0], "value": t.judge(medians)[1]}
                        for t in self.targets],
        }

    def all_met(self) -> bool:
        medians = self.medians()
        return all(target.judge(medians)[0] for target in self.targets)


def ratio(medians: dict[str, dict[str, float]], name: str, base: str, measure: str) -> str:
    """A peer's median over another one's, as text; empty when there is no other one."""
    divisor = medians.get(base, {}).get(measure)
    return f"{medians[name][measure] / divisor:.3g}x" if divisor and name != base else ""


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def machine() -> dict:
    about = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in about if line.startswith("model name")),
                 platform.machine())
    return {"cpu": model, "processors": os.cpu_count(), "kernel": platform.release(),
            "load_average": os.getloadavg()}


def parse_args(subject: str, peers: list[str]) -> argparse.Namespace:
    """The command line that all subjects share; `peers` are those that take part in this one."""
    parser = argparse.ArgumentParser(prog="bench.sh", add_help=False,
                                     usage=f"scripts/bench.sh {subject} [options]; see --help")
    parser.add_argument("--work-dir", type=Path, required=True)
    parser.add_argument("--build-dir", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--peers", default=",".join(peers))
    args = parser.parse_args()
    args.settle, args.idle_seconds = 3, 5
    if args.quick:
        args.rounds, args.seconds, args.settle, args.idle_seconds = 2, 1, 1, 2
    args.peers = args.peers.split(",")
    unknown = [name for name in args.peers if name not in peers]
    if unknown:
        parser.error(f"unknown peers {', '.join(unknown)}; there are {', '.join(peers)}")
    if not 1 <= args.rounds <= 100 or not 1 <= args.seconds <= 60:
        parser.error("rounds are 1 to 100, seconds 1 to 60")
    return args


def raise_descriptor_limit() -> None:
    """For us and, by inheritance, for every peer."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < HELD + 500:
        sys.exit(f"bench.sh: the hard limit of open files is {hard}, {HELD + 500} are needed")


def run(subject: str, kind: type[Bench], peers: list[str]) -> int:
    """The whole of a run; the exit status."""
    args = parse_args(subject, peers)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tie_to_parent()
    raise_descriptor_limit()
    bench = kind(args)
    facts = machine()
    print(f"{facts['cpu']}, {facts['processors']} processors, Linux {facts['kernel']}, "
          f"load average {facts['load_average'][0]:.2f}; {args.rounds} rounds of {args.seconds} s")
    try:
        bench.each("installation", bench.announce)
        bench.run()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for peer in bench.peers:
            peer.stop()
    bench.print_results()
    if args.json:
        args.json.write_text(json.dumps(bench.document(), indent=2) + "\n")
    return 1 if args.check and not bench.all_met() else 0


if __name__ == "__main__":
    sys.exit(run("server", Bench, ["gantryd", BLIND, "dockerd", "podman", "nginx", "bare_beast"]))
