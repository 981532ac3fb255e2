#pragma once

#include "actors/jobs/daemon_facts.hpp"
#include "protocol/api/time.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>

namespace gantry::jobs {

/// What `info` tells that is different each time.
struct info_figures {
  std::size_t descriptors = 0; ///< open in this process
  std::size_t actors = 0;      ///< living; shown as goroutines
  std::uint64_t listeners = 0; ///< subscribers of events
  std::size_t images = 0;
  std::size_t running = 0; ///< containers, as the next two
  std::size_t paused = 0;
  std::size_t stopped = 0; ///< all others: created, waiting for a restart, dead, ...
  api::timestamp now;
};

/// The output of job `version`: SystemVersion of Engine API 1.50, all members.
boost::json::object version_value(const daemon_facts& facts);

/// The output of job `info`: SystemInfo of Engine API 1.50, all members, in dockerd's order.
boost::json::object info_value(const daemon_facts& facts, const info_figures& figures);

/// `2024-05-06T07:08:09.123456789Z`, zeros at the end of the fraction left out (RFC 3339 as Go
/// writes it).
std::string rfc3339(api::timestamp t);

} // namespace gantry::jobs
