#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// The pages below /debug/pprof (clauses DB1, DB2), except those of the heap, the CPU and actors.
namespace gantry::inspect {

/// A line of the index.
struct profile_count {
  std::string_view name;
  std::size_t count = 0;
};

/// The index: an HTML page with a link for each profile.
std::string pprof_index(const std::vector<profile_count>& profiles);

/// The arguments this process was started with, from proc/self/cmdline. Blocks.
std::vector<std::string> read_arguments(const std::string& root = "/");

/// They as `cmdline` shows them: joined by NUL.
std::string pprof_cmdline(const std::vector<std::string>& arguments);

/// The answer to `symbol`: `num_symbols: 1`, then `0xADDR NAME` for each of the `+`-separated
/// addresses (0x hexadecimal, 0 octal, decimal) that is known; what is no address is skipped.
/// Blocks.
std::string pprof_symbols(std::string_view addresses);

/// The threads of this process by name: `threadcreate profile: total N`, then `COUNT @ NAME`, with
/// `debug` > 0 the ids under it. Blocks.
std::string thread_profile(int debug, const std::string& root = "/");

/// Number of threads of this process. Blocks.
std::size_t thread_count(const std::string& root = "/");

} // namespace gantry::inspect
