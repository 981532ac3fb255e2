// The side of an attach session that is towards the client: what it is sent and what it says.
#include "actors/containers/attach_session_state.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gantry::containers {

namespace {

using core::io_status;
using core::readiness;

/// Bytes read from a client in one go.
constexpr std::size_t read_size = std::size_t{128} * 1024;

/// The same while there is no process yet that could take it.
constexpr std::size_t early_input = 4096;

/// How long it takes until it is looked again whether a client has read the head of its answer.
constexpr caf::timespan head_look = std::chrono::milliseconds{1};

/// What is not written is kept in its own memory, of which no more than that stays.
constexpr std::size_t kept_capacity = 1024;

/// For the length of one read and what it leads to.
char* read_buffer() {
  thread_local const std::unique_ptr<char[]> buffer{new char[read_size]};
  return buffer.get();
}

/// Memory that the sessions on this thread lend each other for the length of a message, so that one
/// that is at rest holds none.
std::string& spare(attach_session_state::lent what) {
  thread_local std::string strings[3];
  return strings[static_cast<int>(what)];
}

constexpr std::uint8_t bit(readiness what) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(what));
}

} // namespace

void attach_session_state::borrow(std::string& empty, lent what) {
  if (empty.empty())
    empty.swap(spare(what));
}

void attach_session_state::give_back(std::string& used, lent what) {
  used.clear();
  used.swap(spare(what));
}

// -- to the client --------------------------------------------------------------

void attach_session_state::put(stream::channel from, std::string_view bytes) {
  borrow(batch_, lent::output);
  given_.format->put(batch_, from, bytes);
}

/// A client may read the head of the answer with a buffer that it then forgets, and lose what came
/// together with it: it gets a moment in which to read the head alone. NOTE: docker-py does that.
bool attach_session_state::waits_for_head() {
  if (head_wait_left_ == 0)
    return false;
  if (given_.client.stream->unread_by_peer() == 0) {
    head_wait_left_ = 0;
    return false;
  }
  --head_wait_left_;
  caf::delayed_anon_send(attach_session_actor{self_}, head_look, core::io_ready{readiness::again});
  return head_wait_left_ > 0;
}

/// Writes at once what goes; the rest waits for the socket.
void attach_session_state::write_batch() {
  if (batch_.empty())
    return;
  if (!deaf_ && phase_ != phase::over) {
    const auto size = batch_.size();
    bytes_out_ += size;
    if (unsent() > 0) {
      out_.append(batch_);
    } else {
      out_.swap(batch_);
      flush();
      if (unsent() == 0)
        out_.swap(batch_);
    }
    output_.went(size, output_credit());
  }
  give_back(batch_, lent::output);
}

/// What the client may be sent before the process is held back.
std::int64_t attach_session_state::output_credit() const noexcept {
  return static_cast<std::int64_t>(limits::attach_ahead) - static_cast<std::int64_t>(unsent());
}

void attach_session_state::flush() {
  if (unsent() > 0 && waits_for_head())
    return;
  while (unsent() > 0) {
    const auto put = given_.client.stream->write(std::string_view{out_}.substr(sent_));
    switch (put.status) {
    case io_status::ok:
      sent_ += put.size;
      output_.granted(output_credit());
      if (phase_ == phase::flushing)
        expect_within(limits::write_stall);
      continue;
    case io_status::wants_write:
    case io_status::wants_read:
      if (sent_ > out_.size() / 2)
        out_.erase(0, std::exchange(sent_, 0));
      return want(put.status == io_status::wants_write ? readiness::write : readiness::read);
    default:
      return on_deaf();
    }
  }
  out_.clear();
  sent_ = 0;
}

/// It takes nothing any more. What it has sent before is still for the process.
void attach_session_state::on_deaf() {
  deaf_ = true;
  out_.clear();
  sent_ = 0;
  const bool heard = attached_ || phase_ == phase::attaching;
  const bool may_have_sent = given_.options.in && heard && !input_closed_ && !input_told_;
  if (!may_have_sent)
    leave(attach_end::client_gone);
}

// -- from the client ------------------------------------------------------------

/// Nobody wants what it says.
bool attach_session_state::drops_input() const { return !given_.options.in || input_closed_; }

bool attach_session_state::reads_client() const {
  if (input_over_)
    return false;
  if (phase_ == phase::lingering)
    return true;
  if (phase_ > phase::live)
    return false;
  // What it asks is not answered faster than it takes the answers.
  if (given_.format->answers() && unsent() > limits::attach_ahead)
    return false;
  if (drops_input())
    return true; // to see the end
  if (!attached_)
    return given_.format->answers() && input_.empty();
  return input_.empty() && credit_ > 0;
}

void attach_session_state::read_client() {
  if ((waits_ & (bit(readiness::read) | bit(readiness::again))) != 0)
    return;
  if (!reads_client()) {
    // One with input for the process is heard to its end instead.
    if (phase_ <= phase::live && (input_over_ || !attached_))
      want(readiness::hangup);
    return;
  }
  const auto most = drops_input() || phase_ == phase::lingering ? read_size
                    : attached_                                 ? std::min(credit_, read_size)
                                                                : early_input;
  const auto got = given_.client.stream->read(read_buffer(), most);
  switch (got.status) {
  case io_status::ok:
    if (phase_ != phase::lingering)
      take_input({read_buffer(), got.size});
    send_input();
    // A short read has emptied the socket: no need to be told so by another one.
    return want(got.size < most ? readiness::read : readiness::again);
  case io_status::wants_read:
    return want(readiness::read);
  case io_status::wants_write:
    return want(readiness::write);
  default:
    input_over_ = true;
    keys_.finish(input_);
    if (got.status == io_status::gone || given_.client.stream->peer_is_gone())
      on_deaf();
    if (phase_ == phase::lingering)
      return end_now();
    send_input();
    if (phase_ <= phase::live)
      want(readiness::hangup);
  }
}

void attach_session_state::take_input(std::string_view bytes) {
  if (bytes.empty() || (drops_input() && !given_.format->answers()))
    return;
  std::string typed;
  borrow(typed, lent::typed);
  borrow(batch_, lent::output);
  const auto more = given_.format->take(bytes, typed, batch_);
  if (!more)
    return leave(attach_end::client_gone);
  borrow(input_, lent::input);
  const bool found = !drops_input() && keys_.take(typed, input_);
  give_back(typed, lent::typed);
  if (found) {
    send_input();
    return leave(attach_end::detached);
  }
  if (!*more) {
    input_over_ = true;
    keys_.finish(input_);
    if (given_.format->is_closed() && !attached_)
      leave(attach_end::client_gone);
  }
}

void attach_session_state::want(readiness what) {
  if (what == readiness::read && given_.client.stream->has_pending())
    what = readiness::again;
  if ((waits_ & bit(what)) != 0 || phase_ == phase::over)
    return;
  waits_ |= bit(what);
  if (what == readiness::again)
    core::tell(core::to_ptr(self_), core::io_ready{what});
  else
    given_.client.stream->wait(what, core::to_ptr(self_));
}

void attach_session_state::on_ready(const core::io_ready& ready) {
  if (phase_ == phase::over)
    return;
  if (!link_.on_ready(ready) && ready.source == 0)
    on_client_ready(ready);
  go_on();
}

void attach_session_state::on_client_ready(const core::io_ready& ready) {
  if (ready.what == readiness::hangup) {
    // NOTE: not waited for again: what it may be besides (urgent data) stays so.
    if (!ready.aborted && given_.client.stream->peer_is_gone())
      on_deaf();
    return;
  }
  waits_ &= static_cast<std::uint8_t>(~bit(ready.what));
  if (ready.what == readiness::again)
    on_time();
  if (ready.aborted || phase_ == phase::over)
    return;
  flush();
  if (unsent() == 0 && out_.capacity() > kept_capacity)
    out_ = {};
}

} // namespace gantry::containers
