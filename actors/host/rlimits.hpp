#pragma once

#include "protocol/error.hpp"

#include <cstdint>

namespace gantry::host {

/// The limit on open files (getrlimit(2), RLIMIT_NOFILE).
struct nofile_limit {
  std::uint64_t before = 0; ///< soft limit as found
  std::uint64_t soft = 0;   ///< soft limit now
  std::uint64_t hard = 0;
};

/// Raises the soft limit on open files to the hard one. Children inherit it: `before` is what to
/// give them back. Error: `setrlimit: ...`.
result<nofile_limit> raise_nofile_limit();

} // namespace gantry::host
