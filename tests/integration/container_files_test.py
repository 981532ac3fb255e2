"""Files of containers: cp both ways, export, diff, commit, as people do it."""

import base64
import gzip
import io
import json
import os
import subprocess
import tarfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

import docker as sdk
import pytest

from archives import busybox_layer, docker_archive, image_config, tar
from daemon import clean_environment, wait_until
from wire import Wire, ask


APPLETS = ("cat", "chmod", "chown", "dd", "ln", "ls", "mkdir", "mkfifo", "mknod", "mv", "rm", "sleep",
           "top", "touch", "true")


def applets():
    """A layer with what the scripts of these tests call."""
    links = []
    for name in APPLETS:
        info = tarfile.TarInfo(f"bin/{name}")
        info.type, info.linkname = tarfile.SYMTYPE, "busybox"
        links.append((info.name, info))
    return tar(links)


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """A busybox image, as an archive."""
    layers = [busybox_layer(), applets()]
    path = tmp_path_factory.mktemp("image") / "busybox.tar"
    path.write_bytes(docker_archive([(image_config(layers), layers, ["bb:latest"])]))
    return path


def box_of(daemon, docker, image):
    """Runs `docker` with these words; it has to succeed."""
    def call(*words, **more):
        done = docker(daemon.unix(), *words, **more)
        assert done.returncode == 0, f"{words}: {done.stderr}{daemon.last_words()}"
        return done.stdout.strip()
    call("load", "-q", "-i", image)
    return call


@pytest.fixture
def box(daemon, docker, image):
    """`box_of`. The containers go with the test."""
    call = box_of(daemon, docker, image)
    yield call
    ids = call("ps", "-aq").split()
    if ids:
        call("rm", "-f", "-v", *ids)


@pytest.fixture
def refused(daemon, docker):
    """Runs `docker` with words that it has to refuse; what it says."""
    def call(*words, **more):
        done = docker(daemon.unix(), *words, **more)
        assert done.returncode != 0, done.stdout
        return done.stderr.strip()
    return call


@pytest.fixture
def python(daemon):
    client = sdk.DockerClient(base_url=daemon.unix())
    yield client
    client.close()


def make(box, daemon, name, script="true", *flags, running=True):
    """A container that has run `script`, and runs on or has ended."""
    tail = "touch /ready; sleep 1000" if running else "true"
    words = ("--name", name, "--network", "none", *flags, "bb", "sh", "-c", f"{script}; {tail}")
    if not running:
        box("run", *words)
        return
    box("run", "-d", *words)
    wait_for_file(daemon, name, "/ready")


def wait_for_file(daemon, name, path):
    wait_until(lambda: archive(daemon, path, name, "HEAD").status == 200, f"{path} is not there")


def archive(of, path, name="web", method="GET", body=b"", more=""):
    """The answer to a request about files of a container."""
    target = f"/v1.41/containers/{name}/archive?path={quote(path)}{more}"
    return ask(of.unix(), target, method, body=body)


def stat_of(answer):
    return json.loads(base64.b64decode(answer.header("X-Docker-Container-Path-Stat")))


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as made:
        return made.getmembers()


@pytest.fixture(params=["running", "stopped"])
def either(request):
    return request.param == "running"


# -- cp -------------------------------------------------------------------------------------------


def test_cp_out(box, daemon, either, tmp_path):
    make(box, daemon, "web", "mkdir -p /d/sub; echo hi > /d/f; chmod 750 /d/f; echo x > /d/sub/a; "
         "ln -s f /d/l; ln -s /d /dl", running=either)
    box("cp", "web:/d/f", tmp_path / "plain")
    assert (tmp_path / "plain").read_text() == "hi\n"
    assert (tmp_path / "plain").stat().st_mode & 0o777 == 0o750
    box("cp", "web:/d", tmp_path / "renamed")
    assert (tmp_path / "renamed/sub/a").read_text() == "x\n"
    (tmp_path / "there").mkdir()
    box("cp", "web:/d", tmp_path / "there")
    assert (tmp_path / "there/d/sub/a").read_text() == "x\n"
    box("cp", "web:/d/.", tmp_path / "there")
    assert (tmp_path / "there/sub/a").read_text() == "x\n"
    box("cp", "web:/d/l", tmp_path / "link")
    assert os.readlink(tmp_path / "link") == "f"
    box("cp", "-L", "web:/d/l", tmp_path / "followed")
    assert (tmp_path / "followed").read_text() == "hi\n"
    box("cp", "-a", "web:/dl/", tmp_path / "through")
    assert (tmp_path / "through/f").read_text() == "hi\n"


def test_cp_to_stdout(box, daemon, docker, either):
    make(box, daemon, "web", "mkdir -p /d/sub; echo hi > /d/f", running=either)
    done = subprocess.run(["docker", "-H", daemon.unix(), "cp", "web:/d", "-"],
                          env=clean_environment(), stdout=subprocess.PIPE, timeout=60, check=True)
    assert [(m.name, m.isdir()) for m in members(done.stdout)] == [
        ("d", True), ("d/f", False), ("d/sub", True)]


def test_cp_in(box, daemon, either, tmp_path):
    make(box, daemon, "web", "mkdir -p /d/sub; echo old > /d/f; ln -s /d/sub /link", running=either)
    (tmp_path / "f").write_text("new\n")
    (tmp_path / "tree/in/side").mkdir(parents=True)
    (tmp_path / "tree/in/side/x").write_text("x\n")
    (tmp_path / "tree/l").symlink_to("in/side/x")
    os.chown(tmp_path / "f", 123, 456)
    box("cp", tmp_path / "f", "web:/d/")
    box("cp", tmp_path / "f", "web:/d/renamed")
    box("cp", tmp_path / "f", "web:/link")
    box("cp", tmp_path / "tree", "web:/d")
    box("cp", f"{tmp_path}/tree/.", "web:/flat")
    box("cp", "-a", tmp_path / "f", "web:/d/owned")
    box("cp", tmp_path / "f", "web:/d/own")
    box("cp", "web:/d", tmp_path / "out")
    out = tmp_path / "out"
    assert (out / "f").read_text() == "new\n"
    assert (out / "renamed").read_text() == "new\n"
    assert (out / "sub/f").read_text() == "new\n"
    assert (out / "tree/in/side/x").read_text() == "x\n"
    assert os.readlink(out / "tree/l") == "in/side/x"
    box("cp", "web:/flat", tmp_path / "flat")
    assert (tmp_path / "flat/in/side/x").read_text() == "x\n"
    for name, owner in (("owned", (123, 456)), ("own", (123, 456))):
        [found] = members(archive(daemon, f"/d/{name}").body)
        assert (found.uid, found.gid) == owner, name


def test_cp_from_stdin(box, daemon, either):
    make(box, daemon, "web", "mkdir /d", running=either)
    subprocess.run(["docker", "-H", daemon.unix(), "cp", "-", "web:/d"],
                   input=gzip.compress(tar([("a/b", b"abc")])), env=clean_environment(),
                   timeout=60, check=True)
    found = archive(daemon, "/d/a/b")
    assert found.status == 200 and stat_of(found)["size"] == 3
    assert [m.name for m in members(found.body)] == ["b"]


def test_volumes_binds_and_tmpfs(box, daemon, refused, either, tmp_path):
    (tmp_path / "bind").mkdir()
    (tmp_path / "bind/b").write_text("bound\n")
    (tmp_path / "new").write_text("new\n")
    make(box, daemon, "web", "echo v > /vol/v; echo t > /tmpfs/t", "-v", f"{tmp_path}/bind:/ro:ro",
         "-v", f"{tmp_path}/rw:/rw", "-v", "/vol", "--tmpfs", "/tmpfs", running=either)
    box("cp", "web:/vol/v", tmp_path / "v")
    assert (tmp_path / "v").read_text() == "v\n"
    box("cp", "web:/ro/b", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "bound\n"
    box("cp", tmp_path / "new", "web:/vol/")
    box("cp", tmp_path / "new", "web:/rw/")
    assert (tmp_path / "rw/new").read_text() == "new\n"
    assert "mounted volume is marked read-only" in refused("cp", tmp_path / "new", "web:/ro/")
    if either:
        box("cp", "web:/tmpfs/t", tmp_path / "t")
        assert (tmp_path / "t").read_text() == "t\n"
    # Nothing of them is seen in an export.
    exported = ask(daemon.unix(), "/containers/web/export")
    names = {m.name for m in members(exported.body)}
    assert exported.status == 200
    assert "vol" in names and "vol/v" not in names and "ro/b" not in names


def test_read_only_root(box, refused, tmp_path):
    (tmp_path / "f").write_text("f\n")
    box("run", "-d", "--name", "web", "--network", "none", "--read-only", "-v", "/vol", "bb",
        "sleep", "1000")
    assert "container rootfs is marked read-only" in refused("cp", tmp_path / "f", "web:/etc/")
    box("cp", tmp_path / "f", "web:/vol/")
    box("cp", "web:/vol/f", tmp_path / "g")


def test_errors(box, daemon, refused, tmp_path):
    make(box, daemon, "web", "mkdir /d; echo 1 > /d/f", running=False)
    assert "Could not find the file /nope in container web" in refused("cp", "web:/nope", tmp_path)
    assert "No such container: nobody" in refused("cp", "nobody:/x", tmp_path)
    expected = {
        ("GET", "/containers/web/archive"): (400, "bad parameter: pathcannot be empty"),
        ("GET", "/containers/web/archive?path=/nope"):
            (404, "Could not find the file /nope in container web"),
        ("GET", "/containers/nobody/archive?path=/"): (404, "No such container: nobody"),
        ("PUT", "/containers/web/archive?path=/nope"):
            (404, "Could not find the file /nope in container web"),
        ("PUT", "/containers/web/archive?path=/d/f"):
            (400, "extraction point is not a directory"),
        ("GET", "/containers/nobody/export"): (404, "No such container: nobody"),
        ("GET", "/containers/nobody/changes"): (404, "No such container: nobody"),
        ("POST", "/commit?container=nobody"): (404, "No such container: nobody"),
        ("POST", "/commit?container=web&changes=COPY+a+b"):
            (400, "copy is not a valid change command"),
        ("POST", "/commit?container=web&repo=BAD"):
            (400, "invalid reference format: repository name (library/BAD) must be lowercase"),
    }
    for (method, target), (status, text) in expected.items():
        got = ask(daemon.unix(), target, method)
        assert (got.status, json.loads(got.body)["message"]) == (status, text), target
    missing = archive(daemon, "/nope", method="HEAD")
    assert missing.status == 404 and missing.header("X-Docker-Container-Path-Stat") is None


def test_kinds_stay(box, daemon):
    make(box, daemon, "web", "mkdir -p /d/sub; echo 1 > /d/f", running=False)

    def put(name, kind, keep):
        info = tarfile.TarInfo(name)
        info.type = kind
        done = archive(daemon, "/d", "web", "PUT", tar([(name, info)]),
                       f"&noOverwriteDirNonDir={keep}")
        return done.status, json.loads(done.body)["message"] if done.body else ""
    assert put("sub", tarfile.REGTYPE, "true") == (
        500, 'cannot overwrite directory "/d/sub" with non-directory "/d"')
    assert put("f", tarfile.DIRTYPE, "true") == (
        500, 'cannot overwrite non-directory "/d/f" with directory "/d"')
    assert put("sub", tarfile.REGTYPE, "false") == (200, "")


def test_events(box, daemon, tmp_path):
    make(box, daemon, "web", "true", running=False)
    since = time.time()
    box("cp", "web:/etc", tmp_path / "etc")
    (tmp_path / "f").write_text("f")
    box("cp", tmp_path / "f", "web:/")
    box("export", "-o", tmp_path / "x.tar", "web")
    box("commit", "-m", "why", "web", "made:1")
    lines = box("events", "--since", f"{since:.6f}", "--until", f"{time.time():.6f}", "--format", "{{json .}}")
    events = [json.loads(line) for line in lines.splitlines()]
    found = [(e["Type"], e["Action"]) for e in events]
    assert found == [("container", "archive-path"), ("container", "extract-to-dir"),
                     ("container", "export"), ("image", "tag"), ("container", "commit")]
    attributes = events[-1]["Actor"]["Attributes"]
    assert attributes["comment"] == "why" and attributes["imageRef"] == "made:1"
    assert attributes["imageID"].startswith("sha256:")


def test_nothing_stays_mounted(box, daemon, tmp_path):
    make(box, daemon, "web", "true", "-v", "/vol", running=False)
    box("cp", "web:/etc", tmp_path / "etc")
    (tmp_path / "f").write_text("f")
    box("cp", tmp_path / "f", "web:/vol")
    box("diff", "web")
    box("export", "-o", tmp_path / "x.tar", "web")
    box("commit", "web")
    assert str(daemon.directory) not in Path("/proc/self/mounts").read_text()


def test_start_during_a_copy(box, daemon, tmp_path):
    """A client that does not go on reading keeps nobody from starting the container."""
    box("create", "--name", "web", "--network", "none", "bb", "sh", "-c",
        "touch /started; sleep 1000")
    big = tmp_path / "big"
    big.write_bytes(os.urandom(8 << 20))
    box("cp", big, "web:/big")
    with Wire(daemon.unix()) as slow:
        slow.send(b"GET /containers/web/archive?path=/ HTTP/1.1\r\nHost: d\r\n\r\n")
        assert slow.read_head().status == 200
        box("start", "web")
        wait_for_file(daemon, "web", "/started")
    box("stop", "-t", "0", "web")
    box("cp", "web:/started", tmp_path / "started")
    wait_until(lambda: str(daemon.directory) not in Path("/proc/self/mounts").read_text(),
               "it stays mounted")


# -- a container that works against it ------------------------------------------------------------

SWAPPER = """
mkdir -p /a/real /a/other; echo inside > /a/real/f; echo inside > /a/other/f
while :; do
  mv /a/real /a/dir; ln -s /../../../../../../../..{outside} /a/real 2>/dev/null
  rm -f /a/real; mv /a/dir /a/real
  rm -f /a/real/f; ln -s {outside}/secret /a/real/f; rm -f /a/real/f; echo inside > /a/real/f
  mv /a/other /a/x; ln -s {outside} /a/other; rm -f /a/other; mv /a/x /a/other
done
"""


def test_swapped_links_lead_nowhere(box, daemon, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret-of-the-host\n")
    before = {p: (p.stat().st_mtime_ns, p.stat().st_mode) for p in [outside, outside / "secret"]}
    box("run", "-d", "--name", "bad", "--network", "none", "bb", "sh", "-c",
        SWAPPER.format(outside=outside))
    entries = [(name, b"evil") for name in ("f", "real/f", "other/g", "real/dir/h")]
    for name in ("real/p", "other/p"):
        info = tarfile.TarInfo(name)
        info.type, info.mode = tarfile.FIFOTYPE, 0o777
        entries.append((name, info))
    data = tar(entries)
    wait_for_file(daemon, "bad", "/a/other/f")
    answers = set()
    problems = []
    end = time.monotonic() + 8

    def get(path):
        while time.monotonic() < end and not problems:
            found = archive(daemon, path, "bad")
            answers.add(found.status)
            if b"secret-of-the-host" in found.body:
                problems.append(path)

    def put(path):
        while time.monotonic() < end and not problems:
            answers.add(archive(daemon, path, "bad", "PUT", data).status)
            if sorted(os.listdir(outside)) != ["secret"]:
                problems.append(path)
    threads = [threading.Thread(target=get, args=(p,)) for p in ("/a", "/a/real/", "/a/real/f")]
    threads += [threading.Thread(target=put, args=(p,)) for p in ("/a", "/a/real")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not problems
    assert 200 in answers
    assert (outside / "secret").read_text() == "secret-of-the-host\n"
    assert before == {p: (p.stat().st_mtime_ns, p.stat().st_mode) for p in before}


# -- diff, export, commit -------------------------------------------------------------------------


def test_diff(box, daemon, either):
    make(box, daemon, "web", "rm /etc/passwd; mkdir -p /srv/a; echo 1 > /srv/a/f; chmod 700 /bin",
         running=either)
    expected = {"C /etc", "D /etc/passwd", "A /srv", "A /srv/a", "A /srv/a/f", "C /bin"}
    assert set(box("diff", "web").splitlines()) - {"A /ready"} == expected
    box("create", "--name", "fresh", "--network", "none", "bb")
    unchanged = ask(daemon.unix(), "/containers/fresh/changes")
    assert (unchanged.status, unchanged.body) == (200, b"null\n")


def test_export_and_import(box, daemon, either, tmp_path):
    make(box, daemon, "web", "echo hi > /f; ln /f /hard; ln -s f /soft; chown 5:6 /f; "
         "mknod /null c 1 3", running=either)
    box("export", "-o", tmp_path / "x.tar", "web")
    found = {m.name: m for m in members((tmp_path / "x.tar").read_bytes())}
    assert found["hard"].linkname == "f" and found["soft"].linkname == "f"
    assert (found["f"].uid, found["f"].gid) == (5, 6)
    assert found["null"].ischr() and found["null"].devmajor == 1
    assert "proc/1" not in found and "dev/null" not in found
    box("import", tmp_path / "x.tar", "again")
    assert box("run", "--rm", "--network", "none", "again", "cat", "/hard") == "hi"


def test_commit(box, daemon, either):
    make(box, daemon, "web", "echo 1 > /new; rm /etc/passwd", "-e", "A=1", "--label", "x=1",
         running=either)
    made = box("commit", "-m", "why", "-a", "me", "-c", 'CMD ["cat", "/new"]', "-c", "ENV B=2",
               "web", "made:1")
    [image] = json.loads(box("image", "inspect", "made:1"))
    [parent] = json.loads(box("image", "inspect", "bb"))
    assert image["Id"] == made and image["Author"] == "me"
    assert image["Config"]["Cmd"] == ["cat", "/new"]
    assert image["Config"]["Env"][:2] == ["A=1", "PATH=/bin"] and "B=2" in image["Config"]["Env"]
    assert image["Config"]["Labels"] == {"x": "1"}
    assert image["RootFS"]["Layers"][:-1] == parent["RootFS"]["Layers"]
    history = box("history", "--no-trunc", "--format", "{{.Comment}}|{{.CreatedBy}}", "made:1")
    assert history.splitlines()[0].startswith("why|sh -c echo 1 > /new")
    assert box("run", "--rm", "--network", "none", "made:1") == "1"
    assert box("run", "--rm", "--network", "none", "made:1", "ls", "/etc") != "passwd"
    if either:
        assert box("inspect", "-f", "{{.State.Status}}", "web") == "running"


def test_commit_pauses_unless_it_is_told_not_to(box, daemon):
    make(box, daemon, "web")

    def actions(*flags):
        since = time.time()
        box("commit", *flags, "web")
        lines = box("events", "--since", f"{since:.6f}", "--until", f"{time.time():.6f}",
                    "--filter", "type=container", "--format", "{{.Action}}")
        return lines.split()
    assert actions() == ["pause", "commit", "unpause"]
    assert actions("--pause=false") == ["commit"]


def test_commit_of_what_has_not_changed(box, daemon):
    box("create", "--name", "web", "--network", "none", "bb")
    made = box("commit", "web")
    [image], [parent] = (json.loads(box("image", "inspect", n)) for n in (made, "bb"))
    assert image["RootFS"] == parent["RootFS"]
    assert box("history", "-q", made).splitlines()[0]


def test_python_sdk(box, daemon, python, either):
    make(box, daemon, "web", "mkdir /d; echo hi > /d/f", running=either)
    web = python.containers.get("web")
    stream, facts = web.get_archive("/d")
    assert facts["name"] == "d" and facts["mode"] & (1 << 31)
    assert [m.name for m in members(b"".join(stream))] == ["d", "d/f"]
    assert web.put_archive("/d", tar([("new", b"ok")]))
    changed = {c["Path"]: c["Kind"] for c in web.diff()}
    assert changed["/d/new"] == 1
    exported = members(b"".join(web.export()))
    assert "d/new" in [m.name for m in exported]
    image = web.commit("made", tag="2", message="m", author="a", changes="CMD true",
                       conf={"WorkingDir": "/d"})
    assert image.tags == ["made:2"] and image.attrs["Config"]["WorkingDir"] == "/d"
    with pytest.raises(sdk.errors.NotFound):
        web.get_archive("/nope")


def test_a_large_tree_takes_little_memory(make_daemon, docker, image, tmp_path):
    # The sanitizer's usual store of what was freed would be measured, too.
    daemon = make_daemon(env={"ASAN_OPTIONS": "detect_leaks=1:exitcode=99:quarantine_size_mb=1"})
    box = box_of(daemon.start(), docker, image)
    make(box, daemon, "web", "dd if=/dev/zero of=/big bs=1M count=200 2>/dev/null", running=False)

    def resident():
        text = Path(f"/proc/{daemon.pid()}/status").read_text()
        return int(text.split("VmHWM:")[1].split()[0])
    before = resident()
    box("export", "-o", tmp_path / "x.tar", "web")
    box("cp", "web:/big", tmp_path / "big")
    box("cp", tmp_path / "big", "web:/again")
    assert (tmp_path / "big").stat().st_size == 200 << 20
    assert resident() - before < 60_000


# -- beside dockerd -------------------------------------------------------------------------------

PROBE = ("mkdir -p /d/sub; echo hi >/d/f; chmod 4755 /d/f; ln /d/f /d/z; ln -s f /d/l; "
         "ln -s /d /dl; ln -s /nowhere /broken; echo x>/d/sub/a; echo y > '/d/sub name'; "
         "mknod /d/nul c 1 3; mkfifo /d/ff; chown 5:6 /d/sub/a; touch -d '2020-01-02 03:04:05' "
         "/d/f; chmod 1777 /d/sub; rm /etc/passwd; mkdir -p /usr/new; echo n > /bin/new")


def test_as_dockerd_does(box, daemon, docker, oracle, image):
    def other(*words):
        done = docker(oracle.unix(), *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
    other("load", "-q", "-i", image)
    for call in (box, other):
        call("run", "--name", "web", "--network", "none", "bb", "sh", "-c", PROBE)

    def seen(of):
        out = {}
        for path in ("/d", "/d/", "/d/.", "/d/f", "/d/l", "/dl", "/dl/", "/dl/.", "/broken", "/",
                     "/broken/", "/nope", "/d/nul", "/d/ff", "/d/../d", "d/sub", "/d/f/"):
            looked = archive(of, path, method="HEAD")
            facts = stat_of(looked) if looked.status == 200 else {}
            if facts.get("mode", 0) & (1 << 31):
                facts.pop("size")
            if path != "/d/f":
                facts.pop("mtime", None)
            got = archive(of, path)
            assert looked.status == got.status, path
            found = [entry(m) for m in members(got.body)] if got.status == 200 else None
            out[path] = (got.status, got.header("Content-Type"), facts, found)
        exported = ask(of.unix(), "/v1.41/containers/web/export")
        out["export"] = (exported.header("Content-Type"),
                         [entry(m) for m in members(exported.body)])
        changes = json.loads(ask(of.unix(), "/v1.41/containers/web/changes").body)
        out["changes"] = sorted((c["Path"], c["Kind"]) for c in changes)
        return out

    def entry(m):
        return (m.name, m.type, oct(m.mode), m.uid, m.gid, m.size, m.linkname,
                m.mtime if m.name.endswith("/f") else 0, m.devmajor, m.devminor)
    ours, theirs = seen(daemon), seen(oracle)
    for key in theirs:
        assert ours[key] == theirs[key], key


def test_commits_as_dockerd_does(box, daemon, docker, oracle, image, tmp_path):
    def other(*words):
        done = docker(oracle.unix(), *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
    other("load", "-q", "-i", image)

    def seen(call, name):
        call("run", "--name", "web", "--hostname", "h", "--network", "none", "bb", "sh", "-c",
             PROBE)
        made = call("commit", "-m", "why", "-a", "me", "-c", "CMD top", "-c", "LABEL a=b", "web",
                    "made:1")
        call("save", "-o", tmp_path / name, "made:1")
        [shown] = json.loads(call("image", "inspect", "made:1"))
        with tarfile.open(tmp_path / name) as saved:
            manifest = json.load(saved.extractfile("manifest.json"))[0]
            config = json.load(saved.extractfile(manifest["Config"]))
            content = saved.extractfile(manifest["Layers"][-1]).read()
        config.pop("created")
        config.pop("container")
        config.pop("docker_version")
        config["history"][-1].pop("created")
        config["rootfs"]["diff_ids"].pop()
        entries = [(m.name, m.type, oct(m.mode), m.uid, m.gid, m.size,
                    "" if ".wh." in m.name else m.linkname) for m in members(content)]
        return config, entries, shown["Comment"], made.startswith("sha256:")
    ours, theirs = seen(box, "ours.tar"), seen(other, "theirs.tar")
    for mine, others in zip(ours, theirs):
        assert mine == others
