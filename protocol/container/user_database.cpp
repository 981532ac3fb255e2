#include "protocol/container/user_database.hpp"

#include "protocol/container/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <set>

namespace gantry::container {
namespace {

using detail::invalid;

constexpr std::int64_t highest_id = std::numeric_limits<std::int32_t>::max();

const char* const out_of_range = "uids and gids must be in range 0-2147483647";

// A number as a user writes it, sign and all: whether it is in range is for others to say.
std::optional<std::int64_t> parse_number(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-'))
      return std::nullopt;
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

// An id as the files have it.
std::optional<std::uint32_t> parse_id(std::string_view text) {
  const auto value = parse_number(text);
  if (!value || *value < 0 || *value > std::numeric_limits<std::uint32_t>::max())
    return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

// Calls `f(fields)` for each line of at least `Least` fields until it says true; those of `N` that
// a line does not have are empty.
template <std::size_t N, std::size_t Least, class F>
void for_each_line(std::string_view text, F&& f) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r'))
      line.remove_suffix(1);

    std::array<std::string_view, N> fields;
    std::size_t count = 0;
    for (; count < N; ++count) {
      const auto colon = line.find(':');
      fields[count] = line.substr(0, colon);
      if (colon == line.npos) {
        ++count;
        break;
      }
      line.remove_prefix(colon + 1);
    }
    if (count >= Least && f(fields))
      return;
  }
}

struct passwd_entry {
  std::string_view name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string_view home;
};

// The first entry that `matches`. passwd(5): name, password, uid, gid, comment, home, shell.
template <class F>
std::optional<passwd_entry> find_passwd(std::string_view text, F&& matches) {
  std::optional<passwd_entry> found;
  for_each_line<6, 4>(text, [&](const auto& fields) {
    const auto uid = parse_id(fields[2]);
    const auto gid = parse_id(fields[3]);
    if (!uid || !gid)
      return false;
    const passwd_entry entry{fields[0], *uid, *gid, fields[5]};
    if (!matches(entry))
      return false;
    found = entry;
    return true;
  });
  return found;
}

// Calls `f(name, gid, members)` for each group until it says true. group(5): name, password, gid,
// members divided by commas.
template <class F>
void for_each_group(std::string_view text, F&& f) {
  for_each_line<4, 3>(text, [&](const auto& fields) {
    const auto gid = parse_id(fields[2]);
    return gid && f(fields[0], *gid, fields[3]);
  });
}

bool has_member(std::string_view members, std::string_view name) {
  while (true) {
    const auto comma = members.find(',');
    if (members.substr(0, comma) == name)
      return true;
    if (comma == members.npos)
      return false;
    members.remove_prefix(comma + 1);
  }
}

// The gid of a group by name or number. A number needs no entry. Nothing if there is none.
result<std::optional<std::uint32_t>> find_group(std::string_view group, std::string_view text) {
  const auto number = parse_number(group);
  if (number && (*number < 0 || *number > highest_id))
    return invalid(out_of_range);
  if (number)
    return std::optional{static_cast<std::uint32_t>(*number)};

  std::optional<std::uint32_t> found;
  for_each_group(text, [&](std::string_view name, std::uint32_t gid, std::string_view) {
    if (name != group)
      return false;
    found = gid;
    return true;
  });
  return found;
}

} // namespace

result<process_user> find_user(std::string_view user, const std::vector<std::string>& group_add,
                               const user_files& files) {
  const auto colon = user.find(':');
  const auto name = user.substr(0, colon);
  auto group = colon == user.npos ? std::string_view{} : user.substr(colon + 1);
  group = group.substr(0, group.find(':')); // Docker takes no notice of a third part

  process_user out;
  const auto number = name.empty() ? std::optional<std::int64_t>{0} : parse_number(name);
  const auto entry = find_passwd(files.passwd, [&](const passwd_entry& e) {
    return number ? e.uid == *number : e.name == name;
  });
  if (entry) {
    out.uid = entry->uid;
    out.gid = entry->gid;
    if (!entry->home.empty())
      out.home = entry->home;
  } else if (!number) {
    return invalid("unable to find user " + std::string{name} +
                   ": no matching entries in passwd file");
  } else if (*number < 0 || *number > highest_id) {
    return invalid(out_of_range);
  } else {
    out.uid = static_cast<std::uint32_t>(*number);
  }

  std::set<std::uint32_t> more;
  if (!group.empty()) {
    const auto gid = find_group(group, files.group);
    if (!gid)
      return gid.error();
    if (!*gid)
      return invalid("unable to find group " + std::string{group} +
                     ": no matching entries in group file");
    out.gid = **gid;
  } else if (entry) {
    for_each_group(files.group, [&](std::string_view, std::uint32_t gid, std::string_view members) {
      if (has_member(members, entry->name))
        more.insert(gid);
      return false;
    });
  }
  for (const auto& added : group_add) {
    const auto gid = find_group(added, files.group);
    if (!gid)
      return gid.error();
    if (!*gid)
      return invalid("Unable to find group " + added + ": no matching entries in group file");
    more.insert(**gid);
  }
  more.erase(out.gid);
  out.additional_gids.push_back(out.gid);
  out.additional_gids.insert(out.additional_gids.end(), more.begin(), more.end());
  return out;
}

} // namespace gantry::container
