#include "actors/jobs/daemon_facts.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <string>

#include <unistd.h>

using namespace gantry;

TEST_CASE("engine id: is made at the first start and stays", "[actors][jobs]") {
  test::temp_dir root;
  auto first = jobs::load_engine_id_blocking(root.path());
  REQUIRE(first.has_value());
  CHECK(first->size() == 36);
  CHECK((*first)[14] == '4');
  CHECK(std::string{"89ab"}.find((*first)[19]) != std::string::npos);
  CHECK(root.read("engine-id") == *first + "\n");
  CHECK(!root.has("engine-id.new"));
  CHECK(jobs::load_engine_id_blocking(root.path()).value() == *first);
}

TEST_CASE("engine id: one that was there is kept as it is", "[actors][jobs]") {
  test::temp_dir root;
  root.write("engine-id", "01234567-89AB-4cde-8f01-23456789abcd");
  CHECK(jobs::load_engine_id_blocking(root.path()).value() ==
        "01234567-89AB-4cde-8f01-23456789abcd");
}

TEST_CASE("engine id: what is no UUID is replaced", "[actors][jobs]") {
  test::temp_dir root;
  for (auto broken : {"", "half-writ", "01234567-89ab-4cde-8f01-23456789abcX"}) {
    CAPTURE(broken);
    root.write("engine-id", broken);
    auto id = jobs::load_engine_id_blocking(root.path());
    REQUIRE(id.has_value());
    CHECK(*id != broken);
    CHECK(root.read("engine-id") == *id + "\n");
  }
}

TEST_CASE("engine id: two engines have two", "[actors][jobs]") {
  test::temp_dir a;
  test::temp_dir b;
  CHECK(jobs::load_engine_id_blocking(a.path()).value() !=
        jobs::load_engine_id_blocking(b.path()).value());
}

TEST_CASE("engine id: a directory that is not there is an error", "[actors][jobs]") {
  test::temp_dir root;
  auto path = root.file("none");
  auto id = jobs::load_engine_id_blocking(path);
  REQUIRE(!id);
  CHECK(id.error() == api_error{errc::system, "failed to write '" + path +
                                                  "/engine-id': open: No such file or directory"});
}

TEST_CASE("engine id: a directory in its place is an error", "[actors][jobs]") {
  test::temp_dir root;
  std::filesystem::create_directory(root.file("engine-id"));
  auto id = jobs::load_engine_id_blocking(root.path());
  REQUIRE(!id);
  CHECK(id.error().message ==
        "failed to write '" + root.file("engine-id") + "': rename: Is a directory");
}

TEST_CASE("facts: this machine is read", "[actors][jobs]") {
  jobs::daemon_settings settings;
  settings.data_root = "/";
  auto none = [](const char*) -> const char* { return nullptr; };
  auto facts = jobs::read_daemon_facts_blocking(settings, {}, "id", none);
  CHECK(!facts.machine.kernel_version.empty());
  CHECK(facts.machine.cpus >= 1);
  CHECK(facts.machine.mem_total > 0);
  CHECK(facts.id == "id");
  CHECK(facts.settings.data_root == "/");
  CHECK(facts.default_runtime().empty());
  facts.chosen_runtime = "crun";
  CHECK(facts.default_runtime() == "crun");
  facts.settings.default_runtime = "runc";
  CHECK(facts.default_runtime() == "runc");
}

TEST_CASE("facts: what the boot told stays when the machine has been looked at", "[actors][jobs]") {
  jobs::shared_facts shared{jobs::daemon_facts{}};
  shared.learn_boot("id", "copy");
  CHECK(shared.get()->id == "id");
  jobs::daemon_facts seen;
  seen.machine.cpus = 3;
  shared.learn(seen);
  CHECK(shared.get()->machine.cpus == 3);
  CHECK(shared.get()->storage_driver == "copy");
  shared.reload({});
  CHECK(shared.get()->storage_driver == "copy");
}

TEST_CASE("facts: a reload changes settings and nothing that was handed out", "[actors][jobs]") {
  jobs::daemon_facts facts;
  facts.id = "id";
  facts.settings.labels = {"old=1"};
  jobs::shared_facts shared{facts};
  auto before = shared.get();
  jobs::daemon_settings next;
  next.labels = {"new=1"};
  shared.reload(next);
  CHECK(before->settings.labels == std::vector<std::string>{"old=1"});
  CHECK(shared.get()->settings.labels == std::vector<std::string>{"new=1"});
  CHECK(shared.get()->id == "id");
}
