#include "actors/containers/log_stream.hpp"

#include "actors/containers/monitor_link.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/server/byte_stream.hpp"
#include "protocol/stream/frame.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <utility>
#include <variant>

namespace gantry::containers {

namespace {

using log_stream_actor =
    core::job_actor::extend<caf::reacts_to<core::io_ready>, caf::reacts_to<log_slice_read>>;

/// What a log stream is made of.
struct log_stream_setup {
  boost::asio::io_context* io = nullptr;
  runtime::worker_pool* pool = nullptr;
  std::shared_ptr<engine::job_run> run;
  log_stream what;
};

/// A log on its way to a client.
class log_stream_state {
public:
  static inline const char* name = "log-stream";
  log_stream_state() = default;

  void init(log_stream_actor::stateful_pointer<log_stream_state> me, log_stream_setup given);
  void on_slice(const log_slice_read& read);
  void on_credit(std::size_t bytes);
  void on_ready(const core::io_ready& ready);
  void on_cancel(const std::string& reason);
  core::facts describe() const;

private:
  void go_on();
  void wait_for_more();
  void end_at(std::int64_t time);
  void nothing_comes();
  void fail(const api_error& why);
  void end();

  log_stream_actor::stateful_pointer<log_stream_state> self_ = nullptr;
  boost::asio::io_context* io_ = nullptr;
  runtime::worker_pool* pool_ = nullptr;
  engine::job_run run_;
  log_stream what_;
  std::shared_ptr<log_slices> log_;
  logs::log_position position_;
  monitor_link link_;
  bool linked_ = false;    // there is or was a link
  bool begun_ = false;     // the client has the head of its answer
  bool pending_ = true;    // there may be something to read
  bool reading_ = false;   // a worker has `log_`
  bool complete_ = false;  // nothing more is logged
  bool last_read_ = false; // what is read now began when that was so
  std::uint64_t written_ = 0;
};

void log_stream_state::init(log_stream_actor::stateful_pointer<log_stream_state> me,
                            log_stream_setup given) {
  self_ = me;
  io_ = given.io;
  pool_ = given.pool;
  run_ = std::move(*given.run);
  what_ = std::move(given.what);
  what_.query.follow = what_.query.follow && !what_.control_socket.empty();
  complete_ = !what_.query.follow;
  log_ = std::make_shared<log_slices>(what_.files, what_.query, what_.format);
  if (what_.query.follow && what_.query.until != std::numeric_limits<std::int64_t>::max())
    end_at(what_.query.until);
  pending_ = true;
  go_on();
}

/// Has this woken when the wall clock is there.
void log_stream_state::end_at(std::int64_t time) {
  const auto now =
      std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
  caf::delayed_anon_send(log_stream_actor{self_},
                         caf::timespan{std::max<std::int64_t>(time - now, 0)},
                         core::io_ready{core::readiness::again});
}

/// Reads on if there is something and the client takes it.
void log_stream_state::go_on() {
  if (!pending_ || reading_ || run_.finished() || (begun_ && run_.credit() <= 0))
    return;
  last_read_ = complete_;
  reading_ = pool_->ask("log of a container", log_stream_actor{self_}, [log = log_] {
    return log_slice_read{std::make_shared<log_slice>(log->next_blocking(limits::log_slice))};
  });
  if (!reading_)
    fail({errc::unavailable, "too much work is waiting; try again later"});
}

void log_stream_state::on_slice(const log_slice_read& read) {
  reading_ = false;
  const auto& slice = *read.slice;
  if (slice.failure)
    return fail(*slice.failure);
  if (!std::exchange(begun_, true))
    run_.begin_stream(core::to_ptr(log_stream_actor{self_}), what_.content_type);
  if (!slice.bytes->empty()) {
    written_ += slice.bytes->size();
    run_.write(slice.bytes);
  }
  position_ = slice.position;
  pending_ = slice.pending || (complete_ && !last_read_);
  if (slice.ended || (!pending_ && complete_))
    return end();
  if (!pending_)
    return wait_for_more();
  go_on();
}

void log_stream_state::wait_for_more() {
  if (!std::exchange(linked_, true))
    link_ = monitor_link{*io_,
                         core::to_ptr(log_stream_actor{self_}),
                         what_.control_socket,
                         {[this](const monitor::event& event) {
                            if (std::holds_alternative<monitor::log_grew>(event)) {
                              pending_ = true;
                              go_on();
                            } else if (std::holds_alternative<monitor::exited>(event)) {
                              nothing_comes();
                            }
                          },
                          [this](const api_error&) { nothing_comes(); }}};
  link_.tell(monitor::await_log_request{position_});
}

/// What was logged until now is still shown.
void log_stream_state::nothing_comes() {
  complete_ = pending_ = true;
  go_on();
}

void log_stream_state::on_ready(const core::io_ready& ready) {
  if (!link_.on_ready(ready) && ready.source == 0)
    nothing_comes(); // `until` has passed
}

void log_stream_state::on_credit(std::size_t bytes) {
  run_.grant(bytes);
  go_on();
}

void log_stream_state::fail(const api_error& why) {
  if (!begun_) {
    run_.fail(why);
    return self_->quit();
  }
  auto text = std::make_shared<std::string>();
  const auto words = "Error grabbing logs: " + why.message + '\n';
  if (what_.format.framed)
    stream::append_frame(*text, stream::channel::system_error, words);
  else
    *text = words;
  run_.write(std::move(text));
  end();
}

void log_stream_state::on_cancel(const std::string& reason) {
  if (!begun_)
    run_.fail(errc::unavailable, run_.name() + ": " + reason);
  end();
}

void log_stream_state::end() {
  run_.succeed();
  self_->quit();
}

core::facts log_stream_state::describe() const {
  const char* waits = reading_ ? "a worker" : pending_ ? "its client" : "the monitor";
  return {{{"log", what_.files.path},
           {"waits for", waits},
           {"bytes written", std::to_string(written_)},
           {"credit", std::to_string(run_.credit())}}};
}

log_stream_actor::behavior_type
run_log_stream(log_stream_actor::stateful_pointer<log_stream_state> self, log_stream_setup setup) {
  self->state.init(self, std::move(setup));
  return {
      [self](const core::job_cancel& cancel) { self->state.on_cancel(cancel.reason); },
      [self](const core::job_credit& credit) { self->state.on_credit(credit.bytes); },
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [self](core::describe) { return self->state.describe(); },
      [self](const core::io_ready& ready) { self->state.on_ready(ready); },
      [self](const log_slice_read& read) { self->state.on_slice(read); },
  };
}

} // namespace

core::job_actor start_log_stream(caf::local_actor* parent, boost::asio::io_context& io,
                                 runtime::worker_pool& pool, engine::job_run run, log_stream what) {
  return runtime::spawn(parent, run_log_stream,
                        log_stream_setup{&io, &pool,
                                         std::make_shared<engine::job_run>(std::move(run)),
                                         std::move(what)});
}

} // namespace gantry::containers
