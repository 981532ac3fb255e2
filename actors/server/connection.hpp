#pragma once

#include "actors/core/boards.hpp"
#include "actors/core/request_log.hpp"
#include "actors/runtime/ticks.hpp"
#include "actors/server/server.hpp"
#include "protocol/http/body_decoder.hpp"
#include "protocol/http/request_parser.hpp"
#include "protocol/http/response_writer.hpp"

#include <caf/actor_clock.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace gantry::server {

/// What a connection is given.
struct connection_setup {
  std::shared_ptr<core::byte_stream> stream;
  std::shared_ptr<const core::client_info> client;
  std::shared_ptr<const api::service> service;
  router_actor router;
  caf::strong_actor_ptr listener;
  std::shared_ptr<const std::string> address; ///< of the listener; see `core::connection_card`
  core::connection_board* board = nullptr;    ///< outlives the actor system
  core::request_log* requests = nullptr;      ///< the same
};

/// Owns the socket, takes requests off it and puts answers on it, one request at a time and in
/// order; later requests of a pipelining client wait in the socket. An idle connection holds no
/// buffers.
struct connection_state {
  static inline const char* name = "connection";
  connection_state() = default;
  ~connection_state();

  void init(connection_actor::stateful_pointer<connection_state> me, connection_setup given);

  // -- socket -------------------------------------------------------------------
  void on_ready(const core::io_ready& ready);
  void on_tick();

  // -- router and job -----------------------------------------------------------
  void on_reply(const http_reply& reply);
  void on_need_body(need_body& wanted);
  void on_done(const core::job_done& done);
  void on_stream_begun(const core::job_stream_begun& begun);
  void on_output(const core::job_output& output);
  void on_wants_input(const core::job_wants_input& wanted);
  void on_takes_socket(const core::job_takes_socket& wanted);
  void on_end();

  core::facts describe() const;

private:
  enum class phase : std::uint8_t {
    handshake, ///< TLS
    head,      ///< between requests, or in the middle of a head
    waiting,   ///< router or job have the request
    body,      ///< the request's body is being collected
    streaming, ///< the job's output is on its way
    lingering, ///< the last answer is out; the client gets time to read it
    over,      ///< nothing more to do; the socket is closed or handed over
  };
  using time_point = caf::actor_clock::time_point;

  // -- connection.cpp: the socket ----------------------------------------------
  void start();
  void go_on_with_handshake();
  void fail_handshake();
  void read_more();
  std::size_t read_bound() const;
  void on_eof();
  void want(core::readiness what);
  void send(std::string_view bytes);
  void flush();
  void keep_output(std::string_view bytes);
  bool has_output() const { return out_.size() > out_done_; }
  void expect_within(caf::timespan limit);
  void expect_nothing() { deadline_ = end_by_; }
  void arm_tick(time_point now);
  void on_late();
  void close_soon();
  void close_now();

  // -- connection_http.cpp: requests and answers ----------------------------------
  void process();
  void take_head();
  void collect_body();
  void leave_to_client(bool with_client);
  void send_continue();
  bool expects_body() const;
  void skip_body();
  void feed_job();
  void end_input(const char* error);
  void respond(const http::response& response, const api::route* route);
  void count_answer(const api::route* route, int status) const;
  void refuse(const http::refusal& why);
  void log_failure(const job::reply& reply, const api::match& match) const;
  void end_stream(const job::reply& reply);
  void grant();
  void end_answer(bool reusable);
  void next_request();
  http::write_options write_options() const;
  void log_end() const;
  void forget_request();

  connection_actor::stateful_pointer<connection_state> self_ = nullptr;
  connection_setup given_;
  http::request_parser parser_;
  std::string in_;  ///< read and not yet used
  std::string out_; ///< written up to `out_done_`
  std::size_t out_done_ = 0;
  phase phase_ = phase::head;
  std::uint8_t waits_ = 0;   ///< a bit for each `readiness` that is waited for
  bool peeked_ = false;      ///< the first bytes were looked at, before TLS took them
  bool eof_ = false;         ///< the client has ended its side
  bool end_asked_ = false;   ///< the daemon wants this connection to end
  bool close_after_ = false; ///< no further request after the present one
  bool head_begun_ = false;
  bool continue_sent_ = false;
  bool chunked_ = false; ///< the streamed answer is in chunks
  bool awaiting_input_ = false;

  // The present request.
  core::request_id id_ = 0;
  runtime::ticks begun_ = 0;
  int status_ = 0; ///< of its answer, 0 before that has begun
  request_ptr request_;
  exchange_ptr exchange_;
  http::body_decoder decoder_;
  std::string body_;
  std::size_t body_limit_ = 0;
  caf::strong_actor_ptr job_;
  std::size_t ungranted_ = 0; ///< bytes of output taken from the job and not yet written
  std::size_t input_most_ = 0;

  time_point deadline_ = time_point::max();
  time_point end_by_ = time_point::max(); ///< the daemon does not wait longer than this
  time_point tick_at_ = time_point::max();
  std::uint64_t served_ = 0;
  core::connection_board::place card_; ///< the last member: it points to others
};

connection_actor::behavior_type
run_connection(connection_actor::stateful_pointer<connection_state> self, connection_setup given);

} // namespace gantry::server
