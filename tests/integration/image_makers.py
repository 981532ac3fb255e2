"""Images of many makers: by hand, by dockerd, by skopeo and umoci."""

import json

from archives import busybox_layer, digest, docker_archive, image_config, tar
from daemon import clean_environment, run

EPOCH = "1970-01-01T00:00:00Z"


def config_of(layers, config=None, **members):
    """The bytes of a config with these members beside the layers; the order of members is its
    own."""
    return json.dumps({
        "architecture": "amd64", "os": "linux", "config": config or {},
        "rootfs": {"type": "layers", "diff_ids": [digest(x) for x in layers]},
        **members}).encode()


def by_hand():
    """name -> archive: all members of a config, none, one layer twice, several images."""
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
        self.docker("commit", "-m", "committed", "-a", "me", "-c", "ENV X=y", "changed",
                    "committed:1")
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
        paths = {x: self.place / f"{x}.tar" for x in ("docker", "oci", "zstd", "umoci",
                                                           "oci-docker", "umoci-docker")}
        copy = ("skopeo", "--insecure-policy", "copy")
        self.run(*copy, source, f"docker-archive:{paths['docker']}:bb:1")
        self.run(*copy, source, f"oci-archive:{paths['oci']}:bb:1")
        self.run(*copy, f"oci-archive:{paths['oci']}:bb:1",
                 f"docker-archive:{paths['oci-docker']}:bb:1")
        self.run(*copy, "--dest-compress-format", "zstd", f"oci-archive:{paths['oci']}:bb:1",
                 f"oci-archive:{paths['zstd']}:bb:1")
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
                "skopeo with zstd": (data["zstd"], data["oci-docker"]),
                "umoci": (data["umoci"], data["umoci-docker"])}
