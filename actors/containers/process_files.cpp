#include "actors/containers/process_files.hpp"

#include "actors/containers/root_files.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace gantry::containers {

result<container::process_user> find_root_user(store::confined_root& root, const std::string& user,
                                               const container::string_list& group_add) {
  const auto passwd = read_root_file(root, "etc/passwd");
  if (!passwd)
    return passwd.error();
  const auto group = read_root_file(root, "etc/group");
  if (!group)
    return group.error();
  return container::find_user(user, group_add.value_or(std::vector<std::string>{}),
                              {*passwd, *group});
}

result<void> write_file(const std::filesystem::path& path, std::string_view text, mode_t mode) {
  const host::unique_fd fd{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode)};
  if (!fd)
    return store::file_error("open", path, errno);
  while (!text.empty()) {
    const auto n = ::write(fd.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return store::file_error("write", path, errno);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fchmod(fd.get(), mode) != 0)
    return store::file_error("chmod", path, errno);
  return {};
}

} // namespace gantry::containers
