"""The docker command, as its users type it, over every kind of address."""

import json
import re
import signal
import time

import pytest

from daemon import clean_environment, wait_until


class Target:
    """A daemon and the words and variables that lead the docker command there."""

    def __init__(self, daemon, host, words=()):
        self.daemon = daemon
        self.host = host
        self.words = words


def start_activated(make_daemon, host, listen, *options):
    """A daemon that systemd-socket-activate starts when somebody connects to `listen`."""
    daemon = make_daemon(hosts=[host] if host else [], prefix=[
        "systemd-socket-activate", "-l", listen, *options, "-E", "HOME", "-E", "ASAN_OPTIONS",
        "-E", "UBSAN_OPTIONS"])
    daemon.spawn()
    daemon.wait_for_log("Listening on ")
    return daemon


@pytest.fixture(params=["unix", "tcp", "tls", "mutual-tls", "fd", "fd-name", "fd-default"])
def target(request, make_daemon, authority, tmp_path):
    kind = request.param
    if kind == "unix":
        daemon = make_daemon().start()
        return Target(daemon, daemon.unix())
    if kind == "tcp":
        daemon = make_daemon(hosts=["tcp://127.0.0.1:0"]).start()
        return Target(daemon, daemon.bound())
    if kind.startswith("fd"):
        socket = tmp_path / "s"
        host, options = {"fd": ("fd://", ()), "fd-name": ("fd://api", ("--fdname=api",)),
                         "fd-default": ("", ())}[kind]
        daemon = start_activated(make_daemon, host, socket, *options)
        return Target(daemon, f"unix://{socket}")
    flags = ["--tls", f"--tlscert={authority.cert('server')}",
             f"--tlskey={authority.key('server')}"]
    words = ["--tlsverify", f"--tlscacert={authority.ca}"]
    if kind == "mutual-tls":
        flags += ["--tlsverify", f"--tlscacert={authority.ca}"]
        words += [f"--tlscert={authority.cert('client')}", f"--tlskey={authority.key('client')}"]
    daemon = make_daemon(*flags, hosts=["tcp://127.0.0.1:0"]).start()
    return Target(daemon, daemon.bound(), words)


def test_every_address_serves_the_docker_command(target, docker):
    def call(*words):
        done = docker(target.host, *target.words, *words)
        assert done.returncode == 0, done.stderr + target.daemon.last_words()
        return done.stdout

    version = json.loads(call("version", "--format", "json"))
    assert version["Client"]["ApiVersion"] == "1.50"
    assert version["Server"]["ApiVersion"] == "1.50"
    assert version["Server"]["MinAPIVersion"] == "1.24"
    assert json.loads(call("info", "--format", "json"))["ID"]
    assert call("ps").startswith("CONTAINER ID")
    assert call("images").startswith("REPOSITORY")
    assert call("volume", "ls").startswith("DRIVER")
    assert call("network", "ls").startswith("NETWORK ID")
    assert call("events", "--since", "0", "--until", "1") == ""


def test_a_socket_of_systemd_outlives_the_daemon(make_daemon, docker, tmp_path):
    socket = tmp_path / "s"
    daemon = start_activated(make_daemon, "fd://", socket)
    assert docker(f"unix://{socket}", "version").returncode == 0
    assert daemon.stop() == 0
    assert socket.is_socket()


def test_socket_activation_with_an_unknown_name_is_an_error(make_daemon, docker, tmp_path):
    daemon = start_activated(make_daemon, "fd://other", tmp_path / "s", "--fdname=api")
    docker(f"unix://{tmp_path / 's'}", "version")
    assert daemon.wait() == 1
    assert "other" in daemon.log()


def test_fd_without_sockets_from_systemd_is_an_error(make_daemon):
    daemon = make_daemon(hosts=["fd://"]).spawn()
    assert daemon.wait() == 1
    assert re.search("failed to start daemon.*No sockets found", daemon.log()), daemon.log()


def test_docker_host_and_contexts_lead_to_the_daemon(daemon, docker):
    done = docker("", "version", "--format", "{{.Server.Version}}",
                  env={"DOCKER_HOST": daemon.unix()})
    assert (done.returncode, done.stderr) == (0, "")
    made = docker("", "context", "create", "here", "--docker", f"host={daemon.unix()}")
    assert made.returncode == 0, made.stderr
    again = docker("", "--context", "here", "version", "--format", "{{.Server.Version}}")
    assert (again.returncode, again.stdout) == (0, done.stdout)


def test_an_older_client_pins_its_api(shared_daemon, docker):
    for pinned in ("1.24", "1.41"):
        done = docker(shared_daemon.unix(), "version", "--format", "{{.Client.APIVersion}}",
                      env={"DOCKER_API_VERSION": pinned})
        assert (done.returncode, done.stdout.strip()) == (0, pinned)
    done = docker(shared_daemon.unix(), "ps", env={"DOCKER_API_VERSION": "1.51"})
    assert done.returncode == 1
    assert "client version 1.51 is too new. Maximum supported API version is 1.50" in done.stderr


def test_version_as_printed(shared_daemon, docker):
    done = docker(shared_daemon.unix(), "version")
    assert (done.returncode, done.stderr) == (0, "")
    server = done.stdout.split("\nServer:", 1)[1]
    assert "Engine:" in server
    for line in (r"Version: +\S", r"API version: +1\.50 \(minimum version 1\.24\)",
                 r"Go version: ", r"Git commit: ", r"Built: +[A-Z][a-z]{2} ",
                 r"OS/Arch: +linux/", r"Experimental: +false"):
        assert re.search(rf"^ +{line}", server, re.M), f"{line} not in:\n{server}"


def test_info_as_printed(shared_daemon, docker):
    done = docker(shared_daemon.unix(), "info")
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr
    for line in ("Containers: 0", " Running: 0", "Images: 0", "Server Version: ",
                 "Storage Driver: ", "Logging Driver: json-file", "Cgroup Driver: ",
                 "Cgroup Version: ", "Swarm: inactive", "Runtimes: ", "Default Runtime: ",
                 "Kernel Version: ", "Operating System: ", "OSType: linux", "Architecture: ",
                 "CPUs: ", "Total Memory: ", "Name: ", "ID: ",
                 f"Docker Root Dir: {shared_daemon.directory / 'data'}", "Debug Mode: false",
                 "Experimental: false", "Live Restore Enabled: false"):
        assert f"\n {line}" in done.stdout, f"no '{line}' in:\n{done.stdout}"


def test_empty_lists(shared_daemon, docker):
    host = shared_daemon.unix()
    for words, heading in ((("ps", "-a"), "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS"),
                           (("images", "-a"), "REPOSITORY   TAG       IMAGE ID   CREATED   SIZE"),
                           (("volume", "ls"), "DRIVER    VOLUME NAME"),
                           (("plugin", "ls"), "ID        NAME      DESCRIPTION   ENABLED")):
        done = docker(host, *words)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(heading) and done.stdout.count("\n") == 1, done.stdout
    for words in (("ps", "-aq"), ("images", "-q"), ("volume", "ls", "-q"),
                  ("ps", "--filter", "status=exited", "-q"),
                  ("images", "-q", "busybox"), ("volume", "ls", "-qf", "dangling=true")):
        done = docker(host, *words)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), words


def test_system_df(shared_daemon, docker):
    done = docker(shared_daemon.unix(), "system", "df")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [re.split(r" {2,}", line.strip()) for line in done.stdout.splitlines()[1:]]
    assert rows == [[kind, "0", "0", "0B", "0B"]
                    for kind in ("Images", "Containers", "Local Volumes", "Build Cache")]


def test_inspect_of_what_is_not_there(shared_daemon, docker):
    done = docker(shared_daemon.unix(), "inspect", "nosuch")
    assert (done.returncode, done.stdout) == (1, "[]\n")
    assert done.stderr.lower().strip() == "error: no such object: nosuch"
    for kind, text in (("container", "No such container: nosuch"),
                       ("image", "No such image: nosuch:latest"),
                       ("volume", "get nosuch: no such volume"),
                       ("network", "network nosuch not found")):
        done = docker(shared_daemon.unix(), kind, "inspect", "nosuch")
        assert done.returncode == 1
        assert text in done.stderr, done.stderr


def test_a_bad_filter_is_named(shared_daemon, docker):
    done = docker(shared_daemon.unix(), "ps", "--filter", "nosuch=1")
    assert done.returncode == 1
    assert done.stderr.strip() == "Error response from daemon: invalid filter 'nosuch'"


def test_run_fails_clearly_with_125(shared_daemon, docker):
    done = docker(shared_daemon.unix(), "run", "x")
    assert (done.returncode, done.stdout) == (125, "")
    assert ("docker: Error response from daemon: ImageCreate with fromImage (pull) is not "
            "implemented by this daemon") in done.stderr


NOT_A_MANAGER = ("Error response from daemon: This node is not a swarm manager. Use \"docker swarm "
                 "init\" or \"docker swarm join\" to connect this node to swarm and try again.")


@pytest.mark.parametrize("words", [
    ("service", "ls"), ("node", "ls"), ("secret", "ls"), ("config", "ls"), ("stack", "ls"),
    ("service", "inspect", "x"), ("swarm", "join-token", "worker"), ("swarm", "unlock-key")],
    ids=" ".join)
def test_swarm_is_off(shared_daemon, docker, words):
    done = docker(shared_daemon.unix(), *words)
    assert done.returncode == 1
    assert NOT_A_MANAGER in done.stderr, done.stderr


def test_swarm_leave_without_a_swarm(shared_daemon, docker):
    done = docker(shared_daemon.unix(), "swarm", "leave")
    assert done.returncode == 1
    assert done.stderr.strip() == "Error response from daemon: This node is not part of a swarm"


def test_events_between_two_times(daemon, docker):
    begin = time.time()
    daemon.send(signal.SIGHUP)
    daemon.wait_for_log("Reloaded the configuration")

    def lines(*words):
        done = docker(daemon.unix(), "events", "--since", f"{begin - 5:.9f}",
                      "--until", f"{time.time():.9f}", *words)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()
    reloads = wait_until(lambda: [line for line in lines("--filter", "type=daemon")
                                  if " daemon reload " in line], "no reload among the events")
    assert len(reloads) == 1
    assert re.match(r"\d{4}-\d\d-\d\dT\S+ daemon reload \S+ \(.*debug=false.*labels=\[\]",
                    reloads[0])
    assert lines("--filter", "type=daemon", "--filter", "event=reload") == reloads
    assert lines("--filter", "type=container") == []


def test_events_as_they_happen(daemon, docker, background, tmp_path):
    watch = background("docker", "-H", daemon.unix(), "events", "--filter", "type=daemon",
                       "--format", "json",
                       env=clean_environment(DOCKER_CONFIG=str(tmp_path / "docker")))
    wait_until(lambda: "connection" in daemon.actors(), "docker events does not connect")
    info = json.loads(docker(daemon.unix(), "info", "--format", "json").stdout)
    daemon.send(signal.SIGHUP)
    event = json.loads(watch.stdout.readline())
    assert (event["Type"], event["Action"], event["scope"]) == ("daemon", "reload", "local")
    assert event["Actor"]["ID"] == info["ID"]
    assert event["Actor"]["Attributes"]["name"] == info["Name"]
    assert abs(event["timeNano"] / 1e9 - time.time()) < 60
    # The stream does not hold up the shutdown; the command ends with it.
    assert daemon.stop() == 0
    assert "shutdown" in watch.stdout.readline()
    assert watch.wait(10) == 0


def test_a_daemon_that_is_not_there(docker, tmp_path):
    done = docker(f"unix://{tmp_path}/none", "ps")
    assert done.returncode == 1
    assert "Cannot connect to the Docker daemon" in done.stderr
