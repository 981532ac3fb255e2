#pragma once

#include "actors/inspect/views.hpp"
#include "protocol/inspect/model.hpp"

#include <cstdint>
#include <vector>

/// Requests of the API, now and lately, and what was done for them. As views.hpp: any thread, no
/// actor is asked.
namespace gantry::inspect {

/// Those at work, then the last ones that are over; of each the oldest first.
std::vector<request_view> read_requests(const sources& from);

/// The messages that were handled for requests, and are now, and the tasks of worker pools, as far
/// as they are kept; by time. `actors` has the names of those that live.
std::vector<span_view> read_spans(const sources& from, const std::vector<actor_view>& actors);

/// The messages of an actor, if it is traced.
struct message_row {
  bool traced = false;
  std::uint64_t total = 0; ///< since the trace has begun
  std::vector<traced_message> last;
};
message_row read_messages(const sources& from, std::uint64_t actor);

} // namespace gantry::inspect
