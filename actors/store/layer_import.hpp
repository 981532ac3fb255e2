#pragma once

#include "actors/store/compression.hpp"
#include "actors/store/whiteout.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/digest.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace gantry::store {

/// What became of a layer.
struct imported_layer {
  compression packed = compression::none;
  oci::digest digest;          ///< of the bytes as they came
  std::uint64_t size = 0;      ///< how many came
  oci::digest diff_id;         ///< of the tar; the same as `digest` if it came unpacked
  std::uint64_t diff_size = 0; ///< bytes of the tar
  std::uint64_t tree_size = 0; ///< what Docker calls a layer's size: all files, links counted once
  std::uint64_t entries = 0;   ///< of the tar
  std::uint64_t skipped_entries = 0; ///< entries that have no place in a tree: sockets, AUFS's own
  std::uint64_t skipped_xattrs = 0;  ///< extended attributes that the file system refused
};

/// Takes the bytes of one layer and makes of them, in one pass, the unpacked tree `DIR/diff`, the
/// record `DIR/record` from which `export_layer` rebuilds the very same tar, and the digests of
/// both forms.
///
///     write -> [hash]                                 a tar as it is: 2 threads
///           -> [tar, tree, record]
///     write -> [hash] / [inflate] -> [hash]           a compressed one: 4 threads
///                                 -> [tar, tree, record]
///
/// The threads are its own and hand each other reused blocks, 3 to 5 MiB of them at most, besides
/// what the compression asks for. Nothing outside DIR is written. Nothing is brought to the disk:
/// see `write_barrier::flush`.
class layer_import {
public:
  /// `directory` is empty and for this layer alone (`layer_files::prepare`).
  layer_import(std::filesystem::path directory, whiteout_form whiteouts);
  layer_import(const layer_import&) = delete;
  layer_import& operator=(const layer_import&) = delete;
  /// Cancels if not finished, and waits for the threads. What was made stays in the directory.
  ~layer_import();

  /// Takes the next bytes of the stream; blocks while the stages behind have no room.
  /// Errors: what went wrong in any stage, the same every time; a cancelled import says
  /// `layer import was cancelled`.
  result<void> write(std::string_view bytes);

  /// Says that all was written, and waits for what becomes of it. Once, and not after an error.
  /// Errors: as `write`. A layer that is no tar or is cut off is invalid_parameter.
  result<imported_layer> finish();

  /// Ends all stages soon. From any thread, at any time while the object lives.
  void cancel() noexcept;

private:
  class pipeline;
  std::unique_ptr<pipeline> pipeline_;
};

} // namespace gantry::store
