#include "protocol/container/network_view.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry;
using namespace gantry::container;

namespace {

// A container, whose networks are looked at in one state after the other.
struct networked {
  std::string id = std::string(64, 'a');
  endpoint_map asked;
  container_config config;
  host_config host;
  state_view state;
  bool was_tried = false;

  explicit networked(const std::string& mode) { host.network_mode = mode; }

  void run(std::int64_t pid, std::int64_t at) {
    state.pid = pid;
    state.started_at = {at, 0, 0};
    was_tried = true;
  }
  network_view view() const {
    return show_networks({id, asked, config, host, state, was_tried}, [](std::string_view name) {
      return name == "none" ? std::string(64, '1') : std::string{};
    });
  }
  std::string names() const {
    std::string all;
    for (const auto& [name, endpoint] : view().networks)
      all += name + " ";
    return all;
  }
};

} // namespace

TEST_CASE("network_view: the network of a mode", "[protocol][container]") {
  CHECK(networked{"none"}.names() == "none ");
  CHECK(networked{"host"}.names() == "host ");
  CHECK(networked{"default"}.names() == "bridge ");
  CHECK(networked{""}.names() == "bridge ");
  CHECK(networked{"mine"}.names() == "mine ");
  CHECK(networked{"container:x"}.names() == "");
  networked disabled{"none"};
  disabled.config.network_disabled = true;
  CHECK(disabled.names() == "");
  networked asked{"none"};
  asked.asked["host"].aliases = {{"a"}};
  CHECK(asked.names() == "host ");
  CHECK(asked.view().networks["host"].aliases == string_list{{"a"}});
}

TEST_CASE("network_view: before, during and after a run", "[protocol][container]") {
  networked one{"none"};
  auto before = one.view();
  CHECK(before.sandbox_id == "");
  CHECK(before.networks["none"] == endpoint_settings{});
  one.run(77, 5);
  auto during = one.view();
  CHECK(during.sandbox_id.size() == 64);
  CHECK(during.sandbox_key == "/proc/77/ns/net");
  CHECK(during.networks["none"].network_id == std::string(64, '1'));
  CHECK(during.networks["none"].endpoint_id.size() == 64);
  one.state.pid = 0;
  auto after = one.view();
  CHECK(after.sandbox_id == "");
  CHECK(after.sandbox_key == "");
  CHECK(after.networks["none"].network_id == std::string(64, '1'));
  CHECK(after.networks["none"].endpoint_id == "");
}

TEST_CASE("network_view: ids are those of one run", "[protocol][container]") {
  networked one{"none"};
  one.run(77, 5);
  const auto first = one.view();
  CHECK(one.view().sandbox_id == first.sandbox_id); // another daemon sees the same
  one.run(78, 6);
  auto second = one.view();
  CHECK(second.sandbox_id != first.sandbox_id);
  CHECK(second.networks["none"].endpoint_id != first.networks.at("none").endpoint_id);
  networked other{"none"};
  other.id = std::string(64, 'b');
  other.run(78, 6);
  CHECK(other.view().sandbox_id != second.sandbox_id);
}

TEST_CASE("network_view: a network that is not there has no ids", "[protocol][container]") {
  networked one{"default"};
  one.run(77, 5);
  auto view = one.view();
  CHECK(view.sandbox_id.size() == 64);
  CHECK(view.networks["bridge"] == endpoint_settings{});
}
