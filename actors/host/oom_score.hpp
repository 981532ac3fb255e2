#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <string>

namespace gantry::host {

/// Tells the kernel how likely it is to kill this process when memory is short: -1000 (never) to
/// 1000. Children inherit it. Lowering it needs CAP_SYS_RESOURCE. `file`: for tests. Error:
/// `cannot set the OOM score to N: open '...': Permission denied`. Source: proc(5),
/// /proc/pid/oom_score_adj.
result<void> set_oom_score(std::int64_t score,
                           const std::string& file = "/proc/self/oom_score_adj");

} // namespace gantry::host
