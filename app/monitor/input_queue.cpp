#include "app/monitor/input_queue.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

namespace gantry::monitor {

input_queue::input_queue(event_loop& loop, handlers told) : loop_{loop}, told_{std::move(told)} {}

void input_queue::open(host::unique_fd fd) {
  fd_ = std::move(fd);
  // EPOLLERR says that nobody can read any more; it needs no asking.
  watch_ = fd_watch{loop_, fd_.get(), 0, [this](std::uint32_t events) { on_event(events); }};
  update_watch();
}

void input_queue::push(std::uint64_t writer, std::string_view bytes) {
  if (closed_ || closing_ || bytes.empty())
    return;
  pieces_.push_back({writer, std::string{bytes}, 0});
  size_ += bytes.size();
  update_watch();
}

void input_queue::close() {
  closing_ = true;
  update_watch();
}

void input_queue::abandon() {
  const bool was_open = !std::exchange(closed_, true);
  watch_.reset();
  fd_.reset();
  pieces_.clear();
  size_ = 0;
  if (was_open)
    told_.closed();
}

// A queue that is to end asks for an event, too, so that the end comes from the loop.
void input_queue::update_watch() {
  const bool wanted = !pieces_.empty() || closing_;
  watch_.want(wanted ? std::uint32_t{EPOLLOUT} : 0);
}

void input_queue::on_event(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    abandon();
    return;
  }
  while (!pieces_.empty()) {
    auto& front = pieces_.front();
    const ssize_t n =
        ::write(fd_.get(), front.bytes.data() + front.used, front.bytes.size() - front.used);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      return;
    if (n < 0) {
      abandon();
      return;
    }
    const auto written = static_cast<std::size_t>(n);
    const auto writer = front.writer;
    front.used += written;
    size_ -= written;
    if (front.used == front.bytes.size())
      pieces_.pop_front();
    told_.written(writer, written);
  }
  if (closing_)
    abandon();
  else
    update_watch();
}

} // namespace gantry::monitor
