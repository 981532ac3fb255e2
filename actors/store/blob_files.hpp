#pragma once

#include "actors/store/paths.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/digest.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::store {

/// Small contents kept by their digest, one file each, mode 0600. Blocking; for one writer at a
/// time, and any number of readers. Nobody sees half a blob: it is written below `tmp`, brought to
/// the disk, and then renamed.
class blob_files {
public:
  /// The directories of `where` exist.
  explicit blob_files(paths where) : paths_(std::move(where)) {}

  /// Keeps `bytes` and returns their digest; what is there already stays. It is on the disk when
  /// this returns. Errors: what the file system says (`write 'PATH': no space left on device`);
  /// nothing is left behind then.
  result<oci::digest> put(std::string_view bytes);

  /// The bytes of a blob. Errors: not_found if there is no such content: `blob sha256:HEX is not
  /// there`, `blob sha256:HEX is damaged: its content has the digest sha256:HEX`, `blob sha256:HEX
  /// is too large` (more than `limit` bytes); else what the file system says.
  result<std::string> read(const oci::digest& id, std::size_t limit) const;

  /// True if there is such a file; its content is not looked at.
  bool has(const oci::digest& id) const;

  /// The digests of all blobs, in no order. Files with other names are passed over.
  result<std::vector<oci::digest>> list() const;

  /// Deletes a blob; one that is not there is no failure.
  result<void> remove(const oci::digest& id);

private:
  paths paths_;
};

} // namespace gantry::store
