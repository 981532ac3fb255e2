#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <cstddef>
#include <string>

namespace gantry::host {

/// A copy in memory of a program's file, that nobody can change any more: memfd_create(2) with all
/// seals of fcntl(2). An OCI runtime makes one of itself each time it enters a container, lest the
/// container writes to the runtime's file (CVE-2019-5736), unless it is run from one already.
///
/// Errors: `copy 'PATH': ...`; invalid_parameter, if it is no ELF file or has more than `most`
/// bytes. Blocks.
result<unique_fd> sealed_copy_blocking(const std::string& path,
                                       std::size_t most = std::size_t{32} << 20);

/// Whether `fd` is such a copy.
bool is_sealed_copy(int fd) noexcept;

} // namespace gantry::host
