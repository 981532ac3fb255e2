#include "actors/containers/container_actor.hpp"
#include "actors/containers/container_services.hpp"
#include "actors/jobs/awaited_job.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/container_output.hpp"
#include "actors/jobs/setup_wait.hpp"
#include "protocol/container/names.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <utility>

namespace gantry::jobs {

namespace {

using containers::container_services;

/// The duty of a container to say how a change went: `answer` if it is done. `undo` comes first if
/// it is not.
containers::outcome<void> told(const container_services& services, const std::string& id,
                               const std::string& name, const tell_outcome& tell,
                               job_output answer = {}, std::function<void()> undo = {}) {
  return {"container " + id, [=, all = services.all](const result<void>& how) {
            if (how)
              return tell(answer);
            if (undo)
              undo();
            tell(failure_of(*all, id, name, how.error()));
          }};
}

// -- rename ---------------------------------------------------------------------------------------

api_error name_refused(api_error why) {
  why.message.insert(0, "Error when allocating new name: ");
  return why;
}

result<void> rename(const container_services& services, const job::request& asked,
                    const tell_outcome& tell) {
  auto old = only_argument(asked);
  if (!old)
    return old.error();
  const auto& text = asked.environment.get("name");
  if (old->empty() || text.empty())
    return invalid("Neither old nor new names may be empty");
  auto found = services.all->find(*old);
  if (!found)
    return found.error();
  const auto& view = (*found)->view;
  const auto whole = text.starts_with('/') ? text : "/" + text;
  if (whole == view.name)
    return invalid("Renaming a container with the same name as its current name");
  auto name = container::checked_name(whole);
  if (!name)
    return name_refused(name.error());
  if (auto reserved = services.all->reserve(*name, view.id); !reserved)
    return name_refused(reserved.error());
  auto change = std::make_shared<containers::rename_container>();
  change->name = *name;
  change->answer =
      told(services, view.id, *old, tell, {},
           [all = services.all, name = *name, id = view.id] { all->release(name, id); });
  tell_container(*services.all, view.id, std::move(change));
  return {};
}

// -- update ---------------------------------------------------------------------------------------

boost::json::value warnings_reply(const container::warning_list& warnings) {
  boost::json::array list(warnings.begin(), warnings.end());
  return boost::json::object{{"Warnings", std::move(list)}};
}

result<void> update(const container_services& services, const job::request& asked,
                    const tell_outcome& tell) {
  auto request = container::parse_update_request(asked.environment.get("body"),
                                                 version_asked(asked.environment));
  if (!request)
    return request.error();
  container::warning_list warnings;
  if (auto good =
          check_resources(request->resources, services.setup->host->abilities, true, warnings);
      !good)
    return good.error();
  if (auto good = check_restart_policy(request->restart_policy); !good)
    return good.error();
  auto found = named_container(*services.all, asked);
  if (!found)
    return found.error();
  const auto& view = (*found)->view;
  if (view.state.status == container::container_status::removing ||
      view.state.status == container::container_status::dead)
    return api_error{errc::conflict,
                     "Cannot update container " + view.id +
                         ": container is marked for removal and cannot be \"update\""};
  auto change = std::make_shared<containers::update_container>();
  change->what = std::move(*request);
  change->answer =
      told(services, view.id, asked.args.front(), tell, job_output{warnings_reply(warnings)});
  tell_container(*services.all, view.id, std::move(change));
  return {};
}

// -- resize ---------------------------------------------------------------------------------------

result<void> resize(const container_services& services, const job::request& asked,
                    const tell_outcome& tell) {
  auto found = named_container(*services.all, asked);
  if (!found)
    return found.error();
  const auto& id = (*found)->view.id;
  auto change = std::make_shared<containers::resize_terminal>();
  change->rows = terminal_size(asked.environment, "h");
  change->columns = terminal_size(asked.environment, "w");
  change->answer = told(services, id, asked.args.front(), tell);
  tell_container(*services.all, id, std::move(change));
  return {};
}

} // namespace

result<void> add_container_change_jobs(engine::job_table& table,
                                       const container_services& services) {
  using change =
      result<void> (*)(const container_services&, const job::request&, const tell_outcome&);
  constexpr std::pair<const char*, change> jobs[] = {
      {"container_rename", rename}, {"container_update", update}, {"container_resize", resize}};
  for (auto [name, make] : jobs) {
    auto start = [services, make = make](const job::request& asked, const tell_outcome& tell) {
      return make(services, asked, tell);
    };
    const bool needs_setup = make == change{update}; // which limits are possible here
    auto work = needs_setup ? once_setup_is_known(services, start) : start_work{start};
    if (auto added = table.add(name, awaited_job("the container", std::move(work))); !added)
      return added;
  }
  return {};
}

} // namespace gantry::jobs
