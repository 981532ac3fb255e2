#include "actors/jobs/stream_job.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace gantry::jobs {

/// INTERNAL: the thread has room for more input.
struct input_wanted {};

/// INTERNAL: the thread has written. No more than there is credit for.
struct output_written {
  core::bytes_ptr bytes;
};

/// INTERNAL: what the work returned.
struct stream_work_done {
  std::shared_ptr<result<job_output>> outcome;
};

} // namespace gantry::jobs

GANTRY_LOCAL_MESSAGE(gantry::jobs::input_wanted)
GANTRY_LOCAL_MESSAGE(gantry::jobs::output_written)
GANTRY_LOCAL_MESSAGE(gantry::jobs::stream_work_done)

namespace gantry::jobs {

namespace {

using stream_job_actor =
    core::job_actor::extend<caf::reacts_to<input_wanted>, caf::reacts_to<output_written>,
                            caf::reacts_to<stream_work_done>>;

/// Input that lies here and is not yet read; below it more is asked for.
constexpr std::size_t input_ahead = std::size_t{768} * 1024;

/// Output goes in pieces of at most this size.
constexpr std::size_t output_piece = std::size_t{128} * 1024;

/// Where the job's actor and the thread that works for it meet. The actor never waits.
class meeting_point final : public job_streams {
public:
  explicit meeting_point(stream_job_actor actor) : actor_(std::move(actor)) {}

  // -- the thread ---------------------------------------------------------------

  result<std::string> read() override {
    for (;;) {
      std::unique_lock guard{mutex_};
      auto ask = !asked_ && !input_over_ && input_bytes_ < input_ahead && failure_.empty();
      asked_ = asked_ || ask;
      if (ask) {
        guard.unlock();
        caf::anon_send(actor_, input_wanted{});
        guard.lock();
      }
      changed_.wait(guard, [this] {
        return !failure_.empty() || !input_.empty() || input_over_ || !input_error_.empty();
      });
      if (!failure_.empty())
        return api_error{errc::unavailable, failure_};
      if (!input_.empty()) {
        auto piece = std::move(input_.front());
        input_.pop_front();
        input_bytes_ -= piece.size();
        if (piece.empty())
          continue;
        return piece;
      }
      if (!input_error_.empty())
        return api_error{errc::invalid_parameter, input_error_};
      return std::string{};
    }
  }

  result<void> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      auto piece = std::make_shared<const std::string>(bytes.substr(0, output_piece));
      bytes.remove_prefix(piece->size());
      {
        std::unique_lock guard{mutex_};
        changed_.wait(guard, [this] { return credit_ > 0 || !failure_.empty(); });
        if (!failure_.empty())
          return api_error{errc::unavailable, failure_};
        credit_ -= static_cast<std::ptrdiff_t>(piece->size());
      }
      caf::anon_send(actor_, output_written{std::move(piece)});
    }
    return {};
  }

  void say_ahead(std::string about) override {
    std::lock_guard guard{mutex_};
    about_ = std::move(about);
  }

  bool cancelled() const override {
    std::lock_guard guard{mutex_};
    return !failure_.empty();
  }

  // -- the actor ------------------------------------------------------------------

  void put(core::job_input& piece) {
    std::lock_guard guard{mutex_};
    asked_ = false;
    input_bytes_ += piece.bytes.size();
    input_.push_back(std::move(piece.bytes));
    input_over_ = input_over_ || piece.eof;
    if (!piece.error.empty())
      input_error_ = std::move(piece.error);
    changed_.notify_all();
  }

  std::string about() const {
    std::lock_guard guard{mutex_};
    return about_;
  }

  void grant(std::size_t bytes) {
    std::lock_guard guard{mutex_};
    credit_ += static_cast<std::ptrdiff_t>(bytes);
    changed_.notify_all();
  }

  void fail(const std::string& why) {
    std::lock_guard guard{mutex_};
    if (failure_.empty())
      failure_ = why;
    changed_.notify_all();
  }

private:
  const stream_job_actor actor_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> input_;
  std::size_t input_bytes_ = 0;
  bool asked_ = false;
  bool input_over_ = false;
  std::string input_error_;
  std::ptrdiff_t credit_ = static_cast<std::ptrdiff_t>(limits::stream_window);
  std::string about_;
  std::string failure_; ///< why nothing goes on; empty while it does
};

struct stream_job_state {
  static inline const char* name = "stream-job";
  stream_job_state() = default;
  ~stream_job_state() {
    if (streams)
      streams->fail("the job has ended");
  }

  void on_input(core::job_input& piece);
  void on_written(const output_written& written);
  void on_cancel(const std::string& reason);
  void end(result<job_output>& outcome);
  core::facts describe() const;

  stream_job_actor::pointer self = nullptr;
  engine::job_run run;
  std::string content_type;
  std::shared_ptr<meeting_point> streams;
  std::uint64_t read = 0;
  std::uint64_t written = 0;
  bool begun = false;
};

void stream_job_state::on_input(core::job_input& piece) {
  read += piece.bytes.size();
  streams->put(piece);
}

void stream_job_state::on_written(const output_written& piece) {
  if (!std::exchange(begun, true))
    run.begin_stream(core::to_ptr(stream_job_actor{self}), content_type, streams->about());
  written += piece.bytes->size();
  run.write(piece.bytes);
}

void stream_job_state::on_cancel(const std::string& reason) {
  auto text = run.name() + ": " + reason;
  streams->fail(text);
  run.fail(errc::unavailable, std::move(text));
  self->quit();
}

void stream_job_state::end(result<job_output>& outcome) {
  if (outcome)
    run.succeed(std::move(*outcome));
  else
    run.fail(outcome.error());
  self->quit();
}

core::facts stream_job_state::describe() const {
  return {{{"job", run.name()},
           {"bytes read", std::to_string(read)},
           {"bytes written", std::to_string(written)},
           {"credit", std::to_string(run.credit())}}};
}

stream_job_actor::behavior_type
run_stream_job(stream_job_actor::stateful_pointer<stream_job_state> self,
               const std::shared_ptr<engine::job_run>& asked, runtime::worker_pool* pool,
               const std::string& content_type, const std::shared_ptr<const stream_work>& work) {
  auto& state = self->state;
  state.self = self;
  state.run = std::move(*asked);
  state.content_type = content_type;
  stream_job_actor me{self};
  state.streams = std::make_shared<meeting_point>(me);
  const auto& run = state.run;
  job::request what{run.name(), run.args(), run.environment()};
  auto label = job::call_string(what);
  auto queued = pool->ask(label, me, [work, what = std::move(what), streams = state.streams] {
    return stream_work_done{std::make_shared<result<job_output>>((*work)(what, *streams))};
  });
  if (!queued) {
    result<job_output> refused{pool_is_full(run.name())};
    state.end(refused);
  }
  return {
      [self](const core::job_cancel& cancel) { self->state.on_cancel(cancel.reason); },
      [self](const core::job_credit& credit) {
        self->state.run.grant(credit.bytes);
        self->state.streams->grant(credit.bytes);
      },
      [self](core::job_input& piece) { self->state.on_input(piece); },
      [](core::job_socket&) {},
      [self](core::describe) { return self->state.describe(); },
      [self](input_wanted) {
        self->state.run.want_input(core::to_ptr(stream_job_actor{self}), limits::input_window);
      },
      [self](const output_written& written) { self->state.on_written(written); },
      [self](const stream_work_done& done) { self->state.end(*done.outcome); },
  };
}

} // namespace

engine::job_handler stream_job(runtime::worker_pool& pool, std::string content_type,
                               stream_work work) {
  auto shared = std::make_shared<const stream_work>(std::move(work));
  return [pool = &pool, shared, content_type = std::move(content_type)](caf::local_actor* engine,
                                                                        engine::job_run run) {
    return runtime::spawn(engine, run_stream_job, std::make_shared<engine::job_run>(std::move(run)),
                          pool, content_type, shared);
  };
}

} // namespace gantry::jobs
