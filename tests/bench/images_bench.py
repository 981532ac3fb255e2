"""Images beside dockerd and podman: the driver of `scripts/bench.sh images`, which documents it."""

import gzip
import hashlib
import http.client
import io
import json
import os
import random
import shutil
import statistics
import sys
import tarfile
import time
from pathlib import Path

import measures
from peers import Peer, PeerFailed
from server_bench import Bench, Target, run, say

LOAD = "load of 180 MB in five layers, s"
LOAD_GZIP = "the same, packed with gzip, s"
SAVE = "save of that image, s"
MEMORY = "highest resident memory, MiB"
LIST = "GET /images/json with 500 images, ms"

NAME = "bench:five"
LAYERS = 5
LAYER_SIZE = 36_000_000
MANY_IMAGES = 500
LISTINGS = 20


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def layer(seed: int) -> bytes:
    """A tar like those of images: many small files, some large ones; about half of it packs."""
    chance = random.Random(seed)
    text = "".join(chance.choice("etaoin shrdlu\n") for _ in range(1 << 16)).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        number = 0
        while out.tell() < LAYER_SIZE:
            size = int(min(chance.paretovariate(0.8) * 2000, 3_000_000))
            data = chance.randbytes(size) if number % 2 else (text * (size // len(text) + 1))[:size]
            info = tarfile.TarInfo(f"usr/lib/{seed}/{number % 97}/file{number}")
            info.size, info.mtime = size, 1_700_000_000
            archive.addfile(info, io.BytesIO(data))
            number += 1
    return out.getvalue()


def config_of(layers: list[bytes], number: int = 0) -> bytes:
    return json.dumps({
        "architecture": "amd64", "os": "linux", "created": "2023-11-14T22:13:20Z",
        "config": {"Cmd": ["sh"], "Labels": {"number": str(number)}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha256(x) for x in layers]},
        "history": [{"created": "2023-11-14T22:13:20Z", "created_by": "bench"} for _ in layers],
    }).encode()


def write_archive(path: Path, images: list[tuple[bytes, list[bytes], str]]) -> None:
    """A docker-archive of `(config, layers, name)` in the form that today's dockerd writes."""
    blobs: dict[str, bytes] = {}
    manifest = []
    for config, layers, name in images:
        names = ["blobs/sha256/" + sha256(x) for x in [config, *layers]]
        blobs.update(zip(names, [config, *layers]))
        manifest.append({"Config": names[0], "RepoTags": [name], "Layers": names[1:]})
    with tarfile.open(path, "w") as archive:
        for name, data in [*sorted(blobs.items()), ("manifest.json", json.dumps(manifest).encode())]:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


class ImagesBench(Bench):
    """The run about images."""

    measures = [LOAD, LOAD_GZIP, SAVE, MEMORY, LIST]
    targets = [
        Target(LOAD, at_most=0.5, relative_to="dockerd"),
        Target(LOAD_GZIP, at_most=0.5, relative_to="dockerd"),
        Target(SAVE, at_most=0.7, relative_to="dockerd"),
        Target(MEMORY, at_most=64),
        Target(LIST, at_most=5),
    ]
    bases = ("dockerd",)

    def run(self) -> None:
        say("archives")
        plain, packed, many = (self.args.work_dir / f"{x}.tar" for x in ("plain", "packed", "many"))
        layers = [layer(seed) for seed in range(LAYERS)]
        write_archive(plain, [(config_of(layers), layers, NAME)])
        with plain.open("rb") as source, gzip.open(packed, "wb", 6) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        small = io.BytesIO()
        tarfile.open(fileobj=small, mode="w").close()
        write_archive(many, [(config_of([small.getvalue()], i), [small.getvalue()], f"many:{i}")
                             for i in range(MANY_IMAGES)])
        self.each("start", Peer.start)
        for turn in range(self.args.rounds):
            say(f"round {turn + 1} of {self.args.rounds}")
            self.each("load", lambda p: self.load(p, plain, LOAD), turn)
            self.each("save", self.save, turn)
            self.each("load, gzip", lambda p: self.load(p, packed, LOAD_GZIP), turn)
        self.each("memory", self.memory)
        say(f"{MANY_IMAGES} images")
        self.each("many images", lambda p: self.listing(p, many))

    def load(self, peer: Peer, archive: Path, measure: str) -> None:
        request(peer, "DELETE", f"/images/{NAME}?force=1")
        measures.wait_until_calm(peer)  # files are deleted behind the answer
        os.sync()
        with archive.open("rb") as body:
            took, answer = request(peer, "POST", "/images/load?quiet=1", body)
        if b"Loaded image" not in answer:
            raise PeerFailed(f"load answered {answer[-200:]!r}")
        self.add(peer, measure, took)

    def save(self, peer: Peer) -> None:
        took, archive = request(peer, "GET", f"/images/{NAME}/get")
        if len(archive) < LAYERS * LAYER_SIZE:
            raise PeerFailed(f"save gave {len(archive)} bytes")
        self.add(peer, SAVE, took)

    def memory(self, peer: Peer) -> None:
        status = Path(f"/proc/{peer.pids()[0]}/status").read_text().splitlines()
        peak = next(line for line in status if line.startswith("VmHWM:"))
        self.add(peer, MEMORY, int(peak.split()[1]) / 1024)

    def listing(self, peer: Peer, archive: Path) -> None:
        with archive.open("rb") as body:
            request(peer, "POST", "/images/load?quiet=1", body)
        took = []
        for _ in range(LISTINGS):
            seconds, answer = request(peer, "GET", "/images/json")
            took.append(seconds * 1000)
        count = len(json.loads(answer))
        if count < MANY_IMAGES:
            raise PeerFailed(f"{count} images are listed")
        self.add(peer, LIST, statistics.median(took))


def request(peer: Peer, method: str, path: str, body=None) -> tuple[float, bytes]:
    """One request over TCP: seconds to the end of its answer, and that answer."""
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=300)
    connection.blocksize = 1 << 18
    headers = {"Content-Type": "application/x-tar"} if body else {}
    began = time.monotonic()
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        took = time.monotonic() - began
    except http.client.HTTPException as e:
        raise PeerFailed(f"{method} {path}: {e}") from e
    finally:
        connection.close()
    if response.status >= 400 and method != "DELETE":
        raise PeerFailed(f"{method} {path} answered {response.status} {answer[:200]!r}")
    return took, answer


if __name__ == "__main__":
    sys.exit(run("images", ImagesBench, ["gantryd", "dockerd", "podman"]))
