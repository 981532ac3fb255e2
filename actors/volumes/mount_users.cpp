#include "actors/volumes/mount_users.hpp"

namespace gantry::volumes {

mount_users::step mount_users::enter(const std::string& user, core::outcome<void> told,
                                     std::uint64_t number) {
  users_.insert(user);
  if (now_ == state::up) {
    told.tell({});
    return step::none;
  }
  entering_.push_back({user, std::move(told), number});
  if (now_ != state::down)
    return step::none; // that comes first
  now_ = state::mounting;
  return step::mount;
}

mount_users::step mount_users::leave(const std::string& user, core::outcome<void> told) {
  const bool had = users_.erase(user) != 0;
  if (!users_.empty() || (now_ == state::down && !had)) {
    told.tell({});
    return step::none;
  }
  leaving_.push_back(std::move(told));
  if (now_ == state::mounting || now_ == state::unmounting)
    return step::none; // when that is over
  // NOTE: from `down`, too: an earlier daemon may have mounted it.
  now_ = state::unmounting;
  return step::unmount;
}

void mount_users::give_up(std::uint64_t number, const api_error& why) {
  std::vector<waiter> others;
  for (auto& one : std::exchange(entering_, {}))
    if (one.number == number) {
      users_.erase(one.user);
      one.told.tell(why);
    } else {
      others.push_back(std::move(one));
    }
  entering_ = std::move(others);
}

mount_users::step mount_users::mounted(const result<void>& how) {
  now_ = how ? state::up : state::down;
  for (auto& one : std::exchange(entering_, {})) {
    if (!how)
      users_.erase(one.user);
    one.told.tell(how);
  }
  if (!users_.empty() || now_ == state::down) {
    for (auto& told : std::exchange(leaving_, {}))
      told.tell({});
    return step::none;
  }
  now_ = state::unmounting;
  return step::unmount;
}

mount_users::step mount_users::unmounted(const result<void>& how) {
  now_ = state::down;
  for (auto& told : std::exchange(leaving_, {}))
    told.tell(how);
  if (entering_.empty())
    return step::none;
  now_ = state::mounting;
  return step::mount;
}

const char* mount_users::word() const noexcept {
  constexpr const char* words[] = {"down", "mounting", "up", "unmounting"};
  return words[static_cast<std::size_t>(now_)];
}

} // namespace gantry::volumes
