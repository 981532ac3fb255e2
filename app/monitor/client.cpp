#include "app/monitor/client.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

namespace gantry::monitor {
namespace {

// Messages that are no output for one who does not read; beyond that it is cut off.
constexpr std::size_t message_backlog = std::size_t{512} * 1024;
// More is given back to the system when the queue is empty.
constexpr std::size_t kept_capacity = std::size_t{16} * 1024;

} // namespace

client::client(event_loop& loop, host::unique_fd socket, std::uint64_t number, const handlers& told)
    : told_{told}, socket_{std::move(socket)}, number_{number}, patience_{loop} {
  watch_ = fd_watch{loop, socket_.get(), EPOLLIN, [this](std::uint32_t e) { on_event(e); }};
}

void client::on_event(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0)
    write_queue();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !gone_)
    read_requests();
}

void client::read_requests() {
  std::array<char, 64 * 1024> buffer;
  const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (got <= 0) {
    cut();
    return;
  }
  if (finishing_)
    return; // too late; but read, or our close would look like a failure
  std::string_view input{buffer.data(), static_cast<std::size_t>(got)};
  while (!gone_) {
    auto message = decoder_.next(input);
    if (!message) {
      cut();
      return;
    }
    if (!*message)
      return;
    told_.asked(*this, **message);
  }
}

void client::send(const event& message) {
  if (gone_ || finishing_)
    return;
  std::string bytes;
  encode(bytes, message);
  if (backlog() + bytes.size() > output_backlog + message_backlog)
    cut();
  else
    push(bytes, {});
}

void client::attach(const attach_request& to) {
  attached_ = to;
  losing_ = false;
}

void client::detach() {
  tell_gap();
  attached_ = {};
  losing_ = false;
  patience_.stop();
}

bool client::has_room(std::size_t bytes) const noexcept {
  return backlog() + bytes + header_size + 1 <= output_backlog;
}

void client::offer(source from, std::string_view bytes) {
  const bool wanted = from == source::out ? attached_.out : attached_.err;
  if (!wanted || gone_ || finishing_ || bytes.empty())
    return;
  losing_ = losing_ || !has_room(bytes.size());
  if (losing_) {
    (from == source::out ? gap_.out : gap_.err) += bytes.size();
    return;
  }
  push(output_head(from, bytes.size()), bytes);
  if (holds() && !patience_.running())
    taken();
}

bool client::holds() const noexcept {
  return !gone_ && !losing_ && attached_.patience > 0 && !has_room(largest_piece);
}

// The client has taken something: its time begins anew.
void client::taken() {
  patience_.stop();
  if (!holds())
    return;
  patience_.start(std::chrono::milliseconds{attached_.patience}, [this] {
    losing_ = true;
    told_.drained(*this); // it holds nothing back any more
  });
}

void client::tell_gap() {
  losing_ = false;
  if (gap_ == output_gap{})
    return;
  std::string bytes;
  encode(bytes, event{std::exchange(gap_, {})});
  push(bytes, {});
}

void client::push(std::string_view head, std::string_view bytes) {
  std::size_t put = 0;
  if (backlog() == 0) {
    std::array<iovec, 2> parts{iovec{const_cast<char*>(head.data()), head.size()},
                               iovec{const_cast<char*>(bytes.data()), bytes.size()}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = bytes.empty() ? 1 : 2;
    const ssize_t n = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    put =
        static_cast<std::size_t>(std::max<ssize_t>(n, 0)); // a broken connection shows as EPOLLHUP
  }
  const auto of_head = std::min(put, head.size());
  queue_.append(head.substr(of_head));
  queue_.append(bytes.substr(put - of_head));
  update_watch();
}

void client::write_queue() {
  const ssize_t n =
      ::send(socket_.get(), queue_.data() + sent_, backlog(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (n < 0) {
    cut();
    return;
  }
  sent_ += static_cast<std::size_t>(n);
  if (backlog() == 0) {
    queue_.clear();
    sent_ = 0;
    if (queue_.capacity() > kept_capacity)
      queue_.shrink_to_fit();
    if (losing_)
      tell_gap();
    if (finishing_ && backlog() == 0) {
      cut();
      return;
    }
  } else if (sent_ > queue_.size() / 2) {
    queue_.erase(0, std::exchange(sent_, 0));
  }
  update_watch();
  taken();
  told_.drained(*this);
}

void client::update_watch() {
  watch_.want(backlog() > 0 ? std::uint32_t{EPOLLIN} | EPOLLOUT : std::uint32_t{EPOLLIN});
}

bool client::take_credit(std::size_t bytes) {
  if (!attached_.input || bytes > credit_)
    return false;
  credit_ -= static_cast<std::uint32_t>(bytes);
  return true;
}

void client::open_credit() {
  credit_open_ = true;
  credit_ = input_window;
  returned_ = 0;
  send(input_credit{input_window});
}

void client::return_credit(std::size_t bytes) {
  returned_ += bytes;
  if (!attached_.input || (returned_ < input_window / 4 && credit_ + returned_ < input_window))
    return;
  credit_ += static_cast<std::uint32_t>(returned_);
  send(input_credit{static_cast<std::uint32_t>(std::exchange(returned_, 0))});
}

void client::log_at(const log_position& end) {
  if (!awaited_ || *awaited_ == end)
    return;
  awaited_.reset();
  send(log_grew{end});
}

void client::finish(const event& last) {
  if (gone_)
    return;
  patience_.stop();
  tell_gap();
  send(last);
  finishing_ = true;
  if (backlog() == 0)
    cut();
}

void client::cut() {
  if (std::exchange(gone_, true))
    return;
  patience_.stop();
  watch_.reset();
  // NOTE: a unix socket that is closed with bytes unread gives its peer ECONNRESET for its end.
  std::array<char, 4096> ignored;
  for (int i = 0; i < 64 && ::recv(socket_.get(), ignored.data(), ignored.size(), MSG_DONTWAIT) > 0;
       ++i)
    ;
  told_.gone(*this);
}

} // namespace gantry::monitor
