#include "actors/jobs/builtins.hpp"
#include "actors/runtime/actor.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <caf/system_messages.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::jobs {

namespace {

using run_ptr = std::shared_ptr<engine::job_run>;

/// Output is sent in pieces of about this size, so that a replay is not one large one.
constexpr std::size_t piece_size = 16 * 1024;

// -- events ---------------------------------------------------------------------------------------

/// What the environment of the job `events` asks for.
struct events_wish {
  api::event_range range;
  api::filters wanted;
  api::event_shape shape = api::event_shape::today;
};

/// Clause W13: 0 and garbage mean open.
std::optional<api::timestamp> legacy_time(std::string_view text, api::timestamp now) {
  auto time = api::parse_time(text, now);
  if (!time || *time == api::timestamp{})
    return std::nullopt;
  return *time;
}

result<events_wish> read_wish(const job::env& environment) {
  events_wish wish;
  wish.shape = api::parse_event_shape(environment.get("shape"));
  api::timestamp now{std::chrono::system_clock::now()};
  const auto& since = environment.get("since");
  const auto& until = environment.get("until");
  if (wish.shape == api::event_shape::v1_2) {
    wish.range = {legacy_time(since, now), legacy_time(until, now)};
  } else {
    auto range = api::parse_event_range(since, until, now);
    if (!range)
      return range.error();
    wish.range = *range;
    // Today an `until` alone shows what is kept up to it; in 1.2.0 only `since` does (W13).
    if (wish.range.until && !wish.range.since)
      wish.range.since = api::timestamp::min();
  }
  auto wanted = api::filters::parse(environment.get("filters"));
  if (!wanted)
    return wanted.error();
  wish.wanted = std::move(*wanted);
  return wish;
}

using events_job_actor = core::job_actor::extend_with<events::subscriber_actor>;

/// Hands on events as its client takes them, until the end of the range or the client's leaving.
struct events_job_state {
  static inline const char* name = "events-job";
  events_job_state() = default;

  void init(events_job_actor::stateful_pointer<events_job_state> me, run_ptr asked,
            events::hub_actor source);
  void take(const events::event_batch& batch);
  void pump();
  void end();

  events_job_actor::stateful_pointer<events_job_state> self = nullptr;
  engine::job_run run;
  events::hub_actor hub;
  api::event_shape shape = api::event_shape::today;
  std::deque<events::event_ptr> pending; ///< at most limits::events_credit
  std::uint64_t written = 0;
  bool last = false; ///< no more events will come
};

void events_job_state::init(events_job_actor::stateful_pointer<events_job_state> me, run_ptr asked,
                            events::hub_actor source) {
  self = me;
  run = std::move(*asked);
  hub = std::move(source);
  auto wish = read_wish(run.environment());
  if (!wish) {
    run.fail(wish.error());
    return self->quit();
  }
  shape = wish->shape;
  self->set_down_handler([this](caf::down_msg&) {
    run.fail(errc::unavailable, "events: the source of events has ended");
    self->quit();
  });
  self->monitor(hub);
  // W14: the head of the answer is sent before there is any event.
  run.begin_stream(core::to_ptr(events_job_actor{self}), "application/json");
  caf::anon_send(hub,
                 events::subscribe{events_job_actor{self}, std::move(wish->wanted),
                                   wish->range.since, wish->range.until, limits::events_credit});
}

void events_job_state::take(const events::event_batch& batch) {
  pending.insert(pending.end(), batch.events.begin(), batch.events.end());
  pump();
}

void events_job_state::pump() {
  std::size_t taken = 0;
  while (!pending.empty() && run.credit() > 0) {
    std::string piece;
    while (!pending.empty() && piece.size() < piece_size) {
      auto& e = *pending.front();
      // A gap is shown in every shape: who relies on events has to know.
      if (api::is_shown(e, shape) || events::is_gap(e)) {
        api::append_event(piece, e, shape);
        ++written;
      }
      pending.pop_front();
      ++taken;
    }
    if (!piece.empty())
      run.write(std::make_shared<const std::string>(std::move(piece)));
  }
  if (last && pending.empty())
    end();
  else if (taken > 0 && !last)
    caf::anon_send(hub, events::more_events{self->id(), taken});
}

void events_job_state::end() {
  run.succeed();
  self->quit();
}

events_job_actor::behavior_type
run_events_job(events_job_actor::stateful_pointer<events_job_state> self, run_ptr run,
               events::hub_actor hub) {
  self->state.init(self, std::move(run), std::move(hub));
  return {
      [self](const core::job_cancel&) { self->state.end(); },
      [self](const core::job_credit& credit) {
        self->state.run.grant(credit.bytes);
        self->state.pump();
      },
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [self](core::describe) {
        auto& state = self->state;
        return core::facts{{{"events written", std::to_string(state.written)},
                            {"events waiting for credit", std::to_string(state.pending.size())},
                            {"credit", std::to_string(state.run.credit())}}};
      },
      [self](const events::event_batch& batch) { self->state.take(batch); },
      [self](events::events_ended) {
        self->state.last = true;
        self->state.pump();
      },
  };
}

// -- subscribers_count ----------------------------------------------------------------------------

struct count_job_state {
  static inline const char* name = "subscribers-count-job";
  count_job_state() = default;
  engine::job_run run;
};

core::job_actor::behavior_type
run_count_job(core::job_actor::stateful_pointer<count_job_state> self, run_ptr asked,
              events::hub_actor hub) {
  self->state.run = std::move(*asked);
  self->request(hub, limits::local_request, events::count_subscribers{})
      .then(
          [self](std::uint64_t count) {
            self->state.run.succeed(boost::json::value(boost::json::object{{"count", count}}));
            self->quit();
          },
          [self](const caf::error& e) {
            self->state.run.fail(from_caf(e));
            self->quit();
          });
  return {
      [self](const core::job_cancel& cancel) {
        self->state.run.fail(errc::unavailable, "subscribers_count: " + cancel.reason);
        self->quit();
      },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [](core::describe) { return core::facts{}; },
  };
}

// -- log ------------------------------------------------------------------------------------------

/// What the arguments ACTION ID FROM of 1.2.0 say in today's terms (clause W17).
api::event logged_event(const std::vector<std::string>& args) {
  api::event e;
  e.action = args[0];
  e.actor = args[1];
  bool image = args[2].empty() && (e.action == "untag" || e.action == "delete");
  e.type = image ? "image" : "container";
  if (!args[2].empty())
    e.attributes.emplace("image", args[2]);
  return e;
}

} // namespace

result<void> add_events_jobs(engine::job_table& table, const events::hub_actor& hub) {
  auto added =
      table.add("events", engine::job_handler{[hub](caf::local_actor* engine, engine::job_run run) {
                  return runtime::spawn(engine, run_events_job,
                                        std::make_shared<engine::job_run>(std::move(run)), hub);
                }});
  if (!added)
    return added;
  added = table.add("log", engine::job_function{[hub](engine::job_run& run) {
                      if (run.args().size() != 3)
                        return run.fail(errc::invalid_parameter, "usage: log ACTION ID FROM");
                      caf::anon_send(hub, events::publish{logged_event(run.args())});
                      run.succeed();
                    }});
  if (!added)
    return added;
  return table.add("subscribers_count",
                   engine::job_handler{[hub](caf::local_actor* engine, engine::job_run run) {
                     return runtime::spawn(engine, run_count_job,
                                           std::make_shared<engine::job_run>(std::move(run)), hub);
                   }});
}

} // namespace gantry::jobs
