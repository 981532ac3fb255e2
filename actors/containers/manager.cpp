#include "actors/containers/manager.hpp"

#include "actors/containers/container_actor.hpp"
#include "actors/containers/container_limits.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/scheduler.hpp"

#include <caf/actor_system.hpp>

#include <algorithm>
#include <utility>

namespace gantry::containers {

namespace {

/// Requests that wait for the setup; more are refused.
constexpr std::size_t most_waiting = 1000;

/// What a container gets to end in, if it says nothing, and what is added for its kill.
constexpr std::chrono::seconds stop_time{10};
constexpr std::chrono::seconds kill_time{5};

struct manager_state {
  static inline const char* name = "containers";
  manager_state() = default;

  void load(const containers_loaded& loaded) {
    auto lease = loaded.leases.begin();
    for (auto& kept : *loaded.containers) {
      auto id = kept.id;
      // A name that is taken twice would be a broken database: the first one has it.
      static_cast<void>(services.all->reserve(kept.name, id));
      kept_ones.push_back(
          spawn_container(self, services, std::move(kept), *lease++, container_origin::kept));
    }
    to_find = kept_ones.size();
    shown = loaded.shown;
    for (auto& container : kept_ones)
      caf::anon_send(container, find_container{[to = manager_actor{self}] {
                       caf::anon_send(to, container_found{});
                     }});
    if (to_find != 0)
      caf::delayed_anon_send(manager_actor{self}, limits::find_containers, finding_late{});
    else
      show_all();
  }

  void on_found() {
    if (--to_find == 0)
      show_all();
  }

  void show_all() {
    if (auto then = std::exchange(shown, nullptr))
      then();
  }

  void on_setup() {
    ready = true;
    for (auto& container : std::exchange(kept_ones, {}))
      caf::anon_send(container, daemon_is_up{});
    for (auto& then : std::exchange(waiting, {}))
      then();
  }

  void wait(const when_ready& what) {
    if (ready)
      return what.then();
    // Who is not called hears of it by the end of what `then` holds.
    if (waiting.size() < most_waiting)
      waiting.push_back(what.then);
  }

  void adopt(const adopt_container_ptr& what) {
    auto write = std::make_shared<registry_write>();
    write->changes.push_back(add_container{what->what});
    write->kept = outcome<void>{
        "the registry of containers", [to = manager_actor{self}, what](result<void> how) {
          caf::anon_send(to, container_kept{what, std::make_shared<result<void>>(std::move(how))});
        }};
    caf::anon_send(services.registry, std::move(write));
  }

  void on_kept(const container_kept& kept) {
    auto& what = *kept.adopted;
    if (!*kept.how)
      return what.answer.tell(*kept.how);
    auto id = what.what.id;
    auto container = spawn_container(self, services, std::move(what.what), what.lease,
                                     container_origin::created);
    // In its first turn it shows itself; who is answered may look for it at once.
    container_step shown{"created", std::make_shared<std::function<void()>>(
                                        [all = services, id, adopted = kept.adopted] {
                                          publish_creation(all, id);
                                          adopted->answer.tell({});
                                        })};
    caf::anon_send(container, std::move(shown));
  }

  static void publish_creation(const container_services& services, const std::string& id) {
    auto found = services.all->find(id);
    if (!found)
      return;
    auto& view = (*found)->view;
    api::event e;
    e.type = "container";
    e.action = "create";
    e.actor = id;
    if (view.config->labels)
      for (auto& [key, value] : *view.config->labels)
        e.attributes.emplace(key, value);
    e.attributes.insert_or_assign("image", view.config->image);
    e.attributes.insert_or_assign("name", view.name.substr(1));
    services.publish(std::move(e));
  }

  void end(const end_containers& how) {
    ended = how.done;
    if (how.stop)
      stop_all(*how.stop);
    if (to_rest == 0)
      leave_all();
  }

  void stop_all(std::chrono::seconds limit) {
    for (auto& one : *services.all->all()) {
      auto actor = services.all->actor_of(one->view.id);
      if (!actor || !container::is_running(one->view.state.status))
        continue;
      auto own = std::chrono::seconds{one->view.config->stop_timeout.value_or(stop_time.count())};
      if (limit.count() >= 0)
        limit = own.count() < 0 ? own : std::max(limit, own + kill_time);
      auto request = std::make_shared<life_request>();
      request->what = life_request::verb::end_with_daemon;
      request->answer = outcome<std::int64_t>{"the container", [to = manager_actor{self}](auto&&) {
                                                caf::anon_send(to, container_at_rest{});
                                              }};
      core::tell(actor, life_request_ptr{std::move(request)});
      ++to_rest;
    }
    if (to_rest == 0)
      return;
    log::write(log::level::info, "containers", "stopping the containers that run",
               {{"containers", std::to_string(to_rest)}});
    if (limit.count() >= 0)
      caf::delayed_anon_send(manager_actor{self}, caf::timespan{limit}, stopping_late{});
  }

  void on_rest() {
    if (--to_rest == 0)
      leave_all();
  }

  void on_stopping_late() {
    log::write(log::level::error, "containers", "containers did not stop in time and go on",
               {{"containers", std::to_string(to_rest)}});
    leave_all();
  }

  void leave_all() {
    for (auto& one : *services.all->all())
      if (auto actor = services.all->actor_of(one->view.id))
        core::tell(actor, leave_container{});
    if (auto then = std::exchange(ended, nullptr))
      then();
    self->quit();
  }

  core::facts describe() const {
    return {{{"containers", std::to_string(services.all->all()->size())},
             {"to be found", std::to_string(to_find)},
             {"setup", ready ? "known" : "being found out"},
             {"waiting for it", std::to_string(waiting.size())},
             {"to be stopped", std::to_string(to_rest)}}};
  }

  manager_actor::pointer self = nullptr;
  container_services services;
  std::vector<container_actor> kept_ones; ///< until the setup is known
  std::size_t to_find = 0;
  std::function<void()> shown; ///< until it is called
  std::size_t to_rest = 0;     ///< at the daemon's end
  std::function<void()> ended; ///< until it is called
  std::vector<std::function<void()>> waiting;
  bool ready = false;
};

manager_actor::behavior_type run_manager(manager_actor::stateful_pointer<manager_state> self,
                                         container_services services) {
  auto& s = self->state;
  s.self = self;
  s.services = std::move(services);
  return {
      [&s](const containers_loaded& x) { s.load(x); },
      [&s](setup_known) { s.on_setup(); },
      [&s](const when_ready& x) { s.wait(x); },
      [&s](const adopt_container_ptr& x) { s.adopt(x); },
      [&s](const end_containers& x) { s.end(x); },
      [&s](container_at_rest) { s.on_rest(); },
      [&s](stopping_late) { s.on_stopping_late(); },
      [&s](const container_kept& x) { s.on_kept(x); },
      [&s](container_found) { s.on_found(); },
      [&s](finding_late) { s.show_all(); },
      [&s](core::describe) { return s.describe(); },
  };
}

} // namespace

manager_actor spawn_manager(const container_services& services) {
  return runtime::spawn(*services.system, run_manager, services);
}

} // namespace gantry::containers
