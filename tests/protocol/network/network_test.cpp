#include "protocol/network/network.hpp"

#include "tests/protocol/container/view_builder.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <string>

using namespace gantry;
using namespace gantry::network;

namespace {

network_list some() { return predefined_networks("an-engine", {1700000000, 0, 0}); }

std::string filtered(const std::string& filters) {
  const auto f = api::filters::parse(filters).value();
  std::string names;
  for (const auto& network : some())
    if (matches(f, network))
      names += network.name + " ";
  return names;
}

} // namespace

TEST_CASE("network: those of every daemon keep their ids", "[protocol][network]") {
  const auto all = some();
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "host");
  CHECK(all[1].name == "none");
  CHECK(all[1].driver == "null");
  CHECK(all[0].id.size() == 64);
  CHECK(all[0].id != all[1].id);
  CHECK(all == some());
  CHECK(all != predefined_networks("another", all[0].created));
}

TEST_CASE("network: is found by name, id or prefix", "[protocol][network]") {
  const auto all = some();
  CHECK(find_network(all, "none")->name == "none");
  CHECK(find_network(all, all[0].id)->name == "host");
  CHECK(find_network(all, all[1].id.substr(0, 8))->name == "none");
  CHECK(find_network(all, "none", "local").has_value());
  for (const auto* nobody : {"", "no", "nosuch"})
    CHECK(find_network(all, nobody).error() ==
          api_error{errc::not_found, "network " + std::string{nobody} + " not found"});
  CHECK(find_network(all, "none", "swarm").error().message == "network none not found");
  auto alike = all;
  alike[0].id = "ab1";
  alike[1].id = "ab2";
  CHECK(find_network(alike, "ab").error() ==
        api_error{errc::invalid_parameter,
                  "network ab is ambiguous (2 matches found based on ID prefix)"});
}

TEST_CASE("network: filters", "[protocol][network]") {
  CHECK(filtered("") == "host none ");
  CHECK(filtered(R"({"name":["no"]})") == "none ");
  CHECK(filtered(R"({"name":["^host$","x"]})") == "host ");
  CHECK(filtered(R"({"id":[")" + some()[0].id.substr(0, 6) + R"("]})") == "host ");
  CHECK(filtered(R"({"driver":["null"]})") == "none ");
  CHECK(filtered(R"({"driver":["bridge"]})") == "");
  CHECK(filtered(R"({"type":["builtin"]})") == "host none ");
  CHECK(filtered(R"({"type":["custom"]})") == "");
  CHECK(filtered(R"({"scope":["local"]})") == "host none ");
  CHECK(filtered(R"({"scope":["swarm"]})") == "");
  CHECK(filtered(R"({"label":["a"]})") == "");
  CHECK(filtered(R"({"dangling":["true"]})") == "");
  CHECK(filtered(R"({"dangling":["false"]})") == "host none ");
}

TEST_CASE("network: is shown with the containers that are in it now", "[protocol][network]") {
  const auto none = some()[1];
  auto in_it = container::make_view('a', "in");
  auto& endpoint = in_it.network.networks["none"];
  endpoint.network_id = none.id;
  endpoint.endpoint_id = "e";
  endpoint.ip_address = "10.0.0.2";
  endpoint.ip_prefix_len = 24;
  auto was_in_it = container::make_view('b', "was");
  was_in_it.network.networks["none"].network_id = none.id;
  const container::container_view* views[] = {&in_it, &was_in_it};
  CHECK(boost::json::serialize(shown_network(none, views)) ==
        R"({"Name":"none","Id":")" + none.id +
            R"(","Created":"2023-11-14T22:13:20Z","Scope":"local","Driver":"null",)"
            R"("EnableIPv4":true,"EnableIPv6":false,"IPAM":{"Driver":"default","Options":null,)"
            R"("Config":null},"Internal":false,"Attachable":false,"Ingress":false,)"
            R"("ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{")" +
            in_it.id +
            R"(":{"Name":"in","EndpointID":"e","MacAddress":"","IPv4Address":"10.0.0.2/24",)"
            R"("IPv6Address":""}},"Options":{},"Labels":{}})");
}
