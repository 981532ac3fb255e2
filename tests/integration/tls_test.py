"""TLS and mutual TLS: who is let in, with what, and what a bad set-up says."""

import re
import ssl
import socket

import pytest

from certificates import Authority
from daemon import run
from wire import Wire


def server_flags(authority, name="server"):
    return ["--tls", f"--tlscert={authority.cert(name)}", f"--tlskey={authority.key(name)}"]


def mutual_flags(authority):
    return [*server_flags(authority), "--tlsverify", f"--tlscacert={authority.ca}"]


def context(authority, client=None, check=True):
    made = ssl.create_default_context(cafile=authority.ca)
    if not check:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if client:
        made.load_cert_chain(authority.cert(client), authority.key(client))
    return made


def connect(daemon, tls):
    sock = socket.create_connection(("127.0.0.1", daemon.port()), 30)
    return tls.wrap_socket(sock, server_hostname="localhost")


def answer_of(daemon, tls):
    """The answer to a ping, or None if the handshake or the server's verdict after it fails."""
    try:
        with Wire(connect(daemon, tls)) as wire:
            return wire.ask()
    except (ssl.SSLError, ConnectionResetError, EOFError, BrokenPipeError):
        return None


@pytest.fixture
def tls_daemon(make_daemon, authority):
    return make_daemon(*server_flags(authority), hosts=["tcp://127.0.0.1:0"]).start()


@pytest.fixture
def mutual_daemon(make_daemon, authority):
    return make_daemon(*mutual_flags(authority), hosts=["tcp://127.0.0.1:0"]).start()


def test_versions_and_alpn(tls_daemon, authority):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        tls = context(authority)
        tls.minimum_version = tls.maximum_version = version
        tls.set_alpn_protocols(["h2", "http/1.1"])
        sock = connect(tls_daemon, tls)
        assert sock.selected_alpn_protocol() == "http/1.1"
        assert Wire(sock).ask().body == b"OK"
        sock.close()


def test_old_tls_is_refused(tls_daemon):
    for version in ("-tls1", "-tls1_1"):
        done = run("openssl", "s_client", version, "-cipher", "ALL:@SECLEVEL=0", "-connect",
                   f"127.0.0.1:{tls_daemon.port()}")
        assert "Cipher is (NONE)" in done.stdout + done.stderr


def test_curl_and_docker_without_a_client_certificate(tls_daemon, authority, docker):
    url = f"https://localhost:{tls_daemon.port()}/_ping"
    done = run("curl", "-s", "--cacert", authority.ca, url)
    assert (done.returncode, done.stdout) == (0, "OK"), done.stderr
    assert run("curl", "-s", url).returncode == 60  # an authority that curl does not know
    # docker's --tls alone does not look at the server's certificate.
    done = docker(f"tcp://localhost:{tls_daemon.port()}", "--tls",
                  f"--tlscacert={authority.ca}", "events", "--since", "0", "--until", "1")
    assert done.returncode == 0, done.stderr


def test_mutual_tls_lets_in_those_who_are_known(mutual_daemon, authority, tmp_path):
    assert answer_of(mutual_daemon, context(authority, "client")).body == b"OK"
    assert answer_of(mutual_daemon, context(authority)) is None
    stranger = Authority(tmp_path / "stranger")
    stranger.issue("client", usage="clientAuth")
    tls = context(authority)
    tls.load_cert_chain(stranger.cert("client"), stranger.key("client"))
    assert answer_of(mutual_daemon, tls) is None
    authority.issue("old", usage="clientAuth", expired=True)
    assert answer_of(mutual_daemon, context(authority, "old")) is None
    # A server's certificate is not a client's.
    assert answer_of(mutual_daemon, context(authority, "server")) is None
    mutual_daemon.wait_for_count("TLS handshake failed", 4)
    assert answer_of(mutual_daemon, context(authority, "client")).body == b"OK"


def test_docker_without_a_certificate_is_told(mutual_daemon, authority, docker):
    done = docker(mutual_daemon.bound(), "--tlsverify", f"--tlscacert={authority.ca}", "ps")
    assert done.returncode == 1
    assert "certificate required" in done.stderr or "bad certificate" in done.stderr, done.stderr


def test_plain_http_to_a_tls_port_is_told(tls_daemon, docker):
    done = docker(tls_daemon.bound(), "ps")
    assert done.returncode == 1
    assert "HTTP request to an HTTPS server" in done.stderr, done.stderr


def test_session_resumption_and_many_clients(mutual_daemon, authority):
    tls = context(authority, "client")
    wires = [Wire(connect(mutual_daemon, tls)) for _ in range(50)]
    for _ in range(3):
        for wire in wires:
            wire.send(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n" * 2)
        for wire in wires:
            assert [wire.read_response().body for _ in range(2)] == [b"OK", b"OK"]
    for wire in wires:
        wire.socket.close()
    mutual_daemon.wait_for_no_connections()


def test_a_large_answer_over_tls(make_daemon, authority):
    daemon = make_daemon(*server_flags(authority), hosts=["tcp://127.0.0.1:0"]).start()
    with Wire(connect(daemon, context(authority))) as wire:
        wire.send(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n" * 2000)
        for _ in range(2000):
            assert wire.read_response().body == b"OK"


def test_files_from_docker_cert_path(make_daemon, authority, tmp_path):
    for name, source in (("cert.pem", authority.cert("server")), ("ca.pem", authority.ca),
                         ("key.pem", authority.key("server"))):
        (tmp_path / name).write_text(open(source).read())
    daemon = make_daemon("--tlsverify", hosts=["tcp://127.0.0.1:0"],
                         env={"DOCKER_CERT_PATH": str(tmp_path)}).start()
    assert answer_of(daemon, context(authority, "client")).body == b"OK"
    assert answer_of(daemon, context(authority)) is None


def ends_with_1(daemon, *words):
    assert daemon.spawn().wait() == 1
    for word in words:
        assert re.search(word, daemon.log()), daemon.log()
    assert "level=fatal" in daemon.log()
    assert not daemon.pidfile.exists()


def test_a_missing_certificate_is_named(make_daemon, authority, tmp_path):
    ends_with_1(make_daemon("--tls", f"--tlscert={tmp_path}/none.pem",
                            f"--tlskey={authority.key('server')}", hosts=["tcp://127.0.0.1:0"]),
                r"Couldn't load X509 key pair \(.*none\.pem.*[Nn]o such file")


def test_an_unreadable_key_is_named(make_daemon, authority, tmp_path):
    # Root can read all files; a directory it cannot.
    (tmp_path / "key.pem").mkdir()
    ends_with_1(make_daemon("--tls", f"--tlscert={authority.cert('server')}",
                            f"--tlskey={tmp_path}/key.pem", hosts=["tcp://127.0.0.1:0"]),
                r"Couldn't load X509 key pair.*key\.pem")


def test_a_key_of_another_certificate(make_daemon, authority):
    ends_with_1(make_daemon("--tls", f"--tlscert={authority.cert('server')}",
                            f"--tlskey={authority.key('client')}", hosts=["tcp://127.0.0.1:0"]),
                r"private key does not match public key")


def test_garbage_for_a_certificate_and_an_authority(make_daemon, authority, tmp_path):
    (tmp_path / "x.pem").write_text("no certificate\n")
    ends_with_1(make_daemon("--tls", f"--tlscert={tmp_path}/x.pem",
                            f"--tlskey={authority.key('server')}", hosts=["tcp://127.0.0.1:0"]),
                r"x\.pem: no certificate found")
    ends_with_1(make_daemon(*server_flags(authority), "--tlsverify", f"--tlscacert={tmp_path}/x.pem",
                            hosts=["tcp://127.0.0.1:0"]),
                r"Couldn't read CA certificate.*x\.pem")


def test_an_expired_certificate_is_told_and_served(make_daemon, authority):
    authority.issue("expired", expired=True)
    daemon = make_daemon(*server_flags(authority, "expired"), hosts=["tcp://127.0.0.1:0"]).start()
    daemon.wait_for_log(r"level=warning.*expired\.pem expired at \d{4}-")
    assert answer_of(daemon, context(authority)) is None
    assert answer_of(daemon, context(authority, check=False)).body == b"OK"
