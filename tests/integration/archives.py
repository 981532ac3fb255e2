"""Archives of images, made by hand; and what a daemon has on its disk."""

import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

from daemon import wait_until

BUSYBOX = "/bin/busybox"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar(entries, form=tarfile.PAX_FORMAT):
    """A tar of `(name, content)`: bytes, or a TarInfo for what is no file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as made:
        for name, content in entries:
            if isinstance(content, tarfile.TarInfo):
                made.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mode = 0o755 if name.startswith("bin/") else 0o644
            info.mtime = 1_700_000_000
            made.addfile(info, io.BytesIO(content))
    return out.getvalue()


def busybox_layer():
    """A file system in which `sh` runs."""
    link = tarfile.TarInfo("bin/sh")
    link.type, link.linkname = tarfile.SYMTYPE, "busybox"
    etc = tarfile.TarInfo("etc")
    etc.type, etc.mode = tarfile.DIRTYPE, 0o755
    return tar([("bin/busybox", Path(BUSYBOX).read_bytes()), ("bin/sh", link), ("etc", etc),
                ("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")])


def busybox_tools():
    """Over `busybox_layer`: all its commands, the users bob (1000) and eve, and a group of bob's."""
    names = subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout
    entries = []
    for name in sorted(set(names.split()) - {"busybox", "sh"}):
        link = tarfile.TarInfo(f"bin/{name}")
        link.type, link.linkname = tarfile.SYMTYPE, "busybox"
        entries.append((link.name, link))
    return tar(entries + [
        ("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000::/home:/bin/sh\n"
                       b"eve:x:1001:1001::/:/bin/sh\n"),
        ("etc/group", b"root:x:0:\nbob:x:1000:\nextra:x:33:bob\n")])


def image_config(layers, **config):
    """The bytes of a config for layers (tars), as dockerd writes them."""
    return json.dumps({
        "architecture": "amd64", "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"], **config},
        "created": "2023-11-14T22:13:20.5Z",
        "history": [{"created": "2023-11-14T22:13:20.5Z", "created_by": f"step {i}"}
                    for i in range(len(layers))],
        "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(x) for x in layers]},
    }, separators=(",", ":")).encode()


def docker_archive(images):
    """What `docker save` writes, today's form. `images`: (config bytes, layers, tags)."""
    files = {}
    manifest = []
    for config, layers, tags in images:
        path = {x: "blobs/sha256/" + digest(x)[7:] for x in [config, *layers]}
        files.update({path[x]: x for x in path})
        manifest.append({"Config": path[config], "RepoTags": tags or None,
                         "Layers": [path[x] for x in layers]})
    files["manifest.json"] = json.dumps(manifest).encode()
    return tar(sorted(files.items()))


class Disk:
    """What lies below a daemon's data root."""

    def __init__(self, daemon):
        self.root = daemon.directory / "data"

    def layers(self):
        """The diff ids of the layers that are there."""
        return {"sha256:" + p.name for p in self.root.glob("layers/*/*")}

    def blobs(self):
        return {"sha256:" + p.name for p in self.root.glob("blobs/sha256/*")}

    def unfinished(self):
        """What is being made, and what is still to be deleted."""
        return sorted(p.name for place in ("tmp", "trash") for p in (self.root / place).glob("*"))


def check_whole(daemon, images):
    """That the disk holds what the images (of `docker image inspect`) need, and nothing else, once
    the daemon is done with deleting."""
    disk = Disk(daemon)
    wait_until(lambda: disk.unfinished() == [], lambda: f"there are still {disk.unfinished()}")
    assert disk.layers() == {x for image in images for x in image["RootFS"]["Layers"]}
    assert disk.blobs() == {image["Id"] for image in images}
