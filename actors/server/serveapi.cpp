#include "actors/server/serveapi.hpp"

#include "actors/core/limits.hpp"
#include "actors/host/tls.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/log.hpp"
#include "actors/server/listener.hpp"

#include <openssl/ssl.h>

namespace gantry::server {

namespace {

/// What serveapi was asked, checked.
struct serveapi_request {
  std::vector<host::listen_address> addresses;
  bool buffered = false;
  bool insecure_tcp = false;
  std::string group;
  std::optional<host::tls_options> tls;
  std::size_t max_connections = limits::connections;
};

result<serveapi_request> check(const engine::job_run& run) {
  serveapi_request r;
  auto& env = run.environment();
  if (run.args().empty())
    return api_error{errc::invalid_parameter, host::serveapi_usage};
  for (auto& arg : run.args()) {
    auto address = host::parse_serveapi_arg(arg);
    if (!address)
      return address.error();
    r.addresses.push_back(std::move(*address));
  }
  r.buffered = env.get_bool("BufferRequests");
  r.insecure_tcp = env.get_bool("InsecureTcp");
  r.group = env.get("SocketGroup");
  if (env.exists("MaxConnections")) // 0: no limit
    r.max_connections =
        static_cast<std::size_t>(std::max<std::int64_t>(0, env.get_int64("MaxConnections")));
  if (env.get_bool("Tls") || env.get_bool("TlsVerify"))
    r.tls = host::tls_options{env.get("TlsCert"), env.get("TlsKey"), env.get("TlsCa"),
                              env.get_bool("TlsVerify")};
  return r;
}

/// Clause 3.2 step 7, made a refusal (K-29).
api_error refuse_open_tcp(const std::string& bound) {
  return {errc::forbidden,
          "refusing to listen on " + bound +
              " without --tlsverify: whoever can reach this address would be root on this machine; "
              "use --tlsverify with certificates, or a loopback address, or "
              "--insecure-allow-unauthenticated-tcp if you accept that"};
}

sockets_opened failed(api_error error) {
  sockets_opened result;
  result.error = std::move(error);
  return result;
}

/// Blocks: runs in the worker pool.
sockets_opened open_sockets(const serveapi_request& r, const host::socket_activation& activated) {
  sockets_opened result;
  if (r.tls) {
    auto made = host::make_tls_context(*r.tls);
    if (!made)
      return failed(made.error());
    result.tls = std::move(made->context);
    result.warnings = std::move(made->warnings);
  }
  for (auto& address : r.addresses) {
    std::vector<host::listener_socket> opened;
    auto add = [&](gantry::result<host::listener_socket>&& one) -> bool {
      if (!one) {
        result.error = one.error();
        return false;
      }
      opened.push_back(std::move(*one));
      return true;
    };
    switch (address.proto) {
    case host::listen_proto::tcp:
      if (!add(host::open_tcp_listener(address.host, address.port)))
        return failed(result.error);
      break;
    case host::listen_proto::unix_socket: {
      host::unix_socket_options options;
      options.group = r.group;
      if (!add(host::open_unix_listener(address.address, options)))
        return failed(result.error);
      break;
    }
    case host::listen_proto::fd: {
      auto selected = activated.select(address.address);
      if (!selected)
        return failed(selected.error());
      opened = std::move(*selected);
      break;
    }
    }
    for (auto& socket : opened) {
      auto reachable = socket.family == host::socket_family::inet && !socket.local;
      if (reachable && !(r.tls && r.tls->verify)) {
        if (!r.insecure_tcp)
          return failed(refuse_open_tcp(socket.bound));
        result.warnings.push_back(
            "/!\\ DON'T BIND ON ANY IP ADDRESS WITHOUT setting -tlsverify IF YOU DON'T KNOW WHAT "
            "YOU'RE DOING /!\\ (" +
            socket.bound + ")");
      }
      for (auto& warning : socket.warnings)
        result.warnings.push_back(warning);
      result.sockets.push_back({std::make_shared<host::listener_socket>(std::move(socket)),
                                host::to_string(address.proto)});
    }
  }
  return result;
}

using serveapi_actor = core::job_actor::extend_with<
    caf::typed_actor<caf::reacts_to<sockets_opened>>>::extend_with<core::shutdown_hook_actor>;

struct serveapi_state {
  static inline const char* name = "serveapi";
  serveapi_state() = default;

  void init(serveapi_actor::stateful_pointer<serveapi_state> me, engine::job_run given,
            std::shared_ptr<const server_services> with) {
    self = me;
    run = std::move(given);
    services = std::move(with);
    auto checked = check(run);
    if (!checked)
      return fail(checked.error());
    request = std::move(*checked);
    auto queued = services->pool->ask(
        "open listeners", caf::actor_cast<serveapi_actor>(self),
        [r = request, activated = services->activated] { return open_sockets(r, *activated); });
    if (!queued)
      fail({errc::unavailable, "serveapi: too much blocking work is waiting; try again later"});
  }

  void fail(const api_error& error) {
    run.fail(error);
    self->quit();
  }

  void on_opened(const sockets_opened& opened) {
    if (run.finished())
      return;
    for (auto& warning : opened.warnings)
      log::write(log::level::warn, "serveapi", warning, {});
    if (opened.error.kind != errc::none)
      return fail(opened.error);
    auto api = services->api;
    auto& env = run.environment();
    if (!env.get("Version").empty())
      api.engine_version = env.get("Version");
    if (env.get_bool("EnableCors"))
      api.cors_header = env.get("CorsHeader").empty() ? "*" : env.get("CorsHeader");
    auto service = std::make_shared<const api::service>(std::move(api));
    for (auto& one : opened.sockets)
      start_listener(one, service, opened.tls);
    self->request(run.engine(), caf::infinite,
                  core::on_shutdown{"close the API listeners",
                                    caf::actor_cast<core::shutdown_hook_actor>(self)})
        .then([](core::done) {},
              // The shutdown began meanwhile: nobody will say it again.
              [this](const caf::error&) { close_all(); });
    announce(opened);
    if (open == 0)
      end_well();
  }

  /// The job's output: the addresses that are bound, a line each, as soon as they are.
  void announce(const sockets_opened& opened) {
    std::string lines;
    for (auto& one : opened.sockets)
      lines += one.socket->bound + "\n";
    run.begin_stream(core::to_ptr(self), "text/plain");
    run.write(std::make_shared<const std::string>(std::move(lines)));
  }

  void start_listener(const sockets_opened::opened& one,
                      const std::shared_ptr<const api::service>& service,
                      const std::shared_ptr<ssl_ctx_st>& tls) {
    auto with_tls = one.socket->family == host::socket_family::inet && tls;
    listener_setup setup;
    setup.socket = one.socket;
    setup.service = service;
    setup.engine = run.engine();
    setup.pool = services->pool;
    setup.buffered = request.buffered;
    setup.max_connections = request.max_connections;
    setup.board = services->connections;
    setup.requests = services->requests;
    if (with_tls) {
      setup.tls = tls;
      setup.tls_files = request.tls;
    }
    auto listener = runtime::spawn(self, run_listener, std::move(setup));
    listeners.push_back(listener);
    ++open;
    log::write(log::level::info, "serveapi", "API listen on " + one.socket->bound,
               {{"proto", one.proto}, {"tls", with_tls}});
    self->request(listener, caf::infinite, serve_listener{})
        .then(
            [this](core::done) {
              on_listener_ended({errc::none, {}});
            },
            [this](const caf::error& e) { on_listener_ended(from_caf(e)); });
    caf::anon_send(services->activation, join_activation{listener});
  }

  /// Clause A3: the first error is the job's; the others are closed and not left running (8.1).
  void on_listener_ended(const api_error& error) {
    --open;
    if (error.kind != errc::none && !run.finished()) {
      run.fail(error);
      close_all();
    }
    if (open == 0)
      end_well();
  }

  void close_all() {
    for (auto& listener : listeners)
      caf::anon_send(listener, close_listener{});
  }

  void end_well() {
    if (!run.finished())
      run.succeed();
    for (auto& promise : closing)
      promise.deliver(core::done{});
    closing.clear();
    self->quit();
  }

  caf::result<core::done> shut_down() {
    if (open == 0)
      return core::done{};
    auto promise = self->make_response_promise<core::done>();
    closing.push_back(promise);
    close_all();
    return promise;
  }

  void cancel(const core::job_cancel& c) {
    if (listeners.empty())
      return fail({errc::unavailable, "serveapi: " + c.reason});
    close_all();
  }

  serveapi_actor::stateful_pointer<serveapi_state> self = nullptr;
  engine::job_run run;
  std::shared_ptr<const server_services> services;
  serveapi_request request;
  std::vector<listener_actor> listeners;
  std::size_t open = 0;
  std::vector<caf::typed_response_promise<core::done>> closing;
};

serveapi_actor::behavior_type run_serveapi(serveapi_actor::stateful_pointer<serveapi_state> self,
                                           const std::shared_ptr<engine::job_run>& run,
                                           std::shared_ptr<const server_services> services) {
  self->state.init(self, std::move(*run), std::move(services));
  return {
      [self](const core::job_cancel& c) { self->state.cancel(c); },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [self](core::describe) {
        return core::facts{{{"listeners", std::to_string(self->state.open)}}};
      },
      [self](const sockets_opened& opened) { self->state.on_opened(opened); },
      [self](core::shutting_down) { return self->state.shut_down(); },
  };
}

} // namespace

result<void> add_server_jobs(engine::job_table& jobs, server_services services) {
  auto shared = std::make_shared<const server_services>(std::move(services));
  auto added =
      jobs.add("serveapi", engine::job_handler{[shared](caf::local_actor* engine,
                                                        engine::job_run run) -> core::job_actor {
                 return runtime::spawn(engine, run_serveapi,
                                       std::make_shared<engine::job_run>(std::move(run)), shared);
               }});
  if (!added)
    return added;
  return jobs.add("acceptconnections", engine::job_function{[shared](engine::job_run& run) {
                    caf::anon_send(shared->activation, open_activation{});
                    run.succeed();
                  }});
}

} // namespace gantry::server
