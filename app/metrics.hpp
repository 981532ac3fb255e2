#pragma once

#include "actors/metrics/metric_pages.hpp"
#include "app/settings.hpp"

#include <memory>
#include <string>

namespace gantry::app {

/// The daemon's metrics as the settings have them. Its end closes them.
class metrics {
public:
  metrics(const settings& s, gantry::metrics::sources from);

  /// Binds and serves. The error if it cannot, which ends the daemon's start; "" if all is well or
  /// none are wanted. Blocks for a moment, or for a look-up if the host is a name.
  std::string open_blocking();

private:
  std::string address_;                       ///< "": none
  std::unique_ptr<inspect::service> service_; ///< null without an address
};

} // namespace gantry::app
