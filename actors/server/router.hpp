#pragma once

#include "actors/server/server.hpp"

namespace gantry::server {

/// Routes are found by the service, which is immutable; the actor only carries requests on.
struct router_state {
  static inline const char* name = "router";
  router_state() = default;

  void route(const route_request& r);
  void with_body(body_ready& b);
  void run(core::request_id id, const exchange_ptr& exchange, std::string_view body,
           const caf::strong_actor_ptr& connection,
           const std::shared_ptr<const core::client_info>& origin);

  std::shared_ptr<const api::service> service;
  core::engine_actor engine;
  std::uint64_t requests = 0;
  std::uint64_t unrouted = 0;
};

router_actor::behavior_type run_router(router_actor::stateful_pointer<router_state> self,
                                       std::shared_ptr<const api::service> service,
                                       core::engine_actor engine);

} // namespace gantry::server
