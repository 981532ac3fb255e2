#include "actors/jobs/container_create.hpp"

#include "actors/containers/creation.hpp"
#include "actors/jobs/awaited_job.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <utility>

namespace gantry::jobs {

namespace {

boost::json::value reply_of(const containers::created_container& made) {
  boost::json::array warnings(made.warnings.begin(), made.warnings.end());
  return boost::json::object{{"Id", made.id}, {"Warnings", std::move(warnings)}};
}

} // namespace

result<void> add_container_create_job(engine::job_table& table,
                                      const containers::container_services& services,
                                      const containers::manager_actor& manager) {
  auto start = [services, manager](const job::request& asked, tell_outcome tell) -> result<void> {
    auto& env = asked.environment;
    containers::creation_request request;
    request.body = env.get("body");
    request.version = api::parse_version(env.get("version"));
    request.name = env.get("name");
    request.platform = env.get("platform");
    containers::create_container(
        services, manager, std::move(request),
        {"the creation of a container", [tell](result<containers::created_container> made) {
           tell(made ? result<job_output>{job_output{reply_of(*made)}}
                     : result<job_output>{made.error()});
         }});
    return {};
  };
  return table.add("container_create", awaited_job("the container's creation", start));
}

} // namespace gantry::jobs
