#pragma once

#include "protocol/monitor/messages.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Log files of containers: written by the monitor, read by the daemon. Blocking; no threads, no
/// CAF. An object serves one thread at a time.
namespace gantry::logs {

using monitor::log_driver;
using monitor::log_files;
using monitor::log_position;
using monitor::source;

/// The longest piece of a line that becomes a record of its own, as in Docker's copier.
inline constexpr std::size_t longest_piece = std::size_t{16} * 1024;

/// One record of a log: a line, or a piece of one.
struct record {
  source from = source::out;
  std::int64_t time = 0;  ///< nanoseconds since 1970
  std::string_view bytes; ///< with the line's `\n`, if it has one
  bool partial = false;   ///< the line goes on in the next record of this source (or never ended)
  /// json-file: labels and environment as they were told to the writer, in its order.
  std::vector<std::pair<std::string, std::string>> attrs;
};

} // namespace gantry::logs
