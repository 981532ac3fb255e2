"""docker import of what a web server has, plain and with TLS."""

import gzip
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from archives import busybox_layer, check_whole, digest
from certificates import Authority


class Files(BaseHTTPRequestHandler):
    """Serves LAYER: as it is, packed, in chunks, elsewhere, cut, and not at all."""
    layer = busybox_layer()
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/moved.tar":
            self.answer(302, b"", Location="/layer.tar?x=1")
        elif path == "/circle.tar":
            self.answer(301, b"", Location="/circle.tar")
        elif path == "/layer.tar":
            self.answer(200, self.layer)
        elif path == "/layer.tar.gz":
            self.answer(200, gzip.compress(self.layer, 1))
        elif path == "/chunks.tar":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(self.layer), 100_000):
                piece = self.layer[at:at + 100_000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        elif path == "/cut.tar":
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.layer)))
            self.end_headers()
            self.wfile.write(self.layer[:len(self.layer) // 2])
            self.close_connection = True
        elif path == "/private.tar" and self.headers["Authorization"] != "Basic bWU6c2VjcmV0":
            self.answer(401, b"who are you\n")
        elif path == "/private.tar":
            self.answer(200, self.layer)
        else:
            self.answer(404, b"there is no such file\n")

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    """Starts a web server, with TLS if it is given a certificate and a key; gives its port."""
    started = []

    def start(certificate=None, key=None):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        started.append((server, thread))
        return server.server_address[1]
    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("path", ["layer.tar", "layer.tar.gz", "chunks.tar", "moved.tar",
                                  "layer.tar?a=b&c"])
def test_what_a_server_has(daemon, docker, serve, path):
    url = f"http://127.0.0.1:{serve()}/{path}"
    done = docker(daemon.unix(), "import", url, "made:1")
    assert done.returncode == 0, done.stderr
    assert f"Downloading from {url}" in done.stdout
    [image] = json.loads(docker(daemon.unix(), "image", "inspect", "made:1").stdout)
    assert done.stdout.split()[-1] == image["Id"]
    assert image["RootFS"]["Layers"] == [digest(Files.layer)]
    assert image["Comment"] == f"Imported from {url}"
    check_whole(daemon, [image])


def test_a_password_is_sent_and_not_shown(daemon, docker, serve):
    port = serve()
    url = f"http://me:secret@127.0.0.1:{port}/private.tar"
    done = docker(daemon.unix(), "import", url, "made:1")
    assert done.returncode == 0, done.stderr
    assert "secret" not in done.stdout + daemon.log()
    refused = docker(daemon.unix(), "import", f"http://127.0.0.1:{port}/private.tar", "made:2")
    assert "with status 401 Unauthorized: who are you" in refused.stderr


def test_what_a_server_does_not_have(daemon, docker, serve):
    port = serve()
    for path, words in (("nosuch.tar", f"failed to GET http://127.0.0.1:{port}/nosuch.tar with "
                         "status 404 Not Found: there is no such file"),
                        ("circle.tar", "stopped after 10 redirects"),
                        ("cut.tar", "unexpected EOF")):
        done = docker(daemon.unix(), "import", f"http://127.0.0.1:{port}/{path}", "made:1")
        assert done.returncode == 1 and words in done.stderr, done.stderr
    gone = docker(daemon.unix(), "import", "http://nosuch.invalid/x.tar")
    assert gone.returncode == 1 and "dial tcp: lookup nosuch.invalid" in gone.stderr
    check_whole(daemon, [])


def test_with_tls(make_daemon, docker, serve, authority, tmp_path):
    """The authorities are those of OpenSSL: here the one that the environment names."""
    daemon = make_daemon(env={"SSL_CERT_FILE": authority.ca}).start()
    port = serve(authority.cert("server"), authority.key("server"))
    for host in ("127.0.0.1", "localhost"):
        done = docker(daemon.unix(), "import", f"https://{host}:{port}/moved.tar", "made:1")
        assert done.returncode == 0, done.stderr
    other = Authority(tmp_path / "other", "other")
    other.issue("server")
    authority.issue("old", expired=True)
    unverified = "tls: failed to verify certificate: x509: "
    for certificate, key, words in (
            (other.cert("server"), other.key("server"), "certificate signed by unknown authority"),
            (authority.cert("old"), authority.key("old"),
             "certificate has expired or is not yet valid")):
        url = f"https://127.0.0.1:{serve(certificate, key)}/layer.tar"
        done = docker(daemon.unix(), "import", url, "made:2")
        assert done.returncode == 1 and f'Get "{url}": {unverified}{words}' in done.stderr
    plain = docker(daemon.unix(), "import", f"https://127.0.0.1:{serve()}/layer.tar", "made:2")
    assert plain.returncode == 1 and "tls: " in plain.stderr
