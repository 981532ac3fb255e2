#include "app/reload.hpp"

#include "app/option_table.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::app;

using keys = std::vector<std::string>;

TEST_CASE("reload: nothing changed, nothing to do", "[app]") {
  settings values;
  auto plan = plan_reload(values, values);
  CHECK(plan.next == values);
  CHECK(plan.applied.empty());
  CHECK(plan.need_restart.empty());
  CHECK_FALSE(plan.reread_certificates);
}

TEST_CASE("reload: what can change does, the rest waits and is named", "[app]") {
  settings before;
  settings after = before;
  after.debug = true;
  after.labels = {"a=1"};
  after.shutdown_timeout = 30;
  after.runtimes["x"].path = "/x";
  after.hosts = {"unix:///x"};
  after.data_root = "/other";
  auto plan = plan_reload(before, after);
  CHECK(plan.applied == keys{"debug", "shutdown-timeout", "labels", "runtimes"});
  CHECK(plan.need_restart == keys{"data-root", "hosts"});
  settings want = after;
  want.hosts = before.hosts;
  want.data_root = before.data_root;
  CHECK(plan.next == want);
  // Asked again, only what waits is left.
  auto again = plan_reload(plan.next, after);
  CHECK(again.applied.empty());
  CHECK(again.need_restart == keys{"data-root", "hosts"});
}

TEST_CASE("reload: a key taken out of the file goes back to its default", "[app]") {
  settings before;
  before.labels = {"a=1"};
  before.debug = true;
  auto plan = plan_reload(before, settings{});
  CHECK(plan.next == settings{});
  CHECK(plan.applied == keys{"debug", "labels"});
}

TEST_CASE("reload: exactly these can change while running", "[app]") {
  keys live;
  for (const option_spec& option : option_table())
    if (option.when == effect::reload)
      live.emplace_back(option.key);
  CHECK(live == keys{"debug", "log-level", "shutdown-timeout", "live-restore", "labels",
                     "tlscacert", "tlscert", "tlskey", "default-runtime", "runtimes",
                     "default-ipc-mode", "default-shm-size", "registry-mirrors",
                     "insecure-registries", "max-concurrent-downloads", "max-concurrent-uploads",
                     "max-download-attempts"});
}

TEST_CASE("reload: certificates are re-read while TLS is on", "[app]") {
  settings before;
  before.tls = true;
  before.tls_cert = "/a";
  settings after = before;
  after.tls_cert = "/b";
  auto plan = plan_reload(before, after);
  CHECK(plan.reread_certificates);
  CHECK(plan.applied == keys{"tlscert"});

  after.tls = false;
  plan = plan_reload(before, after);
  CHECK(plan.applied.empty());
  CHECK(plan.need_restart == keys{"tls", "tlscert"});
  CHECK(plan.next == before);
}

TEST_CASE("reload: attributes of the event", "[app]") {
  settings values;
  values.labels = {"a=1", "b=\"2\""};
  values.runtimes = {{"a", {"/a", {}}}, {"b", {"/b", {"-x"}}}};
  values.default_runtime = "a";
  auto got = reload_attributes(values);
  CHECK(got == std::map<std::string, std::string>{{"debug", "false"},
                                                  {"default-ipc-mode", "private"},
                                                  {"default-runtime", "a"},
                                                  {"default-shm-size", "67108864"},
                                                  {"insecure-registries", "[]"},
                                                  {"labels", R"(["a=1","b=\"2\""])"},
                                                  {"live-restore", "false"},
                                                  {"max-concurrent-downloads", "3"},
                                                  {"max-concurrent-uploads", "5"},
                                                  {"max-download-attempts", "5"},
                                                  {"registry-mirrors", "[]"},
                                                  {"runtimes", "a:/a b:/b"},
                                                  {"shutdown-timeout", "15"}});
}
