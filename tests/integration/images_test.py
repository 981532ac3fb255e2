"""Images: load, save, import, list, inspect, history, tag, rmi, prune, df, as people do it."""

import json
import os
import random
import shutil
import socket
import subprocess
import tarfile
import threading
import time
from pathlib import Path

import pytest

from archives import busybox_layer, check_whole, digest, docker_archive, image_config, tar
from daemon import clean_environment, run


@pytest.fixture(scope="session")
def busybox(tmp_path_factory):
    """A busybox image of two layers, as an archive."""
    layers = [busybox_layer(), tar([("etc/motd", b"hello\n")])]
    config = image_config(layers, Labels={"made": "by hand"}, ExposedPorts={"80/tcp": {}})
    path = tmp_path_factory.mktemp("images") / "busybox.tar"
    path.write_bytes(docker_archive([(config, layers, ["busybox:latest", "bb:1"])]))
    return path


@pytest.fixture
def images(daemon, docker):
    """Runs `docker` with these words against the test's daemon; it has to succeed."""
    def call(*words, **more):
        done = docker(daemon.unix(), *words, **more)
        assert done.returncode == 0, f"{words}: {done.stderr}{daemon.last_words()}"
        return done.stdout
    return call


def inspect(images, *names):
    return json.loads(images("image", "inspect", *names)) if names else []


def all_ids(images):
    return sorted(set(images("images", "-aq", "--no-trunc").split()))


# -- what people do -----------------------------------------------------------------------------


def test_load_list_inspect_tag_remove(daemon, docker, images, busybox):
    assert images("load", "-q", "-i", busybox) == (
        "Loaded image: busybox:latest\nLoaded image: bb:1\n")
    [image] = inspect(images, "busybox")
    assert image["RepoTags"] == ["bb:1", "busybox:latest"]
    assert image["Config"]["Labels"] == {"made": "by hand"}
    check_whole(daemon, [image])

    listed = images("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
    assert set(listed.splitlines()) == {f"bb:1 {image['Id']}", f"busybox:latest {image['Id']}"}
    assert images("images", "-q", "-f", "label=made=by hand").split()
    assert not images("images", "-q", "-f", "label=made=otherwise").split()
    assert not images("images", "-q", "-f", "dangling=true").split()
    steps = images("history", "--no-trunc", "--format", "{{.CreatedBy}}", "bb:1").splitlines()
    assert steps == ["step 1", "step 0"]

    images("tag", image["Id"][7:19], "localhost:5000/team/bb:2")
    assert "localhost:5000/team/bb:2" in inspect(images, image["Id"])[0]["RepoTags"]
    refused = docker(daemon.unix(), "rmi", image["Id"])
    assert refused.returncode == 1
    assert "(must be forced) - image is referenced in multiple repositories" in refused.stderr
    assert images("rmi", "bb:1") == "Untagged: bb:1\n"
    assert "Deleted: " + image["Id"] in images("rmi", "-f", image["Id"])
    check_whole(daemon, [])
    gone = docker(daemon.unix(), "image", "inspect", "busybox")
    assert "No such image: busybox:latest" in gone.stderr


def test_save_gives_back_what_was_loaded(daemon, docker, images, busybox, make_daemon, tmp_path):
    images("load", "-q", "-i", busybox)
    [before] = inspect(images, "busybox")
    saved = tmp_path / "saved.tar"
    images("save", "-o", saved, "busybox:latest", "bb:1")
    with tarfile.open(saved) as archive:
        names = archive.getnames()
        for diff_id in before["RootFS"]["Layers"]:
            inside = archive.extractfile("blobs/sha256/" + diff_id[7:]).read()
            assert digest(inside) == diff_id
        manifest = json.load(archive.extractfile("manifest.json"))
    assert {"index.json", "oci-layout", "repositories"} <= set(names)
    assert sorted(manifest[0]["RepoTags"]) == ["bb:1", "busybox:latest"]

    other = make_daemon().start()
    done = docker(other.unix(), "load", "-q", "-i", saved)
    assert done.returncode == 0, done.stderr
    after = json.loads(docker(other.unix(), "image", "inspect", "busybox").stdout)
    for image in (before, after[0]):
        image["Metadata"] = None
        image["GraphDriver"] = None
    assert after == [before]
    missing = docker(daemon.unix(), "save", "-o", tmp_path / "none.tar", "nosuch")
    assert missing.returncode == 1 and "No such image: nosuch" in missing.stderr


@pytest.mark.parametrize("packed", ["plain", "gzip", "bzip2", "xz", "zstd"])
def test_import_takes_every_compression(daemon, docker, images, tmp_path, packed):
    layer = busybox_layer()
    path = tmp_path / "root.tar"
    path.write_bytes(layer)
    if packed != "plain":
        done = subprocess.run([packed, "-c", path], stdout=subprocess.PIPE, check=True)
        path.write_bytes(done.stdout)
    with open(path, "rb") as stream:
        done = docker(daemon.unix(), "import", "-m", "made here", "-c", "ENV a=b", "-c",
                      'CMD ["sh"]', "-", "made:1", stdin=stream)
    assert done.returncode == 0, done.stderr
    [image] = inspect(images, "made:1")
    assert done.stdout.strip() == image["Id"]
    assert image["RootFS"]["Layers"] == [digest(layer)]
    assert image["Comment"] == "made here"
    assert image["Config"]["Env"] == ["a=b"] and image["Config"]["Cmd"] == ["sh"]
    check_whole(daemon, [image])


@pytest.mark.parametrize("packed", ["gzip", "bzip2", "xz", "zstd"])
def test_load_takes_every_compression(daemon, images, busybox, tmp_path, packed):
    path = tmp_path / "packed"
    with open(path, "wb") as target:
        subprocess.run([packed, "-c", busybox], stdout=target, check=True)
    assert images("load", "-q", "-i", path) == "Loaded image: busybox:latest\nLoaded image: bb:1\n"
    check_whole(daemon, inspect(images, "bb:1"))


def test_import_refuses_what_it_cannot_have(daemon, docker, tmp_path):
    path = tmp_path / "root.tar"
    path.write_bytes(busybox_layer())
    bad = docker(daemon.unix(), "import", "-c", "COPY a b", path)
    assert bad.returncode == 1 and "copy is not a valid change command" in bad.stderr
    away = docker(daemon.unix(), "import", "http://127.0.0.1:1/x.tar")
    assert away.returncode == 1 and "connection refused" in away.stderr
    path.write_bytes(b"no tar at all" * 100)
    bad = docker(daemon.unix(), "import", path)
    assert bad.returncode == 1
    check_whole(daemon, [])


def test_prune_and_df(daemon, images, tmp_path):
    layer = busybox_layer()
    path = tmp_path / "image.tar"
    ids = []
    for user in ("first", "second"):
        config = image_config([layer], User=user)
        ids.append(digest(config))
        path.write_bytes(docker_archive([(config, [layer], ["moved:latest"])]))
        told = images("load", "-q", "-i", path)
    assert told.startswith(
        f"The image moved:latest already exists, renaming the old one with ID {ids[0]} to empty")
    nameless = ("images", "-q", "--no-trunc", "-f", "dangling=true")
    assert images(*nameless).split() == [ids[0]]
    df = json.loads(images("system", "df", "--format", "json").splitlines()[0])
    assert (df["Type"], df["TotalCount"], df["Active"]) == ("Images", "2", "0")
    assert "deleted: " + ids[0] in images("image", "prune", "-f")
    left = inspect(images, *all_ids(images))
    assert [x["Id"] for x in left] == ids[1:]
    check_whole(daemon, left)
    images("image", "prune", "-af")
    check_whole(daemon, [])


def test_the_storage_driver_is_shown(make_daemon, docker, busybox):
    for flags, name in (((), ("overlay2", "copy")), (("--storage-driver", "copy"), ("copy",)),
                        (("--storage-driver", "vfs"), ("copy",))):
        daemon = make_daemon(*flags).start()
        shown = docker(daemon.unix(), "info", "--format", "{{.Driver}}").stdout.strip()
        assert shown in name
        assert docker(daemon.unix(), "load", "-q", "-i", busybox).returncode == 0
        inspected = docker(daemon.unix(), "image", "inspect", "-f", "{{json .GraphDriver}}", "bb:1")
        driver = json.loads(inspected.stdout)
        assert driver["Name"] == shown
        assert (driver["Data"] is None) == (shown == "copy")
        daemon.stop()


def test_a_data_root_behind_a_link(make_daemon, docker, busybox_archive):
    """People move it to another disk and leave a link."""
    daemon = make_daemon()
    elsewhere = daemon.directory / "elsewhere"
    elsewhere.mkdir()
    (daemon.directory / "data").symlink_to("elsewhere")
    daemon.start()
    told = docker(daemon.unix(), "info", "-f", "{{.DockerRootDir}}").stdout.strip()
    assert told == str(elsewhere)
    assert docker(daemon.unix(), "load", "-q", "-i", busybox_archive).returncode == 0
    done = docker(daemon.unix(), "run", "--rm", "--network", "none", "bb:1", "echo", "hello")
    assert done.stdout == "hello\n", done.stderr
    assert [x.name for x in (elsewhere / "layers").iterdir()]


def test_load_as_1_2_did(daemon, images, busybox):
    def load(body):
        client = socket.socket(socket.AF_UNIX)
        client.connect(daemon.socket)
        client.sendall(b"POST /v1.14/images/load HTTP/1.0\r\nContent-Length: %d\r\n\r\n"
                       % len(body) + body)
        with client.makefile("rb") as answer:
            head, _, rest = answer.read().partition(b"\r\n\r\n")
        client.close()
        return head.split(b"\r\n")[0].split(b" ")[1], rest
    assert load(busybox.read_bytes()) == (b"200", b"")
    assert inspect(images, "bb:1")
    assert load(b"x" * 2000) == (b"500", b"archive/tar: invalid tar header\n")


def test_events_of_images(images, busybox):
    images("load", "-q", "-i", busybox)
    images("tag", "bb:1", "cc")
    images("rmi", "cc")
    images("rmi", "-f", inspect(images, "bb:1")[0]["Id"])
    told = images("events", "--since", "10m", "--until", str(int(time.time()) + 1),
                  "--filter", "type=image", "--format", "{{.Action}}").split()
    assert told[:3] == ["load", "tag", "untag"] and told[-1] == "delete"


# -- archives of others -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def foreign(tmp_path_factory, busybox):
    """The busybox image as skopeo and umoci write it: name -> path."""
    place = tmp_path_factory.mktemp("foreign")
    layout = place / "layout"
    made = {"skopeo-docker": place / "docker.tar", "skopeo-oci": place / "oci.tar",
            "umoci": place / "umoci.tar"}
    policy = ("--insecure-policy",)
    for words in (
            ["skopeo", *policy, "copy", f"docker-archive:{busybox}:busybox:latest",
             f"docker-archive:{made['skopeo-docker']}:busybox:latest"],
            ["skopeo", *policy, "copy", f"docker-archive:{busybox}:busybox:latest",
             f"oci-archive:{made['skopeo-oci']}:busybox:latest"],
            ["skopeo", *policy, "copy", f"docker-archive:{busybox}:busybox:latest",
             f"oci:{layout}:latest"],
            ["umoci", "config", "--image", f"{layout}:latest", "--config.user", "nobody"],
            ["tar", "-C", layout, "-cf", made["umoci"], "."]):
        done = run(*words, env=clean_environment(HOME=str(place)))
        assert done.returncode == 0, f"{words}: {done.stderr}"
    return made


@pytest.mark.parametrize("maker", ["skopeo-docker", "skopeo-oci", "umoci"])
def test_archives_of_other_programs(daemon, docker, images, foreign, maker, tmp_path):
    images("load", "-q", "-i", foreign[maker])
    loaded = inspect(images, *all_ids(images))
    assert len(loaded) == 1
    check_whole(daemon, loaded)
    if maker == "umoci":
        assert loaded[0]["Config"]["User"] == "nobody"
    # skopeo reads what is saved, and finds the same layers.
    saved = tmp_path / "saved.tar"
    images("tag", loaded[0]["Id"], "out:1")
    images("save", "-o", saved, "out:1")
    seen = run("skopeo", "inspect", "--config", "--raw", f"docker-archive:{saved}:out:1")
    assert seen.returncode == 0, seen.stderr
    assert digest(seen.stdout.encode()) == loaded[0]["Id"]


#: Members that are bound to differ, and why.
EXPECTED_DIFFERENCES = {
    "GraphDriver": "paths on the disk",
    "Metadata": "the time of the last tag",
    "Container": "dropped from the API since dockerd 20.10, the oracle",
    "ContainerConfig": "likewise",
    "VirtualSize": "likewise",
    "Size": "checked by itself",
}


def test_shows_the_same_as_dockerd(daemon, docker, images, empty_oracle, busybox, tmp_path):
    def both(*words):
        theirs = docker(empty_oracle.unix(), *words)
        assert theirs.returncode == 0, theirs.stderr
        return images(*words), theirs.stdout

    ours, theirs = both("load", "-q", "-i", busybox)
    assert sorted(ours.splitlines()) == sorted(theirs.splitlines())
    ours, theirs = (json.loads(x)[0] for x in both("image", "inspect", "busybox"))
    for name in sorted(set(ours) | set(theirs)):
        if name in EXPECTED_DIFFERENCES:
            continue
        if name == "RepoTags":
            assert sorted(ours[name]) == sorted(theirs[name])
        elif name == "Config":
            # Members that are empty come and go with the versions.
            full = [{k: v for k, v in x[name].items() if v} for x in (ours, theirs)]
            assert full[0] == full[1]
        else:
            assert ours.get(name) == theirs.get(name), name
    assert ours["Size"] == theirs["Size"]
    ours, theirs = ours["GraphDriver"], theirs["GraphDriver"]
    if ours["Name"] == theirs["Name"] == "overlay2":
        assert set(ours["Data"]) == set(theirs["Data"])
        lower = ours["Data"]["LowerDir"].split(":")
        assert len(lower) == len(theirs["Data"]["LowerDir"].split(":"))
        assert all(Path(x).is_dir() for x in [*lower, ours["Data"]["UpperDir"]])
    form = ("--no-trunc", "--format", "{{.ID}} {{.CreatedBy}} {{.Size}}")
    ours, theirs = both("history", *form, "busybox")
    assert ours == theirs
    form = ("--no-trunc", "--format", "{{.Repository}} {{.Tag}} {{.ID}} {{.Size}}")
    ours, theirs = both("images", *form)
    assert sorted(ours.splitlines()) == sorted(theirs.splitlines())

    # What either saves the other takes for the same.
    for source, target in ((daemon.unix(), empty_oracle.unix()), (empty_oracle.unix(), daemon.unix())):
        path = tmp_path / "between.tar"
        for words in ((source, "save", "-o", path, "busybox:latest"),
                      (target, "rmi", "-f", "busybox:latest", "bb:1"),
                      (target, "load", "-q", "-i", path)):
            done = docker(*words)
            assert done.returncode == 0, f"{words}: {done.stderr}"
        seen = json.loads(docker(target, "image", "inspect", "busybox").stdout)[0]
        assert seen["Id"] == json.loads(images("image", "inspect", "busybox"))[0]["Id"]
        assert docker(target, "load", "-q", "-i", busybox).returncode == 0


def test_dockerode(daemon, node, busybox):
    done = node("images.js", daemon.unix(), busybox)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert "Loaded image: busybox:latest" in seen["loaded"]
    assert sorted(seen["listed"][0]["RepoTags"]) == ["bb:1", "busybox:latest"]
    assert seen["inspected"]["Config"]["Cmd"] == ["sh"]
    assert [x["CreatedBy"] for x in seen["history"]] == ["step 1", "step 0"]
    assert seen["saved"] > 100_000
    assert {"Untagged": "bb:1"} in seen["removed"]


# -- what goes wrong ----------------------------------------------------------------------------


def broken_archives():
    layer = busybox_layer()
    config = image_config([layer])
    whole = docker_archive([(config, [layer], ["x:1"])])
    other = tar([("a", b"b")])
    yield "cut", whole[:len(whole) // 2], "unexpected EOF"
    yield "empty", b"", None
    yield "noise", os.urandom(4096), None
    wrong = {"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["l.tar"]}
    yield "wrong diff id", tar([("c.json", config), ("l.tar", other),
                                ("manifest.json", json.dumps([wrong]).encode())]), \
        "invalid diffID for layer 0"
    yield "missing layer", tar([("c.json", config),
                                ("manifest.json", json.dumps([wrong]).encode())]), "l.tar"
    yield "null manifest", tar([("manifest.json", b"null")]), "manifest cannot be null"
    evil = tarfile.TarInfo("../../../../evil")
    yield "traversal", tar([("../../../../evil", evil), ("manifest.json", b"[]")]), ""


@pytest.mark.parametrize("archive,words", [x[1:] for x in broken_archives()],
                         ids=[x[0] for x in broken_archives()])
def test_broken_archives_leave_nothing(daemon, docker, tmp_path, archive, words):
    path = tmp_path / "broken.tar"
    path.write_bytes(archive)
    done = docker(daemon.unix(), "load", "-q", "-i", path)
    if words != "":
        assert done.returncode == 1, done.stdout
    if words:
        assert words in done.stderr
    check_whole(daemon, [])


def test_a_client_that_leaves_in_the_middle_leaves_nothing(daemon, busybox):
    whole = busybox.read_bytes()
    for part in (0.1, 0.5, 0.9):
        client = socket.socket(socket.AF_UNIX)
        client.connect(daemon.socket)
        client.sendall(b"POST /images/load HTTP/1.1\r\nHost: d\r\nContent-Length: %d\r\n\r\n"
                       % len(whole))
        client.sendall(whole[:int(len(whole) * part)])
        client.close()
    daemon.wait_for_no_connections()
    check_whole(daemon, [])


def test_the_same_layer_from_many_at_once(daemon, docker, images, busybox):
    results = []
    threads = [threading.Thread(target=lambda: results.append(
        docker(daemon.unix(), "load", "-q", "-i", busybox).returncode)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [0] * 6
    check_whole(daemon, inspect(images, *all_ids(images)))


def test_killed_at_any_moment_of_a_load(make_daemon, docker, tmp_path):
    """GANTRY_KILLS: how often (200 for a thorough run)."""
    layers = [tar([(f"data/{i}", os.urandom(200_000)) for i in range(5)]) for _ in range(4)]
    path = tmp_path / "image.tar"
    path.write_bytes(docker_archive([(image_config(layers), layers, ["killed:1"])]))
    daemon = make_daemon()
    daemon.start()
    before = time.monotonic()
    assert docker(daemon.unix(), "load", "-q", "-i", path).returncode == 0
    length = time.monotonic() - before
    assert docker(daemon.unix(), "rmi", "killed:1").returncode == 0
    chance = random.Random(3)
    for _ in range(int(os.environ.get("GANTRY_KILLS", "12"))):
        load = subprocess.Popen(["docker", "-H", daemon.unix(), "load", "-q", "-i", path],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                env=clean_environment(), text=True)
        try:  # the moment is what is under test
            load.wait(chance.uniform(0, 1.2 * length))
        except subprocess.TimeoutExpired:
            pass
        daemon.kill()
        told = load.communicate()[0]
        daemon.start()
        listed = json.loads(docker(daemon.unix(), "image", "inspect", "killed:1").stdout or "[]")
        if "Loaded image" in told:
            assert listed, "acknowledged and lost"
        check_whole(daemon, listed)
        if listed:
            assert docker(daemon.unix(), "rmi", "killed:1").returncode == 0


def test_a_layer_of_many_files_is_deleted_in_the_background(make_daemon, docker, tmp_path):
    """Who removes it does not wait for the files, a stop does not, and neither does a start."""
    path = tmp_path / "many.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as made:
        for i in range(100_000):
            made.addfile(tarfile.TarInfo(f"{i // 1000}/{i}"))
    daemon = make_daemon().start()
    done = docker(daemon.unix(), "import", path, "many:1", patience=300)
    assert done.returncode == 0, done.stderr
    trash = daemon.directory / "data" / "trash"
    assert docker(daemon.unix(), "rmi", "many:1").returncode == 0
    assert len(list(trash.iterdir())) == 1
    daemon.stop()
    assert len(list(trash.iterdir())) == 1
    daemon.start()
    daemon.kill()
    daemon.start()
    check_whole(daemon, [])


def test_room_that_is_being_made_is_waited_for(on_small_disk, docker, tmp_path):
    """Who removes one image to load another has no room before the files of the first one are gone.
    """
    many, one = tmp_path / "many.tar", tmp_path / "one.tar"
    layer = tar([(f"{i // 100}/{i}", os.urandom(4000)) for i in range(9000)])
    many.write_bytes(docker_archive([(image_config([layer]), [layer], ["many:1"])]))
    layer = tar([("f", os.urandom(40_000_000))])
    one.write_bytes(docker_archive([(image_config([layer]), [layer], ["one:1"])]))
    daemon = on_small_disk("60m")
    daemon.start()
    for archive, name in ((many, "many:1"), (one, "one:1"), (many, "many:1")):
        done = docker(daemon.unix(), "load", "-q", "-i", archive)
        assert done.returncode == 0, done.stderr
        assert docker(daemon.unix(), "rmi", name).returncode == 0
    check_whole(daemon, [])
    daemon.stop()


def test_a_full_disk_is_told_and_given_back(on_small_disk, docker, tmp_path):
    daemon = on_small_disk("24m")
    data = daemon.directory / "data"
    daemon.start()
    layer = tar([("big", os.urandom(40_000_000))])
    path = tmp_path / "big.tar"
    path.write_bytes(docker_archive([(image_config([layer]), [layer], ["big:1"])]))
    done = docker(daemon.unix(), "load", "-q", "-i", path)
    assert done.returncode == 1 and "no space left on device" in done.stderr.lower()
    check_whole(daemon, [])
    assert shutil.disk_usage(data).used < 4_000_000
    # What is on a disk without any room can be removed.
    layer = tar([("d/f", os.urandom(6_000_000))])
    path.write_bytes(docker_archive([(image_config([layer]), [layer], ["small:1"])]))
    assert docker(daemon.unix(), "load", "-q", "-i", path).returncode == 0
    with open(data / "filler", "wb", buffering=0) as filler:
        with pytest.raises(OSError):
            while filler.write(bytes(4096)):
                pass
    done = docker(daemon.unix(), "tag", "small:1", "small:2")
    assert done.returncode == 1 and "no space left on device" in done.stderr
    done = docker(daemon.unix(), "image", "prune", "-af")
    assert done.returncode == 0 and "deleted: sha256:" in done.stdout, done.stderr
    check_whole(daemon, [])
    daemon.stop()
