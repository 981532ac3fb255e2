#pragma once

#include "protocol/error.hpp"
#include "protocol/monitor/log_files.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// What a client (the daemon) and the monitor of one container or exec say to each other over the
/// monitor's control socket, a unix stream socket.
///
/// A client connects and is greeted with `hello`. It may then ask; requests with a tag are answered
/// by a `done` (or `attached`) with the same tag, in any order. Events come unasked. One connection
/// per container for state and control, and one per attached client, is the intended use: what is
/// sent on a connection keeps its order, and an attached client that does not read holds up its own
/// connection only.
///
/// To show what is logged and what comes next, nothing lost or twice: read the log to its end, send
/// `attach_request{.unlogged = true}`, read the log on up to `attached::logged`, then pass on the
/// output as it comes.
///
/// To follow a log: read to its end, send `await_log_request` with the place reached, read on when
/// `log_grew` comes; `exited` says that no more will.
///
/// When the connection ends without `exited` the monitor is gone: see `exit_record`.
namespace gantry::monitor {

/// The monitor speaks exactly this version; it is part of `hello`.
inline constexpr std::uint32_t protocol_version = 1;
/// Bytes before the payload of a message: type, three zero bytes, payload size in big endian.
inline constexpr std::size_t header_size = 8;
/// The longest payload.
inline constexpr std::size_t largest_payload = std::size_t{128} * 1024;
/// The most output or input in one message.
inline constexpr std::size_t largest_piece = std::size_t{64} * 1024;
/// Output kept for a client that does not read; what comes beyond is a gap.
inline constexpr std::size_t output_backlog = std::size_t{1024} * 1024;

/// One of a process's outputs; a terminal has only `out`. Numbered as in Docker's frames.
enum class source : std::uint8_t { out = 1, err = 2 };

/// Where the container's first process (or the exec's process) is in its life.
enum class process_state : std::uint8_t {
  creating, ///< the runtime is at work; no pid yet
  created,  ///< waits for `start_request`; an exec that is held has begun nevertheless
  running,
  exited,
};

/// How a process ended.
struct exit_status {
  std::int32_t code = 0;        ///< 0 to 255; 128 + signal if a signal ended it
  std::int32_t signal = 0;      ///< 0 if it exited
  std::int64_t finished_at = 0; ///< nanoseconds since 1970
  bool oom_killed = false;      ///< the kernel killed something in it for want of memory

  friend bool operator==(const exit_status&, const exit_status&) = default;
};

// -- from the client ------------------------------------------------------------

/// Starts what was created, or lets go of an exec that is held. Answer `done`: conflict if it is
/// not `created`, unavailable if the runtime was stuck, else the runtime's words. `started_event`
/// comes to all clients.
struct start_request {
  std::uint32_t tag = 0;
  friend bool operator==(const start_request&, const start_request&) = default;
};

/// Sets the size of the terminal. Answer `done`: conflict if there is none (yet).
struct resize_request {
  std::uint32_t tag = 0;
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
  friend bool operator==(const resize_request&, const resize_request&) = default;
};

/// Signals the process itself, by pidfd. Answer `done`: conflict if it does not run.
struct signal_request {
  std::uint32_t tag = 0;
  std::int32_t number = 0;
  friend bool operator==(const signal_request&, const signal_request&) = default;
};

/// Opens the log file anew, for those who rotate it from outside. Answer `done`.
struct reopen_log_request {
  std::uint32_t tag = 0;
  friend bool operator==(const reopen_log_request&, const reopen_log_request&) = default;
};

/// From now on this client gets the chosen outputs, and may send input if `input` is set. A second
/// one takes the place of the first. Answer `attached`, or `done` with a conflict (`input` of a
/// process without stdin). Allowed in every state before `exited`.
struct attach_request {
  std::uint32_t tag = 0;
  bool input = false;
  bool out = false;
  bool err = false;
  /// Begin with what was read from the process and is not in the log, because its line has no end
  /// yet.
  bool unlogged = false;
  /// Milliseconds that the process may be held back because this client, its backlog being full,
  /// does not read a byte. Then, and at once if 0, it loses output instead until it has read all
  /// of its backlog. A foreground `docker run` or `exec` whose output is piped on wants some time
  /// here, or a busy machine tears holes into it.
  std::uint32_t patience = 0;
  friend bool operator==(const attach_request&, const attach_request&) = default;
};

/// Ends `attach_request`; what was queued still comes. Answer `done`. If the client had `input`,
/// its input has ended as with `input_end`.
struct detach_request {
  std::uint32_t tag = 0;
  friend bool operator==(const detach_request&, const detach_request&) = default;
};

/// Bytes for the process's stdin, no more than `input_credit` allows: who sends more is cut off.
struct input_bytes {
  std::string_view bytes;
  friend bool operator==(const input_bytes&, const input_bytes&) = default;
};

/// This client has no more input. With stdin-once and no terminal the process's stdin is closed
/// when all that was sent is written; else nothing happens. The end of the connection counts as
/// this.
struct input_end {
  friend bool operator==(const input_end&, const input_end&) = default;
};

/// Closes the process's stdin, whoever writes to it, when all that was sent is written. Answer
/// `done`. With a terminal nothing happens: it has no half to close.
struct close_input_request {
  std::uint32_t tag = 0;
  friend bool operator==(const close_input_request&, const close_input_request&) = default;
};

/// Asks for one `log_grew` as soon as the log's end is elsewhere than `seen`, perhaps at once.
/// Takes the place of an earlier one.
struct await_log_request {
  log_position seen;
  friend bool operator==(const await_log_request&, const await_log_request&) = default;
};

using request =
    std::variant<start_request, resize_request, signal_request, reopen_log_request, attach_request,
                 detach_request, input_bytes, input_end, close_input_request, await_log_request>;

// -- from the monitor -----------------------------------------------------------

/// The first message on every connection.
struct hello {
  std::uint32_t version = protocol_version;
  process_state state = process_state::creating;
  std::int32_t pid = 0;        ///< of the process, in the monitor's pid namespace; 0 while creating
  std::int64_t started_at = 0; ///< nanoseconds since 1970; 0 if it was not started
  bool tty = false;
  exit_status exit; ///< if `exited`
  friend bool operator==(const hello&, const hello&) = default;
};

/// The answer to a request.
struct done {
  std::uint32_t tag = 0;
  errc kind = errc::none; ///< `none`: it is done
  std::string text;       ///< what went wrong
  friend bool operator==(const done&, const done&) = default;
};

/// The answer to `attach_request`; output follows.
struct attached {
  std::uint32_t tag = 0;
  log_position logged; ///< the log's end at this moment
  friend bool operator==(const attached&, const attached&) = default;
};

/// What the process wrote. Pieces end anywhere.
struct output_bytes {
  source from = source::out;
  std::string_view bytes;
  friend bool operator==(const output_bytes&, const output_bytes&) = default;
};

/// Here this client lost output because it did not read in time.
struct output_gap {
  std::uint64_t out = 0; ///< bytes lost of stdout
  std::uint64_t err = 0; ///< bytes lost of stderr
  friend bool operator==(const output_gap&, const output_gap&) = default;
};

/// The client may send so many more bytes of input. The first comes soon after `attached`.
struct input_credit {
  std::uint32_t bytes = 0;
  friend bool operator==(const input_credit&, const input_credit&) = default;
};

/// The process reads no more input: what was not written is dropped, and no more credit comes.
struct input_closed {
  friend bool operator==(const input_closed&, const input_closed&) = default;
};

/// The answer to `await_log_request`.
struct log_grew {
  log_position end;
  friend bool operator==(const log_grew&, const log_grew&) = default;
};

/// The process was started.
struct started_event {
  std::int64_t at = 0; ///< nanoseconds since 1970
  friend bool operator==(const started_event&, const started_event&) = default;
};

/// The kernel killed something in the container's memory cgroup for want of memory.
struct oom_event {
  friend bool operator==(const oom_event&, const oom_event&) = default;
};

/// The process has ended, its output is read and logged, and its exit file is there. The last
/// message on every connection.
struct exited {
  exit_status status;
  friend bool operator==(const exited&, const exited&) = default;
};

using event = std::variant<hello, done, attached, output_bytes, output_gap, input_credit,
                           input_closed, log_grew, started_event, oom_event, exited>;

/// Appends a message. Views in it hold at most `largest_piece`, texts are cut to that.
void encode(std::string& out, const request& message);
/// Appends a message, likewise.
void encode(std::string& out, const event& message);

/// The header and the fixed part of `output_bytes`, so that the bytes need not be copied.
std::string output_head(source from, std::size_t size);

/// Cuts a stream that arrives in pieces into messages.
class frame_reader {
public:
  /// A message as it was received.
  struct frame {
    std::uint8_t type = 0;
    std::string_view payload; ///< valid until the next call and no longer than the input
  };

  /// Takes bytes from the front of `input` until a message is complete; nothing if `input` was used
  /// up first. Error (invalid_parameter), after which there is nothing more to read:
  /// `message of N bytes`.
  result<std::optional<frame>> next(std::string_view& input);

private:
  std::string pending_; // of a message that began in an earlier input
  bool taken_ = false;  // pending_ was handed out and is to be dropped
};

/// Reads requests, in the monitor. Errors (invalid_parameter), after which there is nothing more to
/// read: `message of N bytes`, `unknown request N`, `malformed request N`.
class request_decoder {
public:
  /// Takes bytes from the front of `input` until a message is complete; nothing if `input` was used
  /// up first. Views in the message are valid until the next call and no longer than the input.
  result<std::optional<request>> next(std::string_view& input);

private:
  frame_reader frames_;
};

/// Reads events, in the client. Errors as those of `request_decoder`, with `event`.
class event_decoder {
public:
  /// As `request_decoder::next`.
  result<std::optional<event>> next(std::string_view& input);

private:
  frame_reader frames_;
};

} // namespace gantry::monitor
