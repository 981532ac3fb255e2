#include "actors/server/router.hpp"

#include "actors/core/limits.hpp"
#include "actors/runtime/log.hpp"

#include <chrono>

namespace gantry::server {

namespace {

void log_request(const route_request& r, const api::service& service) {
  if (!log::enabled(log::level::debug))
    return;
  log::write(log::level::debug, "router",
             std::string{r.request->method}.append(" ").append(r.request->target),
             {{"request", r.id}, {"client", r.origin ? r.origin->address : ""}});
  if (auto note = service.client_note(*r.request))
    log::write(log::level::debug, "router", *note, {{"request", r.id}});
}

} // namespace

void router_state::route(const route_request& r) {
  ++requests;
  log_request(r, *service);
  auto resolved = service->resolve(*r.request);
  if (auto* response = std::get_if<http::response>(&resolved)) {
    ++unrouted;
    core::tell(r.connection,
               http_reply{r.id, std::make_shared<const http::response>(std::move(*response))});
    return;
  }
  auto exchange = std::make_shared<http_exchange>();
  exchange->request = r.request;
  exchange->match = std::move(std::get<api::match>(resolved));
  auto body = exchange->match.target->body;
  if (body != api::body_kind::none && body != api::body_kind::stream) {
    auto limit = service->body_limit(exchange->match);
    core::tell(r.connection, need_body{r.id, std::move(exchange), limit});
    return;
  }
  run(r.id, exchange, {}, r.connection, r.origin);
}

void router_state::with_body(body_ready& b) {
  run(b.id, b.exchange, b.body, b.connection, b.origin);
}

void router_state::run(core::request_id id, const exchange_ptr& exchange, std::string_view body,
                       const caf::strong_actor_ptr& connection,
                       const std::shared_ptr<const core::client_info>& origin) {
  auto job = service->make_job(exchange->match, body, std::chrono::system_clock::now());
  if (!job) {
    auto response = service->error_response(exchange->match, job.error());
    core::tell(connection,
               http_reply{id, std::make_shared<const http::response>(std::move(response)),
                          exchange->match.target});
    return;
  }
  auto finite = exchange->match.target->reply == api::reply_kind::value;
  caf::anon_send(engine, core::run_job{id, std::move(*job), connection, exchange, origin,
                                       finite ? limits::job_answer : caf::timespan{0}});
}

router_actor::behavior_type run_router(router_actor::stateful_pointer<router_state> self,
                                       std::shared_ptr<const api::service> service,
                                       core::engine_actor engine) {
  self->state.service = std::move(service);
  self->state.engine = std::move(engine);
  return {
      [self](const route_request& r) { self->state.route(r); },
      [self](body_ready& b) { self->state.with_body(b); },
      [self](const client_gone& c) { caf::anon_send(self->state.engine, core::cancel_job{c.id}); },
      [self](core::describe) {
        return core::facts{{{"requests", std::to_string(self->state.requests)},
                            {"answered without a job", std::to_string(self->state.unrouted)}}};
      },
  };
}

} // namespace gantry::server
