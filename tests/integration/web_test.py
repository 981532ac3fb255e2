"""gantryctl web: who gets through to a daemon's inspection, and its page in a browser."""

import json
import re
import signal
import socket
import time

import pytest

from daemon import PATIENCE, run, wait_until
from inspection import GANTRYCTL, Site, inspected, looked_at
from tls_test import mutual_flags


@pytest.fixture
def web(site, shared_daemon):
    return site("-H", inspected(shared_daemon))


# -- who gets through ----------------------------------------------------------------------------------

def test_the_page_is_for_all_and_the_rest_for_who_has_the_token(web, shared_daemon):
    page = web.ask("/")
    assert page.status == 200
    assert page.header("Content-Type") == "text/html; charset=utf-8"
    assert "require-trusted-types-for 'script'" in page.header("Content-Security-Policy")
    assert page.header("X-Content-Type-Options") == "nosniff"
    assert page.header("Referrer-Policy") == "no-referrer"
    assert page.header("Cache-Control") == "no-store"
    assert web.ask("/app.js").header("Content-Type") == "text/javascript; charset=utf-8"
    assert web.ask("/", "HEAD").status == 200
    for target in ("/v1/", "/v1/actors", "/v1/events", "/v1/dump"):
        refused = web.ask(target)
        assert refused.status == 401
        assert "run gantryctl web" in json.loads(refused.body)["message"]
    session = web.session()
    answer = web.ask("/v1/", headers=[session])
    assert json.loads(answer.body)["pid"] == shared_daemon.pid()
    assert web.ask("/v1/actors?limit=1", headers=[session]).status == 200
    assert web.ask("/v1/nothing", headers=[session]).status == 404
    assert web.ask("/v1/actors", "POST", headers=[session]).status == 405
    assert web.ask("/other", headers=[session]).status == 404


def test_a_token_opens_one_session_once(web):
    wrong = web.login("0" * 64)
    assert wrong.status == 401
    assert web.login().status == 200
    again = web.login()
    assert again.status == 401
    assert "opened before" in json.loads(again.body)["message"]
    for header in (f"Authorization: Bearer {web.token}", "Authorization: Bearer ",
                   f"Cookie: session={web.token}"):
        assert web.ask("/v1/", headers=[header]).status == 401


def test_other_names_and_other_pages_do_not_come_through(web):
    session = web.session()
    assert web.ask("/v1/", headers=[session], host=f"localhost:{web.port}").status == 200
    for host in ("127.0.0.1", f"evil.example:{web.port}", f"127.0.0.1:{web.port + 1}"):
        assert web.ask("/", host=host).status == 421
        assert web.ask("/v1/", headers=[session], host=host).status == 421
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{web.port}"):
        for target, method in (("/", "GET"), ("/session", "POST"), ("/v1/loglevel", "PUT")):
            refused = web.ask(target, method, headers=[session, f"Origin: {origin}"])
            assert refused.status == 403, (target, origin)
    own = f"Origin: http://127.0.0.1:{web.port}"
    assert web.ask("/v1/", headers=[session, own]).status == 200


def test_changes_have_the_rights_of_who_runs_it(make_daemon, site):
    daemon = make_daemon().start()
    web = site("-H", inspected(daemon))
    done = web.ask("/v1/loglevel", "PUT", headers=[web.session()], body=b'{"level":"debug"}')
    assert json.loads(done.body)["before"] == "info"
    daemon.wait_for_log(rf"component=audit.*pid={web.process.pid}")


def test_it_listens_on_this_machine_alone(web):
    listening = run("ss", "-Hltnp").stdout
    mine = [line.split()[3] for line in listening.splitlines() if f"pid={web.process.pid}," in line]
    assert mine == [f"127.0.0.1:{web.port}"]


# -- what it hands on ----------------------------------------------------------------------------------

def test_several_requests_on_a_connection(web):
    session = web.session()
    with web.wire() as wire:
        for _ in range(3):
            for target, status in (("/v1/", 200), ("/app.js", 200), ("/v1/actors/999999", 404),
                                   ("/x", 404)):
                web.request(wire, target, headers=[session])
                assert wire.read_response().status == status
        web.request(wire, "/v1/actors", "HEAD", headers=[session])
        assert wire.read_response("HEAD").status == 200
        wire.half_close()
        assert wire.at_end()


def test_events_pass_at_once_and_end_with_their_listener(web, shared_daemon, docker):
    session = web.session()
    before = web.threads()
    with web.wire() as wire:
        web.request(wire, "/v1/events", headers=[session])
        head = wire.read_head()
        assert head.header("Content-Type") == "text/event-stream"
        begin = time.monotonic()
        assert docker(shared_daemon.unix(), "version").returncode == 0
        text = b""
        while b'"what":"spawned"' not in text:
            text += wire.read_chunk()
        assert time.monotonic() - begin < PATIENCE / 2
    # Long before the next sign of life.
    wait_until(lambda: web.threads() <= before, lambda: f"{web.threads()} threads", 10)


def test_requests_that_are_none(web):
    for bytes_sent, status in ((b"nonsense\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n\r\n", 400),
                               (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
                               (b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\n", 414)):
        with web.wire() as wire:
            wire.send(bytes_sent)
            assert wire.read_response().status == status
            assert wire.at_end()
    big = web.ask("/session", "POST", headers=["Content-Length: 1000000"])
    assert big.status == 413


def test_many_connections_end_in_order(web):
    """There is room for 32; those that are too many wait until one of the others ends."""
    descriptors = web.descriptors()
    idle = [socket.create_connection(("127.0.0.1", web.port), PATIENCE) for _ in range(32)]
    wait_until(lambda: web.threads() == 33, lambda: f"{web.threads()} threads")
    with web.wire() as late:
        web.request(late, "/app.js")
        idle.pop().close()
        assert late.read_response().status == 200
    for each in idle:
        each.close()
    wait_until(lambda: web.threads() == 1, lambda: f"{web.threads()} threads")
    assert web.descriptors() == descriptors


def test_a_daemon_that_goes_and_comes_back(make_daemon, site):
    daemon = make_daemon().start()
    web = site("-H", inspected(daemon))
    session = web.session()
    daemon.stop()
    gone = web.ask("/v1/", headers=[session])
    assert gone.status == 502
    assert "is it running?" in json.loads(gone.body)["message"]
    assert web.ask("/").status == 502
    daemon.start()
    assert json.loads(web.ask("/v1/", headers=[session]).body)["pid"] == daemon.pid()


def test_over_tls(make_daemon, authority, site):
    daemon = make_daemon(*mutual_flags(authority), "--inspect-host", "tcp://127.0.0.1:0").start()
    where = daemon.wait_for_log(r'Inspection on tcp://127.0.0.1:(\d+)').group(1)
    web = site("-H", f"tcp://localhost:{where}", "--tlscacert", authority.ca, "--tlscert",
               authority.cert("client"), "--tlskey", authority.key("client"))
    session = web.session()
    assert json.loads(web.ask("/v1/", headers=[session]).body)["pid"] == daemon.pid()
    assert "<title>Gantry</title>" in web.ask("/").text()
    refused = web.ask("/v1/loglevel", "PUT", headers=[session], body=b'{"level":"debug"}')
    assert refused.status == 403


# -- its beginning and its end -------------------------------------------------------------------------

@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it(web, number):
    session = web.session()
    with web.wire() as follower, web.wire() as idle:
        web.request(follower, "/v1/events", headers=[session])
        follower.read_head()
        idle.send(b"GET /app")
        wait_until(lambda: web.threads() == 3, lambda: f"{web.threads()} threads")
        web.process.send_signal(number)
        assert web.process.wait(PATIENCE) == 0
        follower.read_to_end()
        assert idle.at_end()
    assert web.process.stderr.read() == ""


def test_a_port_of_ones_own(site, shared_daemon, background):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    host = inspected(shared_daemon)
    web = Site(background(GANTRYCTL, "-H", host, "web", "--port", port))
    assert web.port == port
    taken = run(GANTRYCTL, "-H", host, "web", "-p", port)
    assert taken.returncode == 1
    assert "Address already in use" in taken.stderr


def test_what_cannot_be_served(tmp_path, shared_daemon):
    for words, status, text in (
            (("-H", f"unix://{tmp_path}/none", "web"), 1, "is it running?"),
            (("-H", inspected(shared_daemon), "web", "-p", "70000"), 1, "at most 65535"),
            (("-H", inspected(shared_daemon), "web", "-p", "x"), 2, "invalid --port"),
            (("-f", "dump.json", "web"), 2, "needs a daemon")):
        done = run(GANTRYCTL, *words)
        assert (done.returncode, done.stdout) == (status, ""), words
        assert text in done.stderr


def test_its_address_for_scripts(background, shared_daemon):
    process = background(GANTRYCTL, "-H", inspected(shared_daemon), "web", "--json")
    assert re.match(r"http://127\.0\.0\.1:\d+/#token=", json.loads(process.stdout.readline())["address"])


# -- in a browser --------------------------------------------------------------------------------------

def test_the_page_of_a_real_daemon(d, daemon, site, browser, background):
    d("create", "--name", "sleepy", "bb:1", "true")
    follower = background("docker", "-H", daemon.unix(), "events")
    web = site("-H", inspected(daemon))
    assert looked_at("real.js", web.address) == ""
    assert follower.poll() is None
    # The browser has used the token up.
    assert web.login().status == 401


def test_the_page_for_a_browser_with_a_certificate(make_daemon, authority, docker, background,
                                                   busybox_archive, browser):
    daemon = make_daemon(*mutual_flags(authority), "--inspect-host", "tcp://127.0.0.1:0").start()
    for words in (("load", "-q", "-i", busybox_archive), ("create", "--name", "sleepy", "bb:1")):
        assert docker(daemon.unix(), *words).returncode == 0
    background("docker", "-H", daemon.unix(), "events")
    where = daemon.wait_for_log(r'Inspection on tcp://127.0.0.1:(\d+)').group(1)
    assert looked_at("real.js", f"https://localhost:{where}/", authority.cert("client"),
                     authority.key("client")) == ""
