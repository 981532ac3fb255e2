#pragma once

#include "actors/host/socket_activation.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/server/server.hpp"
#include "tests/actors/host/sockets.hpp"
#include "tests/support/sends.hpp"
#include "tests/support/temp_dir.hpp"

#include <caf/actor_system.hpp>
#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace gantry::test {

inline constexpr std::chrono::seconds patience{20};

/// True as soon as the condition holds; looks at it again and again.
bool eventually(const std::function<bool()>& condition);

/// The descriptors that this process has open.
std::size_t open_descriptors();

/// A client that waits, but not for ever.
class caller {
public:
  caller() = default;
  explicit caller(host::unique_fd fd) : fd_(std::move(fd)) {}

  /// Connects to `unix:///PATH` or `tcp://127.0.0.1:PORT`; not connected if refused.
  static caller to(const std::string& bound);
  /// Connects a socket made before.
  bool connect(const std::string& bound) const;
  explicit operator bool() const { return static_cast<bool>(fd_); }

  bool send(std::string_view bytes) const;
  bool ping() const;

  /// What comes until `end` does, or the connection ends, or patience.
  std::string receive(std::string_view end) const;
  bool pinged() const;
  /// True if the server ends the connection without a word.
  bool ends() const;
  /// True if there is something to read now, be it the end.
  bool has_news() const;
  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }

private:
  host::unique_fd fd_;
};

/// What a job that the test has run has said so far; any thread.
struct outcome {
  std::mutex mutex;
  std::condition_variable changed;
  std::string output;
  std::optional<job::reply> reply;

  /// Waits for the end.
  job::reply wait();
  /// Waits for the addresses that serveapi has bound; none if it has ended.
  std::vector<std::string> addresses();
  bool ended();
};

/// The jobs `info` of a server: each ends when it is told to, and counts itself.
struct slow_jobs {
  std::atomic<int> started{0};
  std::atomic<int> cancelled{0};
  std::mutex mutex;
  std::vector<core::job_actor> waiting;

  /// Lets all of them end well.
  void finish();
};

/// A server of its own on the real scheduler: `ping` works, `info` waits for the test, `version`
/// tells what the job knows of its client: address (`Os`), subject (`Arch`).
class server_fixture {
public:
  explicit server_fixture(host::socket_activation activated = {});
  server_fixture(const server_fixture&) = delete;
  server_fixture& operator=(const server_fixture&) = delete;
  ~server_fixture();

  std::shared_ptr<outcome> run(job::request what);
  std::shared_ptr<outcome>
  serve(std::vector<std::string> addresses,
        std::initializer_list<std::pair<const char*, const char*>> env = {});
  /// The two-phase shutdown, to its end.
  void shut_down();
  /// Actors that are there: all, and those of a kind.
  std::size_t actors();
  std::size_t actors(std::string_view kind);

private:
  runtime::worker_pool pool_{2, 100};
  runtime::system_config config_{};

public:
  std::shared_ptr<slow_jobs> slow = std::make_shared<slow_jobs>();
  std::atomic<int> notified{0};
  caf::actor_system sys;
  server::activation_actor activation;
  core::engine_actor engine;
};

} // namespace gantry::test
