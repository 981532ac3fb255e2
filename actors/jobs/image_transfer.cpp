#include "actors/jobs/image_transfer.hpp"

#include "actors/jobs/image_jobs.hpp"
#include "protocol/stream/json_message.hpp"

namespace gantry::jobs {

job_transfer::job_transfer(job_streams& streams)
    : io_{[&streams] { return streams.read(); },
          [&streams, this](std::string_view bytes) {
            has_written_ = true;
            return streams.write(bytes);
          },
          [&streams] { return streams.cancelled(); }} {}

result<job_output> job_transfer::end_with(const api_error& error) {
  stream::json_message message;
  message.failure = stream::message_failure{0, error.message};
  if (auto written = io_.write(stream::encode(message)); !written)
    return written.error();
  return job_output{};
}

result<void> add_image_stream_jobs(engine::job_table& table,
                                   const image::image_services& services) {
  if (auto added = add_image_load_job(table, services); !added)
    return added;
  if (auto added = add_image_save_job(table, services); !added)
    return added;
  return add_image_import_job(table, services);
}

} // namespace gantry::jobs
