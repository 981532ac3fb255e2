#pragma once

#include "actors/containers/container_state.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <caf/actor_addr.hpp>
#include <caf/send.hpp>

#include <memory>
#include <utility>

// Inside of the container's actor: how it goes on with what was done elsewhere.
namespace gantry::containers {

template <class T>
std::function<void(T)> container_state::in_turn(const char* what, std::function<void(T)> then) {
  // Weak: what is under way does not keep a container's actor alive.
  auto to = caf::actor_cast<caf::weak_actor_ptr>(core::to_ptr(self_));
  auto shared = std::make_shared<std::function<void(T)>>(std::move(then));
  return [to, shared, what](T value) {
    auto kept = std::make_shared<T>(std::move(value));
    core::tell(to.lock(),
               container_step{what, std::make_shared<std::function<void()>>(
                                        [shared, kept] { (*shared)(std::move(*kept)); })});
  };
}

template <class T>
void container_state::on_worker(const char* what, std::function<T()> work,
                                std::function<void(T)> then) {
  auto follow = in_turn<T>(what, std::move(then));
  auto label = std::string{what} + " " + id_.substr(0, 12);
  auto queued = services_.pool->submit(label, [work = std::move(work), follow] { follow(work()); });
  if (!queued)
    follow(T{api_error{errc::unavailable, label + ": too much work is waiting; try again later"}});
}

} // namespace gantry::containers
