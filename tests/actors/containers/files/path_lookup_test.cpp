#include "actors/containers/files/path_lookup.hpp"

#include "tests/actors/containers/files/files_support.hpp"

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
namespace fs = std::filesystem;

namespace {

struct tree {
  tree() {
    put_file(dir.file("r/d/f"), "abc");
    put_file(dir.file("outside"), "secret");
    fs::create_symlink("/d", dir.file("r/dl"));
    fs::create_symlink("f", dir.file("r/d/l"));
    fs::create_symlink("../dl/l", dir.file("r/d/ll"));
    fs::create_symlink("/nowhere/at", dir.file("r/broken"));
    fs::create_symlink("../../outside", dir.file("r/out"));
    fs::create_symlink(dir.file("outside"), dir.file("r/abs"));
    fs::create_symlink("loop", dir.file("r/loop"));
    root = open_directory(dir.file("r"));
  }
  /// `name mode-type size link` of what is there, or the error.
  std::string at(const std::string& path) const {
    const auto found = look_up_blocking(root.get(), path, "web");
    if (!found)
      return std::string{to_string(found.error().kind)} + ": " + found.error().message;
    const auto& facts = found->facts;
    return facts.name +
           (S_ISDIR(facts.mode)   ? " dir"
            : S_ISLNK(facts.mode) ? " link"
                                  : " file") +
           (facts.link_target.empty() ? "" : " " + facts.link_target);
  }

  temp_dir dir;
  host::unique_fd root;
};

} // namespace

TEST_CASE("path_lookup: files, directories and links", "[actors][containers][files]") {
  const tree t;
  CHECK(t.at("/d") == "d dir");
  CHECK(t.at("d/") == "d dir");
  CHECK(t.at("/d/.") == ". dir");
  CHECK(t.at("/") == "/ dir");
  CHECK(t.at("/d/f") == "f file");
  CHECK(t.at("/dl/f") == "f file");
  CHECK(t.at("/dl") == "dl link /d");
  CHECK(t.at("/dl/") == "dl dir");
  CHECK(t.at("/dl/.") == ". dir");
  CHECK(t.at("/d/l") == "l link /d/f");
  CHECK(t.at("/dl/ll") == "ll link /d/f");
  CHECK(t.at("/broken") == "broken link /nowhere/at");
  CHECK(t.at("/loop").starts_with("loop link "));
}

TEST_CASE("path_lookup: what is not there, in dockerd's words", "[actors][containers][files]") {
  const tree t;
  CHECK(t.at("/nope") == "not_found: Could not find the file /nope in container web");
  CHECK(t.at("nope/x") == "not_found: Could not find the file nope/x in container web");
  CHECK(t.at("/broken/") == "not_found: Could not find the file /broken/ in container web");
  CHECK(t.at("/d/f/") == "system: lstat /d/f/: not a directory");
  CHECK(t.at("/d/f/x") == "system: lstat /d/f/x: not a directory");
}

TEST_CASE("path_lookup: no link leads out", "[actors][containers][files]") {
  const tree t;
  CHECK(t.at("/out") == "out link /outside");
  CHECK(t.at("/out/") == "not_found: Could not find the file /out/ in container web");
  CHECK(t.at("/abs") == "abs link " + t.dir.file("outside"));
  CHECK(t.at("/abs/") == "not_found: Could not find the file /abs/ in container web");
  CHECK(t.at("/../outside") == "not_found: Could not find the file /../outside in container web");
}
