// What unpacking into a tree that is there has of its own.
#include "actors/store/layer_unpacker.hpp"
#include "actors/store/tar_reader.hpp"
#include "protocol/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <utility>

namespace gantry::store {

layer_unpacker layer_unpacker::extract(host::unique_fd root, extraction how) {
  layer_unpacker made{std::move(root), whiteout_form::literal};
  made.extraction_ = std::move(how);
  return made;
}

std::string layer_unpacker::below_base(const std::string& directory) const {
  if (!extraction_ || extraction_->base.empty())
    return directory;
  return directory.empty() ? extraction_->base : extraction_->base + '/' + directory;
}

// Where an entry goes, or the target of a hard link is, from the base on.
result<entry_place> layer_unpacker::find_place(std::string_view path) const {
  auto at = place_of(path, form_);
  if (!at.has_value() && extraction_ && !path.empty())
    return invalid(gantry::quoted(path) + " is outside of " +
                   gantry::quoted('/' + extraction_->base));
  return at;
}

// What an extraction refuses, in the words of dockerd, where paths begin at the tree's root.
result<void> layer_unpacker::check_kind(const tar_entry& entry) {
  const auto at = find_place(entry.path);
  if (!at.has_value())
    return at.error();
  if (!extraction_->keep_kinds || at->name.empty())
    return {};
  const auto parent = root_.open_directory(below_base(at->directory));
  struct stat s {};
  if (!parent.has_value() || ::fstatat(parent->fd, at->name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0)
    return {}; // nothing is there, or else it will be seen that it cannot be reached
  const bool is_directory = S_ISDIR(s.st_mode);
  if (is_directory == (entry.kind == entry_kind::directory))
    return {};
  const auto kind = [](bool directory) { return directory ? "directory " : "non-directory "; };
  return api_error{errc::system, std::string{"cannot overwrite "} + kind(is_directory) +
                                     gantry::quoted('/' + below_base(at->path())) + " with " +
                                     kind(!is_directory) + gantry::quoted('/' + extraction_->base)};
}

std::pair<uid_t, gid_t> layer_unpacker::owner_of(const tar_entry& entry) const {
  if (extraction_ && extraction_->owner)
    return *extraction_->owner;
  return {static_cast<uid_t>(entry.uid), static_cast<gid_t>(entry.gid)};
}

namespace {

result<void> unpack_entry(const tar_entry& entry, tar_reader& reader, layer_unpacker& unpacker) {
  const auto wants_contents = unpacker.begin(entry);
  if (!wants_contents.has_value())
    return wants_contents.error();
  if (!*wants_contents)
    return {};
  if (auto done = reader.refer_to(unpacker.file_path()); !done.has_value())
    return done;
  for (;;) {
    const auto part = reader.data();
    if (!part.has_value())
      return part.error();
    if (!*part)
      return unpacker.end_file(entry);
    if (auto done = unpacker.write(**part); !done.has_value())
      return done;
  }
}

} // namespace

result<void> unpack_tar(tar_reader& reader, layer_unpacker& unpacker) {
  for (;;) {
    const auto entry = reader.next();
    if (!entry.has_value())
      return entry.error();
    if (*entry == nullptr)
      return {};
    if (auto done = unpack_entry(**entry, reader, unpacker); !done.has_value())
      return done;
  }
}

} // namespace gantry::store
