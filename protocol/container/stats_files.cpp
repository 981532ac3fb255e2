#include "protocol/container/stats_files.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace gantry::container {

namespace {

// In nanoseconds. The kernel tells processes its ticks as hundredths of a second (time(7)).
constexpr std::uint64_t tick = 10'000'000;
constexpr std::uint64_t microsecond = 1'000;

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

/// The next word, white space or `separator` around it.
std::string_view take_word(std::string_view& line, char separator = ' ') {
  const auto apart = [separator](char c) { return is_space(c) || c == separator; };
  const auto begin = std::find_if_not(line.begin(), line.end(), apart);
  const auto end = std::find_if(begin, line.end(), apart);
  const std::string_view word{begin, end};
  line = {end, line.end()};
  return word;
}

bool read_number(std::string_view word, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
  return error == std::errc{} && end == word.data() + word.size() && !word.empty();
}

/// The number of a file that has one; `max` is the largest.
std::uint64_t first_number(std::string_view text) {
  const auto word = take_word(text);
  if (word == "max")
    return std::numeric_limits<std::uint64_t>::max();
  std::uint64_t out = 0;
  return read_number(word, out) ? out : 0;
}

/// A file of lines `KEY VALUE`.
class flat_keyed {
public:
  explicit flat_keyed(std::string_view text) {
    while (!text.empty()) {
      auto line = take_line(text);
      const auto key = take_word(line);
      std::uint64_t value = 0;
      if (read_number(take_word(line), value))
        values_.emplace(key, value);
    }
  }

  bool has(std::string_view key) const { return values_.contains(std::string{key}); }

  std::uint64_t operator[](std::string_view key) const {
    const auto at = values_.find(std::string{key});
    return at == values_.end() ? 0 : at->second;
  }

private:
  std::map<std::string, std::uint64_t> values_;
};

// --- version 1 --------------------------------------------------------------------------------

/// What clients know of version 1's memory.stat; for each there is also a `total_`.
constexpr std::array memory_keys_v1{
    "active_anon",   "active_file", "cache",    "dirty",       "inactive_anon",
    "inactive_file", "mapped_file", "pgfault",  "pgmajfault",  "pgpgin",
    "pgpgout",       "rss",         "rss_huge", "unevictable", "writeback",
};

/// Lines `MAJOR:MINOR [OP] VALUE`; sums over all devices (`Total VALUE`) are left out.
std::vector<block_io_entry> parse_block_io_v1(std::string_view text) {
  std::vector<block_io_entry> out;
  while (!text.empty()) {
    auto line = take_line(text);
    block_io_entry entry;
    if (!read_number(take_word(line, ':'), entry.major) ||
        !read_number(take_word(line, ':'), entry.minor))
      continue;
    auto word = take_word(line);
    if (auto value = take_word(line); !value.empty()) {
      entry.op = word;
      word = value;
    }
    if (read_number(word, entry.value))
      out.push_back(std::move(entry));
  }
  return out;
}

/// A counter and the files that may have it, which depend on the I/O scheduler and the kernel. The
/// first that names a device is taken.
struct block_io_counter {
  block_io_stats::list block_io_stats::*where;
  std::array<const char*, 4> files;
};

constexpr std::array<block_io_counter, 8> counters_v1{{
    {&block_io_stats::service_bytes,
     {"blkio.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive",
      "blkio.throttle.io_service_bytes", "blkio.bfq.io_service_bytes_recursive"}},
    {&block_io_stats::serviced,
     {"blkio.io_serviced_recursive", "blkio.throttle.io_serviced_recursive",
      "blkio.throttle.io_serviced", "blkio.bfq.io_serviced_recursive"}},
    {&block_io_stats::queued, {"blkio.io_queued_recursive", "blkio.bfq.io_queued_recursive"}},
    {&block_io_stats::service_time,
     {"blkio.io_service_time_recursive", "blkio.bfq.io_service_time_recursive"}},
    {&block_io_stats::wait_time,
     {"blkio.io_wait_time_recursive", "blkio.bfq.io_wait_time_recursive"}},
    {&block_io_stats::merged, {"blkio.io_merged_recursive", "blkio.bfq.io_merged_recursive"}},
    {&block_io_stats::time, {"blkio.time_recursive", "blkio.bfq.time_recursive"}},
    {&block_io_stats::sectors, {"blkio.sectors_recursive", "blkio.bfq.sectors_recursive"}},
}};

void read_block_io_v1(const cgroup_reader& read, block_io_stats& out) {
  for (const auto& counter : counters_v1) {
    auto& entries = (out.*counter.where).emplace();
    for (const auto* file : counter.files) {
      if (file == nullptr || !entries.empty())
        break;
      entries = parse_block_io_v1(read("blkio", file));
    }
  }
}

void read_cpu_v1(const cgroup_reader& read, cpu_stats& out) {
  out.usage.total = first_number(read("cpuacct", "cpuacct.usage"));
  const auto each = read("cpuacct", "cpuacct.usage_percpu");
  std::string_view rest = each;
  for (std::uint64_t value = 0; read_number(take_word(rest), value);)
    out.usage.per_cpu.push_back(value);
  const flat_keyed kinds{read("cpuacct", "cpuacct.stat")};
  out.usage.kernel = kinds["system"] * tick;
  out.usage.user = kinds["user"] * tick;
  const flat_keyed limited{read("cpu", "cpu.stat")};
  out.throttling = {limited["nr_periods"], limited["nr_throttled"], limited["throttled_time"]};
}

void read_memory_v1(const cgroup_reader& read, memory_stats& out) {
  const auto number = [&](const char* file) { return first_number(read("memory", file)); };
  out.usage = number("memory.usage_in_bytes");
  out.max_usage = number("memory.max_usage_in_bytes");
  out.fail_count = number("memory.failcnt");
  out.limit = number("memory.limit_in_bytes");
  const auto text = read("memory", "memory.stat");
  if (text.empty())
    return;
  const flat_keyed known{text};
  for (const std::string key : memory_keys_v1) {
    out.stats[key] = known[key];
    out.stats["total_" + key] = known["total_" + key];
  }
  for (const auto* key : {"hierarchical_memory_limit", "hierarchical_memsw_limit"})
    out.stats[key] = known[key];
}

// --- version 2 --------------------------------------------------------------------------------

/// What clients know of version 2's memory.stat.
constexpr std::array memory_keys_v2{
    "active_anon",
    "active_file",
    "anon",
    "anon_thp",
    "file",
    "file_dirty",
    "file_mapped",
    "file_writeback",
    "inactive_anon",
    "inactive_file",
    "kernel_stack",
    "pgactivate",
    "pgdeactivate",
    "pgfault",
    "pglazyfree",
    "pglazyfreed",
    "pgmajfault",
    "pgrefill",
    "pgscan",
    "pgsteal",
    "shmem",
    "slab",
    "slab_reclaimable",
    "slab_unreclaimable",
    "sock",
    "thp_collapse_alloc",
    "thp_fault_alloc",
    "unevictable",
    "workingset_activate",
    "workingset_nodereclaim",
    "workingset_refault",
};

/// Lines `MAJOR:MINOR rbytes=N wbytes=N ...`.
std::vector<block_io_entry> parse_block_io_v2(std::string_view text) {
  std::vector<block_io_entry> out;
  while (!text.empty()) {
    auto line = take_line(text);
    block_io_entry read;
    if (!read_number(take_word(line, ':'), read.major) ||
        !read_number(take_word(line, ':'), read.minor))
      continue;
    auto write = read;
    read.op = "read";
    write.op = "write";
    while (!line.empty()) {
      auto pair = take_word(line);
      const auto key = take_word(pair, '=');
      auto* entry = key == "rbytes" ? &read : key == "wbytes" ? &write : nullptr;
      if (entry != nullptr)
        entry->value = first_number(pair.substr(std::min<std::size_t>(pair.size(), 1)));
    }
    out.push_back(std::move(read));
    out.push_back(std::move(write));
  }
  return out;
}

void read_memory_v2(const cgroup_reader& read, memory_stats& out) {
  out.usage = first_number(read({}, "memory.current"));
  out.limit = first_number(read({}, "memory.max"));
  out.fail_count = flat_keyed{read({}, "memory.events")}["oom"];
  const auto text = read({}, "memory.stat");
  if (text.empty())
    return;
  const flat_keyed known{text};
  for (const std::string key : memory_keys_v2)
    // Since Linux 5.9 those of the working set are counted for the two kinds of pages apart.
    out.stats[key] = known.has(key) ? known[key] : known[key + "_anon"] + known[key + "_file"];
}

// --- a few figures ----------------------------------------------------------------------------

/// What is not file contents that the kernel could drop, as the docker command shows it.
std::uint64_t without_cache(std::uint64_t usage, std::uint64_t inactive_file) {
  return inactive_file < usage ? usage - inactive_file : usage;
}

/// Version 1 says "none" by a number that no machine has: the largest, down to whole pages.
std::uint64_t limit_or_none(std::uint64_t limit) {
  constexpr auto none = std::uint64_t{1} << 62;
  return limit < none ? limit : 0;
}

/// `KEY=NUMBER` among the words of a line; 0 if it is not there.
template <class Number>
Number member_of(std::string_view line, std::string_view key) {
  while (!line.empty()) {
    auto word = take_word(line);
    if (word.starts_with(key) && word.substr(key.size()).starts_with('=')) {
      word.remove_prefix(key.size() + 1);
      Number out{};
      std::from_chars(word.data(), word.data() + word.size(), out);
      return out;
    }
  }
  return {};
}

void read_pressure(const cgroup_reader& read, cgroup_use& out) {
  for (const std::string resource : {"cpu", "memory", "io"})
    if (const auto found = parse_pressure(read({}, resource + ".pressure")))
      out.pressure.emplace(resource, *found);
}

// --- networks ---------------------------------------------------------------------------------

constexpr std::array<std::string_view, 10> made_by_kernel{
    "lo",      "tunl0",    "gre0", "gretap0", "erspan0",
    "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0",
};

} // namespace

bool read_cgroup_v1(const cgroup_reader& read, stats_sample& out) {
  read_cpu_v1(read, out.cpu);
  const auto pids = read("pids", "pids.current");
  read_memory_v1(read, out.memory);
  read_block_io_v1(read, out.block_io);
  const auto limit = read("pids", "pids.max");
  out.pids = {first_number(pids), limit.starts_with("max") ? 0 : first_number(limit)};
  return !pids.empty() || out.cpu.usage.total != 0 || !out.memory.stats.empty();
}

bool read_cgroup_v2(const cgroup_reader& read, stats_sample& out) {
  const auto text = read({}, "cpu.stat");
  const flat_keyed cpu{text};
  out.cpu.usage.total = cpu["usage_usec"] * microsecond;
  out.cpu.usage.kernel = cpu["system_usec"] * microsecond;
  out.cpu.usage.user = cpu["user_usec"] * microsecond;
  out.cpu.throttling = {cpu["nr_periods"], cpu["nr_throttled"],
                        cpu["throttled_usec"] * microsecond};
  read_memory_v2(read, out.memory);
  if (auto entries = parse_block_io_v2(read({}, "io.stat")); !entries.empty())
    out.block_io.service_bytes = std::move(entries);
  out.pids = {first_number(read({}, "pids.current")), first_number(read({}, "pids.max"))};
  return !text.empty();
}

std::optional<pressure_stats> parse_pressure(std::string_view text) {
  pressure_stats out;
  bool is_one = false;
  while (!text.empty()) {
    auto line = take_line(text);
    const auto kind = take_word(line);
    const auto average = member_of<double>(line, "avg10");
    const auto total = member_of<std::uint64_t>(line, "total") * microsecond;
    if (kind == "some") {
      out.some_avg10 = average;
      out.some_total = total;
      is_one = true;
    } else if (kind == "full") {
      out.full_avg10 = average;
      out.full_total = total;
    }
  }
  return is_one ? std::optional{out} : std::nullopt;
}

std::optional<cgroup_use> read_use_v1(const cgroup_reader& read) {
  const auto cpu = read("cpuacct", "cpuacct.usage");
  const auto memory = read("memory", "memory.usage_in_bytes");
  const auto pids = read("pids", "pids.current");
  if (cpu.empty() && memory.empty() && pids.empty())
    return std::nullopt;
  cgroup_use out;
  out.cpu = first_number(cpu);
  const flat_keyed kinds{read("memory", "memory.stat")};
  out.memory = without_cache(first_number(memory), kinds["total_inactive_file"]);
  out.memory_limit = limit_or_none(first_number(read("memory", "memory.limit_in_bytes")));
  out.pids = first_number(pids);
  out.oom_kills = flat_keyed{read("memory", "memory.oom_control")}["oom_kill"];
  read_pressure(read, out);
  return out;
}

std::optional<cgroup_use> read_use_v2(const cgroup_reader& read) {
  const auto cpu = read({}, "cpu.stat");
  if (cpu.empty())
    return std::nullopt;
  cgroup_use out;
  out.cpu = flat_keyed{cpu}["usage_usec"] * microsecond;
  const flat_keyed kinds{read({}, "memory.stat")};
  out.memory = without_cache(first_number(read({}, "memory.current")), kinds["inactive_file"]);
  out.memory_limit = limit_or_none(first_number(read({}, "memory.max")));
  out.pids = first_number(read({}, "pids.current"));
  out.oom_kills = flat_keyed{read({}, "memory.events")}["oom_kill"];
  read_pressure(read, out);
  return out;
}

void read_system_cpu(std::string_view proc_stat, cpu_stats& out) {
  out.system = 0;
  out.online = 0;
  while (proc_stat.starts_with("cpu")) {
    auto line = take_line(proc_stat);
    if (take_word(line) != "cpu") {
      ++out.online;
      continue;
    }
    // user, nice, system, idle, iowait, irq, softirq; then come steal and what is counted already
    std::uint64_t value = 0;
    for (int i = 0; i < 7 && read_number(take_word(line), value); ++i)
      out.system += value * tick;
  }
}

std::uint64_t total_memory(std::string_view meminfo) {
  while (!meminfo.empty()) {
    auto line = take_line(meminfo);
    if (take_word(line) == "MemTotal:")
      return first_number(line) * 1024;
  }
  return 0;
}

std::map<std::string, network_stats> parse_network_devices(std::string_view text) {
  std::map<std::string, network_stats> out;
  while (!text.empty()) {
    auto line = take_line(text);
    const auto colon = line.rfind(':'); // an alias has one in its name
    if (colon == line.npos)
      continue;
    const auto name = trim_space(line.substr(0, colon));
    line.remove_prefix(colon + 1);
    std::array<std::uint64_t, 12> counters{};
    if (!std::all_of(counters.begin(), counters.end(),
                     [&](std::uint64_t& n) { return read_number(take_word(line), n); }) ||
        std::find(made_by_kernel.begin(), made_by_kernel.end(), name) != made_by_kernel.end())
      continue;
    // bytes, packets, errs, drop, fifo, frame, compressed, multicast; then those that were sent
    const auto& c = counters;
    out[std::string{name}] = {c[0], c[1], c[2], c[3], c[8], c[9], c[10], c[11]};
  }
  return out;
}

} // namespace gantry::container
