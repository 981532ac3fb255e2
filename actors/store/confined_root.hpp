#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace gantry::store {

/// A directory below which names given by strangers are opened. Whatever symbolic links and `..`
/// there are, nothing outside is ever reached: the kernel sees to that (openat2(2)).
///
/// One thread at a time. Remembers the directory it opened last, since entries come in order.
class confined_root {
public:
  explicit confined_root(host::unique_fd directory) noexcept : root_(std::move(directory)) {}

  /// A directory below the root.
  struct place {
    int fd = -1;           ///< open until the next call of any function here
    std::string_view path; ///< as it is without links; empty for the root; valid as long
  };

  /// The root itself.
  int fd() const noexcept { return root_.get(); }

  /// Opens a directory. Symbolic links in `path` are followed as if the root were `/`.
  /// Errors: of the file system; the text names no path.
  result<place> open_directory(const std::string& path);

  /// Opens whatever is at `path` with openat2(2)'s `flags`. Symbolic links, with O_NOFOLLOW all but
  /// the last, are followed as if the root were `/`. Errors: of the file system.
  result<host::unique_fd> open_inside(const std::string& path, int flags) const;

  /// Where something that is open is, as `place::path`. Errors: system, if it is nowhere below.
  result<std::string> path_of(int fd) const;

  /// Opens a file, with openat2(2)'s `flags`. A symbolic link anywhere in `path` is an error.
  result<host::unique_fd> open_straight(const std::string& path, int flags) const;
  /// The same; nothing, with errno, if it cannot be opened.
  host::unique_fd try_straight(const std::string& path, int flags) const noexcept;

  /// To be called when a directory was renamed or removed: nothing is remembered then.
  void forget() noexcept;

private:
  host::unique_fd root_;
  host::unique_fd last_;
  std::string last_asked_;
  std::string last_path_;
};

} // namespace gantry::store
