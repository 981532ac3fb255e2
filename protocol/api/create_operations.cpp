#include "protocol/api/operations.hpp"

#include <string>

namespace gantry::api {

result<job::request> container_create_job(const call& in) {
  job::request job{"container_create", {}, {}};
  copy_param(job, in, "name");
  if (in.matched.version >= api_version{1, 41})
    copy_param(job, in, "platform");
  job.environment.set("version", to_string(in.matched.version));
  job.environment.set("body", std::string{in.body});
  return job;
}

void container_created_response(const match& m, job::reply& reply, http::response& out) {
  value_response(m, reply, out);
  out.status = 201;
}

} // namespace gantry::api
