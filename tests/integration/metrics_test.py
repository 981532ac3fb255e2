"""Metrics for Prometheus: what a scrape says while things happen to the daemon and its containers,
also while all its other threads are stopped; promtool and the dashboard for Grafana."""

import ctypes
import http.client
import json
import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon import PATIENCE, ROOT, gantryd, run, wait_until
from inspect_test import differences
from inspection import GANTRYCTL, inspected
from wire import Wire, ask

DASHBOARD = ROOT / "app/inspect/grafana-dashboard.json"

#: dockerd's name for a number that goes up and down; promtool has its opinion about it.
ODD_NAMES = ("engine_daemon_events_subscribers_total",)

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')


class Scrape:
    """An exposition, read strictly: `types` by family, `values` by name and labels."""

    def __init__(self, text):
        self.text = text
        self.types, self.helps, self.values = {}, {}, {}
        family = None
        assert text.endswith("\n")
        for line in text.splitlines():
            if line.startswith("# HELP "):
                _, _, family, words = line.split(" ", 3)
                assert family not in self.helps and words
                self.helps[family] = words
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name == family and kind in ("counter", "gauge", "histogram")
                self.types[name] = kind
            else:
                self.read_sample(line, family)
        assert set(self.types) == set(self.helps)

    def read_sample(self, line, family):
        name, labels, value = SAMPLE.fullmatch(line).groups()
        suffix = name[len(family):]
        assert name.startswith(family), f"{line} among {family}"
        assert suffix in (("_bucket", "_sum", "_count") if self.types[family] == "histogram"
                          else ("",)), line
        found, at = [], 0
        while labels and at < len(labels):
            label = LABEL.match(labels, at)
            assert label, line
            found.append((label[1], label[2]))
            at = label.end()
        key = (name, tuple(sorted(found)))
        assert key not in self.values, line
        self.values[key] = float(value)

    def all(self, name, /, **labels):
        """The values of that name that have these labels."""
        return [value for (each, have), value in self.values.items()
                if each == name and labels.items() <= dict(have).items()]

    def get(self, name, /, **labels):
        value, = self.all(name, **labels)
        return value

    def sum(self, name, /, **labels):
        return sum(self.all(name, **labels))

    def rising(self):
        """Keys of what never falls."""
        return [key for key in self.values
                if self.types.get(key[0]) == "counter"
                or re.sub("_(bucket|sum|count)$", "", key[0]) in
                {n for n, kind in self.types.items() if kind == "histogram"}]


def metrics_port(daemon):
    return int(daemon.wait_for_log(r"Metrics on tcp://127\.0\.0\.1:(\d+)").group(1))


def page(daemon, path="/metrics", method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", metrics_port(daemon), timeout=PATIENCE)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def scrape(daemon):
    status, headers, text = page(daemon)
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape(text)


@pytest.fixture
def daemon(make_daemon):
    """A daemon that tells its metrics; `d` is of this one here."""
    return make_daemon("--metrics-addr", "127.0.0.1:0").start()


def run_one(d, name, *words, command=("sleep", "1000")):
    return d("run", "-d", "--name", name, "--network", "none", *words, "bb:1", *command).strip()


# -- where it is served -----------------------------------------------------------------------------

def test_pages(daemon):
    status, headers, text = page(daemon)
    assert status == 200 and text
    status, headers, body = page(daemon, method="HEAD")
    assert (status, body) == (200, "")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert int(headers["Content-Length"]) > 1000
    for path in ("/", "/metrics/", "/v1/actors"):
        status, _, body = page(daemon, path)
        assert status == 404 and "/metrics" in body
    status, headers, body = page(daemon, method="POST")
    assert status == 405 and headers["Allow"] == "GET, HEAD" and body


def test_configured_and_not(make_daemon):
    configured = make_daemon(config={"metrics-addr": "127.0.0.1:0"}).start()
    assert scrape(configured).sum("gantry_build_info") == 1
    assert "no effect" not in configured.log()
    assert configured.stop() == 0
    none = make_daemon().start()
    names = {(t / "comm").read_text().strip() for t in Path(f"/proc/{none.pid()}/task").iterdir()}
    assert "gantry-metrics" not in names and "gantry-inspect" in names


def test_an_address_that_cannot_be_had_ends_the_start(make_daemon, daemon, tmp_path):
    taken = make_daemon("--metrics-addr", f"127.0.0.1:{metrics_port(daemon)}").spawn()
    assert taken.wait() == 1
    assert re.search("metrics: failed to listen .*Address already in use", taken.log())
    elsewhere = make_daemon("--metrics-addr", "192.0.2.1:9323").spawn()
    assert elsewhere.wait() == 1
    assert "Cannot assign requested address" in elsewhere.log()
    for wrong in ("9323", "tcp://127.0.0.1:9323", "127.0.0.1:99999"):
        done = run(gantryd(), "--validate", "--metrics-addr", wrong)
        assert done.returncode == 1
        assert "HOST:PORT" in done.stderr
    assert run(gantryd(), "--validate", "--metrics-addr", ":9323").returncode == 0


# -- what it says -----------------------------------------------------------------------------------

def test_requests_are_counted_by_route(daemon):
    def of(told, route, code, method="GET"):
        return sum(told.all("gantry_http_requests_total", route=route, code=code, method=method))
    before = scrape(daemon)
    for _ in range(5):
        assert ask(daemon.unix(), "/_ping").status == 200
    assert ask(daemon.unix(), "/v1.44/containers/nosuch/json").status == 404
    assert ask(daemon.unix(), "/nowhere").status == 404
    assert ask(daemon.unix(), "/v1.44/containers/create", "POST", body=b"{").status == 400
    with Wire(daemon.unix()) as events:
        events.send(b"GET /v1.44/events HTTP/1.1\r\nHost: d\r\n\r\n")
        events.read_head()
        during = scrape(daemon)
        assert during.get("engine_daemon_events_subscribers_total") == 1
        assert during.get("gantry_jobs") >= 1
        assert during.get("gantry_http_requests_at_work") == 1
        assert during.sum("gantry_connections", listener=daemon.unix()) >= 1
        # It goes on, and counts as soon as it has begun.
        assert of(during, "/events", "2xx") == 1
        assert during.sum("gantry_http_request_duration_seconds_sum", route="/events") < 5
    assert of(during, "/_ping", "2xx") - of(before, "/_ping", "2xx") == 5
    assert of(during, "/containers/{name}/json", "4xx") == 1
    assert of(during, "/containers/create", "4xx", "POST") == 1
    assert of(during, "other", "4xx", "other") - of(before, "other", "4xx", "other") == 1
    took = during.get("gantry_http_request_duration_seconds_count", route="/_ping", method="GET")
    assert took == of(during, "/_ping", "2xx")
    wait_until(lambda: scrape(daemon).get("engine_daemon_events_subscribers_total") == 0,
               "the subscriber is still there")


def has_pressure():
    """Whether the kernel counts it for cgroups, and containers get one of version 2."""
    mounts = Path("/proc/self/mountinfo").read_text()
    found = re.search(r" (\S+) \S+ (?:\S+ )*- cgroup2 ", mounts)
    return bool(found) and Path(found.group(1), "cpu.pressure").exists()


def test_containers(d, daemon):
    assert scrape(daemon).all("gantry_container_pids") == []
    cid = run_one(d, "busy", "-m", "64m", command=("sh", "-c", "while :; do :; done"))
    run_one(d, "idle")
    d("create", "--name", "new", "bb:1")
    who = {"id": cid, "name": "busy"}
    first = scrape(daemon)
    states = {s: first.get("engine_daemon_container_states_containers", state=s)
              for s in ("running", "paused", "stopped")}
    assert states == {"running": 2, "paused": 0, "stopped": 1}
    assert first.get("gantry_container_memory_limit_bytes", **who) == 64 << 20
    assert len(first.all("gantry_container_memory_limit_bytes")) == 1
    assert 0 < first.get("gantry_container_memory_bytes", **who) < 64 << 20
    assert first.get("gantry_container_pids", **who) == 1
    assert first.get("gantry_container_oom_kills_total", **who) == 0
    # It is busy, and the other one is not.
    used = "gantry_container_cpu_seconds_total"
    wait_until(lambda: scrape(daemon).get(used, **who) > first.get(used, **who) + 0.2,
               "it uses nothing")
    assert scrape(daemon).get(used, name="idle") < 2
    if has_pressure():
        shares = first.all("gantry_container_pressure_seconds_total", **who)
        assert len(shares) in (2, 4, 6)
    d("pause", "idle")
    assert scrape(daemon).get("engine_daemon_container_states_containers", state="paused") == 1
    d("unpause", "idle")
    d("rename", "busy", "lazy")
    assert scrape(daemon).get("gantry_container_pids", id=cid, name="lazy") == 1
    d("kill", "lazy", "idle")
    wait_until(lambda: scrape(daemon).all("gantry_container_pids") == [], "they still run")
    assert scrape(daemon).get("engine_daemon_container_states_containers", state="stopped") == 3


def test_processes_that_are_killed_for_want_of_memory(d, daemon):
    eat = "while :; do (x=$(tail -c 100m /dev/zero | tr '\\0' x)) ; sleep 0.2; done"
    run_one(d, "hungry", "-m", "16m", "--memory-swap", "16m", command=("sh", "-c", eat))
    wait_until(lambda: scrape(daemon).sum("gantry_container_oom_kills_total", name="hungry") > 0,
               lambda: scrape(daemon).text)


def test_what_is_done_with_containers(d, daemon):
    def counts():
        told = scrape(daemon)
        return {a: told.get("engine_daemon_container_actions_seconds_count", action=a)
                for a in ("changes", "commit", "create", "delete", "start")}
    before = counts()
    assert set(before.values()) == {0}
    events = scrape(daemon).get("engine_daemon_events_total")
    run_one(d, "one")
    d("start", "nosuch", ok=False)
    d("diff", "one")
    d("commit", "one", "kept")
    d("rm", "-f", "one")
    assert counts() == {"changes": 1, "commit": 1, "create": 1, "delete": 1, "start": 1}
    told = scrape(daemon)
    assert told.get("engine_daemon_container_actions_seconds_sum", action="start") > 0
    assert told.get("engine_daemon_events_total") >= events + 5


def test_health_checks(d, daemon):
    run_one(d, "checked", "--health-cmd", "true", "--health-interval", "100ms")
    run_one(d, "mischecked", "--health-cmd", "false", "--health-interval", "100ms")

    def enough():
        told = scrape(daemon)
        return told if told.get("engine_daemon_health_check_start_duration_seconds_count") >= 4 \
            else None
    told = wait_until(enough, "no health checks")
    assert told.get("engine_daemon_health_checks_total") >= 4
    # A check that says no was run.
    assert told.get("engine_daemon_health_checks_failed_total") == 0


def test_engine_and_process(daemon, docker):
    info = json.loads(ask(daemon.unix(), "/info").body)
    told = wait_until(lambda: (lambda s: s if s.all("engine_daemon_engine_info") else None)(
        scrape(daemon)), "the machine is never looked at")
    (name, labels), = [key for key in told.values if key[0] == "engine_daemon_engine_info"]
    version = json.loads(ask(daemon.unix(), "/version").body)
    assert dict(labels) == {
        "architecture": info["Architecture"], "commit": version["GitCommit"],
        "daemon_id": info["ID"], "graphdriver": info["Driver"], "kernel": info["KernelVersion"],
        "os": info["OperatingSystem"], "os_type": "linux", "os_version": info["OSVersion"],
        "version": version["Version"]}
    assert told.get("engine_daemon_engine_cpus_cpus") == info["NCPU"]
    assert told.get("engine_daemon_engine_memory_bytes") == info["MemTotal"]
    fds = len(os.listdir(f"/proc/{daemon.pid()}/fd"))
    assert abs(told.get("process_open_fds") - fds) <= 3
    assert told.get("process_resident_memory_bytes") > 1 << 20
    assert told.get("process_cpu_seconds_total") >= 0


def test_counters_never_fall(d, daemon):
    run_one(d, "busy", command=("sh", "-c", "while :; do :; done"))
    before = scrape(daemon)
    for _ in range(20):
        ask(daemon.unix(), "/v1.44/containers/json")
        after = scrape(daemon)
        assert before.rising()
        for key in before.rising():
            assert after.values[key] >= before.values[key], key
        before = after
    for key in before.values:
        if key[0].endswith("_count"):
            labels = dict(key[1])
            assert before.sum(key[0][:-len("count")] + "bucket", le="+Inf", **labels) == \
                before.values[key]


def test_what_it_costs_others_is_bounded(daemon):
    idle = []
    try:
        for i in range(40):
            idle.append(http.client.HTTPConnection("127.0.0.1", metrics_port(daemon)))
            idle[-1].connect()
            if i % 2:
                idle[-1].sock.sendall(b"GET /met")
        assert scrape(daemon).sum("gantry_build_info") == 1
    finally:
        for each in idle:
            each.close()


# -- trouble ----------------------------------------------------------------------------------------

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000


def ptrace(request, tid):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {tid}")


@contextmanager
def stopped(daemon, *but):
    """All threads of the daemon but those of these names."""
    tids = [int(t.name) for t in Path(f"/proc/{daemon.pid()}/task").iterdir()
            if (t / "comm").read_text().strip() not in but]
    assert len(tids) > 3
    held = []
    try:
        for tid in tids:
            ptrace(PTRACE_SEIZE, tid)
            held.append(tid)
            ptrace(PTRACE_INTERRUPT, tid)
            os.waitpid(tid, WALL)
        yield
    finally:
        for tid in held:
            ptrace(PTRACE_DETACH, tid)


def test_it_answers_while_every_other_thread_is_stopped(d, daemon):
    cid = run_one(d, "web")
    with stopped(daemon, "gantry-metrics"):
        told = scrape(daemon)
        assert told.get("gantry_container_pids", id=cid) == 1
        assert told.get("gantry_actors", kind="container") == 1
    assert "web" in d("ps")


# -- who reads it -----------------------------------------------------------------------------------

def full_scrape(d, daemon):
    """One in which everything is told that there is."""
    run_one(d, "limited", "-m", "64m")
    ask(daemon.unix(), "/info")  # waits until the machine was looked at
    with Wire(daemon.unix()) as open_connection:
        open_connection.ask()
        told = scrape(daemon)
    assert told.all("engine_daemon_engine_info")
    return told


def test_promtool_reads_it(d, daemon):
    told = full_scrape(d, daemon)
    done = subprocess.run(["promtool", "check", "metrics"], input=told.text, text=True,
                          capture_output=True, timeout=PATIENCE)
    complaints = [line for line in (done.stdout + done.stderr).splitlines()
                  if line and not line.startswith(ODD_NAMES)]
    assert complaints == []
    assert done.returncode in (0, 3)  # 3: it was read, and there are complaints


def expressions():
    board = json.loads(DASHBOARD.read_text())
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]


def test_the_dashboard_shows_what_there_is(d, daemon):
    told = full_scrape(d, daemon)
    there = set(told.types)
    there |= {name + suffix for name, kind in told.types.items() if kind == "histogram"
              for suffix in ("_bucket", "_sum", "_count")}
    if not has_pressure():
        there.add("gantry_container_pressure_seconds_total")
    wanted = set()
    for expr in expressions():
        wanted |= set(re.findall(r"\b(?:gantry|engine|process)_[a-z_]+\b", expr))
    assert wanted and wanted <= there
    # And everything is on it, by one of its series.
    shown = {re.sub("_(bucket|sum|count)$", "", name) for name in wanted} | wanted
    assert set(told.types) <= shown


def test_the_dashboard_is_one(tmp_path):
    board = json.loads(DASHBOARD.read_text())
    assert board["schemaVersion"] >= 36
    names = {v["name"]: v for v in board["templating"]["list"]}
    assert names["datasource"]["type"] == "datasource"
    ids = [p["id"] for p in board["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert panel["targets"]
    rules = [f"  - record: x{i}\n    expr: {json.dumps(e)}\n" for i, e in enumerate(
        e.replace("$__rate_interval", "5m").replace("$instance", ".*") for e in expressions())]
    path = tmp_path / "rules.yaml"
    path.write_text("groups:\n- name: dashboard\n  rules:\n" + "".join(rules))
    done = run("promtool", "check", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout


# -- the same for people ----------------------------------------------------------------------------

def test_containers_in_the_inspection(d, daemon):
    cid = run_one(d, "web", "-m", "64m")
    d("create", "--name", "new", "bb:1")
    address = inspected(daemon)
    done = run(GANTRYCTL, "-H", address, "--json", "containers")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert differences(answer, {"$ref": "#/components/schemas/containers"}) == []
    new, web = answer["containers"]
    assert (new["name"], new["state"], new["pid"], new["cpu_ns"]) == ("new", "created", 0, 0)
    assert (web["id"], web["name"], web["image"], web["state"]) == (cid, "web", "bb:1", "running")
    assert web["pid"] == json.loads(d("inspect", "web"))[0]["State"]["Pid"]
    assert web["memory_limit"] == 64 << 20 and web["memory"] > 0 and web["pids"] == 1
    shown = run(GANTRYCTL, "-H", address, "show", str(web["actor"]))
    assert "container web" in shown.stdout
    table = run(GANTRYCTL, "-H", address, "containers").stdout.splitlines()
    assert table[0].split()[:4] == ["ID", "NAME", "STATE", "ACTOR"]
    assert table[2].split()[:5] == [cid[:12], "web", "running", str(web["actor"]), str(web["pid"])]
    dump = daemon.directory / "dump.json"
    assert run(GANTRYCTL, "-H", address, "dump", "-o", dump).returncode == 0
    again = run(GANTRYCTL, "--file", dump, "--json", "containers")
    assert [c["name"] for c in json.loads(again.stdout)["containers"]] == ["new", "web"]
