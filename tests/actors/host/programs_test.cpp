#include "actors/host/programs.hpp"

#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

using namespace gantry::host;
using gantry::test::temp_dir;

namespace {

std::string make_program(const temp_dir& dir, const std::string& name, const std::string& script) {
  auto path = dir.write(name, "#!/bin/sh\n" + script + "\n");
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  return path;
}

program_search in(const temp_dir& dir) { return {.path = "/sbin::/bin", .root = dir.path()}; }

} // namespace

TEST_CASE("programs: versions as the programs tell them", "[host]") {
  struct row {
    const char* output;
    program_version expected;
  };
  const row rows[] = {
      {"runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev\ngo: go1.19.8\n"
       "libseccomp: 2.5.4\n",
       {"1.1.5+ds1", "1.1.5+ds1-1+deb12u1", "1.0.2-dev"}},
      {"crun version 1.8.1\ncommit: f8a096be060b22ccd3d5f3ebe44108517fbf6c30\nrundir: /run/crun\n"
       "spec: 1.0.0\n+SYSTEMD +SELINUX\n",
       {"1.8.1", "f8a096be060b22ccd3d5f3ebe44108517fbf6c30", "1.0.0"}},
      {"conmon version 2.1.6\ncommit: unknown\n", {"2.1.6", "", ""}},
      {"tini version 0.19.0\n", {"0.19.0", "", ""}},
      {"tini version 0.19.0 - git.de40ad0\n", {"0.19.0", "de40ad0", ""}},
      {"kata-runtime  : 3.2.0\n   commit   : abc\n   OCI specs: 1.1.0\n",
       {"3.2.0", "abc", "1.1.0"}},
      {"runsc version release-20230417.0\nspec: 1.1.0-rc.1\n",
       {"release-20230417.0", "", "1.1.0-rc.1"}},
      {"youki 0.3.3\n", {"0.3.3", "", ""}},
      {"\r\n\nrunc version 1\r\ncommit: c\r\n", {"1", "c", ""}},
      {"runc version ", {"", "", ""}},
      {"usage of it\n", {"", "", ""}},
      {"x version \x1b[31mred\x07\n", {"[31mred", "", ""}},
      {"", {"", "", ""}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.output);
    CHECK(parse_program_version(row.output).version == row.expected.version);
    CHECK(parse_program_version(row.output) == row.expected);
  }
  auto endless = "x version " + std::string(100'000, '9');
  CHECK(parse_program_version(endless).version.size() == 128);
}

TEST_CASE("programs: found in the order of PATH, executable files only", "[host]") {
  temp_dir dir;
  CHECK_FALSE(find_program("crun", in(dir)).has_value());
  dir.write("sbin/crun", "not executable");
  dir.write("sbin/runc/x", "a directory");
  auto crun = make_program(dir, "bin/crun", "");
  auto runc = make_program(dir, "bin/runc", "");
  CHECK(find_program("crun", in(dir)) == crun);
  CHECK(find_program("runc", in(dir)) == runc);
  CHECK_FALSE(find_program("", in(dir)).has_value());
  CHECK_FALSE(find_program("../bin/crun", in(dir)).has_value());
  auto first = make_program(dir, "sbin/both", "");
  make_program(dir, "bin/both", "");
  CHECK(find_program("both", in(dir)) == first);
}

TEST_CASE("programs: asked for their version", "[host]") {
  temp_dir dir;
  auto path = make_program(dir, "bin/crun", R"([ "$1" = --version ] && echo crun version 9.9)");
  auto found = probe_program("crun", in(dir));
  REQUIRE(found.has_value());
  CHECK(found->name == "crun");
  CHECK(found->path == path);
  CHECK(found->version.version == "9.9");
  CHECK(found->error.empty());
  make_program(dir, "bin/loud", "echo loud version 1 >&2");
  CHECK(probe_program("loud", in(dir))->version.version == "1");
}

TEST_CASE("programs: that fail to tell their version are still found, with the reason", "[host]") {
  temp_dir dir;
  auto error = [&](const char* name, const std::string& script) {
    make_program(dir, std::string{"bin/"} + name, script);
    auto search = in(dir);
    search.deadline = std::chrono::milliseconds{300};
    auto found = probe_program(name, search);
    REQUIRE(found.has_value());
    CHECK(found->version == program_version{});
    return found->error;
  };
  CHECK(error("a", "exit 7") == "'" + dir.file("bin/a") + " --version' exited with 7");
  CHECK(error("b", "kill -9 $$") == "'" + dir.file("bin/b") + " --version' died of signal 9");
  CHECK(error("c", "sleep 1000") == "'" + dir.file("bin/c") + "' did not end within 300ms");
  auto broken = dir.write("bin/d", "\x7f"
                                   "ELF but not really");
  ::chmod(broken.c_str(), 0755);
  CHECK(probe_program("d", in(dir))->error == "start '" + broken + "': Exec format error");
}

TEST_CASE("programs: runtimes in order of preference, monitor and init", "[host]") {
  temp_dir dir;
  CHECK(find_oci_runtimes(in(dir)).empty());
  CHECK_FALSE(find_conmon(in(dir)).has_value());
  CHECK_FALSE(find_init(in(dir)).has_value());
  make_program(dir, "bin/runc", "echo runc version 1");
  make_program(dir, "bin/kata-runtime", "echo 'kata-runtime : 3'");
  make_program(dir, "bin/crun", "echo crun version 2");
  make_program(dir, "bin/conmon", "echo conmon version 2.1");
  make_program(dir, "bin/tini", "echo tini version 0.19");
  auto runtimes = find_oci_runtimes(in(dir));
  REQUIRE(runtimes.size() == 3);
  CHECK(runtimes[0].name == "crun");
  CHECK(runtimes[0].version.version == "2");
  CHECK(runtimes[1].name == "runc");
  CHECK(runtimes[2].name == "kata-runtime");
  CHECK(find_conmon(in(dir))->version.version == "2.1");
  CHECK(find_init(in(dir))->name == "tini");
  make_program(dir, "sbin/docker-init", "echo tini version 0.18");
  CHECK(find_init(in(dir))->version.version == "0.18");
}
