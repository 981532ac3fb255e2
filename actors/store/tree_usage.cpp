#include "actors/store/tree_usage.hpp"

#include "actors/store/confined_root.hpp"
#include "actors/store/file_steps.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace gantry::store {

result<tree_usage> measure_tree(host::unique_fd directory) {
  const confined_root root{std::move(directory)};
  tree_usage usage;
  std::unordered_set<ino_t> linked;
  std::vector<std::string> to_visit{"."};
  while (!to_visit.empty()) {
    const auto path = std::move(to_visit.back());
    to_visit.pop_back();
    auto fd = root.open_straight(path, O_RDONLY | O_DIRECTORY);
    if (!fd.has_value()) {
      if (fd.error().kind == errc::not_found)
        continue;
      return fd.error();
    }
    struct stat s {};
    if (::fstat(fd->get(), &s) != 0)
      return file_error("stat", path, errno);
    ++usage.inodes;
    usage.allocated += static_cast<std::uint64_t>(s.st_blocks) * 512;
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(fd->get()), ::closedir};
    if (!stream)
      return file_error("open", path, errno);
    (void)fd->release();
    while (const auto* entry = ::readdir(stream.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..")
        continue;
      if (::fstatat(::dirfd(stream.get()), name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0)
        continue;
      if (S_ISDIR(s.st_mode)) {
        to_visit.push_back(path == "." ? name : path + '/' + name);
        continue;
      }
      if (s.st_nlink > 1 && !linked.insert(s.st_ino).second)
        continue;
      ++usage.inodes;
      usage.apparent += static_cast<std::uint64_t>(s.st_size);
      usage.allocated += static_cast<std::uint64_t>(s.st_blocks) * 512;
    }
  }
  return usage;
}

} // namespace gantry::store
