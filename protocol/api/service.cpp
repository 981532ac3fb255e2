#include "protocol/api/service.hpp"

#include "protocol/api/json.hpp"
#include "protocol/api/operations.hpp"
#include "protocol/base64.hpp"
#include "protocol/http/media_type.hpp"
#include "protocol/http/response_writer.hpp"
#include "protocol/http/websocket.hpp"
#include "protocol/mux/table.hpp"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace gantry::api {

namespace {

using header_list = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view text_type = "text/plain; charset=utf-8";

// What an answer looks like besides its era.
enum class error_form : std::uint8_t {
  json,     // {"message":...}
  text,     // the text and a newline
  sniffing, // the same, with the header by which browsers do not guess the type
  raw,      // the text as the stream would have had it
};

void fill_error(http::response& out, int status, std::string_view text, error_form form) {
  out.status = status;
  if (status == 304) // a status and nothing else
    return;
  if (form == error_form::json) {
    out.headers.emplace_back("Content-Type", "application/json");
    out.body = error_body(text);
    return;
  }
  if (form == error_form::raw) {
    out.headers.emplace_back("Content-Type", "application/vnd.docker.raw-stream");
    out.body.append(text).append("\r\n");
    return;
  }
  out.headers.emplace_back("Content-Type", text_type);
  if (form == error_form::sniffing)
    out.headers.emplace_back("X-Content-Type-Options", "nosniff");
  out.body = text;
  out.body += '\n';
}

// Status by the words of a text (clause K-1); 0 if none is in it.
int legacy_status(std::string_view text) noexcept {
  constexpr std::array<std::pair<std::string_view, int>, 6> words{{
      {"No such", 404},
      {"Bad parameter", 400},
      {"Conflict", 409},
      {"Impossible", 406},
      {"Wrong login/password", 401},
      {"hasn't been activated", 403},
  }};
  for (auto [word, status] : words)
    if (text.find(word) != std::string_view::npos)
      return status;
  return 0;
}

// Status of the 1.2.0 era. Its words come first; then what a kind says, except that malformed
// requests were 500 like everything else.
int legacy_status(const api_error& error) noexcept {
  if (error.kind == errc::not_modified)
    return 304;
  if (int status = legacy_status(error.message))
    return status;
  return error.kind == errc::invalid_parameter ? 500 : http_status(error.kind);
}

// The version in `/v1.14/...`; nothing if the path has no such prefix.
std::optional<std::string_view> version_prefix(std::string_view path) noexcept {
  if (!path.starts_with("/v"))
    return std::nullopt;
  path.remove_prefix(2);
  auto end = path.find_first_not_of("0123456789.");
  if (end == 0 || end == std::string_view::npos || path[end] != '/')
    return std::nullopt;
  return path.substr(0, end);
}

bool is_offered(const route& r, era e) noexcept {
  return r.eras == offered::both || (r.eras == offered::legacy) == (e == era::legacy);
}

bool reads_body(const route& r) noexcept {
  return r.body == body_kind::json || r.body == body_kind::optional_json ||
         r.body == body_kind::bytes;
}

// The rules of section 2 for a body of one JSON object.
result<void> check_json_body(const match& m, std::string_view body) {
  bool announced = !body.empty() || m.request->framing == http::body_framing::chunked;
  if (announced) {
    auto sent = m.request->header("Content-Type");
    auto type = http::parse_media_type(sent);
    if (!type && !sent.empty())
      return invalid("malformed Content-Type header (" + std::string{sent} +
                     "): " + type.error().message);
    if (!type || type->type != "application/json")
      return invalid("unsupported Content-Type header (" + std::string{sent} +
                     "): must be 'application/json'");
  }
  if (body.empty()) {
    if (m.target->body == body_kind::json)
      return invalid("invalid JSON: got EOF while reading request body");
    return {};
  }
  auto parsed = parse_json(body);
  if (!parsed) {
    auto reason = parsed.error().message;
    if (reason != "unexpected content after JSON")
      reason.insert(0, "invalid JSON: ");
    return invalid(std::move(reason));
  }
  return {};
}

} // namespace

struct service::impl {
  explicit impl(config c);

  http::response start() const;
  http::response start(const match& m) const;
  http::response make_constant(std::string_view method) const;
  http::response refuse_version(std::string_view sent, const std::string& text,
                                error_form form) const;
  http::response not_found(const http::request& request) const;
  error_form form_for(const match& m) const noexcept;
  http::response error(const match& m, const api_error& e) const;
  resolution answer(match m) const;

  config cfg;
  mux::table table;
  header_list version_headers; // Server, Api-Version, Ostype, and CORS if it is on
  header_list routed_headers;  // the same with Docker-Experimental
  header_list debug_headers;   // of /debug: no CORS
  header_list legacy_headers;  // CORS as 1.2.0 and 1.6 had it
  http::response ping_get;
  http::response ping_head;
};

namespace {

mux::table make_table(bool debug) {
  mux::router router;
  auto all = routes();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& r = all[i];
    if (r.kind == route_class::debug && !debug)
      continue;
    for (std::string_view prefix : {"/v{version:[0-9.]+}", ""}) {
      std::string path{prefix};
      path += r.path;
      auto& added = router.handle(path, i);
      if (r.method != "*")
        added.methods({r.method});
    }
  }
  return std::move(router).freeze().value();
}

} // namespace

service::impl::impl(config c) : cfg(std::move(c)), table(make_table(cfg.debug)) {
  if (cfg.server.empty())
    cfg.server = "Docker/" + cfg.engine_version + " (" + cfg.os + ")";
  header_list base{
      {"Api-Version", to_string(newest_version)}, {"Ostype", cfg.os}, {"Server", cfg.server}};
  std::pair<std::string, std::string> experimental{"Docker-Experimental",
                                                   cfg.experimental ? "true" : "false"};
  header_list cors;
  header_list legacy_cors;
  if (!cfg.cors_header.empty()) {
    cors = {{"Access-Control-Allow-Origin", cfg.cors_header},
            {"Access-Control-Allow-Headers",
             "Origin, X-Requested-With, Content-Type, Accept, X-Registry-Auth"},
            {"Access-Control-Allow-Methods", "HEAD, GET, POST, DELETE, PUT, OPTIONS"}};
    legacy_cors = cors;
    legacy_cors.back().second = "GET, POST, DELETE, PUT, OPTIONS";
  }
  auto join = [](header_list a, const header_list& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  version_headers = join(base, cors);
  base.push_back(std::move(experimental));
  debug_headers = base;
  routed_headers = join(base, cors);
  legacy_headers = join(base, legacy_cors);
  ping_get = make_constant("GET");
  ping_head = make_constant("HEAD");
}

// A good reply without anything of its own.
http::response service::impl::start() const { return {200, routed_headers, {}}; }

http::response service::impl::start(const match& m) const {
  http::response out;
  const auto& base = m.target->kind == route_class::debug ? debug_headers
                     : m.age == era::legacy               ? legacy_headers
                                                          : routed_headers;
  out.headers.reserve(base.size() + 6);
  out.headers = base;
  return out;
}

http::response service::impl::make_constant(std::string_view method) const {
  http::request request;
  request.method = method;
  match m;
  m.request = &request;
  auto out = start();
  job::reply ok;
  ping_response(m, ok, out);
  http::seal_headers(out);
  return out;
}

error_form service::impl::form_for(const match& m) const noexcept {
  // NOTE: dockerd has taken the connection by then.
  if (m.target->to_job == container_attach_job && m.age != era::legacy)
    return error_form::raw;
  bool text = m.age == era::legacy || m.target->kind == route_class::debug;
  return text ? error_form::text : error_form::json;
}

http::response service::impl::error(const match& m, const api_error& e) const {
  auto out = start(m);
  int status = m.age == era::legacy ? legacy_status(e) : http_status(e.kind);
  if (e.kind == errc::none)
    status = 500;
  fill_error(out, status, e.message, form_for(m));
  if (m.target->reply == reply_kind::websocket)
    out.headers.emplace_back("Sec-WebSocket-Version", http::websocket_version);
  return out;
}

http::response service::impl::not_found(const http::request& request) const {
  http::response out;
  auto prefix = version_prefix(request.path);
  auto version = prefix ? parse_version(*prefix) : newest_version;
  if (version <= newest_legacy_version)
    fill_error(out, 404, "404 page not found", error_form::text);
  else
    fill_error(out, 404, "page not found",
               version < oldest_version ? error_form::sniffing : error_form::json);
  return out;
}

http::response service::impl::refuse_version(std::string_view sent, const std::string& text,
                                             error_form form) const {
  http::response out{400, version_headers, {}};
  std::string message = "client version ";
  message.append(sent).append(text);
  fill_error(out, 400, message, form);
  return out;
}

// What a route says without a job.
resolution service::impl::answer(match m) const {
  const auto& r = *m.target;
  if (r.kind == route_class::experimental && !cfg.experimental)
    return error(m, {errc::not_implemented,
                     "This experimental feature is disabled by default. Start the Docker daemon in "
                     "experimental mode in order to enable it."});
  if (!r.is_implemented())
    return error(m, not_implemented(r));
  if (r.answer == nullptr)
    return m;
  auto query = http::parse_query(m.request->query);
  if (!query)
    return error(m, query.error());
  auto said = r.answer({m, *query, {}, {}});
  if (!said)
    return error(m, said.error());
  auto out = start(m);
  if (said->is_null())
    return out;
  job::reply reply;
  reply.output = std::move(*said);
  value_response(m, reply, out);
  return out;
}

service::service(config cfg) : impl_(std::make_unique<impl>(std::move(cfg))) {}

service::~service() = default;

resolution service::resolve(const http::request& request) const {
  if (request.path == "*" && request.method == "OPTIONS")
    return http::response{}; // about the server as a whole; Go answers it without any handler
  mux::request looked{request.method, {}, request.host, request.path, {}, request.query, {}};
  auto found = impl_->table.match(looked);
  if (found.result == mux::outcome::redirect) {
    http::response out{301, {}, {}};
    out.headers.emplace_back("Location", std::move(found.location));
    return out;
  }
  if (found.result != mux::outcome::found)
    return impl_->not_found(request);

  match m;
  m.target = &routes()[*found.payload];
  m.request = &request;
  m.vars = found.vars;
  m.versioned = m.vars.contains("version");
  auto oldest = impl_->cfg.min_version;
  if (m.versioned) {
    auto sent = m.vars.get("version");
    m.version = parse_version(sent);
    if (m.version > newest_version)
      return impl_->refuse_version(
          sent, " is too new. Maximum supported API version is " + to_string(newest_version),
          error_form::json);
    bool legacy = m.version <= newest_legacy_version && oldest <= oldest_version;
    if (legacy)
      m.age = era::legacy;
    else if (m.version < oldest)
      return impl_->refuse_version(
          sent,
          " is too old. Minimum supported API version is " + to_string(oldest) +
              ", please upgrade your client to a newer version",
          m.version < oldest_version ? error_form::sniffing : error_form::json);
  }
  if (!is_offered(*m.target, m.age))
    return impl_->not_found(request);
  if (m.target->to_job != nullptr && m.target->kind != route_class::experimental)
    return m;
  return impl_->answer(std::move(m));
}

std::size_t service::body_limit(const match& m) const noexcept {
  return reads_body(*m.target) ? impl_->cfg.json_limit : 0;
}

result<job::request> service::make_job(const match& m, std::string_view body, timestamp now) const {
  const auto& r = *m.target;
  if (r.to_job == nullptr)
    return not_implemented(r);
  if (reads_body(r) && body.size() > impl_->cfg.json_limit)
    return invalid("request body is larger than " + std::to_string(impl_->cfg.json_limit) +
                   " bytes");
  static const http::form_values none;
  if (m.request->query.empty() && r.body == body_kind::none)
    return r.to_job({m, none, {}, now});
  auto query = http::parse_query(m.request->query);
  if (!query && r.to_job != ping_job && r.kind != route_class::debug)
    return query.error();
  if (r.body == body_kind::json || r.body == body_kind::optional_json)
    if (auto good = check_json_body(m, body); !good)
      return good.error();
  return r.to_job({m, query ? *query : none, body, now});
}

http::response service::make_response(const match& m, job::reply reply) const {
  if (reply.status != job::status_ok) {
    auto kind = reply.kind == errc::none ? errc::system : reply.kind;
    return impl_->error(m, {kind, std::move(reply.error)});
  }
  if (const auto* constant = constant_response(m, reply))
    return *constant;
  auto out = impl_->start(m);
  auto fill = m.target->to_response ? m.target->to_response : value_response;
  fill(m, reply, out);
  return out;
}

const http::response* service::constant_response(const match& m,
                                                 const job::reply& reply) const noexcept {
  if (m.target->to_response != ping_response || reply.status != job::status_ok ||
      m.age == era::legacy)
    return nullptr;
  return m.request->method == "HEAD" ? &impl_->ping_head : &impl_->ping_get;
}

http::response service::stream_head(const match& m, std::string_view content_type,
                                    std::string_view about) const {
  auto out = impl_->start(m);
  if (!about.empty() && !m.target->about_header.empty())
    out.headers.emplace_back(m.target->about_header, base64(about));
  if (!content_type.empty())
    out.headers.emplace_back("Content-Type", content_type);
  return out;
}

http::response service::hijack_headers(const match& m) const {
  return m.target->to_job == exec_start_job ? impl_->start(m) : http::response{};
}

http::response service::error_response(const match& m, const api_error& error) const {
  return impl_->error(m, error);
}

std::optional<std::string> service::client_note(const http::request& request) const {
  auto agent = request.header("User-Agent");
  constexpr std::string_view name = "Docker-Client/";
  if (agent.find(name) == std::string_view::npos)
    return std::nullopt;
  auto slash = agent.find('/');
  auto version = agent.substr(slash + 1);
  if (version.find('/') != std::string_view::npos)
    return std::nullopt;
  version = version.substr(0, version.find(' ')); // since 1.7 ` (linux)` follows
  if (version == impl_->cfg.engine_version)
    return std::nullopt;
  std::string note = "Warning: client and server don't have the same version (client: ";
  note.append(version).append(", server: ").append(impl_->cfg.engine_version).append(")");
  return note;
}

} // namespace gantry::api
