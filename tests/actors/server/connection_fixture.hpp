#pragma once

#include "actors/core/limits.hpp"
#include "actors/core/request_log.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/server/server.hpp"
#include "tests/actors/engine/engine_fixture.hpp"

#include <boost/asio/io_context.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::test {

/// The client's end of a connection; never blocks.
class wire {
public:
  explicit wire(host::unique_fd fd) : fd_(std::move(fd)) {}

  /// Sends as much as goes; the number of bytes.
  std::size_t send(std::string_view bytes);
  /// All that has arrived, at most `most` bytes.
  std::string receive(std::size_t most = SIZE_MAX);
  /// True if the last `receive` came upon the end.
  bool ended() const noexcept { return ended_; }
  bool was_reset() const noexcept { return reset_; }
  void half_close();
  void close() { fd_.reset(); }
  int fd() const noexcept { return fd_.get(); }

private:
  host::unique_fd fd_;
  bool ended_ = false;
  bool reset_ = false;
};

/// Without its Date lines, each of which is checked for its form.
std::string without_date(std::string text);

/// The head of an answer that the tests' service makes, up to its own lines.
std::string answer_head(std::string_view version = "1.1");

/// A whole answer with bytes in it; `connection` is the Connection line, or "".
std::string answer(std::string_view body, std::string_view connection = {},
                   std::string_view version = "1.1");

inline constexpr std::string_view closing = "Connection: close\r\n";

api::config test_config();

/// Connections over socket pairs, whose time and turns belong to the test. Their router goes by the
/// path: `/body` is collected (16 bytes at most) and echoed, `/hand` and `/exit` run these jobs,
/// `/big` is a megabyte, all else is echoed.
class connection_fixture : public engine_fixture {
public:
  connection_fixture();
  ~connection_fixture();

  /// Puts the server's own router in the place of that.
  void route_for_real();
  /// A connection and its client.
  wire connect(ssl_ctx_st* tls = nullptr, int send_buffer = 0);
  /// Tells the last connection to end.
  void end_connection();

  /// Lets sockets and actors go on until nothing happens any more.
  void settle();

  /// Lets time pass.
  void pass(std::chrono::nanoseconds d);

  /// What comes back for `bytes`, without dates.
  std::string exchange(wire& client, std::string_view bytes);

  /// The phase that the last connection is in; "gone" if it has ended.
  std::string phase();
  std::string connection_fact(std::string_view key);
  bool is_gone();

  /// The last job that was started by hand.
  hand_job& job();
  /// Ends it well, with that text.
  void finish(hand_job& job, std::string text);
  void write(hand_job& job, std::string text);
  void begin_stream(hand_job& job);

  core::request_log requests;
  boost::asio::io_context io{1};
  std::shared_ptr<const api::service> service = std::make_shared<const api::service>(test_config());
  server::router_actor router;
  std::vector<server::connection_actor> connections;
};

/// The head of a stream's answer.
std::string stream_head(std::string_view lines, std::string_view version = "1.1");

inline constexpr std::string_view in_chunks = "Transfer-Encoding: chunked\r\n";

} // namespace gantry::test
