#include "protocol/volume/mount_options.hpp"

#include "protocol/container/values.hpp"

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

namespace gantry::volume {

namespace {

struct flag_word {
  std::string_view word;
  bool clears = false;
  unsigned long flag = 0;
};

constexpr std::array<flag_word, 32> flag_words{{
    {"ro", false, MS_RDONLY},
    {"rw", true, MS_RDONLY},
    {"suid", true, MS_NOSUID},
    {"nosuid", false, MS_NOSUID},
    {"dev", true, MS_NODEV},
    {"nodev", false, MS_NODEV},
    {"exec", true, MS_NOEXEC},
    {"noexec", false, MS_NOEXEC},
    {"sync", false, MS_SYNCHRONOUS},
    {"async", true, MS_SYNCHRONOUS},
    {"dirsync", false, MS_DIRSYNC},
    {"remount", false, MS_REMOUNT},
    {"mand", false, MS_MANDLOCK},
    {"nomand", true, MS_MANDLOCK},
    {"atime", true, MS_NOATIME},
    {"noatime", false, MS_NOATIME},
    {"diratime", true, MS_NODIRATIME},
    {"nodiratime", false, MS_NODIRATIME},
    {"bind", false, MS_BIND},
    {"rbind", false, MS_BIND | MS_REC},
    {"unbindable", false, MS_UNBINDABLE},
    {"runbindable", false, MS_UNBINDABLE | MS_REC},
    {"private", false, MS_PRIVATE},
    {"rprivate", false, MS_PRIVATE | MS_REC},
    {"shared", false, MS_SHARED},
    {"rshared", false, MS_SHARED | MS_REC},
    {"slave", false, MS_SLAVE},
    {"rslave", false, MS_SLAVE | MS_REC},
    {"relatime", false, MS_RELATIME},
    {"norelatime", true, MS_RELATIME},
    {"strictatime", false, MS_STRICTATIME},
    {"nostrictatime", true, MS_STRICTATIME},
}};

constexpr unsigned long propagation_kinds = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

} // namespace

mount_options parse_mount_options(std::string_view text) {
  mount_options options;
  unsigned long flags = 0;
  for (auto word : container::detail::split(text, ',')) {
    const auto* found = std::find_if(flag_words.begin(), flag_words.end(),
                                     [word](const flag_word& f) { return f.word == word; });
    if (found == flag_words.end())
      options.data.append(options.data.empty() ? "" : ",").append(word);
    else if (found->clears)
      flags &= ~found->flag;
    else
      flags |= found->flag;
  }
  options.flags = flags & ~propagation_kinds;
  if ((flags & propagation_kinds) != 0)
    options.propagation = flags & (propagation_kinds | MS_REC);
  return options;
}

std::string_view option_value(std::string_view options, std::string_view key) noexcept {
  for (std::size_t at = 0; at <= options.size();) {
    const auto end = std::min(options.find(',', at), options.size());
    const auto word = options.substr(at, end - at);
    if (word.starts_with(key) && word.substr(key.size()).starts_with('='))
      return word.substr(key.size() + 1);
    at = end + 1;
  }
  return {};
}

std::string with_option_value(std::string_view options, std::string_view key,
                              std::string_view value) {
  std::string out;
  for (auto word : container::detail::split(options, ',')) {
    out.append(out.empty() ? "" : ",");
    if (word.starts_with(key) && word.substr(key.size()).starts_with('='))
      out.append(key).append("=").append(value);
    else
      out.append(word);
  }
  return out;
}

std::string mount_failure(std::string_view device, std::string_view target,
                          const mount_options& options, std::string_view reason) {
  std::string text = "failed to mount local volume: mount ";
  text.append(device).append(":").append(target);
  if (options.flags != 0) {
    std::array<char, 32> hex{};
    std::snprintf(hex.data(), hex.size(), ", flags: 0x%lx", options.flags);
    text += hex.data();
  }
  if (!options.data.empty()) {
    const bool secret = !option_value(options.data, "password").empty();
    text += ", data: ";
    text += secret ? with_option_value(options.data, "password", "********") : options.data;
  }
  return text.append(": ").append(reason);
}

} // namespace gantry::volume
