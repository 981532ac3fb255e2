#include "actors/store/tree_usage.hpp"
#include "tests/actors/store/layer_support.hpp"

#include <fcntl.h>

using namespace gantry;
using namespace gantry::test;

TEST_CASE("tree_usage: files, links and holes", "[actors][store]") {
  const temp_dir dir;
  dir.write("tree/a/b/file", std::string(10'000, 'x'));
  shell("cd '" + dir.file("tree") +
        "' && ln a/b/file hard && ln -s target link && truncate -s 1G hole && mkfifo fifo");
  const auto open = [&](const std::string& name) {
    return host::unique_fd{::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  };
  const auto usage = store::measure_tree(open(dir.file("tree")));
  REQUIRE(usage.has_value());
  CHECK(usage->apparent == 10'000 + 6 + 1'073'741'824);
  CHECK(usage->inodes == 7);
  CHECK(usage->allocated < 1'000'000);
  CHECK(store::measure_tree(open(dir.file("none"))).has_error());
}
