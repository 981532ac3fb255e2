#include "tests/actors/jobs/image_stream_fixture.hpp"

#include "actors/jobs/image_jobs.hpp"
#include "actors/runtime/actor.hpp"

#include <caf/exit_reason.hpp>

#include <utility>

namespace gantry::test {

image_stream_fixture::image_stream_fixture() {
  engine::job_table table;
  jobs::add_image_stream_jobs(table, services).value();
  engine::engine_options options;
  options.log_jobs = false;
  engine = runtime::spawn(sys_, engine::run_engine, std::move(table), options);
}

image_stream_fixture::~image_stream_fixture() {
  caf::anon_send_exit(engine, caf::exit_reason::kill);
}

core::request_id image_stream_fixture::start(job::request what,
                                             const std::shared_ptr<stream_client>& client) {
  auto id = core::next_request_id();
  auto actor = spawn_stream_client(sys_, client);
  caf::anon_send(engine,
                 core::run_job{id, std::move(what), core::to_ptr(actor), nullptr, nullptr, {}});
  return id;
}

std::shared_ptr<stream_client> image_stream_fixture::run(std::string name,
                                                         std::vector<std::string> args,
                                                         job::env environment, std::string input) {
  auto client = std::make_shared<stream_client>();
  client->input = std::move(input);
  start({std::move(name), std::move(args), std::move(environment)}, client);
  client->wait_for_end();
  return client;
}

} // namespace gantry::test
