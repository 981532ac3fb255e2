#pragma once

#include "app/ctl/command_line.hpp"
#include "app/ctl/source.hpp"
#include "app/ctl/table.hpp"

#include <string>

namespace gantry::ctl {

/// What a command that asks once and prints has to print: a table for people, or with --json what
/// the API said, in one line. Errors: those of the source; not_found for an actor that is not
/// there.
using reading = result<std::string> (*)(const invocation&, source&, const paper&);

/// The reading of that command, or nullptr.
reading find_reading(std::string_view command) noexcept;

/// The target for `GET` that lists the actors that the flags of `from` ask for. Errors: values that
/// are none.
result<std::string> actors_target(const invocation& from);

} // namespace gantry::ctl
