#include "actors/volumes/volume_mount.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/mounts.hpp"
#include "protocol/text.hpp"
#include "protocol/volume/mount_options.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/mount.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

namespace gantry::volumes {

namespace {

using volume::mount_options;

std::string option_of(const volume::volume_record& volume, const char* key) {
  if (!volume.options)
    return {};
  const auto found = volume.options->find(key);
  return found == volume.options->end() ? std::string{} : found->second;
}

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

/// The address that a host's name means: the kernel takes no names.
result<std::string> resolve(const std::string& host) {
  if (is_address(host))
    return host;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list{found, &::freeaddrinfo};
  std::array<char, NI_MAXHOST> text{};
  if (failed != 0 || ::getnameinfo(list->ai_addr, list->ai_addrlen, text.data(), text.size(),
                                   nullptr, 0, NI_NUMERICHOST) != 0)
    return api_error{errc::system, "error resolving passed in network volume address: lookup " +
                                       host + ": no such host"};
  return std::string{text.data()};
}

/// What is to be mounted, with addresses in the place of names.
struct mount_source {
  std::string device;
  std::string options;
};

result<void> resolve_names(std::string_view type, mount_source& from) {
  if (type != "nfs" && type != "nfs4" && type != "cifs")
    return {};
  if (const auto name = volume::option_value(from.options, "addr"); !name.empty()) {
    const auto address = resolve(std::string{name});
    if (!address)
      return address.error();
    from.options = volume::with_option_value(from.options, "addr", *address);
    return {};
  }
  if (type != "cifs" || !from.device.starts_with("//"))
    return {};
  const auto end = from.device.find('/', 2);
  const auto host = from.device.substr(2, end == std::string::npos ? end : end - 2);
  const auto address = resolve(host);
  if (!address)
    return address.error();
  from.device.replace(2, host.size(), *address);
  return {};
}

/// The mount itself, and what mount(2) wants in calls of their own.
result<void> mount_now(const mount_source& from, const std::string& type,
                       const std::string& place) {
  const auto options = volume::parse_mount_options(from.options);
  const auto failed = [&](const mount_options& what) {
    const auto reason = lower(host::errno_text(errno)); // as Go has it
    return api_error{errc::system, volume::mount_failure(from.device, place, what, reason)};
  };
  if (::mount(from.device.c_str(), place.c_str(), type.c_str(), options.flags,
              options.data.c_str()) != 0)
    return failed(options);
  const auto change = [&](unsigned long flags) -> result<void> {
    if (::mount(nullptr, place.c_str(), nullptr, flags, nullptr) == 0)
      return {};
    const auto why = failed({flags, 0, {}});
    static_cast<void>(host::detach_mounts(place));
    return why;
  };
  if (options.propagation != 0)
    if (auto changed = change(options.propagation); !changed)
      return changed;
  constexpr unsigned long read_only_bind = MS_BIND | MS_RDONLY;
  if ((options.flags & read_only_bind) == read_only_bind)
    return change(options.flags | MS_REMOUNT);
  return {};
}

} // namespace

result<void> mount_volume_blocking(const volume::volume_record& volume,
                                   const std::filesystem::path& directory) {
  if (host::is_mounted(directory))
    return {};
  const auto type = option_of(volume, "type");
  mount_source from{option_of(volume, "device"), option_of(volume, "o")};
  if (from.device.empty())
    return api_error{errc::system, "missing device in volume options"};
  if (auto resolved = resolve_names(type, from); !resolved)
    return resolved;
  return mount_now(from, type, directory.native());
}

} // namespace gantry::volumes
