"""The debug routes of a daemon under --debug, read by the tools that they are for."""

import json
import os
import re
import shutil

import pytest

from daemon import Daemon, gantryd, run
from wire import Wire, ask


@pytest.fixture(scope="module")
def server():
    daemon = Daemon("--debug", hosts=("unix", "tcp://127.0.0.1:0")).start()
    yield daemon
    daemon.dispose()


def test_only_with_debug(daemon):
    for path in ("/debug/vars", "/debug/pprof/", "/debug/pprof/cmdline"):
        assert ask(daemon.unix(), path).status == 404


def test_vars(server):
    answer = ask(server.unix(), "/debug/vars")
    assert answer.status == 200
    assert answer.header("Content-Type").startswith("application/json")
    said = json.loads(answer.body)
    assert said["cmdline"][0] == gantryd()
    assert said["memstats"]
    assert ask(server.unix(), "/v1.24/debug/vars").status == 200


def test_index_and_cmdline(server):
    index = ask(server.unix(), "/debug/pprof/")
    assert (index.status, index.header("Content-Type")) == (200, "text/html; charset=utf-8")
    for name in ("goroutine", "heap", "threadcreate"):
        assert name in index.text()
    cmdline = ask(server.unix(), "/debug/pprof/cmdline").body
    assert cmdline.split(b"\0")[0].decode() == gantryd()


def test_actors_stand_where_goroutines_stood(server):
    for level in (1, 2):
        answer = ask(server.unix(), f"/debug/pprof/goroutine?debug={level}")
        assert answer.status == 200
        for kind in ("engine", "listener", "connection"):
            assert kind in answer.text()


def test_symbols_by_get_and_post(server):
    assert re.match(r"num_symbols: [1-9]", ask(server.unix(), "/debug/pprof/symbol").text())
    address = run("nm", "-C", "--defined-only", gantryd()).stdout
    main = re.search(r"^([0-9a-f]+) T main$", address, re.M)
    program = os.path.realpath(gantryd())
    base = min(int(line.split("-")[0], 16) for line in open(f"/proc/{server.pid()}/maps")
               if line.rstrip().endswith(program))
    # A position-independent program starts at 0 in its file.
    where = int(main.group(1), 16)
    where += base if where < base else 0
    for answer in (ask(server.unix(), f"/debug/pprof/symbol?0x{where:x}"),
                   ask(server.unix(), "/debug/pprof/symbol", "POST", body=f"0x{where:x}".encode())):
        assert re.search(rf"^0x0*{where:x}[\t ]main", answer.text(), re.M), answer.text()


def test_the_heap_is_sampled(server, tmp_path):
    """From the start on; but for builds whose sanitizer has an allocator of its own."""
    text = ask(server.unix(), "/debug/pprof/heap?debug=1").text()
    if "this build has another allocator" in text:
        assert text.startswith("heap profile: 0: 0 [0: 0] @ heap/")
        return
    assert "not sampled" not in text
    # Half a megabyte of allocations is a sample on average.
    for _ in range(200):
        assert ask(server.unix(), "/version").status == 200
    profile = tmp_path / "heap"
    profile.write_bytes(ask(server.unix(), "/debug/pprof/heap").body)
    total = re.match(r"heap profile: \d+: \d+ \[(\d+): (\d+)\]", profile.read_text())
    assert int(total.group(1)) > 0 and int(total.group(2)) > 0
    done = run("google-pprof", "--text", "--alloc_space", gantryd(), profile,
               env={**os.environ, "PPROF_TMPDIR": str(tmp_path)})
    assert done.returncode == 0 and "gantry::" in done.stdout, done.stdout + done.stderr


def test_a_profile_opens_in_pprof_and_names_functions(server, tmp_path):
    profile = tmp_path / "profile"
    with Wire(server.unix()) as slow:
        slow.send(b"GET /debug/pprof/profile?seconds=2 HTTP/1.1\r\nHost: d\r\n\r\n")
        with Wire(server.bound()) as busy:
            requests = b"GET /nosuch HTTP/1.1\r\nHost: d\r\n\r\n" * 50
            slow.socket.setblocking(False)
            while True:
                busy.send(requests)
                for _ in range(50):
                    assert busy.read_response().status == 404
                try:
                    slow.buffer += slow.socket.recv(65536)
                    break
                except BlockingIOError:
                    continue
        slow.socket.settimeout(30)
        answer = slow.read_response()
    assert answer.status == 200
    profile.write_bytes(answer.body)
    assert shutil.which("google-pprof"), "google-perftools is not installed"
    done = run("google-pprof", "--text", gantryd(), profile,
               env={**os.environ, "PPROF_TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert "gantry::" in done.stdout, done.stdout
