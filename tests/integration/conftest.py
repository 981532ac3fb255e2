"""Integration tests: the built daemon, driven by the programs that people use.

    GANTRYD=build/release/bin/gantryd /usr/bin/python3 -m pytest tests/integration [-k WORDS]

GANTRYD is the daemon under test (default build/debug/bin/gantryd). Each test starts daemons of its
own in temporary directories, on unix sockets there or on ports that the kernel chooses, and ends
them by their process id. A daemon that a sanitizer complains about fails its test.

Needed beside the daemon, all from Debian: python3-pytest, python3-docker, python3-yaml,
docker-compose, curl, openssl, strace, docker.io (dockerd, to compare with), systemd
(systemd-socket-activate), iproute2, util-linux; for gantryctl python3-pyte, groff-base, zsh and
fish; prometheus (promtool); docker (28) and node with npm, which fetches dockerode and ws on the
first run. The tests run as root: some mount a file system or make a network namespace.

Files: one per subject (`*_test.py`); daemon.py starts and watches daemons, wire.py speaks HTTP by
hand, inspection.py has what tests of the inspection share, stopped_thread.py stops a thread,
certificates.py makes certificates, corpus.py reads tests/data/http/broken_requests.txt, beside.py
asks two daemons the same and compares, oracle_known.py and oracle_images_known.py tell what may
differ; image_makers.py has images made by others, image_stores.py gives them to both.
"""

import os
import subprocess
from pathlib import Path

import pytest

from archives import busybox_layer, busybox_tools, docker_archive, image_config
from beside import Oracle, Pair, Side
from certificates import Authority
from daemon import Daemon, clean_environment, gantryd, run
from image_makers import Makers, by_hand
from image_stores import Stores
from inspection import GANTRYCTL, INHERITED, WEB, Site
from oracle_images_known import KNOWN as KNOWN_OF_IMAGES, TODAY as TODAY_OF_IMAGES
from oracle_known import KNOWN, TODAY

HERE = Path(__file__).resolve().parent


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


def started_oracle():
    made = Oracle()
    try:
        made.start()
        yield made
    finally:
        made.dispose()


@pytest.fixture(scope="session")
def shared_oracle():
    """One dockerd for all tests of a run."""
    yield from started_oracle()


@pytest.fixture
def empty_oracle():
    """A dockerd to compare with that has no images."""
    yield from started_oracle()


@pytest.fixture
def oracle(shared_oracle):
    """A dockerd to compare with; containers that a test leaves there go with the test."""
    yield shared_oracle
    shared_oracle.remove_containers()


@pytest.fixture
def docker(tmp_path):
    """Runs the docker command: docker(HOST, WORD...)."""
    def call(host, *words, env=None, patience=60, **more):
        environment = clean_environment(DOCKER_CONFIG=str(tmp_path / "docker"), **(env or {}))
        if host:
            words = ("-H", host, *words)
        return run("docker", *words, env=environment, patience=patience, **more)
    return call


@pytest.fixture
def on_small_disk(make_daemon):
    """A daemon, not started, whose data root is a disk of its own: on_small_disk(SIZE)."""
    disks = []

    def make(size):
        daemon = make_daemon()
        disk = daemon.directory / "data"
        disk.mkdir()
        assert run("mount", "-t", "tmpfs", "-o", f"size={size}", "none", disk).returncode == 0
        disks.append(disk)
        return daemon
    yield make
    for disk in disks:
        run("umount", "-l", disk)


@pytest.fixture(scope="session")
def node():
    """Runs a script of node/ with dockerode and ws at hand."""
    if not all((HERE / "node_modules" / name).is_dir() for name in ("dockerode", "ws")):
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


@pytest.fixture(scope="module")
def both_daemons(shared_oracle, busybox_archive, tmp_path_factory):
    """A gantryd and the oracle, both with the image `bb:1`, and a directory on this machine that
    has the same path for both."""
    made = Daemon("--default-runtime", "runc").start()  # as the oracle has it
    oracle = shared_oracle
    shared = tmp_path_factory.mktemp("shared")
    (shared / "directory").mkdir()
    (shared / "file").write_text("on the host\n")
    try:
        for each in (made, oracle):
            loaded = run("docker", "-H", each.unix(), "load", "-q", "-i", busybox_archive)
            assert loaded.returncode == 0, loaded.stderr
        roots = {shared: "<shared>"}
        ours = Side(made.unix(), {made.directory / "data": "<root>", made.directory / "x": "<exec>",
                                  **roots})
        theirs = Side(oracle.unix(), {oracle.directory / "data": "<root>",
                                      oracle.directory / "x": "<exec>", **roots},
                      TODAY)
        yield Pair(ours, theirs, KNOWN), shared
    finally:
        made.dispose()


@pytest.fixture
def pair(both_daemons):
    """Both daemons to be asked the same: see beside.py. The test fails with all that differed."""
    pair, _ = both_daemons
    yield pair
    found = pair.forget()
    assert not found, "\n".join([f"{len(found)} differences that nobody expects", *found])


@pytest.fixture(scope="session")
def both_stores(busybox_archive, tmp_path_factory):
    """A gantryd and a dockerd of their own for tests of images."""
    ours, theirs = Daemon(), Oracle()
    try:
        ours.start()
        theirs.start()
        makers = Makers(theirs.unix(), tmp_path_factory.mktemp("makers"), busybox_archive)
        archives = {"bb": busybox_archive.read_bytes(), **by_hand(), **makers.with_dockerd(),
                    **makers.with_skopeo()}
        sides = [Side(each.unix(), {each.directory / "data": "<root>"}, wordings, times=False)
                 for each, wordings in ((ours, ()), (theirs, TODAY_OF_IMAGES))]
        yield Stores(Pair(*sides, KNOWN_OF_IMAGES), archives)
    finally:
        theirs.dispose()
        ours.dispose()


@pytest.fixture
def stores(both_stores):
    """Both daemons, without images. The test fails with all that differed."""
    both_stores.clear()
    both_stores.pair.found.clear()
    yield both_stores
    found = sorted(both_stores.pair.found)
    assert not found, "\n".join([f"{len(found)} differences that nobody expects", *found])


@pytest.fixture
def site(background):
    """Starts `gantryctl web`: site(WORD...)."""
    def start(*words):
        # Whoever runs the tests in the background may have them ignore SIGINT.
        return Site(background(GANTRYCTL, *words, "web"))
    return start


@pytest.fixture(scope="session")
def browser():
    """What scripts for a browser need is there."""
    if not (WEB / "node_modules/playwright-core").is_dir():
        installed = run("npm", "ci", "--no-audit", "--no-fund", cwd=WEB, env=INHERITED, patience=300)
        assert installed.returncode == 0, installed.stderr
