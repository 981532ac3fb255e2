#include "actors/containers/container_event.hpp"
#include "actors/containers/container_services.hpp"
#include "actors/containers/runtime_command.hpp"
#include "actors/host/programs.hpp"
#include "actors/jobs/awaited_job.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/container_limits.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/container_processes.hpp"
#include "actors/jobs/setup_wait.hpp"
#include "actors/runtime/scheduler.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <utility>

namespace gantry::jobs {

namespace {

namespace json = boost::json;
using containers::container_services;

api_error top_failure(std::string text) { return {errc::system, std::move(text)}; }

/// One look at a container's processes: the runtime is asked which there are, then ps what they
/// are. Kept by the step that is under way.
class process_listing : public std::enable_shared_from_this<process_listing> {
public:
  process_listing(container_services services, containers::published_ptr container,
                  std::vector<std::string> ps, tell_outcome tell)
      : services_(std::move(services)), container_(std::move(container)), ps_(std::move(ps)),
        tell_(std::move(tell)) {}

  void begin(const containers::oci_runtime& runtime) {
    const auto& id = container_->view.id;
    const auto paths = paths_of(services_, id);
    auto command = containers::call_of(runtime, paths.runtime_root(runtime.name));
    command.args = {"ps", "--format", "json", id};
    command.deadline = limits::process_listing;
    containers::run_runtime(
        *services_.system, io(), *services_.pool, std::move(command),
        [me = shared_from_this()](const result<std::string>& said) { me->on_ids(said); });
  }

private:
  boost::asio::io_context& io() const {
    return runtime::scheduler::of(*services_.system)->next_io();
  }

  void on_ids(const result<std::string>& said) {
    if (!said)
      return tell_(said.error());
    auto ids = parse_process_ids(*said);
    if (!ids)
      return tell_(ids.error());
    ids_ = std::move(*ids);
    std::string list = "-q";
    for (std::size_t i = 0; i < ids_.size(); ++i)
      list.append(i == 0 ? "" : ",").append(std::to_string(ids_[i]));
    // Only a few lines are made then; not all options (`f`) go together with it.
    run_ps(std::move(list), [me = shared_from_this()](const result<host::child_output>& output) {
      if (output && output->exit.success())
        return me->on_output(output->out);
      me->run_ps({}, [me](const result<host::child_output>& all) { me->on_all(all); });
    });
  }

  void run_ps(std::string chosen, containers::command_done done) {
    containers::async_command command;
    command.what.argv = ps_;
    if (!chosen.empty())
      command.what.argv.push_back(std::move(chosen));
    command.what.deadline = limits::process_listing;
    command.what.output_limit = most_output;
    command.label = "ps for " + container_->view.id.substr(0, 12);
    containers::run_command(*services_.system, io(), *services_.pool, std::move(command),
                            std::move(done));
  }

  void on_all(const result<host::child_output>& output) {
    if (!output)
      return tell_(output.error());
    if (output->exit.success())
      return on_output(output->out);
    auto line = output->err.substr(0, output->err.find('\n'));
    tell_(top_failure("ps: " + (line.empty() ? "exit status " + std::to_string(output->exit.code)
                                             : std::move(line))));
  }

  void on_output(const std::string& output) {
    auto table = parse_ps(output, ids_);
    if (!table)
      return tell_(table.error());
    json::array rows;
    for (const auto& row : table->rows)
      rows.emplace_back(json::array(row.begin(), row.end()));
    json::object shown;
    shown.emplace("Processes", rows.empty() ? json::value() : json::value(std::move(rows)));
    shown.emplace("Titles", json::array(table->titles.begin(), table->titles.end()));
    services_.publish(containers::event_of(container_->view, "top"));
    tell_(job_output{json::value(std::move(shown))});
  }

  static constexpr std::size_t most_output = std::size_t{4} << 20;

  const container_services services_;
  const containers::published_ptr container_;
  const std::vector<std::string> ps_; ///< the program, then its arguments
  const tell_outcome tell_;
  process_ids ids_;
};

result<void> begin_top(const container_services& services, const std::string& program,
                       const job::request& asked, const tell_outcome& tell) {
  auto arguments = asked.environment.get("ps_args");
  if (arguments.empty())
    arguments = "-ef";
  if (auto good = check_ps_arguments(arguments); !good)
    return good.error();
  auto found = named_container(*services.all, asked);
  if (!found)
    return found.error();
  const auto& view = (*found)->view;
  if (view.state.status == container::container_status::restarting)
    return api_error{errc::conflict, "Container " + view.id +
                                         " is restarting, wait until the container is running"};
  if (!container::is_running(view.state.status))
    return api_error{errc::conflict, "container " + view.id + " is not running"};
  const auto& runtimes = services.setup->runtimes;
  auto runtime = runtimes.find(view.host_config->runtime);
  if (runtime == runtimes.end())
    return api_error{errc::system, "unknown runtime: " + view.host_config->runtime};
  if (program.empty())
    return top_failure("ps: executable file not found in $PATH");
  auto ps = ps_arguments(arguments);
  ps.insert(ps.begin(), program);
  std::make_shared<process_listing>(services, *found, std::move(ps), tell)->begin(*runtime->second);
  return {};
}

} // namespace

result<void> add_container_top_job(engine::job_table& table, const container_services& services) {
  auto program = host::find_program("ps").value_or(std::string{});
  auto start = [services, program](const job::request& asked, const tell_outcome& tell) {
    return begin_top(services, program, asked, tell);
  };
  return table.add("container_top",
                   awaited_job("the runtime and ps", once_setup_is_known(services, start)));
}

} // namespace gantry::jobs
