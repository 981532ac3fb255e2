#include "actors/jobs/network_jobs.hpp"

#include "actors/engine/engine_actor.hpp"
#include "tests/actors/jobs/container_job_fixture.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

using namespace gantry;

namespace {

class network_fixture : public test::container_job_fixture {
public:
  network_fixture() {
    given.networks->set(network::predefined_networks("an-engine", {1700000000, 0, 0}));
    engine::job_table table;
    jobs::add_network_jobs(table, given).value();
    start_engine(std::move(table));
  }
};

} // namespace

TEST_CASE_METHOD(network_fixture, "networks: all of them, or some", "[actors][jobs]") {
  const auto all = value("networks").as_array();
  REQUIRE(all.size() == 2);
  CHECK(all[0].at("Name") == "host");
  CHECK(all[1].at("Id").as_string() == given.networks->named("none").id.c_str());
  job::env environment;
  environment.set("filters", R"({"driver":["null"]})");
  const auto some = value("networks", {}, environment).as_array();
  REQUIRE(some.size() == 1);
  CHECK(some[0].at("Name") == "none");
}

TEST_CASE_METHOD(network_fixture, "network inspect: with the containers in it", "[actors][jobs]") {
  auto view = container::make_view('a', "web");
  auto& endpoint = view.network.networks["none"];
  endpoint.network_id = given.networks->named("none").id;
  endpoint.endpoint_id = "e";
  add(std::move(view));
  CHECK(value("network_inspect", {"none"}).at("Containers").at(test::id_a).at("Name") == "web");
  CHECK(value("network_inspect", {"host"}).at("Containers").as_object().empty());
  CHECK(value("networks").as_array()[1].at("Containers").as_object().empty());
  CHECK(outcome("network_inspect", {"n1"}) == "not_found: network n1 not found");
  CHECK(outcome("network_inspect") == "invalid_parameter: usage: network_inspect NAME");
  job::env swarm;
  swarm.set("scope", "swarm");
  CHECK(outcome("network_inspect", {"none"}, swarm) == "not_found: network none not found");
}

TEST_CASE_METHOD(network_fixture, "network prune: there is nothing that could go",
                 "[actors][jobs]") {
  CHECK(value("network_prune") == boost::json::object{{"NetworksDeleted", nullptr}});
}
