"""docker and docker-py against the daemon: what is done with containers that are there."""

import http.client
import json
import os
import re
import socket
import subprocess
import time

import docker as docker_py
import pytest

from daemon import wait_until


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def ask(daemon, method, path, body=None, headers=None):
    """Status, body and headers of one request over a connection of its own."""
    connection = UnixConnection(daemon.socket)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data, dict(answer.getheaders())


def test_ps_inspect_top_stop(d, daemon):
    cid = d("run", "-d", "--name", "web", "--network", "none", "--label", "a=b", "bb:1", "sh", "-c",
            "trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done").strip()
    assert len(cid) == 64
    line = d("ps", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.Image}} {{.State}}").split()
    assert line == [cid, "web", "bb:1", "running"]
    [shown] = json.loads(d("inspect", "web"))
    assert shown["State"]["Status"] == "running" and shown["State"]["Pid"] > 1
    assert d("ps", "-q", "--filter", "label=a=b").strip() == cid[:12]
    assert d("ps", "-q", "--filter", "label=a=c") == ""
    assert d("ps", "-q", "--filter", "ancestor=bb:1").strip() == cid[:12]
    top = d("top", "web").splitlines()
    assert "PID" in top[0] and any("while" in x for x in top[1:]), top
    assert str(shown["State"]["Pid"]) in d("top", "web", "-o", "pid,comm")
    wait_until(lambda: d("logs", "web") == "up\n", "log")
    started = time.monotonic()
    assert d("stop", "web").strip() == "web"
    assert time.monotonic() - started < 5
    [shown] = json.loads(d("inspect", "-s", "web"))
    assert shown["State"]["Status"] == "exited" and shown["State"]["ExitCode"] == 7
    assert "SizeRootFs" in shown and shown["SizeRootFs"] > 100000
    assert d("ps", "-q") == "" and d("ps", "-aq").strip() == cid[:12]
    assert "Exited (7)" in d("ps", "-a", "--format", "{{.Status}}")
    top = d("top", "web", ok=False)
    assert f"container {cid} is not running" in top.stderr
    assert d("start", "web").strip() == "web"
    assert d("restart", "-t", "1", "web").strip() == "web"
    assert d("rm", "-f", "web").strip() == "web"
    assert d("ps", "-aq") == ""


def test_kill_wait_rename_pause(d, daemon, background):
    cid = d("run", "-d", "--name", "a1", "--network", "none", "bb:1", "sleep", "1000").strip()
    waiting = background("docker", "-H", daemon.unix(), "wait", cid)
    d("rename", "a1", "b1")
    e = d("rename", "b1", "b1", ok=False)
    assert "Renaming a container with the same name as its current name" in e.stderr
    assert "No such container: a1" in d("inspect", "--type", "container", "a1", ok=False).stderr
    d("pause", "b1")
    assert "(Paused)" in d("ps", "--format", "{{.Status}}")
    assert "is already paused" in d("pause", "b1", ok=False).stderr
    assert "paused" in d("attach", "b1", ok=False).stderr
    d("unpause", "b1")
    assert "is not paused" in d("unpause", "b1", ok=False).stderr
    assert "invalid signal: FOO" in d("kill", "-s", "FOO", "b1", ok=False).stderr
    e = d("rm", "b1", ok=False)
    assert 'cannot remove container "/b1": container is running: stop the container before' in e.stderr
    d("kill", "-s", "USR2", "b1")
    d("kill", "b1", ok=False)
    out, err = waiting.communicate(timeout=20)
    assert out.strip() in ("137", "140"), (out, err)
    e = d("kill", "b1", ok=False)
    assert re.search(r"cannot kill container: b1: container [0-9a-f]{64} is not running", e.stderr)
    assert d("wait", "b1").strip() in ("137", "140")


def test_logs(d, daemon, background):
    d("run", "-d", "--name", "l1", "--network", "none", "bb:1", "sh", "-c",
      "echo one; echo two >&2; while [ ! -e /go ]; do sleep 0.05; done; echo three; printf four")
    follow = background("docker", "-H", daemon.unix(), "logs", "-f", "l1")
    assert follow.stdout.readline() == "one\n"
    d("exec", "l1", "touch", "/go")
    out, err = follow.communicate(timeout=30)
    assert out == "three\nfour" and err == "two\n"
    assert d("logs", "--tail", "1", "l1") == "four"
    assert d("logs", "--since", "1h", "l1") == "one\nthree\nfour"
    assert d("logs", "--until", "1h", "l1") == ""
    stamped = d("logs", "-t", "l1").splitlines()[0]
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one$", stamped)
    d("run", "--name", "n1", "--log-driver", "none", "--network", "none", "bb:1", "true")
    assert "configured logging driver does not support reading" in d("logs", "n1", ok=False).stderr


def test_run_foreground_and_attach(d, daemon):
    assert d("run", "--rm", "--network", "none", "bb:1", "echo", "hello") == "hello\n"
    done = d("run", "--rm", "--network", "none", "bb:1", "sh", "-c", "exit 5", ok=False)
    assert done.returncode == 5
    done = d("run", "--rm", "-i", "--network", "none", "bb:1", "cat", input="from stdin\n", stdin=None)
    assert done == "from stdin\n"
    d("run", "-d", "-i", "--name", "at", "--network", "none", "bb:1", "cat")
    # two clients
    client = docker_py.DockerClient(base_url=daemon.unix())
    at = client.containers.get("at")
    s = at.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    s._sock.sendall(b"x y\n")
    got = b""
    while len(got) < 8 + 4:
        got += s._sock.recv(100)
    assert got == b"\x01\0\0\0\0\0\0\x04x y\n"
    s._sock.close()
    status, said, _ = ask(daemon, "POST", "/containers/at/attach?logs=1&stdout=1")
    assert status == 200 and said == b"\x01\0\0\0\0\0\0\x04x y\n"
    d("kill", "at")
    client.close()


def test_run_tty(d, daemon):
    out = subprocess.run(
        ["script", "-qec", f"docker -H {daemon.unix()} run --rm -it --network none bb:1 sh -c 'tty; stty size'",
         "/dev/null"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=60, text=True)
    assert "/dev/pts/0" in out.stdout, out.stdout


def test_update_prune_events(d):
    began = time.time()
    d("run", "-d", "--name", "u1", "--network", "none", "bb:1", "sleep", "1000")
    out = d("update", "--restart", "on-failure:3", "u1")
    assert out.strip() == "u1"
    [shown] = json.loads(d("inspect", "u1"))
    assert shown["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    d("update", "-m", "64m", "--memory-swap", "64m", "u1")
    [shown] = json.loads(d("inspect", "u1"))
    assert shown["HostConfig"]["Memory"] == 64 << 20
    d("create", "--name", "v1", "--network", "none", "bb:1", "true")
    d("run", "--name", "w1", "--network", "none", "bb:1", "sh", "-c", "echo 1234 >/f")
    out = d("container", "prune", "-f")
    assert "Deleted Containers:" in out and "Total reclaimed space" in out, out
    assert d("ps", "-a", "--format", "{{.Names}}").split() == ["u1"]
    d("rm", "-f", "u1")
    out = d("events", "--since", f"{began:.9f}", "--until", f"{time.time():.9f}",
            "--format", "{{.Type}} {{.Action}}")
    for word in ("container create", "container start", "container update", "container prune",
                 "container kill", "container die", "container destroy"):
        assert word in out, out


def test_docker_py(d, daemon):
    client = docker_py.DockerClient(base_url=daemon.unix())
    c = client.containers.run("bb:1", ["sh", "-c", "while [ ! -e /go ]; do sleep 0.05; done; rm /go; exit 4"],
                              detach=True, network_mode="none")
    assert c.exec_run(["touch", "/go"]).exit_code == 0
    assert c.wait(timeout=20)["StatusCode"] == 4
    c.reload()
    assert c.status == "exited"
    assert [x.id for x in client.containers.list(all=True, limit=1)] == [c.id]
    assert [x.id for x in client.containers.list(all=True, filters={"status": "exited"})] == [c.id]
    assert client.containers.list(filters={"status": "running"}) == []
    with pytest.raises(docker_py.errors.NotFound):
        client.containers.get("nosuch")
    c.start()
    c.stop(timeout=0)
    c.rename("py-name")
    c.reload()
    assert c.name == "py-name"
    c.remove(v=True)
    assert client.containers.prune()["ContainersDeleted"] is None
    client.close()


def test_raw_status(d, daemon):
    d("create", "--name", "r1", "--network", "none", "bb:1", "sleep", "100")
    assert ask(daemon, "POST", "/containers/r1/stop")[0] == 304
    assert ask(daemon, "POST", "/containers/r1/start")[0] == 204
    assert ask(daemon, "POST", "/containers/r1/start")[0] == 304
    s, b, _ = ask(daemon, "POST", "/containers/r1/start", '{"Binds":["/a:/b"]}', {"Content-Type": "application/json"})
    assert s == 400
    s, b, h = ask(daemon, "GET", "/v1.41/containers/r1/logs?stdout=1")
    assert s == 200 and h["Content-Type"] == "application/vnd.docker.raw-stream"
    s, b, h = ask(daemon, "GET", "/containers/r1/logs?stdout=1")
    assert s == 200 and h["Content-Type"] == "application/vnd.docker.multiplexed-stream"
    assert ask(daemon, "GET", "/containers/r1/logs")[0] == 400
    assert ask(daemon, "POST", "/containers/r1/resize?h=10&w=10")[0] == 200 # though it has no terminal
    assert ask(daemon, "POST", "/containers/nosuch/wait?condition=bad")[0] == 400
    assert ask(daemon, "POST", "/containers/nosuch/wait")[0] == 404
    assert ask(daemon, "POST", "/containers/r1/stop?t=0")[0] == 204
    assert ask(daemon, "POST", "/containers/r1/wait")[1].strip() == b'{"StatusCode":137}'
    rows = json.loads(ask(daemon, "GET", "/v1.14/containers/json?all=1")[1])
    assert rows[0]["Image"] == "bb:1" and rows[0]["Names"] == ["/r1"]
    old = json.loads(ask(daemon, "GET", "/v1.14/containers/r1/json")[1])
    assert old["Name"] == "/r1"
    assert ask(daemon, "DELETE", "/containers/r1")[0] == 204
    assert ask(daemon, "DELETE", "/containers/r1")[0] == 404


def test_networks_that_every_daemon_has(d, daemon, background):
    listed = d("network", "ls", "--no-trunc", "--format", "{{.Name}} {{.Driver}} {{.ID}}").split()
    assert listed[:2] == ["host", "host"] and listed[3:5] == ["none", "null"]
    ids = {"host": listed[2], "none": listed[5]}
    assert d("network", "ls", "-q", "--no-trunc", "--filter", "driver=null").split() == [ids["none"]]
    since = int(time.time())
    cid = d("run", "-d", "--name", "alone", "--network", "none", "bb:1", "sleep", "1000").strip()
    d("run", "-d", "--name", "open", "--network", "host", "bb:1", "sleep", "1000")
    [shown] = json.loads(d("inspect", "alone"))
    settings = shown["NetworkSettings"]
    endpoint = settings["Networks"]["none"]
    assert endpoint["NetworkID"] == ids["none"]
    inside = d("exec", "alone", "readlink", "/proc/self/ns/net").strip()
    assert os.readlink(settings["SandboxKey"]) == inside
    [network] = json.loads(d("network", "inspect", "none"))
    assert network["Id"] == ids["none"]
    assert network["Containers"] == {cid: {"Name": "alone", "EndpointID": endpoint["EndpointID"],
                                           "MacAddress": "", "IPv4Address": "", "IPv6Address": ""}}
    assert d("ps", "--filter", "network=host", "--format", "{{.Names}}").split() == ["open"]
    assert d("ps", "--format", "{{.Networks}}").split() == ["host", "none"]
    d("rm", "-f", "alone")
    told = d("events", "--since", str(since), "--until", f"{time.time():.9f}", "--filter", "type=network", "--format",
             "{{.Action}} {{.Actor.Attributes.name}} {{.Actor.ID}}").splitlines()
    assert told == [f"connect none {ids['none']}", f"connect host {ids['host']}",
                    f"disconnect none {ids['none']}"]
    daemon.kill()
    daemon.start()
    [again] = json.loads(d("inspect", "open"))
    assert again["NetworkSettings"]["Networks"]["host"]["NetworkID"] == ids["host"]
    assert again["NetworkSettings"]["SandboxID"] != ""


def test_platforms(d, daemon):
    wrong = d("create", "--platform", "linux/arm64", "--pull", "never", "bb:1", "true", ok=False)
    assert "was found but its platform (linux/amd64) does not match the specified platform " \
        "(linux/arm64)" in wrong.stderr
    d("create", "--platform", "linux/amd64", "bb:1", "true")
    status, data, _ = ask(daemon, "POST", "/containers/create?platform=a/b/c/d",
                          json.dumps({"Image": "bb:1"}), {"Content-Type": "application/json"})
    assert (status, json.loads(data)) == (400, {
        "message": '"a/b/c/d": cannot parse platform specifier: invalid argument'})


def test_docker_py_attach_with_the_log(d, daemon):
    """It loses what comes together with the head of the answer."""
    d("run", "--name", "said", "--network", "none", "bb:1", "echo", "one line")
    client = docker_py.DockerClient(base_url=daemon.unix())
    container = client.containers.get("said")
    for _ in range(50):
        assert container.attach(logs=True, stream=False, stdout=True, stderr=True) == b"one line\n"
    client.close()
