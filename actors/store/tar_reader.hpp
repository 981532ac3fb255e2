#pragma once

#include "actors/store/tar_entry.hpp"
#include "actors/store/tar_record.hpp"
#include "protocol/error.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace gantry::store {

/// Gives the next piece of a tar, valid until it is called again; an empty one at the end.
using piece_source = std::function<result<std::string_view>()>;

/// Reads a tar (v7, ustar, GNU, pax) by libarchive and writes its record on the way: contents that
/// `refer_to` gave a file for are referred to, every other byte is kept. That is decided by where
/// in the stream libarchive found what it handed out, so the record is right also for tars that
/// one reader understands differently from another.
///
/// One thread.
class tar_reader {
public:
  tar_reader(piece_source source, tar_record_writer& record);
  /// Without a record.
  explicit tar_reader(piece_source source);
  ~tar_reader();
  tar_reader(const tar_reader&) = delete;
  tar_reader& operator=(const tar_reader&) = delete;

  /// The next entry, valid until the next call; none at the end, when all that follows the archive
  /// was read, too. Contents that were not read are skipped.
  /// Errors: of the source and the record; as `broken_tar`.
  result<const tar_entry*> next();

  /// The contents that are now to be read are in this file of the tree.
  result<void> refer_to(std::string_view path);

  /// The next part of the contents, valid until the next call; none at their end.
  /// Errors: as `next`.
  result<std::optional<tar_data>> data();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace gantry::store
