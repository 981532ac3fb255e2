#include "app/ctl/background_source.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

namespace gantry::ctl {

background_source::background_source(source& from)
    : from_(from), ready_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)),
      thread_([this] { run(); }) {}

background_source::~background_source() {
  {
    std::lock_guard guard{mutex_};
    ended_ = true;
  }
  asked_.notify_one();
  thread_.join();
}

void background_source::ask(std::string target) {
  {
    std::lock_guard guard{mutex_};
    if (std::find(questions_.begin(), questions_.end(), target) != questions_.end())
      return;
    questions_.push_back(std::move(target));
  }
  asked_.notify_one();
}

std::optional<background_source::answer> background_source::take() {
  std::lock_guard guard{mutex_};
  if (answers_.empty())
    return std::nullopt;
  eventfd_t one = 0;
  ::eventfd_read(ready_.get(), &one);
  auto oldest = std::move(answers_.front());
  answers_.pop_front();
  return oldest;
}

void background_source::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    asked_.wait(lock, [this] { return ended_ || !questions_.empty(); });
    if (ended_)
      return;
    const auto target = questions_.front();
    lock.unlock();
    auto body = from_.get(target);
    lock.lock();
    questions_.pop_front();
    answers_.push_back({target, std::move(body)});
    ::eventfd_write(ready_.get(), 1);
  }
}

} // namespace gantry::ctl
