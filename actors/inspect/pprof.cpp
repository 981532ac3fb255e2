#include "actors/inspect/pprof.hpp"

#include "actors/host/tree_reader.hpp"
#include "actors/inspect/symbols.hpp"

#include <charconv>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>

namespace gantry::inspect {

namespace {

/// A number as C writes it: 0x7f, 0177, 127.
std::optional<std::uintptr_t> parse_address(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  } else if (text.size() > 1 && text.front() == '0') {
    text.remove_prefix(1);
    base = 8;
  }
  std::uintptr_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// Without white space at either end: a file or `echo` that is posted ends in a newline.
std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  auto begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blank) + 1 - begin);
}

/// Names of threads and their ids.
std::map<std::string, std::vector<std::string>> read_threads(const std::string& root) {
  std::map<std::string, std::vector<std::string>> threads;
  std::error_code error;
  std::filesystem::directory_iterator tasks{host::below(root, "proc/self/task"), error};
  for (; !error && tasks != std::filesystem::directory_iterator{}; tasks.increment(error)) {
    auto name = host::read_word((tasks->path() / "comm").string());
    threads[name.empty() ? "(ended)" : name].push_back(tasks->path().filename().string());
  }
  return threads;
}

} // namespace

std::string pprof_index(const std::vector<profile_count>& profiles) {
  std::string out = "<html>\n<head>\n<title>/debug/pprof/</title>\n</head>\n<body>\n"
                    "/debug/pprof/<br>\n<br>\nprofiles:<br>\n<table>\n";
  for (const auto& p : profiles) {
    out.append("<tr><td align=right>").append(std::to_string(p.count));
    out.append("<td><a href=\"").append(p.name).append("?debug=1\">");
    out.append(p.name).append("</a>\n");
  }
  return out += "</table>\n<br>\n<a href=\"goroutine?debug=2\">full goroutine stack dump</a><br>\n"
                "<a href=\"profile?seconds=30\">CPU profile of 30 seconds</a><br>\n"
                "</body>\n</html>\n";
}

std::vector<std::string> read_arguments(const std::string& root) {
  auto text = host::read_text(host::below(root, "proc/self/cmdline"));
  std::vector<std::string> arguments;
  for (std::string_view left = text; !left.empty();) {
    auto end = left.find('\0');
    arguments.emplace_back(left.substr(0, end));
    left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
  }
  return arguments;
}

std::string pprof_cmdline(const std::vector<std::string>& arguments) {
  std::string out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0)
      out += '\0';
    out += arguments[i];
  }
  return out;
}

std::string pprof_symbols(std::string_view addresses) {
  std::string out = "num_symbols: 1\n";
  symbolizer symbols;
  while (!addresses.empty()) {
    auto end = addresses.find('+');
    auto text = trim(addresses.substr(0, end));
    addresses.remove_prefix(end == std::string_view::npos ? addresses.size() : end + 1);
    auto address = parse_address(text);
    if (!address)
      continue;
    if (auto found = symbols.find(*address)) {
      char number[24];
      std::snprintf(number, sizeof number, "%#" PRIxPTR " ", *address);
      out.append(number).append(found->name).append("\n");
    }
  }
  return out;
}

std::string thread_profile(int debug, const std::string& root) {
  auto threads = read_threads(root);
  std::size_t total = 0;
  for (const auto& [name, ids] : threads)
    total += ids.size();
  auto out = "threadcreate profile: total " + std::to_string(total) + '\n';
  for (const auto& [name, ids] : threads) {
    out.append(std::to_string(ids.size())).append(" @ ").append(name).append("\n");
    if (debug > 0)
      for (const auto& id : ids)
        out.append("#\tthread ").append(id).append("\n");
  }
  return out;
}

std::size_t thread_count(const std::string& root) {
  std::size_t total = 0;
  for (const auto& [name, ids] : read_threads(root))
    total += ids.size();
  return total;
}

} // namespace gantry::inspect
