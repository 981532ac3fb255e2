"""Health checks of containers, as people and their programs see them."""

import calendar
import json
import os
import time

import docker as docker_py
import pytest

from archives import busybox_layer, busybox_tools, docker_archive, image_config
from daemon import wait_until
from wire import ask

MILLISECOND = 1_000_000


def seconds(text):
    """Since 1970, of a time of the API."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction or 0}")


class Box:
    """A daemon with `bb:1`; what is run in it has no network."""

    def __init__(self, d, daemon):
        self.d = d
        self.daemon = daemon

    def run(self, name, *flags, command=("sleep", "1000")):
        return self.d("run", "-d", "--name", name, "--network", "none", *flags, "bb:1",
                      *command).strip()

    def state(self, name):
        return json.loads(self.d("inspect", name))[0]["State"]

    def health(self, name):
        return self.state(name)["Health"]

    def status(self, name):
        return self.d("ps", "-a", "--filter", f"name=^{name}$", "--format", "{{.Status}}").strip()

    def becomes(self, name, status):
        return wait_until(lambda: (lambda h: h if h["Status"] == status else None)(
            self.health(name)), lambda: self.health(name))

    def has_probed(self, name, count):
        """Health when there are so many results."""
        return wait_until(lambda: (lambda h: h if len(h["Log"]) >= count else None)(
            self.health(name)), lambda: self.health(name))

    def events(self, since, name):
        """Actions of events, and their attributes."""
        lines = self.d("events", "--since", f"{since:.9f}", "--until", f"{time.time():.9f}",
                       "--filter", f"container={name}", "--format", "{{json .}}").splitlines()
        return [(e["Action"], e["Actor"]["Attributes"]) for e in map(json.loads, lines)]

    def exec_directories(self):
        place = self.daemon.directory / "x" / "execs"
        return os.listdir(place) if place.exists() else []

    def probes(self):
        """Processes `sleep 4321`, on which probes of these tests hang."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
                group = open(f"/proc/{pid}/cgroup").read()
            except OSError:
                continue
            if words[1:2] == [b"4321"] and any(x in group for x in self.ids()):
                found.append(int(pid))
        return found

    def ids(self):
        return os.listdir(self.daemon.directory / "data" / "containers")


@pytest.fixture
def box(d, daemon):
    made = Box(d, daemon)
    yield made
    if daemon.process.poll() is None:
        names = d("ps", "-aq").split()
        if names:
            d("rm", "-f", *names)
        wait_until(lambda: not made.exec_directories(), made.exec_directories)
        wait_until(lambda: not {"health-check", "health-probe", "exec"} & set(daemon.actors()),
                   daemon.actors)


def test_becomes_healthy_and_unhealthy(box):
    began = time.time()
    cid = box.run("web", "--health-cmd", "echo out; test -e /ok", "--health-interval", "300ms",
                  "--health-retries", "2")
    assert box.health("web") == {"Status": "starting", "FailingStreak": 0, "Log": []}
    assert box.status("web").endswith(" (health: starting)")
    health = box.becomes("web", "unhealthy")
    assert health["FailingStreak"] >= 2
    assert set(health["Log"][0]) == {"Start", "End", "ExitCode", "Output"}
    assert health["Log"][0]["ExitCode"] == 1 and health["Log"][0]["Output"] == "out\n"
    assert health["Log"][0]["Start"] < health["Log"][0]["End"]
    assert box.status("web").endswith(" (unhealthy)")
    assert box.d("ps", "-q", "--no-trunc", "--filter", "health=unhealthy").split() == [cid]
    assert box.d("ps", "-q", "--filter", "health=healthy") == ""
    box.d("exec", "web", "touch", "/ok")
    health = box.becomes("web", "healthy")
    assert health["FailingStreak"] == 0
    assert box.status("web").endswith(" (healthy)")
    assert box.d("ps", "-q", "--no-trunc", "--filter", "health=healthy").split() == [cid]
    wait_until(lambda: all(x["ExitCode"] == 0 for x in box.health("web")["Log"]), "old results")
    assert len(box.health("web")["Log"]) == 5
    events = box.events(began, "web")
    command = "/bin/sh -c echo out; test -e /ok"
    assert [x for x, _ in events if x.startswith("health_status")] == [
        "health_status: unhealthy", "health_status: healthy"]
    first = [(x, a) for x, a in events if x.startswith("exec")][:3]
    assert [x for x, _ in first] == [f"exec_create: {command}", f"exec_start: {command}",
                                     "exec_die"]
    assert len({a["execID"] for _, a in first}) == 1
    assert first[2][1]["exitCode"] == "1"
    filtered = box.d("events", "--since", f"{began:.9f}", "--until", f"{time.time():.9f}",
                     "--filter", "event=health_status", "--format", "{{.Action}} {{.Actor.ID}}")
    assert filtered.splitlines() == [f"health_status: unhealthy {cid}",
                                     f"health_status: healthy {cid}"]


def test_a_probe_is_an_exec_of_the_container(box):
    box.run("web", "--user", "bob", "-w", "/etc", "-e", "GIVEN=1", "--health-cmd",
            "id -u; pwd; echo $GIVEN; sleep 0.5", "--health-interval", "100ms")
    [exec_id] = wait_until(lambda: json.loads(box.d("inspect", "web"))[0]["ExecIDs"], "no exec")
    shown = json.loads(ask(box.daemon.unix(), f"/exec/{exec_id}/json").body)
    assert shown["ProcessConfig"]["entrypoint"] == "/bin/sh"
    assert shown["ProcessConfig"]["arguments"][0] == "-c"
    health = box.becomes("web", "healthy")
    assert health["Log"][0]["Output"] == "1000\n/etc\n1\n"


def test_a_probe_that_hangs_is_killed(box):
    box.run("web", "--health-cmd", "echo hi; exec sleep 4321", "--health-interval", "100ms",
            "--health-timeout", "1s", "--health-retries", "2")
    health = box.becomes("web", "unhealthy")
    for entry in health["Log"]:
        assert entry["ExitCode"] == -1
        assert entry["Output"] in ("Health check exceeded timeout (1s): hi\n",
                                   "Health check exceeded timeout (1s)")
    assert len(box.probes()) <= 1
    began = time.monotonic()
    box.d("stop", "-t", "0", "web")
    assert time.monotonic() - began < 5
    wait_until(lambda: not box.probes(), box.probes)
    assert box.health("web")["Status"] == "unhealthy"


def test_what_cannot_be_run(box, daemon):
    client = docker_py.DockerClient(base_url=daemon.unix())
    c = client.containers.run("bb:1", ["sleep", "1000"], detach=True, network_mode="none",
                              healthcheck={"test": ["CMD", "/nope"], "retries": 1,
                                           "interval": 100 * MILLISECOND})
    health = box.becomes(c.id, "unhealthy")
    assert health["Log"][0]["ExitCode"] == -1
    assert health["Log"][0]["Output"] == (
        "OCI runtime exec failed: exec failed: unable to start container process: "
        'exec: "/nope": stat /nope: no such file or directory: unknown')


def test_docker_py_sees_it_become_healthy(box, daemon):
    client = docker_py.DockerClient(base_url=daemon.unix())
    c = client.containers.run("bb:1", ["sleep", "1000"], detach=True, network_mode="none",
                              healthcheck={"test": "yes | head -c 5000",
                                           "interval": 100 * MILLISECOND})

    def is_healthy():
        c.reload()
        return c.attrs["State"]["Health"]["Status"] == "healthy"
    wait_until(is_healthy, lambda: c.attrs["State"])
    assert c.attrs["State"]["Health"]["Log"][0]["Output"] == "y\n" * 2048 + "..."
    assert [x.id for x in client.containers.list(filters={"health": "healthy"})] == [c.id]


def test_output_that_is_no_text(box):
    box.run("web", "--health-cmd", r"printf '\303a'", "--health-interval", "100ms")
    assert box.becomes("web", "healthy")["Log"][0]["Output"] == "\ufffda"


def test_start_period(box):
    box.run("web", "--health-cmd", "test -e /ok", "--health-interval", "1h", "--health-retries",
            "1", "--health-start-period", "1h", "--health-start-interval", "200ms")
    health = box.has_probed("web", 2)
    assert health["Status"] == "starting" and health["FailingStreak"] == 0
    box.d("exec", "web", "touch", "/ok")
    box.becomes("web", "healthy")
    box.run("late", "--health-cmd", "false", "--health-interval", "200ms", "--health-retries", "1",
            "--health-start-period", "2s", "--health-start-interval", "200ms")
    health = box.becomes("late", "unhealthy")
    counted = health["Log"][-health["FailingStreak"]:]
    began = seconds(box.state("late")["StartedAt"])
    assert [x for x in health["Log"] if seconds(x["Start"]) - began >= 2] == counted
    assert len(health["Log"]) > len(counted) or health["FailingStreak"] > 5


def test_paused(box):
    began = time.time()
    box.run("web", "--health-cmd", "true", "--health-interval", "200ms")
    box.becomes("web", "healthy")
    box.d("pause", "web")
    health = box.health("web")
    assert health["Status"] == "unhealthy" and health["FailingStreak"] == 0 # as dockerd's
    assert box.status("web").endswith(" (Paused)")
    box.run("other", "--health-cmd", "true", "--health-interval", "200ms")
    box.has_probed("other", 3)
    assert box.health("web") == health
    box.d("unpause", "web")
    box.becomes("web", "healthy")
    assert [x for x, _ in box.events(began, "web") if x.startswith("health")] == [
        "health_status: healthy"] * 2


def test_stop_start_and_restart(box):
    box.run("web", "--health-cmd", "true", "--health-interval", "200ms")
    log = box.becomes("web", "healthy")["Log"]
    box.d("kill", "web")
    health = box.health("web")
    assert health["Status"] == "unhealthy" and health["Log"][0] == log[0]
    assert box.status("web").startswith("Exited (137)")
    assert len(box.d("ps", "-aq", "--filter", "health=unhealthy").split()) == 1
    box.d("start", "web")
    box.becomes("web", "healthy")
    box.d("restart", "-t", "0", "web")
    assert box.health("web")["FailingStreak"] == 0
    box.becomes("web", "healthy")


def test_none(box):
    box.run("bare")
    assert "Health" not in box.state("bare")
    box.run("off", "--no-healthcheck")
    assert "Health" not in box.state("off")
    box.d("create", "--name", "new", "--health-cmd", "true", "bb:1")
    assert "Health" not in box.state("new")
    assert sorted(box.d("ps", "-a", "--filter", "health=none", "--format",
                        "{{.Names}}").split()) == ["bare", "new", "off"]


def test_of_the_image(box, tmp_path):
    layers = [busybox_layer(), busybox_tools()]
    config = image_config(layers, Cmd=["sleep", "1000"], Healthcheck={
        "Test": ["CMD", "test", "-e", "/bin/sh"], "Interval": 200 * MILLISECOND, "Retries": 7})
    archive = tmp_path / "checked.tar"
    archive.write_bytes(docker_archive([(config, layers, ["checked:1"])]))
    box.d("load", "-q", "-i", archive)
    box.d("run", "-d", "--name", "web", "--network", "none", "checked:1")
    assert box.becomes("web", "healthy")
    shown = json.loads(box.d("inspect", "web"))[0]["Config"]["Healthcheck"]
    assert shown["Retries"] == 7 and shown["Test"] == ["CMD", "test", "-e", "/bin/sh"]
    box.d("run", "-d", "--name", "own", "--network", "none", "--health-cmd", "exit 9", "checked:1")
    assert box.has_probed("own", 1)["Log"][0]["ExitCode"] == 9
    box.d("run", "-d", "--name", "off", "--network", "none", "--no-healthcheck", "checked:1")
    assert "Health" not in box.state("off")


def test_a_daemon_that_is_killed_and_comes_back(box, daemon):
    box.run("web", "--health-cmd", "[ ! -e /hang ] || exec sleep 4321", "--health-interval",
            "200ms")
    box.becomes("web", "healthy")
    box.d("exec", "web", "touch", "/hang")
    wait_until(box.probes, "no probe hangs")
    last = box.health("web")["Log"][-1]["Start"]
    daemon.kill()
    merged = daemon.directory / "data" / "containers" / box.ids()[0] / "merged"
    (merged / "hang").unlink()
    assert len(box.probes()) == 1
    daemon.start().wait_for_log("runtime chosen")
    assert box.health("web")["Status"] == "healthy"
    wait_until(lambda: not box.probes(), box.probes)
    wait_until(lambda: box.health("web")["Log"][-1]["Start"] > last, lambda: box.health("web"))
    assert box.health("web")["Status"] == "healthy"
    began = time.monotonic()
    box.d("stop", "-t", "0", "web")
    assert time.monotonic() - began < 5


def test_many_probes_leave_nothing_behind(box, daemon):
    def rounds(count):
        """Descriptors of the daemon after so many probes, when nothing runs any more."""
        began = time.time()
        box.d("start", "web")
        wait_until(lambda: sum(x == "exec_die" for x, _ in box.events(began, "web")) >= count,
                   lambda: box.events(began, "web"))
        box.d("stop", "-t", "0", "web")
        wait_until(lambda: not box.exec_directories(), box.exec_directories)
        wait_until(lambda: not {"health-check", "health-probe", "exec", "command"} &
                   set(daemon.actors()), daemon.actors)
        return len(os.listdir(f"/proc/{daemon.pid()}/fd"))
    box.d("create", "--name", "web", "--network", "none", "--health-cmd", "true",
          "--health-interval", "1ms", "bb:1", "sleep", "1000")
    before = rounds(5)
    assert rounds(50) <= before + 2 # threads of the pool come and go
