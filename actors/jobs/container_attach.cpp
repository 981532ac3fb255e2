#include "actors/containers/attach_session.hpp"
#include "actors/containers/container_actor.hpp"
#include "actors/containers/container_event.hpp"
#include "actors/containers/container_services.hpp"
#include "actors/containers/log_setup.hpp"
#include "actors/containers/websocket_format.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/container_output.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/log.hpp"
#include "protocol/container/detach_keys.hpp"

#include <caf/exit_reason.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace gantry::jobs {

namespace {

using container::container_status;
using containers::container_services;

using attach_job_actor = core::job_actor::extend<caf::reacts_to<containers::attach_ended>>;

/// A session that may begin.
struct attach_plan {
  containers::published_ptr container;
  containers::attach_options options;
  monitor::log_files log;
  bool framed = false;
  std::optional<containers::websocket_kind> websocket; ///< none: the connection as it is
};

std::unique_ptr<containers::attach_format> format_of(const attach_plan& plan) {
  if (plan.websocket)
    return containers::websocket_attach_format(*plan.websocket);
  return plan.framed ? containers::framed_attach_format() : containers::raw_attach_format();
}

result<void> check_state(const container::container_view& view, const std::string& name) {
  if (view.state.status == container_status::paused)
    return api_error{errc::conflict,
                     "container " + name + " is paused, unpause the container before attach"};
  if (view.state.status == container_status::restarting)
    return api_error{errc::conflict,
                     "container " + name + " is restarting, wait until the container is running"};
  return {};
}

result<attach_plan> read_plan(const container_services& services, const job::request& asked) {
  const auto& environment = asked.environment;
  auto keys = container::parse_detach_keys(environment.get("detachKeys"));
  if (!keys)
    return keys.error();
  auto found = named_container(*services.all, asked);
  if (!found)
    return found.error();
  const auto& view = (*found)->view;
  if (auto good = check_state(view, asked.args.front()); !good)
    return good.error();
  attach_plan plan{*found, {}, {}, has_frames(view, environment), {}};
  if (const auto& kind = environment.get("websocket"); !kind.empty())
    plan.websocket =
        kind == "text" ? containers::websocket_kind::text : containers::websocket_kind::binary;
  auto& o = plan.options;
  o.in = environment.get_bool("stdin") && view.config->open_stdin;
  o.out = environment.get_bool("stdout");
  o.err = environment.get_bool("stderr");
  o.logs = environment.get_bool("logs");
  o.stream = environment.get_bool("stream");
  o.tty = view.config->tty;
  o.stdin_once = view.config->stdin_once && !o.tty;
  if (o.tty)
    o.detach_keys = std::move(*keys);
  if (o.logs) {
    auto log = containers::log_files_of(view.host_config->log_config, paths_of(services, view.id));
    if (!log)
      return log.error();
    plan.log = std::move(*log);
    if (plan.log.driver == monitor::log_driver::none)
      return api_error{errc::not_implemented, "configured logging driver does not support reading"};
  }
  return plan;
}

/// Takes its client's connection, starts a session with it, and lives as long as that.
struct attach_job_state {
  static inline const char* name = "attach-job";
  using self_pointer = attach_job_actor::stateful_pointer<attach_job_state>;
  attach_job_state() = default;
  ~attach_job_state();

  void init(self_pointer me, engine::job_run asked, const container_services& given);
  void on_socket(core::job_socket& socket);
  void start_session(core::job_socket& socket);
  void on_ended(const containers::attach_ended& ended);
  void on_cancel(const std::string& reason);
  void end_session();
  void end();
  core::facts describe() const;

  self_pointer self = nullptr;
  engine::job_run run;
  container_services services;
  attach_plan plan;
  containers::attach_session_actor session;
};

/// The session has ended, unless the daemon ends: nobody waits for a client then.
attach_job_state::~attach_job_state() {
  if (session)
    caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
}

void attach_job_state::init(self_pointer me, engine::job_run asked,
                            const container_services& given) {
  self = me;
  run = std::move(asked);
  services = given;
  auto read = read_plan(services, {run.name(), run.args(), run.environment()});
  if (!read) {
    run.fail(read.error());
    return self->quit();
  }
  plan = std::move(*read);
  run.take_socket(core::to_ptr(attach_job_actor{self}),
                  output_type(plan.framed, run.environment()));
}

void attach_job_state::on_socket(core::job_socket& socket) {
  if (!socket.stream) {
    run.fail(errc::unavailable, "container_attach: the client has left");
    return self->quit();
  }
  services.publish(containers::event_of(plan.container->view, "attach"));
  const auto& o = plan.options;
  if (o.logs || o.stream || plan.websocket) // which has to be closed in its own way
    return start_session(socket);
  socket.stream->end_writing();
  end();
}

void attach_job_state::start_session(core::job_socket& socket) {
  const auto& id = plan.container->view.id;
  auto whose = services.all->actor_of(id);
  containers::attach_setup setup;
  setup.client = std::move(socket);
  setup.format = format_of(plan);
  setup.options = plan.options;
  setup.log = plan.log;
  setup.pool = services.pool;
  setup.streams = services.streams;
  setup.owner = core::to_ptr(attach_job_actor{self});
  session = containers::start_attach_session(*services.system, std::move(setup));
  if (!plan.options.stream)
    return;
  // When the container goes, whoever still waits for it has waited in vain.
  self->set_down_handler([this](caf::down_msg&) { end_session(); });
  if (!whose)
    return end_session();
  self->monitor(whose);
  core::tell(whose, containers::attach_to{session});
}

void attach_job_state::on_ended(const containers::attach_ended& ended) {
  session = nullptr;
  if (ended.how == containers::attach_end::detached)
    services.publish(containers::event_of(plan.container->view, "detach"));
  if (ended.how == containers::attach_end::failed)
    log::write(log::level::error, "attach", "the session of a client has failed",
               {{"container", plan.container->view.id}, {"error", ended.error}});
  end();
}

void attach_job_state::on_cancel(const std::string& reason) {
  if (session)
    return end_session(); // tells when it has
  run.fail(errc::unavailable, "container_attach: " + reason);
  self->quit();
}

void attach_job_state::end_session() {
  if (session)
    caf::anon_send(session, containers::end_attach{});
}

void attach_job_state::end() {
  run.succeed();
  self->quit();
}

core::facts attach_job_state::describe() const {
  return {{{"container", plan.container->view.id},
           {"session", session ? std::to_string(session.id()) : "none yet"}}};
}

attach_job_actor::behavior_type
run_attach_job(attach_job_actor::stateful_pointer<attach_job_state> self,
               const std::shared_ptr<engine::job_run>& run, const container_services& services) {
  self->state.init(self, std::move(*run), services);
  return {
      [self](const core::job_cancel& cancel) { self->state.on_cancel(cancel.reason); },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [self](core::job_socket& socket) { self->state.on_socket(socket); },
      [self](core::describe) { return self->state.describe(); },
      [self](const containers::attach_ended& ended) { self->state.on_ended(ended); },
  };
}

} // namespace

result<void> add_container_attach_job(engine::job_table& table,
                                      const container_services& services) {
  return table.add("container_attach",
                   engine::job_handler{[services](caf::local_actor* engine, engine::job_run run) {
                     return runtime::spawn(engine, run_attach_job,
                                           std::make_shared<engine::job_run>(std::move(run)),
                                           services);
                   }});
}

} // namespace gantry::jobs
