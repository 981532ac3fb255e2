#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace gantry::store {

/// What a layer or archive comes packed in.
enum class compression : std::uint8_t { none, gzip, bzip2, xz, zstd };

/// `none`, `gzip`, `bzip2`, `xz`, `zstd`.
const char* to_string(compression packed) noexcept;

/// As many bytes as `detect_compression` looks at.
inline constexpr std::size_t compression_magic_size = 6;

/// What the first bytes of a stream say. Fewer than `compression_magic_size` of them are only
/// right if the stream has no more.
compression detect_compression(std::string_view first) noexcept;

/// Unpacks one stream, piece by piece. Memory is bounded whatever the stream says: zstd windows
/// above 128 MiB and xz dictionaries that need more than that are refused. Several members, frames
/// or streams in a row are one; zero bytes may follow the last gzip member, as tape blocks do.
///
/// One thread at a time.
class decompressor {
public:
  virtual ~decompressor() = default;

  /// A fresh one. `compression::none` copies.
  static std::unique_ptr<decompressor> make(compression packed);

  /// Unpacks from the front of `input` to the front of `output`, and takes from both what was
  /// used. Returns when `output` is full (there may be more to come, even if `input` is empty) or
  /// when `input` is used up. Errors: invalid_parameter, `invalid gzip data: ...`.
  virtual result<void> run(std::string_view& input, std::span<char>& output) = 0;

  /// To be called once all input was given and `run` left room in `output`.
  /// Errors: invalid_parameter, `unexpected end of gzip data`.
  virtual result<void> finish() = 0;
};

} // namespace gantry::store
