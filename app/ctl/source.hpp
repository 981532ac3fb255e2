#pragma once

#include "app/ctl/api_client.hpp"
#include "app/ctl/command_line.hpp"
#include "protocol/inspect/model.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::ctl {

/// Whoever answers the inspection API: a daemon, or a dump in its place.
class source {
public:
  virtual ~source() = default;

  /// The body of the answer to `GET TARGET`. Errors: not_found and the like with the message of the
  /// answer, and those of `api_client`.
  virtual result<std::string> get(std::string_view target) = 0;

  /// Where it comes from, for people: `unix:///var/run/gantry/inspect.sock`, `gantry.json`.
  virtual std::string name() const = 0;

  /// It is a dump: nothing changes any more.
  virtual bool is_dump() const noexcept = 0;
};

/// Reads a dump; `-` is stdin. Errors: `gantry.json: not a dump: ...`, `open 'x': ...`.
result<std::unique_ptr<source>> open_dump(const std::string& path);

/// Asks a daemon.
std::unique_ptr<source> ask_daemon(api_client client);

/// Takes what an error says out of an answer with its status: `{"message": "..."}`.
api_error error_of(const reply& answer);

/// The value of an environment variable, or nullptr.
using environment = std::function<const char*(const char*)>;

/// Where and how the flags say that a daemon is to be asked: --host, else $GANTRY_INSPECT, else
/// unix:///var/run/gantry/inspect.sock; certificates as docker has them, from $DOCKER_CERT_PATH or
/// ~/.docker. Errors: an address that is none, or that cannot be asked.
result<api_client::settings> client_settings(const invocation& from, const environment& env);

/// What the flags ask for, a dump or a daemon.
result<std::unique_ptr<source>> open_source(const invocation& from, const environment& env);

} // namespace gantry::ctl
