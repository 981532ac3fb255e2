#pragma once

#include "actors/inspect/service/service.hpp"
#include "app/settings.hpp"

#include <string>

namespace gantry::app {

/// The daemon's inspection as the settings have it. Its end closes it, and removes its socket.
class inspection {
public:
  inspection(const settings& s, inspect::sources from);

  /// Binds and serves, once the exec root is there. The error if it cannot, which ends the daemon's
  /// start; "" if all is well, if none is wanted, or if it is the default address that cannot be
  /// had: then there is a warning. Blocks for a moment.
  std::string open_blocking();

  /// For connections to come. Blocks.
  void reload_tls_blocking() { service_.reload_tls(); }

private:
  std::string wanted_; ///< "" by default
  std::string exec_root_;
  host::tls_options tls_;
  inspect::service service_;
};

} // namespace gantry::app
