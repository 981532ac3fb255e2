#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::store {

/// How an unpacked tree says that something of the layers below is gone.
enum class whiteout_form : std::uint8_t {
  overlay,      ///< overlayfs: character device 0/0; `trusted.overlay.opaque` on directories
  overlay_user, ///< the same with `user.overlay.opaque` (mount option `userxattr`)
  literal,      ///< the files `.wh.NAME` of the tar as they are
};

/// What the name of a tar entry asks for (OCI image layer specification, "Whiteouts").
enum class whiteout_kind : std::uint8_t {
  none,   ///< an ordinary name
  remove, ///< `.wh.NAME`: NAME of the layers below is gone
  opaque, ///< `.wh..wh..opq`: all that the layers below have in this directory is gone
  ignore, ///< `.wh..wh.ANYTHING`, or below a `.wh.` directory: AUFS's own, no part of the image
};

/// An entry's place, after all that makes names ambiguous is gone.
struct entry_place {
  std::string directory; ///< `a/b`; empty for the root
  std::string name;      ///< the last component, or NAME of a whiteout; empty for the root itself
  whiteout_kind whiteout = whiteout_kind::none;

  /// `a/b/name`
  std::string path() const { return directory.empty() ? name : directory + '/' + name; }
};

/// Resolves `.` and `..` by the text alone, as dockerd does; a leading `/` is the layer's root.
/// Errors: invalid_parameter if a relative path leaves the root (`"../x" is outside of the layer`)
/// or is empty, or a whiteout names nothing that can exist (`.wh.`, `.wh..`, `.wh...`).
result<entry_place> place_of(std::string_view path, whiteout_form whiteouts);

} // namespace gantry::store
