#pragma once

#include "actors/containers/shared_containers.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/builtins.hpp"
#include "actors/runtime/scheduler.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "tests/support/sends.hpp"

#include <boost/json/value.hpp>
#include <caf/actor_system.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gantry::test {

/// Facts as no machine has them, so that their way can be followed.
jobs::daemon_facts made_up_facts();

/// Whether the machine has been looked at.
enum class look { done, not_yet };

/// The builtin jobs in an engine on our own scheduler with a real worker pool.
class job_fixture {
public:
  explicit job_fixture(look machine = look::done);
  job_fixture(const job_fixture&) = delete;
  job_fixture& operator=(const job_fixture&) = delete;
  ~job_fixture();

  /// Puts an engine with these jobs in the place of the present one.
  void start_engine(engine::job_table table);

  /// Starts a job; its number is what `cancel_job` takes.
  std::future<job::reply> start(job::request what, core::request_id id = core::next_request_id());

  static job::reply wait(std::future<job::reply> answer);

  job::reply run(std::string name, std::vector<std::string> args = {}, job::env environment = {});

  /// The JSON output of a job that has to succeed.
  boost::json::value value(std::string name, std::vector<std::string> args = {},
                           job::env environment = {});

  /// The bytes of a job that has to succeed.
  std::string text(std::string name, std::vector<std::string> args = {}, job::env environment = {});

private:
  runtime::worker_pool pool_{2, 16};
  runtime::system_config config_;

public:
  caf::actor_system sys{config_};
  std::shared_ptr<jobs::shared_facts> facts =
      std::make_shared<jobs::shared_facts>(jobs::daemon_facts{});
  /// The containers that `info` counts.
  std::shared_ptr<containers::shared_containers> shown =
      std::make_shared<containers::shared_containers>();
  jobs::builtin_services services;
  core::engine_actor engine;
};

} // namespace gantry::test
