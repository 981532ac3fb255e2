#pragma once

#include "protocol/job/job.hpp"

#include <string_view>

namespace gantry::job {

/// Reads a job from one line of words, split at ASCII white space, no quoting (P1): a word with `=`
/// is a variable wherever it stands, of the others the first is the name, the rest are arguments.
/// Error: `invalid_parameter`, `empty command: 'INPUT'`, if there is no name.
result<request> parse(std::string_view input);

} // namespace gantry::job
