#pragma once

#include <string>
#include <string_view>

/// What a volume's options mean for mount(2).
namespace gantry::volume {

/// Option `o` of a volume, taken apart as mount(8) does.
struct mount_options {
  unsigned long flags = 0;       ///< of the mount
  unsigned long propagation = 0; ///< set behind it; 0: as it is
  std::string data;              ///< what is the file system's: `size=1m,uid=5`

  friend bool operator==(const mount_options&, const mount_options&) = default;
};

/// Reads it. Words that are no flags are the file system's.
mount_options parse_mount_options(std::string_view text);

/// The value of an option `KEY=VALUE` among others; empty if it is not there.
std::string_view option_value(std::string_view options, std::string_view key) noexcept;

/// `options` with another value of an option that is there.
std::string with_option_value(std::string_view options, std::string_view key,
                              std::string_view value);

/// How dockerd tells of a mount that failed: `failed to mount local volume: mount
/// DEVICE:TARGET, flags: 0x1000, data: size=1m: no such device`. Passwords are hidden.
std::string mount_failure(std::string_view device, std::string_view target,
                          const mount_options& options, std::string_view reason);

} // namespace gantry::volume
