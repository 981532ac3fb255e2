#include "tests/actors/server/server_fixture.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/server/activation.hpp"
#include "actors/server/serveapi.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scoped_actor.hpp>

#include <poll.h>

#include <filesystem>
#include <iterator>

namespace gantry::test {

namespace {

struct watcher_state {
  static inline const char* name = "watcher";
  watcher_state() = default;
};

core::job_client_actor::behavior_type
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

/// The job `info`.
struct slow_job_state {
  static inline const char* name = "slow-job";
  slow_job_state() = default;
  engine::job_run run;
};

core::job_actor::behavior_type run_slow_job(core::job_actor::stateful_pointer<slow_job_state> self,
                                            const std::shared_ptr<engine::job_run>& run,
                                            const std::shared_ptr<slow_jobs>& all) {
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

} // namespace

bool eventually(const std::function<bool()>& condition) {
  auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

std::size_t open_descriptors() {
  std::filesystem::directory_iterator all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all))) - 1;
}

caller caller::to(const std::string& bound) {
  auto family = bound.starts_with("unix") ? AF_UNIX : AF_INET;
  caller c{host::unique_fd{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)}};
  if (!c.connect(bound))
    c.fd_.reset();
  return c;
}

bool caller::connect(const std::string& bound) const {
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

bool caller::send(std::string_view bytes) const {
  return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

bool caller::ping() const { return send("GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"); }

std::string caller::receive(std::string_view end) const {
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

bool caller::pinged() const { return receive("\r\n\r\nOK").ends_with("\r\n\r\nOK"); }

bool caller::ends() const { return receive({}).empty(); }

bool caller::has_news() const {
  pollfd p{fd_.get(), POLLIN, 0};
  return ::poll(&p, 1, 0) == 1;
}

job::reply outcome::wait() {
  std::unique_lock guard{mutex};
  if (!changed.wait_for(guard, patience, [this] { return reply.has_value(); }))
    return {1, errc::system, "the job has not ended", {}, {}};
  return *reply;
}

std::vector<std::string> outcome::addresses() {
  std::unique_lock guard{mutex};
  changed.wait_for(guard, patience, [this] { return reply.has_value() || !output.empty(); });
  std::vector<std::string> all;
  for (std::size_t at = 0, end; (end = output.find('\n', at)) != std::string::npos; at = end + 1)
    all.push_back(output.substr(at, end - at));
  return all;
}

bool outcome::ended() {
  std::lock_guard guard{mutex};
  return reply.has_value();
}

void slow_jobs::finish() {
  std::lock_guard guard{mutex};
  for (auto& job : waiting)
    caf::anon_send(job, core::job_credit{1});
  waiting.clear();
}

server_fixture::server_fixture(host::socket_activation activated) : sys(config_) {
  activation = runtime::spawn(sys, server::run_activation, [this] {
    ++notified;
    return std::string{};
  });
  engine::job_table jobs;
  jobs.add("ping", engine::job_function{[](engine::job_run& run) { run.succeed(); }}).value();
  jobs.add("version", engine::job_function{[](engine::job_run& run) {
             const auto& client = *run.origin();
             run.succeed(boost::json::object{{"Os", client.address}, {"Arch", client.subject}});
           }})
      .value();
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

server_fixture::~server_fixture() {
  shut_down();
  caf::anon_send_exit(engine, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(activation, caf::exit_reason::user_shutdown);
  engine = nullptr;
  activation = nullptr;
  pool_.stop();
}

std::shared_ptr<outcome> server_fixture::run(job::request what) {
  auto seen = std::make_shared<outcome>();
  core::run_job r;
  r.id = core::next_request_id();
  r.what = std::move(what);
  r.client = core::to_ptr(runtime::spawn(sys, run_watcher, seen));
  caf::anon_send(engine, std::move(r));
  return seen;
}

std::shared_ptr<outcome>
server_fixture::serve(std::vector<std::string> addresses,
                      std::initializer_list<std::pair<const char*, const char*>> env) {
  job::request what{"serveapi", std::move(addresses), {}};
  what.environment.set("SocketGroup", "");
  for (auto& [key, value] : env)
    what.environment.set(key, value);
  return run(std::move(what));
}

void server_fixture::shut_down() {
  caf::scoped_actor self{sys};
  self->request(engine, caf::timespan{patience}, core::shutdown_engine{})
      .receive([](core::done) {},
               [&](const caf::error& e) { FAIL_CHECK("shutdown: " << sys.render(e)); });
}

std::size_t server_fixture::actors() { return runtime::scheduler::of(sys)->registry().size(); }

std::size_t server_fixture::actors(std::string_view kind) {
  std::size_t n = 0;
  for (auto& a : runtime::scheduler::of(sys)->registry().snapshot())
    n += a.kind == kind ? 1 : 0;
  return n;
}

} // namespace gantry::test
