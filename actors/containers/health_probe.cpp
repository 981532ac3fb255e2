#include "actors/containers/health_probe.hpp"

#include "actors/containers/exec_actor.hpp"
#include "actors/containers/monitor_link.hpp"
#include "actors/containers/times.hpp"
#include "actors/core/figures.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/scheduler.hpp"

#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace gantry::containers {

namespace {

using container::health_result;

/// What is shown of one that could not be run, or not to its end.
constexpr std::int64_t not_run = -1;

/// What it knows. Its exec tells it to attach (`attach_monitor`) and to end (`end_attach`).
struct probe_state {
  static inline const char* name = "health-probe";
  using self_pointer = health_probe_actor::stateful_pointer<probe_state>;
  enum class phase : std::uint8_t {
    starting,
    running,
    ending, ///< the result is told, or nobody wants it
  };

  probe_state() = default;

  void init(self_pointer me, probe_setup given);
  caf::result<core::done> on_attach_monitor(const attach_monitor& to);
  void on_attached(const result<monitor::log_position>& how);
  void on_event(const monitor::event& event);
  void on_lost(const api_error& why);
  void on_late(const probe_late& late);
  void on_end_attach(const end_attach& how);
  void on_refused(const probe_refused& refused);
  void abandon();
  core::facts describe() const;

  void finish(std::int64_t code, std::string output);
  void fail(std::string why);
  void kill();
  void leave(attach_end how, const std::string& error = {});
  void over();

  self_pointer self = nullptr;
  probe_setup setup;
  phase now = phase::starting;
  std::string exec_id;
  caf::strong_actor_ptr exec;
  monitor_link link;
  caf::typed_response_promise<core::done> attached;
  oci::instant started;
  std::chrono::steady_clock::time_point begun; ///< the same moment by a clock that is never set
  container::probe_output output;
  std::optional<monitor::exit_status> exited;
};

void probe_state::init(self_pointer me, probe_setup given) {
  self = me;
  setup = std::move(given);
  started = instant_now();
  begun = std::chrono::steady_clock::now();
  core::counted().health_checks.fetch_add(1, std::memory_order_relaxed);
  container::exec_options options;
  options.cmd = setup.command;
  options.attach_stdout = options.attach_stderr = true;
  auto made = create_exec(setup.services, setup.container, std::move(options), true);
  if (!made) {
    fail(made.error().message);
    return over();
  }
  exec_id = *made;
  if (auto found = setup.services.execs->find(exec_id))
    exec = found->actor;
  auto start = std::make_shared<start_exec>();
  start->session = self;
  start->answer =
      outcome<void>{"exec " + exec_id, [me = health_probe_actor{self}](const result<void>& how) {
                      if (!how)
                        caf::anon_send(me, probe_refused{std::make_shared<api_error>(how.error())});
                    }};
  core::tell(exec, std::move(start));
  caf::delayed_anon_send(health_probe_actor{self}, limits::probe_start, probe_late{false});
}

/// Its process is there, held back until this is answered.
caf::result<core::done> probe_state::on_attach_monitor(const attach_monitor& to) {
  link = monitor_link{runtime::scheduler::of(self->system())->next_io(),
                      core::to_ptr(self),
                      to.control_socket,
                      {[this](const monitor::event& event) { on_event(event); },
                       [this](const api_error& why) { on_lost(why); }}};
  if (now == phase::ending) {
    kill();
    return core::done{};
  }
  attached = self->make_response_promise<core::done>();
  auto answer = attached;
  monitor::attach_request request;
  request.out = request.err = true;
  link.attach(request, [this](const auto& how) { on_attached(how); });
  return answer;
}

void probe_state::on_attached(const result<monitor::log_position>& how) {
  if (!how)
    return on_lost(how.error());
  attached.deliver(core::done{});
  if (now != phase::starting)
    return;
  now = phase::running;
  core::counted().health_check_starts.add(std::chrono::steady_clock::now() - begun);
  caf::delayed_anon_send(health_probe_actor{self}, caf::timespan{setup.timeout}, probe_late{true});
}

void probe_state::on_event(const monitor::event& event) {
  if (const auto* bytes = std::get_if<monitor::output_bytes>(&event)) {
    const auto was_cut = output.is_cut();
    output.add(bytes->bytes);
    if (!was_cut && output.is_cut()) // the monitor drops the rest
      link.ask(monitor::detach_request{}, [](const result<void>&) {});
  } else if (const auto* end = std::get_if<monitor::exited>(&event)) {
    exited = end->status;
    core::tell(exec, attach_exited{self->id(), end->status}); // lets go of this, in its own turn
  }
}

void probe_state::on_lost(const api_error& why) {
  fail(why.message);
  leave(attach_end::failed, why.message);
}

void probe_state::on_late(const probe_late& late) {
  if (now == phase::starting && !late.running)
    return fail("timed out starting health check for container " + setup.container->view.id);
  if (now != phase::running || !late.running)
    return;
  finish(not_run, container::probe_timeout_text(setup.timeout, output));
  kill();
}

/// The exec has ended, and everybody was told so; or it could not be started, and this is why.
void probe_state::on_end_attach(const end_attach& how) {
  std::string_view why = how.text;
  if (why.ends_with("\r\n"))
    why.remove_suffix(2);
  if (exited)
    finish(exited->code, output.text());
  else if (!why.empty())
    fail(std::string{why});
  leave(attach_end::ended);
}

void probe_state::on_refused(const probe_refused& refused) {
  fail(refused.why->message);
  over();
}

void probe_state::abandon() {
  now = phase::ending;
  kill();
}

/// Only the first time counts.
void probe_state::finish(std::int64_t code, std::string text) {
  if (std::exchange(now, phase::ending) == phase::ending)
    return;
  auto found =
      std::make_shared<health_result>(health_result{started, instant_now(), code, std::move(text)});
  caf::anon_send(setup.owner, probe_result{self->id(), std::move(found)});
}

/// It could not be run, or not be heard to its end.
void probe_state::fail(std::string why) {
  if (now != phase::ending)
    core::counted().health_checks_failed.fetch_add(1, std::memory_order_relaxed);
  finish(not_run, std::move(why));
}

void probe_state::kill() {
  if (!link.is_open() || exited)
    return;
  const auto ignore = [](const result<void>&) {};
  link.ask(monitor::start_request{}, ignore); // it may be held back still
  link.ask(monitor::signal_request{0, SIGKILL}, ignore);
}

void probe_state::leave(attach_end how, const std::string& error) {
  if (attached.pending())
    attached.deliver(core::done{});
  core::tell(exec, attach_ended{self->id(), how, error});
  over();
}

void probe_state::over() {
  link.close();
  caf::anon_send(setup.owner, probe_over{self->id(), exec_id});
  self->quit();
}

core::facts probe_state::describe() const {
  constexpr const char* phases[] = {"being started", "running", "ending"};
  return {{{"container", setup.container->view.id},
           {"exec", exec_id},
           {"is", phases[static_cast<int>(now)]}}};
}

health_probe_actor::behavior_type
run_health_probe(health_probe_actor::stateful_pointer<probe_state> self,
                 const std::shared_ptr<probe_setup>& setup) {
  self->state.init(self, std::move(*setup));
  auto& s = self->state;
  return {
      [&s](const attach_monitor& x) { return s.on_attach_monitor(x); },
      [&s](const end_attach& x) { s.on_end_attach(x); },
      [&s](const core::io_ready& x) { s.link.on_ready(x); },
      [](const log_slice_read&) {},
      [&s](core::describe) { return s.describe(); },
      [&s](abandon_probe) { s.abandon(); },
      [&s](const probe_late& x) { s.on_late(x); },
      [&s](const probe_refused& x) { s.on_refused(x); },
  };
}

} // namespace

health_probe_actor spawn_health_probe(caf::local_actor* parent, probe_setup setup) {
  return runtime::spawn(parent, run_health_probe, std::make_shared<probe_setup>(std::move(setup)));
}

} // namespace gantry::containers
