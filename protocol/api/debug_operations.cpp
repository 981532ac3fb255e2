#include "protocol/api/operations.hpp"

#include "protocol/api/json.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace gantry::api {

namespace {

constexpr std::string_view plain_text = "text/plain; charset=utf-8";

// `heap` of /debug/pprof/heap and /v1.50/debug/pprof/heap; "" of the index.
std::string_view profile_of(const match& m) {
  auto path = m.request->path;
  return path.substr(path.rfind('/') + 1);
}

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

} // namespace

result<job::request> debug_vars_job(const call&) { return job::request{"debug_vars", {}, {}}; }

void debug_vars_response(const match&, job::reply& reply, http::response& out) {
  out.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  if (auto* bytes = std::get_if<std::string>(&reply.output)) {
    out.body = std::move(*bytes);
    return;
  }
  out.body = "{\n";
  auto* value = std::get_if<boost::json::value>(&reply.output);
  if (value && value->is_object()) {
    std::string_view separator;
    for (const auto& [name, member] : value->get_object()) {
      out.body += separator;
      separator = ",\n";
      append_json_string(out.body, name);
      out.body += ": ";
      append_json(out.body, member);
    }
  }
  out.body += "\n}\n";
}

result<job::request> debug_pprof_job(const call& in) {
  job::request job{"debug_pprof", {std::string{profile_of(in.matched)}}, {}};
  for (std::string_view name : {"debug", "seconds"}) {
    auto number = http::parse_int(in.query.get(name));
    job.environment.set_int(std::string{name}, number ? *number : 0);
  }
  auto addresses = in.body.empty() ? in.matched.request->query : in.body;
  job.environment.set("addresses", std::string{addresses});
  return job;
}

void debug_pprof_response(const match& m, job::reply& reply, http::response& out) {
  if (auto* bytes = std::get_if<std::string>(&reply.output))
    out.body = std::move(*bytes);
  auto profile = profile_of(m);
  auto type = plain_text;
  if (profile.empty())
    type = "text/html; charset=utf-8";
  else if (profile == "profile" || profile == "trace" || is_gzip(out.body))
    type = "application/octet-stream";
  out.headers.emplace_back("Content-Type", type);
}

} // namespace gantry::api
