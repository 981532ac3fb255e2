"""docker exec, as people and their programs do it."""

import fcntl
import hashlib
import json
import os
import pty
import select
import struct
import subprocess
import tarfile
import termios
import threading
import time
from pathlib import Path

import docker as docker_sdk
import pytest

from archives import tar
from daemon import PATIENCE, Daemon, clean_environment, run, wait_until
from wire import Wire, ask

NOT_FOUND = ("OCI runtime exec failed: exec failed: unable to start container process: "
             'exec: "nope": executable file not found in $PATH: unknown')


def root():
    """A file system of busybox with two users."""
    links = []
    for name in ("cat", "env", "head", "id", "ls", "pwd", "sh", "sleep", "stty", "true", "yes"):
        link = tarfile.TarInfo("bin/" + name)
        link.type, link.linkname = tarfile.SYMTYPE, "busybox"
        links.append((link.name, link))
    places = []
    for name in ("etc", "proc", "tmp"):
        place = tarfile.TarInfo(name)
        place.type, place.mode = tarfile.DIRTYPE, 0o755
        places.append((name, place))
    return tar([*places, ("bin/busybox", Path("/bin/busybox").read_bytes()), *links,
                ("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n"
                               b"www:x:33:33:www:/var/www:/bin/sh\n"),
                ("etc/group", b"root:x:0:\nwww:x:33:\nextra:x:44:www\n")])


class Place:
    """A daemon with the image `bb` and a running container `cc`."""

    def __init__(self, daemon, docker, directory):
        self.daemon = daemon
        self.docker = docker
        archive = directory / "root.tar"
        archive.write_bytes(root())
        self.good("import", archive, "bb")
        self.id = self.good("run", "-d", "--name", "cc", "--network", "none", "-e", "GIVEN=1", "-w",
                            "/tmp", "bb", "sleep", "100000").strip()

    def run(self, *words, **more):
        return self.docker(self.daemon.unix(), *words, **more)

    def good(self, *words, **more):
        done = self.run(*words, **more)
        assert done.returncode == 0, f"{words}: {done.stderr}{self.daemon.last_words()}"
        return done.stdout

    def exec(self, *words, **more):
        return self.run("exec", *words, **more)

    def make(self, *command, container="cc", **options):
        """An exec by the API; its id."""
        body = {"Cmd": list(command), "AttachStdout": True, "AttachStderr": True, **options}
        status, answer = self.api("POST", f"/containers/{container}/exec", body)
        assert status == 201, answer
        return answer["Id"]

    def api(self, method, path, body=None):
        """The status and what the answer says."""
        data = json.dumps(body).encode() if body is not None else b""
        headers = ["Content-Type: application/json"] if data else []
        answer = ask(self.daemon.unix(), path, method, headers, data)
        return answer.status, json.loads(answer.body) if answer.body.strip() else None

    def inspect(self, exec_id):
        status, shown = self.api("GET", f"/exec/{exec_id}/json")
        assert status == 200, shown
        return shown

    def attach(self, exec_id, version="", upgrade=True, **options):
        """The connection of an attached start, behind its head; and that head."""
        wire = Wire(self.daemon.unix())
        body = json.dumps({"Detach": False, "Tty": False, **options}).encode()
        lines = [f"POST {version}/exec/{exec_id}/start HTTP/1.1", "Host: d",
                 "Content-Type: application/json", f"Content-Length: {len(body)}"]
        if upgrade:
            lines += ["Connection: Upgrade", "Upgrade: tcp"]
        wire.send("\r\n".join([*lines, "", ""]).encode() + body)
        return wire, wire.read_head()

    def wait_for_end(self, exec_id):
        return wait_until(lambda: (lambda x: x if x["ExitCode"] is not None else None)(
            self.inspect(exec_id)), lambda: f"still runs: {self.inspect(exec_id)}")

    def monitors(self):
        """Processes of gantry-monitor that belong to this daemon."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                words = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
            except OSError:
                continue
            if len(words) > 1 and words[1].startswith(str(self.daemon.directory).encode() + b"/"):
                found.append((int(pid), words[1].decode()))
        return found

    def exec_directories(self):
        place = self.daemon.directory / "x" / "execs"
        return os.listdir(place) if place.exists() else []


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One for all tests that leave its container running."""
    made = fresh_place(tmp_path_factory.mktemp("exec"))
    yield made
    end_place(made)


@pytest.fixture
def own_place(tmp_path):
    """One of the test's own."""
    made = fresh_place(tmp_path)
    yield made
    end_place(made)


def fresh_place(directory):
    daemon = Daemon().start()

    def docker(host, *words, env=None, patience=60, **more):
        environment = clean_environment(DOCKER_CONFIG=str(directory / "docker"), **(env or {}))
        return run("docker", "-H", host, *words, env=environment, patience=patience, **more)
    try:
        return Place(daemon, docker, directory)
    except BaseException:
        daemon.dispose()
        raise


def end_place(made):
    """Its containers end before its daemon, and nothing is left of them."""
    try:
        if made.daemon.process.poll() is not None:
            made.daemon.start().wait_for_log("runtime chosen")
        names = made.good("ps", "-aq").split()
        if names:
            made.good("rm", "-f", *names)
        wait_until(lambda: not made.exec_directories(), made.exec_directories)
        wait_until(lambda: not made.monitors(), made.monitors)
    finally:
        made.daemon.dispose()


# -- the docker command ---------------------------------------------------------------------------


def test_output_and_exit_codes(place):
    done = place.exec("cc", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")
    assert place.exec("cc", "true").returncode == 0
    assert place.exec("cc", "sh", "-c", "kill -9 $$").returncode == 137


def test_what_cannot_be_run(place):
    done = place.exec("cc", "nope")
    assert done.returncode == 127
    assert NOT_FOUND in done.stdout + done.stderr
    done = place.exec("cc", "/nope/nope")
    assert done.returncode == 127
    assert "no such file or directory" in done.stdout + done.stderr
    done = place.exec("cc", "/etc/passwd")
    assert done.returncode == 126
    assert "permission denied" in done.stdout + done.stderr
    done = place.exec("-w", "/not/there", "cc", "true")
    assert done.returncode in (126, 127)
    assert "OCI runtime exec failed: " in done.stdout + done.stderr


def test_environment_user_and_directory(place):
    env = dict(line.split("=", 1) for line in
               place.good("exec", "-e", "A=b c", "-e", "GIVEN=2", "cc", "env").splitlines())
    assert env["A"] == "b c" and env["GIVEN"] == "2"
    assert env["HOME"] == "/root" and env["HOSTNAME"] == place.id[:12] and "PATH" in env
    assert "TERM" not in env
    assert place.good("exec", "cc", "pwd") == "/tmp\n"
    assert place.good("exec", "-w", "/etc", "cc", "pwd") == "/etc\n"
    assert place.good("exec", "-u", "www", "cc", "id") == (
        "uid=33(www) gid=33(www) groups=33(www),44(extra)\n")
    assert place.good("exec", "-u", "5:6", "cc", "id").startswith("uid=5 gid=6")
    assert "HOME=/var/www\n" in place.good("exec", "-u", "www", "cc", "env")
    done = place.exec("-u", "nobody", "cc", "true")
    assert "unable to find user nobody: no matching entries in passwd file" in done.stderr
    assert done.returncode == 1


def test_capabilities(place):
    def bounding(*flags):
        text = place.good("exec", *flags, "cc", "cat", "/proc/self/status")
        return int([x for x in text.splitlines() if x.startswith("CapBnd")][0].split()[1], 16)
    daemon = [x for x in open(f"/proc/{place.daemon.pid()}/status") if x.startswith("CapBnd")][0]
    assert bounding("--privileged") == int(daemon.split()[1], 16)
    assert bounding() == 0xa80425fb & int(daemon.split()[1], 16)


def test_input_comes_out_again(place):
    size = 100 * 1024 * 1024
    block = os.urandom(1024 * 1024)
    into, out = hashlib.sha256(), hashlib.sha256()
    process = subprocess.Popen(
        ["docker", "-H", place.daemon.unix(), "exec", "-i", "cc", "cat"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment())

    def feed():
        for n in range(size // len(block)):
            piece = block[n:] + block[:n]
            into.update(piece)
            process.stdin.write(piece)
        process.stdin.close() # the half-close that ends cat
    feeder = threading.Thread(target=feed)
    feeder.start()
    got = 0
    while piece := process.stdout.read(1024 * 1024):
        got += len(piece)
        out.update(piece)
    feeder.join()
    assert process.wait(PATIENCE) == 0, process.stderr.read()
    assert (got, out.hexdigest()) == (size, into.hexdigest())


def test_output_of_many_bytes(place):
    done = subprocess.run(["docker", "-H", place.daemon.unix(), "exec", "cc", "head", "-c",
                           "30000000", "/dev/zero"], stdout=subprocess.PIPE, timeout=PATIENCE * 2,
                          env=clean_environment(), check=True)
    assert len(done.stdout) == 30_000_000


class Terminal:
    """A program in a terminal of our own."""

    def __init__(self, *words, rows=30, columns=90):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(words[0], words, clean_environment())
        self.resize(rows, columns)
        self.text = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        if not select.select([self.fd], [], [], PATIENCE)[0]:
            raise AssertionError(f"no more after {self.text!r}")
        try:
            piece = os.read(self.fd, 65536)
        except OSError: # nobody has the other end any more
            piece = b""
        self.text += piece
        return piece

    def read_until(self, words):
        while words not in self.text:
            assert self.read(), f"{words!r} is not in {self.text!r}"

    def type(self, words):
        os.write(self.fd, words)

    def wait(self):
        while self.read():
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_a_terminal(place):
    terminal = Terminal("docker", "-H", place.daemon.unix(), "exec", "-it", "cc", "sh", rows=41,
                        columns=117)
    def says_size(size):
        # The client tells the size a moment after the start.
        terminal.text = b""
        terminal.type(b"stty size; echo do''ne\n")
        terminal.read_until(b"done\r\n")
        return size in terminal.text
    wait_until(lambda: says_size(b"41 117\r\n"), lambda: terminal.text)
    terminal.resize(22, 33)
    wait_until(lambda: says_size(b"22 33\r\n"), lambda: terminal.text)
    terminal.text = b""
    terminal.type(b"echo $TERM; exit 9\n")
    terminal.read_until(b"xterm\r\n")
    assert terminal.wait() == 9


def test_detach_keys_leave_the_process(place):
    terminal = Terminal("docker", "-H", place.daemon.unix(), "exec", "-it", "--detach-keys",
                        "ctrl-x,x", "cc", "sh", "-c", "echo here; read x; sleep 1000")
    terminal.read_until(b"here\r\n")
    terminal.type(b"\x18x")
    terminal.wait()
    [left] = json.loads(place.good("inspect", "cc"))[0]["ExecIDs"]
    assert place.inspect(left)["Running"] is True
    assert place.inspect(left)["DetachKeys"] == "GHg="
    os.kill(place.inspect(left)["Pid"], 9)
    assert place.wait_for_end(left)["ExitCode"] == 137


def test_detached(place):
    assert place.exec("-d", "cc", "sh", "-c", "echo done > /tmp/detached").stdout == ""
    wait_until(lambda: place.exec("cc", "cat", "/tmp/detached").stdout == "done\n", "no file")
    done = place.exec("-d", "cc", "nope")
    assert done.returncode != 0 and NOT_FOUND in done.stderr


def test_states_that_take_no_exec(own_place):
    place = own_place
    created = place.make("true")
    place.good("pause", "cc")
    done = place.exec("cc", "true")
    assert "Container cc is paused, unpause the container before exec" in done.stderr
    assert place.api("POST", f"/exec/{created}/start", {"Detach": True}) == (
        409, {"message": f"Container {place.id} is paused, unpause the container before exec"})
    place.good("unpause", "cc")
    place.good("kill", "cc")
    done = place.exec("cc", "true")
    assert f"container {place.id} is not running" in done.stderr and done.returncode == 1
    # One that was never started goes with the run that it was for.
    wait_until(lambda: place.api("GET", f"/exec/{created}/json")[0] == 404, "it stays")
    done = place.exec("nosuch", "true")
    assert "No such container: nosuch" in done.stderr


# -- the API --------------------------------------------------------------------------------------


def test_inspect(place):
    made = place.make("sh", "-c", "exit 5", Env=["A=b"], User="33", WorkingDir="/tmp")
    expected = {
        "ID": made, "Running": False, "ExitCode": None,
        "ProcessConfig": {"tty": False, "entrypoint": "sh", "arguments": ["-c", "exit 5"],
                          "privileged": False, "user": "33"},
        "OpenStdin": False, "OpenStderr": True, "OpenStdout": True, "CanRemove": False,
        "ContainerID": place.id, "DetachKeys": "", "Pid": 0}
    assert place.inspect(made) == expected
    [container] = json.loads(place.good("inspect", "cc"))
    assert made in container["ExecIDs"]
    assert place.api("POST", f"/exec/{made}/start", {"Detach": True}) == (200, None)
    ended = place.wait_for_end(made)
    assert ended.pop("Pid") > 1
    expected.pop("Pid")
    assert ended == {**expected, "ExitCode": 5}
    [container] = json.loads(place.good("inspect", "cc"))
    assert made not in (container["ExecIDs"] or [])
    status, answer = place.api("POST", f"/exec/{made}/start", {"Detach": True})
    assert (status, answer["message"]) == (409, f"exec command {made} has already run")
    for path in ("json", "start", "resize?h=1&w=1"):
        method = "GET" if path == "json" else "POST"
        assert place.api(method, f"/exec/{made[:12]}/{path}", {} if path == "start" else None) == (
            404, {"message": f"No such exec instance: {made[:12]}"})


def test_what_create_refuses(place):
    create = "/containers/cc/exec"
    assert place.api("POST", create) == (400, {"message": "No exec command specified"})
    assert place.api("POST", create, {"Cmd": "true"})[0] == 400
    assert place.api("POST", create, {"Cmd": []}) == (400, {"message": "No exec command specified"})
    status, answer = place.api("POST", create, {"Cmd": ["true"], "DetachKeys": "ctrl-?"})
    assert (status, answer["message"]) == (500, "Invalid escape keys (ctrl-?) provided")
    status, answer = place.api("POST", create, {"Cmd": ["true"], "User": "nobody"})
    assert (status, answer["message"]) == (
        400, "unable to find user nobody: no matching entries in passwd file")
    assert place.api("POST", "/containers/nosuch/exec", {"Cmd": ["true"]})[0] == 404


def frames(data):
    """What is in the frames: (stream, bytes)."""
    found = []
    while data:
        kind, size = data[0], struct.unpack(">I", data[4:8])[0]
        found.append((kind, data[8:8 + size]))
        data = data[8 + size:]
    return found


@pytest.mark.parametrize("version,upgrade,tty,media", [
    ("", True, False, "multiplexed"), ("/v1.41", True, False, "raw"), ("", True, True, "raw"),
    ("", False, False, "raw"), ("", False, True, "raw")])
def test_the_stream_of_a_start(place, version, upgrade, tty, media):
    made = place.make("sh", "-c", "echo out", Tty=tty)
    wire, head = place.attach(made, version, upgrade, Tty=tty)
    with wire:
        assert head.status == (101 if upgrade else 200)
        assert head.header("Api-Version") and head.header("Server")
        assert head.header("Content-Type") == f"application/vnd.docker.{media}-stream"
        data = wire.read_to_end()
    assert place.inspect(made)["ExitCode"] == 0
    assert (data == b"out\r\n") if tty else (frames(data) == [(1, b"out\n")])
    # Once more: said in the stream, for the head is out.
    wire, head = place.attach(made, Tty=True)
    with wire:
        assert head.status == 101
        assert wire.read_to_end() == f"exec command {made} has already run\r\n".encode()


def test_the_end_is_known_before_it_is_seen(place):
    for code in range(10):
        made = place.make("sh", "-c", f"exit {code}")
        wire, _ = place.attach(made)
        with wire:
            assert wire.at_end()
        shown = place.inspect(made)
        assert (shown["Running"], shown["ExitCode"]) == (False, code)


def test_resize(place):
    made = place.make("sh", "-c", "read x; stty size", Tty=True, AttachStdin=True)
    answers = []
    early = threading.Thread(
        target=lambda: answers.append(place.api("POST", f"/exec/{made}/resize?h=12&w=34")))
    early.start() # waits for the process
    wire, _ = place.attach(made, Tty=True)
    with wire:
        early.join()
        assert answers == [(200, None)]
        wire.send(b"\n")
        assert b"12 34\r\n" in wire.read_to_end()
    assert place.api("POST", f"/exec/{made}/resize?h=1&w=1")[0] == 404
    assert place.api("POST", f"/exec/{made}/resize?h=x&w=1")[0] == 400


# crun lets the process run before it hands its terminal over, so it can look too early; runc does not.
@pytest.mark.parametrize("runtime,look", [
    ("runc", "stty size"),
    ("crun", "until s=$(stty size 2>/dev/null); do sleep 0.01; done; echo $s")])
def test_sizes_at_the_start(place, runtime, look):
    name = f"sized-{runtime}"
    place.good("run", "-d", "--runtime", runtime, "--name", name, "--network", "none", "bb", "sleep", "1000")

    def size(**of_start):
        made = place.make("sh", "-c", look, container=name, Tty=True, ConsoleSize=[7, 8])
        wire, _ = place.attach(made, Tty=True, **of_start)
        with wire:
            return wire.read_to_end()
    assert size() == b"7 8\r\n"
    assert size(ConsoleSize=[9, 10]) == b"9 10\r\n"
    place.good("rm", "-f", name)


def test_a_client_that_goes_away_leaves_the_process(place):
    made = place.make("sh", "-c",
                      "while :; do echo x; [ -e /tmp/left ] && exit 3; sleep 0.02; done")
    wire, _ = place.attach(made)
    with wire:
        wire.read_exactly(10)
    assert place.inspect(made)["Running"] is True
    place.good("exec", "cc", "sh", "-c", "echo > /tmp/left")
    assert place.wait_for_end(made)["ExitCode"] == 3


def test_a_client_that_closes_its_input_ends_cat(place):
    made = place.make("cat", AttachStdin=True)
    wire, _ = place.attach(made)
    with wire:
        wire.send(b"half")
        wire.half_close()
        assert frames(wire.read_to_end()) == [(1, b"half")]
    assert place.inspect(made)["ExitCode"] == 0


def test_events(place):
    since = str(int(time.time()))
    place.exec("cc", "sh", "-c", "exit 44")
    place.exec("cc", "true")
    told = place.good("events", "--since", since, "--until", str(int(time.time()) + 1), "--filter",
                      "container=cc", "--format", "{{json .}}")
    seen = [e for e in map(json.loads, told.splitlines()) if "exec" in e["Action"]]
    [made] = [e for e in seen if e["Action"] == "exec_create: sh -c exit 44"]
    first = [e for e in seen if e["Actor"]["Attributes"]["execID"] ==
             made["Actor"]["Attributes"]["execID"]]
    assert [e["Action"] for e in first] == [
        "exec_create: sh -c exit 44", "exec_start: sh -c exit 44", "exec_die"]
    assert first[2]["Actor"]["Attributes"]["exitCode"] == "44"
    assert first[0]["Actor"]["Attributes"]["name"] == "cc"
    assert "exec_create: true " in [e["Action"] for e in seen]


def test_python_sdk(place):
    client = docker_sdk.DockerClient(base_url=place.daemon.unix())
    try:
        container = client.containers.get("cc")
        code, output = container.exec_run(["sh", "-c", "echo out; echo err >&2; exit 3"])
        assert (code, sorted(output.split())) == (3, [b"err", b"out"])
        code, (out, err) = container.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)
        assert (code, out, err) == (0, b"out\n", b"err\n")
        code, output = container.exec_run("sh -c 'echo $A; pwd; id -u'", environment={"A": "b"},
                                          workdir="/etc", user="www")
        assert (code, output) == (0, b"b\n/etc\n33\n")
        assert container.exec_run("stty size", tty=True).exit_code == 0
        code, stream = container.exec_run("yes", stream=True)
        assert code is None and next(stream).startswith(b"y\n")
        stream.close()
        assert not container.exec_run("sleep 0", detach=True).output
        code, output = container.exec_run("nope")
        assert code == 127 and NOT_FOUND.encode() in output
        code, socket = container.exec_run("cat", stdin=True, socket=True)
        socket._sock.sendall(b"typed")
        socket._sock.shutdown(1)
        assert frames(socket.read()) == [(1, b"typed")]
        socket.close()
    finally:
        client.close()


# -- ends -----------------------------------------------------------------------------------------


def test_execs_end_with_their_container(own_place):
    place = own_place
    made = place.make("sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done")
    wire, _ = place.attach(made)
    with wire:
        wire.read_exactly(11)
        begun = time.monotonic()
        place.good("stop", "-t", "0", "cc")
        assert time.monotonic() - begun < 5
        wire.read_to_end()
    shown = place.inspect(made)
    assert (shown["Running"], shown["ExitCode"]) == (False, 137)
    place.good("rm", "cc")
    assert place.api("GET", f"/exec/{made}/json") == (
        404, {"message": f"No such exec instance: {made}"})


def test_a_daemon_that_is_killed_and_comes_back(own_place):
    place = own_place
    running = place.make("sh", "-c", "echo up; while [ ! -e /tmp/go ]; do sleep 0.02; done; exit 6")
    ending = place.make("sh", "-c", "echo up; while [ ! -e /tmp/now ]; do sleep 0.02; done; exit 7")
    wires = [place.attach(x)[0] for x in (running, ending)]
    for wire in wires:
        wire.read_exactly(11)
    place.daemon.kill()
    for wire in wires:
        wire.read_to_end()
        wire.socket.close()
    assert len(place.monitors()) == 3
    merged = place.daemon.directory / "data" / "containers" / place.id / "merged"
    (merged / "tmp" / "now").write_text("")
    wait_until(lambda: len(place.monitors()) == 2, place.monitors)
    place.daemon.start()
    assert place.wait_for_end(ending)["ExitCode"] == 7
    assert place.inspect(running)["Running"] is True
    assert json.loads(place.good("inspect", "cc"))[0]["ExecIDs"] == [running]
    place.daemon.wait_for_log("runtime chosen") # before that nothing can be started
    assert place.exec("cc", "true").returncode == 0
    (merged / "tmp" / "go").write_text("")
    assert place.wait_for_end(running)["ExitCode"] == 6
    wait_until(lambda: len(place.monitors()) == 1, place.monitors)
    wait_until(lambda: not place.exec_directories(), place.exec_directories)


def test_many_leave_nothing_behind(own_place):
    place = own_place

    def rounds(count):
        for _ in range(count):
            made = place.make("true")
            wire, _ = place.attach(made)
            with wire:
                wire.read_to_end()
            assert place.inspect(made)["ExitCode"] == 0

    def at_rest():
        wait_until(lambda: not place.exec_directories(), place.exec_directories)
        wait_until(lambda: len(place.monitors()) == 1, place.monitors)
        wait_until(lambda: not {"exec", "attach-session", "command"} & set(place.daemon.actors()),
                   place.daemon.actors)
        return len(os.listdir(f"/proc/{place.daemon.pid()}/fd"))
    rounds(5)
    before = at_rest()
    rounds(50)
    assert at_rest() <= before + 2 # threads of the pool come and go
