#pragma once

#include "actors/image/transfer.hpp"
#include "actors/jobs/stream_job.hpp"

namespace gantry::jobs {

/// A job's streams as the work with images takes them. Notes whether anything was written, which
/// decides how an error is told.
class job_transfer {
public:
  explicit job_transfer(job_streams& streams);
  job_transfer(const job_transfer&) = delete;
  job_transfer& operator=(const job_transfer&) = delete;

  const image::transfer_streams& streams() const noexcept { return io_; }
  bool has_written() const noexcept { return has_written_; }

  /// Ends a stream of messages by the error, as its last one. Errors: of the client.
  result<job_output> end_with(const api_error& error);

private:
  image::transfer_streams io_;
  bool has_written_ = false;
};

/// `image_load`: loads the archive on its input (section 16.2). Env `quiet` (true unless it is
/// said), `platforms` (a list of at most one: JSON or `linux/arm64`). Errors are messages of the
/// stream, with a status of success, except those of the environment. With env `shape` `1.2` there
/// are no messages, and errors are those of the job.
result<void> add_image_load_job(engine::job_table& table, const image::image_services& services);

/// `image_save NAME...`: writes an archive (section 16.1). Env `platforms`, as for `image_load`.
result<void> add_image_save_job(engine::job_table& table, const image::image_services& services);

/// `image_import`: makes an image of a tar (section 16.3). Env `fromSrc`, `repo`, `tag`, `message`,
/// `changes` (a list), `platform`, and `shape`: `1.2` is told the id without `sha256:`.
result<void> add_image_import_job(engine::job_table& table, const image::image_services& services);

} // namespace gantry::jobs
