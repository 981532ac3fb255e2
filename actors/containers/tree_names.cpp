#include "actors/containers/tree_names.hpp"

#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace gantry::containers {

result<std::vector<std::string>> names_in_directory(int directory) {
  host::unique_fd fd{::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const std::unique_ptr<DIR, int (*)(DIR*)> stream{fd ? ::fdopendir(fd.get()) : nullptr,
                                                   ::closedir};
  if (!stream)
    return store::file_error("open", errno);
  (void)fd.release();
  std::vector<std::string> out;
  for (;;) {
    errno = 0;
    const auto* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0)
      return store::file_error("read", errno);
    if (entry == nullptr)
      return out;
    if (std::string name = entry->d_name; name != "." && name != "..")
      out.push_back(std::move(name));
  }
}

} // namespace gantry::containers
