#include "actors/containers/runtime_trial.hpp"

#include "actors/host/children.hpp"
#include "actors/host/programs.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace gantry;
using namespace gantry::containers;

namespace {

oci_runtime runtime_at(const std::string& path) {
  oci_runtime runtime;
  runtime.name = "runc";
  runtime.path = path;
  return runtime;
}

} // namespace

TEST_CASE("runtime trial: one that works, and one that does not", "[actors][containers][runc]") {
  test::temp_dir dir;
  CHECK(
      try_runtime_blocking(runtime_at(host::find_program("runc").value()), dir.path()).has_value());
  CHECK_FALSE(try_runtime_blocking(runtime_at("/bin/false"), dir.path()).has_value());
  CHECK(std::filesystem::is_empty(dir.path()));
}

TEST_CASE("runtime trial: crun works, whatever cgroups are mounted", "[actors][containers]") {
  test::temp_dir dir;
  const auto crun = probe_runtime_blocking("crun", host::find_program("crun").value(), {},
                                           probe_container_host().second_cgroup_root);
  const auto works = try_runtime_blocking(crun, dir.path());
  CHECK((works ? "" : works.error().message) == "");
  CHECK(std::filesystem::is_empty(dir.path()));
}

TEST_CASE("runtime trial: what a daemon that was killed has left of its own goes",
          "[actors][containers][runc]") {
  test::temp_dir dir;
  const auto calls = dir.file("calls");
  // Says what it is asked for; the containers are directories, as those of real runtimes.
  const auto program = dir.write("runtime", "#!/bin/sh\necho \"$3 $4 $5\" >> " + calls + "\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  std::filesystem::create_directories(dir.file("exec/trial-runc/state/gantry-trial-77"));
  CHECK(try_runtime_blocking(runtime_at(program), dir.file("exec")).has_value());
  CHECK(dir.read("calls").starts_with("delete --force gantry-trial-77\ncreate --bundle "));
  CHECK(std::filesystem::is_empty(dir.file("exec")));
}
