"""HTTP as curl and bare sockets speak it: eras of the API, methods, connections, bodies."""

import json
import re
import socket

import pytest

from daemon import Daemon, run
from wire import Response, Wire, ask

PLAIN = "text/plain; charset=utf-8"


@pytest.fixture
def curl(shared_daemon):
    """curl(PATH, OPTION...): the last answer, heads of earlier ones (100 Continue) left out."""
    def call(path, *options):
        done = run("curl", "-si", "--max-time", "30", "--unix-socket", shared_daemon.socket,
                   *options, f"http://docker{path}")
        assert done.returncode == 0, done.stderr + shared_daemon.last_words()
        text = done.stdout.encode()
        while text.startswith(b"HTTP/1.1 100"):
            text = text.partition(b"\r\n\r\n")[2]
        # subprocess has made \r\n into \n
        head, _, body = text.partition(b"\n\n") if b"\r\n\r\n" not in text else \
            text.partition(b"\r\n\r\n")
        return Response(head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), body)
    return call


# -- eras -----------------------------------------------------------------------------------------


def test_routed_answers_carry_the_headers_of_the_engine(curl):
    answer = curl("/_ping")
    assert (answer.status, answer.body) == (200, b"OK")
    headers = dict(answer.headers)
    assert headers.pop("Date").endswith(" GMT")
    assert re.fullmatch(r"Docker/\S+ \(linux\)", headers.pop("Server"))
    assert headers == {
        "Api-Version": "1.50", "Ostype": "linux", "Docker-Experimental": "false",
        "Builder-Version": "1", "Swarm": "inactive", "Pragma": "no-cache",
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Content-Type": PLAIN, "Content-Length": "2"}


def test_head_ping_is_the_same_without_a_body(curl):
    head, get = curl("/_ping", "-I"), curl("/_ping")
    assert (head.status, head.body) == (200, b"")
    assert head.header("Content-Length") in (None, "0", "2")
    assert head.header("Api-Version") == get.header("Api-Version")


@pytest.mark.parametrize("prefix", ["", "/v1.24", "/v1.50", "/v1.41.0", "/v1.024"])
def test_today_in_json(curl, prefix):
    version = curl(f"{prefix}/version")
    assert (version.status, version.header("Content-Type")) == (200, "application/json")
    said = json.loads(version.body)
    assert (said["ApiVersion"], said["MinAPIVersion"], said["Os"]) == ("1.50", "1.24", "linux")
    assert [c["Name"] for c in said["Components"]][0] == "Engine"
    assert version.header("Job-Name") is None
    missing = curl(f"{prefix}/containers/nosuch/json")
    assert missing.status == 404
    assert missing.header("Content-Type") == "application/json"
    assert missing.body == b'{"message":"No such container: nosuch"}\n'


def test_1_14_has_the_bodies_of_its_time(curl):
    version = curl("/v1.14/version?a=x&a=y")
    assert (version.status, version.header("Job-Name")) == (200, "version")
    assert [v for n, v in version.headers if n == "Job-Args"] == ["x", "y"]
    assert sorted(json.loads(version.body)) == [
        "ApiVersion", "Arch", "GitCommit", "GoVersion", "KernelVersion", "Os", "Version"]
    assert json.loads(version.body)["ApiVersion"] == "1.14"
    info = curl("/v1.14/info")
    assert (info.status, info.header("Job-Name")) == (200, "info")
    said = json.loads(info.body)
    assert said["Debug"] == 0 and said["IPv4Forwarding"] in (0, 1)
    assert said["Debug"] is not False
    assert sorted(said) == [
        "Containers", "Debug", "Driver", "DriverStatus", "ExecutionDriver", "IPv4Forwarding",
        "Images", "IndexServerAddress", "InitPath", "InitSha1", "KernelVersion", "MemoryLimit",
        "NEventsListener", "NFd", "NGoroutines", "OperatingSystem", "SwapLimit"]
    assert curl("/v1.14/containers/ps").body == b"[]"


def test_1_14_has_the_errors_of_its_time(curl):
    for path, status, text in (
            ("/v1.14/containers/nosuch/json", 404, "No such container: nosuch\n"),
            ("/v1.14/images/nosuch/json", 404, "No such image: nosuch\n"),
            ("/v1.14/images/viz", 404, "This is now implemented in the client.\n"),
            ("/v1.14/nosuch", 404, "404 page not found\n"),
            ("/v1.14/exec/x/json", 404, "404 page not found\n")):
        answer = curl(path)
        assert (answer.status, answer.header("Content-Type"), answer.text()) == (
            status, PLAIN, text), path
    assert curl("/v1.14/_ping", "-I").status == 404
    assert curl("/v1.14//version").header("Location") == "/v1.14/version"


def test_versions_out_of_range(curl):
    new = curl("/v9.9/info")
    assert (new.status, new.header("Content-Type")) == (400, "application/json")
    assert json.loads(new.body) == {
        "message": "client version 9.9 is too new. Maximum supported API version is 1.50"}
    assert new.header("Api-Version") == "1.50" and new.header("Docker-Experimental") is None
    old = curl("/v1.20/info")
    assert (old.status, old.header("Content-Type")) == (400, PLAIN)
    assert old.header("X-Content-Type-Options") == "nosniff"
    assert old.text() == ("client version 1.20 is too old. Minimum supported API version is 1.24, "
                          "please upgrade your client to a newer version\n")
    assert curl("/v9.9/nosuch").status == 404


def test_what_is_not_routed_has_no_engine_headers(curl):
    for words in (("/nosuch",), ("/version", "-X", "PUT"), ("/v1.50/containers/json", "-X", "POST"),
                  ("/containers/",)):
        answer = curl(*words)
        assert (answer.status, answer.body) == (404, b'{"message":"page not found"}\n')
        assert sorted(n for n, _ in answer.headers) == ["Content-Length", "Content-Type", "Date"]
    assert curl("/v1.24/version", "-I").status == 404


def test_options_anywhere(curl):
    for path in ("/info", "/v1.24/info", "/nosuch", "/v1.14/x/y"):
        answer = curl(path, "-X", "OPTIONS")
        assert (answer.status, answer.body) == (200, b""), path
    assert curl("/", "-X", "OPTIONS", "--request-target", "*").status == 200


def test_not_implemented_names_the_operation(curl):
    answer = curl("/v1.50/networks/create", "-d", "{}", "-H", "Content-Type: application/json")
    assert answer.status == 501
    assert json.loads(answer.body)["message"].startswith("NetworkCreate ")


def test_bad_query_and_filters_are_400(curl):
    for path, text in (("/containers/json?filters=%7Bbad", "invalid filter"),
                       ("/containers/json?filters=%7B%22nosuch%22%3A%5B%221%22%5D%7D",
                        "invalid filter 'nosuch'"),
                       ("/system/df?type=nosuch", "unknown object type: nosuch"),
                       ("/events?since=5&until=3", "`since` time (5) cannot be after `until` time")):
        answer = curl(path)
        assert answer.status == 400, path
        assert text in json.loads(answer.body)["message"]


# -- connections ----------------------------------------------------------------------------------


def test_http_1_0_closes_unless_asked(shared_daemon):
    with Wire(shared_daemon.unix()) as wire:
        wire.send(b"GET /_ping HTTP/1.0\r\n\r\n")
        answer = wire.read_response()
        assert (answer.status, answer.body) == (200, b"OK")
        assert wire.at_end()
    with Wire(shared_daemon.unix()) as wire:
        for _ in range(3):
            wire.send(b"GET /_ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            answer = wire.read_response()
            assert answer.header("Connection").lower() == "keep-alive"


def test_http_1_0_stream_has_no_chunks(shared_daemon):
    with Wire(shared_daemon.unix()) as wire:
        wire.send(b"GET /events?since=0&until=1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        answer = wire.read_head()
        assert answer.header("Transfer-Encoding") is None
        assert wire.at_end()


def test_curl_http_1_0(curl):
    assert curl("/_ping", "--http1.0").body == b"OK"


def test_curl_reuses_its_connection(shared_daemon):
    url = shared_daemon.bound().replace("tcp", "http") + "/_ping"
    done = run("curl", "-s", "-o", "/dev/null", "-w", "%{num_connects}\n", url,
               *("--next -s -o /dev/null -w %{num_connects}\\n".split() + [url]) * 4)
    assert done.stdout.split() == ["1", "0", "0", "0", "0"]


def test_connection_close_is_obeyed(shared_daemon):
    with Wire(shared_daemon.unix()) as wire:
        answer = wire.ask(headers=["Connection: close"])
        assert answer.header("Connection").lower() == "close"
        assert wire.at_end()


def test_pipelined_requests_are_answered_in_order(shared_daemon):
    paths = ["/_ping", "/nosuch", "/v9.9/info", "/version", "/info"] * 40
    with Wire(shared_daemon.bound()) as wire:
        wire.send(b"".join(f"GET {p} HTTP/1.1\r\nHost: d\r\n\r\n".encode() for p in paths))
        status = [wire.read_response().status for _ in paths]
    assert status == [200, 404, 400, 200, 200] * 40


def test_half_close_still_gets_every_answer(shared_daemon):
    for count in (1, 3, 50):
        with Wire(shared_daemon.unix()) as wire:
            wire.send(b"GET /version HTTP/1.1\r\nHost: d\r\n\r\n" * count)
            wire.half_close()
            for _ in range(count):
                assert wire.read_response().status == 200
            assert wire.at_end()


def test_end_in_the_middle_of_a_head(shared_daemon):
    with Wire(shared_daemon.unix()) as wire:
        wire.send(b"GET /_ping HTT")
        wire.half_close()
        assert wire.read_response().status == 400
        assert wire.at_end()


def test_absolute_form(curl, shared_daemon):
    assert curl("/", "--request-target", "http://elsewhere:1/_ping").body == b"OK"
    answer = ask(shared_daemon.unix(), "https://elsewhere/v1.24/version?x=1")
    assert answer.status == 200


def test_a_request_in_single_bytes(shared_daemon):
    with Wire(shared_daemon.bound()) as wire:
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /v1.24/version HTTP/1.1\r\nHost: d\r\nX-Long: " + b"x" * 500 + b"\r\n\r\n":
            wire.send(bytes([byte]))
        assert wire.read_response().status == 200
        assert wire.ask().body == b"OK"


def test_https_on_a_plain_port_is_refused(shared_daemon):
    done = run("curl", "-sk", "--max-time", "20",
               shared_daemon.bound().replace("tcp", "https") + "/_ping")
    assert done.returncode not in (0, 28)


# -- bodies ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def debug_daemon():
    """Its POST /debug/pprof/symbol reads a body: addresses, joined by plus signs."""
    daemon = Daemon("--debug").start()
    yield daemon
    daemon.dispose()


SYMBOL = "/debug/pprof/symbol"


def test_expect_100_continue(debug_daemon):
    with Wire(debug_daemon.unix()) as wire:
        wire.send(f"POST {SYMBOL} HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n"
                  "Expect: 100-continue\r\n\r\n".encode())
        assert wire.read_response().status == 100
        wire.send(b"0x1")
        assert wire.read_response().status == 200
        assert wire.ask().body == b"OK"


def test_no_100_continue_for_a_body_that_nobody_reads(shared_daemon):
    with Wire(shared_daemon.unix()) as wire:
        wire.send(b"POST /networks/create HTTP/1.1\r\nHost: d\r\nContent-Length: 3000000\r\n"
                  b"Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n")
        assert wire.read_response().status == 501


def test_expect_of_something_else_is_417(shared_daemon):
    assert ask(shared_daemon.unix(), headers=["Expect: the-unexpected"]).status == 417


def test_bodies_of_all_kinds(debug_daemon, tmp_path):
    url = f"http://d{SYMBOL}"
    base = ["curl", "-s", "--max-time", "30", "--unix-socket", debug_daemon.socket]
    addresses = "+".join(hex(n) for n in range(20000))
    (tmp_path / "body").write_text(addresses)
    answers = {
        "length": run(*base, "--data-binary", f"@{tmp_path / 'body'}", url),
        "chunked": run(*base, "-H", "Transfer-Encoding: chunked", "--data-binary",
                       f"@{tmp_path / 'body'}", url),
        "expect": run(*base, "-H", "Expect: 100-continue", "-H", "Transfer-Encoding: chunked",
                      "--data-binary", f"@{tmp_path / 'body'}", url),
        "http/1.0": run(*base, "--http1.0", "--data-binary", f"@{tmp_path / 'body'}", url)}
    for kind, done in answers.items():
        assert done.returncode == 0, (kind, done.stderr)
        assert done.stdout == answers["length"].stdout, kind
        assert done.stdout.startswith("num_symbols: 1\n")


def test_chunked_upload_with_extensions_and_trailers(debug_daemon):
    with Wire(debug_daemon.unix()) as wire:
        wire.send(f"POST {SYMBOL} HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "2;a=b\r\n0x\r\n".encode())
        wire.send(b"1\r\n1\r\n0\r\nX-Check: 1\r\n\r\nGET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
        assert wire.read_response().status == 200
        assert wire.read_response().body == b"OK"


def test_a_body_over_the_limit_is_413(debug_daemon):
    size = 64 << 20
    with Wire(debug_daemon.unix()) as wire:
        wire.send(f"POST {SYMBOL} HTTP/1.1\r\nHost: d\r\nContent-Length: {size}\r\n\r\n".encode())
        assert wire.read_response().status == 413
    with Wire(debug_daemon.unix()) as wire:
        wire.send(f"POST {SYMBOL} HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        try:
            for _ in range(size // 65536):
                wire.send(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert wire.read_response().status == 413


def test_an_unread_body_does_not_spoil_the_connection(shared_daemon):
    def post(wire, size):
        wire.send(b"POST /networks/create HTTP/1.1\r\nHost: d\r\n"
                  b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % size
                  + b"x" * size)
        answer = wire.read_response()
        assert answer.status == 501
        return answer

    with Wire(shared_daemon.unix()) as wire:
        for size in (1, 1000, 2000):
            assert post(wire, size).header("Connection") is None
        assert wire.ask().body == b"OK"
    # A larger one may cost the connection, which the answer then says.
    with Wire(shared_daemon.unix()) as wire:
        if post(wire, 100000).header("Connection") == "close":
            assert wire.at_end()
        else:
            assert wire.ask().body == b"OK"


def test_an_endless_unread_body_ends_the_connection(shared_daemon):
    with Wire(shared_daemon.unix()) as wire:
        wire.send(b"POST /networks/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n"
                  b"Content-Type: application/json\r\n\r\n")
        answer = wire.read_response()
        assert answer.status == 501
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while True:
                wire.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def test_upgrade_of_what_cannot_be_upgraded(shared_daemon):
    answer = ask(shared_daemon.unix(), "/session", "POST",
                 ["Connection: Upgrade", "Upgrade: h2c"])
    assert answer.status in (400, 501)
    answer = ask(shared_daemon.unix(), "/_ping", headers=["Connection: Upgrade", "Upgrade: x"])
    assert (answer.status, answer.body) == (200, b"OK")


# -- CORS -----------------------------------------------------------------------------------------


def test_cors_only_if_configured(shared_daemon, make_daemon):
    assert ask(shared_daemon.unix()).header("Access-Control-Allow-Origin") is None
    daemon = make_daemon("--api-cors-header=http://a.example").start()
    for target, method in (("/_ping", "GET"), ("/v9.9/info", "GET"), ("/x", "OPTIONS")):
        answer = ask(daemon.unix(), target, method)
        assert answer.header("Access-Control-Allow-Origin") == "http://a.example"
        assert "PUT" in answer.header("Access-Control-Allow-Methods")
    assert ask(daemon.unix(), "/nosuch").header("Access-Control-Allow-Origin") is None
    old = make_daemon("--api-enable-cors").start()
    assert ask(old.unix(), "/v1.14/_ping").header("Access-Control-Allow-Origin") == "*"
