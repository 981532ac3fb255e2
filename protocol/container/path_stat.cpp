#include "protocol/container/path_stat.hpp"

#include "protocol/container/mount_point.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <sys/stat.h>

#include <array>
#include <utility>

namespace gantry::container {

namespace {

// Whether a path ends in `.` as Go's path.Base has it.
bool ends_in_dot(std::string_view path) {
  while (path.ends_with('/'))
    path.remove_suffix(1);
  return path == "." || path.ends_with("/.");
}

} // namespace

std::string container_path::text() const {
  auto out = directory;
  if (!out.ends_with('/'))
    out += '/';
  if (!name.empty())
    return out + name;
  return shown == "." ? out + '.' : out;
}

container_path parse_container_path(std::string_view path) {
  const auto whole = clean_path("/" + std::string{path});
  if (whole == "/")
    return {whole, {}, "/"};
  const auto slash = whole.rfind('/');
  auto last = whole.substr(slash + 1);
  if (ends_in_dot(path))
    return {whole, {}, "."};
  if (path.ends_with('/'))
    return {whole, {}, std::move(last)};
  auto shown = last;
  return {slash == 0 ? "/" : whole.substr(0, slash), std::move(last), std::move(shown)};
}

std::uint32_t go_file_mode(std::uint32_t mode) noexcept {
  constexpr std::uint32_t device = 1U << 26;
  constexpr std::uint32_t character = 1U << 21;
  constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 6> types{{
      {S_IFDIR, 1U << 31},
      {S_IFLNK, 1U << 27},
      {S_IFBLK, device},
      {S_IFCHR, device | character},
      {S_IFIFO, 1U << 25},
      {S_IFSOCK, 1U << 24},
  }};
  auto out = mode & 0777U;
  for (auto [type, bits] : types)
    if ((mode & S_IFMT) == type)
      out |= bits;
  constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 3> special{
      {{S_ISUID, 1U << 23}, {S_ISGID, 1U << 22}, {S_ISVTX, 1U << 20}}};
  for (auto [bit, bits] : special)
    if ((mode & bit) != 0)
      out |= bits;
  return out;
}

std::string to_json(const path_stat& facts) {
  return boost::json::serialize(boost::json::object{
      {"name", facts.name},
      {"size", facts.size},
      {"mode", go_file_mode(facts.mode)},
      {"mtime", to_string(facts.modified)},
      {"linkTarget", facts.link_target},
  });
}

} // namespace gantry::container
