#pragma once

#include "actors/core/interfaces.hpp"
#include "tests/support/sends.hpp"

#include <caf/fwd.hpp>
#include <catch2/catch.hpp>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace gantry::test {

/// What a client of a job that streams has seen, and what it sends.
struct stream_client {
  std::mutex mutex;
  std::condition_variable changed;
  std::string input;
  std::size_t given = 0;
  std::string input_error; ///< how its body ends, if not well
  bool silent = false;     ///< sends nothing, and no end
  bool takes = true;       ///< takes what it gets

  std::string output;
  std::string content_type; ///< empty until the answer has begun
  std::optional<job::reply> reply;
  caf::strong_actor_ptr job;
  bool asked = false;
  std::shared_ptr<core::byte_stream> socket; ///< handed over when the job takes it

  /// Waits until the condition holds; it is asked while `mutex` is locked.
  void wait(const std::function<bool()>& condition);
  void wait_for_end();
};

/// Starts the actor of a client.
core::job_client_actor spawn_stream_client(caf::actor_system& sys,
                                           const std::shared_ptr<stream_client>& client);

} // namespace gantry::test
