#pragma once

#include "actors/engine/engine_actor.hpp"
#include "actors/runtime/log.hpp"
#include "tests/support/actor_fixture.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::test {

/// A job whose steps the test takes itself, from outside.
struct hand_job {
  core::job_actor actor;
  engine::job_run run;
  std::vector<std::string> cancels; ///< reasons
  std::vector<core::job_input> inputs;
  std::vector<core::job_socket> sockets;
  bool ended = false; ///< its actor has

  caf::strong_actor_ptr ptr() const;
};

/// The hand jobs that an engine has started.
using hand_jobs = std::shared_ptr<std::vector<std::shared_ptr<hand_job>>>;

/// A handler whose jobs go to `started`. They end when the test says so.
engine::job_handler hand_handler(const hand_jobs& started);

/// Lines of the log in the length of a test: `LEVEL TEXT`.
struct log_capture {
  static inline std::vector<std::string> lines;

  explicit log_capture(log::level least = log::level::info);
  log_capture(const log_capture&) = delete;
  log_capture& operator=(const log_capture&) = delete;
  ~log_capture();

  /// True if a line has all of `text` in it.
  static bool has(std::string_view text);
};

/// An engine with the jobs `hand` and `serveapi` (both by hand), `echo` (its arguments as text),
/// `exit` (its first argument is the status), `throws`, `mute` and `bad_handler`.
class engine_fixture : public actor_fixture {
public:
  engine_fixture();
  ~engine_fixture();

  /// Starts an engine in the place of the present one; `table` has jobs besides these.
  void start(engine::engine_options options, engine::job_table table = {});

  /// Has a job run for `client`; its number.
  core::request_id send(const probe& client, job::request what, std::chrono::nanoseconds limit = {},
                        bool from_outside = false);

  /// Runs a job to its end.
  job::reply reply_of(job::request what);

  /// Starts the job `hand`, or another one that is done by hand.
  hand_job& start_by_hand(const probe& client, std::chrono::nanoseconds limit = {},
                          const char* name = "hand");

  /// Begins the shutdown. The answer comes when it is over.
  std::shared_ptr<std::optional<core::done>> shut_down();

  /// The fact that the engine tells about itself.
  std::string fact(std::string_view key);

  core::engine_actor engine;
  hand_jobs started = std::make_shared<std::vector<std::shared_ptr<hand_job>>>();
};

} // namespace gantry::test
