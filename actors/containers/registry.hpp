#pragma once

#include "protocol/container/life.hpp"
#include "protocol/container/stored_container.hpp"
#include "protocol/error.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace gantry::containers {

/// A container as it is kept.
struct kept_container {
  std::string id;   ///< 64 digits
  std::string name; ///< `/web`
  container::container_definition definition;
  container::life_record life;
};

/// A container is new. From here on the volumes that were made for it stay.
struct add_container {
  kept_container what;
};
/// What it was made as has changed (update), or its name.
struct change_definition {
  std::string id;
  std::string name;
  container::container_definition definition;
};
/// It stands elsewhere.
struct change_life {
  std::string id;
  container::life_record life;
};
/// It is gone.
struct forget_container {
  std::string id;
};

using registry_change =
    std::variant<add_container, change_definition, change_life, forget_container>;

/// The containers in the database of metadata. Blocking; for one thread at a time.
class registry {
public:
  /// `file` is the database. Errors: as `store::open_metadata`.
  static result<std::unique_ptr<registry>> open(const std::filesystem::path& file);

  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;
  ~registry();

  /// All that is kept, oldest first.
  struct content {
    std::vector<kept_container> containers;
    std::vector<std::string> set_aside; ///< a warning for each that makes no sense
  };
  /// Reads everything. What makes no sense goes to the table `set_aside`, for people.
  result<content> load();

  /// Makes all of these changes or none; they are on the disk when it returns.
  result<void> apply(const std::vector<registry_change>& changes);

private:
  struct parts;
  explicit registry(std::unique_ptr<parts> p);

  std::unique_ptr<parts> parts_;
};

} // namespace gantry::containers
