"""What differs of images between this daemon and the dockerd 20.10 that serves as oracle, and why.

See oracle_known.py.
"""

from beside import ABSENT, Known, Wording

IN_USE = ("conflict: unable to remove repository reference \"bb:1\" (must force) - container "
          "<{}, short> is using its referenced image <bb:1, short>")

#: Texts that have changed since 20.10: what it said, and what 28 says.
TODAY = [
    Wording(r"(?s)^no such image: .*?: (No such image: |invalid reference format|repository name )",
            r"\1"),
    Wording(r"^Invalid (filter|containerPort)", r"invalid \1"),
    Wording(r"<root>/tmp/docker-import-\d+/", ""),
    Wording(r"^json: cannot unmarshal \w+ into Go value of type map\[string\]map\[string\]bool$",
            "invalid filter"),
    Wording(r"^Error processing tar file\(exit status 1\): ", ""),
]

#: What dockerd 28 does otherwise than the oracle.
SINCE_THEN = [
    Known(r".*\bBuildCache", "28 has a list", [], None),
    Known(r".*\bCreated", "28 has 0 for a time that nobody knows", 0, -62135596800),
    Known(r".*\bConfig\.(Attach(Std(in|out|err))|Tty|OpenStdin|StdinOnce)",
          "28 shows of a config what is of images, and of the rest nothing", False, True),
    Known(r".*\bConfig\.(Image|Hostname|Domainname)", "likewise", ""),
    Known(r".*\bConfig\.(MacAddress|NetworkDisabled|StopTimeout)", "likewise", ABSENT),
    Known(r"said\.message", "28 names the repository",
          theirs="invalid reference format: repository name must be lowercase"),
    Known(r"said|status|message", "28 takes 1 and 0 too, and nothing that contradicts itself",
          call=r"list \{\"dangling\": \[(\"[10]\"|\"true\", \"false\"|)\]\}.*"),
    Known(r"\[1\]\.message", "28 has another text", "invalid filter",
          "invalid character 'x' looking for beginning of value"),
    Known(r"said.*", "28 refuses it", call="load null"),
    Known(r"said\.error.*", "28 looks for Windows alone", call="load no such system"),
    Known(r"said|status|said\.message", "since 28", call=r'list \{"until".*'),
    Known(r"said", "28 does not compare with a time that is not known",
          call=r'list \{"(before|since)": \["bare:1"\]\}.*'),
    Known(r"said", "for 28 no image without a time is older or younger than another",
          call=r'list \{"before": \["full:1".*'),
    Known(r"said", "of several 28 takes the oldest, or the youngest, and not just any",
          call=r'list \{"(before|since)": \["full:1", "one:1"\].*'),
    Known(r".*", "28 knows it", call=r"import .*STOPSIGNAL.*"),
    Known(r"image\.Architecture", "28 takes it from the platform", "arm64", "amd64"),
    Known(r".*\.SharedSize", "28 counts images that are not listed too",
          call="shown dockerd parents"),
    Known(r"said\.message", "28 has another text", "cannot import digest reference",
          "refusing to create a tag with a digest reference"),
    Known(r"image\[\d+\]\[1\]\.Attributes\.name", "28 says `:latest`", call="events tag"),
    Known(r".*", "28 keeps an image without a time, however old it may be",
          call=r"((events )?prune|after) (until|.*'until': \['[12].*|\{.*1h'\]\})"),
    Known(r".*", "28 takes nothing that contradicts itself",
          call=r"((events )?prune|after) (wrong filters|.*'true', 'false'.*)"),
    Known(r".*\bConfig\.Labels", "28 has null for what is empty", None, {}),
]

#: What is meant to be otherwise here.
MEANT = [
    Known(r"status|\[0\]", "what the client has got wrong is 400; 20.10 has 500 where nobody has "
          "said so", 400, 500),
    Known(r".*\.LastTagTime", "when that was"),
    Known(r"said\.message", "any of the containers may be named", call="DELETE /images/bb:1 .*",
          ours=IN_USE.format("made"), theirs=IN_USE.format("running")),
    Known(r".*\breclaimed|.*\bSpaceReclaimed", "a layer that stands on several others is kept once",
          call="(events )?prune (all|.*'dangling': \\['false'\\]\\})"),
    Known(r"said\.message|status", "the oracle says on which file it stumbled",
          call=r"save \['sha256:0.*"),
    Known(r"said", "nothing is said of nothing", "", {}, "load no images"),
    Known(r"said\.error.*", "JSON that is broken is told of in other words",
          call="load (no JSON|not all JSON|a config that is (no JSON|a list)|a bad diff id)"),
    Known(r"said\.error.*", "where the oracle looked is nobody's business",
          call="load (no config|a link out of the archive|a config beyond the archive)"),
    Known(r".*", "a layer that is in the archive is taken, whatever its path",
          call="(load |after |events )(a layer that is not there|a layer beyond the archive|"
          "an absolute layer)"),
    Known(r".*", "nothing stays of an archive with something wrong",
          call="(load |after |events )(a bad tag|a name without tag|no name|a name by digest|"
          "names of both kinds|the second of two)"),
    Known(r"said\.error.*", "other words for what a layer cannot have",
          call=r"load (.*hard link.*|special whiteouts|a link for a directory|only up|"
          r"through an? .*link.*|a name that is too long)"),
    Known(r".*", "a whiteout says nothing of the layer that it is in",
          call="(load|tree) what comes, then its whiteout"),
    Known(r".*", "an entry may follow one with the same name",
          call="(load|tree) (the same twice|a hard link to itself)"),
    Known(r".*", "an entry of a type that nobody knows is a file",
          call="(load|tree) (other types|contiguous)"),
    Known(r".*", "sparse files in GNU's own form are read", call="tree of holes in (old)?gnu"),
    Known(r".*", "a name that leads out of the layer is refused",
          call="(load|tree) a name that leads .*out"),
    Known(r".*\[4\]", "a hard link has the time of its file", 1_700_000_000, 1_600_000_000,
          "tree .*"),
    Known(r"before\[4\]", "there was a time before 1970", -5, 0, "tree times"),
    Known(r"image\.DockerVersion", "each has its own"),
    Known(r".*\bGraphDriver\.Data\..*", "each has its own directories"),
    Known(r".*\b(LayersSize|SharedSize)", "a layer is kept once, whatever it stands on, and is "
          "shared then", call="shown twice|df"),
    Known(r".*\bstream|image\[.*", "an image is kept after its parent: it never has one that is "
          "not there", call="(load|events) dockerd (parents|several)"),
]

KNOWN = [*SINCE_THEN, *MEANT]
