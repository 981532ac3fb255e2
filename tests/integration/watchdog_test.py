"""What does not go on as it should is named within seconds, in the log, by the inspection, by
gantryctl, on its page, in the metrics, in dumps and as an event: an actor in its handler, a thread
outside of any, a worker that the kernel holds, a request that nobody answers, a client that does not
read."""

import contextlib
import json
import os
import re
import signal
import time

import pytest

from daemon import run, wait_until
from inspection import GANTRYCTL, get, inspected, looked_at
from metrics_test import scrape
from remains import monitors_of
from stopped_thread import StoppedThread
from wire import Wire, ask


def stall(daemon, what, over=False, actor=None):
    """The stall of that sort (and actor), once it is there."""
    found = []

    def look():
        found[:] = [s for s in get(daemon, "/v1/stalls")["stalls"]
                    if s["what"] == what and s["over"] == over and actor in (None, s["actor"])]
        return found
    wait_until(look, lambda: get(daemon, "/v1/stalls"))
    return found[-1]


def stalls_told(docker, daemon, what, actor=None):
    """The events about a stall of that sort (and actor), once it is over."""
    def told():
        return [e for e in stall_events(docker, daemon)
                if e["what"] == what and actor in (None, int(e.get("actor", 0)))]
    return wait_until(lambda: told() if len(told()) >= 2 else None, told)


def stall_events(docker, daemon):
    """The events about stalls until now."""
    done = docker(daemon.unix(), "events", "--since", "10m", "--until", "0s",
                  "--filter", "type=daemon", "--filter", "event=stall", "--format", "{{json .}}")
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["Actor"]["Attributes"] for line in done.stdout.splitlines()]


def ctl(daemon, *words):
    """What gantryctl prints."""
    done = run(GANTRYCTL, "-H", inspected(daemon), *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def dump(daemon):
    """What SIGUSR1 has it write, and SIGQUIT before it ends."""
    before = len(daemon.log())
    daemon.send(signal.SIGUSR1)
    wait_until(lambda: "\nengine\n" in daemon.log()[before:], daemon.last_words)
    return daemon.log()[before:]


def named_everywhere(daemon, site, seen, head, page, alarm):
    """Besides the API: in metrics, in the dump, by gantryctl and on the page, whose views have those
    texts and whose alarm begins with that one."""
    told = scrape(daemon)
    assert told.get("gantry_stalls", what=seen["what"]) == 1
    assert told.get("gantry_stalls_total", what=seen["what"]) >= 1
    entry = re.search(rf"^stall {seen['what']} \[[\d.]+m?s\]:\n(.*?)\n\n", dump(daemon), re.M | re.S)
    assert entry, daemon.last_words()
    for line in head:
        assert line in entry.group(1).splitlines(), entry.group(0)
    (line,) = [each for each in ctl(daemon, "stalls").splitlines() if re.search(rf"\b{seen['what']}\b.* hangs ", each)]
    assert " hangs " in line and seen["message"] in line
    assert re.search(r", [1-9]\d* stalls?$", ctl(daemon, "top", "-1").splitlines()[2])
    web = site("-H", inspected(daemon))
    wanted = {"": [alarm], "trouble": [seen["message"]], **page}
    assert looked_at("shown.js", web.address, json.dumps(wanted)) == ""


def over_everywhere(daemon, docker, seen):
    """After it, those who look see that it was, and the daemon's clients have been told of both."""
    past = stall(daemon, seen["what"], over=True, actor=seen["actor"])
    assert past["message"] == seen["message"]
    wait_until(lambda: scrape(daemon).get("gantry_stalls", what=seen["what"]) == 0, "none hangs")
    told = stalls_told(docker, daemon, seen["what"], seen["actor"])
    assert [t["over"] for t in told] == ["false", "true"]
    for event in told:
        assert event["message"] == seen["message"]
        assert event.get("actor", "0") == str(seen["actor"])
        assert event.get("request", "0") == str(seen["request"])
        assert event.get("where", "") == seen["where"]
    assert f"stall {seen['what']}" not in dump(daemon)
    shown = ctl(daemon, "stalls")
    assert not re.search(rf" {seen['what']} .* hangs ", shown), shown


@pytest.fixture
def freezable(make_daemon):
    """A daemon whose data root is a file system that can be frozen: (daemon, freeze, thaw)."""
    daemon = make_daemon("--metrics-addr", "127.0.0.1:0")
    image, disk = daemon.directory / "disk", daemon.directory / "data"
    disk.mkdir()
    with open(image, "wb") as file:
        file.truncate(64 * 1024 * 1024)
    assert run("mkfs.ext4", "-q", image).returncode == 0
    mounted = run("mount", "-o", "loop", image, disk)
    assert mounted.returncode == 0, mounted.stderr
    frozen = []

    def freeze():
        assert run("fsfreeze", "-f", disk).returncode == 0
        frozen.append(True)

    def thaw():
        if frozen:
            frozen.clear()
            assert run("fsfreeze", "-u", disk).returncode == 0
    try:
        yield daemon, freeze, thaw
    finally:
        thaw()
        daemon.dispose()
        run("umount", "-l", disk)


@contextlib.contextmanager
def stopped(daemon, name, stir, is_right):
    """Stops that I/O thread in a moment in which its row in /v1/threads is right; yields the row.
    `stir` is done before each try, and what it returns is closed after it."""
    def try_it(stack):
        row = thread(daemon, name)
        stack.enter_context(stir())
        stack.enter_context(StoppedThread(row["tid"]))
        with contextlib.suppress(TimeoutError):
            row = thread(daemon, name, patience=2)
            return row if is_right(row) else None
        return None

    until = time.monotonic() + 60
    while True:
        with contextlib.ExitStack() as stack:
            row = try_it(stack)
            if row:
                yield row
                return
        assert time.monotonic() < until, "the thread was never where it is wanted"


def thread(daemon, name, patience=30):
    (row,) = [t for t in get(daemon, "/v1/threads", patience)["threads"] if t["name"] == name]
    return row


def between_calls(daemon, tid):
    """Whether a stopped thread was about to come back from sending to a socket or receiving. There it
    holds no lock; elsewhere it could be the allocator's, without which nobody gets on."""
    with open(f"/proc/{daemon.pid()}/task/{tid}/syscall", encoding="ascii") as file:
        return file.read().split()[0] in ("44", "45", "46", "47")  # sendto to recvmsg of x86-64


def test_an_actor_in_its_handler(make_daemon, docker, site, browser):
    daemon = make_daemon("-D", "--metrics-addr", "127.0.0.1:0").start()

    @contextlib.contextmanager
    def busy():
        with Wire(daemon.unix()) as wire:
            wire.send(b"GET /version HTTP/1.1\r\nHost: d\r\n\r\n" * 100)
            yield

    def logged(actor):
        return re.search(rf"a handler is holding its thread.* actor={actor} kind=connection .*",
                         daemon.log())

    def is_right(row):
        if row["actor"] == 0 or row["kind"] != "connection" or not between_calls(daemon, row["tid"]):
            return False
        # Not on its way into or out of the handler.
        actor = get(daemon, f"/v1/actors/{row['actor']}", patience=2)["actor"]
        if (actor["state"], actor["message"]) != ("running", row["message"]):
            return False
        wait_until(lambda: logged(row["actor"]), daemon.last_words)
        return True

    with stopped(daemon, "io 0", busy, is_right) as row:
        seen = wait_until(lambda: next((s for s in get(daemon, "/v1/stalls")["stalls"]
                                        if not s["over"]), None), daemon.last_words)
        assert (seen["what"], seen["actor"], seen["kind"]) == ("handler", row["actor"], "connection")
        assert seen["message"] == row["message"]
        number = str(seen["actor"])
        line = logged(number).group(0)
        assert f'message={seen["message"]}' in line and "thread=gantry-io-0" in line
        # The actor itself, and the thread.
        actor = get(daemon, f"/v1/actors/{number}")
        assert actor["actor"]["state"] == "running" and actor["actor"]["message"] == seen["message"]
        assert actor["facts_missing"]
        running = get(daemon, "/v1/actors?state=running")["actors"]
        assert seen["actor"] in [a["id"] for a in running]
        assert get(daemon, "/v1/tree")
        for words in (("ps", "--state", "running"), ("show", number), ("threads",), ("tree",)):
            shown = ctl(daemon, *words)
            assert number in shown and (words == ("tree",) or seen["message"] in shown), shown
        wait_until(lambda: thread(daemon, "stand-in 0"), "somebody stands in")
        # While others are served, by the stand-in too.
        for _ in range(4):
            profile = ask(daemon.unix(), "/debug/pprof/goroutine?debug=2").text()
            assert re.search(rf"^actor {number} \[running, [\d.]+m?s\]:\nconnection\n\tmessage ", profile,
                             re.M)
            assert profile.startswith("stall handler [")
        named_everywhere(daemon, site, seen,
                         ["connection", f"\tmessage {seen['message']}", f"\tactor {number}"],
                         {"threads": ["io 0", seen["message"]], f"actors/{number}": [seen["message"]]},
                         f"handler of connection {number} for")
    over_everywhere(daemon, docker, seen)


def test_an_io_thread_outside_of_actors(make_daemon, docker, site, browser):
    daemon = make_daemon("--metrics-addr", "127.0.0.1:0").start()
    with stopped(daemon, "io 1", contextlib.nullcontext, lambda row: row["actor"] == 0):
        began = time.monotonic()
        seen = stall(daemon, "thread")
        assert time.monotonic() - began < 5
        assert (seen["kind"], seen["message"], seen["actor"]) == ("thread", "io 1", 0)
        line = daemon.wait_for_log(r".*a thread does not come to its sockets.*").group(0)
        assert 'message="io 1"' in line and "thread=gantry-io-1" in line
        wait_until(lambda: thread(daemon, "stand-in 1"), "somebody stands in")
        named_everywhere(daemon, site, seen, ["thread", "\tmessage io 1"], {"threads": ["io 1"]},
                         "thread for")
    over_everywhere(daemon, docker, seen)
    daemon.wait_for_log("a thread has not come to its sockets for too long")


def test_a_worker_that_the_kernel_holds(freezable, docker, background, site, browser):
    daemon, freeze, thaw = freezable
    daemon.start()
    freeze()
    creation = background("docker", "-H", daemon.unix(), "volume", "create", "stuck")
    seen = stall(daemon, "worker")
    assert seen["kind"] == "worker" and seen["message"], seen
    # Its kernel stack: it waits to write on what is frozen.
    assert re.search(r"\b(mnt_want_write|percpu_rwsem_wait|__sb_start_write)", seen["where"]), seen
    assert seen["request"] > 0
    line = daemon.wait_for_log(r".*a task of the worker pool does not move.*").group(0)
    assert seen["message"] in line and f'request={seen["request"]}' in line
    (task,) = [t for t in get(daemon, "/v1/pool")["pool"]["tasks"] if t["state"] == "running"]
    assert task["label"] == seen["message"] and task["wchan"]
    assert seen["message"] in ctl(daemon, "pool")
    named_everywhere(daemon, site, seen,
                     ["worker", f"\tmessage {seen['message']}", f"\tat {seen['where']}",
                      f"\trequest {seen['request']}"],
                     {"threads": [seen["message"]]}, "worker for")
    thaw()
    assert creation.wait(60) == 0, creation.stderr.read()
    over_everywhere(daemon, docker, seen)
    daemon.wait_for_log("a task of the worker pool has not moved for too long")


def test_a_request_that_nobody_answers(d, daemon, docker, background):
    d("run", "-d", "--network", "none", "--name", "held", "bb:1", "sleep", "1000")
    (monitor,) = monitors_of(daemon)
    os.kill(monitor, signal.SIGSTOP)
    try:
        kill = background("docker", "-H", daemon.unix(), "kill", "held")
        seen = stall(daemon, "request")
        # Nobody else waits for it.
        assert d("ps", "--format", "{{.Names}}") == "held\n"
        jobs = get(daemon, "/v1/jobs")["jobs"]
    finally:
        os.kill(monitor, signal.SIGCONT)
    assert kill.wait(60) == 0
    assert re.fullmatch(r"POST /v[\d.]+/containers/held/kill(\?.*)?", seen["message"])
    assert seen["kind"] == "connection"
    mine = [j for j in jobs if j["request"] == seen["request"]]
    assert len(mine) == 1
    assert seen["where"] == f'job {mine[0]["call"]} waits in actor {mine[0]["actor"]}'
    assert stall(daemon, "request", over=True)["request"] == seen["request"]
    line = daemon.wait_for_log(r".*a request is late.*").group(0)
    assert f'request={seen["request"]}' in line
    told = stalls_told(docker, daemon, "request")
    assert [t["over"] for t in told] == ["false", "true"]
    assert told[0]["request"] == str(seen["request"])
    assert told[0]["message"] == seen["message"]


def test_streams_show_which_client_does_not_read(d, daemon):
    def streams():
        return get(daemon, "/v1/streams")["streams"]
    d("run", "-d", "--network", "none", "--name", "loud", "bb:1", "sh", "-c",
      "while true; do echo 0123456789012345678901234567890123456789; done")
    with Wire(daemon.unix()) as wire:
        wire.send(b"GET /containers/loud/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: d\r\n\r\n")
        assert wire.read_head().status == 200
        wait_until(lambda: any(s["credit"] <= 0 and s["held_ns"] > 0 for s in streams()), streams)
        held, *others = [s for s in streams() if s["what"] == "job output"]
        assert all(s["held_ns"] == 0 for s in others)
        assert held["bytes"] > 100_000
        (job,) = [j for j in get(daemon, "/v1/jobs")["jobs"] if j["request"] == held["request"]]
        assert job["actor"] == held["actor"]
    wait_until(lambda: held["actor"] not in [s["actor"] for s in streams()], streams)
    assert d("rm", "-f", "loud")
