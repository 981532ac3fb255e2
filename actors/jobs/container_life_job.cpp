#include "actors/jobs/container_life.hpp"

#include "actors/jobs/container_lookup.hpp"
#include "actors/runtime/actor.hpp"
#include "protocol/api/json.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <utility>

namespace gantry::jobs {

/// INTERNAL: the container has answered.
struct life_answer {
  std::shared_ptr<result<std::int64_t>> how;
};

/// INTERNAL: no end of the container can be missed any more.
struct wait_registered {};

} // namespace gantry::jobs

GANTRY_LOCAL_MESSAGE(gantry::jobs::life_answer)
GANTRY_LOCAL_MESSAGE(gantry::jobs::wait_registered)

namespace gantry::jobs {

namespace {

namespace json = boost::json;
using containers::life_request;
using containers::shared_containers;

using life_job_actor =
    core::job_actor::extend<caf::reacts_to<life_answer>, caf::reacts_to<wait_registered>>;

struct life_job_state {
  static inline const char* name = "container-job";
  life_job_state() = default;
  /// A job that is killed does not leave its request behind.
  ~life_job_state() { abandon(); }

  void init(life_job_actor::pointer me, engine::job_run asked,
            std::shared_ptr<const shared_containers> containers, const read_life_call& read);
  void ask(life_call what);
  void on_registered();
  void on_answer(const result<std::int64_t>& how);
  void on_cancel(const std::string& reason);
  void fail(api_error why);
  void tell_status(json::object status);
  void abandon();
  core::facts describe() const;

  life_job_actor::pointer self = nullptr;
  engine::job_run run;
  std::shared_ptr<const shared_containers> all;
  life_call call;
  /// Whoever has the duty to answer holds it; if that dies we are told so by its end.
  std::weak_ptr<life_request> open;
  bool waits = false;
  bool begun = false;
};

void life_job_state::init(life_job_actor::pointer me, engine::job_run asked,
                          std::shared_ptr<const shared_containers> containers,
                          const read_life_call& read) {
  self = me;
  run = std::move(asked);
  all = std::move(containers);
  auto what = read({run.name(), run.args(), run.environment()});
  if (!what) {
    run.fail(what.error());
    return self->quit();
  }
  ask(std::move(*what));
}

void life_job_state::ask(life_call what) {
  call = std::move(what);
  auto request = std::exchange(call.request, nullptr);
  waits = request->what == life_request::verb::wait;
  life_job_actor me{self};
  if (call.early)
    request->registered = [me] { caf::anon_send(me, wait_registered{}); };
  const auto& id = call.container->view.id;
  request->answer = {"container " + id, [me](result<std::int64_t> how) {
                       caf::anon_send(
                           me, life_answer{std::make_shared<result<std::int64_t>>(std::move(how))});
                     }};
  open = request;
  tell_container(*all, id, std::move(request));
}

void life_job_state::on_registered() {
  begun = true;
  run.begin_stream(core::to_ptr(life_job_actor{self}), "application/json");
}

void life_job_state::on_answer(const result<std::int64_t>& how) {
  open.reset();
  if (!how)
    return fail(failure_of(*all, call.container->view.id, call.name, how.error()));
  if (waits)
    return tell_status({{"StatusCode", *how}});
  run.succeed();
  self->quit();
}

void life_job_state::fail(api_error why) {
  if (call.failure)
    why = call.failure(std::move(why));
  // The head is out: what went wrong is for the body to say.
  if (begun)
    return tell_status({{"StatusCode", -1}, {"Error", {{"Message", why.message}}}});
  run.fail(why);
  self->quit();
}

void life_job_state::tell_status(json::object status) {
  if (begun) {
    auto text = std::make_shared<std::string>();
    api::append_json(*text, std::move(status));
    *text += '\n';
    run.write(std::move(text));
    run.succeed();
  } else {
    run.succeed(json::value(std::move(status)));
  }
  self->quit();
}

void life_job_state::on_cancel(const std::string& reason) {
  abandon();
  fail({errc::unavailable, run.name() + ": " + reason});
}

void life_job_state::abandon() {
  if (auto request = open.lock())
    tell_container(*all, call.container->view.id, containers::abandon_request{std::move(request)});
  open.reset();
}

core::facts life_job_state::describe() const {
  return {{{"waits for", "container " + call.container->view.id}}};
}

life_job_actor::behavior_type run_life_job(life_job_actor::stateful_pointer<life_job_state> self,
                                           const std::shared_ptr<engine::job_run>& run,
                                           const std::shared_ptr<const shared_containers>& all,
                                           const std::shared_ptr<const read_life_call>& read) {
  self->state.init(self, std::move(*run), all, *read);
  return {
      [self](const core::job_cancel& cancel) { self->state.on_cancel(cancel.reason); },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [self](core::describe) { return self->state.describe(); },
      [self](const life_answer& answer) { self->state.on_answer(*answer.how); },
      [self](wait_registered) { self->state.on_registered(); },
  };
}

} // namespace

engine::job_handler life_job(std::shared_ptr<const shared_containers> all, read_life_call read) {
  auto shared = std::make_shared<const read_life_call>(std::move(read));
  return [all = std::move(all), shared](caf::local_actor* engine, engine::job_run run) {
    return runtime::spawn(engine, run_life_job, std::make_shared<engine::job_run>(std::move(run)),
                          all, shared);
  };
}

} // namespace gantry::jobs
