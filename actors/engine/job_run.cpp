#include "actors/engine/job_run.hpp"

#include <utility>

namespace gantry::engine {

job_run::job_run(core::run_job asked, core::engine_actor engine, core::stream_board* streams)
    : asked_(std::move(asked)), engine_(std::move(engine)), open_(true), streams_(streams) {}

job_run::job_run(job_run&& other) noexcept
    : asked_(std::move(other.asked_)), engine_(std::move(other.engine_)),
      open_(std::exchange(other.open_, false)), credit_(other.credit_), streams_(other.streams_),
      meter_(std::move(other.meter_)) {}

job_run& job_run::operator=(job_run&& other) noexcept {
  std::swap(asked_, other.asked_);
  std::swap(engine_, other.engine_);
  std::swap(open_, other.open_);
  std::swap(credit_, other.credit_);
  std::swap(streams_, other.streams_);
  std::swap(meter_, other.meter_);
  return *this;
}

job_run::~job_run() {
  if (open_)
    fail(errc::system, asked_.what.name + ": the job ended without an answer");
}

void job_run::finish(job::reply reply) {
  if (!std::exchange(open_, false))
    return;
  meter_.reset();
  auto status = reply.status;
  core::tell(asked_.client,
             core::job_done{asked_.id, std::make_shared<job::reply>(std::move(reply)),
                            std::move(asked_.context)});
  caf::anon_send(engine_, core::job_ended{asked_.id, status});
}

void job_run::succeed(decltype(job::reply::output) output) {
  job::reply r;
  r.output = std::move(output);
  finish(std::move(r));
}

void job_run::fail(errc kind, std::string text) {
  job::reply r;
  r.status = job::status_error;
  r.kind = kind == errc::none ? errc::system : kind;
  r.error = std::move(text);
  finish(std::move(r));
}

void job_run::begin_stream(const caf::strong_actor_ptr& self, std::string content_type,
                           std::string about) {
  credit_ = static_cast<std::ptrdiff_t>(limits::stream_window);
  if (streams_ && asked_.client) {
    meter_ = std::make_unique<core::stream_meter>();
    meter_->begin(streams_, self->id(), "job output", asked_.id, credit_);
  }
  core::tell(asked_.client,
             core::job_stream_begun{asked_.id, asked_.context, std::move(content_type), self,
                                    std::move(about)});
}

void job_run::write(core::bytes_ptr bytes) {
  // Without a client nobody grants anything: the output flows into nothing.
  if (!asked_.client || !open_)
    return;
  credit_ -= static_cast<std::ptrdiff_t>(bytes->size());
  if (meter_)
    meter_->went(bytes->size(), credit_);
  core::tell(asked_.client, core::job_output{asked_.id, std::move(bytes)});
}

void job_run::grant(std::size_t bytes) {
  credit_ += static_cast<std::ptrdiff_t>(bytes);
  if (meter_)
    meter_->granted(credit_);
}

void job_run::want_input(const caf::strong_actor_ptr& self, std::size_t most) const {
  if (asked_.client)
    core::tell(asked_.client, core::job_wants_input{asked_.id, most, self});
  else
    core::tell(self, core::job_input{{}, true, {}});
}

void job_run::take_socket(const caf::strong_actor_ptr& self, std::string content_type) const {
  if (asked_.client)
    core::tell(asked_.client,
               core::job_takes_socket{asked_.id, asked_.context, std::move(content_type), self});
  else
    core::tell(self, core::job_socket{});
}

} // namespace gantry::engine
