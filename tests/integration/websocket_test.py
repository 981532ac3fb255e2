"""Containers attached to through WebSockets: byte by byte, and with the client that node has."""

import json
import socket
import struct

import docker as docker_py
import pytest

from daemon import wait_until
from wire import Wire

HANDSHAKE = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
MASK = b"\x01\x02\x03\x04"
TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A


class WebSocket(Wire):
    """The client's side of a WebSocket, as it stands in RFC 6455."""

    def __init__(self, daemon, path):
        super().__init__(daemon.unix())
        self.send("\r\n".join([f"GET {path} HTTP/1.1", "Host: docker", *HANDSHAKE, "", ""]).encode())
        self.head = self.read_head()

    def send_frame(self, first, payload):
        size = len(payload)
        head = bytes([first, 0x80 | size]) if size < 126 else \
            bytes([first, 0xFE]) + struct.pack(">H", size) if size < 65536 else \
            bytes([first, 0xFF]) + struct.pack(">Q", size)
        self.send(head + MASK + bytes(b ^ MASK[i % 4] for i, b in enumerate(payload)))

    def read_frame(self):
        first, size = self.read_exactly(2)
        assert size < 128, "a server's frames are not masked"
        if size == 126:
            [size] = struct.unpack(">H", self.read_exactly(2))
        elif size == 127:
            [size] = struct.unpack(">Q", self.read_exactly(8))
        return first, self.read_exactly(size)

    def read_data(self, size):
        """As much data, from however many messages."""
        data = b""
        while len(data) < size:
            first, payload = self.read_frame()
            assert first == BINARY
            data += payload
        return data


@pytest.fixture
def cat(d, daemon):
    """A container whose process says what it hears."""
    return d("run", "-di", "--name", "cat", "--network", "none", "bb:1", "cat").strip()


ALL = "stream=1&stdin=1&stdout=1&stderr=1"


def test_bytes(cat, daemon):
    with WebSocket(daemon, f"/containers/cat/attach/ws?{ALL}") as ws:
        assert ws.head.status == 101
        assert ws.head.header("Upgrade") == "websocket"
        assert ws.head.header("Connection") == "Upgrade"
        assert ws.head.header("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        ws.send_frame(TEXT, b"hel")
        assert ws.read_data(3) == b"hel"
        ws.send_frame(BINARY & 0x0F, b"l")
        ws.send_frame(PING, b"p")  # between the pieces of a message
        ws.send_frame(0x80, b"o\n")
        pong, data = None, b""
        while pong is None or len(data) < 3:
            first, payload = ws.read_frame()
            if first == PONG:
                pong = payload
            else:
                data += payload
        assert (pong, data) == (b"p", b"lo\n")
        large = bytes(range(256)) * 1000
        ws.send_frame(BINARY, large)
        assert ws.read_data(len(large)) == large
        ws.send_frame(CLOSE, b"\x03\xe8")
        assert ws.read_frame() == (CLOSE, b"\x03\xe8")
        assert ws.at_end()
    wait_until(lambda: "attach-session" not in daemon.actors(), "the session goes on")


def test_what_a_version_means(cat, daemon):
    with WebSocket(daemon, "/v1.27/containers/cat/attach/ws?stream=1") as ws:
        ws.send_frame(BINARY, b"x")
        assert ws.read_frame() == (TEXT, b"x")
    with WebSocket(daemon, "/v1.41/containers/cat/attach/ws?stream=1&stdout=0") as ws:
        ws.send_frame(BINARY, b"x")
        assert ws.read_frame() == (BINARY, b"x")
    with WebSocket(daemon, "/v1.42/containers/cat/attach/ws?stream=1&stdin=1") as ws:
        ws.send_frame(BINARY, b"x")  # and nobody listens
        ws.send_frame(PING, b"")
        assert ws.read_frame() == (PONG, b"")


def test_log_and_end(d, daemon):
    d("run", "--name", "done", "--network", "none", "bb:1", "sh", "-c", "echo out; echo err >&2")
    with WebSocket(daemon, "/containers/done/attach/ws?logs=1&stdout=1&stderr=1") as ws:
        assert sorted([ws.read_frame(), ws.read_frame()]) == [(BINARY, b"err\n"), (BINARY, b"out\n")]
        assert ws.read_frame() == (CLOSE, b"\x03\xe8")
    d("create", "--name", "late", "--network", "none", "bb:1", "sh", "-c", "echo hello")
    with WebSocket(daemon, "/containers/late/attach/ws?stream=1&stdout=1") as ws:
        d("start", "late")
        assert ws.read_data(6) == b"hello\n"
        assert ws.read_frame() == (CLOSE, b"\x03\xe8")


def test_the_end_of_input(d, daemon):
    client = docker_py.APIClient(base_url=daemon.unix(), version="auto")
    client.create_container("bb:1", ["sh", "-c", "cat; echo 1 >/over; sleep 1000"], name="once",
                            stdin_open=True, host_config={"NetworkMode": "none"})
    with WebSocket(daemon, f"/containers/once/attach/ws?{ALL}") as ws:
        d("start", "once")
        ws.send_frame(BINARY, b"x")
        assert ws.read_data(1) == b"x"
        ws.send_frame(CLOSE, b"")
        assert ws.read_frame()[0] == CLOSE
    wait_until(lambda: d("exec", "once", "cat", "/over", ok=False).returncode == 0,
               "the input has not ended")
    client.close()


@pytest.mark.parametrize("broken", [b"\x82\x01x", b"\xff\xff", b"\x83\x80\0\0\0\0"])
def test_a_client_that_breaks_the_rules(cat, daemon, broken):
    with WebSocket(daemon, f"/containers/cat/attach/ws?{ALL}") as ws:
        ws.send(broken)
        assert ws.read_frame() == (CLOSE, b"\x03\xea")
        assert ws.at_end()


def test_a_client_that_vanishes(cat, daemon):
    ws = WebSocket(daemon, f"/containers/cat/attach/ws?{ALL}")
    ws.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ws.socket.close()
    wait_until(lambda: "attach-session" not in daemon.actors(), "the session goes on")


def test_a_client_that_pings_and_does_not_read(cat, daemon):
    """Its pings wait in its own socket; the daemon keeps nothing for it."""
    with WebSocket(daemon, f"/containers/cat/attach/ws?{ALL}") as ws:
        ws.socket.setblocking(False)
        sent = 0
        with pytest.raises(BlockingIOError):
            while sent < 256 << 20:
                sent += ws.socket.send(b"\x89\xfd" + MASK + bytes(125))
        assert sent < 64 << 20
    wait_until(lambda: "attach-session" not in daemon.actors(), "the session goes on")


def test_refused(cat, daemon):
    target = f"/containers/cat/attach/ws?{ALL}"
    with Wire(daemon.unix()) as wire:
        answer = wire.ask(target)
        assert answer.status == 400
        assert json.loads(answer.text())["message"] == \
            "not a WebSocket handshake: no Upgrade to websocket"
        assert answer.header("Sec-WebSocket-Version") == "13"
    with Wire(daemon.unix()) as wire:
        answer = wire.ask("/containers/nosuch/attach/ws", headers=HANDSHAKE)
        assert answer.status == 404
        assert json.loads(answer.text())["message"] == "No such container: nosuch"


def test_node(cat, daemon, node):
    def attach(*inputs):
        done = node("websocket.js", daemon.socket, f"/v1.50/containers/cat/attach/ws?{ALL}", *inputs)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    seen = attach("from node", "@close")
    assert bytes.fromhex(seen["output"]) == b"from node"
    assert (seen["text"], seen["code"]) == (0, 1000)
    seen = attach("@ping", "@pinged-close")
    assert seen["pongs"] == ["are you there"] and seen["code"] == 1000
