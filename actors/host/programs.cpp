#include "actors/host/programs.hpp"

#include "actors/host/children.hpp"
#include "actors/host/tree_reader.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <initializer_list>

namespace gantry::host {
namespace {

// Cuts the first word off, blanks around it too.
std::string_view next_word(std::string_view& text) {
  text = trim_blanks(text);
  auto word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  return word;
}

bool has_digit(std::string_view word) {
  return word.find_first_of("0123456789") != std::string_view::npos;
}

// `NAME version V ...`, `NAME : V` or `NAME V`. The last only if V looks like one.
std::string_view version_in(std::string_view line) {
  constexpr std::string_view key = " version ";
  if (auto at = line.find(key); at != std::string_view::npos) {
    auto rest = line.substr(at + key.size());
    return next_word(rest);
  }
  if (auto colon = line.find(':'); colon != std::string_view::npos) {
    auto rest = line.substr(colon + 1);
    return next_word(rest);
  }
  next_word(line);
  auto second = next_word(line);
  return has_digit(second) ? second : std::string_view{};
}

// A word as it may be shown: without what is not printable, and not endless.
std::string presentable(std::string_view word) {
  std::string text{word.substr(0, 128)};
  std::erase_if(text, [](unsigned char c) { return c <= ' ' || c >= 0x7f; });
  return text == "unknown" ? std::string{} : text;
}

bool is_executable_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::optional<program> first_of(std::initializer_list<const char*> names,
                                const program_search& search) {
  for (const char* name : names)
    if (auto found = probe_program(name, search))
      return found;
  return std::nullopt;
}

} // namespace

program_version parse_program_version(std::string_view output) {
  program_version found;
  bool first = true;
  while (!output.empty()) {
    auto line = trim_blanks(next_line(output));
    if (line.empty())
      continue;
    if (std::exchange(first, false)) {
      found.version = presentable(version_in(line));
      // NOTE: tini puts the commit on the same line: `tini version 0.19.0 - git.de40ad0`.
      if (auto git = line.find(" - git."); git != std::string_view::npos)
        found.commit = presentable(line.substr(git + 7));
      continue;
    }
    auto colon = line.find(':');
    if (colon == std::string_view::npos)
      continue;
    auto key = trim_blanks(line.substr(0, colon));
    auto value = trim_blanks(line.substr(colon + 1));
    if (key == "commit")
      found.commit = presentable(value);
    else if (key == "spec" || key == "OCI specs")
      found.spec = presentable(value);
  }
  return found;
}

std::optional<std::string> find_program(std::string_view name, const program_search& search) {
  if (name.empty() || name.find('/') != std::string_view::npos)
    return std::nullopt;
  std::string_view rest = search.path;
  while (!rest.empty()) {
    auto directory = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), directory.size() + 1));
    if (directory.empty())
      continue;
    auto path = below(search.root, directory) + '/' + std::string{name};
    if (is_executable_file(path))
      return path;
  }
  return std::nullopt;
}

std::optional<program> probe_program(std::string_view name, const program_search& search) {
  auto path = find_program(name, search);
  if (!path)
    return std::nullopt;
  program found;
  found.name = name;
  found.path = *path;
  child_command command;
  command.argv = {*path, "--version"};
  command.deadline = search.deadline;
  auto output = run_child(command);
  if (!output)
    found.error = output.error().message;
  else if (output->exit.signal != 0)
    found.error = "'" + *path + " --version' died of signal " + std::to_string(output->exit.signal);
  else if (output->exit.code != 0)
    found.error = "'" + *path + " --version' exited with " + std::to_string(output->exit.code);
  else
    found.version = parse_program_version(output->out.empty() ? output->err : output->out);
  return found;
}

std::vector<program> find_oci_runtimes(const program_search& search) {
  std::vector<program> runtimes;
  for (const char* name : {"crun", "runc", "youki", "runsc", "kata-runtime"})
    if (auto found = probe_program(name, search))
      runtimes.push_back(*std::move(found));
  return runtimes;
}

std::optional<program> find_conmon(const program_search& search) {
  return first_of({"conmon"}, search);
}

std::optional<program> find_init(const program_search& search) {
  return first_of({"docker-init", "tini-static", "tini"}, search);
}

} // namespace gantry::host
