"""docker stats, docker-py and dockerode: what containers use of the machine."""

import json
import os
import re
import time
from contextlib import closing
from pathlib import Path

import docker as docker_py

from containers_test import UnixConnection, ask
from daemon import wait_until

BUSY = "while :; do :; done"
NEVER = "0001-01-01T00:00:00Z"

#: Members that dockerd shows of a container with cgroups of either version.
MEMBERS = {"read", "preread", "pids_stats", "blkio_stats", "num_procs", "storage_stats",
           "cpu_stats", "precpu_stats", "memory_stats", "name", "id"}


def run_one(d, name, *words, command=("sleep", "1000")):
    return d("run", "-d", "--name", name, "--network", "none", *words, "bb:1", *command).strip()


def share(stats):
    """The share of the processors in percent, as the docker command computes it."""
    now, before = stats["cpu_stats"], stats["precpu_stats"]
    used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    return used / (now["system_cpu_usage"] - before["system_cpu_usage"]) * now["online_cpus"] * 100


def once(daemon, name):
    """One object about a container."""
    status, body, _ = ask(daemon, "GET", f"/containers/{name}/stats?stream=0")
    assert status == 200, body
    return json.loads(body)


def processor_seconds(pid):
    """That a process has used, from its scheduler's books."""
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e9


def open_stream(daemon, name, query=""):
    """The answer of a stream of statistics, its head read, and its connection."""
    connection = UnixConnection(daemon.socket)
    connection.request("GET", f"/containers/{name}/stats{query}")
    answer = connection.getresponse()
    assert answer.status == 200
    return answer, closing(connection)


def test_once(d, daemon):
    cid = run_one(d, "busy", "-m", "64m", "--pids-limit", "50", command=("sh", "-c", BUSY))
    began = time.monotonic()
    status, body, head = ask(daemon, "GET", "/containers/busy/stats?stream=0")
    assert time.monotonic() - began < 5
    assert status == 200 and head["Content-Type"] == "application/json"
    assert "Transfer-Encoding" not in head and body.endswith(b"}\n")
    stats = json.loads(body)
    assert set(stats) == MEMBERS  # no networks
    assert (stats["name"], stats["id"], stats["num_procs"]) == ("/busy", cid, 0)
    assert NEVER < stats["preread"] < stats["read"]
    assert stats["pids_stats"] == {"current": 1, "limit": 50}
    memory = stats["memory_stats"]
    assert memory["limit"] == 64 << 20 and 0 < memory["usage"] < 64 << 20
    assert "inactive_file" in memory["stats"]
    assert share(stats) < 140
    # A busy machine may give it nothing for a tenth of a second.
    wait_until(lambda: share(once(daemon, "busy")) > 10, "the loop does not run")
    assert set(stats["cpu_stats"]) == {"cpu_usage", "system_cpu_usage", "online_cpus",
                                       "throttling_data"}
    shot = json.loads(ask(daemon, "GET", "/containers/busy/stats?stream=0&one-shot=1")[1])
    assert shot["preread"] == NEVER and shot["read"] > stats["read"]
    assert shot["precpu_stats"] == {
        "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0}}
    assert shot["cpu_stats"]["cpu_usage"]["total_usage"] >= \
        stats["cpu_stats"]["cpu_usage"]["total_usage"]
    d("pause", "busy")
    paused = once(daemon, cid[:12])
    assert paused["pids_stats"]["current"] == 1 and share(paused) < 5


def test_failures(d, daemon):
    run_one(d, "idle")
    status, body, _ = ask(daemon, "GET", "/containers/idle/stats?stream=1&one-shot=1")
    assert (status, json.loads(body)["message"]) == \
        (400, "cannot have stream=true and one-shot=true")
    for query in ("", "?stream=0", "?stream=1&one-shot=1"):
        status, body, _ = ask(daemon, "GET", f"/containers/nosuch/stats{query}")
        assert (status, json.loads(body)["message"]) == (404, "No such container: nosuch")


def test_share_of_the_processors(d, daemon):
    run_one(d, "busy", command=("sh", "-c", BUSY))
    pid = int(d("inspect", "-f", "{{.State.Pid}}", "busy"))
    answer, connection = open_stream(daemon, "busy")
    with connection:
        measured = []
        for _ in range(4):
            stats = json.loads(answer.readline())
            measured.append((share(stats), processor_seconds(pid), time.monotonic(), stats))
    assert measured[0][3]["preread"] > NEVER
    assert 0 <= measured[0][0] < 140
    for before, after in zip(measured, measured[1:]):
        assert after[3]["preread"] == before[3]["read"]
        assert after[3]["precpu_stats"]["cpu_usage"] == before[3]["cpu_stats"]["cpu_usage"]
    # The machine may be busy otherwise: what the loop really got is in the scheduler's books.
    first, last = measured[1], measured[-1]
    real = (last[1] - first[1]) / (last[2] - first[2]) * 100
    shown = sum(m[0] for m in measured[2:]) / len(measured[2:])
    assert abs(shown - real) < 20, (shown, real)


def test_stream_over_ends_and_starts(d, daemon):
    cid = d("create", "--name", "web", "--network", "none", "bb:1", "sleep", "1000").strip()
    empty = once(daemon, "web")
    assert (empty["read"], empty["preread"]) == (NEVER, NEVER)
    assert empty["memory_stats"] == {} and empty["pids_stats"] == {}
    assert set(empty["blkio_stats"].values()) == {None}
    assert "system_cpu_usage" not in empty["cpu_stats"]
    answer, connection = open_stream(daemon, "web")
    with connection:
        assert answer.getheader("Content-Type") is None

        def next_where(condition):
            """The next object that is so; an end of the stream is none."""
            while True:
                stats = json.loads(answer.readline())
                if condition(stats):
                    return stats
        assert json.loads(answer.readline()) == empty
        d("start", "web")
        first = next_where(lambda s: s["pids_stats"])
        assert first["pids_stats"]["current"] == 1 and first["preread"] > NEVER
        d("rename", "web", "db")
        assert next_where(lambda s: s["name"] == "/db")["id"] == cid
        d("kill", "db")
        ended = next_where(lambda s: not s["pids_stats"])
        assert ended["read"] == NEVER
        d("start", "db")
        next_where(lambda s: s["pids_stats"])
        d("rm", "-f", "db")
        while line := answer.readline():
            assert json.loads(line)["id"] == cid


def test_clients_that_leave_or_do_not_read(d, daemon):
    run_one(d, "idle")
    answer, connection = open_stream(daemon, "idle")
    with connection:
        answer.readline()
        assert "container-stats-job" in daemon.actors()
        # Another that never reads; nobody waits for it.
        _, silent = open_stream(daemon, "idle", "?stream=1")
        with silent:
            assert once(daemon, "idle")["id"]
            assert json.loads(answer.readline())["name"] == "/idle"
    wait_until(lambda: "container-stats-job" not in daemon.actors(), "a job lives on")
    daemon.wait_for_no_connections()


def test_docker_stats(d, daemon, background):
    run_one(d, "small", "-m", "32m")
    run_one(d, "busy", "--cpus", "0.5", command=("sh", "-c", BUSY))
    d("create", "--name", "made", "--network", "none", "bb:1", "true")
    table = d("stats", "--no-stream").splitlines()
    assert re.split(r"  +", table[0].strip()) == [
        "CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O",
        "PIDS"]
    rows = {line.split()[1]: line for line in table[1:]}
    assert set(rows) == {"small", "busy"}
    assert "/ 32MiB" in rows["small"]
    shown = d("stats", "--no-stream", "--format", "{{.Name}} {{.CPUPerc}} {{.PIDs}} {{.MemPerc}}",
              "busy", "small").split()
    assert shown[0] == "busy" and shown[4] == "small" and (shown[2], shown[6]) == ("1", "1")
    assert 0 <= float(shown[1].rstrip("%")) < 90
    assert 0 < float(shown[7].rstrip("%")) < 100
    assert "made" in d("stats", "--no-stream", "-a", "--format", "{{.Name}}").split()
    made = d("stats", "--no-stream", "--format", "{{.CPUPerc}} {{.MemUsage}} {{.PIDs}}", "made")
    assert made.strip() == "0.00% 0B / 0B 0"
    assert "No such container: nosuch" in d("stats", "--no-stream", "nosuch", ok=False).stderr
    stream = background("docker", "-H", daemon.unix(), "stats", "--format", "{{json .}}", "busy")
    seen = 0
    while seen < 3:
        line = stream.stdout.readline()
        assert line, stream.stderr.read()
        # The terminal's own sequences stand around the objects.
        if found := re.search(r"\{.*\}", line):
            assert json.loads(found.group())["Name"] == "busy"
            seen += 1


def test_sdks(d, daemon, node):
    run_one(d, "busy", "-m", "64m", command=("sh", "-c", BUSY))
    client = docker_py.DockerClient(base_url=daemon.unix())
    container = client.containers.get("busy")
    stats = container.stats(stream=False)
    assert stats["name"] == "/busy" and stats["memory_stats"]["limit"] == 64 << 20
    assert 0 <= share(stats) < 140
    stream = container.stats(decode=True)
    assert [next(stream)["id"], next(stream)["id"]] == [container.id] * 2
    stream.close()
    client.close()
    done = node("stats.js", daemon.unix(), "busy")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["once"]["name"] == "/busy" and share(seen["once"]) >= 0
    assert seen["stream"][1]["preread"] == seen["stream"][0]["read"]
    wait_until(lambda: "container-stats-job" not in daemon.actors(), "a job lives on")


def disk_of(path):
    """The whole disk on which something lies: /dev/vda."""
    device = os.stat(path).st_dev
    place = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    return f"/dev/{(place.parent if (place / 'partition').exists() else place).name}"


def test_input_and_output_of_disks(d, daemon, tmp_path):
    # Lately the kernel counts (for version 1) only on disks that some limit was set for.
    d("run", "-d", "--name", "io", "--network", "none", "-v", f"{tmp_path}:/v",
      "--device-write-bps", f"{disk_of(tmp_path)}:1gb", "bb:1", "sh", "-c",
      "dd if=/dev/zero of=/v/x bs=1M count=8 conv=fsync && echo done; sleep 1000")
    wait_until(lambda: "done" in d("logs", "io"), "nothing was written")
    stats = once(daemon, "io")
    moved = {}
    for entry in stats["blkio_stats"]["io_service_bytes_recursive"]:
        moved[entry["op"].lower()] = moved.get(entry["op"].lower(), 0) + entry["value"]
    assert moved["write"] >= 8 << 20
