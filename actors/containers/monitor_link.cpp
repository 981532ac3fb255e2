#include "actors/containers/monitor_link.hpp"

#include "actors/core/interfaces.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/host/socket_path.hpp"
#include "actors/server/byte_stream.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace gantry::containers {

namespace {

using core::io_status;
using core::readiness;
using time_point = caf::actor_clock::time_point;

/// Bytes read in one go; room for two messages of output.
constexpr std::size_t read_size = std::size_t{192} * 1024;
/// An empty queue keeps no more memory than that.
constexpr std::size_t kept_capacity = std::size_t{16} * 1024;

/// For the length of one read and what it leads to.
char* read_buffer() {
  thread_local const std::unique_ptr<char[]> buffer{new char[read_size]};
  return buffer.get();
}

std::uint32_t next_source() noexcept {
  static std::atomic<std::uint32_t> last{0};
  std::uint32_t next = ++last;
  return next != 0 ? next : ++last; // 0 is that of those who have one socket only
}

constexpr std::uint8_t bit(readiness what) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(what));
}

const api_error no_connection{errc::unavailable, "there is no connection to the monitor"};

} // namespace

/// What a link is while it lasts.
class monitor_link::connection : public std::enable_shared_from_this<connection> {
public:
  connection(boost::asio::io_context& io, const caf::strong_actor_ptr& owner, std::string path,
             handlers told)
      : io_(io), owner_(owner.get()), path_(std::move(path)), told_(std::move(told)),
        greeted_by_(now() + limits::monitor_greeting) {}

  void begin() { wake(); }
  bool on_ready(const core::io_ready& ready);
  void ask(monitor::request what, attached_handler answered, caf::timespan limit);
  void send(const monitor::request& what);
  void pause() noexcept { paused_ = true; }
  void resume();
  void close() noexcept;
  bool is_open() const noexcept { return !over_; }
  std::size_t queued() const noexcept { return out_.size() - sent_; }

private:
  struct open_request {
    attached_handler answered;
    time_point due;
    caf::timespan limit{0};
  };
  using open_requests = std::map<std::uint32_t, open_request>;

  caf::strong_actor_ptr owner() const { return caf::actor_cast<caf::strong_actor_ptr>(owner_); }
  time_point now() const { return owner()->home_system->clock().now(); }
  std::string name() const { return "the monitor at '" + path_ + "'"; }

  void connect();
  void wake();
  void wake_at(time_point when);
  void on_time();
  void want(readiness what);
  void flush();
  void read_more();
  bool take(std::string_view input);
  void on_event(const monitor::event& event);
  void answer(std::uint32_t tag, const result<monitor::log_position>& how);
  void cut() noexcept;
  void fail_requests(const api_error& why);
  void fail(const api_error& why);

  boost::asio::io_context& io_;
  caf::weak_actor_ptr owner_; // has us
  const std::string path_;
  const handlers told_;
  const std::uint32_t source_ = next_source();
  std::shared_ptr<core::byte_stream> stream_;
  std::uint8_t waits_ = 0; // a bit for each `readiness` that is waited for
  std::string out_;        // sent up to `sent_`
  std::size_t sent_ = 0;
  bool deaf_ = false; // it takes nothing any more, but what it has sent may still be here
  monitor::event_decoder decoder_;
  std::string held_; // read before a pause and not yet looked at
  bool paused_ = false;
  bool greeted_ = false;
  bool over_ = false;   // nothing more is sent or received
  bool silent_ = false; // nothing more is told
  open_requests requests_;
  std::uint32_t last_tag_ = 0;
  time_point greeted_by_;
  time_point tick_at_ = time_point::max();
};

// -- the connection and its time ------------------------------------------------

void monitor_link::connection::connect() {
  const auto way = host::socket_path::open("connect to", path_);
  if (!way)
    return fail(way.error());
  host::unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd)
    return fail(host::errno_error("connect to", path_, errno));
  if (::connect(fd.get(), way->address(), way->size()) != 0) {
    if (errno == EAGAIN && now() < greeted_by_)
      return wake_at(now() + limits::monitor_retry);
    auto why = host::errno_error("connect to", path_, errno);
    if (errno == ECONNREFUSED || errno == EAGAIN)
      why.kind = errc::unavailable;
    return fail(why);
  }
  stream_ = core::byte_stream::make(io_, std::move(fd), nullptr);
  if (!stream_)
    return fail({errc::system, "connect to '" + path_ + "': the socket cannot be watched"});
  wake_at(greeted_by_);
  flush();
  read_more();
}

void monitor_link::connection::wake() {
  if (const auto to = owner())
    core::tell(to, core::io_ready{readiness::again, false, source_});
}

/// The timer is left alone if it comes early enough: it looks at what is due when it fires.
void monitor_link::connection::wake_at(time_point when) {
  const auto to = owner();
  if (!to || when >= tick_at_)
    return;
  tick_at_ = when;
  to->home_system->clock().schedule_message(
      when, to,
      caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                core::io_ready{readiness::again, false, source_}));
}

void monitor_link::connection::on_time() {
  const auto time = now();
  if (tick_at_ <= time)
    tick_at_ = time_point::max();
  if (!greeted_ && time >= greeted_by_)
    return fail({errc::unavailable, name() + " did not answer within " +
                                        core::duration_text(limits::monitor_greeting)});
  std::vector<std::uint32_t> late;
  auto next = greeted_ ? time_point::max() : greeted_by_;
  for (const auto& [tag, request] : requests_) {
    if (request.due <= time)
      late.push_back(tag);
    else
      next = std::min(next, request.due);
  }
  for (const auto tag : late) {
    if (const auto found = requests_.find(tag); found != requests_.end())
      answer(tag, api_error{errc::unavailable, name() + " did not answer within " +
                                                   core::duration_text(found->second.limit)});
    if (over_)
      return;
  }
  if (next != time_point::max())
    wake_at(next);
}

bool monitor_link::connection::on_ready(const core::io_ready& ready) {
  if (ready.source != source_)
    return false;
  const auto keep = shared_from_this();
  waits_ &= static_cast<std::uint8_t>(~bit(ready.what));
  if (ready.aborted || over_)
    return true;
  if (queued() > limits::monitor_queue) {
    fail({errc::unavailable, name() + " takes nothing"});
    return true;
  }
  if (ready.what == readiness::again)
    on_time();
  if (over_)
    return true;
  if (!stream_)
    connect();
  else if (ready.what == readiness::write)
    flush();
  else
    read_more();
  return true;
}

void monitor_link::connection::close() noexcept {
  silent_ = true;
  cut();
}

void monitor_link::connection::cut() noexcept {
  over_ = true;
  if (stream_)
    stream_->cancel();
  stream_.reset();
}

void monitor_link::connection::fail_requests(const api_error& why) {
  for (auto& [tag, request] : std::exchange(requests_, {}))
    if (!silent_)
      request.answered(why);
}

void monitor_link::connection::fail(const api_error& why) {
  cut();
  fail_requests(why);
  if (!silent_)
    told_.lost(why);
}

// -- to the monitor -------------------------------------------------------------

void monitor_link::connection::ask(monitor::request what, attached_handler answered,
                                   caf::timespan limit) {
  const auto tag = ++last_tag_;
  std::visit(
      [tag](auto& request) {
        if constexpr (requires { request.tag; })
          request.tag = tag;
      },
      what);
  const auto due = now() + limit;
  requests_.emplace(tag, open_request{std::move(answered), due, limit});
  send(what);
  wake_at(due);
}

void monitor_link::connection::send(const monitor::request& what) {
  if (deaf_)
    return;
  if (sent_ > out_.size() / 2)
    out_.erase(0, std::exchange(sent_, 0));
  monitor::encode(out_, what);
  if (stream_)
    flush();
  if (queued() > limits::monitor_queue)
    wake(); // to be told that it is lost
}

void monitor_link::connection::flush() {
  while (queued() > 0) {
    const auto put = stream_->write(std::string_view{out_}.substr(sent_));
    if (put.status == io_status::wants_write)
      return want(readiness::write);
    if (put.status != io_status::ok) {
      deaf_ = true; // what it said last is read first
      sent_ = out_.size();
    } else {
      sent_ += put.size;
    }
  }
  sent_ = 0;
  out_.clear();
  if (out_.capacity() > kept_capacity)
    out_.shrink_to_fit();
}

void monitor_link::connection::want(readiness what) {
  if ((waits_ & bit(what)) != 0)
    return;
  waits_ |= bit(what);
  stream_->wait(what, owner(), source_);
}

// -- from the monitor -----------------------------------------------------------

void monitor_link::connection::resume() {
  if (std::exchange(paused_, false))
    wake();
}

void monitor_link::connection::read_more() {
  if (!held_.empty() && !paused_) {
    const auto held = std::exchange(held_, {});
    if (!take(held))
      return;
  }
  if (paused_ || (waits_ & bit(readiness::read)) != 0)
    return;
  const auto got = stream_->read(read_buffer(), read_size);
  if (got.status == io_status::wants_read)
    return want(readiness::read);
  if (got.status != io_status::ok)
    return fail({errc::unavailable, name() + " has gone"});
  if (!take({read_buffer(), got.size}) || paused_)
    return;
  // One read in a turn: the owner deals with what it has got.
  if (got.size < read_size)
    want(readiness::read);
  else
    wake();
}

/// Looks at what was read; false if the connection has ended with it.
bool monitor_link::connection::take(std::string_view input) {
  while (!paused_) {
    auto event = decoder_.next(input);
    if (!event) {
      fail({errc::system, name() + " sent " + event.error().message});
      return false;
    }
    if (!*event)
      return true;
    on_event(**event);
    if (over_)
      return false;
  }
  held_.assign(input);
  return true;
}

void monitor_link::connection::on_event(const monitor::event& event) {
  if (!std::exchange(greeted_, true)) {
    const auto* greeting = std::get_if<monitor::hello>(&event);
    if (!greeting)
      return fail({errc::system, name() + " does not greet"});
    if (greeting->version != monitor::protocol_version)
      return fail({errc::system, name() + " speaks version " + std::to_string(greeting->version) +
                                     ", not " + std::to_string(monitor::protocol_version)});
  }
  if (const auto* done = std::get_if<monitor::done>(&event)) {
    if (done->kind == errc::none)
      return answer(done->tag, monitor::log_position{});
    return answer(done->tag, api_error{done->kind, done->text});
  }
  if (const auto* attached = std::get_if<monitor::attached>(&event))
    return answer(attached->tag, attached->logged);
  if (!std::holds_alternative<monitor::exited>(event))
    return told_.event(event);
  cut();
  fail_requests({errc::conflict, "the process has ended"});
  if (!silent_)
    told_.event(event);
}

void monitor_link::connection::answer(std::uint32_t tag, const result<monitor::log_position>& how) {
  const auto found = requests_.find(tag);
  if (found == requests_.end())
    return; // it was late
  const auto answered = std::move(found->second.answered);
  requests_.erase(found);
  answered(how);
}

// -- monitor_link ---------------------------------------------------------------

monitor_link::monitor_link(boost::asio::io_context& io, const caf::strong_actor_ptr& owner,
                           const std::string& control_socket, handlers told)
    : connection_(std::make_shared<connection>(io, owner, control_socket, std::move(told))) {
  connection_->begin();
}

monitor_link& monitor_link::operator=(monitor_link&& other) noexcept {
  if (this != &other) {
    close();
    connection_ = std::move(other.connection_);
  }
  return *this;
}

bool monitor_link::on_ready(const core::io_ready& ready) {
  return connection_ && connection_->on_ready(ready);
}

void monitor_link::ask(monitor::request what, done_handler done, caf::timespan limit) {
  if (!is_open())
    return done(no_connection);
  connection_->ask(
      std::move(what),
      [done = std::move(done)](const result<monitor::log_position>& how) {
        done(how ? result<void>{} : how.error());
      },
      limit);
}

void monitor_link::attach(monitor::attach_request what, attached_handler attached) {
  if (!is_open())
    return attached(no_connection);
  connection_->ask(what, std::move(attached), limits::monitor_answer);
}

void monitor_link::tell(const monitor::request& what) {
  if (is_open())
    connection_->send(what);
}

void monitor_link::send_input(std::string_view bytes) {
  while (is_open() && !bytes.empty()) {
    connection_->send(monitor::input_bytes{bytes.substr(0, monitor::largest_piece)});
    bytes.remove_prefix(std::min(bytes.size(), monitor::largest_piece));
  }
}

void monitor_link::pause() {
  if (connection_)
    connection_->pause();
}

void monitor_link::resume() {
  if (is_open())
    connection_->resume();
}

void monitor_link::close() noexcept {
  if (connection_)
    connection_->close();
}

bool monitor_link::is_open() const noexcept { return connection_ && connection_->is_open(); }

std::size_t monitor_link::queued() const noexcept {
  return connection_ ? connection_->queued() : 0;
}

} // namespace gantry::containers
