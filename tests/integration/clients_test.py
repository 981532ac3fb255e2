"""SDKs and tools beside the docker command: python3-docker, docker-compose 1.29, dockerode."""

import json
import signal
import threading

import docker as docker_sdk
import pytest

from daemon import clean_environment, run, wait_until


@pytest.fixture(params=["auto", None, "1.24", "1.41"])
def client(request, shared_daemon):
    made = docker_sdk.DockerClient(base_url=shared_daemon.unix(), version=request.param)
    yield made
    made.close()


def test_python_sdk(client):
    assert client.ping() is True
    assert client.version()["ApiVersion"] == "1.50"
    assert client.info()["OSType"] == "linux"
    assert client.containers.list(all=True) == []
    assert client.images.list() == []
    assert client.volumes.list() == []
    assert isinstance(client.networks.list(), list)
    assert list(client.events(since=0, until=1)) == []
    if client.api._version != "1.24":  # where it knows no df
        assert client.df()["LayersSize"] == 0


def test_python_sdk_errors(client):
    with pytest.raises(docker_sdk.errors.NotFound) as e:
        client.containers.get("nosuch")
    assert e.value.explanation == "No such container: nosuch"
    with pytest.raises(docker_sdk.errors.ImageNotFound):
        client.images.get("nosuch")
    with pytest.raises(docker_sdk.errors.NotFound):
        client.volumes.get("nosuch")
    with pytest.raises(docker_sdk.errors.APIError) as e:
        client.services.list()
    assert e.value.status_code == 503


def test_python_sdk_over_mutual_tls(make_daemon, authority):
    daemon = make_daemon("--tlsverify", f"--tlscacert={authority.ca}",
                         f"--tlscert={authority.cert('server')}",
                         f"--tlskey={authority.key('server')}", hosts=["tcp://127.0.0.1:0"]).start()
    tls = docker_sdk.tls.TLSConfig(client_cert=(authority.cert("client"), authority.key("client")),
                                   ca_cert=authority.ca, verify=True)
    client = docker_sdk.DockerClient(base_url=daemon.bound(), tls=tls, version="auto")
    assert client.ping() is True
    assert client.info()["OSType"] == "linux"
    client.close()


def test_python_sdk_reads_events_as_they_happen(daemon):
    client = docker_sdk.DockerClient(base_url=daemon.unix(), version="auto")
    stream = client.events(decode=True, filters={"type": "daemon", "event": "reload"})
    got = []
    reader = threading.Thread(target=lambda: got.append(next(stream)))
    reader.start()
    for _ in range(2):  # the head of the answer may come after the first
        daemon.send(signal.SIGHUP)
    wait_until(lambda: got, "no event")
    reader.join()
    assert got[0]["Action"] == "reload"
    stream.close()
    client.close()
    daemon.wait_for_no_connections()


@pytest.mark.parametrize("host", ["unix", "tcp"])
def test_dockerode(shared_daemon, node, host):
    address = shared_daemon.unix() if host == "unix" else shared_daemon.bound()
    done = node("lists.js", address)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["ping"] == "OK"
    assert seen["version"]["ApiVersion"] == "1.50"
    assert seen["info"]["OSType"] == "linux"
    assert seen["containers"] == [] and seen["images"] == []
    assert seen["volumes"] == {"Volumes": [], "Warnings": None}
    assert isinstance(seen["networks"], list)
    assert seen["df"]["LayersSize"] == 0
    assert seen["errors"]["inspect"] == [
        404, "(HTTP code 404) no such container - No such container: nosuch "]
    assert seen["errors"]["create"][:1] == [404]
    assert "No such image" in seen["errors"]["create"][1]
    assert seen["errors"]["services"][0] == 503


def test_dockerode_reads_events(daemon, node):
    done = node("events.js", daemon.unix(), daemon.pid())
    assert done.returncode == 0, done.stderr
    event = json.loads(done.stdout)
    assert (event["Type"], event["Action"]) == ("daemon", "reload")
    daemon.wait_for_no_connections()


def test_dockerode_over_mutual_tls(make_daemon, authority, node):
    daemon = make_daemon("--tlsverify", f"--tlscacert={authority.ca}",
                         f"--tlscert={authority.cert('server')}",
                         f"--tlskey={authority.key('server')}", hosts=["tcp://127.0.0.1:0"]).start()
    done = node("lists.js", daemon.bound(), authority.ca, authority.cert("client"),
                authority.key("client"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ping"] == "OK"


def test_compose_in_an_empty_project(shared_daemon, tmp_path):
    (tmp_path / "docker-compose.yml").write_text(
        "version: '2.4'\nservices:\n  a:\n    image: busybox\n")
    env = clean_environment(DOCKER_HOST=shared_daemon.unix())
    version = run("/usr/bin/docker-compose", "version", env=env, cwd=tmp_path)
    assert version.returncode == 0, version.stderr
    listed = run("/usr/bin/docker-compose", "ps", env=env, cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.splitlines()[1:] in ([], ["-" * 30])
    assert run("/usr/bin/docker-compose", "ps", "-q", env=env, cwd=tmp_path).stdout == ""
