#include "actors/host/tree_reader.hpp"

#include "actors/host/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace gantry::host {

std::string below(const std::string& root, std::string_view relative) {
  std::string path = root;
  while (!path.empty() && path.back() == '/')
    path.pop_back();
  if (!relative.starts_with('/'))
    path += '/';
  return path.append(relative);
}

std::string read_text(const std::string& path) {
  constexpr std::size_t limit = std::size_t{1024} * 1024;
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  std::string text;
  char buffer[4096];
  while (fd && text.size() < limit) {
    ssize_t got = ::read(fd.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

std::string read_word(const std::string& path) {
  auto text = read_text(path);
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

bool exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

std::string_view next_line(std::string_view& text) {
  auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

std::string_view trim_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

} // namespace gantry::host
