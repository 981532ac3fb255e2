#pragma once

#include "protocol/error.hpp"

#include <string>
#include <string_view>

namespace gantry::host {

/// The words of an errno value in English, whatever the locale: `Address already in use`;
/// `errno 4095` if it has none. Safe from any thread.
std::string errno_text(int error);

/// `STEP: WORDS`: `bind: Address already in use`.
std::string errno_text(std::string_view step, int error);

/// `STEP 'PATH': WORDS`: `open '/run/x': Permission denied`.
std::string errno_text(std::string_view step, std::string_view path, int error);

/// The kind that fits an errno value: EADDRINUSE and EEXIST are `conflict`, EACCES, EPERM and EROFS
/// `forbidden`, ENOENT `not_found`, everything else `system`.
errc errno_kind(int error) noexcept;

/// The two above as one failure.
api_error errno_error(std::string_view step, int error);
/// The two above as one failure, with a path.
api_error errno_error(std::string_view step, std::string_view path, int error);

} // namespace gantry::host
