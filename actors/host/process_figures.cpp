#include "actors/host/process_figures.hpp"

#include "actors/host/system_facts.hpp"
#include "actors/host/tree_reader.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace gantry::host {

namespace {

std::uint64_t to_number(std::string_view word) {
  std::uint64_t out = 0;
  std::from_chars(word.data(), word.data() + word.size(), out);
  return out;
}

/// The words of proc/self/stat behind the program's name, which may hold anything; by the numbers
/// that proc(5) gives them.
class stat_fields {
public:
  explicit stat_fields(std::string_view text) {
    const auto name_end = text.rfind(')');
    if (name_end == text.npos)
      return;
    text.remove_prefix(name_end + 1);
    for (std::size_t number = first; number < words_.size() && !text.empty(); ++number) {
      text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ')));
      words_[number] = text.substr(0, text.find_first_of(" \n"));
      text.remove_prefix(words_[number].size());
    }
  }

  std::uint64_t operator[](std::size_t number) const { return to_number(words_[number]); }

private:
  static constexpr std::size_t first = 3;
  std::array<std::string_view, 25> words_;
};

/// When the machine was started, in seconds since 1970.
double boot_time(std::string_view proc_stat) {
  constexpr std::string_view key = "btime ";
  while (!proc_stat.empty()) {
    const auto line = next_line(proc_stat);
    if (line.starts_with(key))
      return static_cast<double>(to_number(line.substr(key.size())));
  }
  return 0;
}

} // namespace

process_figures read_process_figures(const std::string& root) {
  process_figures out;
  const auto text = read_text(below(root, "proc/self/stat"));
  const stat_fields field{text};
  const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  out.cpu_seconds = static_cast<double>(field[14] + field[15]) / per_second; // utime, stime
  out.address_space = field[23];
  out.resident = field[24] * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (const auto booted = boot_time(read_text(below(root, "proc/stat"))); booted != 0)
    out.started = booted + static_cast<double>(field[22]) / per_second;
  out.open_fds = open_fd_count(root);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    out.most_fds = limit.rlim_cur;
  return out;
}

} // namespace gantry::host
