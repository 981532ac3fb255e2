"""Beside dockerd: images of many makers, what is shown of them and what is done with them."""

import hashlib
import io
import json
import tarfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from archives import busybox_layer, digest, docker_archive, image_config, tar
from beside import API, Oracle, Pair, Side
from daemon import Daemon, clean_environment, run
from oracle_images_known import KNOWN, TODAY
from wire import Wire

EPOCH = "1970-01-01T00:00:00Z"


def config_of(layers, config=None, **members):
    """The bytes of a config with these members beside the layers; the order of members is its
    own."""
    return json.dumps({
        "architecture": "amd64", "os": "linux", "config": config or {},
        "rootfs": {"type": "layers", "diff_ids": [digest(x) for x in layers]},
        **members}).encode()


def by_hand():
    """name -> archive: all members of a config, none, no layers, one layer twice, several images."""
    base, top, other = busybox_layer(), tar([("etc/motd", b"hello\n")]), tar([("f", b"1" * 5000)])
    everything = {
        "User": "bob:users", "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "Env": ["A=1", "B=x y"],
        "Entrypoint": ["/bin/sh", "-c"], "Cmd": ["echo <&>", "b"], "Volumes": {"/v": {}, "/w": {}},
        "WorkingDir": "/w/d", "Labels": {"a": "b", "empty": "", "q": "\"'<>"},
        "StopSignal": "SIGINT", "OnBuild": ["RUN true"], "Shell": ["/bin/ash", "-c"],
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 10**9, "Timeout": 2 * 10**9,
                        "StartPeriod": 3 * 10**9, "Retries": 4},
        "Hostname": "h", "Domainname": "d", "AttachStdin": True, "AttachStdout": True,
        "AttachStderr": True, "Tty": True, "OpenStdin": True, "StdinOnce": True,
        "ArgsEscaped": True, "Image": "sha256:" + "1" * 64, "NetworkDisabled": True,
        "MacAddress": "02:42:ac:11:00:05", "StopTimeout": 7, "Nosuch": 1}
    steps = [{"created": "2020-02-03T04:05:06.789Z", "created_by": "/bin/sh -c #(nop) ADD x",
              "comment": "first <one>", "author": "me"},
             {"created": "2021-02-03T04:05:06Z", "created_by": "ENV A=1", "empty_layer": True},
             {"created": "2022-02-03T04:05:06+02:00", "created_by": "COPY b", "comment": "c"},
             {"created": "2022-02-03T04:05:07Z", "empty_layer": True}]
    full = config_of([base, top], everything, created="2022-02-03T04:05:07.123456789Z",
                     author="A. N. Author <a@example.org>", comment="made by hand",
                     docker_version="18.09.1", variant="v2", history=steps,
                     container="f" * 64, container_config={"Hostname": "c", "Cmd": ["x"]},
                     **{"os.version": "5", "os.features": ["y"]})
    zoned = config_of([base], {"Cmd": ["sh"]}, created="2022-02-03T06:05:06.5+02:00")
    one = image_config([base], Labels={"n": "1"})
    two = image_config([base, other], Labels={"n": "2"})
    return {
        "full": docker_archive([(full, [base, top], ["full:1", "full:2", "a/b/full:1"])]),
        "bare": docker_archive([(config_of([base]), [base], ["bare:1"])]),
        "null": docker_archive([(config_of([base], created=None, history=None, author=None,
                                           config=None), [base], ["null:1"])]),
        "zoned": docker_archive([(zoned, [base], ["zoned:1"])]),
        "twice": docker_archive([(config_of([other, base, other], created=EPOCH),
                                  [other, base, other], ["twice:1"])]),
        "empty layer": docker_archive([(config_of([base, tar([])]), [base, tar([])],
                                        ["emptylayer:1"])]),
        "several": docker_archive([(one, [base], ["one:1"]), (two, [base, other], ["two:1"]),
                                   (full, [base, top], ["host.example:5000/team/three:1"])]),
        "nameless": docker_archive([(image_config([other]), [other], [])]),
        "no history": docker_archive([(config_of([base, top], {"Cmd": ["x"]}, created=EPOCH),
                                       [base, top], ["nohistory:1"])]),
    }


BUILD = b"""FROM bb:1
ENV A=1
COPY one /one
LABEL maker=dockerd
RUN echo two >/two && rm /one && mkdir -p /d/e && chmod 4755 /two
VOLUME /v
EXPOSE 81
HEALTHCHECK CMD true
ONBUILD RUN true
STOPSIGNAL 10
WORKDIR /w
USER bob
ENTRYPOINT ["/bin/sh"]
CMD ["-c", "true"]
"""


class Makers:
    """Programs that make images."""

    def __init__(self, oracle, place, archive):
        self.oracle = oracle
        self.place = place
        self.archive = archive  # of bb:1

    def run(self, *words, **more):
        env = clean_environment(HOME=str(self.place), DOCKER_BUILDKIT="0")
        done = run(*words, env=env, **more)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def docker(self, *words, **more):
        return self.run("docker", "-H", self.oracle, *words, **more)

    def with_dockerd(self):
        """What dockerd builds, commits and imports, as it saves them: name -> archive."""
        self.docker("load", "-q", "-i", self.archive)
        context = self.place / "context"
        context.mkdir()
        (context / "Dockerfile").write_bytes(BUILD)
        (context / "one").write_text("one\n")
        self.docker("build", "--network", "none", "-t", "built:1", context)
        intermediate = self.docker("history", "-q", "--no-trunc", "built:1").split()
        self.docker("run", "--name", "changed", "--network", "none", "bb:1", "sh", "-c",
                    "echo x >/x; rm -r /etc; mkdir /etc; touch /etc/new")
        self.docker("commit", "-m", "committed", "-a", "me", "-c", "ENV X=y", "changed", "committed:1")
        self.docker("rm", "changed")
        layer = self.place / "layer.tar"
        layer.write_bytes(busybox_layer())
        self.docker("import", "-m", "imported", "-c", "CMD sh", layer, "imported:1")
        made = {"dockerd build": ["built:1"], "dockerd commit": ["committed:1"],
                "dockerd import": ["imported:1"], "dockerd parents":
                ["built:1", *(x for x in intermediate if x.startswith("sha256:"))],
                "dockerd several": ["built:1", "committed:1", "imported:1", "bb:1"]}
        for number, (name, images) in enumerate(made.items()):
            path = self.place / f"dockerd{number}.tar"
            self.docker("save", "-o", path, *images)
            made[name] = path.read_bytes()
        return made

    def with_skopeo(self):
        """The same image by skopeo and umoci. What 20.10 does not read it gets in another form:
        name -> archive, archive for the oracle."""
        source = f"docker-archive:{self.archive}:bb:1"
        layout = self.place / "layout"
        paths = {x: self.place / f"{x}.tar" for x in ("docker", "oci", "umoci", "oci-docker",
                                                           "umoci-docker")}
        copy = ("skopeo", "--insecure-policy", "copy")
        self.run(*copy, source, f"docker-archive:{paths['docker']}:bb:1")
        self.run(*copy, source, f"oci-archive:{paths['oci']}:bb:1")
        self.run(*copy, f"oci-archive:{paths['oci']}:bb:1",
                 f"docker-archive:{paths['oci-docker']}:bb:1")
        self.run(*copy, source, f"oci:{layout}:made:1")
        self.run("umoci", "config", "--image", f"{layout}:made:1", "--config.user", "bob",
                 "--config.label", "by=umoci")
        bundle = self.place / "bundle"
        self.run("umoci", "unpack", "--image", f"{layout}:made:1", bundle)
        (bundle / "rootfs/etc/group").unlink()
        (bundle / "rootfs/new").write_text("new\n")
        self.run("umoci", "repack", "--image", f"{layout}:made:1", bundle)
        self.run("umoci", "gc", "--layout", layout)
        self.run("tar", "-C", layout, "-cf", paths["umoci"], ".")
        self.run(*copy, f"oci:{layout}:made:1", f"docker-archive:{paths['umoci-docker']}:made:1")
        data = {name: path.read_bytes() for name, path in paths.items()}
        return {"skopeo docker-archive": (data["docker"], data["docker"]),
                "skopeo oci-archive": (data["oci"], data["oci-docker"]),
                "umoci": (data["umoci"], data["umoci-docker"])}


class Images:
    """Two daemons and the archives that they are to load."""

    def __init__(self, pair, archives):
        self.pair = pair
        self.archives = archives

    def load(self, *names):
        """Into both; gives what each says."""
        def work(side):
            mine = side is self.pair.sides[0]
            said = []
            for name in names:
                archive = self.archives[name]
                if isinstance(archive, tuple):
                    archive = archive[0 if mine else 1]
                status, text = side.post("/images/load?quiet=1", archive)
                said.append([status, side.plain(text)])
            return said
        return self.pair.both(work)

    def compare(self, call, work):
        """The same work with both sides, and whether it gives the same."""
        ours, theirs = self.pair.both(work)
        self.pair.compare(call, ours, theirs)
        return ours

    def compare_events(self, call, since, kind="image"):
        """All that was told since then."""
        ours, theirs = self.pair.events(since, kind)
        self.pair.compare(f"events {call}", ours, theirs)

    def clear(self):
        """Takes all images and containers away."""
        def work(side):
            for one in side.ask("GET", "/containers/json?all=1")[1]:
                side.ask("DELETE", f"/containers/{one['Id']}?force=1&v=1")
            while found := side.ask("GET", "/images/json?all=1")[1]:
                for one in found:
                    side.ask("DELETE", f"/images/{one['Id']}?force=1")
        self.pair.both(work)


@pytest.fixture(scope="module")
def both_stores(busybox_archive, tmp_path_factory):
    ours, theirs = Daemon(), Oracle()
    pair = None
    try:
        ours.start()
        theirs.start()
        makers = Makers(theirs.unix(), tmp_path_factory.mktemp("makers"), busybox_archive)
        archives = {"bb": busybox_archive.read_bytes(), **by_hand(), **makers.with_dockerd(),
                    **makers.with_skopeo()}
        pair = Pair(Side(ours.unix(), {ours.directory / "data": "<root>"}, times=False),
                    Side(theirs.unix(), {theirs.directory / "data": "<root>"}, TODAY, times=False),
                    KNOWN)
        yield Images(pair, archives)
    finally:
        theirs.dispose()
        ours.dispose()


@pytest.fixture
def images(both_stores):
    """Both daemons, without images. The test fails with all that differed."""
    both_stores.clear()
    both_stores.pair.found.clear()
    yield both_stores
    found = sorted(both_stores.pair.found)
    assert not found, "\n".join([f"{len(found)} differences that nobody expects", *found])


def sorted_rows(rows):
    """A list of images in an order that does not depend on hash tables."""
    if isinstance(rows, list) and rows and "RepoTags" in rows[0]:
        for row in rows:
            row["RepoTags"] = row["RepoTags"] and sorted(row["RepoTags"])
        rows.sort(key=lambda row: row["Id"])
    return rows


# -- what is shown ------------------------------------------------------------------------------

MAKERS = ["full", "bare", "null", "zoned", "twice", "empty layer", "several", "nameless",
          "no history", "dockerd build", "dockerd commit", "dockerd import", "dockerd parents",
          "dockerd several", "skopeo docker-archive", "skopeo oci-archive", "umoci"]


@pytest.mark.parametrize("maker", MAKERS)
def test_an_archive_shows_the_same(images, maker):
    since = time.time()
    ours, theirs = images.load(maker)
    images.pair.compare(f"load {maker}", ours, theirs)

    def shown(side):
        rows = sorted_rows(side.ask("GET", "/images/json?all=1")[1])
        seen = {"list": rows, "inspect": {}, "history": {}, "df": None}
        for row in rows:
            image = side.ask("GET", f"/images/{row['Id']}/json")[1]
            image["RepoTags"].sort()
            seen["inspect"][row["Id"]] = image
            seen["history"][row["Id"]] = side.ask("GET", f"/images/{row['Id']}/history")[1]
            for step in seen["history"][row["Id"]]:
                step["Tags"] = step["Tags"] and sorted(step["Tags"])
        df = side.ask("GET", "/system/df")[1]
        df["Images"] = sorted_rows(df["Images"])
        return side.plain({**seen, "df": df})
    seen = images.compare(f"shown {maker}", shown)
    assert seen["list"], "nothing was loaded"
    images.compare_events(maker, since)


def ids_of(images, *names):
    """Ids of images that both have."""
    side = images.pair.sides[0]
    return [side.ask("GET", f"/images/{name}/json")[1]["Id"] for name in names]


def test_names(images):
    images.load("full", "bb")
    full, bb = ids_of(images, "full:1", "bb:1")
    names = [full, full[7:], full[:19], full[7:19], full[7:11], "sha256:", "sha256", full[:-1] + "g",
             full[7:] + "0", "full", "full:1", "full:2", "full:latest", "docker.io/library/full:1",
             "docker.io/full:1", "index.docker.io/library/full:1", "library/full:1", "a/b/full:1",
             "docker.io/a/b/full:1", "localhost/full:1", "FULL:1", "Full", "full:", ":1", "/full",
             "full:1@" + full, "full@" + full, "full@sha256:12", "full:" + "x" * 128,
             "full:" + "x" * 129, "x" * 256, "-full", "full:-1", "a//b", "a..b", "a__b", "a___b",
             "host:99999/a:1", "0123456789ab", "%20", "%20full:1", "full:1%0a", "nosuch", "nosuch:1",
             "host.example/nosuch", "sha256:" + "0" * 64, "0" * 64, "ff", "f", bb[7:8]]

    def ask(name):
        for asked in ("GET /images/{}/json", "GET /images/{}/history", "POST /images/{}/tag?repo=x"):
            images.pair.say(*asked.format(name).split(" ", 1))
    images.pair.at_once(ask, names)


LISTINGS = [
    {}, {"dangling": ["true"]}, {"dangling": ["false"]}, {"dangling": ["1"]}, {"dangling": ["x"]},
    {"dangling": []}, {"dangling": ["true", "false"]}, {"dangling": ["0"]},
    {"reference": ["full"]}, {"reference": ["full:1"]}, {"reference": ["full:*"]},
    {"reference": ["f*"]}, {"reference": ["*"]}, {"reference": ["*/*"]}, {"reference": ["*/*/*"]},
    {"reference": ["*:1"]}, {"reference": ["*:[12]"]}, {"reference": ["["]}, {"reference": [""]},
    {"reference": ["docker.io/library/full"]}, {"reference": ["host.example:5000/team/*"]},
    {"reference": ["host.example:5000/*"]}, {"reference": ["full:2", "bare"]},
    {"reference": ["FULL"]}, {"reference": ["nosuch"]}, {"reference": ["full@sha256:*"]},
    {"before": ["full:1"]}, {"since": ["full:1"]}, {"before": ["nosuch"]}, {"since": ["nosuch:1"]},
    {"before": ["full:1"], "since": ["twice:1"]}, {"before": ["bare:1"]}, {"since": ["bare:1"]},
    {"before": ["full:1", "one:1"]}, {"since": ["full:1", "one:1"]}, {"before": ["FULL"]},
    {"label": ["a"]}, {"label": ["a=b"]}, {"label": ["a=c"]}, {"label": ["a", "empty"]},
    {"label": ["empty="]}, {"label": ["nosuch"]}, {"label": ["n=1", "n=2"]}, {"label": ["=x"]},
    {"label!": ["a"]}, {"until": ["2023-01-01T00:00:00Z"]}, {"until": ["1600000000"]},
    {"until": ["10m"]}, {"until": ["x"]}, {"nosuch": ["x"]}, {"id": ["x"]}, {"name": ["full"]},
]


def test_listings(images):
    images.load("full", "bare", "twice", "several", "nameless", "dockerd parents", "umoci")

    def ask(listed):
        for more in ("", "&all=1"):
            path = f"/images/json?filters={quote(json.dumps(listed))}{more}"

            def rows(side):
                status, said = side.ask("GET", path)
                return {"status": status, "said": side.plain(sorted_rows(said))}
            images.compare(f"list {json.dumps(listed)}{more}", rows)
    images.pair.at_once(ask, LISTINGS)
    for path in ("/images/json?filters=x", "/images/json?filters={}", "/images/json?filters=[]",
                 "/images/json?all=x", "/images/json?digests=1&filter=full"):
        images.compare(path, lambda side: [(x := side.ask("GET", path))[0],
                                           side.plain(sorted_rows(x[1]))])


def test_the_order_of_a_list(images):
    images.load("twice", "zoned", "full", "skopeo docker-archive")
    images.compare("order", lambda side: [x["Id"] for x in side.ask("GET", "/images/json")[1]])


TAGS = [
    "repo=new", "repo=new&tag=1", "repo=new:2", "repo=new:2&tag=3", "repo=", "tag=1", "", "repo=NEW",
    "repo=new&tag=a/b", "repo=new&tag=-x", "repo=new&tag=" + "x" * 129, "repo=host:5000/a/b&tag=c",
    "repo=host:port/a", "repo=docker.io/library/q", "repo=sha256:" + "1" * 64, "repo=" + "1" * 64,
    "repo=sha256", "repo=sha256:abc", "repo=new@sha256:" + "1" * 64, "repo=a%20b",
    "repo=full&tag=2",
    "repo=new&tag=%20", "repo=new&tag=1&force=1", "repo=one&tag=1",
]


def test_tags(images):
    images.load("full", "several")
    since = time.time()
    for query in TAGS:
        images.pair.say("POST", f"/images/full:1/tag?{query}")
    images.compare_events("tag", since)
    images.compare("after tag", shown_images)


def shown_images(side):
    return side.plain(sorted_rows(side.ask("GET", "/images/json?all=1")[1]))


def names_to_save(side):
    """Names of all images, and ids of those that have none."""
    return [name for row in side.ask("GET", "/images/json?all=1")[1]
            for name in ([x for x in row["RepoTags"] if x != "<none>:<none>"] or [row["Id"]])]


def saved(side, names):
    query = "&".join(f"names={quote(x)}" for x in names)
    with Wire(side.address) as wire:
        answer = wire.ask(f"{API}/images/get?{query}")
    return answer.status, answer.body


def check_blobs(archive):
    """That each blob is what its name says."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tree:
        blobs = [x for x in tree if x.isreg() and x.name.startswith("blobs/")]
        assert blobs
        for blob in blobs:
            assert digest(tree.extractfile(blob).read()) == "sha256:" + blob.name.split("/")[-1]


@pytest.mark.parametrize("maker", MAKERS)
def test_either_loads_what_the_other_saves(images, maker):
    images.load(maker)
    since = time.time()
    ours, theirs = images.pair.both(lambda side: saved(side, names_to_save(side)))
    assert (ours[0], theirs[0]) == (200, 200)
    told = [sorted(of.get("image", []), key=str) for of in images.pair.events(since, "image")]
    images.pair.compare(f"events of save {maker}", *told)
    check_blobs(ours[1])
    before = images.pair.both(shown_images)
    images.clear()
    for side, (_, archive) in zip(images.pair.sides, (theirs, ours)):
        status, said = side.post("/images/load?quiet=1", archive)
        assert status == 200 and "error" not in str(said), said
    assert images.pair.both(shown_images) == before


SAVES = [["full:1"], ["full"], ["a/b/full"], ["nosuch"], ["nosuch:1"], ["full:9"], ["full:1", "nosuch"],
         ["full:1", "full:1"], ["full:1", "full:2", "one"], ["UPPER"], [""], [], ["sha256:" + "0" * 64],
         ["ffff"], ["full@sha256:" + "0" * 64], ["docker.io/library/full:1"],
         ["host.example:5000/team/three"]]


def test_saves(images):
    images.load("full", "several")
    [full] = ids_of(images, "full:1")

    def save(names):
        def names_inside(side):
            status, archive = saved(side, names)
            if status != 200 or not archive:
                return {"status": status, "said": side.plain(json.loads(archive or b"{}"))}
            with tarfile.open(fileobj=io.BytesIO(archive)) as tree:
                manifest = json.load(tree.extractfile("manifest.json"))
                return {"status": status, "said": sorted(
                    [[sorted(x["RepoTags"] or []), len(x["Layers"])] for x in manifest or []], key=str)}
        images.compare(f"save {names}", names_inside)
    for names in [*SAVES, [full], [full[7:19]], [full[:19]], [full, "full:1"]]:
        save(names)


# -- what is removed ----------------------------------------------------------------------------

#: name -> what is loaded, the names of containers and what they run on, and what is deleted.
REMOVALS = {
    "a name": (["full"], {}, ["full:1", "full:1", "full:2", "a/b/full:1"]),
    "an id with names": (["full"], {}, ["<full:1>", "<full:1>?force=1"]),
    "an id with one name": (["bare"], {}, ["<bare:1>"]),
    "an id with names of one repository": (["bare", "=bare:1 bare:2"], {}, ["<bare:1>"]),
    "a short id": (["bare"], {}, ["<bare:1>short"]),
    "nothing": ([], {}, ["nosuch", "nosuch:1?force=1", "sha256:" + "0" * 64, "UPPER", "%20"]),
    "by name, made": (["bb"], {"made": "bb:1"}, ["bb:1", "bb:1?force=1"]),
    "by name, running": (["bb"], {"running": "bb:1"}, ["bb:1", "bb:1?force=1"]),
    "by id, made": (["bb"], {"made": "bb:1"}, ["<bb:1>", "<bb:1>?force=1"]),
    "by id, running": (["bb"], {"running": "bb:1"}, ["<bb:1>", "<bb:1>?force=1"]),
    "by id, over": (["bb"], {"over": "bb:1"}, ["<bb:1>", "<bb:1>?force=1"]),
    "one of two names, running": (["bb", "=bb:1 bc:1"], {"running": "bb:1"},
                                  ["bb:1", "bc:1", "bc:1?force=1"]),
    "by id, two names, running": (["bb", "=bb:1 bc:1"], {"running": "bb:1"},
                                  ["<bb:1>", "<bb:1>?force=1"]),
    "by id, two names, made": (["bb", "=bb:1 bc:1"], {"made": "bb:1"},
                               ["<bb:1>", "<bb:1>?force=1"]),
    "both, by name": (["bb"], {"running": "bb:1", "made": "bb:1"}, ["bb:1", "bb:1?force=1"]),
    "container by id": (["bb"], {"made": "<bb:1>"}, ["bb:1", "bb:1?force=1"]),
    "children": (["dockerd parents"], {}, ["<parent>", "<parent>?force=1", "built:1?noprune=1"]),
    "with parents": (["dockerd parents"], {}, ["built:1"]),
    "with used parents": (["dockerd parents"], {"made": "<parent>"}, ["built:1"]),
    "a parent with a name": (["dockerd parents", "=<parent> middle:1"], {},
                             ["middle:1", "built:1"]),
    "shared layers": (["several"], {}, ["one:1", "two:1", "host.example:5000/team/three:1"]),
    "a layer twice": (["twice"], {}, ["twice:1"]),
    "nameless": (["nameless"], {}, ["<nameless>"]),
}


class Scene:
    """Images and containers as a row of a table tells."""

    def __init__(self, images):
        self.images = images
        self.ids = {}

    def named(self, name):
        """`<NAME>` is the id of what had that name at first, `<NAME>short` a part of it."""
        if not name.startswith("<"):
            return name
        key, _, rest = name[1:].partition(">")
        found = self.ids[key]
        return found[7:19] + rest[5:] if rest.startswith("short") else found + rest

    def note_ids(self):
        for row in self.images.pair.sides[0].ask("GET", "/images/json?all=1")[1]:
            for name in row["RepoTags"]:
                self.ids["nameless" if name == "<none>:<none>" else name] = row["Id"]
            if row["RepoTags"] == ["bb:1"]:
                for side in self.images.pair.sides:
                    side.learn("bb:1", row["Id"][7:])
            if row["RepoTags"] == ["built:1"]:
                self.ids["parent"] = row["ParentId"]

    def prepare(self, loaded, containers):
        for what in loaded:
            if what.startswith("="):
                source, name = what[1:].split()
                repo, tag = name.split(":")
                assert self.images.pair.say(
                    "POST", f"/images/{self.named(source)}/tag?repo={repo}&tag={tag}") == (201, 201)
            else:
                self.images.load(what)
            self.note_ids()
        pair = self.images.pair
        for name, image in containers.items():
            command = ["sleep", "1000"] if name == "running" else ["true"]
            made = pair.say("POST", f"/containers/create?name={name}", {
                "Image": self.named(image), "Cmd": command,
                "HostConfig": {"NetworkMode": "none"}}, name=name)
            assert made == (201, 201)
            if name != "made":
                assert pair.say("POST", f"/containers/{name}/start") == (204, 204)
            if name == "over":
                pair.both(lambda side: side.ask("POST", f"/containers/{name}/wait"))


def containers_of(side):
    rows = side.ask("GET", "/containers/json?all=1")[1]
    return side.plain(sorted(([x["Names"], x["Image"], x["ImageID"]] for x in rows), key=str))


@pytest.mark.parametrize("name", REMOVALS)
def test_removals(images, name):
    loaded, containers, removed = REMOVALS[name]
    scene = Scene(images)
    scene.prepare(loaded, containers)
    since = time.time()
    for what in removed:
        images.pair.say("DELETE", f"/images/{scene.named(what)}", of=what)
    images.compare_events(f"remove {name}", since)
    images.compare(f"after {name}", shown_images)
    images.compare(f"containers after {name}", containers_of)


#: name -> what is loaded, containers, filters of the prunes.
PRUNES = {
    "nothing": ([], {}, [{}]),
    "nameless": (["nameless", "bb"], {}, [{}]),
    "nameless, used": (["nameless", "bb"], {"made": "<nameless>"}, [{}, {"dangling": ["false"]}]),
    "all": (["several", "full", "bb", "nameless"], {"made": "bb:1"}, [{"dangling": ["false"]}]),
    "by label": (["several", "full"], {}, [{"dangling": ["0"], "label": ["n=1"]},
                                           {"dangling": ["false"], "label!": ["n"]}]),
    "by labels": (["several", "full"], {}, [{"dangling": ["0"], "label": ["n=1", "n=2"]},
                                            {"dangling": ["0"], "label": ["a", "q"]}]),
    "until": (["several", "full", "twice", "bare"], {},
              [{"dangling": ["0"], "until": ["2000-01-01T00:00:00Z"]},
               {"dangling": ["0"], "until": ["2022-06-01"]}, {"dangling": ["0"], "until": ["1h"]}]),
    "parents": (["dockerd parents"], {}, [{}, {"dangling": ["false"]}]),
    "wrong filters": (["nameless"], {}, [
        {"dangling": ["x"]}, {"nosuch": ["x"]}, {"until": ["x"]}, {"until": ["1h", "2h"]},
        {"reference": ["x"]}, {"dangling": ["true", "false"]}]),
}


@pytest.mark.parametrize("name", PRUNES)
def test_prunes(images, name):
    loaded, containers, filters = PRUNES[name]
    Scene(images).prepare(loaded, containers)
    since = time.time()
    for one in filters:
        path = f"/images/prune?filters={quote(json.dumps(one))}"

        def prune(side):
            status, said = side.ask("POST", path)
            if isinstance(said, dict) and said.get("ImagesDeleted"):
                said["ImagesDeleted"].sort(key=str)
            return [status, side.plain(said)]
        images.compare(f"prune {one}", prune)
    ours, theirs = (sorted(x.get("image", []), key=str)
                    for x in images.pair.events(since, "image"))
    images.pair.compare(f"events prune {name}", ours, theirs)
    images.compare(f"after {name}", shown_images)


# -- what is made -------------------------------------------------------------------------------

IMPORTS = [
    {}, {"repo": "made", "tag": "1"}, {"repo": "made"}, {"repo": "made:2"}, {"repo": "MADE"},
    {"repo": "made", "tag": "a/b"}, {"tag": "1"}, {"repo": "made@sha256:" + "1" * 64},
    {"repo": "sha256:" + "1" * 64}, {"message": "a message"}, {"message": ""},
    {"platform": "linux/amd64"}, {"platform": "linux/arm64/v8"}, {"platform": "linux"},
    {"platform": "windows/amd64"}, {"platform": "nosuch/x"}, {"platform": "a/b/c/d"},
    *({"changes": x} for x in (
        ["CMD echo a"], ['CMD ["echo", "a"]'], ["ENTRYPOINT x"], ['ENTRYPOINT ["x", "y"]'],
        ["ENV a=b"], ["ENV a b c"], ["ENV a=b c=d"], ["ENV a"], ["ENV"], ["ENV a=b", "ENV a=c"],
        ["EXPOSE 80"], ["EXPOSE 80/udp 81-83"], ["EXPOSE x"], ["EXPOSE 99999"], ["USER bob"],
        ["USER a b"], ["VOLUME /v"], ['VOLUME ["/v", "/w"]'], ["VOLUME /v /w"], ["VOLUME"],
        ["WORKDIR /w"], ["WORKDIR w"], ["WORKDIR /w", "WORKDIR x"], ["WORKDIR"],
        ["LABEL a=b"], ['LABEL a="b c" d=e'], ["LABEL a b"], ["LABEL a"], ["LABEL"],
        ["STOPSIGNAL SIGINT"], ["STOPSIGNAL 9"], ["STOPSIGNAL nosuch"], ["ONBUILD RUN x"],
        ["ONBUILD ONBUILD RUN x"], ["ONBUILD FROM x"], ["ONBUILD"], ["HEALTHCHECK NONE"],
        ["HEALTHCHECK CMD true"], ["HEALTHCHECK --interval=5s --retries=2 CMD true"],
        ["HEALTHCHECK --timeout=x CMD true"], ["HEALTHCHECK nosuch"], ["HEALTHCHECK"],
        ["SHELL [\"a\"]"], ["RUN x"], ["FROM x"], ["ADD a b"], ["COPY a b"], ["ARG x"],
        ["MAINTAINER me"], ["NOSUCH x"], [""], ["# comment"], ["env a=$b"], ["ENV a=b", "ENV c=$a"],
        ["CMD ["], ["ENV a=b\nENV c=d"], ["CMD x", "ENTRYPOINT y"], ["ENTRYPOINT y", "CMD x"],
        ["ENV a=\"b"], ["LABEL a=b\\"], ["ENV =x"], ["LABEL =x"],
    )),
]

def imported(side, query, layer):
    """What an import answers, and what is shown of the image that it made."""
    status, said = side.post(f"/images/create?{query}", layer)
    last = said[-1] if isinstance(said, list) else said
    made = last.get("status", "")
    if not made.startswith("sha256:"):
        return {"status": status, "said": side.plain(said)}
    image = side.ask("GET", f"/images/{made}/json")[1]
    steps = side.ask("GET", f"/images/{made}/history")[1]
    for name in ("Id", "Created"):
        image.pop(name)
        for step in steps:
            step.pop(name)
    return side.plain({"status": status, "image": image, "history": steps})


def test_imports(images):
    layer = busybox_layer()

    def make(query):
        pairs = [(k, v) for k, values in query.items()
                 for v in ([values] if isinstance(values, str) else values)]
        asked = "fromSrc=-" + "".join(f"&{k}={quote(v)}" for k, v in pairs)
        images.compare(f"import {query}", lambda side: imported(side, asked, layer))
    images.pair.at_once(make, IMPORTS)


@pytest.mark.parametrize("what", ["empty", "noise", "cut"])
def test_broken_imports(images, what):
    layer = busybox_layer()
    data = {"empty": b"", "noise": b"nothing that is a tar " * 100, "cut": layer[:200_000]}[what]
    images.compare(f"import {what}", lambda side: imported(side, "fromSrc=-", data))
    assert what == "empty" or images.compare(f"after {what}", shown_images) == []


def manifest_of(config, layers, tags=("x:1",), **more):
    """A `manifest.json` with one image."""
    return json.dumps([{"Config": config, "RepoTags": list(tags), "Layers": layers, **more}]).encode()


def broken_archives():
    """name -> archive, each with something wrong."""
    layer, other = busybox_layer(), tar([("a", b"b")])
    config = config_of([layer])

    def archive(manifest=manifest_of("c.json", ["l.tar"]), config=config, layer=layer, more=()):
        return tar([("c.json", config), ("l.tar", layer), ("manifest.json", manifest), *more])
    link = tarfile.TarInfo("l.tar")
    link.type, link.linkname = tarfile.SYMTYPE, "../../../../../../etc/passwd"
    whole = archive()
    return {
        "no tar": b"x" * 5000, "nothing": b"", "an empty tar": tar([]), "cut": whole[:len(whole) // 2],
        "cut in a header": whole[:100], "null": archive(b"null"), "no images": archive(b"[]"),
        "an object": archive(b"{}"), "no JSON": archive(b"x"), "not all JSON": archive(b"[{]"),
        "other types": archive(b'[{"Config":1}]'), "no config": archive(b"[{}]"),
        "a config that is not there": archive(manifest_of("d.json", ["l.tar"])),
        "a config that is no JSON": archive(config=b"x"),
        "a config without rootfs": archive(config=b"{}"),
        "a config that is a list": archive(config=b"[]"),
        "a layer that is not there": archive(manifest_of("c.json", ["m.tar"])),
        "too few layers": archive(manifest_of("c.json", [])),
        "too many layers": archive(manifest_of("c.json", ["l.tar", "l.tar"])),
        "another layer": archive(layer=other), "a layer that is no tar": archive(layer=b"x" * 2000),
        "a cut layer": archive(layer=layer[:100_000]),
        "a bad tag": archive(manifest_of("c.json", ["l.tar"], ["UPPER:1"])),
        "a name without tag": archive(manifest_of("c.json", ["l.tar"], ["x"])),
        "no name": archive(manifest_of("c.json", ["l.tar"], [""])),
        "a name by digest": archive(manifest_of("c.json", ["l.tar"], ["x@sha256:" + "1" * 64])),
        "names of both kinds": archive(manifest_of("c.json", ["l.tar"], ["x:1", "UPPER:1"])),
        "another system": archive(config=config_of([layer], os="windows")),
        "no such system": archive(config=config_of([layer], os="nosuch")),
        "another machine": archive(config=config_of([layer], architecture="s390x")),
        "a parent that is not there": archive(manifest_of("c.json", ["l.tar"],
                                                          Parent="sha256:" + "1" * 64)),
        "a bad parent": archive(manifest_of("c.json", ["l.tar"], Parent="x")),
        "a config beyond the archive": archive(manifest_of("../../../../../etc/passwd", ["l.tar"])),
        "a layer beyond the archive": archive(manifest_of("c.json", ["../../../../../etc/passwd"])),
        "an absolute layer": archive(manifest_of("c.json", ["/etc/passwd"])),
        "a link out of the archive": tar([("c.json", config), ("l.tar", link),
                                          ("manifest.json", manifest_of("c.json", ["l.tar"]))]),
        "a bad diff id": archive(config=json.dumps({
            "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:x"]}}).encode()),
        "a history that is too long": archive(config=config_of([layer], history=[{}, {}])),
        "the second of two": tar([("c.json", config), ("l.tar", layer), ("d.json", config_of([other])),
                                  ("manifest.json", json.dumps([
                                      {"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["l.tar"]},
                                      {"Config": "d.json", "RepoTags": ["y:1"], "Layers": ["n.tar"]},
                                  ]).encode())]),
    }


@pytest.mark.parametrize("name", broken_archives())
def test_broken_archives(images, name):
    archive = broken_archives()[name]
    since = time.time()

    def load(side):
        status, said = side.post("/images/load?quiet=1", archive)
        return side.plain({"status": status, "said": said})
    images.compare(f"load {name}", load)
    images.compare(f"after {name}", shown_images)
    images.compare_events(name, since)


# -- what the files are -------------------------------------------------------------------------

def special(name, kind, link="", mode=0o644, **more):
    """An entry of a tar that has no contents."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode, made.mtime = kind, link, mode, 1_600_000_000
    for key, value in more.items():
        setattr(made, key, value)
    return name, made


def link(name, target):
    return special(name, tarfile.SYMTYPE, target, 0o777)


def hard(name, target):
    return special(name, tarfile.LNKTYPE, target)


def folder(name, mode=0o755, **more):
    return special(name, tarfile.DIRTYPE, mode=mode, **more)


LONG = "/".join(["long" * 20] * 4)

#: name -> layers, each a list of entries; each stands on a layer with a few files.
TREES = {
    "whiteouts": [[("d/.wh.one", b""), (".wh.gone", b""), ("e/.wh..wh..opq", b""), ("e/new", b"n"),
                   ("d/.wh.nosuch", b""), ("nosuch/.wh.x", b"")]],
    "a whiteout of a directory": [[(".wh.d", b"")]],
    "a directory anew": [[(".wh.d", b"")], [folder("d"), ("d/later", b"l")]],
    "a whiteout of what comes": [[(".wh.new", b""), ("new", b"n")]],
    "what comes, then its whiteout": [[("new", b"n"), (".wh.new", b"")]],
    "opaque after its files": [[("e/new", b"n"), ("e/.wh..wh..opq", b"")]],
    "special whiteouts": [[("d/.wh..wh.plnk", b"x"), (".wh..wh.aufs", b"y"), ("d/.wh.", b"")]],
    "a file for a directory": [[("d", b"now a file")]],
    "a directory for a file": [[folder("gone"), ("gone/in", b"i")]],
    "a link for a directory": [[link("d", "e"), ("d/through", b"t")]],
    "through a link of the layer below": [[("to-d/new", b"n"), ("to-d/one", b"changed")]],
    "a directory for a link": [[folder("to-d"), ("to-d/own", b"o")]],
    "hard links": [[("h/a", b"aa"), folder("i"), hard("i/b", "h/a"), hard("c", "h/a"),
                    hard("j/k/l", "c")]],
    "a hard link to the layer below": [[hard("d/again", "gone")]],
    "a hard link to nothing": [[hard("x", "nosuch")]],
    "a hard link to a link": [[link("sl", "gone"), hard("hl", "sl")]],
    "a hard link to a directory": [[folder("dd"), hard("hd", "dd")]],
    "a hard link to itself": [[("s", b"s"), hard("s", "s")]],
    "odd paths": [[("/absolute", b"a"), ("./dot", b"d"), ("d/./x", b"x"), ("d//y", b"y"),
                   ("d/../e/z", b"z")]],
    "a name that leads out": [[("../out", b"o")]],
    "a name that leads down and out": [[("d/../../out", b"o")]],
    "only up": [[("..", b"u")]],
    "a root": [[folder("./", 0o711), ("f", b"f")]],
    "links that lead out": [[link("up", "../../../.."), link("abs", "/tmp"), ("f", b"f")]],
    "through a link that leads out": [[link("up", "../../../../../../../../tmp"),
                                       ("up/breakout-one", b"b")]],
    "through an absolute link": [[link("abs", "/tmp"), ("abs/breakout-two", b"b")]],
    "a hard link that leads out": [[hard("pw", "../../../../../../../../etc/passwd")]],
    "an absolute hard link": [[hard("pw", "/gone")]],
    "a hard link through a link": [[link("abs", "/etc"), hard("pw", "abs/hostname")]],
    "devices": [[special("null", tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3),
                 special("block", tarfile.BLKTYPE, mode=0o660, devmajor=7, devminor=0),
                 special("pipe", tarfile.FIFOTYPE, mode=0o600)]],
    "modes and owners": [[special("suid", tarfile.REGTYPE, mode=0o6755),
                          folder("sticky", 0o1777, uid=5, gid=6),
                          special("owned", tarfile.REGTYPE, mode=0o640, uid=1000, gid=2000),
                          special("big", tarfile.REGTYPE, uid=3_000_000, gid=4_000_000),
                          special("linked", tarfile.SYMTYPE, "owned", 0o777, uid=7, gid=8)]],
    "times": [[special("old", tarfile.REGTYPE, mtime=1), folder("td", mtime=1_234_567_890),
               ("td/in", b"i"), special("future", tarfile.REGTYPE, mtime=4_000_000_000),
               special("before", tarfile.REGTYPE, mtime=-5),
               special("tl", tarfile.SYMTYPE, "old", mtime=1_111_111_111)]],
    "long names": [[(LONG + "/file", b"f"), link("longlink", LONG), hard("longhard", LONG + "/file"),
                    ("n" * 255, b"n")]],
    "a name that is too long": [[("n" * 256, b"n")]],
    "odd names": [[("sp ace", b"1"), ("uml\u00e4ut", b"2"), ("new\nline", b"3"), ("back\\slash", b"4"),
                   ("\u65e5\u672c", b"5"), ("-dash", b"6"), ("a:b", b"7")]],
    "the same twice": [[("two", b"first"), ("two", b"second"), folder("dd", 0o700),
                        folder("dd", 0o755)]],
    "without parents": [[("deep/er/file", b"f"), ("deep/er", folder("deep/er", 0o700)[1])]],
    "other types": [[special("sock", b"s"), ("f", b"f")]],
    "contiguous": [[special("cont", tarfile.CONTTYPE), ("f", b"f")]],
    "empty": [[]],
}

BELOW = [folder("d", 0o750), ("d/one", b"1"), ("d/two", b"2"), folder("e"), ("e/old", b"o"),
         ("gone", b"g"), link("to-d", "d")]


def tree_of(side, image):
    """What there is in a container of the image; nothing where none can be made."""
    status, made = side.ask("POST", "/containers/create", {
        "Image": image, "Cmd": ["x"], "HostConfig": {"NetworkMode": "none"}})
    if status != 201:
        return side.plain(made)
    with Wire(side.address) as wire:
        data = wire.ask(f"{API}/containers/{made['Id']}/export").body
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tree:
        for one in tree:
            if one.name.split("/")[0] in ("dev", "proc", "sys", "etc", ".dockerenv"):
                continue
            content = hashlib.sha256(tree.extractfile(one).read()).hexdigest() if one.isreg() else ""
            extra = {k: v for k, v in one.pax_headers.items() if k.startswith("SCHILY")}
            when = "lately" if time.time() - 86400 < one.mtime < 3e9 else int(one.mtime)
            found[one.name] = [one.type.decode(), oct(one.mode), one.uid, one.gid, when, one.linkname, one.devmajor,
                               one.devminor, one.size, content, extra]
    return found


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "gnu"])
@pytest.mark.parametrize("name", TREES)
def test_trees(images, name, form):
    layers = [tar(x, form) for x in [BELOW, *TREES[name]]]
    archive = docker_archive([(image_config(layers), layers, ["tree:1"])])

    def load(side):
        status, said = side.post("/images/load?quiet=1", archive)
        return side.plain({"status": status, "said": said})
    images.compare(f"load {name}", load)
    images.compare(f"tree {name}", lambda side: tree_of(side, "tree:1"))
    assert not list(Path("/tmp").glob("breakout*"))


@pytest.mark.parametrize("maker", ["dockerd build", "dockerd commit", "umoci"])
def test_trees_of_others(images, maker):
    images.load(maker)
    name = {"dockerd build": "built:1", "dockerd commit": "committed:1", "umoci": "made:1"}[maker]
    assert images.compare(f"tree of {maker}", lambda side: tree_of(side, name))
