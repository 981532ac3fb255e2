#include "protocol/api/operations.hpp"

#include "protocol/api/json.hpp"
#include "protocol/base64.hpp"

#include <string>
#include <utility>
#include <vector>

namespace gantry::api {

namespace {

job::request about_files(std::string name, const call& in) {
  return {std::move(name), {std::string{in.matched.var("name")}}, {}};
}

// A job about one path in a container.
result<job::request> about_path(std::string name, const call& in) {
  const auto path = in.query.get("path");
  if (path.empty())
    return invalid("bad parameter: pathcannot be empty"); // NOTE: as dockerd spells it
  auto job = about_files(std::move(name), in);
  job.environment.set("path", std::string{path});
  return job;
}

} // namespace

result<job::request> container_path_job(const call& in) { return about_path("container_path", in); }

void container_path_response(const match& m, job::reply& reply, http::response& out) {
  if (const auto* facts = std::get_if<std::string>(&reply.output))
    out.headers.emplace_back(m.target->about_header, base64(*facts));
}

result<job::request> container_archive_job(const call& in) {
  return about_path("container_archive", in);
}

result<job::request> container_copy_job(const call& in) {
  auto body = parse_json(in.body);
  if (!body)
    return body.error();
  const auto* object = body->if_object();
  const auto* resource = object ? object->if_contains("Resource") : nullptr;
  if (!resource || !resource->is_string() || resource->get_string().empty())
    return api_error{errc::system, "Path cannot be empty"};
  auto job = about_files("container_archive", in);
  job.environment.set("path", std::string{resource->get_string()});
  return job;
}

result<job::request> container_extract_job(const call& in) {
  auto job = about_path("container_extract", in);
  if (job)
    for (const std::string name : {"noOverwriteDirNonDir", "copyUIDGID"})
      job->environment.set_bool(name, in.query.flag(name));
  return job;
}

void empty_response(const match&, job::reply&, http::response&) {}

result<job::request> container_export_job(const call& in) {
  return about_files("container_export", in);
}

result<job::request> container_changes_job(const call& in) {
  return about_files("container_changes", in);
}

result<job::request> commit_job(const call& in) {
  const bool legacy = in.matched.age == era::legacy;
  job::request job{"commit", {std::string{in.query.get("container")}}, {}};
  for (const auto* name : {"repo", "tag", "comment", "author"})
    copy_param(job, in, name);
  // NOTE: `pause=` is as good as none.
  const bool pauses = !legacy || in.matched.version >= api_version{1, 13};
  const bool says = !in.query.get("pause").empty();
  job.environment.set_bool("pause", says ? in.query.flag("pause") : pauses);
  std::vector<std::string> changes;
  for (auto change : in.query.all("changes"))
    changes.emplace_back(change);
  if (!changes.empty())
    job.environment.set_list("changes", changes);
  if (!in.body.empty())
    job.environment.set("config", std::string{in.body});
  if (legacy)
    job.environment.set("shape", "1.2");
  return job;
}

void commit_response(const match& m, job::reply& reply, http::response& out) {
  value_response(m, reply, out);
  out.status = 201;
}

} // namespace gantry::api
