#include "protocol/api/operations.hpp"

#include "protocol/api/filters.hpp"
#include "protocol/http/syntax.hpp"
#include "protocol/text.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace gantry::api {

namespace {

api_error no_manager() {
  return {errc::unavailable,
          "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to "
          "connect this node to swarm and try again."};
}

// `swarm` of /swarm/update, `node` of /nodes/{id}/update.
std::string_view kind_of(const match& m) {
  auto path = m.target->path;
  path.remove_prefix(1);
  auto kind = path.substr(0, path.find('/'));
  if (kind.back() == 's')
    kind.remove_suffix(1);
  return kind;
}

} // namespace

result<job::request> swarm_job(const call&) { return no_manager(); }

result<job::request> swarm_list_job(const call& in) {
  if (auto f = filters::parse(in.query.get("filters")); !f)
    return f.error();
  return no_manager();
}

result<job::request> swarm_update_job(const call& in) {
  auto text = in.query.get("version");
  auto version = http::parse_uint(text, std::numeric_limits<std::uint64_t>::max());
  if (version)
    return no_manager();
  auto kind = kind_of(in.matched);
  std::string reason = "invalid ";
  reason.append(kind).append(" version");
  if (kind != "secret" && kind != "config") {
    reason.append(" '").append(text).append("': strconv.ParseUint: parsing ");
    reason.append(quoted(text)).append(": ").append(version.error().message);
  }
  return invalid(std::move(reason));
}

result<job::request> swarm_logs_job(const call& in) {
  // NOTE: 500 and not 400, as dockerd's error of that text is one without a kind.
  if (!in.query.flag("stdout") && !in.query.flag("stderr"))
    return api_error{errc::system, "Bad parameters: you must choose at least one stream"};
  return no_manager();
}

result<job::request> swarm_leave_job(const call&) {
  return api_error{errc::unavailable, "This node is not part of a swarm"};
}

result<job::request> volume_update_job(const call&) {
  return api_error{errc::unavailable,
                   "volume update only valid for cluster volumes, but swarm is unavailable"};
}

result<boost::json::value> plugins_answer(const call& in) {
  auto f = filters::parse(in.query.get("filters"));
  if (!f)
    return f.error();
  if (auto valid = validate(*f, filtered::plugins); !valid)
    return valid.error();
  return boost::json::value(boost::json::array_kind);
}

result<boost::json::value> plugin_answer(const call& in) {
  return api_error{errc::not_found, "plugin " + quoted(in.matched.var("name")) + " not found"};
}

} // namespace gantry::api
