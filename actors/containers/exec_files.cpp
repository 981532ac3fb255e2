#include "actors/containers/exec_files.hpp"

#include "actors/containers/container_recovery.hpp"
#include "actors/containers/host_directories.hpp"
#include "actors/containers/monitor_launch.hpp"
#include "actors/containers/process_files.hpp"
#include "actors/containers/root_files.hpp"
#include "actors/containers/times.hpp"
#include "actors/host/tree_reader.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/runtime/log.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/tree_removal.hpp"
#include "protocol/monitor/fields.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <limits>
#include <utility>

namespace gantry::containers {

namespace {

/// What a probe that was killed leaves running may hold its outputs, and the next probe waits.
constexpr std::chrono::milliseconds probe_drain{100};

std::uint16_t terminal_number(std::uint32_t value) {
  return static_cast<std::uint16_t>(
      std::min<std::uint32_t>(value, std::numeric_limits<std::uint16_t>::max()));
}

std::string record_text(const container::exec_view& what) {
  std::string text;
  monitor::append_field(text, "container", what.container_id);
  monitor::append_field(text, "user", what.user);
  if (what.probe)
    monitor::append_field(text, "probe", true);
  monitor::append_field(text, "options", container::to_json(*what.options));
  return text;
}

exec_ptr read_record(const exec_paths& paths) {
  const auto text = host::read_text(paths.record());
  std::string_view rest = text;
  std::string_view key;
  std::string value;
  auto view = std::make_shared<container::exec_view>();
  view->id = paths.id();
  while (monitor::next_field(rest, key, value)) {
    if (key == "container")
      view->container_id = value;
    else if (key == "user")
      view->user = value;
    else if (key == "probe")
      view->probe = true;
    else if (key == "options")
      if (auto options = container::parse_exec_options(value, api::newest_version))
        view->options = std::make_shared<const container::exec_options>(std::move(*options));
  }
  if (!view->options || view->container_id.empty())
    return nullptr;
  view->running = true;
  if (!monitor::read_number(host::read_word(paths.pid_file()), view->pid))
    view->pid = 0;
  return view;
}

result<std::string> process_text(const exec_input& in, const container::process_user& user) {
  const auto& view = in.of->view;
  const auto& options = *in.what->options;
  container::exec_request request;
  request.command = options.cmd.value_or(std::vector<std::string>{});
  request.env = options.env.value_or(std::vector<std::string>{});
  request.working_dir = options.working_dir;
  request.user = user;
  request.tty = options.tty;
  request.console_size =
      in.size.value_or(options.console_size.value_or(container::terminal_size{}));
  request.privileged = options.privileged;
  container::spec_facts facts;
  facts.hostname =
      view.host_config->uts_mode == "host" ? in.setup->host->hostname : view.config->hostname;
  return container::build_exec_process(request, *view.config, *view.host_config, *in.setup->daemon,
                                       facts);
}

monitor::settings settings_of(const exec_input& in, const oci_runtime& runtime) {
  const auto& options = *in.what->options;
  monitor::settings s;
  s.mode = monitor::settings::work::exec_process;
  s.id = in.container.id();
  set_runtime(s, runtime, in.container.runtime_root(runtime.name));
  s.runtime_deadline = in.setup->start.runtime_deadline;
  s.process_file = in.paths.process();
  s.pid_file = in.paths.pid_file();
  s.runtime_log = in.paths.runtime_log();
  s.exit_file = in.paths.exit_file();
  s.control_socket = in.paths.control_socket();
  s.tty = options.tty;
  if (s.tty)
    s.console_socket = in.paths.console_socket();
  s.open_stdin = options.attach_stdin && in.attached;
  s.stdin_once = true;
  s.held = in.attached;
  if (in.what->probe)
    s.drain_limit = probe_drain;
  const auto size = in.size.value_or(options.console_size.value_or(container::terminal_size{}));
  s.rows = terminal_number(size[0]);
  s.columns = terminal_number(size[1]);
  s.log = {monitor::log_driver::none, {}, 0, 1};
  s.join_cgroups = in.setup->host->join_cgroups;
  s.cgroup_root.clear(); // the container's own monitor looks for kills
  return s;
}

result<monitor::settings> write_exec_files(const exec_input& in) {
  const auto& view = in.of->view;
  const auto runtime = in.setup->runtimes.find(view.host_config->runtime);
  if (runtime == in.setup->runtimes.end())
    return api_error{errc::invalid_parameter,
                     "unknown or invalid runtime name: " + view.host_config->runtime};
  const auto user = find_exec_user_blocking(in.container, *view.host_config, in.what->user);
  if (!user)
    return user.error();
  const auto process = process_text(in, *user);
  if (!process)
    return process.error();
  if (const int error = make_missing_directories(in.paths.directory(), 0700); error != 0)
    return store::file_error("mkdir", in.paths.directory(), error);
  if (auto written = write_file(in.paths.process(), *process, 0600); !written)
    return written.error();
  if (auto written = write_file(in.paths.record(), record_text(*in.what), 0600); !written)
    return written.error();
  return settings_of(in, *runtime->second);
}

/// Kills a process if it is still one of that container.
void kill_process_of(const std::string& container, std::int32_t pid) {
  const host::unique_fd process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  // The descriptor came first: the pid cannot become another's between the look and the kill.
  if (!process || host::read_text("/proc/" + std::to_string(pid) + "/cgroup").find(container) ==
                      std::string::npos)
    return;
  ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
}

} // namespace

result<container::process_user> find_exec_user_blocking(const container_paths& paths,
                                                        const container::host_config& host,
                                                        const std::string& user) {
  auto root = open_root(paths.merged());
  if (!root)
    return root.error();
  return find_root_user(*root, user, host.group_add);
}

result<monitor::settings> prepare_exec_blocking(const exec_input& input) {
  auto ready = write_exec_files(input);
  if (!ready)
    remove_exec_blocking(input.paths);
  return ready;
}

std::vector<exec_ptr> find_execs_blocking(const std::filesystem::path& exec_root) {
  std::vector<exec_ptr> found;
  const auto names = store::names_in(exec_paths::all(exec_root));
  if (!names) {
    log::write(log::level::warn, "exec", "the execs of a former daemon cannot be listed",
               {{"error", names.error().message}});
    return found;
  }
  for (const auto& name : *names) {
    const exec_paths paths{exec_root, name};
    if (auto record = read_record(paths))
      found.push_back(std::move(record));
    else
      remove_exec_blocking(paths);
  }
  return found;
}

monitor::exit_status end_of_exec_blocking(const exec_paths& paths, const std::string& container) {
  if (const auto record = read_exit_record_blocking(paths.exit_file()); record && *record)
    return (*record)->status;
  std::int32_t pid = 0;
  if (monitor::read_number(host::read_word(paths.pid_file()), pid) && pid > 1)
    kill_process_of(container, pid);
  monitor::exit_status status;
  status.code = 128 + SIGKILL;
  status.signal = SIGKILL;
  status.finished_at = nanoseconds_now();
  return status;
}

void remove_exec_blocking(const exec_paths& paths) {
  if (auto removed = store::remove_tree(paths.directory()); !removed)
    log::write(log::level::warn, "exec", "what an exec left could not be deleted",
               {{"exec", paths.id()}, {"error", removed.error().message}});
}

} // namespace gantry::containers
