#include "protocol/api/operations.hpp"

#include "protocol/api/image_payloads.hpp"
#include "protocol/api/json.hpp"
#include "protocol/api/payloads.hpp"
#include "protocol/api/platform.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace gantry::api {

namespace {

bool is_legacy(const call& in) { return in.matched.age == era::legacy; }

bool is_at_least(const call& in, std::uint32_t minor) {
  return in.matched.version >= api_version{1, minor};
}

// A job that speaks as the era does.
job::request shaped(std::string name, std::vector<std::string> args, const call& in) {
  job::request job{std::move(name), std::move(args), {}};
  if (is_legacy(in))
    job.environment.set("shape", "1.2");
  return job;
}

// Such a job about the image of the path.
job::request about_image(std::string name, const call& in) {
  return shaped(std::move(name), {std::string{in.matched.var("name")}}, in);
}

// `platform`, which may be there once; nothing if it is not, or says nothing.
result<std::string> read_platform(const call& in) {
  auto all = in.query.all("platform");
  if (all.size() > 1)
    return invalid("multiple platform parameters not supported");
  if (all.empty() || all.front().empty())
    return std::string{};
  if (auto good = parse_json_platform(all.front()); !good)
    return good.error();
  return std::string{all.front()};
}

// The same for jobs that take a list. Since API 1.48.
result<void> set_platforms(job::request& job, const call& in) {
  if (is_legacy(in) || !is_at_least(in, 48))
    return {};
  auto platform = read_platform(in);
  if (!platform)
    return platform.error();
  if (!platform->empty())
    job.environment.set_list("platforms", {*platform});
  return {};
}

// 1.2.0 knew `dangling` alone, and took what it did not understand for nothing.
result<filters> read_legacy_filters(const call& in) {
  auto sent = filters::parse(in.query.get("filters"));
  if (!sent)
    return sent;
  filters f;
  auto values = sent->values("dangling");
  if (std::any_of(values.begin(), values.end(),
                  [](const std::string& v) { return http::iequals(v, "true"); }))
    f.add("dangling", "true");
  if (auto pattern = in.query.get("filter"); !pattern.empty())
    f.add("reference", pattern);
  return f;
}

result<filters> read_list_filters(const call& in) {
  if (is_legacy(in))
    return read_legacy_filters(in);
  auto f = filters::parse(in.query.get("filters"));
  if (!f)
    return f;
  if (auto valid = validate(*f, filtered::images); !valid)
    return valid.error();
  if (auto pattern = in.query.get("filter"); !is_at_least(in, 41) && !pattern.empty())
    f->add("reference", pattern);
  return f;
}

boost::json::value* value_of(job::reply& reply) {
  return std::get_if<boost::json::value>(&reply.output);
}

// Answers with what `shown` makes of the job's output, or as it is.
template <class F>
void shown_response(const match& m, job::reply& reply, http::response& out, F shown) {
  if (auto* value = value_of(reply))
    reply.output = shown(std::move(*value));
  value_response(m, reply, out);
}

// A list of the 1.2.0 era.
void legacy_list_response(const boost::json::value& rows, http::response& out) {
  out.headers.emplace_back("Content-Type", "application/json");
  out.body = legacy_list(rows);
}

} // namespace

result<job::request> images_job(const call& in) {
  auto f = read_list_filters(in);
  if (!f)
    return f.error();
  job::request job{"images", {}, {}};
  job.environment.set_bool("all", in.query.flag("all"));
  if (!is_legacy(in) && is_at_least(in, 42))
    job.environment.set_bool("shared-size", in.query.flag("shared-size"));
  if (!is_legacy(in) && is_at_least(in, 47))
    job.environment.set_bool("manifests", in.query.flag("manifests"));
  set_filters(job, *f);
  return job;
}

void images_response(const match& m, job::reply& reply, http::response& out) {
  auto* rows = value_of(reply);
  if (m.age == era::legacy)
    return legacy_list_response(
        legacy_image_list_reply(rows ? *rows : boost::json::value{}, m.version), out);
  if (rows)
    *rows = image_list_reply(std::move(*rows), m.version);
  list_response(m, reply, out);
}

result<job::request> image_inspect_job(const call& in) {
  auto job = about_image("image_inspect", in);
  if (is_legacy(in))
    return job;
  bool manifests = is_at_least(in, 48) && in.query.flag("manifests");
  auto platform = in.query.get("platform");
  if (is_at_least(in, 49) && !platform.empty()) {
    if (auto good = parse_json_platform(platform); !good)
      return good.error();
    if (manifests)
      return invalid("conflicting options: manifests and platform options cannot both be set");
    job.environment.set("platform", std::string{platform});
  }
  job.environment.set_bool("manifests", manifests);
  return job;
}

void image_inspect_response(const match& m, job::reply& reply, http::response& out) {
  if (auto* image = value_of(reply);
      image && m.age == era::legacy && m.version < api_version{1, 12}) {
    out.headers.emplace_back("Content-Type", "application/json");
    append_json(out.body, raw_image_reply(*image));
    return;
  }
  shown_response(m, reply, out, [&m](boost::json::value image) {
    return m.age == era::legacy ? legacy_image_reply(image)
                                : image_reply(std::move(image), m.version);
  });
}

result<job::request> image_history_job(const call& in) {
  auto job = about_image("image_history", in);
  auto platform = in.query.get("platform");
  if (is_legacy(in) || !is_at_least(in, 48) || platform.empty())
    return job;
  if (auto good = parse_json_platform(platform); !good)
    return good.error();
  job.environment.set("platform", std::string{platform});
  return job;
}

void image_history_response(const match& m, job::reply& reply, http::response& out) {
  auto* rows = value_of(reply);
  if (m.age == era::legacy)
    return legacy_list_response(legacy_history_reply(rows ? *rows : boost::json::value{}), out);
  list_response(m, reply, out);
}

result<boost::json::value> images_viz_answer(const call&) {
  return api_error{errc::not_found, "This is now implemented in the client."};
}

result<job::request> image_tag_job(const call& in) {
  if (is_legacy(in) && in.query.get("repo").empty())
    return api_error{errc::system, "Repository name can't be empty"};
  auto job = about_image("image_tag", in);
  copy_param(job, in, "repo");
  copy_param(job, in, "tag");
  return job;
}

void created_response(const match&, job::reply&, http::response& out) { out.status = 201; }

result<job::request> image_delete_job(const call& in) {
  auto job = about_image("image_delete", in);
  job.environment.set_bool("force", in.query.flag("force"));
  job.environment.set_bool("noprune", in.query.flag("noprune"));
  if (is_legacy(in))
    return job;
  if (job.args.front().find_first_not_of(" \t\r\n") == std::string::npos)
    return invalid("image name cannot be blank");
  std::vector<std::string> platforms;
  if (is_at_least(in, 50))
    for (auto platform : in.query.all("platforms")) {
      if (auto good = parse_json_platform(platform); !good)
        return good.error();
      platforms.emplace_back(platform);
    }
  if (!platforms.empty())
    job.environment.set_list("platforms", platforms);
  return job;
}

void image_delete_response(const match& m, job::reply& reply, http::response& out) {
  auto* rows = value_of(reply);
  if (m.age == era::legacy)
    return legacy_list_response(legacy_removal_reply(rows ? *rows : boost::json::value{}), out);
  list_response(m, reply, out);
}

result<job::request> image_prune_job(const call& in) {
  constexpr std::array<std::string_view, 4> known{"dangling", "label", "label!", "until"};
  auto f = filters::parse(in.query.get("filters"));
  if (!f)
    return f.error();
  if (auto keys = f->allow_only(known); !keys)
    return keys.error();
  if (auto dangling = f->boolean("dangling"); !dangling)
    return dangling.error();
  if (f->values("until").size() > 1)
    return invalid("more than one until filter specified");
  job::request job{"image_prune", {}, {}};
  set_filters(job, *f);
  return job;
}

result<job::request> image_save_job(const call& in) {
  auto job = about_image("image_save", in);
  if (auto set = set_platforms(job, in); !set)
    return set.error();
  return job;
}

result<job::request> images_save_job(const call& in) {
  job::request job{"image_save", {}, {}};
  for (auto name : in.query.all("names"))
    job.args.emplace_back(name);
  if (auto set = set_platforms(job, in); !set)
    return set.error();
  return job;
}

result<job::request> image_load_job(const call& in) {
  auto job = shaped("image_load", {}, in);
  job.environment.set_bool("quiet", is_legacy(in) || in.query.flag("quiet", true));
  if (auto set = set_platforms(job, in); !set)
    return set.error();
  return job;
}

result<job::request> image_create_job(const call& in) {
  if (!in.query.get("fromImage").empty())
    return api_error{errc::not_implemented,
                     "ImageCreate with fromImage (pull) is not implemented by this daemon"};
  auto job = shaped("image_import", {}, in);
  copy_param(job, in, "fromSrc");
  copy_param(job, in, "repo");
  copy_param(job, in, "tag");
  if (is_legacy(in))
    return job;
  copy_param(job, in, "message");
  if (is_at_least(in, 32))
    copy_param(job, in, "platform");
  std::vector<std::string> changes;
  for (auto change : in.query.all("changes"))
    changes.emplace_back(change);
  if (!changes.empty())
    job.environment.set_list("changes", changes);
  return job;
}

} // namespace gantry::api
