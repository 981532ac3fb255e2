// Changes of what a container is called and of what it may use.

#include "actors/containers/container_state.hpp"
#include "actors/runtime/actor.hpp"
#include "protocol/container/resources.hpp"

#include <memory>
#include <utility>

namespace gantry::containers {

void container_state::rename(const rename_container_ptr& what) {
  auto old = std::exchange(name_, what->name);
  runtime::set_label(name_.substr(name_.starts_with("/") ? 1 : 0));
  auto e = event("rename");
  e.attributes.insert_or_assign("oldName", old);
  show();
  write({change_definition{id_, name_, *definition_}});
  services_.all->release(old, id_);
  services_.publish(std::move(e));
  what->answer.tell({});
}

void container_state::update(const update_container_ptr& what) {
  // Until it is settled its runtime is not known.
  if (!settled_ && updates_for_later_.size() < most_updates_for_later)
    return updates_for_later_.push_back(what);
  const auto refuse = [this, what](const api_error& why) {
    what->answer.tell(api_error{why.kind, "Cannot update container " + id_ + ": " + why.message});
  };
  if (!settled_)
    return refuse({errc::unavailable, "too many requests wait for it"});
  auto wanted = *host_config_;
  if (auto done = container::apply_update(wanted, what->what); !done)
    return refuse(done.error());
  if (!run_ || run_->now != phase::up || wanted.resources == host_config_->resources)
    return keep_update(what);
  run_command(
      "update", {"update", "--resources", "-", id_},
      [this, what, refuse](const result<std::string>& how) {
        how ? keep_update(what) : refuse(how.error());
      },
      container::update_json(wanted.resources, *services_.setup->daemon));
}

/// Another update may have come in between: this one changes what that has left.
void container_state::keep_update(const update_container_ptr& what) {
  auto changed = std::make_shared<container::container_definition>(*definition_);
  if (auto done = container::apply_update(changed->host_config, what->what); !done)
    return what->answer.tell(api_error{done.error().kind, "Cannot update container " + id_ + ": " +
                                                              done.error().message});
  definition_ = std::move(changed);
  config_ = {definition_, &definition_->config};
  host_config_ = {definition_, &definition_->host_config};
  life->set_settings(life_settings());
  show();
  write({change_definition{id_, name_, *definition_}});
  services_.publish(event("update"));
  what->answer.tell({});
}

} // namespace gantry::containers
