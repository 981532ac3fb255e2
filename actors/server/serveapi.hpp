#pragma once

#include "actors/core/boards.hpp"
#include "actors/core/request_log.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/host/socket_activation.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/server/server.hpp"

#include <memory>
#include <vector>

namespace gantry::server {

/// What the server's jobs need besides their environment.
struct server_services {
  runtime::worker_pool* pool = nullptr; ///< never null; outlives the actor system
  activation_actor activation;
  std::shared_ptr<const host::socket_activation> activated; ///< sockets of the init system
  api::config api;
  core::connection_board* connections = nullptr; ///< where they are put up; null: nowhere
  core::request_log* requests = nullptr;         ///< where those that are over go; null: nowhere
};

/// INTERNAL: the sockets of all addresses, or why one could not be had.
struct sockets_opened {
  struct opened {
    std::shared_ptr<host::listener_socket> socket;
    std::string proto; ///< of the address: `tcp`, `unix`, `fd`
  };
  std::vector<opened> sockets;
  std::shared_ptr<ssl_ctx_st> tls;
  std::vector<std::string> warnings;
  api_error error{errc::none, {}};
};

/// Adds the jobs `serveapi` and `acceptconnections`.
///
/// serveapi: args PROTO://ADDR; env Logging, EnableCors, CorsHeader, Version, SocketGroup, Tls,
/// TlsVerify, TlsCa, TlsCert, TlsKey, BufferRequests, InsecureTcp, MaxConnections. Everything is
/// checked before anything is opened, and everything is opened before anything is served. Ends with
/// the first listener's error, which closes the others, or well when all were closed. Source:
/// clauses A1-A4, 3.2, 8.1, K-19.
///
/// acceptconnections: no args. Releases the listeners, present and future; any number of times.
/// Source: clauses N1, N2, K-18.
result<void> add_server_jobs(engine::job_table& jobs, server_services services);

} // namespace gantry::server

GANTRY_LOCAL_MESSAGE(gantry::server::sockets_opened)
