#pragma once

#include "actors/image/image_services.hpp"
#include "actors/jobs/image_builtins.hpp"
#include "tests/actors/jobs/job_fixture.hpp"
#include "tests/actors/store/store_fixture.hpp"

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace gantry::test {

/// A value as a client gets it.
std::string text_of(const boost::json::value& v);

/// The `Id` of an image.
std::string id_of(const boost::json::value& image);

/// The builtin jobs and those about images, with a store in a fresh directory. First `files` is
/// filled, then `open` starts the store; the jobs are run after that.
class image_job_fixture : public job_fixture {
public:
  image_job_fixture();
  ~image_job_fixture();

  void open();
  /// Ends the store's actor.
  void kill_store();
  /// Returns when the store has done what it was told before.
  void wait_for_store();

  /// The kind and the text of a job's failure.
  std::pair<errc, std::string> failure(std::string name, std::vector<std::string> args = {},
                                       job::env environment = {});
  /// What was published since the last call.
  std::vector<store::image_event> take_events();

  store_fixture files;
  image::image_services images;
  store::timestamp now{std::chrono::seconds{1'700'000'000}};

private:
  std::mutex mutex_;
  std::vector<store::image_event> events_;
  bool opened_ = false;
};

} // namespace gantry::test
