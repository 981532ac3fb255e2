#pragma once

#include "actors/store/tar_entry.hpp"
#include "protocol/error.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace gantry::image {

/// Where bytes come from: the next piece; an empty one at the end, also the second time. May block.
using byte_source = std::function<result<std::string>()>;

/// Gives the bytes of a stream as they are or unpacked, whatever it comes packed in (gzip, bzip2,
/// xz, zstd). Errors: those of `packed`; invalid_parameter for broken data. For one thread.
byte_source unpacked(byte_source packed);

/// Reads a tar that holds other things, entry by entry, without a file in between. A part of it is
/// held, never an entry.
///
/// For one thread.
class archive_reader {
public:
  /// `source` gives the tar (v7, ustar, GNU, pax).
  explicit archive_reader(byte_source source);
  archive_reader(const archive_reader&) = delete;
  archive_reader& operator=(const archive_reader&) = delete;
  ~archive_reader();

  /// The next entry, valid until the next call; null at the end, when the source was read to its
  /// end, too. Contents that were not read are skipped. Errors: of the source; invalid_parameter in
  /// the words of Go's reader: `unexpected EOF`, `archive/tar: invalid tar header`.
  result<const store::tar_entry*> next();

  /// The next part of the contents, in order, valid until the next call; none at their end. What no
  /// part covers is zeros. Errors: as `next`.
  result<std::optional<store::tar_data>> data();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace gantry::image
