#pragma once

#include "protocol/job/job.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/timespan.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What actors say to each other. Most of it stays within the process and holds shared pointers or
/// handles, so it is allowed as "unsafe": it cannot be serialised, and never is.
namespace gantry::core {

/// The number that follows a request from its connection through router, engine and job into the
/// log. Never 0 for a request.
using request_id = std::uint64_t;

/// A fresh `request_id`. Any thread.
request_id next_request_id() noexcept;

/// A duration for people: `120s`, `1.5s`, `20ms`.
std::string duration_text(caf::timespan d);

/// The answer that says no more than that it was done.
struct done {};

/// Asks an actor for facts about itself. Sent with high priority.
struct describe {};

/// What an actor says about itself: names and values for people, in order.
struct facts {
  std::vector<std::pair<std::string, std::string>> values;
};

/// Who is at the other end of a connection. Shared by all its requests.
struct client_info {
  std::string address;              ///< `unix` or `tcp://10.0.0.1:1234`
  std::optional<std::uint32_t> uid; ///< of a unix peer
  std::optional<std::int32_t> pid;
  std::string subject; ///< of the client's certificate (RFC 2253), or ""
};

/// Something of the client's own that travels with a job and comes back with its reply. The job
/// does not look inside.
class client_context {
public:
  client_context() = default;
  client_context(const client_context&) = delete;
  client_context& operator=(const client_context&) = delete;
  virtual ~client_context() = default;
};

using context_ptr = std::shared_ptr<const client_context>;
using bytes_ptr = std::shared_ptr<const std::string>;

// -- engine -> client: what becomes of a job ------------------------------------------------------

/// The last message about a job.
struct job_done {
  request_id id = 0;
  std::shared_ptr<job::reply> reply; ///< never null; the receiver's to take apart
  context_ptr context;
};

/// The job's output comes piece by piece from here on, `limits::stream_window` bytes at first and
/// then as the client grants more.
struct job_stream_begun {
  request_id id = 0;
  context_ptr context;
  std::string content_type;  ///< media type of the output
  caf::strong_actor_ptr job; ///< a job_actor; takes `job_credit` and `job_cancel`
  std::string about = {};    ///< what is said of the output ahead of it; mostly nothing
};

/// A piece of output. Only after `job_stream_begun`.
struct job_output {
  request_id id = 0;
  bytes_ptr bytes;
};

/// The job wants at most `most` bytes of its standard input; answered by one `job_input`.
struct job_wants_input {
  request_id id = 0;
  std::size_t most = 0;
  caf::strong_actor_ptr job;
};

/// The job wants the client's connection itself; answered by one `job_socket`. `upgrade` is what
/// the client is told before (a response's head), as it is.
struct job_takes_socket {
  request_id id = 0;
  context_ptr context;
  std::string content_type;
  caf::strong_actor_ptr job;
};

// -- client -> job --------------------------------------------------------------------------------

/// The client can take `bytes` more of output.
struct job_credit {
  std::size_t bytes = 0;
};

/// A piece of standard input; `eof` with the last one. An error ends the input too.
struct job_input {
  std::string bytes;
  bool eof = false;
  std::string error;
};

/// A connection that was handed over: blocking is off, nothing else uses it. Defined by the server.
class byte_stream;

/// The client's connection, and what was already read from it.
struct job_socket {
  std::shared_ptr<byte_stream> stream; ///< null if the client has none or has left
  std::string already_read;
};

/// The job is to end: its client has left, its time is over, or the daemon shuts down.
struct job_cancel {
  std::string reason;
};

// -- to the engine --------------------------------------------------------------------------------

/// Runs a job. Everything that becomes of it goes to `client` (a job_client_actor; may be null).
struct run_job {
  request_id id = 0;
  job::request what;
  caf::strong_actor_ptr client;
  context_ptr context;
  std::shared_ptr<const client_info> origin; ///< null: the daemon itself
  caf::timespan limit{0};                    ///< zero: no deadline
};

/// The client of that request has left.
struct cancel_job {
  request_id id = 0;
};

/// INTERNAL: sent by a job when it has ended, whatever the reason.
struct job_ended {
  request_id id = 0;
  int status = 0;
};

/// Starts the two-phase shutdown; answered when it is over, to every caller (K-28).
struct shutdown_engine {};

/// Sent to what asked for it with `on_shutdown`, in phase B.
struct shutting_down {};

/// A job as the engine sees it.
struct running_job {
  request_id id = 0;
  std::string call;
  std::uint64_t actor = 0;
  std::string client;
  caf::timespan age{0};
};

/// Asks the engine for the jobs that run now.
struct list_jobs {};

} // namespace gantry::core

#define GANTRY_LOCAL_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)

GANTRY_LOCAL_MESSAGE(gantry::core::done)
GANTRY_LOCAL_MESSAGE(gantry::core::describe)
GANTRY_LOCAL_MESSAGE(gantry::core::facts)
GANTRY_LOCAL_MESSAGE(gantry::core::job_done)
GANTRY_LOCAL_MESSAGE(gantry::core::job_stream_begun)
GANTRY_LOCAL_MESSAGE(gantry::core::job_output)
GANTRY_LOCAL_MESSAGE(gantry::core::job_wants_input)
GANTRY_LOCAL_MESSAGE(gantry::core::job_takes_socket)
GANTRY_LOCAL_MESSAGE(gantry::core::job_credit)
GANTRY_LOCAL_MESSAGE(gantry::core::job_input)
GANTRY_LOCAL_MESSAGE(gantry::core::job_socket)
GANTRY_LOCAL_MESSAGE(gantry::core::job_cancel)
GANTRY_LOCAL_MESSAGE(gantry::core::run_job)
GANTRY_LOCAL_MESSAGE(gantry::core::cancel_job)
GANTRY_LOCAL_MESSAGE(gantry::core::job_ended)
GANTRY_LOCAL_MESSAGE(gantry::core::shutdown_engine)
GANTRY_LOCAL_MESSAGE(gantry::core::shutting_down)
GANTRY_LOCAL_MESSAGE(gantry::core::list_jobs)
GANTRY_LOCAL_MESSAGE(gantry::core::running_job)
GANTRY_LOCAL_MESSAGE(std::vector<gantry::core::running_job>)
