#include "tests/actors/jobs/container_job_fixture.hpp"

#include "actors/image/image_store_actor.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/runtime/actor.hpp"

#include <caf/exit_reason.hpp>

#include <utility>

namespace gantry::test {

namespace {

using containers::container_actor;
using containers::life_request;

struct fake_container_state {
  static inline const char* name = "fake-container";
  fake_container_state() = default;
};

std::string text_of(const life_request& r) {
  constexpr const char* words[] = {"start", "stop",    "restart", "kill",
                                   "pause", "unpause", "remove",  "wait"};
  std::string text = words[static_cast<std::size_t>(r.what)];
  if (r.signal)
    text += " signal=" + std::to_string(*r.signal);
  if (r.timeout)
    text += " timeout=" + std::to_string(r.timeout->count());
  if (r.force)
    text += " force";
  if (r.volumes)
    text += " volumes";
  if (r.what == life_request::verb::wait)
    text += " " + std::to_string(static_cast<int>(r.condition));
  if (r.limit.count() > 0)
    text += " limit=" + core::duration_text(r.limit);
  return text;
}

container_actor::behavior_type
run_fake_container(container_actor::stateful_pointer<fake_container_state> self,
                   const std::shared_ptr<fake_container>& c) {
  auto note = [c](std::string what) {
    std::lock_guard guard{c->mutex};
    c->asked.push_back(std::move(what));
  };
  auto answer = [c](containers::outcome<void>& to) {
    to.tell(c->refusal ? result<void>{*c->refusal} : result<void>{});
  };
  return {
      [c, note](const containers::life_request_ptr& r) {
        note(text_of(*r));
        if (c->life)
          return c->life(r);
        if (r->registered)
          r->registered();
        r->answer.tell(0);
      },
      [note](const containers::abandon_request& a) { note("abandon " + text_of(*a.request)); },
      [c, note](const containers::attach_to& a) {
        note("attach");
        caf::anon_send(a.session, containers::end_attach{"bye\n"});
      },
      [note, answer](const containers::resize_terminal_ptr& r) {
        note("resize " + std::to_string(r->rows) + " " + std::to_string(r->columns));
        answer(r->answer);
      },
      [note, answer](const containers::rename_container_ptr& r) {
        note("rename " + r->name);
        answer(r->answer);
      },
      [note, answer](const containers::update_container_ptr& u) {
        note("update memory=" + std::to_string(u->what.resources.memory));
        answer(u->answer);
      },
      [](const containers::find_container&) {},
      [](containers::daemon_is_up) {},
      [self](const containers::leave_container&) { self->quit(); },
      [](const core::io_ready&) {},
      [](const containers::container_step&) {},
      [](const containers::container_timer&) {},
      [](const containers::request_late&) {},
      [](const containers::health_told&) {},
      [](core::describe) { return core::facts{}; },
  };
}

} // namespace

container_job_fixture::container_job_fixture() {
  given.system = &sys;
  given.pool = services.pool;
  given.images.catalog = std::make_shared<image::shared_catalog>();
  given.images.streams = services.pool;
  given.publish = [this](api::event e) {
    std::lock_guard guard{mutex_};
    events_.push_back(std::move(e));
  };
  given.data_root = dir.file("data");
  given.exec_root = dir.file("exec");
  setup.host = std::make_shared<const containers::container_host>();
  given.setup.set(
      std::shared_ptr<const containers::container_setup>{std::shared_ptr<void>{}, &setup});
  engine::job_table table;
  jobs::add_container_jobs(table, given).value();
  start_engine(std::move(table));
}

container_job_fixture::~container_job_fixture() {
  for (auto& actor : actors_)
    caf::anon_send_exit(actor, caf::exit_reason::kill);
}

std::shared_ptr<fake_container> container_job_fixture::add(container::container_view view) {
  auto fake = std::make_shared<fake_container>();
  actors_.push_back(runtime::spawn(sys, run_fake_container, fake));
  given.all->reserve(view.name, view.id).value();
  given.all->put(std::make_shared<const containers::published_container>(std::move(view)),
                 core::to_ptr(actors_.back()));
  return fake;
}

std::shared_ptr<fake_container> container_job_fixture::add(char digit, const std::string& name,
                                                           container::container_status status) {
  auto view = container::make_view(digit, name);
  view.state.status = status;
  if (status == container::container_status::running)
    view.state.pid = 1;
  return add(std::move(view));
}

std::string container_job_fixture::outcome(std::string name, std::vector<std::string> args,
                                           job::env environment) {
  auto reply = run(std::move(name), std::move(args), std::move(environment));
  if (reply.status == job::status_ok)
    return "ok";
  return std::string{to_string(reply.kind)} + ": " + reply.error;
}

core::request_id container_job_fixture::stream(job::request what,
                                               const std::shared_ptr<stream_client>& client) {
  auto id = core::next_request_id();
  auto actor = spawn_stream_client(sys, client);
  caf::anon_send(engine,
                 core::run_job{id, std::move(what), core::to_ptr(actor), nullptr, nullptr, {}});
  return id;
}

std::vector<std::string> container_job_fixture::asked_of(fake_container& container) {
  std::lock_guard guard{container.mutex};
  return std::exchange(container.asked, {});
}

std::vector<std::string> container_job_fixture::take_events() {
  std::lock_guard guard{mutex_};
  std::vector<std::string> texts;
  for (const auto& e : std::exchange(events_, {})) {
    auto text = e.type + " " + e.action;
    for (const auto& [key, value] : e.attributes)
      text += " " + key + "=" + value;
    texts.push_back(std::move(text));
  }
  return texts;
}

void container_job_fixture::kill(const std::string& id) {
  caf::anon_send_exit(caf::actor_cast<caf::actor>(given.all->actor_of(id)), caf::exit_reason::kill);
}

} // namespace gantry::test
