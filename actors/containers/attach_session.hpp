#pragma once

#include "actors/containers/attach_format.hpp"
#include "actors/containers/log_slices.hpp"
#include "actors/core/boards.hpp"
#include "actors/core/interfaces.hpp"
#include "actors/server/byte_stream.hpp"
#include "protocol/monitor/messages.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::containers {

/// What a client wants of a process, and what the process's terminal and stdin are like.
struct attach_options {
  bool in = false;  ///< the client's bytes go to the process; only if its stdin is open
  bool out = false; ///< it gets stdout (with a terminal: all)
  bool err = false;
  bool logs = false;       ///< it gets what was logged first
  bool stream = true;      ///< it gets what comes from now on; else the log is all
  bool tty = false;        ///< the process has a terminal
  bool stdin_once = false; ///< the end of the client's input is that of the process's (no
                           ///< terminal); else it is the end of the session
  /// With a terminal: the bytes at which the session ends and the process goes on
  /// (`container::parse_detach_keys`); none: nothing does that.
  std::string detach_keys;
};

/// Why a session has ended.
enum class attach_end : std::uint8_t {
  exited,      ///< the process has ended, and the client has all of its output
  detached,    ///< by the detach keys, or by the end of input that does not end the process's
  client_gone, ///< or it has not taken a byte for long, or broke its format
  ended,       ///< by `end_attach`, or the log was all
  failed,      ///< the monitor has gone, or the log cannot be read
};

/// The word for it, for the log: `exited`, `client gone`, ...
const char* to_string(attach_end how) noexcept;

/// Told to the owner of a session when it has ended, whatever the reason; once.
struct attach_ended {
  std::uint64_t session = 0; ///< id of the actor
  attach_end how = attach_end::failed;
  std::string error; ///< if `failed`
};

/// Told to the owner of a session for which `owner_ends` is set: the process has ended, all of its
/// output is on its way to the client, and the stream is still open.
struct attach_exited {
  std::uint64_t session = 0; ///< id of the actor
  monitor::exit_status status;
};

/// Connects a session with a monitor.
struct attach_monitor {
  std::string control_socket;
  /// The process runs: if the client wants the log, that is shown before anything is held back for
  /// it, and the answer comes after that. Else it is attached at once.
  bool started = false;
};

/// Ends a session: `text` (which may be empty) is the last that the client sees, as stdout.
struct end_attach {
  std::string text;
};

/// ATTACH SESSION: carries bytes between one client and one process. Ends by itself, never the
/// process.
using attach_session_actor = caf::typed_actor<
    // For a session that was started without a control socket: answers as soon as nothing of the
    // output can be missed, for the process to be started then. Errors: those of the monitor, with
    // which the session ends; conflict if it is attached or has ended.
    caf::replies_to<attach_monitor>::with<core::done>,
    // What was on its way is still delivered.
    caf::reacts_to<end_attach>,
    // INTERNAL
    caf::reacts_to<core::io_ready>,
    // INTERNAL: by a worker.
    caf::reacts_to<log_slice_read>>::extend_with<core::inspectable_actor>;

/// What a session is made of.
struct attach_setup {
  core::job_socket client; ///< its stream is not null
  std::shared_ptr<attach_format> format;
  attach_options options;
  /// Of the monitor; empty: waits for `attach_monitor`.
  std::string control_socket;
  monitor::log_files log;               ///< if `options.logs`
  runtime::worker_pool* pool = nullptr; ///< if `options.logs`; outlives the actor system
  caf::strong_actor_ptr owner;          ///< is told `attach_ended`; may be null
  /// After the end of the process the stream ends only with `end_attach`, or without it after
  /// `limits::local_request`. For clients that ask for the exit code as soon as it has ended.
  bool owner_ends = false;
  core::stream_board* streams = nullptr; ///< where its streams are put up; outlives it; may be null
};

/// Starts a session.
///
/// Memory: about `limits::attach_ahead` each way, whatever the two ends do. A client that does not
/// read holds the process back for `limits::attach_patience`, then loses output; what is missing is
/// said in a line on stderr (stdout, if it has only that). One that takes nothing while nothing but
/// its end is waited for is cut off after `limits::write_stall`.
attach_session_actor start_attach_session(caf::actor_system& sys, attach_setup setup);

} // namespace gantry::containers

GANTRY_LOCAL_MESSAGE(gantry::containers::attach_ended)
GANTRY_LOCAL_MESSAGE(gantry::containers::attach_exited)
GANTRY_LOCAL_MESSAGE(gantry::containers::attach_monitor)
GANTRY_LOCAL_MESSAGE(gantry::containers::end_attach)
