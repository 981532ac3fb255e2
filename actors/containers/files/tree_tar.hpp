#pragma once

#include "actors/host/unique_fd.hpp"
#include "actors/store/confined_root.hpp"
#include "actors/store/whiteout.hpp"
#include "protocol/error.hpp"
#include "protocol/stream/tar_writer.hpp"

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::containers {

/// What of a tree goes into a tar, and how it is called there.
struct tree_tar_options {
  /// What the tree's top is called: `data` makes `data/`, `data/f`; `/` makes `/`, `/f`; empty: it
  /// is left out, and what is in it has its own names.
  std::string top;
  /// One name in the top is meant, which is called as `top` says; empty: the whole tree.
  std::string only = {};
  /// What overlayfs means by it becomes a whiteout of the tar; literal: it is a file as any.
  store::whiteout_form whiteouts = store::whiteout_form::literal;
};

/// Makes a tar of files that may be changed, moved and removed meanwhile, and not only by friends:
/// no link is followed, nothing but regular files is opened, and the tar stays a proper one. A file
/// that became shorter ends in zeros; what is gone is left out.
///
/// As dockerd does: names in order, a directory before what is in it; hard links to the first of
/// their names; no sockets; whole seconds; of extended attributes only `security.capability`; modes
/// with the bits of the type. Owners have no names.
///
/// Memory is bounded by the names of the directories on the way, and a number of hard links whose
/// other names have not come yet; beyond it names are files of their own. Blocking, one thread.
class tree_tar {
public:
  /// `top`: an open directory.
  tree_tar(host::unique_fd top, tree_tar_options how);
  tree_tar(const tree_tar&) = delete;
  tree_tar& operator=(const tree_tar&) = delete;

  /// The next bytes, at most some hundred kilobytes, valid until the next call; nothing at the end.
  /// Errors: of the file system, with the path in the tar.
  result<std::string_view> next();

private:
  /// A directory whose entry was written.
  struct level {
    std::string path;               ///< below the top; empty for it
    std::vector<std::string> names; ///< to come, the next one last
  };

  result<void> begin();
  result<void> step();
  result<void> enter(const std::string& path, int directory);
  result<void> add(int parent, const std::string& path, const std::string& name);
  result<void> add_file(int parent, const std::string& path, const std::string& name);
  result<void> add_directory(int parent, const std::string& path, const std::string& name);
  bool add_hard_link(stream::tar_member& member, const struct stat& facts,
                     const std::string& shown);
  void put(const stream::tar_member& member) { header_ += stream::tar_header(member); }
  result<std::string_view> read_contents();
  std::string shown(const std::string& path, bool directory) const;

  store::confined_root top_;
  const tree_tar_options how_;
  std::vector<level> levels_;
  bool begun_ = false;
  bool ended_ = false;

  std::string header_;     // to be handed out
  std::string handed_out_; // what the caller has
  host::unique_fd file_;   // whose contents come next
  std::string file_name_;
  std::uint64_t left_ = 0; // of them
  std::uint64_t size_ = 0;
  bool is_short_ = false;
  std::unique_ptr<char[]> buffer_;

  /// Files that have several names: how many are to come, and what the first was called.
  std::map<std::pair<dev_t, ino_t>, std::pair<nlink_t, std::string>> linked_;
};

} // namespace gantry::containers
