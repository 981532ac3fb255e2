// The start of a container: from the request to the running process.

#include "actors/containers/container_state.hpp"
#include "actors/containers/in_turn.hpp"
#include "actors/containers/kept_layers.hpp"
#include "actors/containers/monitor_launch.hpp"
#include "actors/containers/times.hpp"
#include "actors/runtime/log.hpp"
#include "protocol/container/start_failure.hpp"

#include <caf/actor_system.hpp>

#include <utility>

namespace gantry::containers {

namespace {

/// From the first byte of the launch until the process runs, apart from the runtime's own deadline.
constexpr caf::timespan start_answer = std::chrono::seconds{70};

/// X of a mode `container:X`; empty for another mode.
std::string donor_of(const std::string& mode) {
  constexpr std::string_view prefix = "container:";
  return mode.starts_with(prefix) ? mode.substr(prefix.size()) : std::string{};
}

} // namespace

container::nullable_map container_state::root_directories() const {
  if (definition_->driver != to_string(store::layer_driver::overlay))
    return std::nullopt;
  const auto layers = kept_layers(*services_.images.layers, definition_->layers);
  if (!layers)
    return std::nullopt;
  auto lower = paths_.init().native();
  for (auto tree = layers->trees.rbegin(); tree != layers->trees.rend(); ++tree)
    lower += ":" + tree->native();
  return container::string_map{{"LowerDir", std::move(lower)},
                               {"MergedDir", paths_.merged().native()},
                               {"UpperDir", paths_.upper().native()},
                               {"WorkDir", paths_.work().native()}};
}

result<std::shared_ptr<start_input>> container_state::start_input_of() const {
  auto& setup = *services_.setup;
  auto& d = *definition_;
  auto runtime = setup.runtimes.find(host_config_->runtime);
  if (runtime == setup.runtimes.end())
    return api_error{errc::invalid_parameter,
                     "unknown or invalid runtime name: " + host_config_->runtime};
  auto layers = kept_layers(*services_.images.layers, d.layers);
  if (!layers)
    return layers.error();
  auto input = std::make_shared<start_input>(start_input{paths_,
                                                         std::move(*layers),
                                                         name_,
                                                         d.image_id,
                                                         d.path,
                                                         d.args,
                                                         config_,
                                                         host_config_,
                                                         d.mounts,
                                                         {},
                                                         setup.host,
                                                         setup.daemon,
                                                         runtime->second,
                                                         setup.start,
                                                         {},
                                                         {},
                                                         0,
                                                         {},
                                                         {},
                                                         {},
                                                         {}});
  auto running = [this](const std::string& id, const char* what) -> result<std::int32_t> {
    auto donor = services_.all->find(id);
    if (!donor)
      return api_error{errc::not_found, "No such container: " + id};
    auto& state = (*donor)->view.state;
    if (state.pid == 0)
      return api_error{errc::conflict, std::string{what} + " container " + id + " is not running"};
    return static_cast<std::int32_t>(state.pid);
  };
  if (auto id = donor_of(host_config_->network_mode); !id.empty()) {
    auto pid = running(id, "cannot join network of a non running container:");
    if (!pid)
      return pid.error();
    container_paths donor{services_.data_root, services_.exec_root, id};
    input->network = network_donor{
        *pid, {donor.hostname().string(), donor.hosts().string(), donor.resolv_conf().string()}};
  }
  if (auto id = donor_of(host_config_->ipc_mode); !id.empty()) {
    auto pid = running(id, "cannot join IPC of a non running container:");
    if (!pid)
      return pid.error();
    container_paths donor{services_.data_root, services_.exec_root, id};
    input->ipc = ipc_donor{*pid, donor.shm().string()};
  }
  if (auto id = donor_of(host_config_->pid_mode); !id.empty()) {
    auto pid = running(id, "failed to join PID namespace:");
    if (!pid)
      return pid.error();
    input->pid_donor = *pid;
  }
  return input;
}

void container_state::begin_start() {
  run_ = std::make_unique<container_run>();
  auto input = start_input_of();
  if (!input) {
    life->start_failed(input.error(), container::start_failure(input.error()).exit_code);
    run_.reset();
    end_sessions({});
    return go_on();
  }
  run_->runtime = (*input)->runtime;
  was_tried_ = true;
  publish_networks(true);
  mount_volumes(0, [this, input = *input](const result<void>& how) {
    if (!run_ || run_->now != phase::preparing)
      return;
    if (!how)
      return fail_start(how.error(), false);
    publish_mounts(true);
    on_worker<result<prepared_start>>(
        "start", [input] { return prepare_start_blocking(*input); },
        [this](result<prepared_start> done) { on_prepared(std::move(done)); });
  });
}

void container_state::on_prepared(result<prepared_start> how) {
  if (!run_ || run_->now != phase::preparing)
    return;
  if (!how)
    return fail_start(how.error(), false);
  for (auto& warning : how->warnings)
    log::write(log::level::warn, "container", warning, {{"container", id_}});
  run_->prepared = std::make_shared<const prepared_start>(std::move(*how));
  run_->now = phase::launching;
  monitor_launch launch{services_.setup->monitor_program, paths_.monitor_settings().string(),
                        run_->prepared->monitor, services_.copies};
  launch_monitor(*services_.system, *io_, *services_.pool, std::move(launch),
                 in_turn<result<std::int32_t>>(
                     "launched", [this](result<std::int32_t> done) { on_launched(done); }));
}

void container_state::on_launched(const result<std::int32_t>& how) {
  if (!run_ || run_->now != phase::launching)
    return;
  run_->made = true; // whatever the runtime says of it
  if (!how)
    return fail_start(container::runtime_failure("create", how.error(), definition_->path));
  run_->pid = *how;
  run_->now = phase::attaching;
  connect();
  for (auto& session : std::exchange(sessions_, {}))
    attach_now(session);
  go_when_attached();
}

void container_state::connect() {
  link = monitor_link{*io_,
                      core::to_ptr(self_),
                      paths_.control_socket().string(),
                      {[this](const monitor::event& event) { on_event(event); },
                       [this](const api_error& why) { on_lost(why); }}};
}

void container_state::attach(const attach_to& what) {
  if (!run_ || run_->now < phase::attaching) {
    sessions_.push_back(what.session);
    return;
  }
  if (run_->now > phase::up)
    return caf::anon_send(what.session, end_attach{});
  attach_now(what.session);
}

void container_state::attach_now(const attach_session_actor& session) {
  ++run_->sessions_open;
  auto told = [this] {
    if (!run_ || run_->sessions_open == 0)
      return;
    --run_->sessions_open;
    go_when_attached();
  };
  // One that cannot be attached holds nobody up.
  self_->request(session, limits::attach_answer, attach_monitor{paths_.control_socket().string()})
      .then([told](core::done) { told(); }, [told](const caf::error&) { told(); });
}

void container_state::go_when_attached() {
  if (run_->now != phase::attaching || run_->sessions_open != 0)
    return;
  run_->now = phase::starting;
  link.ask(
      monitor::start_request{},
      [this](const result<void>& how) {
        if (!how && run_ && run_->now == phase::starting)
          fail_start(container::runtime_failure("start", how.error(), definition_->path));
      },
      start_answer);
}

void container_state::on_event(const monitor::event& event) {
  if (auto* hello = std::get_if<monitor::hello>(&event)) {
    if (run_ && hello->state == monitor::process_state::exited)
      on_exited(hello->exit);
    return;
  }
  if (auto* started = std::get_if<monitor::started_event>(&event)) {
    if (!run_ || run_->now != phase::starting)
      return;
    run_->now = phase::up;
    life->started(run_->pid, instant_of(started->at));
    return go_on();
  }
  if (std::holds_alternative<monitor::oom_event>(event)) {
    life->out_of_memory();
    return go_on();
  }
  if (auto* exited = std::get_if<monitor::exited>(&event))
    on_exited(exited->status);
}

void container_state::run_command(const char* what, std::vector<std::string> args,
                                  std::function<void(const result<std::string>&)> then,
                                  std::string input) {
  auto runtime = run_ ? run_->runtime : nullptr;
  if (!runtime)
    return then(api_error{errc::conflict, "container " + id_ + " is not running"});
  auto command = call_of(*runtime, paths_.runtime_root(runtime->name));
  command.args = std::move(args);
  command.input = std::move(input);
  run_runtime(*services_.system, *io_, *services_.pool, std::move(command),
              in_turn<result<std::string>>(
                  what, [then = std::move(then)](result<std::string> how) { then(how); }));
}

void container_state::fail_start(const api_error& why, bool interpreted) {
  run_->failure = why;
  run_->now = phase::failing;
  link.close();
  take_down([this, interpreted] {
    constexpr std::int64_t not_started = 128;
    auto failure = interpreted ? container::start_failure(run_->failure)
                               : container::start_failure_meaning{run_->failure, not_started};
    run_.reset();
    end_sessions({});
    publish_departure();
    life->start_failed(failure.error, failure.exit_code);
    go_on();
  });
}

void container_state::end_sessions(const std::string& text) {
  for (auto& session : std::exchange(sessions_, {}))
    caf::anon_send(session, end_attach{text});
}

} // namespace gantry::containers
