#include "actors/containers/container_services.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/network_jobs.hpp"
#include "protocol/network/network.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace gantry::jobs {

namespace {

using containers::container_services;
using container_views = std::vector<const container::container_view*>;

// The views live as long as the list does.
container_views views_of(const containers::published_list& containers) {
  container_views views;
  for (const auto& one : containers)
    views.push_back(&one->view);
  return views;
}

void list_networks(engine::job_run& run, const container_services& services) {
  const auto filters = api::filters::parse(run.environment().get("filters"));
  if (!filters)
    return run.fail(filters.error());
  boost::json::array shown;
  const auto all = services.networks->all();
  for (const auto& network : *all)
    if (network::matches(*filters, network))
      shown.push_back(network::shown_network(network, {})); // who is in it is told by inspect only
  run.succeed(boost::json::value(std::move(shown)));
}

void inspect_network(engine::job_run& run, const container_services& services) {
  const auto name = only_argument({run.name(), run.args(), run.environment()});
  if (!name)
    return run.fail(name.error());
  const auto found =
      network::find_network(*services.networks->all(), *name, run.environment().get("scope"));
  if (!found)
    return run.fail(found.error());
  const auto containers = services.all->all();
  run.succeed(boost::json::value(network::shown_network(*found, views_of(*containers))));
}

void prune_networks(engine::job_run& run, const container_services&) {
  run.succeed(boost::json::value(boost::json::object{{"NetworksDeleted", nullptr}}));
}

} // namespace

result<void> add_network_jobs(engine::job_table& table, const container_services& services) {
  using work = void (*)(engine::job_run&, const container_services&);
  constexpr std::pair<const char*, work> jobs[] = {{"networks", list_networks},
                                                   {"network_inspect", inspect_network},
                                                   {"network_prune", prune_networks}};
  for (const auto& [name, function] : jobs)
    if (auto added = table.add(
            name, engine::job_function{[function = function, services](engine::job_run& run) {
              function(run, services);
            }});
        !added)
      return added;
  return {};
}

} // namespace gantry::jobs
