#pragma once

#include "actors/host/socket_path.hpp"
#include "actors/host/unique_fd.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace gantry::monitor {

/// The socket on which an OCI runtime hands over the terminal that it made (`--console-socket`).
class console_socket {
public:
  /// Binds and listens. Errors: `listen on 'PATH': ...`.
  static result<console_socket> listen(const std::string& path);
  console_socket(console_socket&&) noexcept = default;
  /// Takes the name away.
  ~console_socket();

  /// The path for the runtime's `--console-socket`.
  std::string path() const { return way_.text(); }

  /// The master of the terminal, which the runtime has sent by the time it ends; non-blocking.
  /// Error: system `the runtime sent no terminal`.
  result<host::unique_fd> receive();

private:
  explicit console_socket(host::socket_path way) : way_{std::move(way)} {}

  host::socket_path way_;
  host::unique_fd listener_;
  std::string path_;
};

/// Sets a terminal's size. Error: `resize the terminal: ...`.
result<void> resize(int terminal, std::uint16_t rows, std::uint16_t columns);

} // namespace gantry::monitor
