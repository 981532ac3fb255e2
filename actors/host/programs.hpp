#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::host {

/// What a program says about itself.
struct program_version {
  std::string version; ///< `1.1.5`; empty if it did not say
  std::string commit;  ///< may be empty
  std::string spec;    ///< OCI runtimes: version of the runtime spec; may be empty

  friend bool operator==(const program_version&, const program_version&) = default;
};

/// Reads the output of `NAME --version` of runc, crun, youki, runsc, kata-runtime, conmon, tini.
program_version parse_program_version(std::string_view output);

/// A program that was found.
struct program {
  std::string name; ///< as looked for: `crun`
  std::string path; ///< where it is
  program_version version;
  std::string error; ///< why it could not be asked for its version; empty if it could
};

/// Where and how programs are looked for.
struct program_search {
  /// Directories as in PATH; empty members are skipped.
  std::string path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  /// Put before each directory.
  std::string root = "/";
  /// How long one program may take to tell its version; then it is killed.
  std::chrono::milliseconds deadline = std::chrono::seconds{2};
};

/// The first executable regular file of that name; nothing if there is none.
std::optional<std::string> find_program(std::string_view name, const program_search& search = {});

/// Finds a program and asks it for its version. Blocks, at most for the deadline.
std::optional<program> probe_program(std::string_view name, const program_search& search = {});

/// All OCI runtimes found, in order of preference: crun, runc, youki, runsc, kata-runtime.
std::vector<program> find_oci_runtimes(const program_search& search = {});

/// conmon, if it is there.
std::optional<program> find_conmon(const program_search& search = {});

/// The init for `--init`: docker-init, else tini-static, else tini.
std::optional<program> find_init(const program_search& search = {});

} // namespace gantry::host
