#include "actors/jobs/container_stats.hpp"

#include "actors/containers/container_services.hpp"
#include "actors/containers/stats_source.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/pool_job.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace gantry::jobs {

/// INTERNAL: it is time to look.
struct stats_due {};

/// INTERNAL: a worker has looked.
struct stats_read {
  std::shared_ptr<const std::optional<container::stats_sample>> sample; ///< none: it does not run
};

} // namespace gantry::jobs

GANTRY_LOCAL_MESSAGE(gantry::jobs::stats_due)
GANTRY_LOCAL_MESSAGE(gantry::jobs::stats_read)

namespace gantry::jobs {

namespace {

using container::stats_sample;
using containers::container_services;

using stats_job_actor =
    core::job_actor::extend<caf::reacts_to<stats_due>, caf::reacts_to<stats_read>>;

/// Shows what a container uses, once or again and again.
class stats_job_state {
public:
  static inline const char* name = "container-stats-job";
  stats_job_state() = default;

  void init(stats_job_actor::stateful_pointer<stats_job_state> me, engine::job_run asked,
            const container_services& services, const stats_pace& pace);
  void look();
  void on_read(const std::optional<stats_sample>& sample);
  void on_cancel(const std::string& reason);
  void grant(std::size_t bytes) { run_.grant(bytes); }
  core::facts describe() const;

private:
  using time_point = caf::actor_clock::time_point;

  bool is_first_of_run() const { return !before_ || before_pid_ != pid_; }
  void show(const stats_sample& now);
  void look_in(caf::timespan delay);
  void look_again();
  void fail(const api_error& why);
  void end();

  stats_job_actor::stateful_pointer<stats_job_state> self_ = nullptr;
  engine::job_run run_;
  std::shared_ptr<const containers::shared_containers> all_;
  runtime::worker_pool* pool_ = nullptr;
  stats_pace pace_;
  bool streams_ = true;
  bool one_shot_ = false;

  containers::published_ptr container_; // when it was looked at last
  std::shared_ptr<containers::stats_source> source_;
  std::int64_t pid_ = 0;               // of the run that is looked at now
  std::optional<stats_sample> before_; // what the next is compared with; none: nothing ran
  std::int64_t before_pid_ = 0;
  bool close_ = false;   // `before_` is the first look at a run
  bool reading_ = false; // a worker has `source_`
  bool begun_ = false;   // the client has the head of a stream
  time_point due_{};     // when the last object was
  std::uint64_t shown_ = 0;
};

void stats_job_state::init(stats_job_actor::stateful_pointer<stats_job_state> me,
                           engine::job_run asked, const container_services& services,
                           const stats_pace& pace) {
  self_ = me;
  run_ = std::move(asked);
  all_ = services.all;
  pool_ = services.pool;
  pace_ = pace;
  streams_ = run_.environment().get_bool("stream");
  one_shot_ = run_.environment().get_bool("one-shot");
  auto found = named_container(*all_, {run_.name(), run_.args(), run_.environment()});
  if (!found)
    return fail(found.error());
  if (streams_ && one_shot_)
    return fail({errc::invalid_parameter, "cannot have stream=true and one-shot=true"});
  container_ = std::move(*found);
  source_ = std::make_shared<containers::stats_source>(container_->view.id, pace_.root);
  due_ = self_->clock().now();
  look();
}

/// By its id: while a stream goes on a container may change its name.
void stats_job_state::look() {
  auto found = all_->find(container_->view.id);
  if (!found)
    return begun_ ? end() : fail({errc::not_found, "No such container: " + run_.args().front()});
  container_ = std::move(*found);
  if (begun_ && run_.credit() <= 0)
    return look_again();
  pid_ = container_->view.state.pid;
  if (pid_ == 0)
    return on_read(std::nullopt);
  reading_ = pool_->ask(
      "statistics of a container", stats_job_actor{self_}, [source = source_, pid = pid_] {
        return stats_read{
            std::make_shared<const std::optional<stats_sample>>(source->read_blocking(pid))};
      });
  if (reading_)
    return;
  if (!begun_)
    return fail(pool_is_full(run_.name()));
  look_again();
}

void stats_job_state::on_read(const std::optional<stats_sample>& sample) {
  reading_ = false;
  if (!sample) {
    show({});
    before_.reset();
    return;
  }
  if (one_shot_)
    return show(*sample);
  const bool first = is_first_of_run();
  if (!first) {
    if (close_)
      container::level_system_time(*before_, *sample);
    show(*sample);
  }
  before_ = *sample;
  before_pid_ = pid_;
  close_ = first;
  if (first)
    look_in(pace_.first_look);
}

void stats_job_state::show(const stats_sample& now) {
  const auto& view = container_->view;
  auto text = container::write_stats(view.name, view.id, now, before_.value_or(stats_sample{}));
  ++shown_;
  if (!streams_) {
    text.pop_back(); // the route ends the line
    run_.succeed(std::move(text));
    return self_->quit();
  }
  if (!std::exchange(begun_, true))
    // NOTE: dockerd says of a stream no type.
    run_.begin_stream(core::to_ptr(stats_job_actor{self_}), {});
  run_.write(std::make_shared<const std::string>(std::move(text)));
  look_again();
}

void stats_job_state::look_in(caf::timespan delay) {
  caf::delayed_anon_send(stats_job_actor{self_}, delay, stats_due{});
}

/// An interval after the last time, or now if that is over.
void stats_job_state::look_again() {
  const auto now = self_->clock().now();
  due_ = std::max(due_ + pace_.interval, now);
  look_in(std::chrono::duration_cast<caf::timespan>(due_ - now));
}

void stats_job_state::fail(const api_error& why) {
  run_.fail(why);
  self_->quit();
}

void stats_job_state::on_cancel(const std::string& reason) {
  if (!begun_)
    return fail({errc::unavailable, run_.name() + ": " + reason});
  end();
}

void stats_job_state::end() {
  run_.succeed();
  self_->quit();
}

core::facts stats_job_state::describe() const {
  return {{{"container", container_ ? container_->view.id : ""},
           {"waits for", reading_ ? "a worker" : "the next time"},
           {"objects shown", std::to_string(shown_)},
           {"credit", std::to_string(run_.credit())}}};
}

stats_job_actor::behavior_type
run_stats_job(stats_job_actor::stateful_pointer<stats_job_state> self,
              const std::shared_ptr<engine::job_run>& run, const container_services& services,
              const stats_pace& pace) {
  self->state.init(self, std::move(*run), services, pace);
  return {
      [self](const core::job_cancel& cancel) { self->state.on_cancel(cancel.reason); },
      [self](const core::job_credit& credit) { self->state.grant(credit.bytes); },
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [self](core::describe) { return self->state.describe(); },
      [self](stats_due) { self->state.look(); },
      [self](const stats_read& read) { self->state.on_read(*read.sample); },
  };
}

} // namespace

engine::job_handler container_stats_job(const container_services& services, stats_pace pace) {
  return [services, pace = std::move(pace)](caf::local_actor* engine, engine::job_run run) {
    return runtime::spawn(engine, run_stats_job, std::make_shared<engine::job_run>(std::move(run)),
                          services, pace);
  };
}

result<void> add_container_stats_job(engine::job_table& table, const container_services& services) {
  return table.add("container_stats", container_stats_job(services));
}

} // namespace gantry::jobs
