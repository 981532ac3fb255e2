#pragma once

#include "protocol/container/capabilities.hpp"
#include "protocol/container/spec_facts.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// A condition on one argument of a system call.
struct seccomp_argument {
  std::uint32_t index = 0; ///< 0 to 5
  std::uint64_t value = 0;
  std::uint64_t value_two = 0; ///< SCMP_CMP_MASKED_EQ: what is left after the mask `value`
  std::string op;              ///< `SCMP_CMP_EQ`, ...
};

/// What is done at system calls: as it stands in an OCI spec.
struct seccomp_call {
  std::vector<std::string> names;
  std::string action; ///< `SCMP_ACT_ALLOW`, ...
  std::optional<std::uint32_t> errno_ret{};
  std::vector<seccomp_argument> args{}; ///< all have to hold
};

/// Containers and machines.
struct seccomp_scope {
  std::vector<std::string> caps{};
  std::vector<std::string> arches{}; ///< `amd64`, `x86`, ...
  std::optional<kernel_version> min_kernel{};
};

/// A rule of a profile: for containers that have all capabilities of `includes`, and none of
/// `excludes`; likewise for machines.
struct seccomp_rule {
  std::string name; ///< old form of `call.names`
  seccomp_call call;
  seccomp_scope includes;
  seccomp_scope excludes;
};

/// An architecture and those whose system calls its kernel takes as well.
struct seccomp_architecture {
  std::string architecture; ///< `SCMP_ARCH_X86_64`
  std::vector<std::string> sub_architectures;
};

/// A profile in Docker's format: from it the spec of a container takes what applies to it.
struct seccomp_profile {
  std::string default_action;
  std::optional<std::uint32_t> default_errno_ret;
  std::vector<std::string> architectures;
  std::vector<seccomp_architecture> arch_map; ///< instead of `architectures`
  std::vector<std::string> flags;
  std::string listener_path;
  std::string listener_metadata;
  std::vector<seccomp_rule> syscalls;
};

/// The profile of containers that ask for none. Of the same effect as Docker's.
const seccomp_profile& default_seccomp_profile();

/// Reads a profile. Errors (invalid_parameter): `Decoding seccomp profile failed: REASON`,
/// `both 'architectures' and 'archMap' are specified in the seccomp profile, use either
/// 'architectures' or 'archMap'`, the like for 'name' and 'names'.
result<seccomp_profile> parse_seccomp_profile(std::string_view json);

/// What a profile is chosen for.
struct seccomp_target {
  capability_set capabilities;   ///< of the container
  std::string_view architecture; ///< Docker's word: `amd64`
  kernel_version kernel;
  /// Those that its kernel takes no calls of. `arch_map` leaves them out: each one makes the filter
  /// half as large again, which every start and exec pays for (7 of 36 ms with runc). Who makes
  /// such a call all the same is ended by SIGSYS, where the kernel would have answered ENOSYS.
  std::vector<std::string> absent_architectures{};
};

/// `linux.seccomp` of an OCI spec as JSON; empty for a profile that says nothing (no default
/// action and no rules), which means no filter.
std::string seccomp_json(const seccomp_profile& profile, const seccomp_target& target);

} // namespace gantry::container
