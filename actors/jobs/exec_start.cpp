#include "actors/containers/exec_actor.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/container_output.hpp"
#include "actors/jobs/exec_lookup.hpp"
#include "actors/runtime/actor.hpp"

#include <caf/exit_reason.hpp>

#include <memory>
#include <utility>

namespace gantry::jobs {

/// INTERNAL: what became of the start.
struct exec_start_over {
  std::shared_ptr<result<void>> how;
};

} // namespace gantry::jobs

GANTRY_LOCAL_MESSAGE(gantry::jobs::exec_start_over)

namespace gantry::jobs {

namespace {

using containers::container_services;
using exec_start_actor = core::job_actor::extend<caf::reacts_to<exec_start_over>>;

/// Has an exec start, with its client's connection or without, and waits for what comes of it.
struct exec_start_state {
  static inline const char* name = "exec-start-job";
  using self_pointer = exec_start_actor::stateful_pointer<exec_start_state>;
  exec_start_state() = default;
  ~exec_start_state();

  void init(self_pointer me, engine::job_run asked, const container_services& services);
  result<void> begin(const container_services& services);
  void on_socket(core::job_socket& socket);
  void hand_over(core::job_socket socket);
  void on_over(const result<void>& how);
  void on_cancel(const std::string& reason);
  void leave() const { core::tell(attached ? exec.actor : nullptr, containers::leave_exec{}); }
  core::facts describe() const;

  self_pointer self = nullptr;
  engine::job_run run;
  container::exec_start_options options;
  containers::shared_execs::known exec;
  bool attached = false;
};

/// It is over, unless the daemon ends: nobody waits for a client then.
exec_start_state::~exec_start_state() {
  if (attached && exec.actor)
    caf::anon_send_exit(exec.actor, caf::exit_reason::user_shutdown);
}

void exec_start_state::init(self_pointer me, engine::job_run asked,
                            const container_services& services) {
  self = me;
  run = std::move(asked);
  if (auto begun = begin(services); !begun) {
    run.fail(begun.error());
    self->quit();
  }
}

result<void> exec_start_state::begin(const container_services& services) {
  const auto& environment = run.environment();
  auto read =
      container::parse_exec_start_options(environment.get("body"), version_asked(environment));
  if (!read)
    return read.error();
  options = *read;
  auto found = usable_exec(services, {run.name(), run.args(), environment});
  if (!found)
    return found.error();
  exec = std::move(*found);
  if (options.detach)
    hand_over({});
  else
    run.take_socket(core::to_ptr(exec_start_actor{self}), output_type(!options.tty, environment));
  return {};
}

void exec_start_state::on_socket(core::job_socket& socket) {
  if (!socket.stream) {
    run.fail(errc::unavailable, "exec_start: the client has left");
    return self->quit();
  }
  attached = true;
  hand_over(std::move(socket));
}

void exec_start_state::hand_over(core::job_socket socket) {
  auto start = std::make_shared<containers::start_exec>();
  start->client = std::move(socket);
  start->framed = !options.tty;
  start->size = options.console_size;
  const auto& id = run.args().front();
  start->answer = containers::outcome<void>{
      "exec " + id, [me = exec_start_actor{self}](result<void> how) {
        caf::anon_send(me, exec_start_over{std::make_shared<result<void>>(std::move(how))});
      }};
  if (exec.actor)
    core::tell(exec.actor, std::move(start));
  else
    containers::refuse_start(self->system(), *start,
                             {errc::conflict, "exec command " + id + " has already run"});
}

void exec_start_state::on_over(const result<void>& how) {
  attached = false;
  if (how)
    run.succeed();
  else
    run.fail(how.error());
  self->quit();
}

void exec_start_state::on_cancel(const std::string& reason) {
  if (attached)
    return leave(); // tells when it has
  run.fail(errc::unavailable, "exec_start: " + reason);
  self->quit();
}

core::facts exec_start_state::describe() const {
  return {{{"exec", run.args().empty() ? "" : run.args().front()},
           {"client", options.detach ? "detached"
                      : attached     ? "attached"
                                     : "asked for"}}};
}

exec_start_actor::behavior_type
run_exec_start(exec_start_actor::stateful_pointer<exec_start_state> self,
               const std::shared_ptr<engine::job_run>& run, const container_services& services) {
  self->state.init(self, std::move(*run), services);
  return {
      [self](const core::job_cancel& cancel) { self->state.on_cancel(cancel.reason); },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [self](core::job_socket& socket) { self->state.on_socket(socket); },
      [self](core::describe) { return self->state.describe(); },
      [self](const exec_start_over& over) { self->state.on_over(*over.how); },
  };
}

} // namespace

result<void> add_exec_start_job(engine::job_table& table, const container_services& services) {
  return table.add(
      "exec_start", engine::job_handler{[services](caf::local_actor* engine, engine::job_run run) {
        return runtime::spawn(engine, run_exec_start,
                              std::make_shared<engine::job_run>(std::move(run)), services);
      }});
}

} // namespace gantry::jobs
