"""gantryctl, with a daemon, on dumps, and on small servers that answer as no good daemon would."""

import fcntl
import http.server
import json
import os
import pty
import re
import resource
import signal
import socket
import socketserver
import ssl
import struct
import subprocess
import termios
import threading
import time
from pathlib import Path

import pyte
import pytest

from daemon import PATIENCE, clean_environment, run, wait_until
from inspection import GANTRYCTL, inspected

MANUAL = Path(__file__).resolve().parents[2] / "app/ctl/gantryctl.8"

COMMANDS = ("top", "tree", "ps", "show", "kinds", "threads", "pool", "jobs", "connections",
            "streams", "containers", "requests", "trace", "deaths",
            "dead-letters", "stalls", "events", "web", "kill",
            "pause", "resume", "loglevel", "dump", "completion", "help", "version")


def actor(number, parent, kind, **more):
    return {"id": number, "parent": parent, "kind": kind, "name": kind, "state": "idle",
            "age_ns": 180 * 10**9, "mailbox": 0, "messages": 5, "busy_ns": 10**6, **more}


def dump_of(actors, **more):
    return {"time": "2026-11-22T01:47:25.261992917Z", "version": "0.1.0", "id": "6a67fe58",
            "pid": 4242, "uptime_ns": 10**10, "actors": actors,
            "pool": {"threads": 4, "capacity": 64, "tasks": []}, **more}


DUMP = dump_of(
    [actor(1, 0, "engine"), actor(2, 1, "router", state="running", message="run_job", mailbox=3,
                                  message_age_ns=1200000, oldest_ns=15000000, busy_ns=10**9),
     *(actor(n, 2, "connection", name=f"connection tcp://10.0.0.1:{n}") for n in range(10, 60))],
    kinds=[{"kind": "connection", "live": 50}, {"kind": "router", "live": 1}],
    jobs=[{"request": 77, "call": "ping()", "actor": 2, "client": "unix", "age_ns": 5000000}])


@pytest.fixture
def dump(tmp_path):
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(DUMP))
    return path


def ctl(*words, env=None, **more):
    return run(GANTRYCTL, *words, env={**clean_environment(), **(env or {})}, **more)


def said(*words, **more):
    """What it printed, after an end with 0 and without a complaint."""
    done = ctl(*words, **more)
    assert (done.returncode, done.stderr) == (0, ""), f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


class Api(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Answers `answers[target]`, a text or what makes the bytes of a stream; `requests` are those
    it got. On a unix socket, or on a port of `address` with TLS."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answers, path=None, context=None, address="127.0.0.1"):
        self.answers = answers
        self.requests = []
        self.context = context
        if path:
            self.address_family = socket.AF_UNIX
        super().__init__(path or (address, 0), ApiHandler)
        self.host = f"unix://{path}" if path else f"tcp://{address}:{self.server_address[1]}"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def finish_request(self, request, client_address):
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        """A client that leaves, or that is not let in, is no news."""

    def end(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


class ApiHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "test"

    def log_message(self, *_):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, body.decode()))
        found = self.server.answers.get(self.path)
        if callable(found):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for piece in found():
                self.wfile.write(piece.encode())
                self.wfile.flush()
            return
        status, text = (404, '{"message": "no such page"}') if found is None else (200, found)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_PUT = do_POST = do_DELETE = answer


@pytest.fixture
def serve(tmp_path):
    """Starts servers that end with the test: serve(ANSWERS, context=TLS, address=IP)."""
    made = []

    def start(answers, context=None, **more):
        path = None if context else str(tmp_path / f"s{len(made)}")
        made.append(Api(answers, path, context, **more))
        return made[-1]
    yield start
    for each in made:
        each.end()


class Screen:
    """gantryctl on a terminal of its own."""

    def __init__(self, *words, columns=100, lines=24, env=None):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        master, slave = pty.openpty()
        self.fd = master
        self.resize(columns, lines)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen(
            [GANTRYCTL, *map(str, words)], stdin=slave, stdout=slave, stderr=slave,
            env={**clean_environment(), "TERM": "xterm-256color", **(env or {})}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.set_blocking(master, False)

    def resize(self, columns, lines):
        self.screen.resize(lines, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self):
        try:
            while data := os.read(self.fd, 65536):
                self.raw += data
                self.stream.feed(data)
        except (BlockingIOError, OSError):
            pass
        return [line.rstrip() for line in self.screen.display]

    def until(self, text):
        """The lines once one of them matches the expression."""
        def seen():
            lines = self.read()
            return lines if any(re.search(text, line) for line in lines) else None
        return wait_until(seen, lambda: f"{text} on\n" + "\n".join(self.read()))

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def row(self, name):
        return next((y for y, line in enumerate(self.read()) if name in line), None)

    def end(self):
        """The exit status; the terminal has to be as it was."""
        status = self.process.wait(PATIENCE)
        self.read()
        assert termios.tcgetattr(self.slave) == self.before
        assert self.raw.rstrip().endswith(b"\x1b[?25h\x1b[?1049l"), self.raw[-200:]
        return status

    def dispose(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.fd)
        os.close(self.slave)


@pytest.fixture
def on_screen():
    """Runs gantryctl on a terminal: on_screen(WORD..., columns=, lines=)."""
    made = []

    def start(*words, **more):
        made.append(Screen(*words, **more))
        return made[-1]
    yield start
    for each in made:
        each.dispose()


# -- tables and exit statuses ------------------------------------------------------------------

def test_tables_of_a_dump(dump):
    lines = said("--file", dump, "ps", "--kind", "router").splitlines()
    assert lines == [
        "ID  PARENT  KIND    STATE    AGE  MAILBOX  OLDEST  MESSAGES  BUSY  WAIT99  HANDLE99  "
        "REQUEST  DOING          NAME",
        " 2       1  router  running   3m        3    15ms         5    1s       -         -  "
        "      -  run_job 1.2ms  router"]
    assert said("-f", dump, "jobs").splitlines()[1] == "     77      2  5ms  unix    ping()"
    tree = said("-f", dump, "tree").splitlines()
    assert tree[:3] == ["1 engine [idle]",
                        "└─ 2 router [running: run_job 1.2ms, 3 messages waiting]",
                        "   ├─ 10 connection tcp://10.0.0.1:10 [idle]"]
    assert said("-f", dump, "tree", env={"LC_ALL": "C"}).splitlines()[2].startswith("   |- 10")
    assert "facts" not in said("-f", dump, "show", "2")
    for command in ("kinds", "threads", "pool", "connections", "streams", "containers", "deaths",
                    "dead-letters", "stalls"):
        assert said("-f", dump, command)


def test_everything_is_one_object_for_scripts(dump):
    assert json.loads(said("-f", dump, "ps", "--json", "--limit", "3"))["total"] == 52
    for command in ("kinds", "threads", "pool", "jobs", "connections", "streams", "containers",
                    "requests", "deaths", "dead-letters", "stalls", "tree", "dump", "version"):
        assert isinstance(json.loads(said("-f", dump, command, "--json")), dict), command
    assert json.loads(said("-f", dump, "show", "2", "--json"))["children"] == list(range(10, 60))


def test_a_dump_may_come_from_stdin_and_is_written_for_its_owner(dump, tmp_path):
    with open(dump, "rb") as text:
        assert said("-f", "-", "jobs", stdin=text).count("\n") == 2
    written = tmp_path / "again.json"
    assert said("-f", dump, "dump", "-o", written) == ""
    assert written.stat().st_mode & 0o777 == 0o600
    assert [a["id"] for a in json.loads(written.read_text())["actors"]] == \
        [a["id"] for a in DUMP["actors"]]
    assert said("-f", written, "ps") == said("-f", dump, "ps")
    assert list(tmp_path.glob("*.part")) == []


def test_exit_statuses_and_what_is_told(dump, tmp_path):
    nobody = f"unix://{tmp_path}/none"
    for words, status, text in (
            (("-f", dump, "show", "7"), 3, "no such actor: 7"),
            (("-f", dump, "tree", "7"), 3, "no such actor: 7"),
            (("show",), 2, "ID is missing"),
            (("ps", "--state", "dead"), 2, "one of running, ready, idle, paused"),
            (("-f", dump, "events"), 2, "needs a daemon"),
            (("-f", dump, "kill", "2"), 2, "needs a daemon"),
            (("-f", dump, "trace", "2"), 2, "needs a daemon"),
            (("-f", dump, "trace", "-r", "2"), 1, "no such request: 2; only the last ones"),
            (("trace",), 2, "ID or --request is missing"),
            (("-H", nobody, "trace", "2"), 1, "is it running?"),
            (("-H", nobody, "kill", "2"), 1, "is it running?"),
            ((), 2, "Usage: gantryctl"),
            (("-H", nobody, "ps"), 1, "No such file or directory; is it running? --host says"),
            (("-H", nobody, "show", "7"), 1, "is it running?"),
            (("-H", nobody, "top"), 1, "is it running?"),
            (("-f", tmp_path / "none", "ps"), 1, "No such file or directory"),
            (("-f", MANUAL, "ps"), 1, "not a dump"),
            (("-f", dump, "dump", "-o", tmp_path / "no/where"), 1, "No such file or directory")):
        done = ctl(*words)
        assert (done.returncode, done.stdout) == (status, ""), f"{words}: {done.stderr}"
        assert text in done.stderr
    assert "No such file" in ctl("ps", env={"GANTRY_INSPECT": nobody}).stderr
    assert said("-H", nobody, "version").splitlines()[1].startswith("no daemon: cannot reach")


def test_who_may_not_is_told_what_to_do(serve):
    server = serve({})
    os.chmod(server.server_address, 0)
    done = run("setpriv", "--bounding-set=-dac_override,-dac_read_search", GANTRYCTL,
               "-H", server.host, "ps", env=clean_environment())
    assert done.returncode == 1
    assert "Permission denied; only root may: try it with sudo" in done.stderr


def test_a_closed_pipe_ends_it_quietly(dump):
    big = dict(DUMP, actors=[actor(n, 1, "connection") for n in range(1, 20000)])
    dump.write_text(json.dumps(big))
    with subprocess.Popen([GANTRYCTL, "-f", dump, "ps"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=clean_environment()) as process:
        assert process.stdout.readline().split()[0] == b"ID"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 0


def test_a_full_disk_is_told(dump):
    with open("/dev/full", "w") as full:
        done = subprocess.run([GANTRYCTL, "-f", dump, "ps"], stdout=full, stderr=subprocess.PIPE,
                              text=True, env=clean_environment(), check=False)
    assert (done.returncode, done.stderr) == (1, "gantryctl: write: No space left on device\n")


# -- daemons --------------------------------------------------------------------------------------

def test_asks_a_daemon(serve):
    server = serve({"/v1/": '{"version":"0.2.0","api":"v1"}',
                    "/v1/actors?kind=router&sort=mailbox": json.dumps({"actors": DUMP["actors"]}),
                    "/v1/loglevel": '{"level":"debug","for_ns":600000000000,"before":"info"}'})
    assert len(said("-H", server.host, "ps", "-k", "router", "-s", "mailbox").splitlines()) == 53
    assert "gantryd 0.2.0, inspection v1, at unix://" in said("-H", server.host, "version")
    assert said("-H", server.host, "loglevel", "debug", "--for", "10m") == \
        "log level is debug for 10m, it was info\n"
    assert server.requests[-1] == ("PUT", "/v1/loglevel", '{"level":"debug","for_ns":600000000000}')
    done = ctl("-H", server.host, "jobs")
    assert (done.returncode, done.stderr) == (1, "gantryctl: no such page\n")


def test_no_answer_in_time(serve):
    stuck = threading.Event()

    def never():
        stuck.wait(PATIENCE)
        yield ""
    server = serve({"/v1/jobs": never})
    begin = time.monotonic()
    done = ctl("-H", server.host, "--timeout", "200ms", "jobs")
    stuck.set()
    assert done.returncode == 1
    assert "did not answer within 200ms; --timeout lets it take longer" in done.stderr
    assert time.monotonic() - begin < PATIENCE / 2


def test_events_are_followed_until_the_end(serve):
    def events():
        yield ": here\n\n"
        yield 'event: actor\ndata: {"what":"spawned","id":12,"kind":"job","parent":3}\n\n'
        yield 'event: gap\ndata: {"lost":17}\n\n'
    server = serve({"/v1/events": events})
    done = ctl("-H", server.host, "events")
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} spawned job 12, parent 3\n"
                        r"\d\d:\d\d:\d\d\.\d{3} 17 events lost\n", done.stdout)
    assert (done.returncode, done.stderr) == (
        1, "gantryctl: gantryd has ended the stream of events\n")
    done = ctl("-H", server.host, "events", "--json")
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["actor", "gap"]


def tls_context(authority, verify=True):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.cert("server"), authority.key("server"))
    if verify:
        context.load_verify_locations(authority.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_tcp_is_tls_with_certificates_on_both_sides(serve, authority, tmp_path):
    server = serve({"/v1/jobs": json.dumps({"jobs": DUMP["jobs"]})}, tls_context(authority))
    known = ("--tlscacert", authority.ca)
    mine = ("--tlscert", authority.cert("client"), "--tlskey", authority.key("client"))
    assert "ping()" in said("-H", server.host, *known, *mine, "jobs")
    assert "ping()" in said("-H", server.host.replace("127.0.0.1", "localhost"), *known, *mine,
                            "jobs")
    # As docker finds them.
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    for name, source in (("ca", authority.ca), ("cert", authority.cert("client")),
                         ("key", authority.key("client"))):
        (certificates / f"{name}.pem").write_bytes(Path(source).read_bytes())
    assert "ping()" in said("-H", server.host, "jobs",
                            env={"DOCKER_CERT_PATH": str(certificates)})
    for flags, text in ((known, "certificate required"),
                        (mine, "x509: certificate signed by unknown authority"),
                        ((*known, "--tlscert", authority.cert("client")), "go together"),
                        (("--tlscacert", tmp_path / "none"), "cannot read authorities")):
        done = ctl("-H", server.host, *flags, "jobs", env={"HOME": str(tmp_path)})
        assert done.returncode == 1, done.stdout
        assert text in done.stderr


def test_a_name_that_the_certificate_does_not_have_is_refused(serve, authority):
    server = serve({}, tls_context(authority, verify=False), address="127.0.0.2")
    done = ctl("-H", server.host, "--tlscacert", authority.ca, "jobs")
    assert done.returncode == 1
    assert "x509: certificate is valid for" in done.stderr


# -- a running gantryd ------------------------------------------------------------------------------

def test_shows_a_running_daemon(shared_daemon, background):
    host = inspected(shared_daemon)
    follower = background("docker", "-H", shared_daemon.unix(), "events")
    wait_until(lambda: "events(" in said("-H", host, "jobs"), lambda: said("-H", host, "jobs"))
    job = said("-H", host, "jobs").splitlines()[1].split()
    rows = {line.split()[0]: line.split()[2] for line in said("-H", host, "ps").splitlines()[1:]}
    assert {"engine", "router", "listener"} <= set(rows.values()), rows
    assert job[1] in rows
    engine = next(number for number, kind in rows.items() if kind == "engine")
    shown = said("-H", host, "show", engine)
    assert re.search("^kind +engine$", shown, re.M) and "\nFacts\n" in shown
    assert re.search(rf"─ {job[1]} ", said("-H", host, "tree"))
    assert re.search(r"^io 0 ", said("-H", host, "threads"), re.M)
    assert re.match(r"\d+ threads?, room for \d+ tasks?; \d+ running", said("-H", host, "pool"))
    assert re.search("^connection +[1-9]", said("-H", host, "kinds"), re.M)
    connections = said("-H", host, "connections").splitlines()
    mine = [line for line in connections[1:] if str(follower.pid) in line.split()]
    assert len(mine) == 1 and f" {os.geteuid()} " in mine[0], connections
    for command in ("deaths", "dead-letters", "stalls"):
        assert said("-H", host, command)
    versions = said("-H", host, "version").splitlines()
    assert versions[1] == f"gantryd {versions[0].split()[1]}, inspection v1, at {host}"
    done = ctl("-H", host, "show", "999999999")
    assert (done.returncode, done.stderr) == (3, "gantryctl: no such actor: 999999999\n")


def test_a_dump_of_a_running_daemon_shows_the_same(shared_daemon, tmp_path):
    host = inspected(shared_daemon)
    path = tmp_path / "dump.json"
    assert said("-H", host, "dump", "-o", path) == ""

    def kinds(*words):
        return [line.split()[0] for line in said(*words, "kinds").splitlines()]
    assert kinds("-f", path) == kinds("-H", host)
    assert f"pid {shared_daemon.pid()} " in said("-f", path, "top")
    assert json.loads(path.read_text())["missing"] == []


def reading(follower, ask):
    """until(EXPRESSION) is its match in what a follower writes, while `ask` gives it news."""
    os.set_blocking(follower.stdout.fileno(), False)
    text = ""

    def until(expression):
        def found():
            nonlocal text
            ask()
            try:
                text += os.read(follower.stdout.fileno(), 65536).decode()
            except BlockingIOError:
                pass
            return re.search(expression, text, re.M)
        return wait_until(found, lambda: text)
    return until


def test_events_of_a_running_daemon(shared_daemon, docker, background):
    # Whoever runs the tests in the background may have them ignore SIGINT.
    follower = background("env", "--default-signal=INT", GANTRYCTL, "-H", inspected(shared_daemon),
                          "events")
    until = reading(follower, lambda: docker(shared_daemon.unix(), "version").check_returncode())
    number = until(r" spawned connection (\d+), parent \d+$")[1]
    until(rf" ended connection {number}\b")
    follower.send_signal(signal.SIGINT)
    assert follower.wait(PATIENCE) == -signal.SIGINT


def test_the_log_level_of_a_running_daemon(make_daemon, docker):
    daemon = make_daemon().start()
    host = inspected(daemon)
    assert said("-H", host, "loglevel", "debug") == "log level is debug, it was info\n"
    assert said("-H", host, "loglevel", "info") == "log level is info, it was debug\n"
    daemon.stop()
    done = ctl("-H", host, "loglevel", "debug")
    assert done.returncode == 1 and "is it running?" in done.stderr


def test_where_the_time_of_a_request_went(shared_daemon, docker, tmp_path):
    host = inspected(shared_daemon)
    assert docker(shared_daemon.unix(), "volume", "create", "traced").returncode == 0
    line, = (each for each in said("-H", host, "requests").splitlines()
             if "POST" in each and "/volumes/create" in each)
    number = line.split()[0]
    assert " 201 " in line
    lines = said("-H", host, "trace", "--request", number).splitlines()
    assert re.fullmatch(rf"request {number}: POST \S+/volumes/create", lines[0])
    assert re.match(r"unix, connection \d+, at \S+Z: status 201 after ", lines[1])
    steps = [re.split(r" {2,}", each.strip(), maxsplit=5)[-1] for each in lines[4:]]
    assert re.match("connection[^:]*: (start|gantry::core::io_ready)$", steps[0]), lines
    assert any("router: gantry::server::route_request" in each for each in lines)
    assert any("volumes: " in each for each in lines)
    # Later, elsewhere.
    path = tmp_path / "dump.json"
    said("-H", host, "dump", "-o", path)
    assert f"{number}  " in said("-f", path, "requests")
    assert said("-f", path, "trace", "-r", number).splitlines()[0] == lines[0]
    assert json.loads(said("-f", path, "trace", "-r", number, "--json"))["request"]["status"] == 201
    done = ctl("-H", host, "trace", "-r", "99999999")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no such request: 99999999" in done.stderr
    assert len(said("-H", host, "requests", "--limit", "2").splitlines()) == 3


def test_an_actor_is_followed(shared_daemon, docker, background):
    host = inspected(shared_daemon)
    listed = json.loads(said("-H", host, "ps", "-k", "engine", "--json"))["actors"]
    engine = str(listed[0]["id"])

    def traced():
        return json.loads(said("-H", host, "show", engine, "--json"))["traced"]
    follower = background("env", "--default-signal=INT", GANTRYCTL, "-H", host, "trace", engine)
    until = reading(follower, lambda: docker(shared_daemon.unix(), "version").check_returncode())
    until(r"^TIME +WAITED +TOOK +SENDER +REQUEST +MESSAGE$")
    until(r"^\S+ \S+ +\S+ +\S+ +\d+ +\d+  gantry::core::run_job$")
    assert traced()
    follower.send_signal(signal.SIGINT)
    assert follower.wait(PATIENCE) == 0
    assert not traced()
    # So many, or for so long.
    some = background(GANTRYCTL, "-H", host, "trace", engine, "--count", "3", "--json")
    wait_until(lambda: docker(shared_daemon.unix(), "version").returncode == 0 and
               some.poll() is not None, "it goes on")
    assert some.returncode == 0
    assert len([json.loads(line)["type"] for line in some.stdout.read().splitlines()]) == 3
    assert ctl("-H", host, "trace", engine, "--for", "50ms").returncode == 0
    assert not traced()
    done = ctl("-H", host, "trace", "99999999")
    assert (done.returncode, done.stderr) == (3, "gantryctl: no such actor: 99999999\n")


def test_actors_are_killed_paused_and_resumed(make_daemon, background):
    daemon = make_daemon().start()
    host = inspected(daemon)

    def states(*words):
        found = json.loads(said("-H", host, "ps", "--json", *words))["actors"]
        return {each["id"]: each["state"] for each in found}
    follower = background("docker", "-H", daemon.unix(), "events")
    job, = wait_until(lambda: states("-k", "events-job"), "no job")
    assert said("-H", host, "pause", job) == f"paused {job}\n"
    assert states("-k", "events-job") == {job: "paused"}
    assert said("-H", host, "resume", job, job) == f"resumed {job}\n" * 2
    wait_until(lambda: states("-k", "events-job") == {job: "idle"}, "it does not go on")
    connection, = states("-k", "connection")
    done = ctl("-H", host, "kill", connection, "99999999")
    assert (done.returncode, done.stdout) == (3, f"killed {connection}\n")
    assert done.stderr == "gantryctl: no such actor: 99999999\n"
    assert follower.wait(PATIENCE) != 0
    wait_until(lambda: not states("-k", "events-job"), "its job goes on")
    engine, = states("-k", "engine")
    done = ctl("-H", host, "kill", engine)
    assert done.returncode == 1 and "cannot do without" in done.stderr
    done = ctl("-H", host, "kill", engine, "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["done"] is False
    assert states("-k", "engine") == {engine: "idle"}
    daemon.wait_for_log(rf"kill actor {connection} \(connection.*outcome=done")


def test_a_trace_ends_with_its_actor_or_its_reader(serve, background):
    message = {"time": "2026-11-22T01:47:25.261992917Z", "type": "run_job", "sender": 3,
               "request": 77, "waited_ns": 1000, "took_ns": 2000}
    page = "/v1/actors/12/trace"
    answers = {page: json.dumps({"traced": True, "total": 70, "last": [message] * 64})}
    server = serve(answers)
    follower = background(GANTRYCTL, "-H", server.host, "trace", "12")
    lines = [follower.stdout.readline() for _ in range(66)]
    assert lines[0] == "6 messages lost\n"
    assert lines[2] == "2026-11-22 01:47:25.261     1us     2us        3       77  run_job\n"
    del answers[page]
    assert follower.wait(PATIENCE) == 0
    assert follower.stderr.read() == "gantryctl: actor 12 has ended\n"
    answers[page] = json.dumps({"traced": False, "total": 0, "last": []})
    done = ctl("-H", server.host, "trace", "12")
    assert (done.returncode, done.stderr) == (1, "gantryctl: somebody has ended the trace\n")
    answers[page] = "{}"
    assert "strange answer" in ctl("-H", server.host, "trace", "12").stderr
    # Nobody reads any more: the trace ends too.
    answers[page] = json.dumps({"traced": True, "total": 1, "last": [message]})
    follower = background(GANTRYCTL, "-H", server.host, "trace", "12")
    follower.stdout.close()
    answers[page] = json.dumps({"traced": True, "total": 2, "last": [message] * 2})
    assert follower.wait(PATIENCE) == 0
    assert server.requests[-1][:2] == ("DELETE", page)


def test_top_of_a_running_daemon(shared_daemon, docker, on_screen):
    top = on_screen("-H", inspected(shared_daemon), "top", "-d", "100ms", "--sort", "id")
    top.until(rf"^gantry \S+  pid {shared_daemon.pid()}  up ")
    top.type("/listener\r")
    lines = top.until(r'shown: with "listener"')
    assert any(line.split()[1:2] == ["listener"] for line in lines[5:])
    assert docker(shared_daemon.unix(), "version").returncode == 0
    top.type("\r")
    top.until("^kind +listener")
    top.until("^Facts")
    top.type("qq")
    assert top.end() == 0


# -- top --------------------------------------------------------------------------------------------

def test_top_prints_where_there_is_no_terminal(dump):
    lines = said("-f", dump, "top").splitlines()
    assert lines[0] == "gantry 0.1.0  pid 4242  up 10s  at 2026-11-22 01:47:25.261"
    assert "52 actors: 1 running, 0 ready, 51 idle, 0 paused" in lines[1]
    assert len(lines) == 5 + 52
    assert "\x1b" not in "".join(lines)


def test_top_looks_as_often_as_it_is_told(serve):
    looks = iter(range(1, 100))

    class Answers(dict):
        def get(self, path):
            return json.dumps(dict(DUMP, uptime_ns=next(looks) * 10**9))
    server = serve(Answers())
    text = said("-H", server.host, "top", "-b", "-n", "3", "-d", "100ms", "-k", "router")
    assert re.findall(r"up (\ds)", text) == ["1s", "2s", "3s"]
    assert said("-H", server.host, "top", "--once").count("gantry 0.1.0") == 1


def test_top_on_a_terminal(dump, on_screen):
    top = on_screen("-f", dump, "top", "--sort", "id")
    lines = top.until("connection tcp")
    assert lines[0].startswith("gantry 0.1.0  pid 4242")
    assert re.match(r" +ID▼ +KIND +STATE ", lines[4])
    assert lines[5].split()[0] == "59"
    assert lines[23].startswith("q quit")
    # Down: the cursor, shown in reverse, moves; the bottom of the list comes into sight.
    top.type("\x1b[B\x1b[B")
    wait_until(lambda: top.read() and top.screen.buffer[7][0].reverse, "the cursor in row 7")
    assert not top.screen.buffer[5][0].reverse
    top.type("\x1b[F")
    top.until(r"^ +1 +engine ")
    top.type("\x1b[H")
    top.until(r"^ +59 +connection ")
    # The order.
    top.type("M")
    assert top.until("MAILBOX▼")[5].split()[:2] == ["2", "router"]
    # A filter, typed.
    top.type("/:4")
    top.until("Show only: :4_")
    top.type("2\r")
    lines = top.until('1 shown: with ":42"')
    assert [line.split()[0] for line in lines[5:23] if line] == ["42"]
    top.type("\x1b")
    top.until(r"^ +2 +router ")
    # A tree, an actor, help.
    top.type("\x1b[15~")
    top.until("└─ router")
    top.type("\r")
    top.until("^Facts")
    top.type("x")
    top.until("└─ router")
    top.type("h")
    top.until("Keys of gantryctl top")
    top.type("\x1b[21~")
    top.until("└─ router")
    top.type("q")
    assert top.end() == 0


def test_top_follows_the_size_of_its_terminal(dump, on_screen):
    top = on_screen("-f", dump, "top", columns=100, lines=24)
    top.until("q quit")
    for columns, lines in ((60, 10), (130, 40), (20, 3), (100, 24)):
        top.resize(columns, lines)
        wait_until(lambda: top.read()[lines - 1].startswith("q quit"),
                   lambda: "\n".join(top.read()))
        wide = "WAIT99" in "\n".join(top.read())
        assert wide == (columns >= 130)
    top.type("q")
    assert top.end() == 0


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGINT", "SIGTERM", "SIGHUP"])
def test_top_leaves_the_terminal_as_it_was(dump, on_screen, how):
    top = on_screen("-f", dump, "top")
    top.until("q quit")
    if how == "Ctrl-C":
        top.type("\x03")
    else:
        top.process.send_signal(getattr(signal, how))
    assert top.end() == 0


def test_top_can_be_stopped_and_goes_on(dump, on_screen):
    top = on_screen("-f", dump, "top")
    top.until("q quit")
    top.type("\x1a")
    stat = Path(f"/proc/{top.process.pid}/stat")
    wait_until(lambda: stat.read_text().rsplit(")", 1)[1].split()[0] == "T", "it is stopped")
    top.read()
    assert termios.tcgetattr(top.slave) == top.before
    top.screen.reset()
    top.process.send_signal(signal.SIGCONT)
    top.until("q quit")
    top.type("q")
    assert top.end() == 0


def test_top_goes_on_when_the_daemon_comes_back(serve, on_screen):
    answers = {"/v1/": "{}", "/v1/dump": json.dumps(DUMP)}
    server = serve(answers)
    top = on_screen("-H", server.host, "top", "-d", "100ms")
    top.until("router")
    del answers["/v1/dump"]
    top.until("no such page")
    answers["/v1/dump"] = json.dumps(dump_of([actor(7, 0, "newcomer")]))
    top.until("newcomer")
    top.type(" ")
    top.until("^paused")
    top.type("q")
    assert top.end() == 0


def test_top_does_not_wait_for_an_answer_to_end(serve, on_screen):
    stuck = threading.Event()

    def never():
        stuck.wait(PATIENCE)
        yield ""
    server = serve({"/v1/": "{}", "/v1/dump": never})
    top = on_screen("-H", server.host, "--timeout", "60s", "top")
    top.until("asking")
    begin = time.monotonic()
    top.type("q")
    assert top.end() == 0
    assert time.monotonic() - begin < PATIENCE / 2
    stuck.set()


def test_colours_only_on_a_terminal_and_not_with_no_color(dump, on_screen):
    for words in (("ps", "-k", "router"), ("top",)):
        for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            shown = on_screen("-f", dump, *words, env=env)
            shown.until("router")
            if words == ("top",):
                shown.type("q")
            shown.process.wait(PATIENCE)
            shown.read()
            assert (re.search(rb"\x1b\[[0-9;]*m", shown.raw) is not None) == coloured, (words, env)


def test_lines_end_at_the_edge_of_the_terminal(dump, on_screen):
    cut = on_screen("-f", dump, "ps", columns=60)
    assert cut.process.wait(PATIENCE) == 0
    assert all(len(line) <= 60 for line in cut.read())
    assert cut.raw.count(b"\r\n") == 53
    whole = on_screen("-f", dump, "ps", "--no-trunc", columns=60)
    assert whole.process.wait(PATIENCE) == 0
    whole.read()
    assert b"connection tcp://10.0.0.1:10" in whole.raw


# -- completions, manual, start ---------------------------------------------------------------------

def completed_by_bash(line, env):
    words = line.split(" ")
    script = ('eval "$("$0" completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              '_gantryctl; printf "%s\\n" "${COMPREPLY[@]}"')
    return run("bash", "-c", script, GANTRYCTL, *words, env=env).stdout.split()


def completed_by_fish(line, env):
    script = f'"{GANTRYCTL}" completion fish | source; complete -C "$argv[1]"'
    done = run("fish", "--no-config", "-c", script, line, env=env)
    return [entry.split("\t")[0] for entry in done.stdout.splitlines()]


#: An interactive zsh: one key lists what it offers, the other tells that the list is written.
ZSHRC = f"""PS1='> '
autoload -Uz compinit; compinit -u -D
eval "$('{GANTRYCTL}' completion zsh)"
offer() {{ zle list-choices; POSTDISPLAY=' offered' }}
tell() {{ print -n '\\e]0;written\\a' >$TTY }}
zle -N offer; zle -N tell
bindkey '^X' offer; bindkey '^Y' tell
print ready
"""


def completed_by_zsh(line, env, home):
    home.mkdir(exist_ok=True)
    (home / ".zshrc").write_text(ZSHRC)
    screen = pyte.Screen(200, 80)
    stream = pyte.ByteStream(screen)
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe("zsh", ["zsh", "-i"], {**env, "ZDOTDIR": str(home), "TERM": "xterm"})
    try:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 80, 200, 0, 0))
        os.set_blocking(fd, False)

        def display():
            try:
                while data := os.read(fd, 65536):
                    stream.feed(data)
            except (BlockingIOError, OSError):
                pass
            return "\n".join(line.rstrip() for line in screen.display)
        wait_until(lambda: "ready\n>" in display(), display)
        os.write(fd, f"{line}\x18".encode())
        wait_until(lambda: "offered" in display(), display)
        os.write(fd, b"\x19")
        wait_until(lambda: display() and screen.title == "written", display)
        return display().split()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_completions(shell, serve, tmp_path):
    server = serve({"/v1/kinds": json.dumps({"kinds": DUMP["kinds"]}),
                    "/v1/actors": json.dumps({"actors": DUMP["actors"]})})
    path = f"{Path(GANTRYCTL).parent}:{os.environ['PATH']}"
    env = clean_environment(PATH=path, GANTRY_INSPECT=server.host, HOME=str(tmp_path))

    def offered(line):
        if shell == "zsh":
            return completed_by_zsh(line, env, tmp_path / "zsh")
        return (completed_by_bash if shell == "bash" else completed_by_fish)(line, env)
    assert set(COMMANDS) <= set(offered("gantryctl "))
    assert {"dead-letters", "deaths"} <= set(offered("gantryctl de"))
    assert {"--kind", "--sort", "--limit", "--json"} <= set(offered("gantryctl ps --"))
    assert "--batch" not in offered("gantryctl ps --")
    assert {"running", "ready", "idle", "paused"} <= set(offered("gantryctl ps --state "))
    assert {"debug", "fatal"} <= set(offered("gantryctl --json loglevel "))
    assert {"connection", "router"} <= set(offered("gantryctl ps --kind "))
    assert {"1", "2", "10"} <= set(offered("gantryctl show "))


def test_the_manual_is_well_formed():
    done = run("groff", "-man", "-ww", "-Tutf8", "-z", MANUAL)
    assert (done.returncode, done.stderr) == (0, "")


def test_starts_in_milliseconds(dump):
    """Without what the daemon is made of: that is what keeps it quick."""
    loaded = run("ldd", GANTRYCTL).stdout
    assert not re.search("libcaf|libboost_url|libsqlite|libarchive|libspdlog", loaded), loaded
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(5):
        said("--version")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 5
    sanitized = "libasan" in loaded
    assert used < (1.0 if sanitized else 0.02), f"{used:.3f} s of the processor for a start"
