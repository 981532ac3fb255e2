"""Volumes, and what else depends on who uses what: images in use, disk usage, prunes."""

import json
import shutil
import time

import docker as sdk
import pytest

from daemon import run, wait_until


def mounts_below(directory):
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        return [line.split()[4] for line in table if line.split()[4].startswith(str(directory))]


@pytest.fixture(scope="module")
def rootfs(tmp_path_factory):
    """An archive with busybox and a directory that volumes are filled from."""
    root = tmp_path_factory.mktemp("root") / "r"
    (root / "bin").mkdir(parents=True)
    for name in ("tmp", "proc", "etc", "filled/sub"):
        (root / name).mkdir(parents=True)
    shutil.copy2("/bin/busybox", root / "bin/busybox")
    for name in ("sh", "cat", "ls", "true", "false", "sleep", "touch", "echo", "df", "stat"):
        (root / "bin" / name).symlink_to("busybox")
    (root / "filled/file").write_text("from the image\n")
    (root / "filled").chmod(0o750)
    path = root.parent / "root.tar"
    assert run("tar", "-C", root, "-cf", path, ".").returncode == 0
    return path


@pytest.fixture
def cli(daemon, docker, rootfs):
    """Runs the docker command against a daemon with the image `bb`; fails with its words."""
    def call(*words, code=0):
        done = docker(daemon.unix(), *words)
        assert done.returncode == code, (words, done.stdout, done.stderr)
        return (done.stdout if code == 0 else done.stderr).strip()
    call("import", rootfs, "bb")
    return call


@pytest.fixture
def client(daemon):
    made = sdk.DockerClient(base_url=daemon.unix(), version="auto")
    yield made
    made.close()


def execute(cli, *words, code=0):
    return cli("run", "--rm", "--network", "none", *words, code=code)


def events(cli, kind="volume"):
    lines = cli("events", "--since", "10m", "--until", str(int(time.time()) + 1), "--filter",
                f"type={kind}", "--format", "{{json .}}").splitlines()
    return [(e["Action"], e["Actor"]["ID"], e["Actor"]["Attributes"])
            for e in map(json.loads, lines)]


def test_create_list_inspect_remove(daemon, cli):
    assert cli("volume", "create", "--label", "k=v", "v1") == "v1"
    assert cli("volume", "create", "v1") == "v1"
    shown = json.loads(cli("volume", "inspect", "v1"))[0]
    data = str(daemon.directory / "data/volumes/v1/_data")
    assert {k: v for k, v in shown.items() if k != "CreatedAt"} == {
        "Driver": "local", "Labels": {"k": "v"}, "Mountpoint": data, "Name": "v1", "Options": None,
        "Scope": "local"}
    assert cli("volume", "ls", "-q", "-f", "label=k=v") == "v1"
    anonymous = cli("volume", "create")
    assert len(anonymous) == 64
    assert json.loads(cli("volume", "inspect", anonymous))[0]["Labels"] == {
        "com.docker.volume.anonymous": ""}
    assert "no such volume" in cli("volume", "rm", "nosuch", code=1)
    cli("volume", "rm", "-f", "nosuch")
    cli("volume", "rm", "v1", anonymous)
    assert cli("volume", "ls", "-q") == ""
    assert [e[:2] for e in events(cli)] == [
        ("create", "v1"), ("create", anonymous), ("destroy", "v1"), ("destroy", anonymous)]


@pytest.mark.parametrize("words, said", [
    (("a",), "create a: volume name is too short, names should be at least two alphanumeric"),
    (("a b",), 'create a b: "a b" includes invalid characters for a local volume name, only '
               '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory'),
    (("-d", "nope", "v2"),
     'create v2: error looking up volume plugin nope: plugin "nope" not found'),
    (("-o", "foo=1", "v2"), 'create v2: invalid option: "foo"'),
    (("-o", "type=tmpfs", "v2"), 'create v2: missing required option: "device"'),
    (("-o", "size=1m", "v2"), "create v2: quota size requested but no quota support"),
])
def test_what_cannot_be_created(cli, words, said):
    assert said in cli("volume", "create", *words, code=1)
    assert cli("volume", "ls", "-q") == ""


def test_data_outlives_containers_and_the_daemon(daemon, cli):
    execute(cli, "-v", "v1:/data", "bb", "sh", "-c", "echo hello > /data/file")
    assert execute(cli, "-v", "v1:/data:ro", "bb", "cat", "/data/file") == "hello"
    assert "Read-only" in execute(cli, "-v", "v1:/data:ro", "bb", "touch", "/data/x", code=1)
    daemon.kill()
    daemon.start()
    assert execute(cli, "-v", "v1:/data", "bb", "cat", "/data/file") == "hello"


def test_in_use_until_the_last_container_is_gone(cli):
    first = cli("create", "-v", "v1:/data", "-v", "/anonymous", "bb", "true")
    second = cli("create", "--volumes-from", first, "bb", "true")
    said = cli("volume", "rm", "-f", "v1", code=1)
    assert "remove v1: volume is in use - [" in said and first in said and second in said
    anonymous = [m["Name"] for m in json.loads(cli("inspect", second))[0]["Mounts"]
                 if m["Destination"] == "/anonymous"]
    assert sorted(cli("volume", "ls", "-q", "-f", "dangling=false").split()) == sorted(
        [*anonymous, "v1"])
    cli("rm", "-v", first)
    assert sorted(cli("volume", "ls", "-q").split()) == sorted([*anonymous, "v1"])
    cli("rm", "-v", second)
    assert cli("volume", "ls", "-q") == "v1"
    cli("volume", "rm", "v1")


def test_anonymous_volumes_go_with_rm_v_and_run_rm_only(cli):
    execute(cli, "-v", "/a", "-v", "named:/b", "bb", "true")
    assert cli("volume", "ls", "-q") == "named"
    container = cli("create", "-v", "/a", "bb", "true")
    cli("rm", container)
    left = cli("volume", "ls", "-q").split()
    assert len(left) == 2
    assert "named" in left
    assert cli("volume", "prune", "-f").startswith("Deleted Volumes:")
    assert cli("volume", "ls", "-q") == "named"
    cli("volume", "prune", "-af")
    assert cli("volume", "ls", "-q") == ""


def test_an_empty_volume_is_filled_from_the_image(cli):
    look = ("sh", "-c", "cat /filled/file; stat -c %a /filled")
    assert execute(cli, "-v", "v1:/filled", "bb", *look) == "from the image\n750"
    execute(cli, "-v", "v1:/filled", "bb", "sh", "-c", "echo mine > /filled/file")
    assert execute(cli, "-v", "v1:/filled", "bb", "cat", "/filled/file") == "mine"
    assert execute(cli, "-v", "v2:/filled:nocopy", "bb", "ls", "/filled") == ""
    assert execute(cli, "--mount", "type=volume,src=v1,dst=/s,volume-subpath=sub", "bb", "ls",
                   "/s") == ""


def test_what_options_say_is_mounted_while_it_is_used(daemon, cli):
    cli("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=64k", "vt")
    place = str(daemon.directory / "data/volumes/vt/_data")
    assert mounts_below(place) == []
    words = ("run", "-d", "--network", "none", "-v", "vt:/t", "bb", "sleep", "1000")
    first, second = cli(*words), cli(*words)
    assert mounts_below(place) == [place]
    cli("rm", "-f", first)
    assert mounts_below(place) == [place]
    daemon.kill()
    daemon.start()
    assert mounts_below(place) == [place]
    cli("rm", "-f", second)
    assert mounts_below(place) == []
    cli("volume", "rm", "vt")


def test_a_mount_that_fails_is_told_as_dockerd_does(daemon, cli):
    cli("volume", "create", "-o", "type=none", "-o", "device=/nonexist", "-o", "o=bind", "vb")
    place = daemon.directory / "data/volumes/vb/_data"
    failure = (f"failed to mount local volume: mount /nonexist:{place}, flags: 0x1000: "
               "no such file or directory")
    said = execute(cli, "-v", "vb:/x", "bb", "true", code=127)
    assert f"error while mounting volume '{place}': {failure}" in said
    said = execute(cli, "-v", "vb:/filled", "bb", "true", code=127)
    assert f"Error response from daemon: {failure}" in said
    wait_until(lambda: cli("ps", "-aq") == "", "the containers stay")
    cli("volume", "rm", "vb")


def test_events_of_a_container_with_volumes(cli):
    execute(cli, "-v", "v1:/data:ro", "bb", "true")
    seen = events(cli)
    assert [e[:2] for e in seen] == [("create", "v1"), ("mount", "v1"), ("unmount", "v1")]
    container = seen[1][2].pop("container")
    assert seen[1][2] == {"driver": "local", "destination": "/data", "read/write": "false",
                          "propagation": ""}
    assert seen[2][2] == {"driver": "local", "container": container}


def test_a_failed_create_leaves_no_anonymous_volume(cli):
    said = cli("create", "-v", "/a", "-v", "/filled/file", "bb", "true", code=1)
    assert "cannot mount volume over existing file, file exists /filled/file" in said
    wait_until(lambda: cli("volume", "ls", "-q") == "", "the anonymous volume stays")
    assert cli("ps", "-aq") == ""


def test_images_in_use(cli):
    image = cli("images", "-q", "--no-trunc", "bb")
    short = image.removeprefix("sha256:")[:12]
    cli("tag", "bb", "bb:2")
    stopped = cli("create", "--name", "stopped", "bb", "true")[:12]
    cli("rmi", "bb:2")
    assert (f'conflict: unable to remove repository reference "bb" (must force) - container '
            f"{stopped} is using its referenced image {short}") in cli("rmi", "bb", code=1)
    assert (f"conflict: unable to delete {short} (must be forced) - image is being used by stopped "
            f"container {stopped}") in cli("rmi", image, code=1)
    cli("tag", "bb", "other/bb")
    assert (f"conflict: unable to delete {short} (must be forced) - image is referenced in multiple "
            "repositories") in cli("rmi", image, code=1)
    running = cli("run", "-d", "--network", "none", "bb", "sleep", "1000")[:12]
    assert (f"conflict: unable to delete {short} (cannot be forced) - image is being used by "
            f"running container {running}") in cli("rmi", "-f", image, code=1)
    assert cli("image", "prune", "-af") == "Total reclaimed space: 0B"
    assert cli("ps", "-aq", "--filter", f"ancestor={image}").count("\n") == 1
    df = json.loads(cli("system", "df", "-v", "--format", "json"))
    assert [i["Containers"] for i in df["Images"]] == ["2"]
    cli("rm", "-f", running, "stopped")
    cli("rmi", "-f", image)
    assert cli("images", "-q") == ""


def test_disk_usage_counts_containers_and_volumes(cli):
    execute(cli, "-v", "v1:/data", "bb", "sh", "-c", "echo four > /data/x")
    container = cli("run", "-d", "--network", "none", "-v", "v1:/data", "bb", "sh", "-c",
                    "echo 12345678 > /mine; sleep 1000")
    wait_until(lambda: "9B" in cli("ps", "-s", "--format", "{{.Size}}"), "no size")
    rows = {r["Type"]: r for r in map(json.loads, cli(
        "system", "df", "--format", "json").splitlines())}
    assert rows["Containers"]["Size"] == "9B"
    for kind in ("Images", "Containers", "Local Volumes"):
        assert (rows[kind]["TotalCount"], rows[kind]["Active"]) == ("1", "1"), kind
    assert rows["Local Volumes"]["Size"] == "5B"
    volume = json.loads(cli("system", "df", "-v", "--format", "json"))["Volumes"][0]
    assert (volume["Name"], volume["Links"], volume["Size"]) == ("v1", "1", "5B")
    shown = json.loads(cli("inspect", "-s", container))[0]
    assert shown["SizeRw"] == 9 and shown["SizeRootFs"] > 9
    cli("rm", "-f", container)


def test_inspect_tells_where_the_root_is(daemon, cli):
    container = cli("create", "bb", "true")
    driver = json.loads(cli("inspect", container))[0]["GraphDriver"]
    if driver["Name"] != "overlay2":
        assert driver["Data"] is None
        return
    own = daemon.directory / "data/containers" / container
    assert {k: v for k, v in driver["Data"].items() if k != "LowerDir"} == {
        "MergedDir": str(own / "merged"), "UpperDir": str(own / "upper"),
        "WorkDir": str(own / "work")}
    init, *layers = driver["Data"]["LowerDir"].split(":")
    assert init == str(own / "init") and len(layers) == 1


def test_system_prune(cli):
    execute(cli, "-v", "kept:/data", "bb", "true")
    cli("create", "-v", "/anonymous", "bb", "true")
    told = cli("system", "prune", "-f", "--volumes")
    assert "Deleted Containers:" in told and "Deleted Volumes:" in told
    assert cli("ps", "-aq") == "" and cli("volume", "ls", "-q") == "kept"
    assert cli("images", "-q") != ""
    cli("system", "prune", "-af")
    assert cli("images", "-q") == ""


def test_python_sdk(client, cli):
    volume = client.volumes.create("v1", labels={"k": "v"}, driver_opts={})
    assert volume.attrs["Labels"] == {"k": "v"}
    assert [v.name for v in client.volumes.list(filters={"name": "v"})] == ["v1"]
    container = client.containers.create("bb", "true", volumes=["v1:/data", "/anonymous"])
    with pytest.raises(sdk.errors.APIError) as refused:
        volume.remove()
    assert refused.value.status_code == 409
    assert refused.value.explanation == f"remove v1: volume is in use - [{container.id}]"
    container.remove(v=True)
    assert [v.name for v in client.volumes.list()] == ["v1"]
    assert client.volumes.prune() == {"VolumesDeleted": [], "SpaceReclaimed": 0}
    volume.remove()
    with pytest.raises(sdk.errors.NotFound):
        client.volumes.get("v1")
    df = client.df()
    assert df["Volumes"] == [] and [i["Containers"] for i in df["Images"]] == [0]


def test_volumes_that_a_crash_left_half_made(daemon, cli):
    cli("volume", "create", "v1")
    volumes = daemon.directory / "data/volumes"
    daemon.kill()
    (volumes / "half/_data").mkdir(parents=True)
    (volumes / "v1/_data").rename(volumes / "v1/_removed")
    (volumes / "gone/_removed").mkdir(parents=True)
    (volumes / "gone/_removed/file").write_text("x")
    (volumes / "found/_data").mkdir(parents=True)
    (volumes / "found/_data/file").write_text("somebody's")
    daemon.start()
    assert cli("volume", "ls", "-q").split() == ["found", "v1"]
    assert sorted(p.name for p in volumes.iterdir()) == ["found", "v1"]
    assert execute(cli, "-v", "found:/x", "bb", "cat", "/x/file") == "somebody's"
