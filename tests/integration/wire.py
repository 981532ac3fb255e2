"""Bytes on real sockets: for what no client program would ever send."""

import socket
from urllib.parse import urlsplit

from daemon import PATIENCE


def connect(address, timeout=PATIENCE):
    """A connected stream socket; `address` as a daemon's -H."""
    url = urlsplit(address)
    if url.scheme == "unix":
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(timeout)
        s.connect(url.path)
        return s
    return socket.create_connection((url.hostname, url.port), timeout)


class Response:
    """An answer as it stood on the wire."""

    def __init__(self, head, body):
        self.head = head
        self.body = body
        first, *lines = head.decode("latin-1").split("\r\n")
        self.version, _, rest = first.partition(" ")
        status, _, self.reason = rest.partition(" ")
        self.status = int(status)
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]

    def header(self, name):
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        assert len(values) <= 1, f"{name} occurs {len(values)} times"
        return values[0] if values else None

    def text(self):
        return self.body.decode()


class Wire:
    """A connection on which requests are written by hand and answers are read strictly."""

    def __init__(self, address_or_socket, timeout=PATIENCE):
        given = address_or_socket
        self.socket = connect(given, timeout) if isinstance(given, str) else given
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"closed after {self.buffer!r}")
        self.buffer += data

    def read_until(self, mark):
        while mark not in self.buffer:
            self._more()
        taken, self.buffer = self.buffer.split(mark, 1)
        return taken

    def read_exactly(self, size):
        while len(self.buffer) < size:
            self._more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def read_chunk(self):
        """One chunk of a chunked body; empty for the last."""
        size = int(self.read_until(b"\r\n"), 16)
        data = self.read_exactly(size)
        assert self.read_exactly(2) == b"\r\n"
        return data

    def read_head(self):
        return Response(self.read_until(b"\r\n\r\n"), b"")

    def read_response(self, method="GET"):
        """The next answer; its body in full."""
        response = self.read_head()
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        if response.header("Transfer-Encoding") == "chunked":
            while chunk := self.read_chunk():
                response.body += chunk
        elif response.header("Content-Length") is not None:
            response.body = self.read_exactly(int(response.header("Content-Length")))
        else:
            response.body = self.read_to_end()
        return response

    def read_to_end(self):
        """All bytes up to the end of the connection, however it ends."""
        try:
            while data := self.socket.recv(65536):
                self.buffer += data
        except ConnectionResetError:
            pass
        taken, self.buffer = self.buffer, b""
        return taken

    def at_end(self):
        """True if the server closes without another byte."""
        return self.read_to_end() == b""

    def ask(self, target="/_ping", method="GET", headers=(), body=b""):
        """Sends a plain request and reads its answer."""
        lines = [f"{method} {target} HTTP/1.1", "Host: docker", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode() + body)
        return self.read_response(method)


def ask(address, target="/_ping", method="GET", headers=(), body=b""):
    """One request on a connection of its own."""
    with Wire(address) as wire:
        return wire.ask(target, method, headers, body)
