#include "actors/containers/files/path_lookup.hpp"

#include "actors/containers/file_copy.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/store/confined_root.hpp"
#include "actors/store/file_steps.hpp"
#include "protocol/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string_view>
#include <utility>

namespace gantry::containers {

namespace {

using store::confined_root;

/// As many links as dockerd follows.
constexpr int most_links = 255;

void push_front(std::deque<std::string>& parts, std::string_view path) {
  std::deque<std::string> fresh;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(part.size() + 1, path.size()));
    if (!part.empty() && part != ".")
      fresh.emplace_back(part);
  }
  parts.insert(parts.begin(), fresh.begin(), fresh.end());
}

/// A failure in the words of Go's os.Lstat.
api_error lstat_error(const std::string& path, const std::string& reason) {
  return {errc::system, "lstat " + path + ": " + lower(reason)};
}

} // namespace

api_error no_such_file(const std::string& path, const std::string& container) {
  return {errc::not_found, "Could not find the file " + path + " in container " + container};
}

std::string resolve_links_blocking(int root, const std::string& path) {
  const confined_root confined{host::duplicate(root)};
  std::deque<std::string> rest;
  push_front(rest, path);
  std::string at; // relative, without links
  for (int links = 0; !rest.empty();) {
    auto part = std::move(rest.front());
    rest.pop_front();
    if (part == "..") {
      const auto slash = at.rfind('/');
      at.erase(slash == at.npos ? 0 : slash);
      continue;
    }
    const auto directory = confined.open_straight(at.empty() ? "." : at, O_PATH | O_DIRECTORY);
    const auto target = directory ? read_link({directory->get(), part}) : std::string{};
    if (target.empty() || ++links > most_links) {
      at = joined(at, part);
      continue;
    }
    if (target.starts_with('/'))
      at.clear();
    push_front(rest, target);
  }
  return '/' + at;
}

result<found_path> look_up_blocking(int root, const std::string& path,
                                    const std::string& container) {
  const auto parsed = container::parse_container_path(path);
  const confined_root confined{host::duplicate(root)};
  auto directory = confined.open_inside(parsed.directory, O_RDONLY | O_DIRECTORY);
  if (!directory) {
    const auto& why = directory.error();
    return why.kind == errc::not_found
               ? no_such_file(path, container)
               : lstat_error(parsed.text(), why.message.substr(std::string_view{"open: "}.size()));
  }
  struct stat facts {};
  const int failed = parsed.name.empty() ? ::fstat(directory->get(), &facts)
                                         : ::fstatat(directory->get(), parsed.name.c_str(), &facts,
                                                     AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);
  if (failed != 0)
    return errno == ENOENT ? no_such_file(path, container)
                           : lstat_error(parsed.text(), host::errno_text(errno));
  found_path found{std::move(*directory), parsed.name, {}};
  found.facts = {
      .name = parsed.shown,
      .size = facts.st_size,
      .mode = facts.st_mode,
      .modified = {facts.st_mtim.tv_sec, static_cast<std::int32_t>(facts.st_mtim.tv_nsec), 0},
      .link_target = {},
  };
  if (S_ISLNK(facts.st_mode))
    found.facts.link_target = resolve_links_blocking(root, parsed.text());
  return found;
}

} // namespace gantry::containers
