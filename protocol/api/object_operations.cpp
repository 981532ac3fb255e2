#include "protocol/api/operations.hpp"

#include "protocol/api/json.hpp"
#include "protocol/api/payloads.hpp"

#include <optional>
#include <string>
#include <utility>

namespace gantry::api {

namespace {

bool is_legacy(const call& in) { return in.matched.age == era::legacy; }

// The filters of a list; today's era checks them as dockerd does before it looks at any object.
result<filters> read_filters(const call& in, filtered list) {
  auto f = filters::parse(in.query.get("filters"));
  if (!f || is_legacy(in))
    return f;
  if (auto valid = validate(*f, list); !valid)
    return valid.error();
  return f;
}


} // namespace

void set_filters(job::request& job, const filters& f) {
  if (!f.empty())
    job.environment.set("filters", f.to_json());
}

void copy_param(job::request& job, const call& in, std::string_view name) {
  if (auto text = in.query.get(name); !text.empty())
    job.environment.set(std::string{name}, std::string{text});
}

result<job::request> containers_job(const call& in) {
  auto f = read_filters(in, filtered::containers);
  if (!f)
    return f.error();
  job::request job{"containers", {}, {}};
  if (auto limit = in.query.get("limit"); !limit.empty()) {
    auto number = http::parse_int(limit);
    if (!number && !is_legacy(in))
      return number.error();
    job.environment.set_int("limit", number ? *number : 0); // 1.2.0 took garbage for 0
  }
  job.environment.set_bool("all", in.query.flag("all"));
  job.environment.set_bool("size", in.query.flag("size"));
  copy_param(job, in, "since");
  copy_param(job, in, "before");
  set_filters(job, *f);
  return job;
}

void list_response(const match& m, job::reply& reply, http::response& out) {
  auto* list = std::get_if<boost::json::value>(&reply.output);
  if (!list || list->is_null())
    reply.output = boost::json::value(boost::json::array_kind);
  if (m.age == era::legacy) {
    out.headers.emplace_back("Content-Type", "application/json");
    out.body = legacy_list(std::get<boost::json::value>(reply.output));
    return;
  }
  value_response(m, reply, out);
}

result<job::request> container_inspect_job(const call& in) {
  auto name = in.matched.var("name");
  if (name.empty() && !is_legacy(in))
    return invalid("invalid name or ID supplied: \"\"");
  job::request job{"container_inspect", {std::string{name}}, {}};
  if (is_legacy(in))
    job.environment.set_bool("raw", in.matched.version < api_version{1, 12});
  else
    job.environment.set_bool("size", in.query.flag("size"));
  return job;
}

result<job::request> networks_job(const call& in) {
  auto f = read_filters(in, filtered::networks);
  if (!f)
    return f.error();
  job::request job{"networks", {}, {}};
  set_filters(job, *f);
  return job;
}

result<job::request> network_inspect_job(const call& in) {
  job::request job{"network_inspect", {std::string{in.matched.var("id")}}, {}};
  if (auto text = in.query.get("verbose"); !text.empty()) {
    auto verbose = parse_bool(text);
    if (!verbose)
      return invalid("invalid value for verbose: " + std::string{text});
    job.environment.set_bool("verbose", *verbose);
  }
  copy_param(job, in, "scope");
  return job;
}

result<job::request> volumes_job(const call& in) {
  auto f = read_filters(in, filtered::volumes);
  if (!f)
    return f.error();
  job::request job{"volumes", {}, {}};
  set_filters(job, *f);
  return job;
}

void volumes_response(const match& m, job::reply& reply, http::response& out) {
  auto* list = std::get_if<boost::json::value>(&reply.output);
  reply.output = volumes_reply(list ? std::move(*list) : boost::json::value{});
  value_response(m, reply, out);
}

result<job::request> volume_inspect_job(const call& in) {
  return job::request{"volume_inspect", {std::string{in.matched.var("name")}}, {}};
}

} // namespace gantry::api
