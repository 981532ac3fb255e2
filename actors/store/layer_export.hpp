#pragma once

#include "protocol/error.hpp"
#include "protocol/oci/digest.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

namespace gantry::store {

/// Where bytes go. An error ends what produces them and becomes its result. The bytes are valid
/// during the call only.
using byte_sink = std::function<result<void>(std::string_view)>;

/// Rebuilds the tar of a layer from `directory` (with `diff/` and `record` in it) into `sink`, on
/// the calling thread. Returns its size. Symbolic links in the tree are never followed.
///
/// Errors: those of `sink`; system if the tree or the record is not what was imported:
/// `layer sha256:...: file 'usr/bin/x' has 3 bytes, not 5`, `layer sha256:...: the files in it were
/// changed: its tar has digest sha256:... now`. The sink has bytes by then, so its reader must not
/// see a proper end.
result<std::uint64_t> export_layer(const std::filesystem::path& directory,
                                   const oci::digest& diff_id, const byte_sink& sink);

} // namespace gantry::store
