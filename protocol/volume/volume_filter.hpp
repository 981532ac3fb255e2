#pragma once

#include "protocol/api/filters.hpp"
#include "protocol/api/version.hpp"
#include "protocol/error.hpp"
#include "protocol/volume/volume.hpp"

#include <optional>

namespace gantry::volume {

/// Which volumes `GET /volumes` shows (section 3): by driver, label, name, and whether containers
/// have them.
class list_filter {
public:
  /// Takes what passed `api::validate`. Errors: as `api::filters::boolean` for `dangling`.
  static result<list_filter> read(api::filters filters);

  bool matches(const volume_record& volume, bool in_use) const;

private:
  api::filters filters_;
  std::optional<bool> dangling_;
};

/// Which volumes a prune takes of those that nobody uses.
class prune_filter {
public:
  /// `version`: below 1.42 volumes with a name go, too. Errors (invalid_parameter): `invalid
  /// filter 'x'`, `invalid filter 'all=[x]'`.
  static result<prune_filter> read(api::filters filters, api::api_version version);

  /// Never those with options: what is mounted there is not the daemon's.
  bool matches(const volume_record& volume) const;

private:
  api::filters filters_;
  bool all_ = false;
};

} // namespace gantry::volume
