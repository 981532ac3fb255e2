"""Beside dockerd: what containers answer in each state of their lives, and what lists say."""

import json
import time
from urllib.parse import quote

import pytest

from archives import tar

MIB = 1 << 20
STATES = ("made", "up", "held", "over")

#: What all containers of these tests have.
HOST = {"NetworkMode": "none", "Memory": 64 * MIB, "CpuShares": 512, "PidsLimit": 50,
        "Tmpfs": {"/t": "size=1m"}, "CapAdd": ["NET_ADMIN"], "Init": False}


def create(pair, name, command, shared=None, config=None, **host):
    binds = [] if shared is None else [f"{shared}/directory:/bound:ro", f"{name}-volume:/volume"]
    request = {"Image": "bb:1", "Cmd": command, "Labels": {"name": name},
               "Volumes": {"/anonymous": {}}, "Env": ["A=1"], "Healthcheck": {"Test": ["NONE"]},
               **(config or {}), "HostConfig": {**HOST, "Binds": binds, **host}}
    pair.say("POST", f"/containers/create?name={name}", request, name=name)


def act(pair, *steps):
    """Steps `METHOD PATH` with what each has to answer on both sides."""
    for step in steps:
        pair.say(*step.split(" ", 1))


def wait_for_file(pair, name, path):
    pair.wait_until(f"/containers/{name}/archive?path={path}", lambda status, _: status == 200)


def make_states(pair, shared):
    """One container in each state; the second has written a file and two lines."""
    script = "echo one; echo two; echo 1 >/new; rm /etc/group; touch /ready; sleep 1000"
    create(pair, "made", ["true"], shared)
    create(pair, "up", ["sh", "-c", script], shared)
    create(pair, "held", ["sleep", "1000"])
    create(pair, "over", ["sh", "-c", "echo 12345 >/f; echo bad >&2; exit 7"])
    act(pair, "POST /containers/up/start", "POST /containers/held/start",
        "POST /containers/over/start", "POST /containers/held/pause", "POST /containers/over/wait")
    wait_for_file(pair, "up", "/ready")
    pair.wait_until("/containers/up/logs?stdout=1", lambda _, lines: len(lines) == 2)


@pytest.fixture(scope="module")
def states(both_daemons):
    """Containers in all states, for tests that change none of them."""
    pair, shared = both_daemons
    make_states(pair, shared)
    yield pair
    pair.forget()


@pytest.fixture
def shown(states):
    """Both daemons with containers in all states. The test fails with all that differed."""
    states.found.clear()
    yield states
    found = sorted(states.found)
    assert not found, "\n".join([f"{len(found)} differences that nobody expects", *found])


#: Asked about a container in each state. All of it changes nothing.
QUESTIONS = [
    "GET /containers/{}/json", "GET /containers/{}/json?size=1", "GET /containers/{}/json?size=x",
    "GET /containers/{}/changes", "GET /containers/{}/logs", "GET /containers/{}/logs?stdout=1",
    "GET /containers/{}/logs?stderr=1", "GET /containers/{}/logs?stdout=1&tail=1",
    "GET /containers/{}/logs?stdout=1&tail=x", "GET /containers/{}/logs?stdout=1&since=x",
    "GET /containers/{}/logs?stdout=1&until=x", "GET /containers/{}/logs?stdout=1&until=1",
    "GET /containers/{}/logs?stdout=1&details=1&tail=0",
    "GET /containers/{}/archive", "GET /containers/{}/archive?path=/nosuch",
    "HEAD /containers/{}/archive?path=/bin/busybox", "HEAD /containers/{}/archive?path=/nosuch",
    "PUT /containers/{}/archive", "PUT /containers/{}/archive?path=/nosuch",
    "PUT /containers/{}/archive?path=/bin/busybox", "GET /containers/{}/top?ps_args=nosuch",
    "GET /containers/{}/stats?stream=1&one-shot=1",
    "POST /containers/{}/kill?signal=FOO", "POST /containers/{}/kill?signal=0",
    "POST /containers/{}/kill?signal=-1", "POST /containers/{}/kill?signal=99",
    "POST /containers/{}/rename", "POST /containers/{}/rename?name=",
    "POST /containers/{}/rename?name=made", "POST /containers/{}/rename?name=up",
    "POST /containers/{}/rename?name=a", "POST /containers/{}/rename?name=a%20b",
    "POST /containers/{}/resize", "POST /containers/{}/resize?h=x&w=1",
    "POST /containers/{}/resize?h=1&w=x", "POST /containers/{}/stop?t=x",
    "POST /containers/{}/restart?t=x",
    "POST /containers/{}/attach?detachKeys=nosuch", "POST /containers/{}/nosuch",
    "DELETE /containers/{}?link=1", "DELETE /containers/{}/json",
]

#: Likewise, but only of those that are in a state in which it fails.
REFUSED = {
    "GET /containers/{}/top": ("made", "over"), "POST /containers/{}/kill": ("made", "over"),
    "POST /containers/{}/kill?signal=USR1": ("made", "over"),
    "POST /containers/{}/pause": ("made", "over", "held"),
    "POST /containers/{}/unpause": ("made", "over", "up"),
    "POST /containers/{}/stop": ("made", "over"),
    "POST /containers/{}/start": ("up", "held"), "DELETE /containers/{}": ("up", "held"),
    "DELETE /containers/{}?v=1": ("up", "held"),
    "POST /containers/{}/resize?h=10&w=20": ("made", "over"),
    "POST /containers/{}/wait": ("made", "over"),
    "POST /containers/{}/wait?condition=nosuch": ("made", "over"),
    "POST /containers/{}/attach?stream=1&stdout=1": ("held",),
}

UPDATES = [
    {}, {"Memory": MIB}, {"Memory": 256 * MIB}, {"MemorySwap": 32 * MIB}, {"CpuShares": -1},
    {"CpuPeriod": 1}, {"CpuQuota": 1}, {"CpusetCpus": "99"}, {"CpusetCpus": "x"},
    {"BlkioWeight": 5}, {"NanoCpus": 10**12}, {"NanoCpus": 10**9, "CpuPeriod": 1000},
    {"RestartPolicy": {"Name": "nosuch"}}, {"RestartPolicy": {"Name": "always",
                                                              "MaximumRetryCount": 2}},
    {"MemoryReservation": 128 * MIB}, {"Memory": "x"}, {"KernelMemory": MIB}, {"Nosuch": 1},
]

EXECS = [
    {}, {"Cmd": []}, {"Cmd": ["true"]}, {"Cmd": ["true"], "User": "nobody-there"},
    {"Cmd": ["true"], "User": "bob", "WorkingDir": "/etc", "Env": ["B=2"], "Tty": True},
    {"Cmd": ["true"], "DetachKeys": "nosuch"}, {"Cmd": ["true"], "DetachKeys": "ctrl-a"},
    {"Cmd": ["true"], "Privileged": False, "AttachStdin": True}, {"Cmd": 1},
]


@pytest.mark.parametrize("state", STATES)
def test_questions(shown, state):
    for question in QUESTIONS:
        shown.say(*question.format(state).split(" ", 1))
    for call, where in REFUSED.items():
        if state in where:
            shown.say(*call.format(state).split(" ", 1))
    for body in UPDATES[1:] if state == "held" else []:
        shown.say("POST", f"/containers/{state}/update", body)
    if state in ("made", "held", "over"):
        for body in EXECS[:3]:
            shown.say("POST", f"/containers/{state}/exec", body)


@pytest.mark.parametrize("reference", ["nosuch", "0123456789ab"])
def test_nobody(shown, reference):
    calls = [*QUESTIONS, *REFUSED, "POST /containers/{}/update", "POST /containers/{}/exec",
             "POST /commit?container={}", "GET /containers/{}/export",
             "DELETE /containers/{}?force=1", "GET /exec/{}/json", "POST /exec/{}/start",
             "POST /exec/{}/resize?h=1&w=1", "GET /containers/{}/stats?stream=0"]
    for call in calls:
        method, path = call.format(reference).split(" ", 1)
        shown.say(method, path, {"Cmd": ["true"]} if path.endswith(("exec", "update")) else
                  {} if path.endswith("/start") and "exec" in path else None)


#: Filters of the list, and other parameters.
FILTERS = [
    {"status": ["created"]}, {"status": ["running"]}, {"status": ["paused", "exited"]},
    {"status": ["nosuch"]}, {"name": ["up"]}, {"name": ["^/up$"]}, {"name": ["u."]},
    {"name": ["("]}, {"id": ["nosuch"]}, {"label": ["name"]}, {"label": ["name=up"]},
    {"label": ["name=nosuch"]}, {"label": ["name", "nosuch"]}, {"exited": ["7"]}, {"exited": ["x"]},
    {"exited": ["0"]}, {"ancestor": ["bb:1"]}, {"ancestor": ["bb"]}, {"ancestor": ["nosuch"]},
    {"before": ["held"]}, {"since": ["up"]}, {"before": ["nosuch"]}, {"since": ["nosuch"]},
    {"network": ["none"]}, {"network": ["nosuch"]}, {"volume": ["up-volume"]},
    {"volume": ["/anonymous"]}, {"volume": ["nosuch"]}, {"health": ["none"]},
    {"health": ["healthy"]}, {"health": ["nosuch"]}, {"is-task": ["true"]}, {"is-task": ["false"]},
    {"is-task": ["x"]}, {"publish": ["80"]}, {"expose": ["80/tcp"]}, {"publish": ["x"]},
    {"isolation": ["default"]}, {"nosuch": ["x"]}, {"status": ["created"], "name": ["made"]},
    {"label": {"name=up": True}}, {"status": []}, {"label": []},
]
LISTS = ["", "?all=1", "?all=0", "?all=x", "?limit=2", "?limit=0", "?limit=-1", "?limit=x",
         "?all=1&size=1", "?size=1&limit=1", "?filters=x", "?filters=", "?filters=[]",
         "?filters={\"label\":1}"]


def test_lists(shown):
    for query in LISTS:
        shown.say("GET", "/containers/json" + query.replace('"', "%22"))
    for each in FILTERS:
        text = quote(json.dumps(each))
        shown.say("GET", f"/containers/json?all=1&filters={text}", of=each)
        shown.say("GET", f"/containers/json?filters={text}", of=each)


def test_top(shown):
    def work(side):
        out = []
        for query in ("", "?ps_args=-o%20pid,comm", "?ps_args=aux"):
            status, said = side.ask("GET", f"/containers/up/top{query}")
            pids = said["Titles"].index("PID")
            out.append([status, said["Titles"], sorted(row[-1] for row in said["Processes"]),
                        all(row[pids].isdigit() for row in said["Processes"])])
        return out
    shown.compare("top", *shown.both(work))


NETWORK_FILTERS = [
    {"name": ["no"]}, {"name": ["^host$"]}, {"name": ["("]}, {"id": ["nosuch"]},
    {"driver": ["null"]}, {"driver": ["host", "null"]}, {"driver": ["nosuch"]},
    {"type": ["builtin"]}, {"type": ["custom"]}, {"type": ["x"]}, {"scope": ["local"]},
    {"scope": ["swarm"]}, {"label": ["a"]}, {"dangling": ["true"]}, {"dangling": ["false"]},
    {"dangling": ["x"]}, {"nosuch": ["x"]}, {"label": []}, {"driver": []},
]


def test_networks(shown):
    for path in ("none", "host", "nosuch", "non", "none?scope=local", "none?scope=swarm",
                 "none?verbose=1", "none?verbose=x"):
        shown.say("GET", f"/networks/{path}")
    for each in NETWORK_FILTERS:
        # They come in no order there.
        text = quote(json.dumps(each))

        def listed(side, query=text):
            status, said = side.ask("GET", f"/networks?filters={query}")
            said = side.plain(said)
            return {"status": status, "said": sorted(said, key=lambda x: x["Name"])
                    if isinstance(said, list) else said}
        shown.compare(f"GET /networks {json.dumps(each)} filters=", *shown.both(listed))


# -- what changes ---------------------------------------------------------------------------------


def test_a_life(pair, both_daemons):
    """Everything that can happen to a container, and the events that tell of it."""
    began = time.time()
    script = "trap 'exit 3' TERM; touch /ready; while :; do sleep 0.1; done"
    create(pair, "one", ["sh", "-c", script], both_daemons[1])
    act(pair, "POST /containers/one/start")
    wait_for_file(pair, "one", "/ready")
    act(pair, "POST /containers/one/start", "GET /containers/one/json",
        "POST /containers/one/kill?signal=WINCH", "POST /containers/one/pause",
        "POST /containers/one/exec", "GET /containers/one/json", "POST /containers/one/unpause",
        "POST /containers/one/rename?name=two", "GET /containers/two/json",
        "POST /containers/two/resize?h=10&w=20")
    pair.say("POST", "/containers/two/update", {"Memory": 32 * MIB, "MemorySwap": 64 * MIB})
    pair.say("POST", "/containers/two/update", {"RestartPolicy": {"Name": "on-failure",
                                                                  "MaximumRetryCount": 2}})
    pair.say("POST", "/containers/two/update", {"RestartPolicy": {"Name": "no"}})
    act(pair, "GET /containers/two/json", "POST /containers/two/stop?t=10",
        "GET /containers/two/json", "POST /containers/two/stop", "POST /containers/two/wait",
        "POST /containers/two/restart?t=1", "POST /containers/two/kill",
        "POST /containers/two/wait?condition=not-running", "GET /containers/two/json",
        "GET /containers/two/changes")
    pair.both(lambda side: side.ask("GET", "/containers/two/archive?path=/ready"))
    pair.both(lambda side: side.put("/containers/two/archive?path=/", tar([("put", b"1")])))
    pair.say("POST", "/commit?container=two&repo=made&tag=1&comment=why&author=me", name="image")
    pair.both(lambda side: side.ask("GET", "/containers/two/export"))
    act(pair, "DELETE /containers/two?v=1", "GET /containers/two/json", "DELETE /containers/two")
    told = pair.events(began)
    pair.compare("events", *told)
    pair.both(lambda side: side.ask("DELETE", "/images/made:1"))


def test_starts_that_fail(pair):
    cases = [{"Cmd": ["nosuch"]}, {"Cmd": ["/nosuch"]}, {"Cmd": ["/etc"]}, {"Cmd": ["/etc/passwd"]},
             {"Cmd": ["true"], "User": "nobody-there"}, {"Cmd": ["true"], "User": "bob:nosuch"},
             {"Cmd": ["true"], "WorkingDir": "/etc/passwd"}, {"Entrypoint": ["./x"]}]
    for number, config in enumerate(cases):
        name = f"case{number}"
        create(pair, name, None, config=config)
        pair.say("POST", f"/containers/{name}/start", of=config)
        pair.say("GET", f"/containers/{name}/json", of=config)
    device = {"PathOnHost": "/dev/nosuch", "PathInContainer": "/dev/x", "CgroupPermissions": "rwm"}
    hosts = [{"Binds": ["/etc/passwd:/bin"]}, {"Sysctls": {"kernel.nosuch": "1"}},
             {"NetworkMode": "container:nosuch"}, {"IpcMode": "container:nosuch"},
             {"Devices": [device]}]
    for number, host in enumerate(hosts):
        name = f"host{number}"
        create(pair, name, ["true"], **host)
        pair.say("POST", f"/containers/{name}/start", of=host)
        pair.say("GET", f"/containers/{name}/json", of=host)


def test_execs(pair):
    create(pair, "box", ["sleep", "1000"])
    act(pair, "POST /containers/box/start")
    began = time.time()
    for number, body in enumerate(EXECS):
        name = f"exec{number}"
        body = {**body, "AttachStdout": True}  # without it a start does not wait for the end
        if pair.say("POST", "/containers/box/exec", body, name=name) != (201, 201):
            continue
        path = f"/exec/<{name}>"
        pair.say("GET", f"{path}/json", of=body)
        pair.say("POST", f"{path}/resize?h=1&w=x")
        pair.say("POST", f"{path}/start", {"Detach": False, "Tty": body.get("Tty", False)})
        pair.say("GET", f"{path}/json", of=body)
        pair.say("POST", f"{path}/start", {"Detach": False, "Tty": body.get("Tty", False)})
    for number, command in enumerate([["echo", "out"], ["sh", "-c", "echo e >&2; exit 5"],
                                      ["nosuch"], ["/etc"], ["/nosuch"]]):
        name = f"more{number}"
        pair.say("POST", "/containers/box/exec", {"Cmd": command, "AttachStdout": True,
                                                  "AttachStderr": True}, name=name)
        pair.say("POST", f"/exec/<{name}>/start", {"Detach": False}, of=command)
        pair.say("GET", f"/exec/<{name}>/json", of=command)
    pair.say("POST", "/containers/box/exec", {"Cmd": ["true"]}, name="late")
    act(pair, "GET /containers/box/json", "POST /containers/box/kill", "POST /containers/box/wait",
        "GET /exec/<late>/json")
    pair.say("POST", "/exec/<late>/start", {"Detach": True})
    act(pair, "GET /containers/box/json")
    pair.compare("events of execs", *pair.events(began))


def test_volumes(pair):
    began = time.time()
    bodies = [{"Name": "vol"}, {"Name": "vol"}, {"Name": "vol", "Labels": {"a": "b"}},
              {"Name": "lab", "Labels": {"a": "b"}, "DriverOpts": {}}, {"Name": "v"},
              {"Name": "a b"}, {"Name": "opt", "DriverOpts": {"nosuch": "1"}},
              {"Name": "opt", "DriverOpts": {"type": "tmpfs"}},
              {"Name": "tmp", "DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}},
              {"Name": 1}, {"Driver": "local", "Name": "drv"}]
    for body in bodies:
        pair.say("POST", "/volumes/create", body)
    create(pair, "box", ["true"], Binds=["vol:/v"])
    create(pair, "bad", ["true"], Binds=["broken:/v"])
    act(pair, "GET /volumes/vol", "GET /volumes/lab", "GET /volumes/nosuch", "GET /volumes/tmp",
        "DELETE /volumes/vol", "DELETE /volumes/nosuch", "DELETE /volumes/nosuch?force=1",
        "DELETE /volumes/vol?force=1", "DELETE /volumes/drv", "GET /volumes/drv")
    for each in ({}, {"name": ["vol"]}, {"label": ["a"]}, {"label": ["a=b"]}, {"label": ["a=c"]},
                 {"dangling": ["true"]}, {"dangling": ["x"]}, {"driver": ["local"]},
                 {"driver": ["nosuch"]}, {"nosuch": ["1"]}):
        pair.say("GET", f"/volumes?filters={quote(json.dumps(each))}", of=each)
    pair.say("POST", f"/volumes/prune?filters={quote(json.dumps({'label': ['a=b']}))}")
    pair.say("POST", f"/volumes/prune?filters={quote(json.dumps({'nosuch': ['a=b']}))}")
    act(pair, "POST /volumes/prune", "GET /volumes/vol", "DELETE /containers/box",
        "DELETE /volumes/vol", "GET /volumes/vol")
    pair.compare("events of volumes", *pair.events(began, "volume"))


def test_prune(pair):
    for name in ("aa", "bb", "cc"):
        create(pair, name, ["sh", "-c", "echo 12345 >/f"])
    act(pair, "POST /containers/aa/start", "POST /containers/aa/wait")
    for each in ({"label": ["name=aa"]}, {"label!": ["name"]}, {"until": ["1"]}, {"until": ["x"]},
                 {"until": ["1", "2"]}, {"nosuch": ["x"]}, {"label": ["name=nosuch"]}):
        pair.say("POST", f"/containers/prune?filters={quote(json.dumps(each))}", of=each)
    pair.say("POST", "/containers/prune")
    act(pair, "POST /containers/prune", "GET /containers/json?all=1")
