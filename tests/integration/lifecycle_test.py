"""Start, end, and what the next start finds: signals, pid file, sockets, exit statuses."""

import json
import os
import re
import signal
import time

import pytest

from daemon import run, wait_until
from wire import Wire, ask


def gone(daemon):
    return not os.path.exists(daemon.socket) and not daemon.pidfile.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_ends_it_well(make_daemon, number):
    daemon = make_daemon(hosts=("unix", "tcp://127.0.0.1:0")).start()
    assert daemon.pidfile.read_text().strip() == str(daemon.pid())
    assert oct(os.stat(daemon.socket).st_mode & 0o7777) == "0o660"
    with Wire(daemon.unix()) as idle:
        assert idle.ask().body == b"OK"
        assert daemon.stop(number) == 0
        assert idle.at_end()
    assert gone(daemon)
    name = signal.Signals(number).name[3:]
    assert f"Received signal '{name}', starting shutdown of gantry..." in daemon.log()
    assert "level=fatal" not in daemon.log() and "level=error" not in daemon.log()
    assert "= ERR" not in daemon.log()


def test_open_streams_do_not_hold_up_the_end(daemon):
    streams = [Wire(daemon.unix()) for _ in range(20)]
    for wire in streams:
        wire.send(b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
        assert wire.read_head().status == 200
    begin = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - begin < 5
    for wire in streams:
        # Each is ended in the way of a whole answer, perhaps after an event about the end.
        assert wire.read_to_end().endswith(b"0\r\n\r\n")
        wire.socket.close()


def test_two_and_three_signals_are_as_one(daemon):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        try:
            daemon.send(number)
        except ProcessLookupError:
            break  # it was quick
    assert daemon.wait() == 0
    assert gone(daemon)


def four_signals(daemon, number):
    for n in range(1, 5):
        daemon.send(number)
        if n < 4:
            # Signals of one kind that are pending are one: each has to be seen first.
            daemon.wait_for_count("starting shutdown of gantry", n)


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_fourth_signal_forces_the_end(make_daemon, number, status):
    """The shutdown waits for a job for some seconds: here for one that takes a profile."""
    daemon = make_daemon("--debug").start()
    with Wire(daemon.unix()) as wire:
        wire.send(b"GET /debug/pprof/profile?seconds=30 HTTP/1.1\r\nHost: d\r\n\r\n")
        daemon.wait_for_log(r"\+job debug_pprof")
        four_signals(daemon, number)
        assert daemon.wait() == status
    assert "Force shutdown of gantry, interrupting cleanup" in daemon.log()
    # What it left behind does not stop the next start.
    assert os.path.exists(daemon.socket) and daemon.pidfile.exists()
    daemon.start()
    assert daemon.stop() == 0


def test_the_fourth_signal_helps_when_the_disk_hangs(make_daemon):
    """Work that is stuck in the kernel holds up the shutdown: a mkdir(2), by strace."""
    daemon = make_daemon(prefix=[
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=mkdir,mkdirat",
        "-e", "inject=mkdir,mkdirat:delay_enter=15000000:when=1"],
        env={"ASAN_OPTIONS": "detect_leaks=0"}).spawn()
    wait_until(lambda: "API listen on unix" in daemon.log(), daemon.last_words)
    four_signals(daemon, signal.SIGTERM)
    assert daemon.wait() == 143  # strace ends as its child did


def test_quit_shows_the_actors_and_ends_at_once(daemon):
    with Wire(daemon.unix()) as wire:
        wire.send(b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n")
        wire.read_head()
        daemon.send(signal.SIGQUIT)
        assert daemon.wait() == 131
    for kind in ("engine", "serveapi", "listener", "router", "connection", "supervisor"):
        assert re.search(rf"^actor \d+ \[.*\]:\n{kind}\n", daemon.log(), re.M), kind
    daemon.start()
    assert ask(daemon.unix()).body == b"OK"


def test_usr1_shows_the_actors_and_goes_on(daemon):
    kinds = daemon.actors()
    assert "listener" in kinds
    assert ask(daemon.unix()).body == b"OK"


def test_killed_and_started_again(make_daemon):
    daemon = make_daemon(hosts=("unix", "tcp://127.0.0.1:0")).start()
    port = daemon.port()
    daemon.hosts[1] = f"tcp://127.0.0.1:{port}"
    for _ in range(3):
        held = Wire(daemon.bound())  # leaves the port in TIME_WAIT or worse
        assert held.ask().body == b"OK"
        daemon.kill()
        assert os.path.exists(daemon.socket) and daemon.pidfile.exists()
        daemon.start()
        assert ask(daemon.unix()).body == b"OK"
        assert ask(daemon.bound()).body == b"OK"
        held.socket.close()
    assert daemon.stop() == 0
    assert gone(daemon)


def test_a_pid_file_of_somebody_else(make_daemon):
    """Its number now belongs to a process that is no daemon of ours, or to nobody, or is none."""
    daemon = make_daemon()
    for content in ("999999999", "garbage", "", "-1", "0", "1 2"):
        daemon.pidfile.write_text(content)
        daemon.start()
        assert daemon.pidfile.read_text().strip() == str(daemon.pid())
        assert daemon.stop() == 0


def test_a_second_daemon_is_refused(make_daemon):
    first = make_daemon().start()
    second = make_daemon()
    # The same pid file.
    second.pidfile = first.pidfile
    assert second.spawn().wait() == 1
    assert f"pid file found, ensure docker is not running or delete {first.pidfile}" in second.log()
    assert first.pidfile.read_text().strip() == str(first.pid())
    # The same socket.
    second.pidfile = second.directory / "pid"
    second.socket = first.socket
    assert second.spawn().wait() == 1
    assert (f"failed to listen on unix://{first.socket}: another daemon is listening on it"
            in second.log())
    assert not second.pidfile.exists()
    # The first one has not noticed.
    assert ask(first.unix()).body == b"OK"
    assert first.stop() == 0
    assert gone(first)


def test_a_port_in_use(make_daemon):
    first = make_daemon(hosts=["tcp://127.0.0.1:0"]).start()
    second = make_daemon(hosts=("unix", f"tcp://127.0.0.1:{first.port()}")).spawn()
    assert second.wait() == 1
    assert re.search(rf"level=fatal.*failed to listen on tcp://127.0.0.1:{first.port()}: bind: "
                     "[Aa]ddress already in use", second.log()), second.log()
    assert "completed initialization" not in second.log()
    assert gone(second)
    assert ask(first.bound()).body == b"OK"


def test_what_stands_in_the_place_of_a_socket_stays(make_daemon):
    daemon = make_daemon()
    with open(daemon.socket, "w") as f:
        f.write("precious")
    assert daemon.spawn().wait() == 1
    assert "exists and is not a socket" in daemon.log()
    assert open(daemon.socket).read() == "precious"


def test_the_socket_of_a_successor_stays(make_daemon):
    daemon = make_daemon().start()
    os.unlink(daemon.socket)
    successor = make_daemon()
    successor.socket = daemon.socket
    successor.start()
    assert daemon.stop() == 0
    assert ask(successor.unix()).body == b"OK"


def test_a_pid_file_on_a_full_disk(make_daemon, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = run("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk)
    assert mounted.returncode == 0, mounted.stderr
    try:
        (disk / "filler").write_bytes(b"x" * 4096)
        daemon = make_daemon()
        daemon.pidfile = disk / "pid"
        assert daemon.spawn().wait() == 1
        assert re.search(rf"level=fatal.*cannot write pid file {disk}/pid: .*"
                         "[Nn]o space left on device", daemon.log()), daemon.log()
        assert os.listdir(disk) == ["filler"]
        assert not os.path.exists(daemon.socket)
        # With room again the same start works.
        (disk / "filler").unlink()
        daemon.start()
        assert daemon.stop() == 0
        assert os.listdir(disk) == []
    finally:
        run("umount", disk)


def test_no_pid_file_if_none_is_wanted(make_daemon):
    daemon = make_daemon("--pidfile", "").start()
    assert ask(daemon.unix()).body == b"OK"
    assert daemon.stop() == 0
    assert not daemon.pidfile.exists()


def test_a_data_root_that_cannot_be_made(make_daemon):
    daemon = make_daemon()
    (daemon.directory / "data").write_text("a file")
    assert daemon.spawn().wait() == 1
    assert re.search(rf"level=fatal.*{daemon.directory}/data", daemon.log()), daemon.log()
    assert gone(daemon)


def test_json_log(make_daemon):
    daemon = make_daemon("--log-format=json", "--log-level=debug").start()
    assert ask(daemon.unix(), "/x%22y%0A").status == 404
    assert daemon.stop() == 0
    lines = [json.loads(line) for line in daemon.log().splitlines()]
    assert lines and all({"time", "level", "msg"} <= set(line) for line in lines)
    assert any(line["msg"] == "Daemon has completed initialization" for line in lines)
