#include "app/monitor/monitor.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/tree_reader.hpp"
#include "protocol/monitor/fields.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace gantry::monitor {
namespace {

struct pipe_ends {
  host::unique_fd read;
  host::unique_fd write;
};

// `ours` is made non-blocking; the other end is the process's.
result<pipe_ends> make_pipe(host::unique_fd pipe_ends::*ours) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0)
    return host::errno_error("pipe", errno);
  pipe_ends ends{host::unique_fd{fds[0]}, host::unique_fd{fds[1]}};
  if (!host::set_nonblocking((ends.*ours).get()))
    return host::errno_error("pipe", errno);
  return ends;
}

} // namespace

monitor::monitor(settings what, host::unique_fd runtime, reply_handler reply)
    : settings_{std::move(what)}, runtime_{std::move(runtime)}, reply_{std::move(reply)},
      control_{loop_,
               {[this](client& who) { greet(who); },
                [this](client& from, const request& r) { asked(from, r); },
                [this](client& who) {
                  end_input_of(who);
                  update_outputs();
                },
                [this] { update_outputs(); }}},
      input_{loop_,
             {[this](std::uint64_t writer, std::size_t bytes) {
                if (auto* who = control_.find(writer))
                  who->return_credit(bytes);
                open_credits();
              },
              [this] {
                control_.each([](client& who) {
                  if (who.has_input())
                    who.send(input_closed{});
                });
              }}},
      start_limit_{loop_}, hold_limit_{loop_}, drain_limit_{loop_} {}

void monitor::run() {
  if (auto ready = set_up(); !ready) {
    fail(ready.error());
    return;
  }
  loop_.run();
  if (state_ == process_state::exited)
    exit_file_->sync();
}

// -- making the process ---------------------------------------------------------

result<void> monitor::set_up() {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  children_.reset(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!children_)
    return host::errno_error("signalfd", errno);
  children_watch_ =
      fd_watch{loop_, children_.get(), EPOLLIN, [this](std::uint32_t) { on_children(); }};

  auto log = logs::log_writer::open(settings_.log, settings_.log_attrs);
  if (!log)
    return log.error();
  log_.emplace(std::move(*log));
  auto file = exit_file::prepare(settings_.exit_file);
  if (!file)
    return file.error();
  exit_file_.emplace(std::move(*file));
  if (auto listening = control_.listen(settings_.control_socket); !listening)
    return listening.error();
  return call_runtime();
}

result<void> monitor::call_runtime() {
  runtime_call::command what;
  if (settings_.tty) {
    auto console = console_socket::listen(settings_.console_socket);
    if (!console)
      return console.error();
    console_.emplace(std::move(*console));
  } else {
    auto out = make_pipe(&pipe_ends::read);
    if (!out)
      return out.error();
    auto err = make_pipe(&pipe_ends::read);
    if (!err)
      return err.error();
    if (settings_.open_stdin) {
      auto in = make_pipe(&pipe_ends::write);
      if (!in)
        return in.error();
      runtime_ends_[0] = std::move(in->read);
      input_.open(std::move(in->write));
    }
    runtime_ends_[1] = std::move(out->write);
    runtime_ends_[2] = std::move(err->write);
    output_of(source::out).fd = std::move(out->read);
    output_of(source::err).fd = std::move(err->read);
    what.in = runtime_ends_[0].get();
    what.out = runtime_ends_[1].get();
    what.err = runtime_ends_[2].get();
    what.err_reader = output_of(source::err).fd.get();
  }

  const bool exec = settings_.mode == settings::work::exec_process;
  what.argv = command(exec ? "exec" : "create");
  const auto add = [&what](auto... words) { (what.argv.emplace_back(words), ...); };
  if (exec)
    add("--detach", "--process", settings_.process_file);
  else
    add("--bundle", settings_.bundle);
  add("--pid-file", settings_.pid_file);
  if (settings_.tty)
    add("--console-socket", console_->path());
  add(settings_.id);
  what.log = settings_.runtime_log;
  what.deadline = settings_.runtime_deadline;
  what.copy = runtime_.get();
  what.without_mount = settings_.without_mount;
  ::unlink(settings_.pid_file.c_str());
  record_.started_at = exec ? logs::now() : 0;
  call_ = std::make_unique<runtime_call>(loop_, std::move(what),
                                         [this](const result<void>& how) { on_made(how); });
  runtime_.reset();
  for (auto& end : runtime_ends_)
    end.reset();
  return {};
}

std::vector<std::string> monitor::command(const char* verb) const {
  std::vector<std::string> argv{settings_.runtime};
  argv.insert(argv.end(), settings_.runtime_args.begin(), settings_.runtime_args.end());
  for (const char* word : {"--log", settings_.runtime_log.c_str(), "--log-format", "json", verb})
    argv.emplace_back(word);
  return argv;
}

void monitor::on_made(const result<void>& how) {
  call_.reset();
  const auto taken = how ? take_over() : how;
  console_.reset();
  if (!taken) {
    end_children();
    fail(taken.error());
    return;
  }
  reply_(record_.pid);
  const auto ended = strangers_.find(record_.pid);
  const auto status = ended == strangers_.end() ? std::nullopt : std::optional{ended->second};
  strangers_.clear();
  if (status)
    on_process_end(*status);
}

result<void> monitor::take_over() {
  if (!read_number(host::read_word(settings_.pid_file), record_.pid) || record_.pid <= 1)
    return api_error{errc::system, "the runtime left no pid in '" + settings_.pid_file + "'"};
  if (settings_.tty) {
    auto terminal = console_->receive();
    if (!terminal)
      return terminal.error();
    terminal_ = std::move(*terminal);
    if (settings_.rows != 0 && settings_.columns != 0)
      if (auto sized = resize(terminal_.get(), settings_.rows, settings_.columns); !sized)
        return sized;
    // Each direction has its own descriptor, because each is watched for itself.
    output_of(source::out).fd = host::duplicate(terminal_.get());
    auto input = host::duplicate(terminal_.get());
    if (!output_of(source::out).fd || !input)
      return host::errno_error("duplicate the terminal", errno);
    if (settings_.open_stdin)
      input_.open(std::move(input));
  }
  oom_ = std::make_unique<oom_watch>(loop_, settings_.cgroup_root, record_.pid, [this] {
    control_.each([](client& who) { who.send(oom_event{}); });
  });
  state_ = process_state::created;
  if (is_held()) {
    hold_limit_.start(settings_.hold_limit, [this] { let_go(); });
    return {};
  }
  if (settings_.mode == settings::work::exec_process)
    let_go();
  else
    open_outputs();
  return {};
}

// There is no process; nothing is left behind.
void monitor::fail(const api_error& why) {
  control_.unlink();
  console_.reset();
  exit_file_.reset();
  reply_(why);
  loop_.stop();
}

// -- its start and end ----------------------------------------------------------

void monitor::on_children() {
  signalfd_siginfo info{};
  while (::read(children_.get(), &info, sizeof(info)) > 0)
    ; // one may stand for many
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (call_ && call_->child_ended(pid, status))
      continue;
    if (pid == record_.pid)
      on_process_end(status);
    else if (state_ == process_state::creating)
      strangers_[pid] = status;
  }
}

bool monitor::is_held() const noexcept {
  return settings_.mode == settings::work::exec_process && settings_.held &&
         state_ == process_state::created;
}

// An exec's process, which the runtime has started already, is seen from here on.
void monitor::let_go() {
  hold_limit_.stop();
  state_ = process_state::running;
  control_.each([this](client& who) { who.send(started_event{record_.started_at}); });
  open_outputs();
  if (early_end_)
    on_process_end(*std::exchange(early_end_, std::nullopt));
}

void monitor::on(client& from, const start_request& what) {
  if (is_held()) {
    answer(from, what.tag, {});
    let_go();
    return;
  }
  if (state_ != process_state::created || starting_ || ended_) {
    answer(from, what.tag, api_error{errc::conflict, "the process is not waiting to be started"});
    return;
  }
  starting_ = true;
  starter_ = from.number();
  start_tag_ = what.tag;
  record_.started_at = logs::now();
  if (!settings_.start_fifo.empty()) {
    fifo_.reset(::open(settings_.start_fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (fifo_) {
      fifo_watch_ = fd_watch{loop_, fifo_.get(), EPOLLIN, [this](std::uint32_t) { on_fifo(); }};
      start_limit_.start(settings_.runtime_deadline, [this] {
        on_started(api_error{errc::unavailable,
                             "the container's first process did not take the sign to start"});
      });
      return;
    }
  }
  runtime_call::command start;
  start.argv = command("start");
  start.argv.push_back(settings_.id);
  start.log = settings_.runtime_log;
  start.without_mount = settings_.without_mount;
  start.deadline = settings_.runtime_deadline;
  call_ = std::make_unique<runtime_call>(loop_, std::move(start), [this](const result<void>& how) {
    call_.reset();
    on_started(how);
  });
}

// The first process writes a byte before it becomes the container's program.
void monitor::on_fifo() {
  char byte = 0;
  const ssize_t got = ::read(fifo_.get(), &byte, 1);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (got <= 0) {
    on_started(api_error{errc::system, "the container's first process ended before its start"});
    return;
  }
  ::unlink(settings_.start_fifo.c_str()); // for runc it is what tells created from running
  on_started({});
}

void monitor::on_started(const result<void>& how) {
  fifo_watch_.reset();
  fifo_.reset();
  start_limit_.stop();
  starting_ = false;
  if (how) {
    state_ = process_state::running;
    control_.each([this](client& who) { who.send(started_event{record_.started_at}); });
  } else {
    record_.started_at = 0;
  }
  if (auto* starter = control_.find(starter_))
    answer(*starter, start_tag_, how);
  if (early_end_)
    on_process_end(*std::exchange(early_end_, std::nullopt));
}

void monitor::on_process_end(int status) {
  if (starting_ || is_held()) {
    early_end_ = status;
    if (fifo_)
      on_fifo(); // the sign may be there; if it is not, none will come
    return;
  }
  ended_ = true;
  record_.status.finished_at = logs::now();
  record_.status.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  record_.status.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  input_.abandon();
  // Others may hold its outputs (children in a shared pid namespace): Docker gives them 2 s, too.
  drain_limit_.start(settings_.drain_limit, [this] { drain_outputs(); });
  if (!output_of(source::out).fd && !output_of(source::err).fd)
    leave();
}

// Takes what is in the pipes now, and no more.
void monitor::drain_outputs() {
  outputs_over_ = true;
  control_.each([](client& who) { who.lose_patience(); });
  for (auto from : {source::out, source::err}) {
    for (int round = 0; round < 16 && output_of(from).fd; ++round) // 1 MiB, the most a pipe holds
      on_output(from);
    if (output_of(from).fd)
      close_output(from);
  }
}

void monitor::leave() {
  if (state_ == process_state::exited)
    return;
  drain_limit_.stop();
  record_.status.oom_killed = oom_->ever_killed();
  record_.lost_log_bytes = log_->lost_bytes();
  state_ = process_state::exited;
  // In this order: who finds no socket finds the file.
  static_cast<void>(exit_file_->write(record_)); // its room was taken; clients are told in any case
  control_.unlink();
  control_.finish(exited{record_.status}, settings_.linger_limit, [this] { loop_.stop(); });
}

} // namespace gantry::monitor
