// The start of an exec: from the request to the running process.

#include "actors/containers/exec_files.hpp"
#include "actors/containers/exec_state.hpp"
#include "actors/containers/monitor_launch.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/scheduler.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "protocol/container/start_failure.hpp"

#include <caf/actor_system.hpp>

#include <csignal>
#include <utility>

namespace gantry::containers {

namespace {

/// The exit code of one that could not be started, if the failure has none.
constexpr std::int64_t cannot_start = 126;

attach_session_actor open_session(caf::actor_system& sys, start_exec& asked, attach_options options,
                                  caf::strong_actor_ptr owner, core::stream_board* streams) {
  attach_setup setup;
  setup.streams = streams;
  setup.client = std::move(asked.client);
  setup.format = asked.framed ? framed_attach_format() : raw_attach_format();
  setup.options = std::move(options);
  setup.owner_ends = owner != nullptr;
  setup.owner = std::move(owner);
  return start_attach_session(sys, std::move(setup));
}

} // namespace

void refuse_start(caf::actor_system& sys, start_exec& asked, const api_error& why) {
  if (!asked.client.stream)
    return asked.answer.tell(why);
  attach_options output;
  output.out = true;
  caf::anon_send(open_session(sys, asked, output, nullptr, nullptr),
                 end_attach{why.message + "\r\n"});
  asked.answer.tell({});
}

void exec_state::init(self_pointer me, container_services given, container::exec_view what) {
  self_ = me;
  services_ = std::move(given);
  io_ = &runtime::scheduler::of(*services_.system)->next_io();
  view_ = std::move(what);
  paths_ = exec_paths{services_.exec_root, view_.id};
  if (auto found = services_.all->find(view_.container_id))
    container_ = *found;
}

void exec_state::take_back() {
  phase_ = phase::attaching;
  connect();
  let_go();        // nobody else would
  if (view_.probe) // nobody waits for it, nor would end it at its time-out
    link_.ask(monitor::signal_request{0, SIGKILL}, [](const result<void>&) {});
}

bool exec_state::wants_streams() const {
  const auto& wanted = *view_.options;
  return wanted.attach_stdin || wanted.attach_stdout || wanted.attach_stderr;
}

// -- the start ------------------------------------------------------------------------------------

attach_options exec_state::session_options() const {
  const auto& wanted = *view_.options;
  attach_options o;
  o.in = wanted.attach_stdin;
  o.err = wanted.attach_stderr;
  // Who wants nothing is told at least what goes wrong.
  o.out = wanted.attach_stdout || !wants_streams();
  o.tty = wanted.tty;
  o.stdin_once = !wanted.tty;
  if (o.tty)
    o.detach_keys = container::detach_keys_of(wanted);
  return o;
}

void exec_state::start(const start_exec_ptr& asked) {
  if (phase_ != phase::created)
    return refuse_start(
        *services_.system, *asked,
        {errc::conflict, "exec command " + view_.id +
                             (phase_ == phase::over ? " has already run" : " is already running")});
  asked_ = asked;
  session_ = asked->session;
  attached_ = session_ || asked->client.stream;
  view_.running = true;
  show();
  publish("exec_start: " + container::command_text(*view_.options));
  if (attached_ && !session_)
    session_ = open_session(*services_.system, *asked, session_options(),
                            core::to_ptr(exec_actor{self_}), services_.streams);
  phase_ = phase::preparing;
  const auto waits = services_.setup.when_known(
      [me = exec_actor{self_}] { caf::anon_send(me, exec_setup_known{}); });
  if (!waits)
    fail({errc::unavailable, "exec: too many wait for the daemon's start; try again later"},
         cannot_start);
}

void exec_state::prepare() {
  if (phase_ != phase::preparing)
    return;
  auto found = services_.all->find(view_.container_id);
  if (!found)
    return fail(found.error(), cannot_start);
  container_ = *found;
  exec_input input{paths_,
                   {services_.data_root, services_.exec_root, view_.container_id},
                   container_,
                   std::make_shared<const container::exec_view>(view_),
                   services_.setup.get(),
                   asked_->size,
                   attached_};
  const auto queued = services_.pool->ask(
      "exec in " + view_.container_id.substr(0, 12), exec_actor{self_}, [input = std::move(input)] {
        return exec_prepared{
            std::make_shared<result<monitor::settings>>(prepare_exec_blocking(input))};
      });
  if (!queued)
    fail({errc::unavailable, "exec: too much work is waiting; try again later"}, cannot_start);
}

void exec_state::on_prepared(const result<monitor::settings>& how) {
  if (!how)
    return fail(how.error(), cannot_start);
  phase_ = phase::launching;
  monitor_launch launch{services_.setup->monitor_program, paths_.monitor_settings(), *how,
                        services_.copies};
  launch_monitor(*services_.system, *io_, *services_.pool, std::move(launch),
                 [me = exec_actor{self_}](result<std::int32_t> done) {
                   caf::anon_send(
                       me, exec_launched{std::make_shared<result<std::int32_t>>(std::move(done))});
                 });
}

void exec_state::on_launched(const result<std::int32_t>& how) {
  if (!how) {
    const auto meaning = container::start_failure(
        container::runtime_failure("exec", how.error(), view_.options->cmd->front()));
    return fail(meaning.error, meaning.exit_code);
  }
  view_.pid = *how;
  show();
  phase_ = phase::attaching;
  connect();
  if (!attached_)
    return begun();
  if (!session_ || !wants_streams())
    return let_go();
  // One that cannot be attached holds nothing up.
  self_->request(session_, limits::attach_answer, attach_monitor{paths_.control_socket()})
      .then([this](core::done) { let_go(); }, [this](const caf::error&) { let_go(); });
}

void exec_state::connect() {
  link_ = monitor_link{*io_,
                       core::to_ptr(exec_actor{self_}),
                       paths_.control_socket(),
                       {[this](const monitor::event& event) { on_event(event); },
                        [this](const api_error&) { on_lost(); }}};
}

/// The process is held no longer. One that was not is none the worse for it.
void exec_state::let_go() {
  if (phase_ != phase::attaching)
    return;
  link_.ask(monitor::start_request{}, [](const result<void>&) {});
  begun();
}

void exec_state::begun() {
  phase_ = phase::up;
  for (auto& waiting : std::exchange(resizes_, {}))
    resize_now(waiting);
  if (!asked_)
    return;
  if (!attached_)
    asked_->answer.tell({});
  else if (!wants_streams())
    end_session();
}

void exec_state::fail(const api_error& why, std::int64_t code) {
  log::write(view_.probe ? log::level::warn : log::level::error, "exec",
             "an exec could not be started",
             {{"exec", view_.id}, {"container", view_.container_id}, {"error", why.message}});
  end(code);
  if (session_)
    end_session(why.message + "\r\n");
  else
    asked_->answer.tell(why);
  quit_if_done();
}

} // namespace gantry::containers
