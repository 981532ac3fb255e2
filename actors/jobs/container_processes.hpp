#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What ps(1) tells of a container's processes, as `docker top` shows it.
namespace gantry::jobs {

/// Ids of processes on the host.
using process_ids = std::vector<std::int32_t>;

/// The words of `text`, which spaces separate: what ps is called with.
std::vector<std::string> ps_arguments(std::string_view text);

/// Refuses to have another column called PID: by that one it is decided what is of the container.
/// Errors (system): `specifying "user=PID" is not allowed`.
result<void> check_ps_arguments(std::string_view text);

/// Reads what a runtime's `ps --format json` says: `[12,34]`, or null. Errors (system).
result<process_ids> parse_process_ids(std::string_view json);

/// A table: the last column takes the rest of a line.
struct process_table {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
};

/// Reads the output of ps and keeps the lines of those processes, with the threads below them (`-`
/// for PID). Errors (system): `Couldn't find PID field in ps output`, `Unexpected pid 'x': ...`.
result<process_table> parse_ps(std::string_view output, const process_ids& wanted);

} // namespace gantry::jobs
