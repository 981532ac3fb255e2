// What passes between the process, its log and the clients.
#include "app/monitor/monitor.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <variant>

namespace gantry::monitor {
namespace {

// Input of all clients together that waits for the process; new ones get no credit beyond it.
constexpr std::size_t most_input = std::size_t{4} * 1024 * 1024;

} // namespace

void monitor::open_output(source from) {
  auto& output = output_of(from);
  output.watch = fd_watch{loop_, output.fd.get(), EPOLLIN, [this, from](std::uint32_t) {
                            // The same round of events may have filled a client's backlog.
                            if (!control_.held() || outputs_over_)
                              on_output(from);
                          }};
}

void monitor::open_outputs() {
  for (auto from : {source::out, source::err})
    if (output_of(from).fd)
      open_output(from);
}

void monitor::on_output(source from) {
  static std::array<char, largest_piece> buffer;
  auto& output = output_of(from);
  const ssize_t got = ::read(output.fd.get(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (got <= 0) { // EIO: nobody has the terminal open any more
    close_output(from);
    return;
  }
  const std::string_view bytes{buffer.data(), static_cast<std::size_t>(got)};
  log_->append(from, bytes);
  control_.each([&](client& who) {
    who.offer(from, bytes);
    who.log_at(log_->end());
  });
  update_outputs();
}

void monitor::close_output(source from) {
  auto& output = output_of(from);
  output.watch.reset();
  output.fd.reset();
  log_->finish(from);
  control_.each([this](client& who) { who.log_at(log_->end()); });
  if (ended_ && !output_of(source::out).fd && !output_of(source::err).fd)
    leave();
}

// Reads on, or holds the process back for a client that has the right to it.
void monitor::update_outputs() {
  const bool held = control_.held() && !outputs_over_;
  for (auto& output : outputs_)
    output.watch.want(held ? 0 : std::uint32_t{EPOLLIN});
}

void monitor::open_credits() {
  control_.each([this](client& who) {
    if (who.wants_credit() && has_input() && input_.size() + input_window <= most_input)
      who.open_credit();
  });
}

void monitor::end_input_of(const client& who) {
  if (who.has_input() && settings_.stdin_once && !settings_.tty)
    input_.close();
}

bool monitor::has_input() const noexcept { return settings_.open_stdin && input_.is_open(); }

// -- requests -------------------------------------------------------------------

void monitor::greet(client& who) {
  hello greeting;
  greeting.state = state_;
  greeting.pid = record_.pid;
  greeting.started_at = record_.started_at;
  greeting.tty = settings_.tty;
  greeting.exit = record_.status;
  who.send(greeting);
}

void monitor::asked(client& from, const request& what) {
  std::visit([&](const auto& one) { on(from, one); }, what);
}

void monitor::answer(client& to, std::uint32_t tag, const result<void>& how) {
  done reply;
  reply.tag = tag;
  if (!how) {
    reply.kind = how.error().kind;
    reply.text = how.error().message;
  }
  to.send(reply);
}

void monitor::on(client& from, const resize_request& what) {
  if (terminal_)
    answer(from, what.tag, resize(terminal_.get(), what.rows, what.columns));
  else
    answer(from, what.tag, {}); // as dockerd does it
}

void monitor::on(client& from, const signal_request& what) {
  // Until it is reaped, which only we do, the pid cannot be anybody else's.
  if (record_.pid == 0 || ended_)
    answer(from, what.tag, api_error{errc::conflict, "the process is not running"});
  else if (what.number <= 0 || ::kill(record_.pid, what.number) != 0)
    answer(from, what.tag,
           api_error{errc::invalid_parameter, "cannot send signal " + std::to_string(what.number)});
  else
    answer(from, what.tag, {});
}

void monitor::on(client& from, const reopen_log_request& what) {
  answer(from, what.tag, log_->reopen());
}

void monitor::on(client& from, const attach_request& what) {
  if (what.input && !has_input()) {
    answer(from, what.tag, api_error{errc::conflict, "the process takes no input"});
    return;
  }
  from.attach(what);
  from.send(attached{what.tag, log_->end()});
  if (what.unlogged) {
    for (auto side : {source::out, source::err})
      from.offer(side, log_->unlogged(side));
  }
  open_credits();
}

void monitor::on(client& from, const detach_request& what) {
  end_input_of(from);
  from.detach();
  answer(from, what.tag, {});
  update_outputs();
}

void monitor::on(client& from, const input_bytes& what) {
  if (!has_input())
    return; // on its way when the process closed its end
  if (!from.take_credit(what.bytes.size()))
    from.refuse();
  else
    input_.push(from.number(), what.bytes);
}

void monitor::on(client& from, const input_end&) { end_input_of(from); }

void monitor::on(client& from, const close_input_request& what) {
  if (!settings_.tty && has_input())
    input_.close();
  answer(from, what.tag, {});
}

void monitor::on(client& from, const await_log_request& what) {
  from.await_log(what.seen);
  from.log_at(log_->end());
}

} // namespace gantry::monitor
