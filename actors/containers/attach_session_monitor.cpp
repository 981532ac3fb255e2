// The side of an attach session that is towards the process: its log and its monitor.
#include "actors/containers/attach_session_state.hpp"
#include "actors/core/interfaces.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace gantry::containers {

namespace {

stream::channel channel_of(monitor::source from) {
  return from == monitor::source::out ? stream::channel::standard_output
                                      : stream::channel::standard_error;
}

} // namespace

// -- the log --------------------------------------------------------------------

bool attach_session_state::wants_slice() const {
  return (phase_ == phase::replaying || phase_ == phase::catching_up) && !slice_asked_ &&
         unsent() <= limits::attach_ahead / 2;
}

/// False if nobody reads it; the session has failed then.
bool attach_session_state::ask_for_slice() {
  if (log_end_)
    log_->stop_at(*log_end_); // no worker has it now
  slice_asked_ =
      given_.pool->ask("log of an attached client", attach_session_actor{self_}, [log = log_] {
        return log_slice_read{std::make_shared<log_slice>(log->next_blocking(limits::log_slice))};
      });
  if (!slice_asked_)
    fail({errc::unavailable, "Error grabbing logs: too much work is waiting; try again later"});
  return slice_asked_;
}

void attach_session_state::on_slice(const log_slice_read& read) {
  slice_asked_ = false;
  if (phase_ > phase::catching_up)
    return; // it has ended meanwhile
  auto& slice = *read.slice;
  stream::frame_decoder frames;
  for (std::string_view bytes = *slice.bytes; !bytes.empty();)
    if (auto piece = frames.next(bytes); piece && *piece)
      put((*piece)->from, (*piece)->bytes);
  if (slice.failure)
    fail({slice.failure->kind, "Error grabbing logs: " + slice.failure->message});
  else if (phase_ == phase::replaying && attach_now_)
    attach();
  else if (phase_ == phase::replaying && !slice.pending)
    after_log();
  else if (phase_ == phase::catching_up && slice.ended)
    phase_ = phase::live;
  go_on();
}

/// The log is shown, if it was to be.
void attach_session_state::after_log() {
  const auto& options = given_.options;
  if (!options.stream || !(options.in || options.out || options.err))
    finish(attach_end::ended);
  else if (given_.control_socket.empty())
    phase_ = phase::waiting;
  else
    attach();
}

// -- the monitor ----------------------------------------------------------------

caf::result<core::done> attach_session_state::on_attach_monitor(const attach_monitor& to) {
  if (!given_.control_socket.empty() || phase_ > phase::waiting)
    return to_caf({errc::conflict, "the session is attached or has ended"});
  given_.control_socket = to.control_socket;
  attach_asked_ = true;
  attach_promise_ = self_->make_response_promise<core::done>();
  auto answer = attach_promise_;
  attach_now_ = !to.started || phase_ == phase::waiting;
  if (attach_now_ && !slice_asked_)
    attach();
  go_on();
  return answer;
}

void attach_session_state::attach() {
  phase_ = phase::attaching;
  link_ = monitor_link{given_.client.stream->io(),
                       core::to_ptr(self_),
                       given_.control_socket,
                       {[this](const monitor::event& event) { on_event(event); },
                        [this](const api_error& why) { on_lost(why); }}};
  request_attach();
}

void attach_session_state::request_attach() {
  const auto patience =
      std::chrono::duration_cast<std::chrono::milliseconds>(limits::attach_patience);
  monitor::attach_request request;
  request.input = given_.options.in;
  request.out = given_.options.out;
  request.err = given_.options.err;
  request.unlogged = log_ != nullptr;
  request.patience = static_cast<std::uint32_t>(patience.count());
  link_.attach(request, [this](const auto& how) { on_attached(how); });
}

void attach_session_state::on_attached(const result<monitor::log_position>& how) {
  if (how) {
    attached_ = true;
    phase_ = phase::live;
    if (log_) {
      // What comes now has to wait for what is in the log.
      phase_ = phase::catching_up;
      paused_ = true;
      link_.pause();
      log_end_ = *how;
    }
    return answer_attach({});
  }
  const auto& why = how.error();
  if (why.kind == errc::conflict && link_.is_open() && given_.options.in) {
    // Its stdin has ended with another client; there is still its output.
    given_.options.in = false;
    return request_attach();
  }
  const bool has_ended = why.kind == errc::conflict || why.kind == errc::not_found;
  if (has_ended && !attach_asked_)
    return finish(attach_end::exited);
  answer_attach(why);
  fail(why);
}

void attach_session_state::answer_attach(const result<void>& how) {
  if (!attach_promise_.pending())
    return;
  auto promise = std::exchange(attach_promise_, {});
  if (how)
    promise.deliver(core::done{});
  else
    promise.deliver(to_caf(how.error()));
}

void attach_session_state::on_event(const monitor::event& event) {
  if (const auto* output = std::get_if<monitor::output_bytes>(&event)) {
    put(channel_of(output->from), output->bytes);
  } else if (const auto* credit = std::get_if<monitor::input_credit>(&event)) {
    credit_ += credit->bytes;
    typed_.granted(static_cast<std::int64_t>(credit_));
  } else if (std::holds_alternative<monitor::input_closed>(event)) {
    input_closed_ = true;
    input_.clear();
  } else if (const auto* gap = std::get_if<monitor::output_gap>(&event)) {
    on_gap(*gap);
  } else if (const auto* exited = std::get_if<monitor::exited>(&event)) {
    on_exited(*exited);
  }
}

/// Whoever relies on the output has to know.
void attach_session_state::on_gap(const monitor::output_gap& gap) {
  bytes_lost_ += gap.out + gap.err;
  const auto& options = given_.options;
  put(options.err && !options.tty ? stream::channel::standard_error
                                  : stream::channel::standard_output,
      "gantry: " + std::to_string(gap.out + gap.err) +
          " bytes of output are missing here: they were not read in time" +
          (options.tty ? "\r\n" : "\n"));
}

void attach_session_state::on_exited(const monitor::exited& event) {
  if (phase_ > phase::live)
    return;
  if (!given_.owner_ends || !given_.owner)
    return finish(attach_end::exited);
  how_ = attach_end::exited;
  phase_ = phase::confirming;
  core::tell(given_.owner, attach_exited{self_->id(), event.status});
  expect_within(limits::local_request);
}

void attach_session_state::on_lost(const api_error& why) { fail(why); }

/// Lets go of the process when the monitor has all that was sent to it.
void attach_session_state::leave(attach_end how) {
  if (phase_ > phase::live)
    return;
  if (!attached_ || !link_.is_open())
    return finish(how);
  how_ = how;
  phase_ = phase::leaving;
  link_.ask(monitor::detach_request{}, [this](const result<void>&) { finish(how_); });
}

// -- input ----------------------------------------------------------------------

void attach_session_state::send_input() {
  if (phase_ > phase::live || (given_.options.in && !attached_))
    return;
  if (const auto most = std::min(credit_, input_.size()); most > 0) {
    link_.send_input(std::string_view{input_}.substr(0, most));
    input_.erase(0, most);
    credit_ -= most;
    bytes_in_ += most;
    typed_.went(most, static_cast<std::int64_t>(credit_));
    if (input_.empty())
      give_back(input_, lent::input);
  }
  if (input_over_ && input_.empty() && !std::exchange(input_told_, true))
    on_input_end();
}

/// All that the client had to say is said.
void attach_session_state::on_input_end() {
  const auto& options = given_.options;
  const bool matters = options.in && !input_closed_;
  const bool gone = deaf_ || given_.format->is_closed();
  if (matters && (options.tty || !options.stdin_once))
    return leave(gone ? attach_end::client_gone : attach_end::detached);
  if (matters)
    link_.tell(monitor::input_end{});
  if (gone)
    leave(attach_end::client_gone);
}

} // namespace gantry::containers
