#include "actors/containers/runtime_command.hpp"

#include "actors/containers/container_host.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/logs/runtime_messages.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/server/byte_stream.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <atomic>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

namespace gantry::containers {

/// INTERNAL: what became of the program's start.
struct child_started {
  std::shared_ptr<result<host::running_child>> child;
};

/// INTERNAL: the deadline has come.
struct command_late {};

} // namespace gantry::containers

GANTRY_LOCAL_MESSAGE(gantry::containers::child_started)
GANTRY_LOCAL_MESSAGE(gantry::containers::command_late)

namespace gantry::containers {

namespace {

using command_actor =
    core::inspectable_actor::extend<caf::reacts_to<child_started>, caf::reacts_to<core::io_ready>,
                                    caf::reacts_to<command_late>>;

/// What a command is made of.
struct command_setup {
  boost::asio::io_context* io = nullptr;
  runtime::worker_pool* pool = nullptr;
  async_command command;
  command_done done;
};

/// A program on its way: started by a worker, then watched until it has ended.
struct command_state {
  static inline const char* name = "command";
  command_state() = default;
  ~command_state();

  void init(command_actor::stateful_pointer<command_state> me, command_setup given);
  void on_started(child_started& started);
  void on_ready();
  void on_late();
  core::facts describe() const;

private:
  using descriptor = boost::asio::posix::stream_descriptor;

  result<void> watch();
  void wait();
  void tell(result<host::child_output> how);
  const std::string& path() const { return setup_.command.what.argv.front(); }

  command_actor::stateful_pointer<command_state> self_ = nullptr;
  command_setup setup_;
  std::shared_ptr<std::atomic<bool>> unwanted_ = std::make_shared<std::atomic<bool>>(false);
  std::optional<host::running_child> child_;
  std::shared_ptr<descriptor> ready_; // of the child; a pending wait holds it too
  bool told_ = false;
};

command_state::~command_state() {
  *unwanted_ = true;
  if (ready_)
    ready_->close();
  if (self_)
    tell(api_error{errc::unavailable, setup_.command.label + ": the daemon is ending"});
}

void command_state::init(command_actor::stateful_pointer<command_state> me, command_setup given) {
  self_ = me;
  setup_ = std::move(given);
  auto start = [unwanted = unwanted_, command = setup_.command]() mutable {
    auto prepare = [&]() -> result<void> {
      if (*unwanted)
        return api_error{errc::unavailable, "nobody waits for it any more"};
      return command.prepare_blocking ? command.prepare_blocking(command.what) : result<void>{};
    };
    auto prepared = prepare();
    return child_started{std::make_shared<result<host::running_child>>(
        prepared ? host::running_child::start(command.what) : prepared.error())};
  };
  const command_actor to{self_};
  if (!setup_.pool->ask(setup_.command.label, to, std::move(start))) {
    tell(api_error{errc::unavailable,
                   setup_.command.label + ": too much work is waiting; try again later"});
    return self_->quit();
  }
  caf::delayed_anon_send(to, caf::timespan{setup_.command.what.deadline}, command_late{});
}

void command_state::on_started(child_started& started) {
  if (!*started.child) {
    tell(started.child->error());
    return self_->quit();
  }
  child_ = std::move(**started.child);
  if (auto watched = watch(); !watched) {
    tell(watched.error());
    return self_->quit();
  }
  wait();
}

result<void> command_state::watch() {
  auto fd = host::duplicate(child_->ready_fd());
  if (!fd)
    return host::errno_error("watch '" + path() + "'", errno);
  ready_ = std::make_shared<descriptor>(*setup_.io);
  boost::system::error_code failed;
  ready_->assign(fd.get(), failed);
  if (failed)
    return host::errno_error("watch '" + path() + "'", failed.value());
  static_cast<void>(fd.release()); // the descriptor's from here on
  return {};
}

void command_state::wait() {
  ready_->async_wait(descriptor::wait_read,
                     [keep = ready_, to = core::to_ptr(self_)](boost::system::error_code ec) {
                       if (!ec)
                         core::tell(to, core::io_ready{});
                     });
}

void command_state::on_ready() {
  auto ended = child_->advance();
  if (ended && !*ended)
    return wait();
  if (ended)
    tell(child_->finish());
  else
    tell(ended.error());
  self_->quit();
}

/// What the kernel does not let go of is waited for in peace.
void command_state::on_late() {
  const auto limit = setup_.command.what.deadline;
  if (child_) {
    tell(host::late_child(path(), limit));
    return child_->kill();
  }
  *unwanted_ = true; // before anybody is told that it was not started
  tell(api_error{errc::unavailable,
                 "'" + path() + "' could not be started within " + host::limit_text(limit)});
  self_->quit();
}

void command_state::tell(result<host::child_output> how) {
  if (!std::exchange(told_, true))
    setup_.done(std::move(how));
}

core::facts command_state::describe() const {
  const char* waits = !child_ ? "a worker" : told_ ? "the kernel, to end it" : "its end";
  return {{{"runs", setup_.command.label},
           {"program", path()},
           {"limit", host::limit_text(setup_.command.what.deadline)},
           {"waits for", waits}}};
}

command_actor::behavior_type run_command_actor(command_actor::stateful_pointer<command_state> self,
                                               command_setup setup) {
  self->state.init(self, std::move(setup));
  return {
      [self](core::describe) { return self->state.describe(); },
      [self](child_started& started) { self->state.on_started(started); },
      [self](const core::io_ready&) { self->state.on_ready(); },
      [self](command_late) { self->state.on_late(); },
  };
}

std::string words_of(const host::child_output& output) {
  auto text = logs::last_runtime_error(output.err);
  if (text.empty())
    text = output.err;
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

std::string label_of(const runtime_command& command) {
  auto label = command.runtime.substr(command.runtime.rfind('/') + 1);
  for (const auto& word : command.args)
    label.append(1, ' ').append(word);
  return label;
}

} // namespace

core::inspectable_actor run_command(caf::actor_system& sys, boost::asio::io_context& io,
                                    runtime::worker_pool& pool, async_command command,
                                    command_done done) {
  return runtime::spawn(sys, run_command_actor,
                        command_setup{&io, &pool, std::move(command), std::move(done)});
}

runtime_command call_of(const oci_runtime& runtime, const std::filesystem::path& root) {
  runtime_command command;
  command.runtime = runtime.path;
  command.runtime_args = runtime.args;
  command.runtime_args.insert(command.runtime_args.end(), {"--root", root.native()});
  command.without_mount = runtime.without_mount;
  return command;
}

core::inspectable_actor run_runtime(caf::actor_system& sys, boost::asio::io_context& io,
                                    runtime::worker_pool& pool, runtime_command command,
                                    runtime_done done) {
  async_command run;
  run.label = label_of(command);
  run.what.argv = {command.runtime};
  const auto add = [&argv = run.what.argv](const std::vector<std::string>& words) {
    argv.insert(argv.end(), words.begin(), words.end());
  };
  add(command.runtime_args);
  add({"--log-format", "json"});
  add(command.args);
  run.what.without_mount = std::move(command.without_mount);
  run.what.input = std::move(command.input);
  run.what.deadline = command.deadline;
  run.what.output_limit = command.output_limit;
  return run_command(sys, io, pool, std::move(run),
                     [runtime = std::move(command.runtime),
                      done = std::move(done)](result<host::child_output> how) {
                       done(how ? runtime_answer(runtime, std::move(*how)) : how.error());
                     });
}

result<std::string> runtime_answer(const std::string& runtime, host::child_output output) {
  if (output.exit.success())
    return std::move(output.out);
  auto text = words_of(output);
  if (text.empty())
    text = runtime + ": " +
           (output.exit.signal != 0 ? "signal " + std::to_string(output.exit.signal)
                                    : "exit code " + std::to_string(output.exit.code));
  // As runc and as crun have it.
  const bool unknown =
      text.find("does not exist") != std::string::npos ||
      (text.starts_with("error opening file") && text.ends_with("No such file or directory"));
  return api_error{unknown ? errc::not_found : errc::system, std::move(text)};
}

} // namespace gantry::containers
