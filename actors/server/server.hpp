#pragma once

#include "actors/core/interfaces.hpp"
#include "actors/host/listener_socket.hpp"
#include "actors/server/byte_stream.hpp"
#include "protocol/api/service.hpp"
#include "protocol/http/message.hpp"
#include "protocol/http/refusal.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <memory>
#include <string>
#include <variant>

/// The actors between a socket and the engine, and what they say to each other.
///
///     listener --accepts--> connection --route_request--> router --run_job--> engine
///                              ^                              |                  |
///                              +------- http_reply, need_body-+     job_done ----+
namespace gantry::server {

/// A request that has found its route; goes with the job and comes back with its reply.
class http_exchange final : public core::client_context {
public:
  std::shared_ptr<const http::request> request;
  api::match match; ///< points into `request`
};

using exchange_ptr = std::shared_ptr<const http_exchange>;
using request_ptr = std::shared_ptr<const http::request>;

// -- connection -> router
// ---------------------------------------------------------------------------

/// A request whose head is complete.
struct route_request {
  core::request_id id = 0;
  request_ptr request;
  caf::strong_actor_ptr connection;
  std::shared_ptr<const core::client_info> origin;
};

/// The body that `need_body` asked for.
struct body_ready {
  core::request_id id = 0;
  exchange_ptr exchange;
  std::string body;
  caf::strong_actor_ptr connection;
  std::shared_ptr<const core::client_info> origin;
};

/// The client of that request has left; takes the way of the request, so it cannot overtake it.
struct client_gone {
  core::request_id id = 0;
};

// -- router -> connection
// ---------------------------------------------------------------------------

/// An answer that needs no job.
struct http_reply {
  core::request_id id = 0;
  std::shared_ptr<const http::response> response;
  const api::route* route = nullptr; ///< null: none was found, or it needs no job
};

/// The request's body is wanted as a whole.
struct need_body {
  core::request_id id = 0;
  exchange_ptr exchange;
  std::size_t limit = 0; ///< bytes; more is refused with 413
};

// -- listener
// ---------------------------------------------------------------------------------------

/// A client that waits to be served.
struct accepted {
  std::shared_ptr<host::unique_fd> fd;
};

/// From here on clients are served.
struct release {};

/// INTERNAL: a connection has ended.
struct connection_ended {
  std::uint64_t actor = 0;
};

/// Ends a connection: at once if it has nothing to do, else after the answer it owes.
struct end_connection {};

/// Serves until the listener is closed (answers with unit) or fails (answers with the error).
struct serve_listener {};

/// Takes no more clients, ends its connections; answered when the last one has ended.
struct close_listener {};

/// Reads the certificates again.
struct reload_tls {};

/// INTERNAL: certificates that were read, or why not.
struct tls_loaded {
  std::shared_ptr<ssl_ctx_st> context;
  std::vector<std::string> warnings;
  std::string error;
};

/// INTERNAL: the listener's timer.
struct resume_accepting {};

/// INTERNAL: a connection's timer.
struct connection_tick {};

/// ROUTER: finds the route of a request and has its job run. One per listener.
using router_actor =
    caf::typed_actor<caf::reacts_to<route_request>, caf::reacts_to<body_ready>,
                     caf::reacts_to<client_gone>>::extend_with<core::inspectable_actor>;

/// CONNECTION: one client's connection; owns the socket until it hands it over.
using connection_actor = core::job_client_actor::extend_with<
    caf::typed_actor<caf::reacts_to<http_reply>, caf::reacts_to<need_body>,
                     caf::reacts_to<core::io_ready>, caf::reacts_to<connection_tick>,
                     caf::reacts_to<end_connection>>>::extend_with<core::inspectable_actor>;

/// LISTENER: one listening socket and its connections.
using listener_actor =
    caf::typed_actor<caf::replies_to<serve_listener>::with<core::done>,
                     caf::replies_to<close_listener>::with<core::done>, caf::reacts_to<release>,
                     caf::reacts_to<accepted>, caf::reacts_to<connection_ended>,
                     caf::reacts_to<core::io_ready>, caf::reacts_to<resume_accepting>,
                     caf::reacts_to<reload_tls>,
                     caf::reacts_to<tls_loaded>>::extend_with<core::inspectable_actor>;

/// A listener wants to hear of `release`.
struct join_activation {
  listener_actor listener;
};

/// Releases all listeners, those to come too; the first time it is also told to the init system.
struct open_activation {};

/// Passes `reload_tls` on to all listeners.
struct reload_listeners {};

/// ACTIVATION: what `acceptconnections` opens. Made before anything else, so that the two jobs may
/// come in any order and any number of times (D4, K-18).
using activation_actor = caf::typed_actor<
    caf::reacts_to<join_activation>, caf::reacts_to<reload_listeners>,
    caf::replies_to<open_activation>::with<core::done>>::extend_with<core::inspectable_actor>;

} // namespace gantry::server

GANTRY_LOCAL_MESSAGE(gantry::server::route_request)
GANTRY_LOCAL_MESSAGE(gantry::server::body_ready)
GANTRY_LOCAL_MESSAGE(gantry::server::client_gone)
GANTRY_LOCAL_MESSAGE(gantry::server::http_reply)
GANTRY_LOCAL_MESSAGE(gantry::server::need_body)
GANTRY_LOCAL_MESSAGE(gantry::server::accepted)
GANTRY_LOCAL_MESSAGE(gantry::server::release)
GANTRY_LOCAL_MESSAGE(gantry::server::connection_ended)
GANTRY_LOCAL_MESSAGE(gantry::server::end_connection)
GANTRY_LOCAL_MESSAGE(gantry::server::serve_listener)
GANTRY_LOCAL_MESSAGE(gantry::server::close_listener)
GANTRY_LOCAL_MESSAGE(gantry::server::reload_tls)
GANTRY_LOCAL_MESSAGE(gantry::server::tls_loaded)
GANTRY_LOCAL_MESSAGE(gantry::server::resume_accepting)
GANTRY_LOCAL_MESSAGE(gantry::server::connection_tick)
GANTRY_LOCAL_MESSAGE(gantry::server::join_activation)
GANTRY_LOCAL_MESSAGE(gantry::server::open_activation)
GANTRY_LOCAL_MESSAGE(gantry::server::reload_listeners)
