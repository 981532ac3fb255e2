#include "actors/containers/mount_table.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/process_cgroups.hpp"
#include "actors/host/tree_reader.hpp"
#include "actors/host/unique_fd.hpp"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

namespace gantry::containers {
namespace {

using container::mount_propagation;

std::string_view next_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

// Blanks, tabs, line breaks and backslashes are written `\040` and so on.
std::string unescaped(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '7'; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                               (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [shared:N] [master:N] ... - TYPE SOURCE OPTIONS
std::optional<mount_entry> parse_line(std::string_view line) {
  mount_entry entry;
  const auto id = next_word(line);
  next_word(line);
  next_word(line);
  entry.root = unescaped(next_word(line));
  entry.point = unescaped(next_word(line));
  next_word(line);
  for (auto tag = next_word(line); tag != "-"; tag = next_word(line)) {
    if (tag.empty())
      return std::nullopt;
    if (tag.starts_with("shared:"))
      entry.propagation = mount_propagation::shared;
    else if (tag.starts_with("master:") && entry.propagation == mount_propagation::none)
      entry.propagation = mount_propagation::slave;
  }
  entry.type = next_word(line);
  next_word(line);
  entry.options = next_word(line);
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), entry.id);
  if (error != std::errc{} || end != id.data() + id.size() || entry.type.empty())
    return std::nullopt;
  return entry;
}

} // namespace

std::vector<mount_entry> parse_mount_table(std::string_view text) {
  std::vector<mount_entry> out;
  while (!text.empty())
    if (auto entry = parse_line(host::next_line(text)))
      out.push_back(std::move(*entry));
  return out;
}

result<std::vector<mount_entry>> read_mount_table(const std::string& root) {
  const auto path = host::below(root, "proc/self/mountinfo");
  const host::unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd)
    return host::errno_error("open", path, errno);
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const auto n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return host::errno_error("read", path, errno);
    if (n == 0)
      return parse_mount_table(text);
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

const mount_entry* find_cgroup_mount(const std::vector<mount_entry>& mounts,
                                     std::string_view controller) {
  const auto at = std::find_if(mounts.begin(), mounts.end(), [&](const mount_entry& m) {
    return controller.empty() ? m.type == "cgroup2"
                              : m.type == "cgroup" && host::has_controller(m.options, controller);
  });
  return at == mounts.end() ? nullptr : &*at;
}

result<mount_entry> find_mount_of(const std::string& path) {
  struct statx facts {};
  if (::statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, STATX_MNT_ID, &facts) != 0)
    return host::errno_error("stat", path, errno);
  auto mounts = read_mount_table();
  if (!mounts)
    return mounts.error();
  for (auto& mount : *mounts)
    if (mount.id == facts.stx_mnt_id)
      return std::move(mount);
  return api_error{errc::system, "the mount of '" + path + "' is not in mountinfo"};
}

} // namespace gantry::containers
