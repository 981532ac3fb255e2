#include "protocol/api/operations.hpp"

#include "protocol/api/container_payloads.hpp"
#include "protocol/api/json.hpp"
#include "protocol/http/media_type.hpp"
#include "protocol/http/websocket.hpp"
#include "protocol/text.hpp"

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace gantry::api {

namespace {

constexpr std::string_view json_type = "application/json";

bool is_old(const call& in) { return in.matched.age == era::legacy; }

// A job about the container of the path.
job::request about_container(std::string name, const call& in) {
  return {std::move(name), {std::string{in.matched.var("name")}}, {}};
}

void set_version(job::request& job, const call& in) {
  job.environment.set("version", to_string(in.matched.version));
}

// Booleans of the query, each as it is called there.
template <std::size_t N>
void copy_flags(job::request& job, const call& in, const std::array<std::string_view, N>& names) {
  for (auto name : names)
    job.environment.set_bool(std::string{name}, in.query.flag(name));
}

// What an answer with output is like: without a terminal it has frames, which the oldest clients do
// not know (clause Y11), and its media type says so since 1.42 if it is the client's way to look.
void set_framing(job::request& job, const call& in, bool looked_at = true) {
  job.environment.set_bool("framed", in.matched.version >= api_version{1, 6});
  job.environment.set_bool("announced", looked_at && in.matched.version >= api_version{1, 42});
}

// Signal and time of what stops a container.
result<job::request> ending_job(std::string name, const call& in) {
  auto job = about_container(std::move(name), in);
  if (in.matched.version >= api_version{1, 42})
    copy_param(job, in, "signal");
  const auto text = in.query.get("t");
  if (text.empty()) {
    if (is_old(in))
      job.environment.set_int("t", 0); // clause K-4
    return job;
  }
  auto seconds = http::parse_int(text);
  if (!seconds)
    return seconds.error();
  job.environment.set_int("t", *seconds);
  return job;
}

// True if 1.2.0 would have had to change the container before it started it.
bool says_something(const boost::json::value& v) {
  if (const auto* object = v.if_object()) {
    for (const auto& member : *object)
      if (says_something(member.value()))
        return true;
    return false;
  }
  if (const auto* list = v.if_array())
    return !list->empty();
  if (const auto* text = v.if_string())
    return !text->empty();
  if (const auto* flag = v.if_bool())
    return *flag;
  if (const auto* number = v.if_int64())
    return *number != 0;
  return !v.is_null();
}

// A host configuration, which 1.2.0 took at the start; today it belongs to create.
result<void> check_old_start(const call& in) {
  if (in.body.empty() || in.matched.request->framing == http::body_framing::chunked)
    return {};
  auto type = http::parse_media_type(in.matched.request->header("Content-Type"));
  if (!type || type->type != json_type)
    return api_error{errc::system, "Content-Type of application/json is required"};
  auto config = parse_json(in.body);
  if (!config)
    return config.error();
  if (says_something(*config))
    return api_error{errc::not_implemented,
                     "a host configuration at start is not implemented by this daemon: give it to "
                     "create"};
  return {};
}

result<void> check_start(const call& in) {
  constexpr std::size_t longest_ignored = 7;
  if (is_old(in))
    return check_old_start(in);
  if (in.matched.request->framing == http::body_framing::chunked ||
      in.body.size() > longest_ignored)
    return invalid("starting container with non-empty request body was deprecated since API v1.22 "
                   "and removed in v1.24");
  if (!in.query.get("checkpoint").empty())
    return invalid("checkpoint is only supported in experimental mode");
  return {};
}

result<std::int64_t> terminal_size(const call& in, std::string_view key, std::string_view what) {
  const auto text = in.query.get(key);
  auto size = http::parse_uint(text, std::numeric_limits<std::uint32_t>::max());
  if (size)
    return static_cast<std::int64_t>(*size);
  std::string reason = "invalid resize ";
  reason.append(what).append(" ").append(quoted(text)).append(": ").append(size.error().message);
  return invalid(std::move(reason));
}

// JSON that a job has written as its client wants it.
void json_text(std::string text, http::response& out) {
  out.headers.emplace_back("Content-Type", json_type);
  out.body = std::move(text);
}

std::string* text_of(job::reply& reply) { return std::get_if<std::string>(&reply.output); }

} // namespace

// -- lists and inspection -------------------------------------------------------------------------

result<job::request> containers_job(const call& in) {
  auto f = list_filters(in, filtered::containers);
  if (!f)
    return f.error();
  job::request job{"containers", {}, {}};
  if (auto limit = in.query.get("limit"); !limit.empty()) {
    auto number = http::parse_int(limit);
    if (!number && !is_old(in))
      return number.error();
    job.environment.set_int("limit", number ? *number : 0); // 1.2.0 took garbage for 0
  }
  copy_flags(job, in, std::to_array<std::string_view>({"all", "size"}));
  if (is_old(in)) { // today they are filters
    copy_param(job, in, "since");
    copy_param(job, in, "before");
  }
  set_filters(job, *f);
  set_version(job, in);
  return job;
}

void containers_response(const match& m, job::reply& reply, http::response& out) {
  auto* rows = text_of(reply);
  if (!rows)
    return list_response(m, reply, out);
  if (m.age == era::legacy)
    return json_text(legacy_container_list(*rows), out);
  json_text(std::move(*rows), out);
  out.body += '\n';
}

result<job::request> container_inspect_job(const call& in) {
  auto name = in.matched.var("name");
  if (name.empty() && !is_old(in))
    return invalid("invalid name or ID supplied: \"\"");
  auto job = about_container("container_inspect", in);
  if (!is_old(in))
    copy_flags(job, in, std::to_array<std::string_view>({"size"}));
  set_version(job, in);
  return job;
}

void container_inspect_response(const match& m, job::reply& reply, http::response& out) {
  auto* shown = text_of(reply);
  if (!shown)
    return value_response(m, reply, out);
  if (m.age == era::legacy)
    return json_text(legacy_container(*shown, m.version), out);
  json_text(std::move(*shown), out);
  out.body += '\n';
}

result<job::request> container_top_job(const call& in) {
  auto job = about_container("container_top", in);
  copy_param(job, in, "ps_args");
  return job;
}

result<job::request> container_stats_job(const call& in) {
  auto job = about_container("container_stats", in);
  job.environment.set_bool("stream", in.query.flag("stream", true));
  job.environment.set_bool("one-shot",
                           in.matched.version >= api_version{1, 41} && in.query.flag("one-shot"));
  return job;
}

// -- its life -------------------------------------------------------------------------------------

result<job::request> container_start_job(const call& in) {
  if (auto good = check_start(in); !good)
    return good.error();
  return about_container("container_start", in);
}

result<job::request> container_stop_job(const call& in) { return ending_job("container_stop", in); }

result<job::request> container_restart_job(const call& in) {
  return ending_job("container_restart", in);
}

result<job::request> container_kill_job(const call& in) {
  auto job = about_container("container_kill", in);
  copy_param(job, in, "signal");
  return job;
}

result<job::request> container_pause_job(const call& in) {
  return about_container("container_pause", in);
}

result<job::request> container_unpause_job(const call& in) {
  return about_container("container_unpause", in);
}

result<job::request> container_wait_job(const call& in) {
  auto job = about_container("container_wait", in);
  const auto early = in.matched.version >= api_version{1, 30};
  if (early)
    copy_param(job, in, "condition");
  job.environment.set_bool("early", early);
  if (is_old(in))
    job.environment.set("shape", "1.2");
  return job;
}

result<job::request> container_remove_job(const call& in) {
  auto job = about_container("container_remove", in);
  copy_flags(job, in, std::to_array<std::string_view>({"force", "v", "link"}));
  return job;
}

result<job::request> container_prune_job(const call& in) {
  constexpr std::array<std::string_view, 3> known{"label", "label!", "until"};
  auto f = filters::parse(in.query.get("filters"));
  if (!f)
    return f.error();
  if (auto keys = f->allow_only(known); !keys)
    return keys.error();
  if (f->values("until").size() > 1)
    return invalid("more than one until filter specified");
  job::request job{"container_prune", {}, {}};
  set_filters(job, *f);
  return job;
}

// -- its settings ---------------------------------------------------------------------------------

result<job::request> container_rename_job(const call& in) {
  auto job = about_container("container_rename", in);
  copy_param(job, in, "name");
  return job;
}

result<job::request> container_update_job(const call& in) {
  auto job = about_container("container_update", in);
  set_version(job, in);
  job.environment.set("body", std::string{in.body});
  return job;
}

namespace {

result<job::request> with_size(job::request job, const call& in) {
  auto height = terminal_size(in, "h", "height");
  if (!height)
    return height.error();
  auto width = terminal_size(in, "w", "width");
  if (!width)
    return width.error();
  job.environment.set_int("h", *height);
  job.environment.set_int("w", *width);
  return job;
}

} // namespace

result<job::request> container_resize_job(const call& in) {
  return with_size(about_container("container_resize", in), in);
}

// -- its output -----------------------------------------------------------------------------------

result<job::request> container_logs_job(const call& in) {
  if (!in.query.flag("stdout") && !in.query.flag("stderr"))
    return invalid("Bad parameters: you must choose at least one stream");
  auto job = about_container("container_logs", in);
  copy_flags(job, in,
             std::to_array<std::string_view>({"stdout", "stderr", "follow", "timestamps"}));
  copy_param(job, in, "tail");
  if (!is_old(in)) {
    copy_flags(job, in, std::to_array<std::string_view>({"details"}));
    copy_param(job, in, "since");
    copy_param(job, in, "until");
  }
  set_framing(job, in);
  return job;
}

result<job::request> container_attach_job(const call& in) {
  auto job = about_container("container_attach", in);
  copy_flags(job, in,
             std::to_array<std::string_view>({"stdin", "stdout", "stderr", "logs", "stream"}));
  copy_param(job, in, "detachKeys");
  // NOTE: dockerd tells of frames only those who ask for an upgrade.
  set_framing(job, in, !in.matched.request->upgrade.empty());
  return job;
}

result<job::request> container_websocket_job(const call& in) {
  if (auto good = http::check_websocket_request(*in.matched.request); !good)
    return good.error();
  auto job = about_container("container_attach", in);
  copy_flags(job, in, std::to_array<std::string_view>({"logs", "stream"}));
  constexpr auto streams = std::to_array<std::string_view>({"stdin", "stdout", "stderr"});
  if (in.matched.version >= api_version{1, 42})
    copy_flags(job, in, streams);
  else // NOTE: whatever the client said
    for (const auto stream : streams)
      job.environment.set_bool(std::string{stream}, true);
  copy_param(job, in, "detachKeys");
  job.environment.set("websocket", in.matched.version >= api_version{1, 28} ? "binary" : "text");
  return job;
}

// -- execs ----------------------------------------------------------------------------------------

namespace {

// A job about the exec of the path.
job::request about_exec(std::string name, const call& in) {
  return {std::move(name), {std::string{in.matched.var("id")}}, {}};
}

void set_body(job::request& job, const call& in) {
  set_version(job, in);
  job.environment.set("body", std::string{in.body});
}

} // namespace

result<job::request> exec_create_job(const call& in) {
  auto job = about_container("exec_create", in);
  set_body(job, in);
  return job;
}

result<job::request> exec_inspect_job(const call& in) { return about_exec("exec_inspect", in); }

result<job::request> exec_resize_job(const call& in) {
  return with_size(about_exec("exec_resize", in), in);
}

result<job::request> exec_start_job(const call& in) {
  auto job = about_exec("exec_start", in);
  set_body(job, in);
  set_framing(job, in, !in.matched.request->upgrade.empty());
  return job;
}

void no_content_response(const match&, job::reply&, http::response& out) { out.status = 204; }

} // namespace gantry::api
