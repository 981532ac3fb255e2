#pragma once

#include "actors/runtime/actor.hpp"
#include "actors/runtime/system.hpp"
#include "actors/server/activation.hpp"
#include "actors/server/serveapi.hpp"
#include "tests/actors/host/sockets.hpp"
#include "tests/support/temp_dir.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scoped_actor.hpp>
#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace gantry::test {

inline constexpr std::chrono::seconds patience{20};

/// True as soon as the condition holds; looks at it again and again.
inline bool eventually(const std::function<bool()>& condition) {
  auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

/// The descriptors that this process has open.
inline std::size_t open_descriptors() {
  std::filesystem::directory_iterator all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all))) - 1;
}

/// A client that waits, but not for ever.
class caller {
public:
  caller() = default;
  explicit caller(host::unique_fd fd) : fd_(std::move(fd)) {}

  /// Connects to `unix:///PATH` or `tcp://127.0.0.1:PORT`; not connected if refused.
  static caller to(const std::string& bound) {
    auto family = bound.starts_with("unix") ? AF_UNIX : AF_INET;
    caller c{host::unique_fd{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)}};
    if (!c.connect(bound))
      c.fd_.reset();
    return c;
  }
  /// Connects a socket made before.
  bool connect(const std::string& bound) const {
    if (bound.starts_with("unix://")) {
      auto address = unix_address(bound.substr(7));
      return ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(bound.substr(bound.rfind(':') + 1))));
    return ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  explicit operator bool() const { return static_cast<bool>(fd_); }

  bool send(std::string_view bytes) const {
    return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  bool ping() const { return send("GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"); }

  /// What comes until `end` does, or the connection ends, or patience.
  std::string receive(std::string_view end) const {
    std::string all;
    char buffer[4096];
    while (!all.ends_with(end) || end.empty()) {
      pollfd p{fd_.get(), POLLIN, 0};
      if (::poll(&p, 1, std::chrono::milliseconds{patience}.count()) != 1)
        return all + "(patience is over)";
      auto n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
      if (n <= 0)
        break;
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }
  bool pinged() const { return receive("\r\n\r\nOK").ends_with("\r\n\r\nOK"); }
  /// True if the server ends the connection without a word.
  bool ends() const { return receive({}).empty(); }
  /// True if there is something to read now, be it the end.
  bool has_news() const {
    pollfd p{fd_.get(), POLLIN, 0};
    return ::poll(&p, 1, 0) == 1;
  }
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
  job::reply wait() {
    std::unique_lock guard{mutex};
    if (!changed.wait_for(guard, patience, [this] { return reply.has_value(); }))
      return {1, errc::system, "the job has not ended", {}, {}};
    return *reply;
  }
  /// Waits for the addresses that serveapi has bound; none if it has ended.
  std::vector<std::string> addresses() {
    std::unique_lock guard{mutex};
    changed.wait_for(guard, patience, [this] { return reply.has_value() || !output.empty(); });
    std::vector<std::string> all;
    for (std::size_t at = 0, end; (end = output.find('\n', at)) != std::string::npos; at = end + 1)
      all.push_back(output.substr(at, end - at));
    return all;
  }
  bool ended() {
    std::lock_guard guard{mutex};
    return reply.has_value();
  }
};

struct watcher_state {
  static inline const char* name = "watcher";
  watcher_state() = default;
};

inline core::job_client_actor::behavior_type
run_watcher(core::job_client_actor::stateful_pointer<watcher_state> self,
            std::shared_ptr<outcome> seen) {
  return {[self, seen](const core::job_done& m) {
            std::lock_guard guard{seen->mutex};
            seen->reply = *m.reply;
            seen->changed.notify_all();
            self->quit();
          },
          [](const core::job_stream_begun&) {},
          [seen](const core::job_output& m) {
            std::lock_guard guard{seen->mutex};
            seen->output += *m.bytes;
            seen->changed.notify_all();
          },
          [](const core::job_wants_input&) {}, [](const core::job_takes_socket&) {}};
}

/// A job that ends when it is told to, or when `gate` opens; counts itself.
struct slow_job_state {
  static inline const char* name = "slow-job";
  slow_job_state() = default;
  engine::job_run run;
};

struct slow_jobs {
  std::atomic<int> started{0};
  std::atomic<int> cancelled{0};
  std::mutex mutex;
  std::vector<core::job_actor> waiting;

  /// Lets all of them end well.
  void finish() {
    std::lock_guard guard{mutex};
    for (auto& job : waiting)
      caf::anon_send(job, core::job_credit{1});
    waiting.clear();
  }
};

inline core::job_actor::behavior_type
run_slow_job(core::job_actor::stateful_pointer<slow_job_state> self,
             const std::shared_ptr<engine::job_run>& run, const std::shared_ptr<slow_jobs>& all) {
  self->state.run = std::move(*run);
  {
    std::lock_guard guard{all->mutex};
    all->waiting.push_back(self);
  }
  ++all->started;
  return {[self, all](const core::job_cancel& c) {
            ++all->cancelled;
            self->state.run.fail(errc::unavailable, c.reason);
            self->quit();
          },
          [self](const core::job_credit&) {
            self->state.run.succeed(boost::json::value(boost::json::object{}));
            self->quit();
          },
          [](core::job_input&) {}, [](core::job_socket&) {},
          [](core::describe) { return core::facts{}; }};
}

/// A server of its own on the real scheduler: `ping` works, `info` waits for the test.
class server_fixture {
public:
  explicit server_fixture(host::socket_activation activated = {}) : sys(config_) {
    activation = runtime::spawn(sys, server::run_activation, [this] {
      ++notified;
      return std::string{};
    });
    engine::job_table jobs;
    jobs.add("ping", engine::job_function{[](engine::job_run& run) { run.succeed(); }}).value();
    jobs.add("info", engine::job_handler{[all = slow](caf::local_actor* parent,
                                                      engine::job_run run) -> core::job_actor {
               return runtime::spawn(parent, run_slow_job,
                                     std::make_shared<engine::job_run>(std::move(run)), all);
             }})
        .value();
    server::server_services services;
    services.pool = &pool_;
    services.activation = activation;
    services.activated = std::make_shared<const host::socket_activation>(std::move(activated));
    services.api.engine_version = "1";
    services.api.server = "S";
    server::add_server_jobs(jobs, std::move(services)).value();
    engine = runtime::spawn(sys, engine::run_engine, std::move(jobs), engine::engine_options{});
  }
  server_fixture(const server_fixture&) = delete;
  server_fixture& operator=(const server_fixture&) = delete;
  ~server_fixture() {
    shut_down();
    caf::anon_send_exit(engine, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(activation, caf::exit_reason::user_shutdown);
    engine = nullptr;
    activation = nullptr;
    pool_.stop();
  }

  std::shared_ptr<outcome> run(job::request what) {
    auto seen = std::make_shared<outcome>();
    core::run_job r;
    r.id = core::next_request_id();
    r.what = std::move(what);
    r.client = core::to_ptr(runtime::spawn(sys, run_watcher, seen));
    caf::anon_send(engine, std::move(r));
    return seen;
  }
  std::shared_ptr<outcome>
  serve(std::vector<std::string> addresses,
        std::initializer_list<std::pair<const char*, const char*>> env = {}) {
    job::request what{"serveapi", std::move(addresses), {}};
    what.environment.set("SocketGroup", "");
    for (auto& [key, value] : env)
      what.environment.set(key, value);
    return run(std::move(what));
  }
  /// The two-phase shutdown, to its end.
  void shut_down() {
    caf::scoped_actor self{sys};
    self->request(engine, caf::timespan{patience}, core::shutdown_engine{})
        .receive([](core::done) {},
                 [&](const caf::error& e) { FAIL_CHECK("shutdown: " << sys.render(e)); });
  }
  std::size_t actors() { return runtime::scheduler::of(sys)->registry().size(); }
  std::size_t actors(std::string_view kind) {
    std::size_t n = 0;
    for (auto& a : runtime::scheduler::of(sys)->registry().snapshot())
      n += a.kind == kind ? 1 : 0;
    return n;
  }

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
