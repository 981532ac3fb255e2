#include "protocol/api/platform.hpp"
#include "tests/actors/image/image_fixture.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <latch>
#include <random>
#include <thread>

using namespace gantry;
using test::image_fixture;

namespace {

const std::string base = test::layer_tar({{"etc/os-release", "ID=test\n"}, {"etc/passwd", "root"}});
const std::string top = test::layer_tar({{"usr/bin/tool", std::string(300'000, 't')}});
const std::string config = test::config_with({base, top}, "two layers", {{"a", "b"}});
const std::string id = oci::sha256_of(config).str();

std::string hex(const std::string& bytes) { return std::string{oci::sha256_of(bytes).hex()}; }

// What is on the disk when the image above is all there is.
std::set<std::string> one_image() {
  return {"blobs/sha256/" + hex(config), "layers/copy/" + hex(base), "layers/copy/" + hex(top)};
}

std::string line(const std::string& text) { return R"({"stream":")" + text + "\\n\"}\r\n"; }

/// A file system of 4 MiB.
class small_disk {
public:
  small_disk() { REQUIRE(::mount("none", path().c_str(), "tmpfs", 0, "size=4m") == 0); }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  ~small_disk() { ::umount2(path().c_str(), MNT_DETACH); }

  std::filesystem::path path() const { return directory_.path(); }

private:
  test::temp_dir directory_;
};

std::string random_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random{seed};
  std::string bytes(size, '\0');
  for (auto& byte : bytes)
    byte = static_cast<char>(random());
  return bytes;
}

} // namespace

TEST_CASE_METHOD(image_fixture, "load_archive: 16.2 an archive of today", "[actors][image]") {
  const auto said = load(test::docker_archive(config, {base, top}, {"bb:latest", "other/x:1"}));
  CHECK(said == line("Loaded image: bb:latest") + line("Loaded image: other/x:1"));
  CHECK(images() == std::vector<std::string>{id + ": bb:latest other/x:1"});
  CHECK(things() == one_image());
  CHECK(events() == std::vector<std::string>{"load " + id});
  const auto& image = catalog()->images().front();
  CHECK(image.size == 8 + 4 + 300'000);
  CHECK_FALSE(image.facts->row.tagged);
}

TEST_CASE_METHOD(image_fixture, "load_archive: 16.2 without a name the id is told",
                 "[actors][image]") {
  CHECK(load(test::docker_archive(config, {base, top}, {})) == line("Loaded image ID: " + id));
  CHECK(images() == std::vector<std::string>{id + ':'});
}

TEST_CASE_METHOD(image_fixture, "load_archive: 16.2 a name that moves is told", "[actors][image]") {
  load(test::docker_archive(config, {base, top}, {"bb:latest"}));
  const auto next = test::config_with({base}, "next");
  const auto said = load(test::docker_archive(next, {base}, {"bb:latest"}));
  CHECK(said == line("The image bb:latest already exists, renaming the old one with ID " + id +
                     " to empty string") +
                    line("Loaded image: bb:latest"));
  CHECK(images().size() == 2);
  // The same once more moves nothing.
  CHECK(load(test::docker_archive(next, {base}, {"bb:latest"})) == line("Loaded image: bb:latest"));
}

TEST_CASE_METHOD(image_fixture, "load_archive: 16.2 packed archives, packed layers",
                 "[actors][image]") {
  const auto plain = test::docker_archive(config, {base, top}, {"bb:latest"});
  for (const std::string program : {"gzip -c", "bzip2 -c", "xz -c", "zstd -c"}) {
    INFO(program);
    test::archive_builder inner;
    inner.file("base", test::filtered(directory, base, program));
    inner.file("top", test::filtered(directory, top, program)).file("config.json", config);
    inner.file("manifest.json",
               R"([{"Config":"config.json","RepoTags":["bb:latest"],"Layers":["base","top"]}])");
    for (const auto& archive : {test::filtered(directory, plain, program), inner.str(),
                                test::filtered(directory, inner.str(), program)}) {
      CHECK(load(archive) == line("Loaded image: bb:latest"));
      CHECK(things() == one_image());
      remove("bb:latest");
      CHECK(things().empty());
    }
  }
}

TEST_CASE_METHOD(image_fixture, "load_archive: OCI layouts, with layers that are packed",
                 "[actors][image]") {
  const auto packed = test::filtered(directory, top, "gzip -c");
  const auto describe = [](std::string_view type, const std::string& bytes) {
    return R"({"mediaType":"application/vnd.oci.image.)" + std::string{type} + R"(","digest":")" +
           oci::sha256_of(bytes).str() + R"(","size":)" + std::to_string(bytes.size());
  };
  const auto manifest = R"({"schemaVersion":2,"config":)" + describe("config.v1+json", config) +
                        R"(},"layers":[)" + describe("layer.v1.tar", base) + "}," +
                        describe("layer.v1.tar+gzip", packed) + "}]}";
  const auto index = R"({"schemaVersion":2,"manifests":[)" +
                     describe("manifest.v1+json", manifest) +
                     R"(,"annotations":{"org.opencontainers.image.ref.name":"bb:2"}}]})";
  test::archive_builder archive;
  // In an order that nobody would choose.
  archive.file(test::blob_of(packed), packed).file("index.json", index);
  archive.file(test::blob_of(manifest), manifest).file(test::blob_of(base), base);
  archive.file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  archive.file(test::blob_of(config), config);
  load(archive.str());
  REQUIRE(images().size() == 1);
  CHECK(images().front().starts_with(id));
  CHECK(things() == one_image());
}

TEST_CASE_METHOD(image_fixture, "load_archive: 20.10's layout, links between layers",
                 "[actors][image]") {
  const auto both = test::config_with({base, base});
  test::archive_builder archive;
  archive.entry('5', "aa/").file("aa/layer.tar", base).file("aa/json", "{}");
  archive.entry('5', "bb/").entry('2', "bb/layer.tar", "../aa/layer.tar");
  archive.file(hex(both) + ".json", both);
  archive.file("manifest.json", R"([{"Config":")" + hex(both) +
                                    R"(.json","RepoTags":["x:1"],"Layers":)" +
                                    R"(["aa/layer.tar","bb/layer.tar"]}])");
  CHECK(load(archive.str()) == line("Loaded image: x:1"));
  CHECK(things() == std::set<std::string>{"blobs/sha256/" + hex(both), "layers/copy/" + hex(base)});
}

TEST_CASE_METHOD(image_fixture,
                 "load_archive: 20.10's layout, layers that are there are not unpacked again",
                 "[actors][image]") {
  const auto archive_of = [](const std::string& tar, const std::string& name) {
    const auto json = test::config_with({tar});
    return test::archive_builder{}
        .file("aa/layer.tar", tar)
        .file(hex(json) + ".json", json)
        .file("manifest.json", R"([{"Config":")" + hex(json) + R"(.json","RepoTags":[")" + name +
                                   R"("],"Layers":["aa/layer.tar"]}])")
        .str();
  };
  // So large that it is being unpacked, if it is, before all of it is read.
  const auto known = test::layer_tar({{"usr/bin/tool", std::string(3'000'000, 't')}});
  const auto other = test::layer_tar({{"usr/bin/tool", std::string(3'000'000, 'u')}});
  // What the load makes below `tmp` while it reads.
  std::set<std::string> made;
  const auto load = [&](const std::string& archive) {
    test::fake_client client{archive};
    client.on_read = [&](std::size_t) {
      for (const auto& thing : things())
        if (thing.starts_with("tmp/"))
          for (const auto& part : std::filesystem::directory_iterator{root() / thing})
            made.insert(part.path().filename());
    };
    made.clear();
    auto done = image::load_archive({.quiet = false, .wanted = {}}, client.streams(), services);
    REQUIRE(done.has_value());
    return client.output();
  };
  CHECK(load(archive_of(known, "a:1")).find("Loading layer") != std::string::npos);
  CHECK(made == std::set<std::string>{"diff", "record"});
  CHECK(load(archive_of(known, "a:2")) == line("Loaded image: a:2"));
  CHECK(made == std::set<std::string>{"spool"});
  // Of the same size, and yet another one.
  CHECK(load(archive_of(other, "b:1")) == line("Loaded image: b:1"));
  CHECK(made == std::set<std::string>{"diff", "record", "spool"});
  CHECK(things() == std::set<std::string>{"blobs/sha256/" + hex(test::config_with({known})),
                                          "blobs/sha256/" + hex(test::config_with({other})),
                                          "layers/copy/" + hex(known),
                                          "layers/copy/" + hex(other)});
}

TEST_CASE_METHOD(image_fixture, "load_archive: archives of version 1", "[actors][image]") {
  const std::string first(64, 'a');
  const std::string second(64, 'b');
  test::archive_builder archive;
  archive.entry('5', first + '/').file(first + "/VERSION", "1.0");
  archive.file(first + "/json", R"({"id":")" + first + R"(","os":"linux"})");
  archive.file(first + "/layer.tar", base);
  archive.entry('5', second + '/');
  archive.file(second + "/json",
               R"({"id":")" + second + R"(","parent":")" + first + R"(","os":"linux"})");
  archive.file(second + "/layer.tar", top);
  archive.file("repositories", R"({"old":{"1":")" + second + "\"}}");
  CHECK(load(archive.str()) == line("Loaded image: old:1"));
  CHECK(catalog()->images().size() == 2);
}

TEST_CASE_METHOD(image_fixture, "load_archive: progress names each layer that is missing",
                 "[actors][image]") {
  const auto archive = test::docker_archive(config, {base, top}, {"bb:latest"});
  const auto said = load(archive, {.quiet = false, .wanted = {}});
  const auto last = [](const std::string& tar) {
    const auto size = std::to_string(tar.size());
    return R"({"status":"Loading layer","progressDetail":{"current":)" + size + R"(,"total":)" +
           size + R"(},"progress":"[)" + std::string(50, '=');
  };
  CHECK(said.find(last(base)) != std::string::npos);
  CHECK(said.find(last(top)) != std::string::npos);
  CHECK(said.find(R"(","id":")" + hex(top).substr(0, 12) + "\"}\r\n") != std::string::npos);
  CHECK(said.ends_with(line("Loaded image: bb:latest")));
  CHECK(load(archive, {.quiet = false, .wanted = {}}) == line("Loaded image: bb:latest"));
}

TEST_CASE("progress_bar: as dockerd draws it", "[actors][image]") {
  using image::progress_bar;
  CHECK(progress_bar(0, 0).empty());
  CHECK(progress_bar(1234, 0) == " 1.234kB");
  CHECK(progress_bar(0, 100) == "[>" + std::string(50, ' ') + "]       0B/100B");
  CHECK(progress_bar(50'000, 100'000) ==
        '[' + std::string(25, '=') + '>' + std::string(25, ' ') + "]     50kB/100kB");
  CHECK(progress_bar(7'654'321, 7'654'321) == '[' + std::string(50, '=') + ">]  7.654MB/7.654MB");
  CHECK(progress_bar(20, 10) == '[' + std::string(50, '=') + ">]      20B");
}

TEST_CASE_METHOD(image_fixture, "load_archive: 16.2 what is wrong is told, and nothing stays",
                 "[actors][image]") {
  const auto refused = [this](const std::string& archive) {
    auto text = load_error(archive).message;
    CHECK(things().empty());
    CHECK(images().empty());
    return text;
  };
  CHECK(refused("").find("repositories: no such file or directory") != std::string::npos);
  CHECK(refused(std::string(2000, 'x')) == "archive/tar: invalid tar header");
  CHECK(refused(test::archive_builder{}.file("manifest.json", "null").str()) ==
        "invalid manifest, manifest cannot be null (but can be [])");
  CHECK(refused(test::docker_archive(config, {base}, {"x:1"})) ==
        "invalid manifest, layers length mismatch: expected 1, got 2");
  CHECK(refused(test::docker_archive(config, {top, base}, {"x:1"})) ==
        "invalid diffID for layer 0: expected \"" + oci::sha256_of(base).str() + "\", got \"" +
            oci::sha256_of(top).str() + '"');
  CHECK(refused(test::docker_archive(test::config_with({base}, "", {}, "amd64", "windows"), {base},
                                     {})) == "cannot load windows image on linux");
  // A layer that is none is told with the reason.
  test::archive_builder broken;
  broken.file("l/layer.tar", "\x1f\x8b\x08 garbage").file("c.json", test::config_with({base}));
  broken.file("manifest.json", R"([{"Config":"c.json","Layers":["l/layer.tar"]}])");
  CHECK(refused(broken.str()).find("gzip") != std::string::npos);
  const auto refused_file = [&](const std::string& config, const std::string& layer) {
    test::archive_builder archive;
    archive.file("l", layer).file("c", config);
    archive.file("manifest.json", R"([{"Config":"c","Layers":["l"]}])");
    return refused(archive.str());
  };
  CHECK(refused_file(test::config_with({base}), "no tar") == "archive/tar: invalid tar header");
  CHECK(refused_file("no JSON", base) == "c is not JSON");
}

TEST_CASE_METHOD(image_fixture, "load_archive: what nobody refers to is not kept",
                 "[actors][image]") {
  test::archive_builder archive;
  archive.file("junk.gz", "\x1f\x8b\x08 garbage").file("layer-of-nobody.tar", top);
  archive.file("base.tar", base).file("c.json", test::config_with({base}));
  archive.file("manifest.json",
               R"([{"Config":"c.json","RepoTags":["x:1"],"Layers":["base.tar"]}])");
  load(archive.str());
  CHECK(things() == std::set<std::string>{"blobs/sha256/" + hex(test::config_with({base})),
                                          "layers/copy/" + hex(base)});
}

TEST_CASE_METHOD(image_fixture, "load_archive: a layer that the store has need not be right",
                 "[actors][image]") {
  load(test::docker_archive(config, {base, top}, {"bb:latest"}));
  test::archive_builder archive;
  const auto next = test::config_with({base});
  archive.file(test::blob_of(base), "not looked at").file("c.json", next);
  archive.file("manifest.json",
               R"([{"Config":"c.json","Layers":[")" + test::blob_of(base) + "\"]}]");
  load(archive.str());
  CHECK(images().size() == 2);
}

TEST_CASE_METHOD(image_fixture, "load_archive: only images for the platform that was asked for",
                 "[actors][image]") {
  const auto archive = test::docker_archive(config, {base, top}, {"bb:latest"});
  const auto arm = api::parse_platform("linux/arm64", services.host).value();
  load(archive, {.quiet = true, .wanted = arm});
  CHECK(images().empty());
  CHECK(things().empty());
  load(archive, {.quiet = true, .wanted = services.host});
  CHECK(images().size() == 1);
}

TEST_CASE_METHOD(image_fixture, "load_archive: an archive that is cut anywhere leaves nothing",
                 "[actors][image]") {
  const auto archive = test::docker_archive(config, {base, top}, {"bb:latest"});
  const auto whole = archive.size() - 1024; // without what ends a tar, all is there
  for (std::size_t cut = 1; cut < whole - 512; cut += 9'973) {
    INFO(cut);
    auto error = load_error(archive.substr(0, cut));
    CHECK(error.kind == errc::invalid_parameter);
    CHECK(things().empty());
  }
  CHECK(events().empty());
}

TEST_CASE_METHOD(image_fixture, "load_archive: a client that leaves leaves nothing behind",
                 "[actors][image]") {
  const auto archive = test::docker_archive(config, {base, top}, {"bb:latest"});
  for (std::size_t point = 0; point < archive.size(); point += 17'001) {
    INFO(point);
    test::fake_client client{archive, 4'000};
    client.leave_after(point);
    auto done = image::load_archive({}, client.streams(), services);
    REQUIRE_FALSE(done);
    CHECK(done.error().kind == errc::unavailable);
    CHECK(things().empty());
  }
  // One that takes no progress.
  test::fake_client client{archive};
  client.take_at_most(10);
  CHECK_FALSE(image::load_archive({.quiet = false, .wanted = {}}, client.streams(), services));
  CHECK(things().empty());
}

TEST_CASE_METHOD(image_fixture, "load_archive: the same layer twice at once is made once",
                 "[actors][image]") {
  const auto shared = test::layer_tar({{"big", random_bytes(400'000, 1)}});
  const auto first = test::config_with({shared, base}, "first");
  const auto second = test::config_with({shared, top}, "second");
  const auto first_archive = test::docker_archive(first, {shared, base}, {"a:1"});
  bool first_fails = false;
  int spools = 0;
  SECTION("and serves both") {}
  SECTION("and again, if who makes it fails") { first_fails = true; }

  // The first stands in the middle of the layer until the second has sent all of it.
  std::latch in_the_middle{1};
  std::latch second_has_sent{1};
  test::fake_client one{first_archive, 100'000};
  one.on_read = [&, once = true](std::size_t given) mutable {
    if (given < 200'000 || !std::exchange(once, false))
      return;
    in_the_middle.count_down();
    second_has_sent.wait();
  };
  if (first_fails)
    one.leave_after(300'000);
  test::fake_client two{test::docker_archive(second, {shared, top}, {"b:1"}), 100'000};
  two.on_read = [&, once = true](std::size_t given) mutable {
    if (given <= 500'000 || !std::exchange(once, false))
      return;
    // The second keeps the bytes of the layer beside, instead of making it.
    for (const auto& thing : things())
      spools += std::filesystem::exists(root() / thing / "spool") ? 1 : 0;
    second_has_sent.count_down();
  };
  result<void> one_done;
  std::thread loading{[&] { one_done = image::load_archive({}, one.streams(), services); }};
  in_the_middle.wait();
  auto two_done = image::load_archive({}, two.streams(), services);
  loading.join();
  CHECK(spools == 1);
  CHECK(one_done.has_value() == !first_fails);
  if (!two_done)
    FAIL(two_done.error().message);
  CHECK(images().size() == (first_fails ? 1 : 2));
  auto found = things();
  CHECK(found.count("layers/copy/" + hex(shared)) == 1);
  CHECK(found.size() == (first_fails ? 3 : 5));
}

TEST_CASE_METHOD(image_fixture, "load_archive: many at once, with images removed meanwhile",
                 "[actors][image]") {
  const auto archive = test::docker_archive(config, {base, top}, {"bb:latest"});
  std::vector<std::thread> loads;
  for (int i = 0; i < 4; ++i)
    loads.emplace_back([&] {
      for (int n = 0; n < 5; ++n) {
        test::fake_client client{archive, 20'000};
        auto done = image::load_archive({}, client.streams(), services);
        if (!done)
          throw std::runtime_error(done.error().message);
        remove("bb:latest");
      }
    });
  for (auto& load : loads)
    load.join();
  load(archive);
  CHECK(things() == one_image());
}

TEST_CASE("load_archive: a full disk is told, and its space given back", "[actors][image][root]") {
  if (::geteuid() != 0) {
    WARN("needs root for a file system of its own");
    return;
  }
  const small_disk where;
  image_fixture images{where.path() / "root"};
  const auto large = test::layer_tar({{"big", random_bytes(6'000'000, 2)}});
  const auto archive = test::docker_archive(test::config_with({large}), {large}, {"large:latest"});
  auto error = images.load_error(archive);
  CHECK(error.message.ends_with("no space left on device"));
  CHECK(images.things().empty());
  images.load(test::docker_archive(config, {base, top}, {"bb:latest"}));
  CHECK(images.things() == one_image());
}

TEST_CASE_METHOD(image_fixture, "load_archive: memory stays flat, whatever the size of a layer",
                 "[actors][image]") {
  // A layer of 1 GiB zeros: sent as it is, and made by the disk as holes if it likes.
  constexpr std::uint64_t size = std::uint64_t{1} << 30;
  const auto head = stream::tar_header({.path = "zeros",
                                        .type = stream::tar_type::file,
                                        .size = size,
                                        .mode = 0644,
                                        .modified = 0,
                                        .link = {}});
  const auto outer = stream::tar_header({.path = "layer.tar",
                                         .type = stream::tar_type::file,
                                         .size = head.size() + size + 1024,
                                         .mode = 0644,
                                         .modified = 0,
                                         .link = {}});
  const auto resident = [] {
    std::ifstream statm{"/proc/self/statm"};
    std::size_t pages = 0;
    statm >> pages >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  };
  const auto before = resident();
  auto most = before;
  std::uint64_t left = size;
  bool begun = false;
  int step = 0;
  image::transfer_streams io{[&]() -> result<std::string> {
                               if (!std::exchange(begun, true))
                                 return outer + head;
                               if (++step % 64 == 0)
                                 most = std::max(most, resident());
                               if (left == 0)
                                 return std::string{};
                               const auto n = std::min<std::uint64_t>(left, 128 * 1024);
                               left -= n;
                               return left == 0 ? std::string(n, '\0') + "cut"
                                                : std::string(n, '\0');
                             },
                             [](std::string_view) { return result<void>{}; },
                             {}};
  auto done = image::load_archive({}, io, services);
  REQUIRE_FALSE(done);
  CHECK(done.error().message == "unexpected EOF");
#ifdef __SANITIZE_ADDRESS__
  constexpr std::size_t bound = std::size_t{400} << 20; // it keeps what was freed for a while
#else
  constexpr std::size_t bound = std::size_t{48} << 20;
#endif
  CHECK(most - before < bound);
  CHECK(things().empty());
}
