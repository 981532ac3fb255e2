"""Two daemons and images that both are given: what they show, and scenes of images and containers.
"""

class Stores:
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


def sorted_rows(rows):
    """A list of images in an order that does not depend on hash tables."""
    if isinstance(rows, list) and rows and "RepoTags" in rows[0]:
        for row in rows:
            row["RepoTags"] = row["RepoTags"] and sorted(row["RepoTags"])
        rows.sort(key=lambda row: row["Id"])
    return rows


def shown_images(side):
    return side.plain(sorted_rows(side.ask("GET", "/images/json?all=1")[1]))


class Scene:
    """Images and containers as a row of a table tells."""

    def __init__(self, stores):
        self.stores = stores
        self.ids = {}

    def named(self, name):
        """`<NAME>` is the id of what had that name at first, `<NAME>short` a part of it."""
        if not name.startswith("<"):
            return name
        key, _, rest = name[1:].partition(">")
        found = self.ids[key]
        return found[7:19] + rest[5:] if rest.startswith("short") else found + rest

    def note_ids(self):
        for row in self.stores.pair.sides[0].ask("GET", "/images/json?all=1")[1]:
            for name in row["RepoTags"]:
                self.ids["nameless" if name == "<none>:<none>" else name] = row["Id"]
            if row["RepoTags"] == ["bb:1"]:
                for side in self.stores.pair.sides:
                    side.learn("bb:1", row["Id"][7:])
            if row["RepoTags"] == ["built:1"]:
                self.ids["parent"] = row["ParentId"]

    def prepare(self, loaded, containers):
        for what in loaded:
            if what.startswith("="):
                source, name = what[1:].split()
                repo, tag = name.split(":")
                assert self.stores.pair.say(
                    "POST", f"/images/{self.named(source)}/tag?repo={repo}&tag={tag}") == (201, 201)
            else:
                self.stores.load(what)
            self.note_ids()
        pair = self.stores.pair
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
