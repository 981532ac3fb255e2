#include "actors/host/cgroup_facts.hpp"

#include "actors/host/tree_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace gantry::host {
namespace {

constexpr std::string_view unified_mount = "/sys/fs/cgroup";

struct cgroup_mount {
  std::string point; // as seen from root, without it
  bool v2 = false;
  std::string options; // of the file system: holds the names of version 1 controllers
};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    auto part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (!part.empty())
      parts.push_back(part);
  }
  return parts;
}

bool has_word(std::string_view list, char separator, std::string_view word) {
  auto words = split(list, separator);
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Resolves the octal escapes of proc(5): `\040` is a blank.
std::string unescape(std::string_view text) {
  std::string plain;
  auto digit = [&text](std::size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '7';
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// The cgroup mounts of proc/self/mountinfo: `ID PARENT DEV ROOT POINT OPTS [TAGS] - TYPE SRC OPTS`.
std::vector<cgroup_mount> read_mounts(const std::string& root) {
  auto content = read_text(below(root, "proc/self/mountinfo"));
  std::string_view text = content;
  std::vector<cgroup_mount> mounts;
  while (!text.empty()) {
    auto line = next_line(text);
    auto dash = line.find(" - ");
    if (dash == std::string_view::npos)
      continue;
    auto head = split(line.substr(0, dash), ' ');
    auto tail = split(line.substr(dash + 3), ' ');
    if (head.size() < 5 || tail.empty())
      continue;
    auto point = unescape(head[4]);
    // What is mounted over an earlier mount hides it.
    std::erase_if(mounts, [&point](const auto& mount) { return mount.point == point; });
    if (tail[0] == "cgroup" || tail[0] == "cgroup2")
      mounts.push_back(
          {point, tail[0] == "cgroup2", tail.size() > 2 ? std::string{tail[2]} : std::string{}});
  }
  return mounts;
}

// True if version 2 accounts swap. The root group has no such file, so our own group is asked, else
// any first-level one.
bool has_v2_swap(const std::string& root, const std::string& base) {
  auto groups = read_text(below(root, "proc/self/cgroup"));
  std::string_view text = groups;
  while (!text.empty()) {
    auto line = next_line(text);
    if (line.starts_with("0::") && exists(base + std::string{line.substr(3)} + "/memory.swap.max"))
      return true;
  }
  std::error_code error;
  for (std::filesystem::directory_iterator at{base, error}, end; !error && at != end;
       at.increment(error))
    if (exists(at->path().string() + "/memory.swap.max"))
      return true;
  return false;
}

void read_v2(cgroup_facts& facts, const std::string& root) {
  auto base = below(root, unified_mount);
  auto controllers = read_word(base + "/cgroup.controllers");
  auto has = [&controllers](std::string_view name) { return has_word(controllers, ' ', name); };
  facts.memory_limit = has("memory");
  facts.memory_reservation = facts.memory_limit;
  facts.swap_limit = facts.memory_limit && has_v2_swap(root, base);
  facts.cpu_shares = facts.cpu_cfs_period = facts.cpu_cfs_quota = has("cpu");
  facts.cpuset = has("cpuset");
  facts.pids_limit = has("pids");
  facts.blkio_weight = has("io");
}

void read_v1(cgroup_facts& facts, const std::string& root,
             const std::vector<cgroup_mount>& mounts) {
  auto directory_of = [&](std::string_view controller) {
    for (const auto& mount : mounts)
      if (!mount.v2 && has_word(mount.options, ',', controller))
        return below(root, mount.point);
    return std::string{};
  };
  auto has = [](const std::string& directory, const char* file) {
    return !directory.empty() && exists(directory + '/' + file);
  };
  auto memory = directory_of("memory");
  auto cpu = directory_of("cpu");
  auto blkio = directory_of("blkio");
  facts.memory_limit = has(memory, "memory.limit_in_bytes");
  facts.swap_limit = has(memory, "memory.memsw.limit_in_bytes");
  facts.memory_reservation = has(memory, "memory.soft_limit_in_bytes");
  facts.memory_swappiness = has(memory, "memory.swappiness");
  facts.oom_kill_disable = has(memory, "memory.oom_control");
  facts.cpu_shares = has(cpu, "cpu.shares");
  facts.cpu_cfs_period = has(cpu, "cpu.cfs_period_us");
  facts.cpu_cfs_quota = has(cpu, "cpu.cfs_quota_us");
  facts.cpuset = has(directory_of("cpuset"), "cpuset.cpus");
  facts.pids_limit = !directory_of("pids").empty();
  facts.blkio_weight = has(blkio, "blkio.weight") || has(blkio, "blkio.bfq.weight");
}

} // namespace

cgroup_facts read_cgroup_facts(const std::string& root) {
  cgroup_facts facts;
  auto mounts = read_mounts(root);
  auto unified = [](const auto& mount) { return mount.v2 && mount.point == unified_mount; };
  if (std::any_of(mounts.begin(), mounts.end(), unified)) {
    facts.version = 2;
    read_v2(facts, root);
  } else if (std::any_of(mounts.begin(), mounts.end(), [](const auto& m) { return !m.v2; })) {
    facts.version = 1;
    read_v1(facts, root, mounts);
  }
  facts.systemd = exists(below(root, "run/systemd/system")); // sd_booted(3)
  return facts;
}

} // namespace gantry::host
