#pragma once

#include "protocol/container/config.hpp"
#include "protocol/container/spec_facts.hpp"
#include "protocol/error.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// `--init`: where the init program is found in a container.
inline constexpr std::string_view init_destination = "/sbin/docker-init";

/// True if the process is the first of a PID namespace of its own: only then there can be an init
/// program.
bool has_own_pid_namespace(const host_config& host) noexcept;

/// The variables of a process: PATH, HOSTNAME, with a terminal TERM, and those of links; changed by
/// `config` (Config.Env). HOME, the user's own, is put in for each process.
std::vector<std::string> container_environment(std::string_view hostname, bool tty,
                                               const std::vector<std::string>& links,
                                               const std::vector<std::string>& config);

/// `base` as `changes` would have it: `KEY=VALUE` takes the place of what `base` has under that
/// key, else it comes last; `KEY` alone takes away.
std::vector<std::string> changed_environment(std::vector<std::string> base,
                                             const std::vector<std::string>& changes);

/// The limits of a container's processes: HostConfig.Ulimits, then those of the daemon that it does
/// not name. Errors: invalid_parameter `invalid ulimit type: x`, `ulimit soft limit must be less
/// than or equal to hard limit: 2 > 1`, and `ulimit x: N is more than this daemon can set (M)`.
result<std::vector<resource_limit>> container_limits(const host_config& host,
                                                     const daemon_facts& daemon);

/// Rows and columns of a terminal, both 0 if they are not known.
using terminal_size = std::array<std::uint32_t, 2>;

/// `process` of an OCI spec.
struct process_spec {
  bool terminal = false;
  terminal_size console_size{};
  process_user user;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd = "/";
  capability_set capabilities;
  std::vector<resource_limit> limits;
  bool no_new_privileges = false;
  std::string apparmor_profile;
  std::int64_t oom_score_adj = 0;
};

/// Its JSON.
std::string to_json(const process_spec& process);

/// The first process of a container. Errors: as `container_capabilities`, `container_limits` and
/// `parse_security_options`.
result<process_spec> container_process(const container_config& config, const host_config& host,
                                       const daemon_facts& daemon, const spec_facts& facts);

/// A further process in a container (POST /containers/{id}/exec).
struct exec_request {
  std::vector<std::string> command; ///< not empty
  std::vector<std::string> env;
  std::string working_dir; ///< empty: the container's
  process_user user;       ///< already found: the request's, else the container's
  bool tty = false;
  terminal_size console_size{};
  bool privileged = false;
};

/// The text of the file that `runc exec --process` reads. Of `facts` only the host name, the links
/// and nothing of the first process count. Errors: as `container_process`.
result<std::string> build_exec_process(const exec_request& request, const container_config& config,
                                       const host_config& host, const daemon_facts& daemon,
                                       const spec_facts& facts);

} // namespace gantry::container
