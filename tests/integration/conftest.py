"""Integration tests: the built daemon, driven by the programs that people use.

    GANTRYD=build/release/bin/gantryd /usr/bin/python3 -m pytest tests/integration [-k WORDS]

GANTRYD is the daemon under test (default build/debug/bin/gantryd). Each test starts daemons of its
own in temporary directories, on unix sockets there or on ports that the kernel chooses, and ends
them by their process id. A daemon that a sanitizer complains about fails its test.

Needed beside the daemon, all from Debian: python3-pytest, python3-docker, docker-compose, curl,
openssl, strace, systemd (systemd-socket-activate), iproute2, util-linux; docker (28) and node with
npm, which fetches dockerode on the first run. The tests run as root: some mount a file system or
make a network namespace.

Files: one per subject (`*_test.py`); daemon.py starts and watches daemons, wire.py speaks HTTP by
hand, certificates.py makes certificates, corpus.py reads tests/data/http/broken_requests.txt.
"""

import os
import subprocess
from pathlib import Path

import pytest

from archives import busybox_layer, busybox_tools, docker_archive, image_config
from certificates import Authority
from daemon import Daemon, clean_environment, gantryd, run

HERE = Path(__file__).resolve().parent

#: With the proxies and authorities that fetching from npm may need.
INHERITED = dict(os.environ)


def pytest_sessionstart():
    if not os.access(gantryd(), os.X_OK):
        pytest.exit(f"no daemon at {gantryd()}: build it, or set GANTRYD", returncode=2)
    if os.geteuid() != 0:
        pytest.exit("the integration tests run as root", returncode=2)
    # For the SDKs that run in this process.
    for name in set(os.environ) - set(clean_environment()):
        del os.environ[name]


@pytest.fixture
def make_daemon():
    """Makes daemons that end with the test; takes the arguments of `Daemon`."""
    made = []

    def make(*flags, **options):
        daemon = Daemon(*flags, **options)
        made.append(daemon)
        return daemon
    yield make
    problems = []
    for daemon in reversed(made):
        try:
            daemon.dispose()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture
def daemon(make_daemon):
    """A daemon with default settings on a unix socket, up and serving."""
    return make_daemon().start()


@pytest.fixture(scope="module")
def shared_daemon():
    """One daemon for all tests of a module that only ask it things; unix and tcp."""
    daemon = Daemon(hosts=("unix", "tcp://127.0.0.1:0")).start()
    yield daemon
    daemon.dispose()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """An authority with certificates `server`, `client`."""
    made = Authority(tmp_path_factory.mktemp("tls"))
    made.issue("server")
    made.issue("client", usage="clientAuth", subject="alice")
    return made


@pytest.fixture
def docker(tmp_path):
    """Runs the docker command: docker(HOST, WORD...)."""
    def call(host, *words, env=None, patience=60, **more):
        environment = clean_environment(DOCKER_CONFIG=str(tmp_path / "docker"), **(env or {}))
        if host:
            words = ("-H", host, *words)
        return run("docker", *words, env=environment, patience=patience, **more)
    return call


@pytest.fixture(scope="session")
def node():
    """Runs a script of node/ with dockerode at hand."""
    if not (HERE / "node_modules/dockerode").is_dir():
        installed = run("npm", "ci", "--omit=optional", cwd=HERE, env=INHERITED, patience=300)
        assert installed.returncode == 0, installed.stderr

    def call(script, *words):
        return run("node", HERE / "node" / script, *words)
    return call


@pytest.fixture
def background():
    """Starts programs that the end of the test ends: background(WORD..., **Popen's options)."""
    started = []

    def start(*words, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("env", clean_environment())
        process = subprocess.Popen([str(w) for w in words], text=True, **options)
        started.append(process)
        return process
    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


@pytest.fixture(scope="session")
def busybox_archive(tmp_path_factory):
    """What `docker load` takes for the image `bb:1`: busybox with all its commands, and two users."""
    layers = [busybox_layer(), busybox_tools()]
    path = tmp_path_factory.mktemp("images") / "bb.tar"
    path.write_bytes(docker_archive([(image_config(layers, Cmd=["sh"]), layers, ["bb:1"])]))
    return path


@pytest.fixture
def d(daemon, docker, busybox_archive):
    """docker with a daemon that has the image `bb:1`: d(WORD...) is what it printed, after an exit
    with 0; d(WORD..., ok=False) is how it ended. Containers that are left go at the end."""
    def call(*words, ok=True, **more):
        done = docker(daemon.unix(), *words, **more)
        if ok:
            assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}{daemon.last_words()}"
            return done.stdout
        return done
    call("load", "-q", "-i", busybox_archive)
    yield call
    if daemon.process.poll() is None:
        if left := docker(daemon.unix(), "ps", "-aq").stdout.split():
            gone = docker(daemon.unix(), "rm", "-f", *left)
            assert gone.returncode == 0, gone.stderr
