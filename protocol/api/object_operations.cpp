#include "protocol/api/operations.hpp"

#include "protocol/api/json.hpp"
#include "protocol/api/payloads.hpp"

#include <optional>
#include <string>
#include <utility>

namespace gantry::api {

namespace {

bool is_legacy(const call& in) { return in.matched.age == era::legacy; }

// A job that takes away what matches `filters`.
result<job::request> prune_job(std::string name, const call& in) {
  auto f = filters::parse(in.query.get("filters"));
  if (!f)
    return f.error();
  job::request job{std::move(name), {}, {}};
  set_filters(job, *f);
  return job;
}

} // namespace

result<filters> list_filters(const call& in, filtered list) {
  auto f = filters::parse(in.query.get("filters"));
  if (!f || is_legacy(in))
    return f;
  if (auto valid = validate(*f, list); !valid)
    return valid.error();
  return f;
}

void set_filters(job::request& job, const filters& f) {
  if (!f.empty())
    job.environment.set("filters", f.to_json());
}

void copy_param(job::request& job, const call& in, std::string_view name) {
  if (auto text = in.query.get(name); !text.empty())
    job.environment.set(std::string{name}, std::string{text});
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

result<job::request> networks_job(const call& in) {
  auto f = list_filters(in, filtered::networks);
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
      return invalid("invalid value for verbose: " + std::string{text} +
                     ": strconv.ParseBool: parsing \"" + std::string{text} + "\": invalid syntax");
    job.environment.set_bool("verbose", *verbose);
  }
  copy_param(job, in, "scope");
  return job;
}

result<job::request> volumes_job(const call& in) {
  auto f = list_filters(in, filtered::volumes);
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

result<job::request> volume_create_job(const call& in) {
  if (in.matched.version >= api_version{1, 42})
    if (const auto body = parse_json(in.body); body && body->is_object())
      if (const auto* spec = body->get_object().if_contains("ClusterVolumeSpec");
          spec && !spec->is_null())
        return swarm_job(in);
  job::request job{"volume_create", {}, {}};
  job.environment.set("body", std::string{in.body});
  return job;
}

void volume_created_response(const match& m, job::reply& reply, http::response& out) {
  value_response(m, reply, out);
  out.status = 201;
}

result<job::request> volume_remove_job(const call& in) {
  job::request job{"volume_remove", {std::string{in.matched.var("name")}}, {}};
  job.environment.set_bool("force", in.query.flag("force"));
  return job;
}

result<job::request> volume_prune_job(const call& in) {
  auto job = prune_job("volume_prune", in);
  if (job)
    job->environment.set("version", to_string(in.matched.version));
  return job;
}

result<job::request> network_prune_job(const call& in) { return prune_job("network_prune", in); }

result<job::request> build_prune_job(const call& in) { return prune_job("build_prune", in); }

} // namespace gantry::api
