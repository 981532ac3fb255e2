#pragma once

#include "app/settings.hpp"

#include <map>
#include <string>
#include <vector>

namespace gantry::app {

/// What a reload would do.
struct reload_plan {
  /// The settings to run with from now on: the old ones, with every change that can be made while
  /// running.
  settings next;
  std::vector<std::string> applied;      ///< keys that changed and take effect now
  std::vector<std::string> need_restart; ///< keys that changed and wait for the next start
  /// Certificates are re-read even if their paths stay: they are renewed in place.
  bool reread_certificates = false;
};

/// Compares the settings in force with those read again. Pure.
reload_plan plan_reload(const settings& present, const settings& wanted);

/// The attributes of the event `daemon reload`, as dockerd's: lists as JSON, runtimes as
/// `name:path` words.
std::map<std::string, std::string> reload_attributes(const settings& values);

} // namespace gantry::app
