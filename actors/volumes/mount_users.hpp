#pragma once

#include "actors/core/outcome.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gantry::volumes {

/// Who has a volume mounted that is mounted while it is used, as a state machine without I/O: it is
/// mounted for the first and unmounted after the last.
class mount_users {
public:
  /// What is to be done now; then `mounted`, or `unmounted`, is called.
  enum class step : std::uint8_t { none, mount, unmount };

  /// `users`: who had it when the daemon started. Whether it is mounted still is found out by the
  /// first mount.
  explicit mount_users(std::set<std::string> users = {}) : users_(std::move(users)) {}

  /// It is to be mounted for `user`, who is told. Somebody who has it already may ask again.
  /// `number` is for `give_up`.
  step enter(const std::string& user, core::outcome<void> told, std::uint64_t number = 0);
  /// Not for `user` any more, who is told when it is unmounted, should he have been the last.
  step leave(const std::string& user, core::outcome<void> told);
  /// Whoever entered with that number waits no longer for the mount, which goes on, and is told so.
  void give_up(std::uint64_t number, const api_error& why);
  step mounted(const result<void>& how);
  step unmounted(const result<void>& how);

  bool is_used_by(const std::string& user) const { return users_.contains(user); }
  /// Nobody has it, and nothing is under way.
  bool is_idle() const noexcept { return users_.empty() && now_ == state::down; }
  /// For inspection: `down`, `mounting`, ...
  const char* word() const noexcept;

private:
  enum class state : std::uint8_t { down, mounting, up, unmounting };
  struct waiter {
    std::string user;
    core::outcome<void> told;
    std::uint64_t number = 0;
  };

  std::set<std::string> users_;
  std::vector<waiter> entering_;
  std::vector<core::outcome<void>> leaving_;
  state now_ = state::down;
};

} // namespace gantry::volumes
