#pragma once

#include "actors/runtime/scheduler.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <boost/asio/io_context.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <stdexcept>

namespace gantry::test {

/// An actor system on our own scheduler, with real time and a real worker pool.
class live_fixture {
public:
  explicit live_fixture(std::size_t workers = 2, std::size_t waiting = 64)
      : pool(workers, waiting) {
    sys.await_actors_before_shutdown(false);
  }
  live_fixture(const live_fixture&) = delete;
  live_fixture& operator=(const live_fixture&) = delete;
  ~live_fixture() { pool.stop(); }

  boost::asio::io_context& io() { return runtime::scheduler::of(sys)->next_io(); }

  runtime::worker_pool pool;

private:
  runtime::system_config config_;

public:
  caf::actor_system sys{config_};
};

/// What will be told once, for a thread that waits for it.
template <class T>
class answer {
public:
  /// Tells it.
  auto teller() {
    return [told = told_](T value) { told->set_value(std::move(value)); };
  }
  /// True once it was told.
  bool is_there() const {
    return value_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  }
  /// Throws if it is not told soon.
  T get() {
    if (value_.wait_for(std::chrono::seconds{30}) != std::future_status::ready)
      throw std::runtime_error("no answer came");
    return value_.get();
  }

private:
  std::shared_ptr<std::promise<T>> told_ = std::make_shared<std::promise<T>>();
  std::future<T> value_ = told_->get_future();
};

} // namespace gantry::test
