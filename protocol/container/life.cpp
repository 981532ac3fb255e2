#include "protocol/container/life.hpp"

#include <csignal>
#include <utility>

namespace gantry::container {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds default_stop_timeout{10};
/// The time in which SIGKILL has to end a container.
constexpr seconds kill_limit{10};
/// How long a stop whose signal could not be sent waits before it kills.
constexpr seconds failed_signal_limit{2};

} // namespace

result<wait_condition> parse_wait_condition(std::string_view text) {
  if (text.empty() || text == "not-running")
    return wait_condition::not_running;
  if (text == "next-exit")
    return wait_condition::next_exit;
  if (text == "removed")
    return wait_condition::removed;
  return api_error{errc::invalid_parameter, "invalid condition: \"" + std::string{text} + "\""};
}

life::life(std::string id, life_record record, life_settings settings)
    : id_(std::move(id)), record_(std::move(record)), settings_(std::move(settings)) {}

bool life::up() const noexcept {
  return record_.state.status == container_status::running ||
         record_.state.status == container_status::paused;
}

std::string_view life::busy_with() const noexcept {
  switch (step_) {
  case step::starting:
    return "being started";
  case step::pausing:
    return "being paused";
  case step::resuming:
    return "being unpaused";
  case step::releasing:
    return "being taken down after its end";
  case step::removing:
    return "being removed";
  case step::none:
    break;
  }
  return enders_.empty() ? std::string_view{} : "stopping";
}

std::vector<life_action> life::take_actions() { return std::exchange(actions_, {}); }

// -- small things ---------------------------------------------------------------------------------

void life::defer(ticket from, std::function<void()> request) {
  deferred_.push_back({from, std::move(request)});
}

void life::run_deferred() {
  // Each of them may begin something that the others have to wait for; those stay in order.
  auto waiting = std::exchange(deferred_, {});
  for (auto& d : waiting)
    d.request();
}

void life::answer(ticket to, result<std::int64_t> outcome, bool durable) {
  if (to != 0)
    actions_.push_back(answer_request{to, std::move(outcome), durable});
}

void life::fail(ticket to, errc kind, std::string text) {
  answer(to, api_error{kind, std::move(text)});
}

void life::publish(std::string action, std::map<std::string, std::string> attributes) {
  actions_.push_back(publish_event{std::move(action), std::move(attributes)});
}

void life::arm(life_timer which, milliseconds delay) {
  actions_.push_back(arm_timer{which, ++timers_[static_cast<std::size_t>(which)], delay});
}

void life::abandon(ticket from) {
  auto is_it = [from](const auto& x) { return x.from == from; };
  std::erase(starters_, from);
  std::erase(pausers_, from);
  std::erase(removers_, from);
  std::erase_if(waiters_, is_it);
  std::erase_if(deferred_, is_it);
  for (auto& e : enders_)
    if (e.from == from)
      e.from = 0; // a restart goes on
}

// -- start ----------------------------------------------------------------------------------------

void life::start(ticket from) {
  switch (record_.state.status) {
  case container_status::paused:
    return fail(from, errc::conflict, "cannot start a paused container, try unpause instead");
  case container_status::removing:
  case container_status::dead:
    return fail(from, errc::conflict, "container is marked for removal and cannot be started");
  default:
    break;
  }
  if (daemon_ends_)
    return fail(from, errc::unavailable, "the daemon ends");
  if (step_ == step::releasing || step_ == step::resuming || step_ == step::pausing)
    return defer(from, [this, from] { start(from); });
  if (step_ == step::starting) {
    if (from != 0)
      starters_.push_back(from);
    return;
  }
  if (record_.state.status == container_status::running)
    return fail(from, errc::not_modified, "container is already running");
  if (from != 0)
    starters_.push_back(from);
  begin(true);
}

void life::begin(bool by_hand) {
  disarm(life_timer::restart);
  if (by_hand) {
    record_.restart_count = 0;
    record_.stopped_by_hand = false;
    restart_cancelled_ = false;
    delay_ = milliseconds{0};
  }
  step_ = step::starting;
  actions_.push_back(begin_start{});
}

void life::started(std::int64_t pid, const oci::instant& at) {
  if (step_ != step::starting)
    return;
  step_ = step::none;
  auto& s = record_.state;
  s.status = container_status::running;
  s.pid = pid;
  s.exit_code = 0;
  s.error.clear();
  s.oom_killed = false;
  s.started_at = at;
  start_health();
  save();
  publish("start");
  for (auto from : std::exchange(starters_, {}))
    answer(from, 0);
  if (std::exchange(restart_by_hand_, false))
    publish("restart");
  run_deferred();
}

void life::start_failed(const api_error& why, std::int64_t exit_code) {
  if (step_ != step::starting)
    return;
  step_ = step::none;
  restart_by_hand_ = false;
  auto& s = record_.state;
  s.status =
      s.started_at == oci::zero_instant ? container_status::created : container_status::exited;
  s.pid = 0;
  s.exit_code = exit_code;
  s.error = why.message;
  save();
  for (auto from : std::exchange(starters_, {}))
    answer(from, why);
  release_waiters(true, false);
  if (settings_.auto_remove && deferred_.empty())
    return begin_removal(0, true);
  run_deferred();
}

// -- signals --------------------------------------------------------------------------------------

void life::signal_now(int number, ticket from) {
  publish("kill", {{"signal", std::to_string(number)}});
  actions_.push_back(send_signal{number, from});
  // A frozen process acts on nothing.
  if (record_.state.status == container_status::paused && step_ == step::none) {
    step_ = step::resuming;
    actions_.push_back(begin_resume{});
  }
}

void life::cancel_restart() {
  restart_cancelled_ = true;
  if (record_.state.status != container_status::restarting || step_ != step::none)
    return;
  // It waits for its next start, which does not come.
  disarm(life_timer::restart);
  record_.state.status = container_status::exited;
  settle();
}

void life::kill(ticket from, int signal) {
  if (step_ == step::starting || step_ == step::pausing)
    return defer(from, [this, from, signal] { kill(from, signal); });
  const auto running = is_running(record_.state.status) && step_ != step::releasing;
  if (!running)
    return fail(from, errc::conflict, "container " + id_ + " is not running");
  record_.stopped_by_hand = true;
  save();
  const auto ends = signal == SIGKILL || !settings_.stop_signal || *settings_.stop_signal == signal;
  if (record_.state.status == container_status::restarting) {
    if (ends)
      cancel_restart();
    return answer(from, 0, true);
  }
  if (ends)
    restart_cancelled_ = true;
  if (signal != SIGKILL)
    return signal_now(signal, from);
  enders_.push_back({from, false, false});
  signal_now(SIGKILL, 0);
  arm(life_timer::kill, kill_limit);
}

void life::signalled(const send_signal& what, const result<void>& outcome) {
  if (what.from != 0) {
    if (outcome)
      answer(what.from, 0, true);
    else
      answer(what.from, outcome.error());
    return;
  }
  if (!outcome && !enders_.empty() && what.number != SIGKILL)
    arm(life_timer::stop, failed_signal_limit);
}

void life::stop(ticket from, std::optional<int> signal, std::optional<seconds> timeout) {
  if (step_ == step::starting || step_ == step::pausing)
    return defer(from, [=, this] { stop(from, signal, timeout); });
  if (!is_running(record_.state.status))
    return fail(from, errc::not_modified, "container is already stopped");
  record_.stopped_by_hand = true;
  end_with({from, true, false}, signal, timeout);
}

void life::end_with_daemon(ticket from) {
  daemon_ends_ = true;
  disarm(life_timer::restart);
  if (step_ == step::starting || step_ == step::pausing)
    return defer(from, [this, from] { end_with_daemon(from); });
  // One that waits for its next start stays like that: the next daemon starts it.
  if (!up())
    return answer(from, 0, true);
  end_with({from, true, false}, {}, {});
}

void life::restart(ticket from, std::optional<int> signal, std::optional<seconds> timeout) {
  if (step_ == step::starting || step_ == step::pausing)
    return defer(from, [=, this] { restart(from, signal, timeout); });
  if (record_.state.status == container_status::removing ||
      record_.state.status == container_status::dead)
    return fail(from, errc::conflict, "container is marked for removal and cannot be started");
  restart_by_hand_ = true;
  if (!is_running(record_.state.status))
    return start(from);
  end_with({from, false, true}, signal, timeout);
}

void life::end_with(ender who, std::optional<int> signal, std::optional<seconds> timeout) {
  if (record_.state.status == container_status::restarting) {
    enders_.push_back(who);
    return cancel_restart();
  }
  enders_.push_back(who);
  restart_cancelled_ = true;
  save();
  if (step_ == step::releasing)
    return; // it has ended already
  const auto number = signal ? *signal : settings_.stop_signal.value_or(SIGTERM);
  const auto limit = timeout                  ? *timeout
                     : settings_.stop_timeout ? *settings_.stop_timeout
                                              : default_stop_timeout;
  signal_now(number, 0);
  if (number == SIGKILL)
    arm(life_timer::kill, kill_limit);
  else if (limit < seconds{0})
    disarm(life_timer::stop);
  else
    arm(life_timer::stop, limit);
}

void life::timer_fired(life_timer which, std::uint64_t number) {
  if (number != timers_[static_cast<std::size_t>(which)])
    return;
  switch (which) {
  case life_timer::stop:
    if (!up() || step_ == step::releasing)
      return;
    signal_now(SIGKILL, 0);
    return arm(life_timer::kill, kill_limit);
  case life_timer::kill:
    for (auto& e : std::exchange(enders_, {}))
      fail(e.from, errc::system, "tried to kill container, but did not receive an exit event");
    for (auto from : std::exchange(removers_, {}))
      fail(from, errc::system,
           "could not kill container: tried to kill container, but did not receive an exit event");
    restart_by_hand_ = false;
    return;
  case life_timer::restart:
    if (record_.state.status == container_status::restarting && step_ == step::none)
      begin(false);
    return;
  }
}

// -- pause ----------------------------------------------------------------------------------------

void life::pause(ticket from) {
  if (step_ == step::starting || step_ == step::resuming)
    return defer(from, [this, from] { pause(from); });
  const auto status = record_.state.status;
  if (status == container_status::restarting)
    return fail(from, errc::conflict,
                "Container " + id_ + " is restarting, wait until the container is running");
  if (status == container_status::paused || step_ == step::pausing)
    return fail(from, errc::conflict, "Container " + id_ + " is already paused");
  if (!up() || step_ == step::releasing)
    return fail(from, errc::conflict, "container " + id_ + " is not running");
  step_ = step::pausing;
  pausers_.push_back(from);
  actions_.push_back(begin_pause{});
}

void life::paused(const result<void>& outcome) {
  if (step_ != step::pausing)
    return;
  step_ = step::none;
  if (outcome) {
    record_.state.status = container_status::paused;
    end_health();
    save();
    publish("pause");
  }
  for (auto from : std::exchange(pausers_, {}))
    answer(from, outcome ? result<std::int64_t>{0} : outcome.error());
  run_deferred();
}

void life::unpause(ticket from) {
  if (step_ == step::starting || step_ == step::pausing)
    return defer(from, [this, from] { unpause(from); });
  if (step_ == step::resuming)
    return pausers_.push_back(from);
  if (record_.state.status != container_status::paused || step_ == step::releasing)
    return fail(from, errc::system, "Container " + id_ + " is not paused");
  step_ = step::resuming;
  pausers_.push_back(from);
  actions_.push_back(begin_resume{});
}

void life::resumed(const result<void>& outcome) {
  if (step_ != step::resuming)
    return;
  step_ = step::none;
  if (outcome) {
    record_.state.status = container_status::running;
    save();
    publish("unpause");
  }
  for (auto from : std::exchange(pausers_, {}))
    answer(from, outcome ? result<std::int64_t>{0} : outcome.error());
  run_deferred();
}

// -- removal and waiting --------------------------------------------------------------------------

void life::remove(ticket from, bool force, bool volumes) {
  if (step_ == step::removing)
    return fail(from, errc::conflict, "removal of container " + id_ + " is already in progress");
  const auto status = record_.state.status;
  const auto runs = is_running(status) || step_ == step::starting;
  if (runs && !force && step_ != step::releasing) {
    if (status == container_status::paused)
      return fail(from, errc::conflict,
                  "container is paused and must be unpaused first: unpause and then stop the "
                  "container before removing or force remove");
    return fail(from, errc::conflict,
                std::string{status == container_status::restarting ? "container is restarting"
                                                                   : "container is running"} +
                    ": stop the container before removing or force remove");
  }
  if (step_ != step::none)
    return defer(from, [=, this] { remove(from, force, volumes); });
  if (status == container_status::restarting) {
    restart_cancelled_ = true;
    disarm(life_timer::restart);
    record_.state.status = container_status::exited;
  }
  if (!up())
    return begin_removal(from, volumes);
  removers_.push_back(from);
  record_.discards_volumes = record_.discards_volumes || volumes;
  restart_cancelled_ = true;
  restart_by_hand_ = false;
  signal_now(SIGKILL, 0);
  arm(life_timer::kill, kill_limit);
}

void life::begin_removal(ticket from, bool volumes) {
  step_ = step::removing;
  removers_.push_back(from);
  record_.state.status = container_status::removing;
  record_.discards_volumes = record_.discards_volumes || volumes;
  save();
  actions_.push_back(begin_discard{record_.discards_volumes});
}

void life::discarded(const result<void>& outcome) {
  if (step_ != step::removing)
    return;
  if (outcome) {
    gone_ = true;
    save();
    publish("destroy");
  } else {
    step_ = step::none;
    record_.state.status = container_status::dead;
    save();
  }
  for (auto from : std::exchange(removers_, {}))
    answer(from, outcome ? result<std::int64_t>{0} : outcome.error(), true);
  if (gone_)
    release_waiters(true, true);
  run_deferred();
}

void life::wait(ticket from, wait_condition condition) {
  const auto running = is_running(record_.state.status) || step_ == step::releasing;
  if (condition == wait_condition::not_running && !running)
    return answer(from, record_.state.exit_code);
  waiters_.push_back({from, condition});
}

void life::release_waiters(bool ended, bool removed) {
  std::erase_if(waiters_, [&](const waiter& w) {
    if (w.condition == wait_condition::removed ? !removed : !ended)
      return false;
    answer(w.from, record_.state.exit_code);
    return true;
  });
}

} // namespace gantry::container
