#pragma once

#include "protocol/api/routes.hpp"
#include "protocol/api/version.hpp"
#include "protocol/error.hpp"
#include "protocol/http/message.hpp"
#include "protocol/job/job.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace gantry::api {

/// What the API layer is told about its daemon.
struct config {
  std::string engine_version;
  std::string os = "linux"; ///< as in Go: `linux`
  std::string arch = "amd64";
  std::string server;      ///< Server header; empty: `Docker/VERSION (OS)`
  std::string cors_header; ///< Access-Control-Allow-Origin; empty: no CORS
  bool debug = false;      ///< offers /debug
  bool experimental = false;
  /// Oldest version of today's era. Raising it above 1.24 ends the 1.2.0 era too.
  api_version min_version = oldest_version;
  std::size_t json_limit = 8 * 1024 * 1024; ///< bytes of a JSON body
};

/// Either the answer, or the route that has it made.
using resolution = std::variant<http::response, match>;

/// The layer between HTTP and jobs: requests in, jobs out; replies in, responses out. Immutable
/// after construction, so one serves all connections and threads.
class service {
public:
  explicit service(config cfg);
  ~service();
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  /// Finds the route. Answers at once what needs no body: unknown paths, refused versions, OPTIONS,
  /// paths that are not clean, operations without a job. `request` outlives the result.
  resolution resolve(const http::request& request) const;

  /// Bytes of body that `make_job` has to be given: none for routes that do not read it or take it
  /// as a stream.
  std::size_t body_limit(const match& m) const noexcept;

  /// Makes the job. `body` is the whole body, `now` the present time. Errors are for
  /// `error_response`.
  result<job::request> make_job(const match& m, std::string_view body, timestamp now) const;

  /// The response to what the job said; failures become error responses.
  http::response make_response(const match& m, job::reply reply) const;

  /// The response if it is one of the few that never change (`/_ping`), else null. Spares the copy
  /// that `make_response` makes; lives as long as the service.
  const http::response* constant_response(const match& m, const job::reply& reply) const noexcept;

  /// Status and headers of a reply whose body is streamed; `about` is what its job says of that
  /// (`route::about_header`). An empty type is not told.
  http::response stream_head(const match& m, std::string_view content_type = "application/json",
                             std::string_view about = {}) const;

  /// The headers in the head of a connection that is handed over, besides its own: all that answers
  /// have for the start of an exec, none for attach (section 5.1).
  http::response hijack_headers(const match& m) const;

  /// The response to a failure, in the form of the request's era.
  http::response error_response(const match& m, const api_error& error) const;

  /// What is worth a debug line: the client says it is of another version. Nothing otherwise.
  std::optional<std::string> client_note(const http::request& request) const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace gantry::api
