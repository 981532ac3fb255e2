"""The inspection of a daemon: its socket and pages, asked by curl and by hand, also while the daemon
is busy, stuck or coming apart; what the document says against what is answered."""

import json
import os
import re
import signal
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
import yaml

from daemon import ROOT, run, wait_until
from tls_test import context, mutual_flags
from wire import Wire, ask

DOCUMENT = yaml.safe_load((ROOT / "app/inspect/openapi.yaml").read_text())


def socket_of(daemon):
    return str(daemon.directory / "x" / "inspect.sock")


def curl(daemon, page, *words):
    """Status and body, by the program that people use."""
    done = run("curl", "-sS", "--max-time", "20", "--unix-socket", socket_of(daemon),
               "-w", "\n%{http_code}", *words, f"http://inspect{page}")
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def get(daemon, page):
    status, body = curl(daemon, page)
    assert status == 200, body
    return json.loads(body)


def actors(daemon, **query):
    words = "&".join(f"{k}={v}" for k, v in query.items())
    return get(daemon, f"/v1/actors?{words}")["actors"]


@pytest.fixture(scope="module")
def asked(shared_daemon):
    """A daemon that is only asked things."""
    return shared_daemon


# -- the socket -------------------------------------------------------------------------------------

def test_only_the_daemons_user_may_connect(asked):
    facts = os.stat(socket_of(asked))
    assert stat.S_ISSOCK(facts.st_mode)
    assert stat.S_IMODE(facts.st_mode) == 0o600
    assert facts.st_uid == os.geteuid()
    # The exec root lets others through to what is below.
    done = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "curl", "-sS",
               "--unix-socket", socket_of(asked), "http://inspect/v1/")
    assert done.returncode != 0
    assert "version" not in done.stdout


def test_the_socket_goes_with_the_daemon_and_comes_back(make_daemon):
    daemon = make_daemon().start()
    path = Path(socket_of(daemon))
    assert path.is_socket()
    assert daemon.stop() == 0
    assert not path.exists()
    daemon.start()
    daemon.kill()
    assert path.is_socket()  # left behind
    daemon.start()
    assert get(daemon, "/v1/")["pid"] == daemon.pid()


def test_where_it_is_served(make_daemon, tmp_path):
    elsewhere = tmp_path / "i"
    daemon = make_daemon(config={"inspect-host": f"unix://{elsewhere}"}).start()
    assert elsewhere.is_socket()
    assert not Path(socket_of(daemon)).exists()
    daemon.stop()

    none = make_daemon("--inspect-host", "none").start()
    assert not Path(socket_of(none)).exists()
    threads = Path(f"/proc/{none.pid()}/task")
    names = {(t / "comm").read_text().strip() for t in threads.iterdir()}
    assert "gantry-inspect" not in names

    for wrong in ("fd://", "", "unix://", "http://x"):
        daemon = make_daemon("--inspect-host", wrong).spawn()
        assert daemon.wait() == 1
        assert not re.search("Starting up", daemon.log())
    daemon = make_daemon("--inspect-host", "tcp://127.0.0.1:0").spawn()
    assert daemon.wait() == 1
    assert "needs --tlsverify" in daemon.log()


def test_an_address_that_cannot_be_had_ends_the_start(make_daemon, tmp_path, asked):
    taken = make_daemon("--inspect-host", f"unix://{socket_of(asked)}").spawn()
    assert taken.wait() == 1
    assert "another daemon is listening on it" in taken.log()
    assert get(asked, "/v1/")["pid"] == asked.pid()
    nowhere = make_daemon("--inspect-host", f"unix://{tmp_path}/no/such/i").spawn()
    assert nowhere.wait() == 1


def test_a_root_too_deep_for_a_socket_costs_a_warning(make_daemon):
    daemon = make_daemon()
    command = daemon.command()
    command[command.index("--exec-root") + 1] = str(daemon.directory / ("x" * 90))
    daemon.command = lambda: command
    daemon.start()
    daemon.wait_for_log("the daemon cannot be inspected")


def test_over_tls_with_client_certificates_alone(make_daemon, authority):
    daemon = make_daemon(*mutual_flags(authority), "--inspect-host", "tcp://127.0.0.1:0").start()
    where = daemon.wait_for_log(r'Inspection on tcp://127.0.0.1:(\d+)').group(1)

    def answer(tls, target, method="GET", body=b""):
        sock = socket.create_connection(("127.0.0.1", int(where)), 30)
        with Wire(tls.wrap_socket(sock, server_hostname="localhost")) as wire:
            return wire.ask(target, method, body=body)
    alice = context(authority, "client")
    assert json.loads(answer(alice, "/v1/").body)["api"] == "v1"
    refused = answer(alice, "/v1/loglevel", "PUT", b'{"level":"debug"}')
    assert refused.status == 403
    daemon.wait_for_log("audit.*refused|refused.*audit")
    with pytest.raises((ssl.SSLError, ConnectionResetError, EOFError, BrokenPipeError)):
        answer(context(authority), "/v1/")
    # Certificates that were renewed in place are read by SIGHUP.
    daemon.send(signal.SIGHUP)
    daemon.wait_for_log("Reloaded the configuration")
    assert answer(alice, "/v1/").status == 200


# -- the pages --------------------------------------------------------------------------------------

def resolved(schema):
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def differences(value, schema, where="answer"):
    """Where a value is not what its schema says."""
    schema = resolved(schema)
    if "allOf" in schema:
        parts = [resolved(s) for s in schema["allOf"]]
        schema = {"type": "object", "required": [], "properties": {}}
        for part in parts:
            schema["required"] = schema["required"] + part.get("required", [])
            schema["properties"] = {**schema["properties"], **part.get("properties", {})}
    kind = schema["type"]
    python = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
              "number": (int, float)}[kind]
    if not isinstance(value, python) or (kind == "integer" and isinstance(value, bool)):
        return [f"{where}: {value!r} is no {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r}"]
    found = []
    if kind == "object" and "additionalProperties" not in schema:
        found += [f"{where}.{name} is missing" for name in schema["required"] if name not in value]
        known = schema["properties"]
        found += [f"{where}.{name} is not documented" for name in value if name not in known]
        for name, each in value.items():
            if name in known:
                found += differences(each, known[name], f"{where}.{name}")
    if kind == "array":
        for i, each in enumerate(value):
            found += differences(each, schema["items"], f"{where}[{i}]")
    if schema.get("format") == "date-time" and not re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", value):
        found.append(f"{where}: {value!r} is no moment")
    return found


def test_answers_are_what_the_document_says(asked, docker):
    # So that there is something to be seen in most of them.
    with Wire(asked.unix()) as idle, Wire(asked.bound()) as follower:
        idle.ask()
        follower.send(b"GET /v1.44/events HTTP/1.1\r\nHost: d\r\n\r\n")
        follower.read_head()
        asked_pages = 0
        for page, methods in DOCUMENT["paths"].items():
            if "get" not in methods:
                continue
            said = methods["get"]["responses"]["200"]["content"]
            if "application/json" not in said:
                continue
            schema = said["application/json"]["schema"]
            those = get(asked, "/v1/requests")["requests"] if "requests" in page else actors(asked)
            for one in those if "{id}" in page else [None]:
                answer = get(asked, page.replace("{id}", str(one and one["id"])))
                assert differences(answer, schema) == [], page
                asked_pages += 1
        assert asked_pages > 20
        assert get(asked, "/v1/connections")["connections"]
        assert get(asked, "/v1/jobs")["jobs"]
        assert get(asked, "/v1/requests")["requests"]


def test_the_document_is_served(asked):
    status, text = curl(asked, "/v1/openapi.yaml")
    assert status == 200
    assert yaml.safe_load(text) == DOCUMENT


def test_wrong_questions(asked):
    for page, status, word in (("/v1/actors?sort=weight", 400, "sort"),
                               ("/v1/actors?shape=round", 400, "shape"),
                               ("/v1/actors?state=asleep", 400, "state"),
                               ("/v1/actors?limit=many", 400, "limit"),
                               ("/v1/jobs?x=1", 400, "x"),
                               ("/v1/actors?request=x", 400, "request"),
                               ("/v1/requests?limit=x", 400, "limit"),
                               ("/v1/requests/99999999", 404, "no such request: 99999999"),
                               ("/v1/actors/99999999/trace", 404, "no such actor: 99999999"),
                               ("/v1/actors/99999999", 404, "no such actor: 99999999"),
                               ("/v2/actors", 404, "/v2/actors")):
        answered, body = curl(asked, page)
        assert answered == status, page
        assert word in json.loads(body)["message"]
    status, body = curl(asked, "/v1/actors", "-X", "POST")
    assert status == 405


def test_actors_and_their_tree(asked):
    engine, = actors(asked, kind="engine")
    assert engine["parent"] == 0
    detail = get(asked, f"/v1/actors/{engine['id']}")
    assert detail["facts"]["phase"] == "running"
    assert detail["facts_missing"] == ""
    assert detail["children"]
    listeners = actors(asked, kind="listener", sort="-id")
    assert {a["name"] for a in listeners} == {f"listener {asked.unix()}",
                                              f"listener {asked.bound()}"}
    limited = get(asked, "/v1/actors?sort=messages&limit=2")
    assert limited["total"] > 2
    first, second = limited["actors"]
    assert first["messages"] >= second["messages"]

    def below(node):
        return [node["id"], *(i for child in node["children"] for i in below(child))]
    roots = get(asked, "/v1/tree")["roots"]
    listed = [i for root in roots for i in below(root)]
    assert len(listed) == len(set(listed))
    tree_of_engine, = (r for r in roots if r["id"] == engine["id"])
    assert {a["id"] for a in listeners} <= set(below(tree_of_engine))


def test_who_is_connected_and_what_he_does(asked):
    with Wire(asked.unix()) as follower:
        follower.send(b"GET /v1.44/events?filters=%7B%7D HTTP/1.1\r\nHost: d\r\n\r\n")
        follower.read_head()

        def connection():
            mine = [c for c in get(asked, "/v1/connections")["connections"]
                    if c["pid" if "pid" in c else "peer"] == os.getpid() and c["doing"]]
            return mine[0] if mine else None
        seen = wait_until(connection, "no connection of mine")
        assert seen["doing"] == "GET /v1.44/events?filters=%7B%7D"
        assert seen["uid"] == os.geteuid()
        assert seen["listener"] == asked.unix()
        assert seen["peer"] == "unix"
        # One number from the connection to the job and its actor.
        number = seen["request"]
        job, = (j for j in get(asked, "/v1/jobs")["jobs"] if j["request"] == number)
        assert job["call"].startswith("events")
        assert job["client"] == "unix"
        doer = get(asked, f"/v1/actors/{job['actor']}")["actor"]
        assert doer["request"] == number
        assert job["call"] in doer["name"]
        assert get(asked, f"/v1/actors/{seen['actor']}")["actor"]["request"] == number
    wait_until(lambda: number not in [j["request"] for j in get(asked, "/v1/jobs")["jobs"]],
               "its job goes on")


def test_dump_is_everything(asked):
    dump = get(asked, "/v1/dump")
    assert dump["id"] == json.loads(ask(asked.unix(), "/info").body)["ID"]
    assert dump["missing"] == []
    assert {t["name"] for t in dump["threads"]} >= {"io 0"}
    assert {k["kind"] for k in dump["kinds"]} >= {"engine", "listener", "router"}
    assert dump["pid"] == asked.pid()


# -- changes ----------------------------------------------------------------------------------------

def test_log_level_for_a_time(make_daemon):
    daemon = make_daemon().start()
    status, body = curl(daemon, "/v1/loglevel", "-X", "PUT", "-d",
                        json.dumps({"level": "debug", "for_ns": 500_000_000}))
    assert (status, json.loads(body)) == (
        200, {"level": "debug", "for_ns": 500_000_000, "before": "info"})
    daemon.wait_for_log(r'component=audit.*uid=0')
    daemon.wait_for_log("the log level goes back")
    assert get(daemon, "/v1/loglevel") == {"level": "info"}
    status, _ = curl(daemon, "/v1/loglevel", "-X", "PUT", "-d", '{"level":"debug"}')
    assert status == 200
    # Lines of a request have its number, whoever writes them.
    ask(daemon.unix(), "/v1.44/images/json")
    daemon.wait_for_log(r'\+job.*request=\d+')
    assert curl(daemon, "/v1/loglevel", "-X", "PUT", "-d", '{"level":"loud"}')[0] == 400


# -- events -----------------------------------------------------------------------------------------

def test_events_tell_what_comes_and_goes(asked):
    with Wire(f"unix://{socket_of(asked)}") as events:
        events.send(b"GET /v1/events HTTP/1.1\r\nHost: i\r\n\r\n")
        head = events.read_head()
        assert head.header("Content-Type") == "text/event-stream"
        text = ""
        asked_once = False
        while not re.search(r'"what":"ended","id":\d+,"kind":"connection"', text):
            if not asked_once:
                asked_once = True
                ask(asked.unix(), "/_ping")
            text += events.read_chunk().decode()
        spawned = re.search(r'event: actor\ndata: ({"what":"spawned"[^\n]*"connection"[^\n]*})\n\n',
                            text)
        change = json.loads(spawned.group(1))
        assert differences(change, {"$ref": "#/components/schemas/actor_change"}) == []


# -- trouble ----------------------------------------------------------------------------------------

def test_stuck_clients_cost_nobody_else(asked):
    idle = []
    try:
        # More than there are places: the first ones have to go.
        for i in range(40):
            idle.append(Wire(f"unix://{socket_of(asked)}"))
            if i % 2:
                idle[-1].send(b"GET /v1/act")
        assert get(asked, "/v1/")["pid"] == asked.pid()
        assert ask(asked.unix(), "/_ping").status == 200
    finally:
        for wire in idle:
            wire.socket.close()
    assert get(asked, "/v1/")["pid"] == asked.pid()


def test_it_answers_while_others_keep_the_daemon_busy(asked):
    stop = threading.Event()

    def load():
        with Wire(asked.bound()) as wire:
            while not stop.is_set():
                assert wire.ask("/_ping").status == 200
    threads = [threading.Thread(target=load) for _ in range(4)]
    for t in threads:
        t.start()
    try:
        def there():
            return [a for a in get(asked, "/v1/dump")["actors"] if a["kind"] == "connection"]
        wait_until(lambda: len(there()) >= 4, there)
        for _ in range(10):
            assert len(there()) >= 4
    finally:
        stop.set()
        for t in threads:
            t.join()
    # While the last of them come apart, one figure may be read before a message and another after.
    asked.wait_for_no_connections()
    kind, = (k for k in get(asked, "/v1/kinds")["kinds"] if k["kind"] == "connection")
    assert kind["messages"] > 0
    assert kind["handling"]["count"] == kind["messages"]
    assert sum(n for _, n in kind["handling"]["buckets"]) == kind["handling"]["count"]


def test_containers_have_their_names(d, daemon):
    d("create", "--name", "first", "bb:1", "true")
    named = actors(daemon, kind="container")
    assert [a["name"] for a in named] == ["container first"]
    d("rename", "first", "second")
    assert [a["name"] for a in actors(daemon, kind="container")] == ["container second"]


# -- requests and traces ----------------------------------------------------------------------------

def requests_of(daemon, word):
    return [r for r in get(daemon, "/v1/requests")["requests"] if word in r["call"]]


def trace_of(daemon, request):
    return get(daemon, f"/v1/requests/{request['id']}")


def test_a_run_is_seen_from_its_connections_to_its_container(d, daemon):
    assert d("run", "--name", "seen", "bb:1", "echo", "here") == "here\n"
    # What it has asked, whatever a monitor asks beside it.
    with Wire(daemon.unix()) as monitor:
        for _ in range(200):
            assert monitor.ask("/_ping").status == 200
    container = json.loads(d("inspect", "seen"))[0]["Id"]
    created, = requests_of(daemon, "/containers/create")
    attached, = requests_of(daemon, f"/containers/{container}/attach")
    waited, = requests_of(daemon, f"/containers/{container}/wait")
    started, = requests_of(daemon, f"/containers/{container}/start")
    for request, status in ((created, 201), (attached, 101), (waited, 200), (started, 204)):
        assert request["over"] and request["status"] == status, request
        assert request["client"] == "unix" and request["took_ns"] > 0
        trace = trace_of(daemon, request)
        # Moments are as exact as clocks can be compared.
        assert {k: v for k, v in trace["request"].items() if k not in ("time", "took_ns")} == \
            {k: v for k, v in request.items() if k not in ("time", "took_ns")}
        assert trace["request"]["took_ns"] == pytest.approx(request["took_ns"], rel=0.01)
        assert trace["missing"] == ""
        spans = trace["spans"]
        assert spans and all(s["request"] == request["id"] for s in spans)
        assert [s["time"] for s in spans] == sorted(
            (s["time"] for s in spans), key=lambda t: t.rstrip("Z").ljust(30, "0"))
        # First its connection, then who finds its route, then who starts its job.
        first = list(dict.fromkeys(s["kind"] for s in spans))
        assert first[:3] == ["connection", "router", "engine"], first
        assert spans[0]["actor"] == request["connection"]
        # A fast client's first head is there when the connection starts.
        assert spans[0]["message"] in ("start", "gantry::core::io_ready")
        assert any(s["kind"].endswith("job") for s in spans), first
        assert all(s["took_ns"] <= request["took_ns"] * 1000 for s in spans)
    kinds = {s["kind"] for s in trace_of(daemon, started)["spans"]}
    assert {"container", "worker"} <= kinds
    named = {s["name"] for s in trace_of(daemon, started)["spans"] if s["kind"] == "container"}
    assert named == {"container seen"}
    assert "container" in {s["kind"] for s in trace_of(daemon, waited)["spans"]}
    # One that waits for its answer is at work, and so is what works for it.
    assert requests_of(daemon, "/_ping")
    assert len(get(daemon, "/v1/requests?limit=3")["requests"]) == 3


def test_a_request_at_work_and_who_works_for_it(asked):
    with Wire(asked.unix()) as follower:
        follower.send(b"GET /v1.44/events?since=1 HTTP/1.1\r\nHost: d\r\n\r\n")
        follower.read_head()
        request, = wait_until(lambda: requests_of(asked, "/events?since=1"), "no such request")
        assert not request["over"] and request["status"] == 0
        assert get(asked, "/v1/requests")["requests"][0]["over"] is False
        workers = {a["kind"] for a in actors(asked, request=request["id"])}
        assert {"connection", "events-job"} <= workers
        spans = trace_of(asked, request)["spans"]
        assert {"connection", "router", "engine", "events-job"} <= {s["kind"] for s in spans}
    over = wait_until(lambda: [r for r in requests_of(asked, "/events?since=1") if r["over"]],
                      "it goes on")
    assert over[0]["id"] == request["id"] and over[0]["status"] == 200
    # In a dump it can be looked at later.
    dump = get(asked, "/v1/dump")
    assert request["id"] in [r["id"] for r in dump["requests"]]
    assert request["id"] in [s["request"] for s in dump["spans"]]


def test_an_actors_messages_are_kept_while_it_is_traced(asked):
    router, = actors(asked, kind="router", name="")[:1]
    routers = [a["id"] for a in actors(asked, kind="router")]
    for number in routers:
        assert curl(asked, f"/v1/actors/{number}/trace", "-X", "POST")[0] == 204
    for _ in range(5):
        ask(asked.unix(), "/_ping")

    def seen():
        rows = [get(asked, f"/v1/actors/{n}/trace") for n in routers]
        return rows if sum(row["total"] for row in rows) >= 5 else None
    rows = wait_until(seen, "no messages")
    messages = [m for row in rows for m in row["last"]]
    routed = [m for m in messages if m["type"] == "gantry::server::route_request"]
    assert len(routed) >= 5
    assert all(m["sender"] and m["request"] for m in routed)
    assert get(asked, f"/v1/actors/{router['id']}")["traced"]
    for number in routers:
        assert curl(asked, f"/v1/actors/{number}/trace", "-X", "DELETE")[0] == 204
        assert get(asked, f"/v1/actors/{number}/trace") == {"traced": False, "total": 0, "last": []}


# -- kill, pause, resume ------------------------------------------------------------------------------

def change(daemon, actor, verb):
    return curl(daemon, f"/v1/actors/{actor['id']}/{verb}", "-X", "POST")[0]


def test_changes_are_for_root_and_are_written_down(make_daemon):
    daemon = make_daemon().start()
    engine, = actors(daemon, kind="engine")
    # Modes keep others out; what if somebody has changed them?
    for path, mode in ((daemon.directory, 0o755), (daemon.directory / "x", 0o755),
                       (socket_of(daemon), 0o666)):
        os.chmod(path, mode)
    for verb, method in (("kill", "POST"), ("pause", "POST"), ("resume", "POST"),
                         ("trace", "POST"), ("trace", "DELETE")):
        done = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "curl", "-sS",
                   "-X", method, "-w", "\n%{http_code}", "--unix-socket", socket_of(daemon),
                   f"http://inspect/v1/actors/{engine['id']}/{verb}")
        assert done.stdout.endswith("\n403"), done.stdout + done.stderr
        assert "changes are for root" in done.stdout
        words = "end the trace of" if method == "DELETE" else verb
        daemon.wait_for_log(rf'"{words} actor {engine["id"]} \(engine\)".*component=audit'
                            r'.*outcome=refused.*uid=65534')
    assert actors(daemon, kind="engine")[0]["state"] == "idle"
    assert ask(daemon.unix(), "/_ping").status == 200
    # Root may; but not everything without saying so twice.
    assert change(daemon, engine, "kill") == 409
    assert change(daemon, engine, "pause") == 204
    daemon.wait_for_log(r'pause actor \d+ \(engine\).*outcome=done.*uid=0')
    assert change(daemon, engine, "resume") == 204
    assert ask(daemon.unix(), "/_ping").status == 200
    assert change(daemon, {"id": 99999999}, "kill") == 404
    daemon.wait_for_log(r'kill actor.*99999999.*outcome="no such actor"')


def test_a_killed_connection_is_gone_and_its_job_too(asked):
    with Wire(asked.unix()) as follower:
        follower.send(b"GET /v1.44/events?since=2 HTTP/1.1\r\nHost: d\r\n\r\n")
        follower.read_head()
        request, = wait_until(lambda: requests_of(asked, "/events?since=2"), "no such request")
        assert change(asked, {"id": request["connection"]}, "kill") == 204
        with pytest.raises((EOFError, ConnectionResetError)):
            while True:
                follower.read_chunk()
    wait_until(lambda: not actors(asked, request=request["id"]), "somebody works for it")
    death = get(asked, "/v1/deaths")["deaths"][-1]
    assert death["kind"] == "connection" and death["reason"] == "exit_reason::kill"


def test_a_paused_containers_stop_waits_until_it_is_resumed(d, daemon, background, docker):
    for name in ("held", "free"):
        d("run", "-d", "--name", name, "bb:1", "sleep", "1000")
    held, = (a for a in actors(daemon, kind="container") if a["name"] == "container held")
    assert change(daemon, held, "pause") == 204
    stop = background("docker", "-H", daemon.unix(), "stop", "-t", "0", "held")
    wait_until(lambda: requests_of(daemon, "/stop"), "no stop")
    paused, = wait_until(lambda: actors(daemon, state="paused", sort="mailbox"), "none is paused")
    assert paused["id"] == held["id"]
    wait_until(lambda: actors(daemon, state="paused")[0]["mailbox"] > 0, "nothing waits for it")
    # Others go on, and so does what needs nothing of it but what it has told before.
    d("stop", "-t", "0", "free")
    assert "held" in d("ps", "--format", "{{.Names}}")
    assert stop.poll() is None
    # A client that gives up is told so by its own clock.
    done = run("curl", "-sS", "--max-time", "1", "-X", "POST", "--unix-socket",
               daemon.unix().removeprefix("unix://"), "http://d/v1.44/containers/held/stop?t=0")
    assert done.returncode == 28, done.stderr
    assert change(daemon, held, "resume") == 204
    assert stop.wait(60) == 0
    assert d("ps", "--format", "{{.Names}}") == ""


def test_a_daemon_with_paused_actors_ends(d, daemon):
    d("run", "-d", "--name", "held", "bb:1", "sleep", "1000")
    for kind in ("container", "containers", "events", "volumes", "image-store"):
        for each in actors(daemon, kind=kind):
            assert change(daemon, each, "pause") == 204
    assert len(actors(daemon, state="paused")) >= 5
    assert daemon.stop() == 0
