#pragma once

#include "protocol/error.hpp"

namespace gantry::engine {
class job_table;
}
namespace gantry::containers {
struct container_services;
}

/// The jobs about networks. All fail as `job_table::add` does.
namespace gantry::jobs {

/// `networks`: the list of NetworkList. Env `filters` (checked by `api::validate`).
/// `network_inspect NAME`: NetworkInspect. Env `scope`; errors: those of `network::find_network`.
/// `network_prune`: NetworkPrune; there is nothing yet that it could take. Nobody is asked.
result<void> add_network_jobs(engine::job_table& table,
                              const containers::container_services& services);

} // namespace gantry::jobs
