#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/monitor/settings.hpp"

#include <string>

namespace gantry::monitor {

/// The file that tells how the process ended. Its room on the disk is taken when the monitor
/// starts, under a name of its own (PATH.new); it gets its name with its content.
class exit_file {
public:
  /// Removes an old file and takes the room. Errors: `open 'PATH.new': ...`, `write 'PATH.new':
  /// ...`.
  static result<exit_file> prepare(const std::string& path);
  exit_file(exit_file&&) noexcept = default;
  exit_file& operator=(exit_file&&) noexcept = default;
  /// What was prepared and not written goes.
  ~exit_file();

  /// Writes the record and gives the file its name; seen as a whole or not at all.
  result<void> write(const exit_record& record);
  /// Brings file and name to the disk. Takes its time.
  void sync() const;

private:
  exit_file() = default;

  std::string path_;
  host::unique_fd fd_;
  bool written_ = false;
};

} // namespace gantry::monitor
