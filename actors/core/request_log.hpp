#pragma once

#include "actors/core/messages.hpp"
#include "actors/runtime/ticks.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::core {

/// A request that is over.
struct finished_request {
  request_id id = 0;
  std::string call; ///< `POST /v1.50/containers/create?name=x`
  std::shared_ptr<const client_info> client;
  std::uint64_t connection = 0; ///< its actor
  runtime::ticks begun = 0;     ///< when its head was there
  runtime::ticks took = 0;      ///< until its answer was complete
  unsigned status = 0;          ///< of the answer; 0: the client left before there was one
};

/// The last requests that are over. Monitors ask all the time, and by the thousand; so that they do
/// not crowd out the others, signs of life (`/_ping`), reads (GET, HEAD) and changes each have a
/// shelf of their own. Any thread; takes a lock for a moment.
class request_log {
public:
  static constexpr std::size_t most_pings = 32;
  static constexpr std::size_t most_reads = 96;
  static constexpr std::size_t most_changes = 128;
  /// Bytes that are kept of a call.
  static constexpr std::size_t most_call = 512;

  /// What is said about one. What it points to holds for the length of the call.
  struct ended {
    request_id id = 0;
    std::string_view method, target;
    const std::shared_ptr<const client_info>& client;
    std::uint64_t connection = 0;
    runtime::ticks begun = 0;
    unsigned status = 0;
  };
  /// Now.
  void add(const ended& request);

  /// The oldest first, by id.
  std::vector<finished_request> all() const;

private:
  /// A row that goes round, so that texts keep their memory.
  struct shelf {
    explicit shelf(std::size_t most) : most(most) {}
    finished_request& next();

    const std::size_t most;
    std::size_t place = 0;
    std::vector<finished_request> kept;
  };

  mutable std::mutex mutex_;
  shelf pings_{most_pings};
  shelf reads_{most_reads};
  shelf changes_{most_changes};
};

} // namespace gantry::core
