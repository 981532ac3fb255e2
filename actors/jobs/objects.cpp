#include "actors/jobs/builtins.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace gantry::jobs {

namespace {

using engine::job_run;

void empty_list(job_run& run) { run.succeed(boost::json::value(boost::json::array_kind)); }

/// Calls `f` with the only argument, or fails with the usage (clause table 1.13).
template <class F>
void with_name(job_run& run, F f) {
  if (run.args().size() != 1)
    return run.fail(errc::invalid_parameter, "usage: " + run.name() + " NAME");
  f(run, run.args().front());
}

void network_inspect(job_run& run) {
  with_name(run, [](job_run& r, const std::string& name) {
    r.fail(errc::not_found, "network " + name + " not found");
  });
}

void network_prune(job_run& run) {
  run.succeed(boost::json::value(boost::json::object{{"NetworksDeleted", nullptr}}));
}

void build_prune(job_run& run) {
  run.succeed(
      boost::json::value(boost::json::object{{"CachesDeleted", nullptr}, {"SpaceReclaimed", 0}}));
}

} // namespace

result<void> add_object_jobs(engine::job_table& table) {
  constexpr std::pair<const char*, void (*)(job_run&)> jobs[] = {
      {"networks", empty_list},
      {"network_inspect", network_inspect},
      {"network_prune", network_prune},
      {"build_prune", build_prune},
  };
  for (auto [name, function] : jobs)
    if (auto added = table.add(name, engine::job_function{function}); !added)
      return added;
  return {};
}

} // namespace gantry::jobs
