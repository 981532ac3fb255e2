#pragma once

#include "actors/core/boards.hpp"
#include "actors/core/request_log.hpp"
#include "actors/host/tls.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/server/server.hpp"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace gantry::server {

/// What a listener is given.
struct listener_setup {
  std::shared_ptr<host::listener_socket> socket;
  std::shared_ptr<ssl_ctx_st> tls;            ///< null: no TLS
  std::optional<host::tls_options> tls_files; ///< for `reload_tls`
  std::shared_ptr<const api::service> service;
  core::engine_actor engine;
  runtime::worker_pool* pool = nullptr; ///< never null; outlives the actor system
  bool buffered = true;                 ///< clients wait for `release`
  std::size_t max_connections = 0;
  core::connection_board* board = nullptr; ///< where connections are put up; see `connection_setup`
  core::request_log* requests = nullptr;   ///< the same
};

/// Owns the listening socket and knows its connections. Accepts into its own mailbox, where clients
/// wait until `release`.
struct listener_state {
  static inline const char* name = "listener";
  listener_state() = default;
  ~listener_state();

  void init(listener_actor::stateful_pointer<listener_state> me, listener_setup given);
  caf::result<core::done> serve();
  caf::result<core::done> close();
  void on_release();
  caf::result<void> on_accepted(const accepted& client);
  void on_connection_ended(const connection_ended& ended);
  void on_ready(const core::io_ready& ready);
  void on_resume();
  void reload();
  void on_tls_loaded(const tls_loaded& loaded);
  core::facts describe() const;

private:
  void accept_more();
  void say_full();
  void pause(int reason);
  void wait_for_clients();
  bool full() const;
  void end(const caf::error& reason);
  void end_if_drained();

  listener_actor::stateful_pointer<listener_state> self_ = nullptr;
  listener_setup given_;
  std::shared_ptr<core::byte_stream> acceptor_; ///< only waited on
  router_actor router_;
  std::shared_ptr<const std::string> address_;
  std::unordered_map<std::uint64_t, caf::strong_actor_ptr> connections_;
  std::size_t buffered_ = 0; ///< accepted and waiting for release
  std::optional<caf::typed_response_promise<core::done>> serving_;
  std::vector<caf::typed_response_promise<core::done>> closing_;
  std::optional<caf::error> ended_with_; ///< before anyone asked
  bool released_ = false;
  bool waiting_ = false;
  bool paused_ = false;
  bool closed_ = false;
  bool said_full_ = false;
  bool said_short_ = false; ///< of a shortage that goes on
  std::uint64_t accepted_ = 0;
};

listener_actor::behavior_type run_listener(listener_actor::stateful_pointer<listener_state> self,
                                           listener_setup given);

} // namespace gantry::server
