#pragma once

#include "protocol/api/version.hpp"
#include "protocol/container/config.hpp"
#include "protocol/container/process_spec.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// A further process in a container, as clients ask for it and see it (section 10).
namespace gantry::container {

/// The body of `POST /containers/{id}/exec`.
struct exec_options {
  std::string user; ///< empty: the container's
  bool privileged = false;
  bool tty = false;
  std::optional<terminal_size> console_size; ///< of its terminal at first
  bool attach_stdin = false;
  bool attach_stdout = false;
  bool attach_stderr = false;
  std::string detach_keys; ///< as the client wrote them
  string_list env;
  std::string working_dir; ///< empty: the container's
  string_list cmd;         ///< not empty once it is read

  friend bool operator==(const exec_options&, const exec_options&) = default;
};

/// Reads it as version `v` means it: ConsoleSize counts from 1.42 on. Nothing at all is as good as
/// `{}`. Errors (invalid_parameter): those of a body, `No exec command specified`; system, as in
/// dockerd: `Invalid escape keys (x) provided`.
result<exec_options> parse_exec_options(std::string_view body, api::api_version v);

/// The bytes that end the session of a client with a terminal: `parse_detach_keys`.
std::string detach_keys_of(const exec_options& options);

/// The body again, for `parse_exec_options` with the newest version.
std::string to_json(const exec_options& options);

/// The body of `POST /exec/{id}/start`.
struct exec_start_options {
  bool detach = false;
  bool tty = false; ///< the client takes the output as it is, without frames
  std::optional<terminal_size> console_size;

  friend bool operator==(const exec_start_options&, const exec_start_options&) = default;
};

/// Reads it as version `v` means it: ConsoleSize counts from 1.42 on, and with Tty. Errors
/// (invalid_parameter): those of a body.
result<exec_start_options> parse_exec_start_options(std::string_view body, api::api_version v);

/// The command as events tell it: `ls -l /`, and with a space at its end if it is one word.
std::string command_text(const exec_options& options);

/// A moment of an exec, never changed.
struct exec_view {
  std::string id; ///< 64 digits
  std::string container_id;
  std::shared_ptr<const exec_options> options; ///< never null
  std::string user;                            ///< the request's, or else the container's
  bool running = false;
  std::optional<std::int64_t> exit_code; ///< none until it has ended
  std::int64_t pid = 0;                  ///< on the host; 0: it was not started
  bool probe = false;                    ///< of a health check
};

/// The text of ExecInspect. `can_remove`: it ended a while ago and will soon be forgotten.
std::string write_exec(const exec_view& view, bool can_remove);

} // namespace gantry::container
