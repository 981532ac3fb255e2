// What is mounted on volumes while containers run that have them.

#include "actors/host/mounts.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/volumes/volume_mount.hpp"
#include "actors/volumes/volumes_state.hpp"

#include <utility>

namespace gantry::volumes {

namespace {

/// Tells somebody when the last copy of it goes, which is when all parts of something are done.
struct gathering {
  explicit gathering(core::outcome<void> to) : answer(std::move(to)) {}
  gathering(const gathering&) = delete;
  gathering& operator=(const gathering&) = delete;
  ~gathering() { answer.tell(how); }

  core::outcome<void> answer;
  result<void> how; ///< the first failure
};

} // namespace

std::function<void(result<void>)> volumes_state::stepping(const char* what,
                                                          std::function<void(result<void>)> then) {
  auto follow = std::make_shared<std::function<void(result<void>)>>(std::move(then));
  return [to = volumes_actor{self}, what, follow](const result<void>& how) {
    caf::anon_send(to, volume_step{what, std::make_shared<std::function<void()>>(
                                             [follow, how] { (*follow)(how); })});
  };
}

void volumes_state::mount(const mount_volume_ptr& what) {
  const auto found = volumes_.find(what->name);
  if (found == volumes_.end())
    return what->answer.tell(volume::no_such_volume(what->name));
  if (!volume::needs_mount(found->second.record))
    return what->answer.tell({});
  const auto step =
      found->second.mounts.enter(what->container, std::move(what->answer), ++last_mount_);
  caf::delayed_anon_send(volumes_actor{self}, limits::volume_mount,
                         mount_late{what->name, last_mount_});
  carry_out(what->name, step);
}

void volumes_state::unmount(const unmount_volumes_ptr& what) {
  const auto all = std::make_shared<gathering>(std::move(what->answer));
  for (auto& [which, one] : volumes_) {
    if (!one.mounts.is_used_by(what->container))
      continue;
    core::outcome<void> part{"the volumes", [all](const result<void>& how) {
                               if (!how && all->how)
                                 all->how = how;
                             }};
    carry_out(which, one.mounts.leave(what->container, std::move(part)));
  }
}

void volumes_state::on_late(const mount_late& what) {
  if (const auto found = volumes_.find(what.volume); found != volumes_.end())
    found->second.mounts.give_up(
        what.number, {errc::unavailable, "failed to mount local volume: " + what.volume +
                                             " was not mounted within " +
                                             core::duration_text(limits::volume_mount)});
}

void volumes_state::carry_out(const std::string& which, mount_users::step step) {
  using kind = mount_users::step;
  if (step == kind::none)
    return;
  const auto& one = volumes_.find(which)->second;
  const bool up = step == kind::mount;
  auto told = stepping(up ? "mounted" : "unmounted", [this, which, up](const result<void>& how) {
    auto& mounts = volumes_.find(which)->second.mounts;
    carry_out(which, up ? mounts.mounted(how) : mounts.unmounted(how));
  });
  auto work = [told, up, record = one.record, directory = one.directory] {
    told(up ? mount_volume_blocking(record, directory) : host::detach_mounts(directory));
  };
  if (!setup.mounts->submit((up ? "mount volume " : "unmount volume ") + which, std::move(work)))
    told(too_much());
}

} // namespace gantry::volumes
