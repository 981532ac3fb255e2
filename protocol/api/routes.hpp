#pragma once

#include "protocol/api/time.hpp"
#include "protocol/api/version.hpp"
#include "protocol/error.hpp"
#include "protocol/http/form.hpp"
#include "protocol/http/message.hpp"
#include "protocol/job/job.hpp"
#include "protocol/mux/match.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gantry::api {

/// What a route does with the body of its request.
enum class body_kind : std::uint8_t {
  none,          ///< not read
  json,          ///< one JSON object
  optional_json, ///< one JSON object, or nothing
  bytes,         ///< handed to the job's maker whole, as it is
  stream,        ///< handed on as it comes
};

/// How a route answers.
enum class reply_kind : std::uint8_t {
  value,      ///< one value or some bytes, when the job has ended
  late_value, ///< the same; how long that takes is up to the job
  stream,     ///< head at once, then what the job writes
  hijack,     ///< the connection becomes the job's
  websocket,  ///< the connection becomes a WebSocket
};

/// In which eras a route exists.
enum class offered : std::uint8_t { legacy, today, both };

/// Families of routes with ways of their own.
enum class route_class : std::uint8_t {
  plain,
  debug,        ///< only with `config::debug`, any method, no CORS, errors are text
  experimental, ///< refused unless `config::experimental`
};

struct match;

/// A request as a route function sees it.
struct call {
  const match& matched;
  const http::form_values& query;
  std::string_view body;
  timestamp now;
};

/// Turns a request into a job, or into the error it gets without one.
using to_job_fn = result<job::request> (*)(const call&);
/// Answers a request that needs neither a job nor its body. Null: 200 without a body.
using answer_fn = result<boost::json::value> (*)(const call&);
/// Fills `out` (200 and the common headers are there) from what the job said.
using to_response_fn = void (*)(const match&, job::reply&, http::response& out);

/// One route: a line of the table.
struct route {
  std::string_view method; ///< `*`: any
  std::string_view path;   ///< template in the syntax of the mux library
  api_version since;       ///< first version of today's era to have it; not enforced, as in dockerd
  offered eras;
  std::string_view operation; ///< operation id of the Engine API
  body_kind body = body_kind::none;
  reply_kind reply = reply_kind::value;
  to_job_fn to_job = nullptr;
  to_response_fn to_response = nullptr; ///< null: the job's output as it is
  answer_fn answer = nullptr;
  route_class kind = route_class::plain;
  /// The header in which what a stream's job says of its output goes (base64); empty: none.
  std::string_view about_header = {};

  /// False: the daemon answers 501.
  constexpr bool is_implemented() const noexcept { return to_job != nullptr || answer != nullptr; }
};

/// A request that has found its route.
struct match {
  const route* target = nullptr;
  const http::request* request = nullptr; ///< the caller's; outlives this
  mux::variables vars;                    ///< of the path; views into the request
  api_version version = newest_version;
  bool versioned = false; ///< the path had a version prefix
  era age = era::today;

  /// A variable of the path, or "".
  std::string_view var(std::string_view name) const noexcept { return vars.get(name); }
};

/// `OPERATION (METHOD PATH) is not implemented by this daemon`.
api_error not_implemented(const route& r);

/// Every route of Engine API 1.24 to 1.50 and of API 1.14, in the order in which they are tried.
std::span<const route> routes() noexcept;

} // namespace gantry::api
