"""The corpus of broken requests, sent over real sockets: each gets exactly its answer."""

import re
import select
import socket
import time

import pytest

from corpus import read_corpus
from daemon import Daemon
from wire import Wire, ask

CORPUS = read_corpus()

#: Bodies are refused where one is read, which in the corpus is this route ...
READER_IN_CORPUS = b"POST /containers/create "
#: ... and in this daemon, which makes no containers yet, that one.
READER = b"POST /debug/pprof/symbol "

#: The most that it takes for a body; the corpus knows the format only.
BODY_LIMIT = 8 << 20


@pytest.fixture(scope="module")
def server():
    daemon = Daemon("--debug", hosts=("unix", "tcp://127.0.0.1:0")).start()
    yield daemon
    daemon.dispose()


def pick(result):
    return [pytest.param(e, id=e.name) for e in CORPUS if e.result == result]


def bytes_of(entry):
    return entry.send.replace(READER_IN_CORPUS, READER, 1) if entry.in_body else entry.send


def is_too_long(entry):
    length = re.search(rb"\r\nContent-Length: (\d+)\r\n", entry.send)
    return entry.in_body and length is not None and int(length[1]) > BODY_LIMIT


def send_whole(wire, data):
    try:
        wire.send(data)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server need not read what follows a mistake


def send_in_pieces(wire, data):
    size = max(1, len(data) // 300)
    try:
        for i in range(0, len(data), size):
            wire.send(data[i:i + size])
    except (BrokenPipeError, ConnectionResetError):
        pass


def without_date(answer):
    return re.sub(rb"\r\nDate: [^\r]*", b"", answer, count=1)


WAYS = [pytest.param("unix", send_whole, id="at once"),
        pytest.param("tcp", send_in_pieces, id="in pieces")]


def open_wire(server, proto):
    wire = Wire(server.unix() if proto == "unix" else server.bound())
    if proto == "tcp":
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return wire


def test_the_corpus_is_large_enough():
    assert sum(e.result == "refused" for e in CORPUS) >= 200
    assert len({e.name for e in CORPUS}) == len(CORPUS)
    assert all(e.answer for e in CORPUS if e.result == "refused")


@pytest.mark.parametrize("proto, send", WAYS)
@pytest.mark.parametrize("entry", pick("refused"))
def test_refused(server, entry, proto, send):
    with open_wire(server, proto) as wire:
        send(wire, bytes_of(entry))
        assert without_date(wire.read_to_end()) == entry.answer


@pytest.mark.parametrize("proto, send", WAYS)
@pytest.mark.parametrize("entry", pick("accepted"))
def test_accepted(server, entry, proto, send):
    with open_wire(server, proto) as wire:
        send(wire, entry.send)
        answer = wire.read_response(entry.send.lstrip().split(b" ", 1)[0].decode("latin-1"))
        # Whatever the route says, it is the route that says it and not the parser, whose answers
        # have no headers of the engine; only answers of the router itself lack them too.
        assert answer.header("Server") or answer.status in (100, 301, 404) \
            or entry.send.startswith(b"OPTIONS *"), answer.head


def test_the_rest_is_waited_for(server):
    wires = []
    try:
        for entry in (e for e in CORPUS if e.result == "needs more" and not is_too_long(e)):
            wire = open_wire(server, "unix")
            send_whole(wire, bytes_of(entry))
            wires.append((wire, entry))
        assert wires
        # All of them together get the time in which the daemon answers others.
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            assert ask(server.unix()).body == b"OK"
        readable, _, _ = select.select([w.socket for w, _ in wires], [], [], 0)
        unexpected = [(e.name, w.socket.recv(300)) for w, e in wires if w.socket in readable]
        assert unexpected == []
    finally:
        for wire, _ in wires:
            wire.socket.close()


def test_bodies_that_are_too_long_are_not_waited_for(server):
    for entry in (e for e in CORPUS if e.result == "needs more" and is_too_long(e)):
        with open_wire(server, "unix") as wire:
            send_whole(wire, bytes_of(entry))
            assert wire.read_response().status == 413
            assert wire.at_end()


def test_nothing_is_left_of_all_that(server):
    server.wait_for_no_connections()
    assert ask(server.unix()).body == b"OK"
    assert ask(server.bound()).body == b"OK"
    assert server.stop() == 0
