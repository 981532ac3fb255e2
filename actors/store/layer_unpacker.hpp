#pragma once

#include "actors/host/unique_fd.hpp"
#include "actors/store/confined_root.hpp"
#include "actors/store/replaced_files.hpp"
#include "actors/store/tar_entry.hpp"
#include "actors/store/whiteout.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gantry::store {

/// How a tar is unpacked into a tree that is there, and perhaps in use.
struct extraction {
  std::string base;        ///< the directory in it, relative; empty: its root
  bool keep_kinds = false; ///< a directory is not to give way to anything else, nor the reverse
  /// Everything is to belong to that user and group; none: as the entries say.
  std::optional<std::pair<std::uint32_t, std::uint32_t>> owner;
};

/// Makes the tree of one layer from tar entries, or adds them to a tree that is there. Nothing
/// outside of the tree is touched, whatever the entries say, and no file is ever written to that a
/// link could lead elsewhere: contents only go into files that were made for them.
///
/// As in dockerd: missing directories are made (0755, root); an entry replaces what an earlier one
/// of the same place made, but a directory that is there stays and takes the new attributes;
/// extended attributes that the file system refuses are left out. As the OCI layer specification
/// says, a whiteout speaks of the layers below alone: what the layer itself has at that name
/// stays, and hides the rest.
///
/// Others may change a tree that is in use at the same time, in whatever way: they reach nothing by
/// this outside of it, and nothing they could not have reached themselves by having the same tar.
///
/// One thread.
class layer_unpacker {
public:
  /// `layer` has the empty directory `diff`.
  static result<layer_unpacker> open(const std::filesystem::path& layer, whiteout_form whiteouts);

  /// For a tree that is there. Links are followed as if `root`, an open directory, were `/`; names
  /// of whiteouts are names as any; what has to give way is deleted; an entry for the base itself
  /// changes nothing.
  static layer_unpacker extract(host::unique_fd root, extraction how);

  /// Makes what the entry asks for. True for a file with contents: then they are to be written,
  /// and `end_file` called. Errors: `failed to unpack 'usr/bin/x': mkdir: No space left on
  /// device`; invalid_parameter for entries that no honest layer has; of an extraction `cannot
  /// overwrite directory "/a/x" with non-directory "/a"`, `"../x" is outside of "/a"`.
  result<bool> begin(const tar_entry& entry);

  /// Where in the tree the file of the last `begin` is: relative, and without links.
  const std::string& file_path() const noexcept { return file_path_; }

  /// Writes a part of the file's contents. Errors: as `begin`.
  result<void> write(const tar_data& part);

  /// The file of the last `begin`, whose entry is given again, is complete.
  result<void> end_file(const tar_entry& entry);

  /// No more entries: directories get their times. `record`: the record of the layer, complete.
  result<void> finish(const std::filesystem::path& record);
  /// The same for an extraction.
  result<void> finish() { return set_directory_times(); }

  std::uint64_t entries() const noexcept { return entries_; }
  std::uint64_t skipped_entries() const noexcept { return skipped_entries_; }
  std::uint64_t skipped_xattrs() const noexcept { return skipped_xattrs_; }
  /// Bytes of all that is no directory, links counted once, as `stat` tells them. After `finish`.
  std::uint64_t tree_size() const noexcept { return tree_size_; }

private:
  layer_unpacker(host::unique_fd root, whiteout_form whiteouts);

  result<entry_place> find_place(std::string_view path) const;
  result<void> check_kind(const tar_entry& entry);
  std::string below_base(const std::string& directory) const;
  std::pair<uid_t, gid_t> owner_of(const tar_entry& entry) const;
  result<void> place(const tar_entry& entry);
  result<confined_root::place> open_parent(const std::string& directory);
  result<void> set_root(const tar_entry& entry);
  result<void> make_file(const tar_entry& entry);
  result<void> make_directory(const tar_entry& entry);
  result<void> make_hard_link(const tar_entry& entry);
  result<void> make_node(const tar_entry& entry);
  result<void> make_whiteout();
  result<void> make_opaque(int directory);
  template <class Make>
  result<void> make(const char* step, Make make);
  result<void> clear_place();
  result<void> set_attributes(int fd, const tar_entry& entry);
  result<void> set_attributes_by_name(const tar_entry& entry);
  result<void> set_mode_by_name(const tar_entry& entry);
  template <class Set>
  result<void> set_xattrs(const tar_entry& entry, Set set);
  void note_directory(std::string path, const tar_entry& entry);
  result<void> set_directory_times();
  bool is_whiteout(int parent, const char* name) const noexcept;
  std::string path_here() const;
  api_error failed(const api_error& why) const;

  confined_root root_;
  confined_root targets_;                  // of hard links: the same root, another memory
  bool moved_ = false;                     // what the two remember may be gone
  std::optional<replaced_files> replaced_; // of a layer
  std::optional<extraction> extraction_;   // if it is none
  whiteout_form form_;

  // Of the present entry.
  confined_root::place parent_;
  std::string name_;
  std::string shown_; // its path as the tar has it
  std::string file_path_;
  host::unique_fd file_;
  std::uint64_t file_size_ = 0;
  std::uint64_t written_to_ = 0;

  // Directories and their times, to be set when nothing more is made in them: each path as the
  // number of bytes that it shares with the one before, and the rest.
  std::string directories_;
  std::string last_directory_;

  std::uint64_t files_ = 0; // with contents, so far
  std::uint64_t entries_ = 0;
  std::uint64_t skipped_entries_ = 0;
  std::uint64_t skipped_xattrs_ = 0;
  std::uint64_t tree_size_ = 0;
};

class tar_reader;

/// Unpacks all that `reader` gives; `finish` is left to the caller. Errors: of both.
result<void> unpack_tar(tar_reader& reader, layer_unpacker& unpacker);

} // namespace gantry::store
