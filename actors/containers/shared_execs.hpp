#pragma once

#include "protocol/container/exec.hpp"
#include "protocol/error.hpp"

#include <caf/actor_control_block.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace gantry::limits {

/// Execs of one container that wait to be started or run.
inline constexpr std::size_t execs_open = 1000;
/// Execs of one container that have ended and are still known.
inline constexpr std::size_t execs_ended = 1000;
/// From its end until an exec is shown as removable, and until it is forgotten.
inline constexpr std::chrono::minutes exec_removable{5};
inline constexpr std::chrono::minutes exec_forgotten{10};

} // namespace gantry::limits

namespace gantry::containers {

using exec_ptr = std::shared_ptr<const container::exec_view>;

/// All execs as they are at this moment, for any thread. One that has ended stays for a while, so
/// that its exit code can be asked for; for that no actor and no timer is needed.
class shared_execs {
public:
  using clock = std::chrono::steady_clock;
  /// `now` tells the time.
  explicit shared_execs(clock::time_point (*now)() = clock::now) : now_(now) {}

  /// Shows a new one and who looks after it. Errors: unavailable if the container has too many.
  result<void> add(exec_ptr moment, caf::strong_actor_ptr actor);
  /// Shows a later moment; nothing happens if it is forgotten. With an exit code it has ended, and
  /// its actor is let go.
  void renew(exec_ptr moment);
  /// It was never started and will not be.
  void forget(const std::string& id);
  /// The container is gone, and so are its execs. Returns the actors of those that have not ended.
  std::vector<caf::strong_actor_ptr> forget_container(const std::string& container);

  struct known {
    exec_ptr moment;
    caf::strong_actor_ptr actor; ///< null once it has ended
    bool can_remove = false;
  };
  /// Errors: not_found `No such exec instance: X`.
  result<known> find(const std::string& id) const;
  /// Ids of those of a container that have not ended, oldest first.
  std::vector<std::string> open_in(const std::string& container) const;
  /// Their actors.
  std::vector<caf::strong_actor_ptr> actors_in(const std::string& container) const;
  /// The actors of all that have not ended.
  std::vector<caf::strong_actor_ptr> actors() const;

private:
  struct place {
    exec_ptr moment;
    caf::strong_actor_ptr actor;
    clock::time_point ended{};
  };
  struct container_part {
    std::vector<std::string> open;
    std::deque<std::string> ended; // by the time of the end
  };

  void forget_old(container_part& part, clock::time_point now);

  clock::time_point (*now_)();
  mutable std::mutex mutex_; // held for looking up and copying pointers, never for more
  std::map<std::string, place> execs_;
  std::map<std::string, container_part> containers_;
};

} // namespace gantry::containers
