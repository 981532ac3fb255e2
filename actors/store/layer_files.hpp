#pragma once

#include "actors/host/unique_fd.hpp"
#include "actors/store/paths.hpp"
#include "actors/store/whiteout.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace gantry::store {

/// How layers are put together for a container, which decides in what form they are kept.
enum class layer_driver : std::uint8_t {
  overlay, ///< stacked by overlayfs
  copy,    ///< copied over each other: where overlayfs cannot be mounted
};

/// The name in paths and in `docker info`: `overlay2` (Docker's name for overlayfs), `copy`.
const char* to_string(layer_driver driver) noexcept;

class trash;

/// What a trial of overlayfs below a directory said.
struct overlay_trial {
  bool works = false;
  bool user_xattr = false; ///< only with the mount option `userxattr`
  std::string reason;      ///< why it does not work; empty if it does
};

/// Mounts a small overlay, out of everybody's sight, from directories made below `tmp`, and looks
/// whether whiteouts and opaque directories hide what they should. Leaves nothing behind.
overlay_trial try_overlay(const std::filesystem::path& tmp);

/// Brings what is written to the disk. Made before the writing begins, so that a failure of the
/// kernel's later writing, which it tells once per descriptor, is not missed.
class write_barrier {
public:
  /// `directory` is on the file system that is written to. Errors: of the file system.
  static result<write_barrier> open(const std::filesystem::path& directory);

  /// Waits until all that was written to the file system, by anybody, is on the disk (syncfs(2)):
  /// once for many files that costs about as much as fsync(2) of a few. Errors: of the file
  /// system, failures since `open` or the last call included.
  result<void> flush() const;

private:
  explicit write_barrier(host::unique_fd fd) noexcept : fd_(std::move(fd)) {}

  host::unique_fd fd_;
};

/// The form in which layers are kept, and where new ones are made. The way of a layer:
///
///     auto barrier = files.barrier();
///     auto directory = files.prepare();
///     layer_import import{*directory, files.whiteouts()};  // write ..., finish
///     barrier->flush();                                    // once for all layers of an image
///     store.add_layer(lease, *directory, ...);             // image_store: renames it to its place
///
/// Any number of threads may use one object.
class layer_files {
public:
  /// The data root is there; its `tmp` is made (mode 0710) if it is missing. Without `wanted` the
  /// driver is chosen by trial. Errors: of the file system; unavailable if overlay is
  /// wanted and does not work here. `bin` gets what is not needed after all and takes long to
  /// delete; without one that is deleted at once.
  static result<layer_files> open(const paths& where, std::optional<layer_driver> wanted = {},
                                  std::shared_ptr<trash> bin = {});

  const paths& where() const noexcept { return where_; }
  layer_driver driver() const noexcept { return driver_; }
  /// The form that `layer_import` is to use.
  whiteout_form whiteouts() const noexcept { return whiteouts_; }
  /// Why overlay was not chosen; empty if it was, or was not tried.
  const std::string& reason() const noexcept { return reason_; }

  /// A fresh empty directory below `tmp`, for a `layer_import`.
  result<std::filesystem::path> prepare() const;

  /// Takes away what `prepare` made, with all that came in: at once if it is little, and else by
  /// way of the trash. Errors: of the file system; what is left the next start takes away.
  result<void> discard(const std::filesystem::path& prepared) const;

  /// True while something that was taken away, here or from the store, is still to be deleted.
  bool is_deleting() const;

  /// To be had before the first byte of a layer is written.
  result<write_barrier> barrier() const { return write_barrier::open(where_.tmp()); }

private:
  layer_files(paths where, std::shared_ptr<trash> bin)
      : where_(std::move(where)), bin_(std::move(bin)) {}

  paths where_;
  std::shared_ptr<trash> bin_;
  layer_driver driver_ = layer_driver::copy;
  whiteout_form whiteouts_ = whiteout_form::literal;
  std::string reason_;
};

} // namespace gantry::store
