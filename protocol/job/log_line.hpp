#pragma once

#include "protocol/job/job.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gantry::job {

/// `[1a2b3c4d] TEXT\n`: a line of the engine's log (L1). Of `engine_id` the first 8 characters are
/// shown; newlines at the end of `text` are dropped.
std::string engine_line(std::string_view engine_id, std::string_view text);

/// `[1a2b3c4d] +job start(abc)\n`: written before a job runs (L3).
std::string begin_line(std::string_view engine_id, const request& r);

/// `[1a2b3c4d] -job start(abc) = OK (0)\n`: written after a job ran (L3). Without a status, which
/// is the case if there was no handler, the line ends after the call (J7).
std::string end_line(std::string_view engine_id, const request& r, std::optional<int> status);

/// `[1a2b3c4d.start(abc) = OK (0)] TEXT\n`: a line that a job itself logs (J5).
std::string job_line(std::string_view engine_id, const request& r, std::optional<int> status,
                     std::string_view text);

} // namespace gantry::job
