#pragma once

#include "protocol/network/network.hpp"

#include <memory>
#include <mutex>
#include <string_view>

namespace gantry::networks {

/// All networks as they are at this moment, for any thread: nobody who looks at them waits for the
/// one who changes them.
class shared_networks {
public:
  /// Shows these from now on.
  void set(network::network_list all);

  /// By name. Never null; empty before they are known.
  std::shared_ptr<const network::network_list> all() const;

  /// The one of that name; `id` is empty if there is none.
  network::network_record named(std::string_view name) const;

private:
  mutable std::mutex mutex_; // held for copying a pointer, never for more
  std::shared_ptr<const network::network_list> all_ =
      std::make_shared<const network::network_list>();
};

} // namespace gantry::networks
