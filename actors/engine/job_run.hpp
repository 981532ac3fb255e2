#pragma once

#include "actors/core/interfaces.hpp"
#include "actors/core/limits.hpp"
#include "actors/core/stream_meter.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace gantry::engine {

/// One run of a job, seen from inside: what it was asked, and the ways to answer. Owned by the
/// job's actor state. Whatever happens - a finish, an exception, a kill - client and engine hear of
/// the end exactly once: the destructor sees to it.
class job_run {
public:
  job_run() = default;
  /// `streams`: where its output is put up; outlives the run, may be null.
  job_run(core::run_job asked, core::engine_actor engine, core::stream_board* streams = nullptr);
  job_run(job_run&& other) noexcept;
  job_run& operator=(job_run&& other) noexcept;
  ~job_run();

  const std::string& name() const noexcept { return asked_.what.name; }
  const std::vector<std::string>& args() const noexcept { return asked_.what.args; }
  const job::env& environment() const noexcept { return asked_.what.environment; }
  core::request_id id() const noexcept { return asked_.id; }
  /// Null if the daemon itself asked.
  const core::client_info* origin() const noexcept { return asked_.origin.get(); }
  const core::engine_actor& engine() const noexcept { return engine_; }
  bool finished() const noexcept { return !open_; }

  /// Ends the run. Only the first end counts.
  void finish(job::reply reply);
  /// Ends the run well, with one value or some bytes or nothing as its output.
  void succeed(decltype(job::reply::output) output = {});
  /// Ends the run with status 1.
  void fail(errc kind, std::string text);
  void fail(const api_error& error) { fail(error.kind, error.message); }

  /// Announces output piece by piece. `self` is the job's actor; `about` is said ahead of it.
  void begin_stream(const caf::strong_actor_ptr& self, std::string content_type,
                    std::string about = {});
  /// Bytes that may be written now; below zero after a piece that was larger than what was left.
  std::ptrdiff_t credit() const noexcept { return credit_; }
  /// More may be written.
  void grant(std::size_t bytes);
  /// Sends a piece of output; only while `credit()` is above zero.
  void write(core::bytes_ptr bytes);

  /// Asks for standard input; it comes as one `job_input`.
  void want_input(const caf::strong_actor_ptr& self, std::size_t most = limits::input_window) const;
  /// Asks for the client's connection; it comes as one `job_socket`.
  void take_socket(const caf::strong_actor_ptr& self, std::string content_type) const;

private:
  core::run_job asked_;
  core::engine_actor engine_;
  bool open_ = false;
  std::ptrdiff_t credit_ = 0;
  core::stream_board* streams_ = nullptr;
  std::unique_ptr<core::stream_meter> meter_; ///< of the output, once that has begun
};

} // namespace gantry::engine
