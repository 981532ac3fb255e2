#pragma once

#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace gantry::store {

/// The record of a tar is what rebuilds it, byte for byte, from the tree that it was unpacked to:
/// all that is not contents of a file, and where the contents were.
///
/// The format, version 1:
///
///     "GANTRYTR" 0x01        then one zstd frame, with its checksum, and nothing behind it;
///                            in the frame, operations:
///     L n BYTES              n bytes that are in the tar and nowhere else
///     F size n PATH          what follows is from this file of the tree, size bytes long
///     D offset n             n bytes of the tar are that part of the file
///     E size                 the end; the tar had so many bytes
///
/// Letters are one byte, numbers are LEB128 (7 bits per byte, lowest first). Any part of a file
/// may be named, in any order: the tar of a sparse file has no holes.
namespace record {

/// `L`: valid until the next operation is read.
struct literal {
  std::string_view bytes;
};
/// `F`: likewise.
struct file {
  std::string_view path; ///< relative to the tree, without `.`, `..` and symbolic links
  std::uint64_t size = 0;
};
/// `D`
struct data {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};
/// `E`
struct end {
  std::uint64_t size = 0;
};
using operation = std::variant<literal, file, data, end>;

} // namespace record

/// Writes a record while the tar goes by. Memory does not depend on the size of either.
class tar_record_writer {
public:
  /// Makes the file; there must be none. Errors: of the file system.
  static result<tar_record_writer> create(const std::filesystem::path& path);
  tar_record_writer(tar_record_writer&&) noexcept;
  tar_record_writer& operator=(tar_record_writer&&) noexcept;
  ~tar_record_writer();

  /// The next bytes of the tar are these.
  result<void> literal(std::string_view bytes);
  /// The calls of `data` that follow mean this file.
  result<void> file(std::string_view path, std::uint64_t size);
  /// The next `n` bytes of the tar are those of the file from `offset` on.
  result<void> data(std::uint64_t offset, std::uint64_t n);
  /// The tar is over. Once; the record is complete then, but not yet on the disk.
  result<void> finish();

private:
  struct state;
  explicit tar_record_writer(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

/// Reads a record. Memory does not depend on its size.
class tar_record_reader {
public:
  /// Errors: of the file system; system if the file is no record or of another version.
  static result<tar_record_reader> open(const std::filesystem::path& path);
  tar_record_reader(tar_record_reader&&) noexcept;
  tar_record_reader& operator=(tar_record_reader&&) noexcept;
  ~tar_record_reader();

  /// The next operation; `end` is the last, and is only given if the whole record is sound and
  /// adds up. Errors: system, `record 'PATH' is truncated`, `record 'PATH' is corrupt: ...`.
  result<record::operation> next();

private:
  struct state;
  explicit tar_record_reader(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

} // namespace gantry::store
