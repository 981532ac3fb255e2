"""Containers, runtimes and moments that mean harm: the right error, nobody else hurt, nothing left."""

import concurrent.futures
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from daemon import clean_environment, wait_until
from remains import descriptors, monitors_of, remains, threads, wait_for_nothing_left
from wire import ask

BODY = {"Image": "bb:1", "Cmd": ["sleep", "1000"], "HostConfig": {"NetworkMode": "none"}}


def post(daemon, target, body=None):
    data = json.dumps(body).encode() if body is not None else b""
    headers = ["Content-Type: application/json"] if data else []
    answer = ask(daemon.unix(), target, "POST", headers, data)
    return answer.status, json.loads(answer.body) if answer.body.strip() else None


def all_ids(daemon):
    return [c["Id"] for c in json.loads(ask(daemon.unix(), "/containers/json?all=1").body)]


def runtime_that(directory, name, script):
    """The flag for a runtime of that name: runc, after what `script` does with its arguments."""
    path = directory / name
    path.write_text(f"#!/bin/bash\n{script}\nexec runc \"$@\"\n")
    path.chmod(0o755)
    return f"--add-runtime={name}={path}"


@pytest.fixture
def with_runtimes(make_daemon, docker, busybox_archive, tmp_path):
    """A daemon with runtimes of its own and the image: with_runtimes(NAME=SCRIPT...)."""
    def make(**scripts):
        flags = [runtime_that(tmp_path, name, script) for name, script in scripts.items()]
        daemon = make_daemon(*flags).start()
        assert docker(daemon.unix(), "load", "-q", "-i", busybox_archive).returncode == 0
        return daemon
    return make


# -- what the daemon has is not the container's ---------------------------------------------------

def test_no_descriptor_of_the_daemon_reaches_a_container(d):
    # The fourth is the directory that ls reads.
    listed = "ls /proc/self/fd | xargs"
    assert d("run", "--rm", "--network", "none", "bb:1", "sh", "-c", listed) == "0 1 2 3\n"
    d("run", "-d", "--name", "web", "--network", "none", "-v", "some:/v", "bb:1", "sleep", "1000")
    assert d("exec", "web", "sh", "-c", listed) == "0 1 2 3\n"
    pid = d("inspect", "-f", "{{.State.Pid}}", "web").strip()
    assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"]


# -- runtimes -------------------------------------------------------------------------------------

def test_a_frozen_runtime_holds_up_nobody_else(with_runtimes, docker):
    daemon = with_runtimes(frozen='[[ " $* " == *" kill "* || " $* " == *" pause "* ]] && kill -STOP $$')

    def d(*words):
        return docker(daemon.unix(), *words)
    assert d("run", "-d", "--name", "stuck", "--network", "none", "--runtime", "frozen", "bb:1", "sleep",
             "1000").returncode == 0
    paused = subprocess.Popen(["docker", "-H", daemon.unix(), "pause", "stuck"], stderr=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, env=clean_environment(), text=True)
    wait_until(lambda: "command" in daemon.actors(), "the runtime")
    assert json.loads(d("inspect", "stuck").stdout)[0]["State"]["Status"] == "running"
    assert "stuck" in d("ps").stdout
    assert d("run", "--rm", "--network", "none", "bb:1", "echo", "fine").stdout == "fine\n"
    assert d("logs", "stuck").returncode == 0
    # At its deadline it ends with what it waited for.
    _, error = paused.communicate(timeout=60)
    assert paused.returncode == 1
    assert "did not end within" in error or "was not done within" in error, error
    assert d("rm", "-f", "stuck").returncode == 0, daemon.last_words()
    wait_for_nothing_left(daemon)


@pytest.mark.parametrize("script,text", [
    ('[[ " $* " == *" create "* ]] && exit 3', "exit code 3"),
    ('[[ " $* " == *" create "* ]] && kill -SEGV $$', "signal"),
    ('[[ " $* " == *" create "* ]] && { runc "$@"; exit 1; }', ""),
])
def test_a_runtime_that_fails_is_told_and_leaves_nothing(with_runtimes, docker, script, text):
    daemon = with_runtimes(bad=script)
    done = docker(daemon.unix(), "run", "--rm", "--network", "none", "--runtime", "bad", "bb:1", "true")
    assert done.returncode in (125, 126, 127), done
    assert text in done.stderr
    assert all_ids(daemon) == []
    wait_for_nothing_left(daemon)
    assert docker(daemon.unix(), "run", "--rm", "--network", "none", "bb:1", "true").returncode == 0


def test_a_runtime_that_has_gone_is_told(with_runtimes, docker, tmp_path):
    daemon = with_runtimes(gone="")
    (tmp_path / "gone").unlink()
    done = docker(daemon.unix(), "run", "--rm", "--network", "none", "--runtime", "gone", "bb:1", "true")
    assert done.returncode in (125, 127) and "gone" in done.stderr and "no such file" in done.stderr.lower()
    assert all_ids(daemon) == []
    wait_for_nothing_left(daemon)


# -- many at once ---------------------------------------------------------------------------------

def test_one_name_for_a_hundred_clients(d, daemon):
    with concurrent.futures.ThreadPoolExecutor(100) as clients:
        answers = list(clients.map(lambda _: post(daemon, "/containers/create?name=one", BODY), range(100)))
    assert Counter(status for status, _ in answers) == {201: 1, 409: 99}
    [made] = [answer["Id"] for status, answer in answers if status == 201]
    for status, answer in answers:
        if status == 409:
            assert f'The container name "/one" is already in use by container "{made}"' in answer["message"]
    assert all_ids(daemon) == [made]
    assert remains(daemon)["directories"] == [made] and remains(daemon)["half made"] == []


def test_an_image_that_goes_while_containers_are_made_of_it(d, daemon, docker, busybox_archive):
    for _ in range(5):
        with concurrent.futures.ThreadPoolExecutor(8) as clients:
            made = [clients.submit(post, daemon, "/containers/create", BODY) for _ in range(7)]
            gone = clients.submit(docker, daemon.unix(), "rmi", "-f", "bb:1")
            answers = [m.result() for m in made]
            removed = gone.result()
        for status, answer in answers:
            assert status in (201, 404, 409), answer
        assert removed.returncode == 0 or "is using its referenced image" in removed.stderr, removed.stderr
        for status, answer in answers:
            if status == 201:
                assert d("start", answer["Id"]), "what was made can be started"
        if ids := all_ids(daemon):
            d("rm", "-f", *ids)
        d("load", "-q", "-i", busybox_archive)
    wait_for_nothing_left(daemon)


# -- the daemon dies ------------------------------------------------------------------------------

def words_of_a_life(chance):
    name = f"c{chance.randrange(1 << 30)}"
    return [["create", "--name", name, "--network", "none", "-v", "/data", "bb:1", "sh", "-c",
             "trap 'exit 0' TERM; while :; do sleep 0.05; done"],
            ["start", name], ["exec", name, "true"], ["stop", name], ["rm", "-v", name]]


def test_killed_at_any_moment_of_a_life(d, daemon, docker):
    """GANTRY_KILLS: how often (200 for a thorough run)."""
    chance = random.Random(5)
    begun = time.monotonic()
    for words in words_of_a_life(chance):
        d(*words)
    length = time.monotonic() - begun
    seen = set()
    for _ in range(int(os.environ.get("GANTRY_KILLS", "12"))):
        deadline = time.monotonic() + chance.uniform(0, length)
        for words in words_of_a_life(chance):
            step = subprocess.Popen(["docker", "-H", daemon.unix(), *words], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, env=clean_environment())
            try:  # the moment is what is under test
                step.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                break
        daemon.kill()
        step.wait()
        daemon.start()
        ids = all_ids(daemon)
        seen.update(ids)
        for known in ids:
            asked = docker(daemon.unix(), "inspect", known)
            if "No such object" in asked.stderr:
                continue  # its removal had begun, and goes on
            shown = json.loads(asked.stdout)[0]["State"]
            if shown["Status"] == "removing":
                continue
            assert shown["Status"] in ("created", "running", "exited"), shown
            assert (shown["Status"] == "running") == (shown["Pid"] > 0), shown
        docker(daemon.unix(), "rm", "-f", "-v", *ids)
        wait_for_nothing_left(daemon, seen)
        assert docker(daemon.unix(), "volume", "ls", "-q").stdout == ""


def test_killed_with_many_that_run(d, daemon, docker):
    """GANTRY_CONTAINERS: how many (50 for a thorough run)."""
    count = int(os.environ.get("GANTRY_CONTAINERS", "8"))
    for i in range(count):
        flags = ["--restart", "always"] if i % 4 == 1 else []
        d("run", "-d", "--name", f"c{i}", "--network", "none", *flags, "bb:1", "sh", "-c",
          "i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done")
    pids = {f"c{i}": int(d("inspect", "-f", "{{.State.Pid}}", f"c{i}")) for i in range(count)}
    execs = subprocess.Popen(["docker", "-H", daemon.unix(), "exec", "c0", "sleep", "1000"],
                             stderr=subprocess.DEVNULL, env=clean_environment())
    follower = subprocess.Popen(["docker", "-H", daemon.unix(), "logs", "-f", "c2"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
    wait_until(lambda: len(monitors_of(daemon)) == count + 1, lambda: monitors_of(daemon))
    daemon.kill()
    execs.wait()
    follower.wait()
    for name in ("c1", "c3"):
        os.kill(pids[name], signal.SIGKILL)
    wait_until(lambda: not any(Path(f"/proc/{pids[n]}").exists() for n in ("c1", "c3")), "they end")
    daemon.start()
    [ended] = json.loads(d("inspect", "c3"))
    assert (ended["State"]["Status"], ended["State"]["ExitCode"]) == ("exited", 137)
    wait_until(lambda: json.loads(d("inspect", "c1"))[0]["State"]["Status"] == "running", "it runs again")
    for i in range(count):
        if i in (1, 3):
            continue
        [shown] = json.loads(d("inspect", f"c{i}"))
        assert (shown["State"]["Status"], shown["State"]["Pid"]) == ("running", pids[f"c{i}"])
        said = d("logs", f"c{i}").split()
        assert said == [str(n) for n in range(len(said))], "a line is missing"
    d("rm", "-f", *[f"c{i}" for i in range(count)])
    wait_for_nothing_left(daemon)


# -- a full disk ----------------------------------------------------------------------------------

def test_a_full_disk_does_not_keep_containers(on_small_disk, docker, busybox_archive):
    daemon = on_small_disk("24m")
    data = daemon.directory / "data"
    daemon.start()

    def d(*words):
        done = docker(daemon.unix(), *words)
        assert done.returncode == 0, f"{words}: {done.stderr}{daemon.last_words()}"
        return done.stdout
    d("load", "-q", "-i", busybox_archive)
    for name in ("one", "two"):
        d("run", "-d", "--name", name, "--network", "none", "--stop-timeout", "0", "bb:1", "sleep", "1000")
    d("create", "--name", "three", "--network", "none", "bb:1", "true")
    with open(data / "filler", "wb") as filler:
        try:
            while True:
                filler.write(b"x" * 65536)
                filler.flush()
        except OSError:
            pass
    assert os.statvfs(data).f_bavail == 0
    assert len(d("ps", "-aq").split()) == 3
    d("stop", "one")
    d("rm", "one")
    d("rm", "-f", "two")
    refused = docker(daemon.unix(), "run", "--rm", "--network", "none", "bb:1", "true")
    assert refused.returncode == 125 and "no space left on device" in refused.stderr.lower()
    d("container", "prune", "-f")
    assert d("ps", "-aq") == ""
    (data / "filler").unlink()
    assert d("run", "--rm", "--network", "none", "bb:1", "echo", "again") == "again\n"
    daemon.stop()


# -- no more processes ----------------------------------------------------------------------------

@pytest.fixture
def room_for_processes(d, daemon):
    """How many more processes and threads the daemon may have: room_for_processes(0). None: any."""
    base = Path("/sys/fs/cgroup/pids")
    group = (base if base.is_dir() else Path("/sys/fs/cgroup")) / f"gantry-test-{daemon.pid()}"
    group.mkdir()

    def room(count):
        most = "max" if count is None else str(int((group / "pids.current").read_text()) + count)
        (group / "pids.max").write_text(most)
    (group / "cgroup.procs").write_text(str(daemon.pid()))
    try:
        yield room
    finally:
        for pid in (group / "cgroup.procs").read_text().split():
            (group.parent / "cgroup.procs").write_text(pid)
        group.rmdir()


def test_without_another_process_it_says_so_and_goes_on(d, daemon, docker, room_for_processes):
    d("run", "-d", "--name", "web", "--network", "none", "bb:1", "sleep", "1000")
    d("create", "--name", "one", "--network", "none", "bb:1", "true")
    for count in range(16): # with a few the runtime begins, and fails somewhere
        room_for_processes(count)
        for words in (["start", "-a", "one"], ["exec", "web", "true"]):
            tried = docker(daemon.unix(), *words)
            said = tried.stdout + tried.stderr
            assert tried.returncode == 0 or said, f"{count}, {words}: {tried}"
            if count < 2:
                assert "resource temporarily unavailable" in said.lower(), f"{count}, {words}: {tried}"
        shown = json.loads(d("inspect", "web", "one"))
        assert [one["State"]["Status"] for one in shown][0] == "running"
        assert shown[1]["State"]["Status"] in ("created", "exited"), shown[1]["State"]
    room_for_processes(None)
    assert d("exec", "web", "echo", "fine") == "fine\n"
    d("start", "-a", "one")
    d("rm", "-f", "web", "one")
    wait_for_nothing_left(daemon)


# -- again and again ------------------------------------------------------------------------------

def test_cycles_leave_nothing_behind(d, daemon):
    """GANTRY_CYCLES: how many runs and execs (5,000 for a thorough run)."""
    d("run", "-d", "--name", "web", "--network", "none", "bb:1", "sleep", "100000")

    def cycles(count):
        for _ in range(count):
            status, made = post(daemon, "/containers/create", {**BODY, "Cmd": ["true"]})
            assert status == 201, made
            one = made["Id"]
            assert post(daemon, f"/containers/{one}/start")[0] == 204
            assert post(daemon, f"/containers/{one}/wait") == (200, {"StatusCode": 0})
            assert ask(daemon.unix(), f"/containers/{one}", "DELETE").status == 204
            status, made = post(daemon, "/containers/web/exec", {"Cmd": ["true"]})
            assert status == 201, made
            assert post(daemon, f"/exec/{made['Id']}/start", {"Detach": True})[0] == 200

    def at_rest():
        wait_until(lambda: len(monitors_of(daemon)) == 1, lambda: monitors_of(daemon))
        wait_until(lambda: Counter(daemon.actors())["exec"] == 0, daemon.actors)
        daemon.wait_for_no_connections()
        wait_until(lambda: not remains(daemon)["execs"], lambda: remains(daemon))
        left = remains(daemon)
        assert len(left["directories"]) == 1 and left["half made"] == []
        return Counter(daemon.actors()), descriptors(daemon), threads(daemon)
    cycles(10)
    actors, files, running = at_rest()
    cycles(int(os.environ.get("GANTRY_CYCLES", "30")))
    after, files_after, running_after = at_rest()
    assert after == actors
    assert files_after <= files + 2 and running_after <= running + 2 # threads of the pool come and go
