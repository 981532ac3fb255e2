#include "protocol/container/capabilities.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace gantry::container {
namespace {

// linux/capability.h: place N is capability N.
constexpr std::array<std::string_view, capability_count> capability_names{
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

constexpr std::optional<unsigned> number_of(std::string_view name) {
  const auto at = std::find(capability_names.begin(), capability_names.end(), name);
  if (at == capability_names.end())
    return std::nullopt;
  return static_cast<unsigned>(at - capability_names.begin());
}

template <class... Names>
constexpr capability_set set_of(Names... names) {
  capability_set set;
  (set.add(number_of(names).value()), ...);
  return set;
}

constexpr std::string_view all = "ALL";

// The name in full and in capitals; `ALL` stays what it is.
std::string full_name(std::string_view name) {
  std::string full{name};
  for (char& c : full) {
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
  }
  if (full != all && !full.starts_with("CAP_"))
    full.insert(0, "CAP_");
  return full;
}

struct named_set {
  capability_set set;
  bool all = false;
};

result<named_set> parse(const std::vector<std::string>& names, std::string_view option) {
  named_set out;
  for (const auto& name : names) {
    const auto full = full_name(name);
    if (full == all) {
      out.all = true;
      continue;
    }
    const auto number = number_of(full);
    if (!number)
      return api_error{errc::invalid_parameter,
                       "invalid " + std::string{option} + ": unknown capability: \"" + full + "\""};
    out.set.add(*number);
  }
  return out;
}

} // namespace

constexpr capability_set default_capabilities =
    set_of("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW",
           "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE",
           "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE");

bool capability_set::has(std::string_view name) const noexcept {
  const auto number = number_of(name);
  return number && has(*number);
}

std::vector<std::string> capability_set::names() const {
  std::vector<std::string> out;
  for (unsigned number = 0; number < capability_count; ++number) {
    if (has(number))
      out.emplace_back(capability_names[number]);
  }
  return out;
}

result<capability_set> container_capabilities(const capability_request& request,
                                              capability_set held) {
  const auto held_by_name = held & all_capabilities;
  const auto add = parse(request.add, "CapAdd");
  if (!add)
    return add.error();
  const auto drop = parse(request.drop, "CapDrop");
  if (!drop)
    return drop.error();
  if (const auto missing = add->set - held_by_name; missing != capability_set{})
    return api_error{errc::invalid_parameter,
                     "invalid CapAdd: capability not supported by your kernel or not available in "
                     "the current environment: \"" +
                         missing.names().front() + "\""};

  if (request.privileged)
    return held_by_name;
  if (add->all) // beside it a dropped `ALL` does nothing
    return held_by_name - drop->set;
  if (drop->all)
    return add->set;
  // What is both added and dropped is there.
  return ((default_capabilities & held) - drop->set) | add->set;
}

} // namespace gantry::container
