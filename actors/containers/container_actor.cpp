#include "actors/containers/container_actor.hpp"

#include "actors/containers/container_state.hpp"
#include "actors/containers/exec_actor.hpp"
#include "actors/containers/in_turn.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/scheduler.hpp"
#include "protocol/container/signals.hpp"

#include <utility>

namespace gantry::containers {

namespace {

/// Requests of one container that wait at a time; more are refused.
constexpr std::size_t most_requests = 1000;

const char* word_of(life_request::verb what) noexcept {
  constexpr const char* words[] = {"start",   "stop",   "restart", "kill", "pause",
                                   "unpause", "remove", "wait",    "end"};
  return words[static_cast<std::size_t>(what)];
}

} // namespace

const char* to_string(container_run::phase phase) noexcept {
  constexpr const char* words[] = {"preparing", "launching", "attaching", "starting",
                                   "up",        "failing",   "over"};
  return words[static_cast<std::size_t>(phase)];
}

container_state::~container_state() {
  if (!self_)
    return;
  end_health();
  end_sessions({});
  for (auto& [ticket, request] : requests_)
    request->answer.tell(api_error{errc::unavailable, "container " + id_ + ": the daemon ends"});
}

void container_state::init(self_pointer me, container_services given, kept_container what,
                           store::lease layers, container_origin origin) {
  self_ = me;
  up_ = settled_ = origin == container_origin::created;
  layers_ = layers;
  services_ = std::move(given);
  io_ = &runtime::scheduler::of(*services_.system)->next_io();
  id_ = std::move(what.id);
  name_ = std::move(what.name);
  runtime::set_label(name_.substr(name_.starts_with("/") ? 1 : 0));
  paths_ = container_paths{services_.data_root, services_.exec_root, id_};
  definition_ = std::make_shared<const container::container_definition>(std::move(what.definition));
  // Parts of the definition, which they keep alive.
  config_ = {definition_, &definition_->config};
  host_config_ = {definition_, &definition_->host_config};
  root_directories_ = root_directories();
  life = std::make_unique<container::life>(id_, std::move(what.life), life_settings());
  was_tried_ = life->state().started_at != oci::zero_instant || life->state().exit_code != 0;
  services_.all->put(std::make_shared<const published_container>(view()), core::to_ptr(self_));
}

container::life_settings container_state::life_settings() const {
  container::life_settings s;
  s.policy = host_config_->restart_policy;
  s.auto_remove = host_config_->auto_remove;
  if (!config_->stop_signal.empty())
    if (auto number = container::parse_signal(config_->stop_signal))
      s.stop_signal = *number;
  s.health_check = container::health_settings_of(*config_).has_value();
  if (config_->stop_timeout)
    s.stop_timeout = std::chrono::seconds{*config_->stop_timeout};
  return s;
}

// -- requests -------------------------------------------------------------------------------------

void container_state::ask(const life_request_ptr& request) {
  if (requests_.size() >= most_requests)
    return request->answer.tell(
        api_error{errc::unavailable, "too many requests wait for container " + id_});
  auto ticket = ++last_ticket_;
  requests_.emplace(ticket, request);
  if (request->limit.count() > 0)
    caf::delayed_anon_send(container_actor{self_}, request->limit, request_late{ticket});
  if (!settled_)
    return for_later_.push_back(ticket);
  begin(ticket, *request);
  go_on();
}

void container_state::begin(container::ticket from, const life_request& request) {
  using verb = life_request::verb;
  switch (request.what) {
  case verb::start:
    life->start(from);
    break;
  case verb::stop:
    life->stop(from, request.signal, request.timeout);
    break;
  case verb::restart:
    life->restart(from, request.signal, request.timeout);
    break;
  case verb::kill:
    life->kill(from, request.signal.value_or(9));
    break;
  case verb::pause:
    life->pause(from);
    break;
  case verb::unpause:
    life->unpause(from);
    break;
  case verb::remove:
    life->remove(from, request.force, request.volumes);
    break;
  case verb::wait:
    life->wait(from, request.condition);
    if (request.registered)
      request.registered();
    break;
  case verb::end_with_daemon:
    life->end_with_daemon(from);
    break;
  }
}

void container_state::abandon(const life_request_ptr& request) {
  for (auto at = requests_.begin(); at != requests_.end(); ++at)
    if (at->second == request) {
      life->abandon(at->first);
      requests_.erase(at);
      return;
    }
}

void container_state::on_late(container::ticket from) {
  auto at = requests_.find(from);
  if (at == requests_.end())
    return;
  std::string text = std::string{word_of(at->second->what)} + " of container " + id_ +
                     " was not done within " + core::duration_text(at->second->limit);
  if (auto busy = life->busy_with(); !busy.empty())
    text += ": it is " + std::string{busy};
  if (run_ && run_->now != container_run::phase::up)
    text += " (" + std::string{to_string(run_->now)} + ")";
  life->abandon(from);
  tell(from, api_error{errc::unavailable, std::move(text)});
}

void container_state::tell(container::ticket to, result<std::int64_t> outcome) {
  auto at = requests_.find(to);
  if (at == requests_.end())
    return;
  auto request = std::move(at->second);
  requests_.erase(at);
  request->answer.tell(std::move(outcome));
}

void container_state::on_timer(const container_timer& timer) {
  life->timer_fired(timer.which, timer.number);
  go_on();
}

void container_state::resize(const resize_terminal_ptr& what) {
  if (!run_ || run_->now != container_run::phase::up)
    return what->answer.tell(api_error{errc::conflict, "container " + id_ + " is not running"});
  link.ask(monitor::resize_request{0, what->rows, what->columns},
           [this, what](const result<void>& how) {
             if (how) {
               auto e = event("resize");
               e.attributes.insert_or_assign("height", std::to_string(what->rows));
               e.attributes.insert_or_assign("width", std::to_string(what->columns));
               services_.publish(std::move(e));
             }
             what->answer.tell(how);
           });
}

// -- actions --------------------------------------------------------------------------------------

void container_state::go_on() {
  if (!settled_)
    return;
  if (std::exchange(acting_, true))
    return; // whoever is at it takes these, too
  for (auto actions = life->take_actions(); !actions.empty(); actions = life->take_actions())
    for (auto& action : actions)
      std::visit([this](auto& a) { act(a); }, action);
  acting_ = false;
  if (gone() && requests_.empty())
    self_->quit();
}

void container_state::act(const container::send_signal& what) {
  auto done = [this, what](const result<void>& how) {
    life->signalled(what, how);
    go_on();
  };
  if (run_ && run_->now == container_run::phase::up && link.is_open())
    return link.ask(monitor::signal_request{0, what.number}, done);
  run_command("kill", {"kill", id_, std::to_string(what.number)},
              [done](const result<std::string>& how) {
                done(how ? result<void>{} : result<void>{how.error()});
              });
}

void container_state::act(const container::begin_pause&) {
  run_command("pause", {"pause", id_}, [this](const result<std::string>& how) {
    life->paused(how ? result<void>{} : result<void>{how.error()});
    go_on();
  });
}

void container_state::act(const container::begin_resume&) {
  run_command("resume", {"resume", id_}, [this](const result<std::string>& how) {
    life->resumed(how ? result<void>{} : result<void>{how.error()});
    go_on();
  });
}

void container_state::act(const container::arm_timer& what) {
  caf::delayed_anon_send(container_actor{self_}, caf::timespan{what.delay},
                         container_timer{what.which, what.number});
}

void container_state::act(const container::publish_event& what) {
  auto e = event(what.action);
  for (auto& [key, value] : what.attributes)
    e.attributes.insert_or_assign(key, value);
  services_.publish(std::move(e));
  if (what.action == "die")
    publish_departure();
}

void container_state::act(container::answer_request& what) {
  if (!what.durable || kept_ == written_)
    return tell(what.to, std::move(what.outcome));
  held_.push_back({written_, std::move(what)});
}

api::event container_state::event(std::string action) const {
  api::event e;
  e.type = "container";
  e.action = std::move(action);
  e.actor = id_;
  if (config_->labels)
    for (auto& [key, value] : *config_->labels)
      e.attributes.emplace(key, value);
  e.attributes.insert_or_assign("image", config_->image);
  e.attributes.insert_or_assign("name", name_.substr(1));
  return e;
}

// -- showing and keeping --------------------------------------------------------------------------

void container_state::show() {
  services_.all->renew(std::make_shared<const published_container>(view()));
}

void container_state::save() {
  if (gone()) {
    // There it is held; who waits for its end has still to hear of it.
    held_to_the_end_ = core::to_ptr(self_);
    services_.all->remove(id_);
    services_.all->release(name_, id_);
    forget_execs_of(services_, id_);
    let_go_of_layers();
    return write({forget_container{id_}});
  }
  show();
  look_after_health();
  write({change_life{id_, life->record()}});
}

void container_state::let_go_of_layers() {
  image::tell_store(
      services_.images.store, "let go of layers",
      [lease = layers_](store::image_store& s) -> result<bool> {
        s.end_lease(lease);
        return true;
      },
      [](const result<bool>&) {});
}

void container_state::write(std::vector<registry_change> changes) {
  auto number = ++written_;
  auto write = std::make_shared<registry_write>();
  write->changes = std::move(changes);
  write->kept = outcome<void>{
      "the registry of containers",
      in_turn<result<void>>("kept", [this, number](result<void> how) { on_written(number, how); })};
  caf::anon_send(services_.registry, std::move(write));
}

void container_state::on_written(std::uint64_t number, const result<void>& how) {
  if (!how)
    log::write(log::level::error, "container", "a change of a container could not be kept",
               {{"container", id_}, {"error", how.error().message}});
  kept_ = std::max(kept_, number);
  while (!held_.empty() && held_.front().after <= kept_) {
    auto answer = std::move(held_.front().answer);
    held_.pop_front();
    tell(answer.to, std::move(answer.outcome));
  }
  go_on();
}

core::facts container_state::describe() const {
  core::facts f{{{"container", id_},
                 {"name", name_},
                 {"status", std::string{to_string(life->state().status)}},
                 {"requests", std::to_string(requests_.size())}}};
  if (auto busy = life->busy_with(); !busy.empty())
    f.values.emplace_back("is", busy);
  if (run_)
    f.values.emplace_back("run", to_string(run_->now));
  if (life->state().pid != 0)
    f.values.emplace_back("pid", std::to_string(life->state().pid));
  if (!settled_)
    f.values.emplace_back("waits for", on_found_ ? "its monitor" : "the runtime");
  if (kept_ != written_)
    f.values.emplace_back("changes not yet on the disk", std::to_string(written_ - kept_));
  return f;
}

void container_state::leave() { self_->quit(); }

// -- the actor ------------------------------------------------------------------------------------

namespace {

container_actor::behavior_type
run_container(container_actor::stateful_pointer<container_state> self, container_services services,
              std::shared_ptr<kept_container> what, store::lease layers, container_origin origin) {
  self->state.init(self, std::move(services), std::move(*what), layers, origin);
  auto& s = self->state;
  return {
      [&s](const life_request_ptr& x) { s.ask(x); },
      [&s](const abandon_request& x) { s.abandon(x.request); },
      [&s](const attach_to& x) { s.attach(x); },
      [&s](const resize_terminal_ptr& x) { s.resize(x); },
      [&s](const rename_container_ptr& x) { s.rename(x); },
      [&s](const update_container_ptr& x) { s.update(x); },
      [&s](const find_container& x) { s.find(x); },
      [&s](daemon_is_up) { s.daemon_is_up(); },
      [&s](leave_container) { s.leave(); },
      [&s](const core::io_ready& x) { s.link.on_ready(x); },
      [](const container_step& x) { (*x.next)(); },
      [&s](const container_timer& x) { s.on_timer(x); },
      [&s](const request_late& x) { s.on_late(x.from); },
      [&s](const health_told& x) { s.on_health(x); },
      [&s](core::describe) { return s.describe(); },
  };
}

} // namespace

container_actor spawn_container(caf::local_actor* parent, const container_services& services,
                                kept_container what, store::lease layers, container_origin origin) {
  return runtime::spawn(parent, run_container, services,
                        std::make_shared<kept_container>(std::move(what)), layers, origin);
}

} // namespace gantry::containers
