#include "actors/containers/exec_actor.hpp"

#include "actors/containers/container_event.hpp"
#include "actors/containers/exec_files.hpp"
#include "actors/containers/exec_state.hpp"
#include "actors/core/fresh_id.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>

#include <utility>
#include <variant>
#include <vector>

namespace gantry::containers {

namespace {

/// How long a resize waits for the process (section 10).
constexpr caf::timespan resize_patience = std::chrono::seconds{10};
/// Resizes that wait at a time.
constexpr std::size_t most_resizes = 100;

} // namespace

/// Its session has ended, unless the daemon ends: nobody waits for a client then.
exec_state::~exec_state() {
  if (session_)
    caf::anon_send_exit(session_, caf::exit_reason::user_shutdown);
}

void exec_state::show() {
  services_.execs->renew(std::make_shared<const container::exec_view>(view_));
}

void exec_state::publish(std::string action, std::optional<std::int64_t> exit_code) const {
  if (!container_)
    return;
  const auto now = services_.all->find(view_.container_id); // it may have another name
  auto e = event_of(now ? (*now)->view : container_->view, std::move(action));
  e.attributes.insert_or_assign("execID", view_.id);
  if (exit_code)
    e.attributes.insert_or_assign("exitCode", std::to_string(*exit_code));
  services_.publish(std::move(e));
}

// -- the end --------------------------------------------------------------------------------------

void exec_state::on_event(const monitor::event& event) {
  if (const auto* hello = std::get_if<monitor::hello>(&event)) {
    if (hello->pid != 0 && view_.pid == 0) {
      view_.pid = hello->pid;
      show();
    }
    if (hello->state == monitor::process_state::exited)
      on_exited(hello->exit);
  } else if (const auto* exited = std::get_if<monitor::exited>(&event)) {
    on_exited(exited->status);
  }
}

/// It may have ended before anybody looked, or its monitor was killed.
void exec_state::on_lost() {
  if (phase_ == phase::over)
    return;
  const auto queued =
      services_.pool->ask("end of exec " + view_.id.substr(0, 12), exec_actor{self_},
                          [paths = paths_, container = view_.container_id] {
                            return exec_end_found{end_of_exec_blocking(paths, container)};
                          });
  if (queued)
    return;
  monitor::exit_status unknown;
  unknown.code = 137;
  on_exited(unknown);
}

void exec_state::on_exited(const monitor::exit_status& how) {
  if (phase_ == phase::over)
    return;
  end(how.code);
  publish("exec_die", how.code);
  quit_if_done();
}

/// It is shown as ended before anybody is told so.
void exec_state::end(std::int64_t code) {
  phase_ = phase::over;
  view_.running = false;
  view_.exit_code = code;
  show();
  link_.close();
  for (auto& waiting : std::exchange(resizes_, {}))
    waiting->answer.tell(no_process(view_));
  services_.pool->submit("remove exec " + view_.id.substr(0, 12),
                         [paths = paths_] { remove_exec_blocking(paths); });
}

void exec_state::on_session_exited(const attach_exited& e) {
  on_exited(e.status);
  end_session();
}

void exec_state::on_session_ended(const attach_ended& e) {
  session_ = nullptr;
  if (e.how == attach_end::detached)
    publish("exec_detach");
  if (e.how == attach_end::failed)
    log::write(log::level::error, "exec", "the session of a client has failed",
               {{"exec", view_.id}, {"error", e.error}});
  if (asked_)
    asked_->answer.tell({});
  quit_if_done();
}

void exec_state::end_session(const std::string& text) {
  if (session_)
    caf::anon_send(session_, end_attach{text});
}

void exec_state::quit_if_done() {
  if (phase_ == phase::over && !session_)
    self_->quit();
}

/// Those that run end with it: their monitors say so.
void exec_state::on_container_ended() {
  if (phase_ != phase::created)
    return;
  services_.execs->forget(view_.id);
  self_->quit();
}

// -- the terminal ---------------------------------------------------------------------------------

void exec_state::resize(const resize_exec_ptr& what) {
  if (phase_ == phase::over)
    return what->answer.tell(no_process(view_));
  if (phase_ >= phase::attaching)
    return resize_now(what);
  if (resizes_.size() >= most_resizes)
    return what->answer.tell(
        api_error{errc::unavailable, "too many requests wait for exec " + view_.id});
  resizes_.push_back(what);
  caf::delayed_anon_send(exec_actor{self_}, resize_patience, exec_resize_late{what});
}

void exec_state::on_late(const resize_exec_ptr& what) {
  if (std::erase(resizes_, what) > 0)
    what->answer.tell(api_error{errc::system, "timeout waiting for exec session ready"});
}

/// Of a process without a terminal nothing is asked, as dockerd does it.
void exec_state::resize_now(const resize_exec_ptr& what) {
  if (!view_.options->tty)
    return what->answer.tell({});
  link_.ask(monitor::resize_request{0, what->rows, what->columns},
            [what](const result<void>& how) { what->answer.tell(how); });
}

core::facts exec_state::describe() const {
  constexpr const char* phases[] = {
      "created", "being prepared", "being made", "held for its client", "running", "ended"};
  return {{{"exec", view_.id},
           {"container", view_.container_id},
           {"is", phases[static_cast<int>(phase_)]},
           {"pid", std::to_string(view_.pid)},
           {"client", session_ ? "attached" : "none"}}};
}

namespace {

exec_actor::behavior_type run_exec(exec_actor::stateful_pointer<exec_state> self,
                                   container_services services,
                                   const std::shared_ptr<const container::exec_view>& what) {
  self->state.init(self, std::move(services), *what);
  auto& s = self->state;
  return {
      [&s](take_back_exec) { s.take_back(); },
      [&s](const start_exec_ptr& x) { s.start(x); },
      [&s](leave_exec) { s.leave(); },
      [&s](const resize_exec_ptr& x) { s.resize(x); },
      [&s](exec_container_ended) { s.on_container_ended(); },
      [&s](const core::io_ready& x) { s.on_ready(x); },
      [&s](exec_setup_known) { s.prepare(); },
      [&s](const exec_prepared& x) { s.on_prepared(*x.how); },
      [&s](const exec_launched& x) { s.on_launched(*x.how); },
      [&s](const exec_end_found& x) { s.on_end_found(x); },
      [&s](const exec_resize_late& x) { s.on_late(x.what); },
      [&s](const attach_exited& x) { s.on_session_exited(x); },
      [&s](const attach_ended& x) { s.on_session_ended(x); },
      [&s](core::describe) { return s.describe(); },
  };
}

result<void> add_exec(const container_services& services, const exec_ptr& what) {
  auto actor = core::to_ptr(runtime::spawn(*services.system, run_exec, services, what));
  auto added = services.execs->add(what, actor);
  if (!added)
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  else if (what->running)
    core::tell(actor, take_back_exec{});
  return added;
}

} // namespace

api_error no_process(const container::exec_view& ended) {
  if (ended.pid == 0)
    return {errc::invalid_parameter, "exec process is not started"};
  return {errc::not_found, "no such exec"};
}

result<std::string> create_exec(const container_services& services, const published_ptr& container,
                                container::exec_options options, bool probe) {
  auto id = core::fresh_id();
  if (!id)
    return id;
  auto what = std::make_shared<container::exec_view>();
  what->id = *id;
  what->container_id = container->view.id;
  what->probe = probe;
  what->user = options.user.empty() ? container->view.config->user : options.user;
  what->options = std::make_shared<const container::exec_options>(std::move(options));
  if (auto added = add_exec(services, what); !added)
    return added.error();
  if (auto still = services.all->find(what->container_id); !still) {
    forget_execs_of(services, what->container_id);
    return still.error();
  }
  auto e = event_of(container->view, "exec_create: " + container::command_text(*what->options));
  e.attributes.insert_or_assign("execID", *id);
  services.publish(std::move(e));
  return id;
}

void end_execs_of(const container_services& services, const std::string& container) {
  for (auto& actor : services.execs->actors_in(container))
    core::tell(actor, exec_container_ended{});
}

void forget_execs_of(const container_services& services, const std::string& container) {
  for (auto& actor : services.execs->forget_container(container))
    core::tell(actor, exec_container_ended{});
}

void end_execs(const container_services& services) {
  for (auto& actor : services.execs->actors())
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

void recover_execs_blocking(const container_services& services) {
  for (const auto& found : find_execs_blocking(services.exec_root)) {
    auto added = add_exec(services, found);
    if (!added)
      log::write(log::level::error, "exec", "an exec of a former daemon is not taken back",
                 {{"exec", found->id}, {"error", added.error().message}});
  }
}

} // namespace gantry::containers
