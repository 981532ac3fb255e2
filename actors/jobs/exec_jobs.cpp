#include "actors/containers/exec_actor.hpp"
#include "actors/containers/exec_files.hpp"
#include "actors/jobs/awaited_job.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/container_output.hpp"
#include "actors/jobs/exec_lookup.hpp"
#include "actors/jobs/pool_job.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <utility>

namespace gantry::jobs {

using container::container_status;
using containers::container_services;

result<void> check_active(const container::container_view& view, const std::string& name) {
  switch (view.state.status) {
  case container_status::running:
    return {};
  case container_status::paused:
    return api_error{errc::conflict,
                     "Container " + name + " is paused, unpause the container before exec"};
  case container_status::restarting:
    return api_error{errc::conflict, "Container " + view.id +
                                         " is restarting, wait until the container is running"};
  default:
    return api_error{errc::conflict, "container " + view.id + " is not running"};
  }
}

result<containers::shared_execs::known> usable_exec(const container_services& services,
                                                    const job::request& asked) {
  auto id = only_argument(asked);
  if (!id)
    return id.error();
  auto found = services.execs->find(*id);
  if (!found)
    return found;
  auto of = services.all->find(found->moment->container_id);
  if (!of)
    return of.error();
  if (auto active = check_active((*of)->view, (*of)->view.id); !active)
    return active.error();
  return found;
}

namespace {

// -- create ---------------------------------------------------------------------------------------

result<job_output> made_exec(const container_services& services,
                             const containers::published_ptr& container,
                             container::exec_options options) {
  auto id = containers::create_exec(services, container, std::move(options));
  if (!id)
    return id.error();
  return job_output{boost::json::object{{"Id", *id}}};
}

result<void> make_exec(const container_services& services, const job::request& asked,
                       const tell_outcome& tell) {
  auto options = container::parse_exec_options(asked.environment.get("body"),
                                               version_asked(asked.environment));
  if (!options)
    return options.error();
  auto found = named_container(*services.all, asked);
  if (!found)
    return found.error();
  if (auto active = check_active((*found)->view, asked.args.front()); !active)
    return active;
  if (options->user.empty()) {
    tell(made_exec(services, *found, std::move(*options)));
    return {};
  }
  // Whoever asks for a user that is not there is told so now.
  auto look = [services, tell, container = *found, options = *options] {
    const auto& view = container->view;
    auto user = containers::find_exec_user_blocking(paths_of(services, view.id), *view.host_config,
                                                    options.user);
    tell(user ? made_exec(services, container, options) : user.error());
  };
  if (!services.pool->submit("exec_create", std::move(look)))
    return pool_is_full(asked.name);
  return {};
}

// -- inspect --------------------------------------------------------------------------------------

result<std::string> shown_exec(const container_services& services, const job::request& asked) {
  auto id = only_argument(asked);
  if (!id)
    return id.error();
  auto found = services.execs->find(*id);
  if (!found)
    return found.error();
  if (!services.all->find(found->moment->container_id))
    return api_error{errc::not_found, "No such exec instance: " + *id};
  return container::write_exec(*found->moment, found->can_remove);
}

// -- resize ---------------------------------------------------------------------------------------

result<void> resize_of_exec(const container_services& services, const job::request& asked,
                            const tell_outcome& tell) {
  auto found = usable_exec(services, asked);
  if (!found)
    return found.error();
  auto change = std::make_shared<containers::resize_exec>();
  change->rows = terminal_size(asked.environment, "h");
  change->columns = terminal_size(asked.environment, "w");
  change->answer = containers::outcome<void>{
      "exec " + asked.args.front(), [tell](const result<void>& how) {
        tell(how ? result<job_output>{job_output{}} : result<job_output>{how.error()});
      }};
  if (!found->actor)
    change->answer.tell(containers::no_process(*found->moment));
  core::tell(found->actor, std::move(change));
  return {};
}

} // namespace

result<void> add_exec_jobs(engine::job_table& table, const container_services& services) {
  auto show = [services](engine::job_run& run) {
    auto text = shown_exec(services, {run.name(), run.args(), run.environment()});
    if (text)
      run.succeed(std::move(*text));
    else
      run.fail(text.error());
  };
  if (auto added = table.add("exec_inspect", engine::job_function{show}); !added)
    return added;
  using change =
      result<void> (*)(const container_services&, const job::request&, const tell_outcome&);
  constexpr std::pair<const char*, change> jobs[] = {{"exec_create", make_exec},
                                                     {"exec_resize", resize_of_exec}};
  for (auto [name, make] : jobs) {
    auto start = [services, make = make](const job::request& asked, const tell_outcome& tell) {
      return make(services, asked, tell);
    };
    if (auto added = table.add(name, awaited_job("the exec", start)); !added)
      return added;
  }
  return {};
}

} // namespace gantry::jobs
