#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What a running daemon tells about its parts: the shapes that the inspection API answers with,
/// gantryctl reads and a dump file holds. Pure data. Durations are nanoseconds in JSON (`..._ns`),
/// moments RFC 3339 with nanoseconds. See app/inspect/openapi.yaml.
namespace gantry::inspect {

using nanoseconds = std::chrono::nanoseconds;

/// Figures of a distribution.
struct latency {
  std::uint64_t count = 0;
  nanoseconds mean{0};
  nanoseconds p50{0};
  nanoseconds p99{0};
  nanoseconds max{0}; ///< upper bound of its bucket
  /// Upper bound and count; empty ones left out.
  std::vector<std::pair<nanoseconds, std::uint64_t>> buckets;

  friend bool operator==(const latency&, const latency&) = default;
};

struct actor_view {
  std::uint64_t id = 0;
  std::uint64_t parent = 0; ///< 0: none
  std::string kind;         ///< `connection`
  std::string name;         ///< `connection tcp://127.0.0.1:4711`, or the kind
  std::string state;        ///< `running`, `ready`, `idle`, `paused`
  nanoseconds age{0};
  std::uint64_t mailbox = 0; ///< messages that wait
  nanoseconds oldest{0};     ///< age of the one that waits longest
  std::string message;       ///< being handled, or ""
  nanoseconds message_age{0};
  std::uint64_t request = 0;  ///< that it works for now, 0 if none
  std::uint64_t messages = 0; ///< handled ever
  nanoseconds busy{0};
  latency waiting, handling;

  friend bool operator==(const actor_view&, const actor_view&) = default;
};

struct traced_message {
  std::string time; ///< RFC 3339, when it was taken out of the mailbox
  std::string type;
  std::uint64_t sender = 0;
  std::uint64_t request = 0;
  nanoseconds waited{0}, took{0};

  friend bool operator==(const traced_message&, const traced_message&) = default;
};

/// One actor, with what it says about itself.
struct actor_detail {
  actor_view actor;
  std::vector<std::pair<std::string, std::string>> facts; ///< its answer to `describe`
  std::string facts_missing; ///< why there are none: `no answer within 200ms`
  std::vector<std::uint64_t> children;
  bool traced = false;
  std::vector<traced_message> last; ///< oldest first, at most 64

  friend bool operator==(const actor_detail&, const actor_detail&) = default;
};

struct kind_view {
  std::string kind;
  std::uint64_t live = 0, spawned = 0, messages = 0;
  nanoseconds busy{0};
  latency waiting, handling;

  friend bool operator==(const kind_view&, const kind_view&) = default;
};

struct thread_view {
  std::string name; ///< `io 0`, `stand-in 0`
  std::int64_t tid = 0;
  std::uint64_t queued = 0; ///< actors that wait for it
  std::uint64_t actor = 0;  ///< that it runs, 0 if none
  std::string kind, message;
  nanoseconds age{0};
  std::string wchan; ///< where the kernel holds it, or ""

  friend bool operator==(const thread_view&, const thread_view&) = default;
};

struct task_view {
  std::string label;
  std::string state; ///< `running`, `waiting`
  nanoseconds age{0};
  std::int64_t tid = 0; ///< of a running one
  std::string wchan;

  friend bool operator==(const task_view&, const task_view&) = default;
};

struct pool_view {
  std::uint64_t threads = 0, capacity = 0;
  std::vector<task_view> tasks;

  friend bool operator==(const pool_view&, const pool_view&) = default;
};

struct job_view {
  std::uint64_t request = 0;
  std::string call; ///< `containers_json(all=1)`
  std::uint64_t actor = 0;
  std::string client; ///< as a connection's `peer`
  nanoseconds age{0};

  friend bool operator==(const job_view&, const job_view&) = default;
};

struct connection_view {
  std::uint64_t actor = 0;
  std::string listener; ///< `unix:///var/run/docker.sock`
  std::string peer;     ///< `unix`, `tcp://10.0.0.1:1234`
  std::optional<std::uint32_t> uid;
  std::optional<std::int32_t> pid;
  std::string subject; ///< of the certificate, or ""
  nanoseconds age{0};
  std::uint64_t requests = 0; ///< ever
  std::uint64_t request = 0;  ///< at work now, 0 if none
  std::string doing;          ///< `GET /v1.50/containers/json`, or ""

  friend bool operator==(const connection_view&, const connection_view&) = default;
};

struct dead_letter_view {
  std::string time, type;
  std::uint64_t actor = 0; ///< that had no handler for it
  std::string kind;

  friend bool operator==(const dead_letter_view&, const dead_letter_view&) = default;
};

struct death_view {
  std::string time;
  std::uint64_t actor = 0;
  std::string kind, reason; ///< `exit_reason::kill`, `runtime_error: ...`

  friend bool operator==(const death_view&, const death_view&) = default;
};

struct stall_view {
  std::string time;
  std::string what; ///< `handler`, `thread`, `worker`, `mailbox`, `request`
  std::uint64_t actor = 0, request = 0;
  std::string kind, message, where; ///< where: kernel stack or wchan
  nanoseconds duration{0};
  bool over = false;

  friend bool operator==(const stall_view&, const stall_view&) = default;
};

/// A request of the API that is at work or was answered lately.
struct request_view {
  std::uint64_t id = 0;
  std::string call;             ///< `POST /v1.50/containers/create?name=x`
  std::string client;           ///< as a connection's `peer`
  std::uint64_t connection = 0; ///< its actor
  std::string time;             ///< when its head was there
  nanoseconds took{0};          ///< until its answer was written, or until now
  std::uint64_t status = 0;     ///< of the answer; 0 while there is none
  bool over = false;

  friend bool operator==(const request_view&, const request_view&) = default;
};

/// A message that an actor handled for a request.
struct span_view {
  std::string time; ///< when it was taken out of the mailbox
  std::uint64_t request = 0;
  std::uint64_t actor = 0;
  std::string kind, name; ///< of the actor; name: "" once it is gone
  std::string message;
  std::string thread; ///< `io 0`
  nanoseconds waited{0}, took{0};

  friend bool operator==(const span_view&, const span_view&) = default;
};

/// What was done for one request, from its connection to where it led.
struct request_trace {
  request_view request;
  std::vector<span_view> spans; ///< by time
  std::string missing;          ///< why not all are there: `the beginning is not kept any more`

  friend bool operator==(const request_trace&, const request_trace&) = default;
};

/// A bounded stream between a client and a job or a process.
struct stream_view {
  std::uint64_t actor = 0; ///< that writes into it
  std::string what;        ///< `job output`, `job input`, `attach output`
  std::uint64_t request = 0;
  std::uint64_t bytes = 0; ///< that have gone through
  std::int64_t credit = 0; ///< bytes that its reader takes now; none left: it is held up
  nanoseconds held{0};     ///< for how long there has been none

  friend bool operator==(const stream_view&, const stream_view&) = default;
};

/// Some share of the time in which processes waited for something, in percent, and all time.
struct pressure_view {
  std::string resource; ///< `cpu`, `memory`, `io`
  double some_avg10 = 0, full_avg10 = 0;
  nanoseconds some_total{0}, full_total{0};

  friend bool operator==(const pressure_view&, const pressure_view&) = default;
};

/// A container and what its cgroup says now.
struct container_view {
  std::string id, name, image;
  std::string state; ///< `running`, `exited`, as `docker ps` has it
  std::uint64_t actor = 0;
  std::int64_t pid = 0; ///< 0: it does not run
  nanoseconds cpu{0};
  std::uint64_t memory = 0, memory_limit = 0; ///< bytes; limit 0: none
  std::uint64_t pids = 0;
  std::vector<pressure_view> pressure; ///< where the kernel has it

  friend bool operator==(const container_view&, const container_view&) = default;
};

/// All at one moment: what `dump` writes.
struct system_view {
  std::string time, version, id; ///< id: the daemon's
  std::int64_t pid = 0;
  nanoseconds uptime{0};
  std::vector<actor_view> actors;
  std::vector<kind_view> kinds;
  std::vector<thread_view> threads;
  pool_view pool;
  std::vector<job_view> jobs;
  std::vector<connection_view> connections;
  std::vector<request_view> requests; ///< those at work, then the last answered; oldest first
  std::vector<span_view> spans;       ///< that are kept, by time
  std::vector<stream_view> streams;
  std::vector<container_view> containers;
  std::vector<dead_letter_view> dead_letters; ///< newest last, at most 256
  std::vector<death_view>
      deaths; ///< newest last, at most 256; only those with a reason other than normal
  std::vector<stall_view> stalls;   ///< newest last, at most 64
  std::vector<std::string> missing; ///< parts that did not answer in time: `jobs: ...`

  friend bool operator==(const system_view&, const system_view&) = default;
};

} // namespace gantry::inspect
