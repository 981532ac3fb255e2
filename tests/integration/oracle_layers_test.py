"""Beside dockerd: archives with something wrong, and what becomes of the entries of layers."""

import io
import json
import tarfile
import time
from pathlib import Path

import pytest

from archives import busybox_layer, digest, docker_archive, image_config, tar
from beside import API
from daemon import run
from image_makers import config_of
from image_stores import shown_images
from wire import Wire


def manifest_of(config, layers, tags=("x:1",), **more):
    """A `manifest.json` with one image."""
    image = {"Config": config, "RepoTags": list(tags), "Layers": layers, **more}
    return json.dumps([image]).encode()


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
        "no tar": b"x" * 5000, "nothing": b"", "an empty tar": tar([]),
        "cut": whole[:len(whole) // 2], "cut in a header": whole[:100], "null": archive(b"null"),
        "no images": archive(b"[]"),
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
        "the second of two": archive(
            json.dumps([{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["l.tar"]},
                        {"Config": "d.json", "RepoTags": ["y:1"], "Layers": ["n.tar"]}]).encode(),
            more=[("d.json", config_of([other]))]),
    }


@pytest.mark.parametrize("name", broken_archives())
def test_broken_archives(stores, name):
    archive = broken_archives()[name]
    since = time.time()

    def load(side):
        status, said = side.post("/images/load?quiet=1", archive)
        return side.plain({"status": status, "said": said})
    stores.compare(f"load {name}", load)
    stores.compare(f"after {name}", shown_images)
    stores.compare_events(name, since)


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


#: net_raw, permitted and effective.
CAPABILITY = "\x01\0\0\x02" + "\0\x20\0\0" + "\0" * 12
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
    "long names": [[(LONG + "/file", b"f"), link("longlink", LONG),
                    hard("longhard", LONG + "/file"), ("n" * 255, b"n")]],
    "a name that is too long": [[("n" * 256, b"n")]],
    "odd names": [[("sp ace", b"1"), ("uml\u00e4ut", b"2"), ("new\nline", b"3"),
                   ("back\\slash", b"4"), ("\u65e5\u672c", b"5"), ("-dash", b"6"), ("a:b", b"7")]],
    "the same twice": [[("two", b"first"), ("two", b"second"), folder("dd", 0o700),
                        folder("dd", 0o755)]],
    "without parents": [[("deep/er/file", b"f"), ("deep/er", folder("deep/er", 0o700)[1])]],
    "other types": [[special("sock", b"s"), ("f", b"f")]],
    "contiguous": [[special("cont", tarfile.CONTTYPE), ("f", b"f")]],
    "attributes": [[special("attributes", tarfile.REGTYPE, pax_headers={
                        "SCHILY.xattr.user.name": "value", "SCHILY.xattr.user.uml\u00e4ut": "\u00fc",
                        "SCHILY.xattr.trusted.name": "t", "SCHILY.xattr.trusted.overlay.opaque": "y",
                        "SCHILY.xattr.security.capability": CAPABILITY}),
                    folder("ad", pax_headers={"SCHILY.xattr.user.name": "of a directory"}),
                    special("al", tarfile.SYMTYPE, "ad", pax_headers={
                        "SCHILY.xattr.trusted.name": "of a link"})]],
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
            content = digest(tree.extractfile(one).read()) if one.isreg() else ""
            extra = {k: v for k, v in one.pax_headers.items() if k.startswith("SCHILY")}
            when = "lately" if time.time() - 86400 < one.mtime < 3e9 else int(one.mtime)
            found[one.name] = [one.type.decode(), oct(one.mode), one.uid, one.gid, when,
                               one.linkname, one.devmajor, one.devminor, one.size, content, extra]
    return found


#: What the forms of tar have each its own way for.
OF_FORMS = ["devices", "modes and owners", "times", "long names", "odd names"]


@pytest.mark.parametrize("name,form", [
    *((x, tarfile.PAX_FORMAT) for x in TREES), *((x, tarfile.GNU_FORMAT) for x in OF_FORMS)])
def test_trees(stores, name, form):
    layers = [tar(x, form) for x in [BELOW, *TREES[name]]]
    archive = docker_archive([(image_config(layers), layers, ["tree:1"])])

    def load(side):
        status, said = side.post("/images/load?quiet=1", archive)
        return side.plain({"status": status, "said": said})
    stores.compare(f"load {name}", load)
    stores.compare(f"tree {name}", lambda side: tree_of(side, "tree:1"))
    assert not list(Path("/tmp").glob("breakout*"))


@pytest.mark.parametrize("form", ["gnu", "pax", "oldgnu"])
def test_files_with_holes(stores, tmp_path, form):
    with open(tmp_path / "holes", "wb") as file:
        for at in (0, 1_000_000, 40_000_000):
            file.seek(at)
            file.write(b"data")
        file.truncate(50_000_000)
    done = run("tar", "-C", tmp_path, "-S", f"--format={form}", "-c", "-f", tmp_path / "t", "holes")
    assert done.returncode == 0, done.stderr
    layer = (tmp_path / "t").read_bytes()
    assert len(layer) < 1_000_000
    archive = docker_archive([(image_config([layer]), [layer], ["tree:1"])])
    stores.pair.both(lambda side: side.post("/images/load?quiet=1", archive))
    shown = stores.compare(f"tree of holes in {form}", lambda side: tree_of(side, "tree:1"))
    assert shown["holes"][8] == 50_000_000
    assert shown["holes"][9] == digest((tmp_path / "holes").read_bytes())


@pytest.mark.parametrize("maker", ["dockerd build", "dockerd commit", "umoci"])
def test_trees_of_others(stores, maker):
    stores.load(maker)
    name = {"dockerd build": "built:1", "dockerd commit": "committed:1", "umoci": "made:1"}[maker]
    assert stores.compare(f"tree of {maker}", lambda side: tree_of(side, name))
