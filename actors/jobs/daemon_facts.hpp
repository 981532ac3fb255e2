#pragma once

#include "actors/host/cgroup_facts.hpp"
#include "actors/host/programs.hpp"
#include "actors/host/storage_facts.hpp"
#include "actors/host/system_facts.hpp"
#include "protocol/api/version.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace gantry::jobs {

/// What the operator decided, as far as `version` and `info` show it. A reload replaces it.
struct daemon_settings {
  /// A block of addresses out of which networks of `size` prefix bits are cut.
  struct address_pool {
    std::string base;
    std::int64_t size = 0;
  };

  std::string data_root = "/var/lib/gantry";
  std::vector<std::string> labels; ///< key=value
  bool debug = false;
  bool experimental = false;
  bool live_restore = false;
  bool no_new_privileges = false;
  std::string seccomp_profile; ///< a file or `unconfined`; empty: the built-in one
  std::string min_api_version = api::to_string(api::oldest_version);
  std::string log_driver = "json-file";
  std::string default_runtime;                              ///< empty: the best that works
  std::map<std::string, std::string, std::less<>> runtimes; ///< more of them: name -> path
  std::vector<std::string> registry_mirrors;
  std::vector<std::string> insecure_registries; ///< networks in CIDR form and hosts
  std::vector<address_pool> default_address_pools;
  std::vector<std::string> warnings; ///< shown by `info` after those about the machine
};

/// What was built.
struct build_facts {
  std::string version = GANTRY_VERSION;
  std::string git_commit; ///< short hash
  std::string time;       ///< RFC 3339
};

/// Everything `version` and `info` tell that does not change while they run. Plain data.
struct daemon_facts {
  daemon_settings settings;
  build_facts build;
  std::string id; ///< UUID of this engine
  host::system_facts machine;
  host::cgroup_facts cgroups;
  host::security_facts security;
  host::storage_facts storage;
  std::string storage_driver; ///< that keeps the layers: `overlay2`, `copy`; known after the boot
  host::proxy_facts proxies;
  std::vector<host::program> runtimes; ///< those found, best first
  std::string chosen_runtime;          ///< the best of those that were found to work; "" for none
  std::optional<host::program> monitor;
  std::optional<host::program> init;

  /// The runtime that containers get unless they ask for another one; "" if there is none.
  std::string default_runtime() const;
};

/// Looks at the machine, asks programs for their versions. Blocks, at most for some seconds; once,
/// when the daemon starts. `id` is what `load_engine_id_blocking` gave.
daemon_facts read_daemon_facts_blocking(daemon_settings settings, build_facts build, std::string id,
                                        const host::environment& variables);

/// The engine's id: the UUID in DATA_ROOT/engine-id, made at the first start. A file that holds
/// none is replaced and the log says so. Errors: system `failed to read '/…/engine-id': …`, `failed
/// to write …`.
result<std::string> load_engine_id_blocking(const std::string& data_root);

/// The facts in force, for readers on any thread. A reload puts others in their place.
class shared_facts {
public:
  explicit shared_facts(daemon_facts facts);

  /// A copy of the pointer: what it shows stays as it is.
  std::shared_ptr<const daemon_facts> get() const;
  /// What the boot tells, before the machine has been looked at.
  void learn_boot(std::string id, std::string storage_driver);
  /// Puts in force what was found out about the machine. The settings stay, for they may have been
  /// reloaded, and so does what the boot told.
  void learn(daemon_facts facts);
  /// Calls `then` when the machine has been looked at: at once, or from the thread that calls
  /// `learn`. True if it was at once.
  bool when_learned(std::function<void()> then);
  /// The same machine with other settings.
  void reload(daemon_settings settings);

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const daemon_facts> facts_;
  bool learned_ = false;
  std::vector<std::function<void()>> waiting_;
};

} // namespace gantry::jobs
