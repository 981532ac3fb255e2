#include "actors/volumes/opening.hpp"

#include "actors/host/mounts.hpp"
#include "actors/runtime/log.hpp"
#include "actors/volumes/volume_store.hpp"

#include <future>
#include <set>
#include <string>
#include <utility>

namespace gantry::volumes {

namespace {

void warn(const std::string& text) { log::write(log::level::warn, "volumes", text); }

/// A daemon that died may have left something mounted.
void detach_unused(const volume_paths& where, const std::vector<volume::volume_record>& volumes,
                   const std::vector<volume_user>& users) {
  std::set<std::string> used;
  for (const auto& user : users)
    if (user.running)
      used.insert(user.volumes.begin(), user.volumes.end());
  for (const auto& one : volumes)
    if (volume::needs_mount(one) && !used.contains(one.name))
      if (auto detached = host::detach_mounts(where.data(one.name)); !detached)
        warn(detached.error().message);
}

} // namespace

result<void> open_blocking(const volume_services& services, const std::filesystem::path& data_root,
                           std::shared_ptr<store::trash> bin, std::vector<volume_user> users) {
  auto store = volume_store::open(data_root, std::move(bin));
  if (!store)
    return store.error();
  auto content = (*store)->load();
  if (!content)
    return content.error();
  for (const auto& text : content->warnings)
    warn(text);
  detach_unused((*store)->where(), content->volumes, users);
  auto shown = std::make_shared<std::promise<void>>();
  auto done = shown->get_future();
  // Only the message holds the promise: if the actor has ended, the wait ends with the message.
  caf::anon_send(services.actor,
                 volumes_opened{std::shared_ptr<volume_store>{std::move(*store)},
                                std::make_shared<const std::vector<volume::volume_record>>(
                                    std::move(content->volumes)),
                                std::make_shared<const std::vector<volume_user>>(std::move(users)),
                                [shown = std::move(shown)] { shown->set_value(); }});
  done.wait();
  return {};
}

} // namespace gantry::volumes
