"""What does not go on as it should is named within seconds, in the log, by the inspection, by
gantryctl and as an event: a worker that the kernel holds, a request that nobody answers, a client
that does not read."""

import json
import os
import re
import signal
from pathlib import Path

import pytest

from daemon import gantryd, run, wait_until
from remains import monitors_of
from wire import Wire

GANTRYCTL = os.environ.get("GANTRYCTL", str(Path(gantryd()).with_name("gantryctl")))


def socket_of(daemon):
    return str(daemon.directory / "x" / "inspect.sock")


def get(daemon, page):
    with Wire(f"unix://{socket_of(daemon)}") as wire:
        return json.loads(wire.ask(page).body)


def stall(daemon, what, over=False):
    """The stall of that sort, once it is there."""
    found = []

    def look():
        found[:] = [s for s in get(daemon, "/v1/stalls")["stalls"]
                    if s["what"] == what and s["over"] == over]
        return found
    wait_until(look, lambda: get(daemon, "/v1/stalls"))
    return found[-1]


def stalls_told(docker, daemon, what):
    """The events about a stall of that sort, once it is over."""
    def told():
        return [e for e in stall_events(docker, daemon) if e["what"] == what]
    return wait_until(lambda: told() if len(told()) >= 2 else None, told)


def stall_events(docker, daemon):
    """The events about stalls until now."""
    done = docker(daemon.unix(), "events", "--since", "10m", "--until", "0s",
                  "--filter", "type=daemon", "--filter", "event=stall", "--format", "{{json .}}")
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["Actor"]["Attributes"] for line in done.stdout.splitlines()]


@pytest.fixture
def freezable(make_daemon):
    """A daemon whose data root is a file system that can be frozen: (daemon, freeze, thaw)."""
    daemon = make_daemon()
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


def test_a_worker_that_the_kernel_holds(freezable, docker, background):
    daemon, freeze, thaw = freezable
    daemon.start()
    freeze()
    creation = background("docker", "-H", daemon.unix(), "volume", "create", "stuck")
    seen = stall(daemon, "worker")
    thaw()
    assert creation.wait(60) == 0, creation.stderr.read()
    assert seen["kind"] == "worker" and seen["message"], seen
    # Its kernel stack: it waits to write on what is frozen.
    assert re.search(r"\b(mnt_want_write|percpu_rwsem_wait|__sb_start_write)", seen["where"]), seen
    assert seen["request"] > 0
    assert stall(daemon, "worker", over=True)["request"] == seen["request"]
    # Everywhere the same.
    line = daemon.wait_for_log(r".*a task of the worker pool does not move.*").group(0)
    assert seen["message"] in line and f'request={seen["request"]}' in line
    daemon.wait_for_log("a task of the worker pool has not moved for too long")
    told = stalls_told(docker, daemon, "worker")
    assert [t["over"] for t in told] == ["false", "true"]
    assert told[0]["message"] == seen["message"]
    assert told[0]["where"] == seen["where"]
    shown = run(GANTRYCTL, "-H", f"unix://{socket_of(daemon)}", "stalls").stdout
    assert re.search(r"worker .* over .*" + re.escape(seen["message"]), shown), shown


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
