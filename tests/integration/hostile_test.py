"""Clients that mean harm or are broken cost only themselves."""

import resource
import socket
import struct
import time

from daemon import wait_until
from wire import Wire, ask, connect

REQUEST = b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"


def reset(sock):
    """Closes with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def healthy(daemon):
    assert ask(daemon.unix()).body == b"OK"


def sockets_back_to(daemon, before):
    wait_until(lambda: daemon.sockets() <= before,
               lambda: f"{daemon.sockets()} sockets, were {before}")


def test_a_thousand_connections_without_a_byte(make_daemon):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    daemon = make_daemon(hosts=("unix", "tcp://127.0.0.1:0")).start()
    before = daemon.sockets()
    silent = [connect(daemon.bound() if i % 2 else daemon.unix()) for i in range(1000)]
    wait_until(lambda: daemon.sockets() >= before + 1000, "not all accepted")
    for _ in range(100):
        healthy(daemon)
    for each in silent:
        each.close()
    sockets_back_to(daemon, before)
    daemon.wait_for_no_connections()


def test_resets_at_every_point(make_daemon):
    daemon = make_daemon("--debug", hosts=("unix", "tcp://127.0.0.1:0")).start()
    before = daemon.sockets()
    stages = [b"", b"G", b"GET /_ping HTTP/1.1\r\n", REQUEST, REQUEST * 20,
              b"GET /events HTTP/1.1\r\nHost: d\r\n\r\n",
              b"GET /version HTTP/1.1\r\nHost: d\r\n\r\n" * 3,
              b"POST /debug/pprof/symbol HTTP/1.1\r\nHost: d\r\nContent-Length: 100\r\n\r\n0x1",
              b"POST /debug/pprof/symbol HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n5"]
    for bytes_sent in stages * 20:
        sock = connect(daemon.bound())
        sock.sendall(bytes_sent)
        reset(sock)
    healthy(daemon)
    sockets_back_to(daemon, before)
    daemon.wait_for_no_connections()


def test_a_client_that_reads_no_answers_is_not_read_on(daemon):
    before = daemon.sockets()
    with Wire(daemon.unix()) as wire:
        wire.socket.setblocking(False)
        sent = 0
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < 0.5:
            try:
                sent += wire.socket.send(REQUEST * 100)
                quiet_since = time.monotonic()
            except BlockingIOError:
                healthy(daemon)
        # Held back by the socket's buffers and not by the daemon's memory.
        assert sent < 16 << 20
        # It loses nothing: all that it sent in full is answered as soon as it reads.
        wire.socket.settimeout(30)
        for _ in range(1000):
            assert wire.read_response().body == b"OK"
    sockets_back_to(daemon, before)


def test_dripping_heads_do_not_delay_others(daemon):
    wires = [Wire(daemon.unix()) for _ in range(200)]
    head = b"GET /_ping HTTP/1.1\r\nHost: d\r\nX: " + b"y" * 40
    for byte in head:
        for wire in wires:
            wire.send(bytes([byte]))
    begin = time.monotonic()
    for _ in range(20):
        healthy(daemon)
    assert time.monotonic() - begin < 10
    for wire in wires:
        wire.send(b"\r\n\r\n")
    for wire in wires:
        assert wire.read_response().body == b"OK"
        wire.socket.close()


def test_a_tls_port_takes_anything(make_daemon, authority):
    daemon = make_daemon("--tls", f"--tlscert={authority.cert('server')}",
                         f"--tlskey={authority.key('server')}",
                         hosts=("unix", "tcp://127.0.0.1:0")).start()
    before = daemon.sockets()
    for data in (b"", b"\x16", b"\x16\x03\x01\xff\xff" + b"x" * 1000, b"\0" * 10000,
                 b"\x80\x2e\x01\x03\x01", b"SSH-2.0-x\r\n"):
        with Wire(daemon.bound()) as wire:
            wire.send(data)
            wire.half_close()
            assert b"HTTP/1.1 200" not in wire.read_to_end()
    with Wire(daemon.bound()) as wire:
        wire.send(REQUEST)
        answer = wire.read_to_end()
        assert answer == b"" or answer.startswith(b"HTTP/1.0 400 Bad Request\r\n")
    healthy(daemon)
    sockets_back_to(daemon, before)


def test_more_connections_than_allowed_wait(make_daemon):
    daemon = make_daemon("--max-connections=20").start()
    held = [Wire(daemon.unix()) for _ in range(20)]
    for wire in held:
        assert wire.ask().body == b"OK"
    late = Wire(daemon.unix())
    late.send(REQUEST)
    daemon.wait_for_log("takes no more clients until some leave")
    assert held[0].ask().body == b"OK"
    held.pop().socket.close()
    assert late.read_response().body == b"OK"
    for wire in (late, *held):
        wire.socket.close()


def test_a_flood_without_descriptors_left(make_daemon):
    daemon = make_daemon(prefix=["prlimit", "--nofile=64:64"]).start()
    flood = []
    for _ in range(200):
        sock = connect(daemon.unix())
        flood.append(sock)
    daemon.wait_for_log(r'level=(warning|error) msg="cannot accept .*Too many open files')
    # Those who were in time are served in the flood.
    flood[0].sendall(REQUEST)
    assert Wire(flood[0]).read_response().body == b"OK"
    # It does not fill the log either: one line per state, not one per try.
    time.sleep(1)
    assert daemon.log().count('msg="cannot accept ') <= 15
    for sock in flood:
        sock.close()
    healthy(daemon)
    for _ in range(50):
        healthy(daemon)
    assert daemon.stop() == 0


def test_idle_it_uses_no_cpu(make_daemon):
    daemon = make_daemon(hosts=("unix", "tcp://127.0.0.1:0")).start()
    idle = [connect(daemon.unix()) for _ in range(50)]
    healthy(daemon)

    def ticks():
        with open(f"/proc/{daemon.pid()}/stat") as f:
            fields = f.read().rpartition(") ")[2].split()
        return int(fields[11]) + int(fields[12])
    before = ticks()
    time.sleep(2)
    assert ticks() - before <= 4, "more than 2 % of a processor"
    for sock in idle:
        sock.close()
