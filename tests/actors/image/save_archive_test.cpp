#include "protocol/api/platform.hpp"
#include "tests/actors/image/image_fixture.hpp"

#include <cstdlib>

using namespace gantry;
using test::image_fixture;

namespace {

const std::string base = test::layer_tar({{"etc/os-release", "ID=test\n"}, {"etc/passwd", "root"}});
const std::string top = test::layer_tar({{"usr/bin/tool", std::string(300'000, 't')}});
const std::string config = test::config_with({base, top}, "two layers");
const std::string other = test::config_with({base}, "one layer");

api_error save_error(image_fixture& images, const std::vector<std::string>& names,
                     std::optional<oci::platform> wanted = {}) {
  test::fake_client client;
  auto done = image::save_archive({names, std::move(wanted)}, client.streams(), images.services);
  REQUIRE_FALSE(done);
  CHECK(client.output().empty());
  return done.error();
}

/// Two images, the first with two tags of one repository.
class saved_fixture : public image_fixture {
public:
  saved_fixture() {
    load(test::docker_archive(config, {base, top}, {"bb:latest", "bb:1"}));
    load(test::docker_archive(other, {base}, {"other/x:2"}));
  }
  std::string id(const std::string& bytes) { return oci::sha256_of(bytes).str(); }

  /// The names of the archive's entries, and of an entry its contents, as tar(1) reads it.
  std::string tar(const std::string& archive, const std::string& arguments) {
    directory.write("archive", archive);
    REQUIRE(std::system(("tar " + arguments + " -f " + directory.file("archive") + " > " +
                         directory.file("out"))
                            .c_str()) == 0);
    return directory.read("out");
  }
};

std::string blob(const std::string& bytes) { return test::blob_of(bytes); }

} // namespace

TEST_CASE_METHOD(saved_fixture, "save_archive: 16.1 what is saved loads as the same",
                 "[actors][image]") {
  const auto archive = save({"bb", "other/x:2"});
  const auto before = images();
  remove("bb:latest");
  remove("bb:1");
  remove("other/x:2");
  REQUIRE(things().empty());
  load(archive);
  CHECK(images() == before);
  CHECK(save({"bb", "other/x:2"}) == archive);
}

TEST_CASE_METHOD(saved_fixture, "save_archive: 16.1 layers are the very tars", "[actors][image]") {
  const auto archive = save({"bb:1"});
  CHECK(tar(archive, "-xO " + blob(base)) == base);
  CHECK(tar(archive, "-xO " + blob(top)) == top);
  CHECK(tar(archive, "-xO " + blob(config)) == config);
  CHECK(tar(archive, "-xO oci-layout") == R"({"imageLayoutVersion": "1.0.0"})");
  CHECK(tar(archive, "-xO manifest.json").find(R"("RepoTags":["bb:1"])") != std::string::npos);
  const auto names = tar(archive, "-t");
  CHECK(names.starts_with("blobs/\nblobs/sha256/\n"));
  CHECK(names.ends_with("index.json\nmanifest.json\noci-layout\nrepositories\n"));
  CHECK(events().back() == "save " + id(config));
}

TEST_CASE_METHOD(saved_fixture, "save_archive: 16.1 what names stand for", "[actors][image]") {
  const auto tags = [&](const std::vector<std::string>& names) {
    const auto manifest = tar(save(names), "-xO manifest.json");
    std::string found;
    for (std::size_t at = 0; (at = manifest.find("\"RepoTags\":", at)) != std::string::npos;) {
      at += 11;
      const auto end = manifest[at] == '[' ? manifest.find(']', at) + 1 : at + 4;
      found += (found.empty() ? "" : " ") + manifest.substr(at, end - at);
    }
    return found;
  };
  CHECK(tags({"bb"}) == R"(["bb:1","bb:latest"])");
  CHECK(tags({"bb:latest"}) == R"(["bb:latest"])");
  CHECK(tags({"docker.io/library/bb:1", "bb:1"}) == R"(["bb:1"])");
  CHECK(tags({id(config)}) == "null");
  CHECK(tags({id(config).substr(7)}) == "null");
  CHECK(tags({id(config).substr(7, 12)}) == "null");
  CHECK(tags({id(config).substr(0, 19)}) == "null");
  CHECK(tags({"other/x", "bb:1"}) == R"(["other/x:2"] ["bb:1"])");
  CHECK(tags({id(config), "bb:1"}) == R"(["bb:1"])");
}

TEST_CASE_METHOD(saved_fixture, "save_archive: 16.1 what is missing is told before the first byte",
                 "[actors][image]") {
  CHECK(save_error(*this, {"nosuch"}) == api_error{errc::not_found, "No such image: nosuch"});
  CHECK(save_error(*this, {"bb", "bb:nosuch"}) ==
        api_error{errc::not_found, "reference does not exist"});
  const std::string unknown(64, 'a');
  CHECK(save_error(*this, {unknown}) == api_error{errc::not_found, "No such image: " + unknown});
  CHECK(save_error(*this, {"Big"}).kind == errc::invalid_parameter);
  CHECK(save_error(*this, {"bb:1"}, api::parse_platform("linux/arm64", services.host).value()) ==
        api_error{errc::not_found, "image with reference bb:1 was found but its platform "
                                   "(linux/amd64) does not match the specified platform "
                                   "(linux/arm64)"});
  load(test::docker_archive(test::config_with({}), {}, {"empty:1"}));
  CHECK(save_error(*this, {"empty:1"}) ==
        api_error{errc::system, "empty export - not implemented"});
}

TEST_CASE_METHOD(saved_fixture, "save_archive: an image that is removed meanwhile is saved whole",
                 "[actors][image]") {
  const auto whole = save({"bb"});
  std::string archive;
  bool removed = false;
  image::transfer_streams io{[] { return result<std::string>{std::string{}}; },
                             [&](std::string_view bytes) {
                               if (!std::exchange(removed, true)) {
                                 remove("bb:latest");
                                 remove("bb:1");
                               }
                               archive += bytes;
                               return result<void>{};
                             },
                             {}};
  REQUIRE(image::save_archive({{"bb"}, {}}, io, services));
  CHECK(archive == whole);
  CHECK(images().size() == 1);
  CHECK(things().size() == 2); // the other image
}

TEST_CASE_METHOD(saved_fixture, "save_archive: a client that leaves ends it", "[actors][image]") {
  test::fake_client client;
  client.take_at_most(200'000);
  auto done = image::save_archive({{"bb"}, {}}, client.streams(), services);
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == errc::unavailable);
}

TEST_CASE_METHOD(saved_fixture, "save_archive: a layer that was changed breaks it off",
                 "[actors][image]") {
  const auto tree = root() / "layers/copy" / std::string{oci::sha256_of(top).hex()} / "diff";
  std::filesystem::resize_file(tree / "usr/bin/tool", 5);
  test::fake_client client;
  auto done = image::save_archive({{"bb"}, {}}, client.streams(), services);
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == errc::system);
}
