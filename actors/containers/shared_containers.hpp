#pragma once

#include "protocol/container/container_view.hpp"
#include "protocol/container/list_view.hpp"
#include "protocol/error.hpp"

#include <caf/actor_control_block.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::containers {

/// A moment of a container, as everybody may look at it. Never changed.
struct published_container {
  explicit published_container(container::container_view moment)
      : view(std::move(moment)), entry(view) {}

  const container::container_view view;
  const container::list_entry entry; ///< of lists, written once
};

using published_ptr = std::shared_ptr<const published_container>;
/// Newest first.
using published_list = std::vector<published_ptr>;

/// All containers as they are at this moment, for any thread: nobody who looks at them waits for
/// any of them. Names are given out here, so that no two containers have the same.
class shared_containers {
public:
  /// Takes a name (with its slash) for a container. Errors: conflict, as `container::name_in_use`.
  result<void> reserve(const std::string& name, const std::string& id);
  /// Gives it back; nothing happens if another container has it.
  void release(const std::string& name, const std::string& id);

  /// Shows a moment, and who looks after the container.
  void put(published_ptr moment, caf::strong_actor_ptr actor);
  /// Shows a later moment of one that is there; nothing happens if it is not.
  void renew(published_ptr moment);
  /// The container is gone; its name is not given back by this.
  void remove(const std::string& id);

  /// Finds by id, name (with or without slash) or prefix of an id (section 4). Errors: not_found
  /// `No such container: X`; invalid_parameter `multiple IDs found with provided prefix: X`.
  result<published_ptr> find(std::string_view reference) const;
  /// Its actor; null if it is gone.
  caf::strong_actor_ptr actor_of(const std::string& id) const;
  /// All of them, newest first. Never null.
  std::shared_ptr<const published_list> all() const;

private:
  struct place {
    published_ptr moment;
    caf::strong_actor_ptr actor;
  };

  mutable std::mutex mutex_; // held for looking up and copying pointers, never for more
  std::map<std::string, place, std::less<>> containers_;  // by id
  std::map<std::string, std::string, std::less<>> names_; // with slash, to the id
  mutable std::shared_ptr<const published_list> list_;    // null: has to be made anew
};

} // namespace gantry::containers
