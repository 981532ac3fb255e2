"""docker run in the forms that people use, each seen from inside of the container or in its
control group."""

import hashlib
import json
import os
import socket
import subprocess

import pytest

from daemon import Daemon, clean_environment, run, wait_until

#: What `docker run` is asked for, what runs in the container, and what that prints.
FORMS = {
    "env": (["-e", "A=1", "-e", "B=x y"], 'echo "$A,$B"', "1,x y"),
    "env of the client": (["-e", "LC_ALL"], "echo $LC_ALL", "C.UTF-8"),
    "env file": (["--env-file", "ENV_FILE"], "echo $FROM_FILE", "yes"),
    "workdir": (["-w", "/not/there"], "pwd", "/not/there"),
    "user by name": (["-u", "bob"], "id -u; id -g; id -G", "1000\n1000\n1000 33"),
    "user and group by number": (["-u", "5:6"], "id -u; id -g", "5\n6"),
    "further groups": (["-u", "5", "--group-add", "33"], "id -G", "0 33"),
    "no capabilities": (["--cap-drop", "ALL"], "grep CapEff /proc/self/status", "CapEff:\t" + 16 * "0"),
    "one capability": (["--cap-drop", "ALL", "--cap-add", "NET_RAW"], "grep CapEff /proc/self/status",
                       "CapEff:\t0000000000002000"),
    "default capabilities": ([], "grep CapEff /proc/self/status", "CapEff:\t00000000a80425fb"),
    "privileged": (["--privileged"], "grep Seccomp: /proc/self/status; test -e /dev/kmsg && echo devices",
                   "Seccomp:\t0\ndevices"),
    "seccomp": ([], "grep Seccomp: /proc/self/status; unshare -m true 2>&1 | grep -c permitted",
                "Seccomp:\t2\n1"),
    "seccomp unconfined": (["--security-opt", "seccomp=unconfined"], "grep Seccomp: /proc/self/status",
                           "Seccomp:\t0"),
    "no new privileges": (["--security-opt", "no-new-privileges"], "grep NoNewPrivs /proc/self/status",
                          "NoNewPrivs:\t1"),
    "read-only": (["--read-only"], "touch /x 2>&1 | grep -o Read-only", "Read-only"),
    "read-only with tmpfs": (["--read-only", "--tmpfs", "/t:size=1m,mode=700"],
                             "touch /t/x; stat -c %a /t; df -k /t | tail -1 | awk '{print $2}'", "700\n1024"),
    "masked paths": ([], "ls /sys/firmware | wc -l; (echo 1 >/proc/sys/kernel/msgmax) 2>&1 | grep -o Read-only",
                     "0\nRead-only"),
    "ulimit": (["--ulimit", "nofile=123:456"], "ulimit -n; ulimit -Hn", "123\n456"),
    "hostname": (["--hostname", "here"], "hostname; cat /etc/hostname", "here\nhere"),
    "domain name": (["--hostname", "here", "--domainname", "there.example"], "cat /proc/sys/kernel/domainname",
                    "there.example"),
    "further hosts": (["--add-host", "db:10.1.2.3"], "grep db /etc/hosts", "10.1.2.3\tdb"),
    "name servers": (["--dns", "9.9.9.9", "--dns-search", "x.example", "--dns-option", "ndots:2"],
                     "grep -v '^#' /etc/resolv.conf | sort | xargs", "nameserver 9.9.9.9 options ndots:2 search x.example"),
    "sysctl": (["--sysctl", "kernel.msgmax=4096"], "cat /proc/sys/kernel/msgmax", "4096"),
    "shared memory": (["--shm-size", "2m"], "df -k /dev/shm | tail -1 | awk '{print $2}'", "2048"),
    "device": (["--device", "/dev/null:/dev/other:r"], "stat -c %t:%T /dev/other", "1:3"),
    "init": (["--init"], "cat /proc/1/comm; test $$ -gt 1 && echo below", "docker-init\nbelow"),
    "entrypoint": (["--entrypoint", "echo"], None, "a b"),
    "pid of the host": (["--pid", "host"], "test $(ps | wc -l) -gt 5 && echo many; ls -di /proc/1/root >/dev/null && cat /proc/1/comm >/dev/null && echo seen",
                        "many\nseen"),
    "own processes": ([], "ps -o pid | xargs", None),
    "loopback only": ([], "ls /sys/class/net", "lo"),
    "mount": (["--mount", "type=bind,src=SHARED,dst=/m,ro"], "cat /m/file; touch /m/x 2>&1 | grep -o Read-only",
              "shared\nRead-only"),
    "volume by path": (["-v", "SHARED:/m"], "cat /m/file; echo written > /m/by; cat /m/by", "shared\nwritten"),
    "named volume": (["-v", "some:/m"], "echo 1 > /m/x; cat /m/x", "1"),
    "tmpfs mount": (["--mount", "type=tmpfs,dst=/t,tmpfs-size=1m"], "df -k /t | tail -1 | awk '{print $2}'", "1024"),
}


@pytest.fixture(scope="module")
def once(busybox_archive):
    """As `d`, with a daemon for all forms, whose containers go by themselves: once(WORD...)."""
    daemon = Daemon().start()

    def call(*words):
        return run("docker", "-H", daemon.unix(), *words, env=clean_environment())
    loaded = call("load", "-q", "-i", busybox_archive)
    assert loaded.returncode == 0, loaded.stderr
    yield call
    daemon.dispose()


@pytest.mark.parametrize("form", FORMS)
def test_form(once, tmp_path, form):
    flags, script, expected = FORMS[form]
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "file").write_text("shared\n")
    (tmp_path / "env").write_text("FROM_FILE=yes\n")
    flags = [f.replace("SHARED", str(shared)).replace("ENV_FILE", str(tmp_path / "env")) for f in flags]
    words = ["a", "b"] if script is None else ["sh", "-c", script]
    done = once("run", "--rm", "--network", "none", *flags, "bb:1", *words)
    assert done.returncode == 0, done.stderr
    said = done.stdout.rstrip("\n")
    if form == "own processes":
        assert said.startswith("PID 1 ") and len(said.split()) < 6
    else:
        assert said == expected


def test_namespaces_of_the_host_and_of_others(d):
    assert d("run", "--rm", "--network", "host", "--uts", "host", "bb:1", "hostname").strip() == \
        socket.gethostname()
    d("run", "-d", "--name", "first", "--network", "none", "--ipc", "shareable", "bb:1", "sleep", "1000")

    def namespaces(*flags):
        said = d("run", "--rm", *flags, "bb:1", "sh", "-c",
                 "for n in pid ipc net uts; do readlink /proc/self/ns/$n; done").split()
        return dict(zip(("pid", "ipc", "net", "uts"), said))
    first = dict(zip(("pid", "ipc", "net", "uts"), d(
        "exec", "first", "sh", "-c", "for n in pid ipc net uts; do readlink /proc/self/ns/$n; done").split()))
    memory = d("exec", "first", "grep", " /dev/shm ", "/proc/self/mounts").split()[3].split(",")
    assert {"rw", "nosuid", "nodev", "noexec"} <= set(memory)
    joined = namespaces("--pid", "container:first", "--ipc", "container:first", "--network", "container:first")
    assert {k: joined[k] for k in ("pid", "ipc", "net")} == {k: first[k] for k in ("pid", "ipc", "net")}
    own = namespaces("--network", "none")
    assert not set(own.values()) & set(first.values())
    host = namespaces("--pid", "host", "--ipc", "host", "--network", "host", "--uts", "host")
    assert host == {n: os.readlink(f"/proc/self/ns/{n}") for n in host}


def limit(d, name, controller, v1, v2):
    """What stands in the control group of a container."""
    pid = d("inspect", "-f", "{{.State.Pid}}", name).strip()
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
        groups = dict(line.strip().split(":", 2)[1:] for line in file)
    for names, path in groups.items():
        if controller in names.split(","):
            directory = f"/sys/fs/cgroup/{controller}{path}"
            with open(f"{directory}/{v1}", encoding="ascii") as file:
                return file.read().strip()
    with open(f"/sys/fs/cgroup{groups['']}/{v2}", encoding="ascii") as file:
        return file.read().strip()


def test_limits(d):
    d("run", "-d", "--name", "web", "--network", "none", "-m", "64m", "--memory-swap", "64m", "--cpus", "0.5",
      "--pids-limit", "33", "--cpuset-cpus", "0", "bb:1", "sleep", "1000")
    assert limit(d, "web", "memory", "memory.limit_in_bytes", "memory.max") == str(64 << 20)
    assert limit(d, "web", "pids", "pids.max", "pids.max") == "33"
    assert limit(d, "web", "cpu", "cpu.cfs_quota_us", "cpu.max").split()[0] == "50000"
    assert limit(d, "web", "cpuset", "cpuset.cpus", "cpuset.cpus") == "0"
    d("update", "-m", "96m", "--memory-swap", "96m", "--pids-limit", "44", "--cpus", "0.25", "web")
    assert limit(d, "web", "memory", "memory.limit_in_bytes", "memory.max") == str(96 << 20)
    assert limit(d, "web", "pids", "pids.max", "pids.max") == "44"
    assert limit(d, "web", "cpu", "cpu.cfs_quota_us", "cpu.max").split()[0] == "25000"
    refused = d("update", "-m", "500m", "web", ok=False)
    assert refused.returncode == 1 and "memoryswap" in refused.stderr
    assert limit(d, "web", "memory", "memory.limit_in_bytes", "memory.max") == str(96 << 20)


def test_more_memory_than_allowed(d):
    done = d("run", "--name", "eater", "--network", "none", "-m", "16m", "--memory-swap", "16m", "bb:1", "sh", "-c",
             "dd if=/dev/zero of=/dev/null bs=200M count=1", ok=False)
    assert done.returncode == 137
    assert d("inspect", "-f", "{{.State.OOMKilled}}", "eater").strip() == "true"


def test_a_hundred_megabytes_in_and_out(d, daemon):
    block = hashlib.sha256(b"seed").digest() * 32768 # 1 MiB
    digest = hashlib.sha256()
    with subprocess.Popen(["docker", "-H", daemon.unix(), "run", "--rm", "-i", "--network", "none", "bb:1", "cat"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment()) as process:
        child = os.fork()
        if child == 0:
            process.stdout.close()
            for _ in range(100):
                process.stdin.write(block)
            process.stdin.close()
            os._exit(0)
        process.stdin.close()
        while piece := process.stdout.read(1 << 16):
            digest.update(piece)
        assert os.waitpid(child, 0)[1] == 0
    assert process.returncode == 0
    expected = hashlib.sha256()
    for _ in range(100):
        expected.update(block)
    assert digest.hexdigest() == expected.hexdigest()


def test_detached_with_a_stop_signal_and_log_options(d):
    d("run", "-d", "--name", "web", "--network", "none", "--stop-signal", "USR1", "--stop-timeout", "30",
      "--log-opt", "max-size=10k", "--log-opt", "max-file=2", "bb:1", "sh", "-c",
      "trap 'echo got it; exit 9' USR1; echo up; while :; do sleep 0.05; done")
    wait_until(lambda: d("logs", "web") == "up\n", "the first line")
    d("stop", "web")
    assert d("wait", "web").strip() == "9"
    assert d("logs", "web") == "up\ngot it\n"
    [shown] = json.loads(d("inspect", "web"))
    assert shown["HostConfig"]["LogConfig"] == {"Type": "json-file",
                                                "Config": {"max-file": "2", "max-size": "10k"}}


def test_restart_policy(d):
    d("run", "-d", "--name", "again", "--network", "none", "--restart", "on-failure:2", "bb:1", "sh", "-c",
      "echo run; exit 3")
    wait_until(lambda: d("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", "again").strip() == "exited 2",
               "two restarts")
    assert d("logs", "again") == "run\n" * 3


def test_volumes_from(d):
    d("run", "--name", "giver", "--network", "none", "-v", "/data", "bb:1", "sh", "-c", "echo shared > /data/f")
    assert d("run", "--rm", "--network", "none", "--volumes-from", "giver", "bb:1", "cat", "/data/f") == "shared\n"
    done = d("run", "--rm", "--network", "none", "--volumes-from", "giver:ro", "bb:1", "touch", "/data/x", ok=False)
    assert done.returncode == 1 and "Read-only" in done.stderr


@pytest.mark.parametrize("words,status,text", [
    (["nosuch:1"], 125, "No such image: nosuch:1"),
    (["bb:1", "nosuch"], 127,
     'create failed: unable to start container process: exec: "nosuch": '
     'executable file not found in $PATH: unknown'),
    (["bb:1", "/etc"], 126, 'exec: "/etc": permission denied: unknown'),
    (["bb:1", ""], 127, 'exec: "": executable file not found in $PATH: unknown'),
    (["--gpus", "all", "bb:1", "true"], 125,
     'could not select device driver "" with capabilities: [[gpu]]'),
    (["--device", "nvidia.com/gpu=all", "bb:1", "true"], 125,
     'could not select device driver "cdi" with capabilities: []'),
    (["-m", "1k", "bb:1"], 125, "Minimum memory limit allowed is 6MB"),
    (["--name", "-bad", "bb:1"], 125, "Invalid container name (-bad)"),
    (["-v", "/a:/b:wrong", "bb:1"], 125, "invalid mode: wrong"),
    (["-u", "nobody-there", "bb:1", "true"], 125, "unable to find user nobody-there"),
    (["-m", "64m", "--memory-swap", "32m", "bb:1"], 125,
     "Minimum memoryswap limit should be larger than memory limit"),
    (["--runtime", "nosuch", "bb:1"], 125, "unknown or invalid runtime name: nosuch"),
    (["--ulimit", "nofile=5", "--sysctl", "kernel.hostname=x", "bb:1"], 125, "sysctl"),
])
def test_refused(once, words, status, text):
    done = once("run", "--rm", "--pull", "never", "--network", "none", *words)
    assert done.returncode == status, done.stderr
    assert text in done.stderr
    assert once("ps", "-aq").stdout == ""
