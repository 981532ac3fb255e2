"""From bind to the first answer: BufferRequests, READY=1, and what an init system sees."""

import os
import re
import socket

import pytest

from daemon import wait_until
from wire import Wire, ask

#: What the slow part of a start takes under `slow_start`.
DELAY_SECONDS = 4

#: strace holds back the first mkdir(2) of each thread: that of the data root, in a worker.
slow_start = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=mkdir,mkdirat",
              "-e", f"inject=mkdir,mkdirat:delay_enter={DELAY_SECONDS * 1000000}:when=1"]


class NotifySocket:
    """Where a daemon tells the init system about itself."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.received = []

    def read(self):
        while True:
            try:
                self.received.append(self.socket.recv(4096))
            except BlockingIOError:
                return self.received


@pytest.fixture
def notify(tmp_path):
    made = NotifySocket(tmp_path / "notify")
    yield made
    made.socket.close()


def test_clients_of_a_slow_start_are_all_served_in_order(make_daemon, notify):
    """Section 4: hundreds connect and send while the daemon initialises; none is refused."""
    # A runtime that is named is not tried: strace loses its way in the namespaces of the trial.
    daemon = make_daemon("--default-runtime", "runc",
                         hosts=("unix", "tcp://127.0.0.1:0"), prefix=slow_start,
                         env={"NOTIFY_SOCKET": notify.path,
                              "ASAN_OPTIONS": "detect_leaks=0:exitcode=99"}).spawn()
    wait_until(lambda: os.path.exists(daemon.socket) and "API listen on tcp" in daemon.log(),
               daemon.last_words)
    assert "completed initialization" not in daemon.log()
    tcp = daemon.bound()
    paths = ["/_ping", "/nosuch", "/v9.9/info", "/v1.20/_ping"]
    expected = [200, 404, 400, 400]
    wires = []
    for i in range(300):
        wire = Wire(tcp if i % 3 == 0 else daemon.unix())
        count = 1 + i % 7
        requests = [f"GET {paths[k % 4]} HTTP/1.1\r\nHost: d\r\n\r\n".encode()
                    for k in range(count)]
        wire.send(b"".join(requests))
        wires.append((wire, count))
    assert "completed initialization" not in daemon.log(), "the start was not slow enough"
    assert notify.read() == []
    for wire, count in wires:
        assert [wire.read_response().status for _ in range(count)] == [
            expected[k % 4] for k in range(count)]
        wire.socket.close()
    daemon.wait_for_log("completed initialization")
    wait_until(notify.read, "READY=1 is not sent")
    for _ in range(20):
        assert ask(daemon.unix()).body == b"OK"
    assert [m for m in notify.read() if b"READY=1" in m] == [b"READY=1"]


def test_ready_is_said_once_and_stopping_at_the_end(make_daemon, notify):
    daemon = make_daemon(env={"NOTIFY_SOCKET": notify.path}).start()
    wait_until(notify.read, "READY=1 is not sent")
    assert ask(daemon.unix()).body == b"OK"  # what READY=1 promises
    daemon.stop()
    said = notify.read()
    assert said[0] == b"READY=1"
    assert sum(b"READY=1" in m for m in said) == 1
    assert any(b"STOPPING=1" in m for m in said[1:])


def test_ready_goes_to_an_abstract_socket(make_daemon):
    name = f"gantry-test-{os.getpid()}"
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind("\0" + name)
    receiver.settimeout(30)
    make_daemon(env={"NOTIFY_SOCKET": "@" + name}).start()
    assert receiver.recv(100) == b"READY=1"
    receiver.close()


def test_a_notify_socket_that_is_not_there_is_only_logged(make_daemon, tmp_path):
    daemon = make_daemon(env={"NOTIFY_SOCKET": str(tmp_path / "none")}).start()
    assert ask(daemon.unix()).body == b"OK"
    daemon.wait_for_log("could not tell the init system")


def test_stopped_while_it_starts(make_daemon):
    """A client that waits is let go, and the socket and the pid file are removed."""
    daemon = make_daemon(prefix=slow_start, env={"ASAN_OPTIONS": "detect_leaks=0"}).spawn()
    wait_until(lambda: "API listen on unix" in daemon.log(), daemon.last_words)
    wire = Wire(daemon.unix())
    wire.send(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
    assert daemon.stop() == 0
    assert b"HTTP/1.1 5" in (answer := wire.read_to_end()) or answer == b"" \
        or answer.startswith(b"HTTP/1.1 200")
    assert not os.path.exists(daemon.socket)
    assert not daemon.pidfile.exists()


#: Starts what follows as an init system does, with the descriptors from `FIRST_FD` on as 3, 4, ...
FIRST_FD = 200


def as_init(names):
    moves = " ".join(f"{3 + i}<&{FIRST_FD + i}" for i in range(len(names)))
    return ["bash", "-c", f"exec {moves}; export LISTEN_PID=$$ LISTEN_FDS={len(names)} "
            f"LISTEN_FDNAMES={':'.join(names)}; exec \"$@\"", "bash"]


@pytest.fixture
def init_sockets(tmp_path):
    """Listening sockets `a` and `b` in tmp_path, at FIRST_FD and the next."""
    fds = []
    for i, name in enumerate("ab"):
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(tmp_path / name))
            s.listen()
            fds.append(os.dup2(s.fileno(), FIRST_FD + i))
    yield tuple(fds)
    for fd in fds:
        os.close(fd)


def test_sockets_by_number_and_by_name(make_daemon, tmp_path, init_sockets):
    daemon = make_daemon(hosts=["fd://3", "fd://second"], prefix=as_init(["first", "second"]),
                         pass_fds=init_sockets).start()
    assert ask(f"unix://{tmp_path / 'a'}").body == b"OK"
    assert ask(f"unix://{tmp_path / 'b'}").body == b"OK"
    assert daemon.stop() == 0
    assert (tmp_path / "a").is_socket() and (tmp_path / "b").is_socket()


def test_all_sockets(make_daemon, tmp_path, init_sockets):
    for host in ("fd://", "fd://*"):
        daemon = make_daemon(hosts=[host], prefix=as_init(["x", "x"]),
                             pass_fds=init_sockets).start()
        assert ask(f"unix://{tmp_path / 'a'}").body == b"OK"
        assert ask(f"unix://{tmp_path / 'b'}").body == b"OK"
        daemon.stop()


@pytest.mark.parametrize("host, words", [
    ("fd://9", "Too few socket activated files passed in"), ("fd://2", "fd://2|2"),
    ("fd://nosuch", "nosuch")])
def test_sockets_that_were_not_passed(make_daemon, init_sockets, host, words):
    daemon = make_daemon(hosts=[host], prefix=as_init(["first", "second"]),
                         pass_fds=init_sockets).spawn()
    assert daemon.wait() == 1
    assert re.search(f"level=fatal.*({words})", daemon.log()), daemon.log()
