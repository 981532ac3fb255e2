"""What becomes of containers when the daemon ends, as it should or not."""

import os
import signal
import time
from pathlib import Path

import docker as docker_py
import pytest

from daemon import wait_until

WAITS = "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"


def start(d, name, *flags, script=WAITS):
    d("run", "-d", "--name", name, "--network", "none", *flags, "bb:1", "sh", "-c", script)
    wait_until(lambda: d("logs", name).endswith("up\n"), "the first line")
    return int(d("inspect", "-f", "{{.State.Pid}}", name))


def runs(pid):
    return Path(f"/proc/{pid}").exists()


def state(d, name):
    return d("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name).strip()


def test_they_are_stopped_and_those_that_are_to_run_run_again(d, daemon):
    once = start(d, "once")
    always = start(d, "always", "--restart", "always")
    unless = start(d, "unless", "--restart", "unless-stopped")
    start(d, "by-hand", "--restart", "unless-stopped")
    d("stop", "by-hand")
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < 8
    assert not any(runs(pid) for pid in (once, always, unless))
    mounted = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert str(daemon.directory) not in mounted
    daemon.start()
    assert state(d, "once") == "exited 7"
    assert state(d, "by-hand") == "exited 7"
    for name in ("always", "unless"):
        wait_until(lambda name=name: state(d, name) == "running 0", f"{name} runs again")


def test_one_that_does_not_listen_is_killed(d, daemon):
    deaf = start(d, "deaf", "--stop-timeout", "1", script="trap '' TERM; echo up; while :; do sleep 0.05; done")
    assert daemon.stop() == 0
    assert not runs(deaf)
    daemon.start()
    assert state(d, "deaf") == "exited 137"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_with_live_restore_they_go_on(make_daemon, docker, busybox_archive, how):
    daemon = make_daemon("--live-restore").start()

    def d(*words):
        done = docker(daemon.unix(), *words)
        assert done.returncode == 0, done.stderr
        return done.stdout
    d("load", "-q", "-i", busybox_archive)
    pid = start(d, "web")
    daemon.send(how)
    daemon.wait()
    assert runs(pid)
    daemon.start()
    assert state(d, "web") == "running 0"
    d("rm", "-f", "web")
    assert not runs(pid)


def test_a_client_that_reads_nothing_holds_up_nothing(d, daemon):
    d("run", "-d", "--name", "much", "--network", "none", "--stop-timeout", "0", "bb:1", "yes")
    client = docker_py.DockerClient(base_url=daemon.unix())
    held = client.containers.get("much").attach_socket(params={"stdout": 1, "stream": 1})
    wait_until(lambda: "attach-session" in daemon.actors(), "the session")
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < 15
    held.close()
    client.close()


def test_commands_right_after_the_start(d, daemon):
    """What has to be known of the machine for them is still being found out then."""
    pid = start(d, "web")
    daemon.kill()
    daemon.start()
    assert d("exec", "web", "echo", "hello") == "hello\n"
    d("update", "--pids-limit", "50", "web")
    assert d("inspect", "-f", "{{.HostConfig.PidsLimit}}", "web").strip() == "50"
    assert runs(pid)
    os.kill(pid, signal.SIGTERM)
    assert d("wait", "web").strip() == "7"


def test_files_of_a_container_that_nobody_knows_go_at_the_next_start(d, daemon):
    kept = d("create", "--name", "kept", "--network", "none", "bb:1", "true").strip()
    daemon.kill()
    place = daemon.directory / "data" / "containers"
    stray = place / ("a" * 64)
    (stray / "diff").mkdir(parents=True)
    (stray / "diff" / "file").write_text("left by a daemon that was killed\n")
    daemon.start()
    assert os.listdir(place) == [kept]
    assert d("start", "-a", "kept") == ""
