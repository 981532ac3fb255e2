#include "app/monitor/event_loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace gantry::monitor {

event_loop::event_loop() : epoll_{::epoll_create1(EPOLL_CLOEXEC)} {
  if (!epoll_)
    throw std::system_error{errno, std::generic_category(), "epoll_create1"};
}

void event_loop::run() {
  std::array<epoll_event, 16> events;
  while (!stopped_) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_time());
    if (count < 0 && errno != EINTR)
      throw std::system_error{errno, std::generic_category(), "epoll_wait"};
    for (int i = 0; i < count && !stopped_; ++i) {
      auto found = watches_.find(events[static_cast<std::size_t>(i)].data.u64);
      if (found == watches_.end())
        continue; // ended by a handler before it
      const auto handler = found->second;
      (*handler)(events[static_cast<std::size_t>(i)].events);
    }
    run_due_timers();
  }
}

void event_loop::run_due_timers() {
  while (!stopped_ && !timers_.empty() && timers_.begin()->first.first <= steady::now()) {
    auto node = timers_.extract(timers_.begin());
    node.mapped()();
  }
}

int event_loop::wait_time() const {
  if (timers_.empty())
    return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - steady::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

fd_watch::fd_watch(event_loop& loop, int fd, std::uint32_t events, event_loop::fd_handler handler)
    : loop_{&loop}, fd_{fd}, events_{events}, number_{++loop.last_number_} {
  epoll_event event{};
  event.events = events;
  event.data.u64 = number_;
  if (::epoll_ctl(loop.epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
  loop.watches_.emplace(number_, std::make_shared<event_loop::fd_handler>(std::move(handler)));
}

fd_watch::fd_watch(fd_watch&& other) noexcept
    : loop_{std::exchange(other.loop_, nullptr)}, fd_{other.fd_}, events_{other.events_},
      number_{other.number_} {}

fd_watch& fd_watch::operator=(fd_watch&& other) noexcept {
  if (this != &other) {
    reset();
    loop_ = std::exchange(other.loop_, nullptr);
    fd_ = other.fd_;
    events_ = other.events_;
    number_ = other.number_;
  }
  return *this;
}

void fd_watch::want(std::uint32_t events) {
  if (loop_ == nullptr || events == events_)
    return;
  epoll_event event{};
  event.events = events_ = events;
  event.data.u64 = number_;
  if (::epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_MOD, fd_, &event) != 0)
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
}

void fd_watch::reset() noexcept {
  if (loop_ == nullptr)
    return;
  ::epoll_ctl(loop_->epoll_.get(), EPOLL_CTL_DEL, fd_, nullptr);
  loop_->watches_.erase(number_);
  loop_ = nullptr;
}

void timer::start(std::chrono::milliseconds time, event_loop::time_handler handler) {
  stop();
  due_ = {event_loop::steady::now() + time, ++loop_.last_number_};
  loop_.timers_.emplace(due_, [this, handler = std::move(handler)] {
    due_ = {};
    handler(); // may start it anew, or end it
  });
}

void timer::stop() noexcept {
  if (running())
    loop_.timers_.erase(due_);
  due_ = {};
}

} // namespace gantry::monitor
