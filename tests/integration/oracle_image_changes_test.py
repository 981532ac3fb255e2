"""Beside dockerd: images that are removed, pruned and imported."""

import json
import time
from urllib.parse import quote

import pytest

from archives import busybox_layer
from image_stores import Scene, shown_images, sorted_rows

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


def containers_of(side):
    rows = side.ask("GET", "/containers/json?all=1")[1]
    return side.plain(sorted(([x["Names"], x["Image"], x["ImageID"]] for x in rows), key=str))


@pytest.mark.parametrize("name", REMOVALS)
def test_removals(stores, name):
    loaded, containers, removed = REMOVALS[name]
    scene = Scene(stores)
    scene.prepare(loaded, containers)
    since = time.time()
    for what in removed:
        stores.pair.say("DELETE", f"/images/{scene.named(what)}", of=what)
    stores.compare_events(f"remove {name}", since)
    stores.compare(f"after {name}", shown_images)
    stores.compare(f"containers after {name}", containers_of)


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
def test_prunes(stores, name):
    loaded, containers, filters = PRUNES[name]
    Scene(stores).prepare(loaded, containers)
    since = time.time()
    for one in filters:
        path = f"/images/prune?filters={quote(json.dumps(one))}"

        def prune(side):
            status, said = side.ask("POST", path)
            if isinstance(said, dict) and said.get("ImagesDeleted"):
                said["ImagesDeleted"].sort(key=str)
            return [status, side.plain(said)]
        stores.compare(f"prune {one}", prune)
    ours, theirs = (sorted(x.get("image", []), key=str)
                    for x in stores.pair.events(since, "image"))
    stores.pair.compare(f"events prune {name}", ours, theirs)
    stores.compare(f"after {name}", shown_images)


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


def test_imports(stores):
    layer = busybox_layer()

    def make(query):
        pairs = [(k, v) for k, values in query.items()
                 for v in ([values] if isinstance(values, str) else values)]
        asked = "fromSrc=-" + "".join(f"&{k}={quote(v)}" for k, v in pairs)
        stores.compare(f"import {query}", lambda side: imported(side, asked, layer))
    stores.pair.at_once(make, IMPORTS)


def test_an_import_is_told_of(stores):
    since = time.time()

    def make(side):
        said = side.post("/images/create?fromSrc=-&repo=made&tag=1", busybox_layer())[1]
        side.learn("made", said["status"][7:])
    stores.pair.both(make)
    stores.compare_events("import", since)


def test_disk_usage(stores):
    scene = Scene(stores)
    scene.prepare(["bb", "several", "nameless"],
                  {"made": "bb:1", "over": "bb:1", "running": "bb:1"})

    def usage(side):
        said = side.ask("GET", "/system/df")[1]
        return side.plain({"LayersSize": said["LayersSize"], "Images": sorted_rows(said["Images"])})
    stores.compare("df", usage)


@pytest.mark.parametrize("what", ["empty", "noise", "cut"])
def test_broken_imports(stores, what):
    layer = busybox_layer()
    data = {"empty": b"", "noise": b"nothing that is a tar " * 100, "cut": layer[:200_000]}[what]
    stores.compare(f"import {what}", lambda side: imported(side, "fromSrc=-", data))
    assert what == "empty" or stores.compare(f"after {what}", shown_images) == []
