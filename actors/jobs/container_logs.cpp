#include "actors/containers/container_services.hpp"
#include "actors/containers/log_setup.hpp"
#include "actors/containers/log_stream.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/container_output.hpp"
#include "actors/runtime/scheduler.hpp"
#include "protocol/api/time.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace gantry::jobs {

namespace {

using containers::container_services;

/// Env `since` or `until`; none: `open`. Errors: invalid_parameter.
result<std::int64_t> log_time(const std::string& text, api::timestamp now, std::int64_t open) {
  if (text.empty())
    return open;
  auto time = api::parse_time(text, now);
  if (!time)
    return time.error();
  return time->time_since_epoch().count();
}

result<logs::log_query> read_log_query(const job::env& environment, api::timestamp now) {
  logs::log_query query;
  query.follow = environment.get_bool("follow");
  // NOTE: what is no number means all.
  if (auto tail = environment.strict_int64("tail"); tail && *tail >= 0)
    query.tail = static_cast<std::uint64_t>(*tail);
  auto since = log_time(environment.get("since"), now, query.since);
  if (!since)
    return since.error();
  query.since = *since;
  const auto& end = environment.get("until");
  auto until = log_time(end == "0" ? std::string{} : end, now, query.until);
  if (!until)
    return until.error();
  query.until = std::max<std::int64_t>(*until, 0); // nothing was logged before 1970
  return query;
}

result<containers::log_stream> stream_of(const container_services& services,
                                         const job::request& asked) {
  const auto& environment = asked.environment;
  containers::log_stream stream;
  auto& format = stream.format;
  format.out = environment.get_bool("stdout");
  format.err = environment.get_bool("stderr");
  if (!format.out && !format.err)
    return invalid("Bad parameters: you must choose at least one stream");
  format.timestamps = environment.get_bool("timestamps");
  format.details = environment.get_bool("details");
  auto found = named_container(*services.all, asked);
  if (!found)
    return found.error();
  const auto& view = (*found)->view;
  if (view.state.status == container::container_status::removing ||
      view.state.status == container::container_status::dead)
    return api_error{errc::conflict,
                     "can not get logs from container which is dead or marked for removal"};
  auto query = read_log_query(environment, services.images.time());
  if (!query)
    return query.error();
  stream.query = *query;
  const auto paths = paths_of(services, view.id);
  auto files = containers::log_files_of(view.host_config->log_config, paths);
  if (!files)
    return files.error();
  stream.files = std::move(*files);
  if (stream.files.driver == monitor::log_driver::none)
    return api_error{errc::not_implemented, "configured logging driver does not support reading"};
  if (view.state.pid != 0)
    stream.control_socket = paths.control_socket().string();
  format.framed = has_frames(view, environment);
  stream.content_type = output_type(format.framed, environment);
  return stream;
}

} // namespace

result<void> add_container_logs_job(engine::job_table& table, const container_services& services) {
  return table.add("container_logs",
                   engine::job_handler{[services](caf::local_actor* engine,
                                                  engine::job_run run) -> core::job_actor {
                     auto stream = stream_of(services, {run.name(), run.args(), run.environment()});
                     if (!stream)
                       return engine::function_job([why = stream.error()](engine::job_run& r) {
                         r.fail(why);
                       })(engine, std::move(run));
                     auto& io = runtime::scheduler::of(*services.system)->next_io();
                     return containers::start_log_stream(engine, io, *services.pool, std::move(run),
                                                         std::move(*stream));
                   }});
}

} // namespace gantry::jobs
