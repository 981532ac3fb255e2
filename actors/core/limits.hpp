#pragma once

#include <caf/timespan.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every time-out and every bound of the daemon, in one place.
namespace gantry::limits {

using namespace std::chrono_literals;

constexpr caf::timespan span(std::chrono::nanoseconds d) { return caf::timespan{d}; }

// -- engine -------------------------------------------------------------------

/// A job that came over HTTP and is not a stream has to answer within this time.
inline constexpr caf::timespan job_answer = span(120s);
/// How often the engine looks for jobs that are late; only while some have a deadline.
inline constexpr caf::timespan job_sweep = span(1s);
/// Time between asking a late job to end and answering in its place.
inline constexpr caf::timespan job_cancel_grace = span(2s);
/// Shutdown, phase A: running jobs (clause S3).
inline constexpr caf::timespan shutdown_jobs = span(5s);
/// Shutdown, phase B: callbacks (clause S3).
inline constexpr caf::timespan shutdown_callbacks = span(10s);
/// Jobs that run at once; more are refused.
inline constexpr std::size_t jobs_running = 20'000;
/// Asking another actor of the daemon for something it has at hand.
inline constexpr caf::timespan local_request = span(5s);

// -- streams ------------------------------------------------------------------

/// Bytes a job may send before its client grants more, and how much a client holds back at most.
inline constexpr std::size_t stream_window = 256 * 1024;
/// Bytes of a request's body that are asked for at a time.
inline constexpr std::size_t input_window = 64 * 1024;

// -- connections --------------------------------------------------------------

/// From the first byte of a request's head to its last.
inline constexpr caf::timespan request_head = span(30s);
/// Between two reads of a request's body.
inline constexpr caf::timespan request_body = span(60s);
/// A kept-alive connection without a request.
inline constexpr caf::timespan keep_alive = span(10min);
/// A connection that never sent a byte.
inline constexpr caf::timespan first_byte = span(2min);
/// TLS handshake.
inline constexpr caf::timespan handshake = span(10s);
/// A client that does not take a single byte of an answer that is not a stream.
inline constexpr caf::timespan write_stall = span(5min);
/// From asking a connection to end until it is cut, whatever it is doing; less than what a shutdown
/// callback gets.
inline constexpr caf::timespan connection_end = span(5s);
/// Time for the client to read an error and close, before the socket is closed under it.
inline constexpr caf::timespan linger = span(2s);
/// Bytes read from a socket at a time.
inline constexpr std::size_t read_size = 16 * 1024;
/// Bytes of later requests taken in while one is being answered.
inline constexpr std::size_t read_ahead = 64 * 1024;
/// Bytes of a request's unread body that are skipped to keep the connection.
inline constexpr std::uint64_t skip_body = 256 * 1024;
/// Connections accepted in one go before others get their turn.
inline constexpr int accept_batch = 64;
/// Connections of a listener that wait for `acceptconnections`; more stay in the kernel's backlog.
inline constexpr std::size_t buffered_connections = 4096;
/// Living connections of the daemon, if the settings say nothing else.
inline constexpr std::size_t connections = 50'000;
/// Pause of a listener after accept(2) failed for want of descriptors or memory.
inline constexpr caf::timespan accept_pause = span(100ms);

// -- events -------------------------------------------------------------------

/// Events kept for `since` and for subscribers that are behind (dockerd: 256).
inline constexpr std::size_t events_kept = 256;
/// Events on their way to one subscriber.
inline constexpr std::size_t events_credit = 64;

// -- the daemon's start -----------------------------------------------------------

/// How long `version` and `info` wait for the first look at the machine; each program that is asked
/// for its version gets less.
inline constexpr caf::timespan facts_learned = span(10s);

// -- the watchdog ---------------------------------------------------------------

/// A handler that holds its thread.
inline constexpr caf::timespan held_thread = span(100ms);
/// How often everything else is looked at, while something is going on.
inline constexpr caf::timespan watch_round = span(1s);
/// An I/O thread that was asked to show itself and does not come.
inline constexpr caf::timespan still_thread = span(2s);
/// A task of a worker pool whose thread has not moved for this long.
inline constexpr caf::timespan still_worker = span(3s);
/// A request whose answer is one value, and due soon; or one whose answer takes what it takes
/// (stop, commit, ...), before its head.
inline constexpr caf::timespan late_answer = span(4s);
inline constexpr caf::timespan very_late_answer = span(30s);
/// Messages that wait in a mailbox, the oldest of them for `old_message`.
inline constexpr std::uint64_t mailbox = 1000;
inline constexpr caf::timespan old_message = span(500ms);
/// A stall that lasts this long is an event for the daemon's clients.
inline constexpr caf::timespan grave_stall = span(2s);

// -- inspection -----------------------------------------------------------------

/// An actor's own answer to `describe`.
inline constexpr caf::timespan describe = span(500ms);
/// What the inspection waits for an actor's answer, before it answers without.
inline constexpr caf::timespan inspected_facts = span(200ms);
/// Connections to the inspection; a new one takes the place of the one that has rested longest.
inline constexpr std::size_t inspect_clients = 32;
/// How many of them may follow events.
inline constexpr std::size_t inspect_followers = 8;
/// Bytes of answers on their way to all clients of the inspection; with more, none is made.
inline constexpr std::size_t inspect_bytes = 64 * 1024 * 1024;
/// A whole request to the inspection, TLS handshake, head or body.
inline constexpr caf::timespan inspect_request = span(10s);
/// A client of the inspection that takes nothing of its answer.
inline constexpr caf::timespan inspect_stall = span(30s);
/// A kept-alive connection to the inspection without a request.
inline constexpr caf::timespan inspect_rest = span(60s);
/// Bytes of a request's head, and of its body.
inline constexpr std::size_t inspect_head = 16 * 1024;
inline constexpr std::size_t inspect_body = 64 * 1024;
/// How often those who follow events get what there is, and a sign of life when there is nothing.
inline constexpr caf::timespan inspect_tick = span(100ms);
inline constexpr caf::timespan inspect_sign = span(15s);

} // namespace gantry::limits
