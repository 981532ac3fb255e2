// The volumes of a container: mounted before it starts, unmounted after its end, let go of when it
// is removed.

#include "actors/containers/container_state.hpp"
#include "actors/containers/in_turn.hpp"
#include "actors/runtime/log.hpp"

#include <utility>

namespace gantry::containers {

namespace {

/// A volume on which something is to be mounted while the container runs; null if `mount` is none.
volumes::published_volume_ptr to_be_mounted(const volumes::volume_services& services,
                                            const container::mount_point& mount) {
  if (mount.type != "volume")
    return nullptr;
  auto known = services.all->find(mount.name);
  return known && volume::needs_mount(known->record) ? known : nullptr;
}

} // namespace

void container_state::mount_volumes(std::size_t from,
                                    std::function<void(const result<void>&)> then) {
  const auto& mounts = definition_->mounts;
  for (; from < mounts.size(); ++from)
    if (auto known = to_be_mounted(services_.volumes, mounts[from])) {
      auto request = std::make_shared<volumes::mount_volume>();
      request->container = id_;
      request->name = mounts[from].name;
      request->answer = {
          "the volumes",
          in_turn<result<void>>("volume mounted", [this, from, known, then = std::move(then)](
                                                      const result<void>& how) {
            if (how)
              return mount_volumes(from + 1, then);
            then(api_error{how.error().kind, "error while mounting volume '" + known->directory +
                                                 "': " + how.error().message});
          })};
      return caf::anon_send(services_.volumes.actor, std::move(request));
    }
  then({});
}

void container_state::unmount_volumes(std::function<void()> then) {
  bool mounted = false;
  for (const auto& mount : definition_->mounts)
    mounted = mounted || to_be_mounted(services_.volumes, mount);
  if (!mounted)
    return then();
  auto request = std::make_shared<volumes::unmount_volumes>();
  request->container = id_;
  request->answer = {
      "the volumes", in_turn<result<void>>("volumes unmounted", [this, then = std::move(then)](
                                                                    const result<void>& how) {
        if (!how)
          log::write(log::level::warn, "container", "a volume could not be unmounted",
                     {{"container", id_}, {"error", how.error().message}});
        then();
      })};
  caf::anon_send(services_.volumes.actor, std::move(request));
}

void container_state::let_go_of_volumes(bool remove_anonymous, std::function<void()> then) {
  bool any = false;
  auto request = std::make_shared<volumes::release_volumes>();
  request->container = id_;
  for (const auto& mount : definition_->mounts) {
    any = any || mount.type == "volume";
    if (remove_anonymous && container::is_anonymous(mount))
      request->discard.push_back(mount.name);
  }
  if (!any)
    return then();
  request->answer = {"the volumes",
                     in_turn<result<void>>("volumes released", [this, then = std::move(then)](
                                                                   const result<void>& how) {
                       if (!how)
                         log::write(log::level::warn, "container", "an anonymous volume is left",
                                    {{"container", id_}, {"error", how.error().message}});
                       then();
                     })};
  caf::anon_send(services_.volumes.actor, std::move(request));
}

void container_state::publish_mounts(bool mounted) {
  if (std::exchange(has_mounts_, mounted) == mounted)
    return;
  for (const auto& mount : definition_->mounts) {
    if (mount.type != "volume")
      continue;
    api::event e;
    e.type = "volume";
    e.action = mounted ? "mount" : "unmount";
    e.actor = mount.name;
    e.attributes = {{"container", id_}, {"driver", mount.driver}};
    if (mounted) {
      e.attributes.emplace("destination", mount.destination);
      e.attributes.emplace("propagation", mount.propagation);
      e.attributes.emplace("read/write", mount.read_write ? "true" : "false");
    }
    services_.publish(std::move(e));
  }
}

} // namespace gantry::containers
