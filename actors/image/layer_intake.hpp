#pragma once

#include "actors/image/archive_reader.hpp"
#include "actors/image/room.hpp"
#include "actors/image/transfer.hpp"
#include "actors/store/layer_import.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/archive_view.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::image {

/// Brings the layers of one operation to the store: one after the other they are made below `tmp`,
/// and go to their places together.
///
///     intake.take(path, ...)   for each layer, or
///     intake.identify(path, ...)
///     intake.settle()          then all that `layers()` tells of is in the store, held by the
///     lease
///
/// For one thread.
class layer_intake {
public:
  /// What gives the contents of a layer piece by piece; nothing at the end.
  using contents = std::function<result<std::optional<std::string_view>>()>;

  /// A layer that came, and what it is.
  struct taken {
    std::string path;                ///< as given
    oci::archive_layer what;         ///< complete after `settle`
    std::optional<api_error> broken; ///< it is no layer; `what` says nothing
  };

  /// All outlive it. `own`: how the operation comes on.
  layer_intake(const image_services& services, const transfer_streams& io, store::lease lease,
               pulse own)
      : services_(services), io_(io), lease_(lease), pulse_(std::move(own)) {}
  layer_intake(const layer_intake&) = delete;
  layer_intake& operator=(const layer_intake&) = delete;

  /// Holds a layer of the store; nothing if there is no such. Errors: of the store.
  result<std::optional<store::layer_info>> hold(const oci::digest& diff_id);

  /// Takes the next layer: reads its contents, all of them. `claimed`: the digest that they are
  /// said to have, or empty. A layer that turns out to be none is noted as `broken`. Errors: of
  /// `read`, of the file system.
  result<void> take(std::string path, const oci::digest& claimed, const contents& read);

  /// True if the store has a layer whose tar is of that size: only such contents can be one of its
  /// layers, unless they are packed.
  bool may_have(std::int64_t size) const;

  /// As `take`, for contents without a claim that `may_have`: they are kept beside until all have
  /// come and their digest is known, and are only unpacked if the store has no such layer.
  result<void> identify(std::string path, const contents& read);

  /// Brings everything to the disk and gives it to the store. Errors: of both.
  result<void> settle();

  const std::vector<taken>& layers() const noexcept { return layers_; }

private:
  /// A layer that is made and not yet in the store.
  struct made_layer {
    scratch_directory directory;
    store::imported_layer imported;
    std::optional<layers_in_progress::claim> claim;
  };
  /// A layer that another operation is making, as it came.
  struct awaited_layer {
    std::size_t number; ///< among `layers_`
    scratch_directory directory;
    std::shared_ptr<layer_in_progress> other;
    oci::digest claimed;
  };

  result<store::imported_layer> import(const scratch_directory& into, const contents& read);
  result<void> make(std::size_t number, std::optional<layers_in_progress::claim> claim,
                    const contents& read);
  result<void> make_from_spool(std::size_t number, const scratch_directory& directory);
  result<std::int64_t> spool(const scratch_directory& into, const contents& read);
  result<void> store_made();
  result<void> store_one(made_layer& layer);
  result<void> await(awaited_layer& layer);
  void wait_for_room();

  const image_services& services_;
  const transfer_streams& io_;
  const store::lease lease_;
  const pulse pulse_;
  std::optional<room> room_;
  std::optional<store::write_barrier> barrier_;
  std::vector<taken> layers_;
  std::vector<made_layer> made_;
  std::vector<awaited_layer> awaited_;
};

} // namespace gantry::image
