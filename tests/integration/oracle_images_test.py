"""Beside dockerd: images of many makers, what is shown of them, and how they are saved."""

import io
import json
import tarfile
import time
from urllib.parse import quote

import pytest

from archives import digest
from beside import API
from image_stores import shown_images, sorted_rows
from wire import Wire

MAKERS = ["full", "bare", "null", "zoned", "twice", "empty layer", "several", "nameless",
          "no history", "dockerd build", "dockerd commit", "dockerd import", "dockerd parents",
          "dockerd several", "skopeo docker-archive", "skopeo oci-archive", "skopeo with zstd",
          "umoci"]


@pytest.mark.parametrize("maker", MAKERS)
def test_an_archive_shows_the_same(stores, maker):
    since = time.time()
    ours, theirs = stores.load(maker)
    stores.pair.compare(f"load {maker}", ours, theirs)

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
    seen = stores.compare(f"shown {maker}", shown)
    assert seen["list"], "nothing was loaded"
    stores.compare_events(maker, since)


def ids_of(stores, *names):
    """Ids of images that both have."""
    side = stores.pair.sides[0]
    return [side.ask("GET", f"/images/{name}/json")[1]["Id"] for name in names]


def test_names(stores):
    stores.load("full", "bb")
    full, bb = ids_of(stores, "full:1", "bb:1")
    names = [full, full[7:], full[:19], full[7:19], full[7:11], "sha256:", "sha256",
             full[:-1] + "g", full[7:] + "0", "full", "full:1", "full:2", "full:latest",
             "docker.io/library/full:1", "docker.io/full:1", "index.docker.io/library/full:1",
             "library/full:1", "a/b/full:1", "docker.io/a/b/full:1", "localhost/full:1", "FULL:1", "Full", "full:", ":1", "/full",
             "full:1@" + full, "full@" + full, "full@sha256:12", "full:" + "x" * 128,
             "full:" + "x" * 129, "x" * 256, "-full", "full:-1", "a//b", "a..b", "a__b", "a___b",
             "host:99999/a:1", "0123456789ab", "%20", "%20full:1", "full:1%0a", "nosuch",
             "nosuch:1", "host.example/nosuch", "sha256:" + "0" * 64, "0" * 64, "ff", "f", bb[7:8]]

    def ask(path):
        stores.pair.say("GET", path)
    stores.pair.at_once(ask, [f"/images/{name}/{what}" for name in names
                              for what in ("json", "history")])
    for name in names:
        stores.pair.say("POST", f"/images/{name}/tag?repo=x")


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


def test_listings(stores):
    stores.load("full", "bare", "twice", "several", "nameless", "dockerd parents", "umoci")

    def ask(listed):
        for more in ("", "&all=1"):
            path = f"/images/json?filters={quote(json.dumps(listed))}{more}"

            def rows(side):
                status, said = side.ask("GET", path)
                return {"status": status, "said": side.plain(sorted_rows(said))}
            stores.compare(f"list {json.dumps(listed)}{more}", rows)
    stores.pair.at_once(ask, LISTINGS)
    for path in ("/images/json?filters=x", "/images/json?filters={}", "/images/json?filters=[]",
                 "/images/json?all=x", "/images/json?digests=1&filter=full"):
        stores.compare(path, lambda side: [(x := side.ask("GET", path))[0],
                                           side.plain(sorted_rows(x[1]))])


def test_the_order_of_a_list(stores):
    stores.load("twice", "zoned", "full", "skopeo docker-archive")
    stores.compare("order", lambda side: [x["Id"] for x in side.ask("GET", "/images/json")[1]])


TAGS = [
    "repo=new", "repo=new&tag=1", "repo=new:2", "repo=new:2&tag=3", "repo=", "tag=1", "",
    "repo=NEW", "repo=new&tag=a/b", "repo=new&tag=-x", "repo=new&tag=" + "x" * 129,
    "repo=host:5000/a/b&tag=c", "repo=host:port/a", "repo=docker.io/library/q", "repo=sha256:" + "1" * 64,
    "repo=" + "1" * 64, "repo=sha256", "repo=sha256:abc", "repo=new@sha256:" + "1" * 64, "repo=a%20b",
    "repo=full&tag=2",
    "repo=new&tag=%20", "repo=new&tag=1&force=1", "repo=one&tag=1",
]


def test_tags(stores):
    stores.load("full", "several")
    since = time.time()
    for query in TAGS:
        stores.pair.say("POST", f"/images/full:1/tag?{query}")
    stores.compare_events("tag", since)
    stores.compare("after tag", shown_images)


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
def test_either_loads_what_the_other_saves(stores, maker):
    stores.load(maker)
    since = time.time()
    ours, theirs = stores.pair.both(lambda side: saved(side, names_to_save(side)))
    assert (ours[0], theirs[0]) == (200, 200)
    told = [sorted(of.get("image", []), key=str) for of in stores.pair.events(since, "image")]
    stores.pair.compare(f"events of save {maker}", *told)
    check_blobs(ours[1])
    before = stores.pair.both(shown_images)
    stores.clear()
    for side, (_, archive) in zip(stores.pair.sides, (theirs, ours)):
        status, said = side.post("/images/load?quiet=1", archive)
        assert status == 200 and "error" not in str(said), said
    assert stores.pair.both(shown_images) == before


SAVES = [["full:1"], ["full"], ["a/b/full"], ["nosuch"], ["nosuch:1"], ["full:9"],
         ["full:1", "nosuch"], ["full:1", "full:1"], ["full:1", "full:2", "one"], ["UPPER"], [""],
         [], ["sha256:" + "0" * 64], ["ffff"], ["full@sha256:" + "0" * 64],
         ["docker.io/library/full:1"], ["host.example:5000/team/three"]]


def test_saves(stores):
    stores.load("full", "several")
    [full] = ids_of(stores, "full:1")

    def save(names):
        def names_inside(side):
            status, archive = saved(side, names)
            if status != 200 or not archive:
                return {"status": status, "said": side.plain(json.loads(archive or b"{}"))}
            with tarfile.open(fileobj=io.BytesIO(archive)) as tree:
                manifest = json.load(tree.extractfile("manifest.json"))
                inside = [[sorted(x["RepoTags"] or []), len(x["Layers"])] for x in manifest or []]
                return {"status": status, "said": sorted(inside, key=str)}
        stores.compare(f"save {names}", names_inside)
    for names in [*SAVES, [full], [full[7:19]], [full[:19]], [full, "full:1"]]:
        save(names)
