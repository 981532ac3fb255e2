#pragma once

#include "actors/core/messages.hpp"
#include "actors/host/stream_io.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/inspect/service/event_text.hpp"
#include "actors/inspect/service/pages.hpp"
#include "protocol/http/body_decoder.hpp"
#include "protocol/http/refusal.hpp"
#include "protocol/http/request_parser.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::inspect {

/// What the clients of one service have in common.
struct client_site {
  page_source& answers;
  std::size_t bytes_held = 0; ///< of answers that are not written yet, of all clients together
  std::size_t followers = 0;
};

/// A connection to a service: HTTP/1.1, one request at a time, never waiting. Everything it
/// holds is bounded, and everything it does has its time.
class client {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Takes a nonblocking descriptor. With `tls` a handshake comes first.
  client(host::unique_fd fd, core::client_info who, ssl_ctx_st* tls, client_site& site,
         time_point now);
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client();

  int fd() const noexcept { return fd_.get(); }
  /// What to poll(2) for.
  short interest() const noexcept;
  /// When to call `advance` although nothing has happened.
  time_point deadline() const noexcept;
  /// True once the descriptor is to be closed.
  bool over() const noexcept { return phase_ == phase::over; }
  /// When it last sent or took a byte, or kept up with the events.
  time_point last_progress() const noexcept { return progress_; }

  /// Does what can be done now, for one request at most.
  void advance(time_point now, short happened);

private:
  enum class phase : std::uint8_t {
    handshake, ///< TLS
    head,      ///< between requests, or in the middle of a head
    body,      ///< of a request
    waiting,   ///< for an actor's facts
    sending,   ///< the answer
    following, ///< events
    lingering, ///< all is said; the client gets time to read it
    over,
  };

  void shake_hands();
  void take_head();
  void take_body();
  void ask();
  void wait();
  void send();
  void follow();
  void linger();
  void on_late();

  bool read_more();
  bool flush();
  void take(page_answer answer);
  void respond(const http::response& page);
  void begin_events();
  void refuse(const http::refusal& why);
  void next_request();
  void expect_within(caf::timespan limit) { deadline_ = now_ + limit; }
  void enter(phase next) noexcept { phase_ = next; }
  void put(std::string_view bytes);
  std::size_t held() const noexcept { return out_.size() - out_done_; }

  host::unique_fd fd_;
  host::stream_io io_;
  core::client_info who_;
  client_site& site_;
  http::request_parser parser_;
  phase phase_ = phase::head;
  time_point now_;
  time_point deadline_;
  time_point progress_;
  short wants_ = 0;     ///< what the last read or write waits for
  bool unread_ = false; ///< there may be more to read, and no readiness will tell
  bool eof_ = false;
  bool head_begun_ = false;
  bool close_after_ = false;
  std::string in_;
  std::string out_;
  std::size_t out_done_ = 0;
  std::size_t counted_ = 0; ///< of `site_.bytes_held`

  // The present request.
  std::shared_ptr<const http::request> request_;
  http::body_decoder decoder_;
  std::string body_;
  std::optional<awaited_facts> awaited_;
  std::unique_ptr<follower> follower_;
  time_point sign_at_; ///< when a follower gets a sign of life
};

} // namespace gantry::inspect
