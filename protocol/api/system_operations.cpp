#include "protocol/api/operations.hpp"

#include "protocol/api/events.hpp"
#include "protocol/api/json.hpp"
#include "protocol/api/payloads.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace gantry::api {

namespace {

// Jobs that 1.2.0 let be called with arguments: `?a=x&a=y` (clause H1).
job::request with_arguments(std::string name, const call& in) {
  job::request job{std::move(name), {}, {}};
  if (in.matched.age == era::legacy)
    for (auto argument : in.query.all("a"))
      job.args.emplace_back(argument);
  return job;
}

// The headers that told of such a call (clause H2).
void add_job_headers(const match& m, std::string_view name, http::response& out) {
  if (m.age != era::legacy)
    return;
  out.headers.emplace_back("Job-Name", name);
  if (auto query = http::parse_query(m.request->query))
    for (auto argument : query->all("a"))
      out.headers.emplace_back("Job-Args", argument);
}

// The JSON output of a job, or null.
boost::json::value take_value(job::reply& reply) {
  auto* value = std::get_if<boost::json::value>(&reply.output);
  return value ? std::move(*value) : boost::json::value{};
}

} // namespace

result<job::request> ping_job(const call&) { return job::request{"ping", {}, {}}; }

void ping_response(const match& m, job::reply&, http::response& out) {
  out.headers.emplace_back("Builder-Version", "1"); // the classic builder: there is no BuildKit
  out.headers.emplace_back("Swarm", "inactive");
  out.headers.emplace_back("Cache-Control", "no-cache, no-store, must-revalidate");
  out.headers.emplace_back("Pragma", "no-cache");
  out.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  if (m.request->method != "HEAD")
    out.body = "OK";
}

result<job::request> version_job(const call& in) { return with_arguments("version", in); }

void version_response(const match& m, job::reply& reply, http::response& out) {
  add_job_headers(m, "version", out);
  reply.output = version_reply(take_value(reply), m.age);
  value_response(m, reply, out);
}

result<job::request> info_job(const call& in) { return with_arguments("info", in); }

void info_response(const match& m, job::reply& reply, http::response& out) {
  add_job_headers(m, "info", out);
  reply.output = m.age == era::legacy ? legacy_info_reply(take_value(reply))
                                      : info_reply(take_value(reply), m.version);
  value_response(m, reply, out);
}

result<job::request> events_job(const call& in) {
  bool legacy = in.matched.age == era::legacy;
  event_range range;
  filters wanted;
  if (legacy) {
    range = parse_legacy_event_range(in.query.get("since"), in.query.get("until"));
  } else {
    auto parsed = parse_event_range(in.query.get("since"), in.query.get("until"), in.now);
    if (!parsed)
      return parsed.error();
    range = *parsed;
    auto f = filters::parse(in.query.get("filters"));
    if (!f)
      return f.error();
    wanted = std::move(*f);
  }
  job::request job{"events", {}, {}};
  if (range.since)
    job.environment.set("since", to_unix_time(*range.since));
  if (range.until)
    job.environment.set("until", to_unix_time(*range.until));
  if (!wanted.empty())
    job.environment.set("filters", wanted.to_json());
  auto shape = legacy ? event_shape::v1_2 : event_shape::today;
  job.environment.set("shape", std::string{to_string(shape)});
  return job;
}

result<job::request> disk_usage_job(const call& in) {
  constexpr std::array<std::string_view, 4> known{"container", "image", "volume", "build-cache"};
  std::vector<std::string> types;
  if (in.matched.version >= api_version{1, 42}) {
    for (auto type : in.query.all("type")) {
      if (std::find(known.begin(), known.end(), type) == known.end())
        return api_error{errc::invalid_parameter, "unknown object type: " + std::string{type}};
      types.emplace_back(type);
    }
  }
  if (types.empty())
    types.assign(known.begin(), known.end());
  job::request job{"disk_usage", {}, {}};
  job.environment.set_list("types", types);
  return job;
}

void disk_usage_response(const match& m, job::reply& reply, http::response& out) {
  reply.output = disk_usage_reply(take_value(reply), m.version);
  value_response(m, reply, out);
}

result<boost::json::value> options_answer(const call&) { return boost::json::value{}; }

result<boost::json::value> upgrade_answer(const call& in) {
  if (in.matched.request->upgrade.empty())
    return api_error{errc::invalid_parameter, "no upgrade proto in request"};
  return not_implemented(*in.matched.target);
}

std::optional<bool> parse_bool(std::string_view text) noexcept {
  for (std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"})
    if (text == yes)
      return true;
  for (std::string_view no : {"0", "f", "F", "FALSE", "false", "False"})
    if (text == no)
      return false;
  return std::nullopt;
}

void value_response(const match& m, job::reply& reply, http::response& out) {
  if (auto* bytes = std::get_if<std::string>(&reply.output)) {
    out.headers.emplace_back("Content-Type", "application/octet-stream");
    out.body = std::move(*bytes);
  } else if (auto* value = std::get_if<boost::json::value>(&reply.output)) {
    out.headers.emplace_back("Content-Type", "application/json");
    append_json(out.body, *value, m.age == era::legacy ? json_form::legacy : json_form::today);
    out.body += '\n';
  }
}

} // namespace gantry::api
