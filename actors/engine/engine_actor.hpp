#pragma once

#include "actors/core/boards.hpp"
#include "actors/core/interfaces.hpp"
#include "actors/engine/job_run.hpp"

#include <caf/actor_clock.hpp>
#include <caf/local_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gantry::engine {

/// Starts the actor of one run, as a child of `engine`.
using job_handler = std::function<core::job_actor(caf::local_actor* engine, job_run run)>;

/// Does a job that has its answer at hand, within one handler. Must not block.
using job_function = std::function<void(job_run& run)>;

/// The handlers by name; filled by the builtins before the engine starts. Source: clauses E3-E5.
class job_table {
public:
  /// Error (conflict): `Can't overwrite handler for command NAME`; the table is unchanged then.
  result<void> add(std::string name, job_handler handler);
  /// A job that is one function.
  result<void> add(std::string name, job_function function);
  /// Runs every name that has no handler of its own, except the empty one.
  void set_catch_all(job_handler handler) { catch_all_ = std::move(handler); }

  /// Null if there is none.
  const job_handler* find(std::string_view name) const;
  /// All names in byte order, a line each, as the job `commands` prints them (E8).
  std::string listing() const;

private:
  std::map<std::string, job_handler, std::less<>> handlers_;
  job_handler catch_all_;
};

/// How an engine behaves.
struct engine_options {
  bool log_jobs = true; ///< `+job`/`-job` lines: info for the daemon's own, debug for requests
  caf::timespan jobs_limit = limits::shutdown_jobs;
  caf::timespan callbacks_limit = limits::shutdown_callbacks;
  std::size_t max_running = limits::jobs_running;
  core::job_board* board = nullptr;      ///< where running jobs are put up; outlives the engine
  core::stream_board* streams = nullptr; ///< where their output is; outlives all jobs
};

/// Owns the handlers and the list of running jobs.
struct engine_state {
  static inline const char* name = "engine";
  engine_state() = default;
  ~engine_state();

  void init(core::engine_actor::stateful_pointer<engine_state> me, job_table handlers,
            engine_options how);
  void run(core::run_job& asked);
  void cancel(core::request_id id, const std::string& reason);
  void on_ended(const core::job_ended& ended);
  void sweep();
  void on_jobs_limit() { start_callbacks(); }
  caf::result<core::done> add_callback(const core::on_shutdown& callback);
  caf::result<core::done> shut_down();
  std::vector<core::running_job> list() const;
  core::facts describe() const;

  core::engine_actor::stateful_pointer<engine_state> self = nullptr;
  std::string id; ///< 64 hex digits (E2); the log shows 8

private:
  enum class phase : std::uint8_t { running, jobs, callbacks, over };
  struct entry {
    std::string call; ///< as the log shows it: `NAME(ARGS)`
    core::job_actor actor;
    caf::strong_actor_ptr client;
    core::context_ptr context;
    std::shared_ptr<const core::client_info> origin;
    caf::actor_clock::time_point started;
    caf::timespan limit{0};
    bool asked_to_end = false;
    bool counts = true;          ///< false: shutdown does not wait for it (serveapi)
    core::job_board::place card; ///< points to the other members
  };
  void log_job(char sign, const entry& e, core::request_id id_of_run,
               std::string_view suffix = {}) const;
  void refuse(core::run_job& asked, int status, errc kind, std::string text);
  void answer_for(core::request_id id, entry& e);
  void arm_sweep();
  bool jobs_left() const;
  void start_callbacks();
  void end_shutdown();

  job_table handlers_;
  engine_options options_;
  std::unordered_map<core::request_id, entry> running_;
  std::vector<core::on_shutdown> callbacks_;
  std::vector<caf::typed_response_promise<core::done>> waiting_for_shutdown_;
  std::size_t callbacks_open_ = 0;
  std::size_t with_deadline_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t failed_ = 0;
  phase phase_ = phase::running;
  bool sweeping_ = false;
};

/// Runs the engine with those handlers; `commands` is added unless there is one (E3).
core::engine_actor::behavior_type
run_engine(core::engine_actor::stateful_pointer<engine_state> self, job_table handlers,
           engine_options options);

/// The handler for a job that is one function.
job_handler function_job(job_function function);

} // namespace gantry::engine
