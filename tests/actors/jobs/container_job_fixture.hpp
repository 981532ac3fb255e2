#pragma once

#include "actors/containers/container_actor.hpp"
#include "actors/containers/container_services.hpp"
#include "protocol/container/container_view.hpp"
#include "tests/actors/jobs/job_fixture.hpp"
#include "tests/actors/jobs/stream_client.hpp"
#include "tests/protocol/container/view_builder.hpp"
#include "tests/support/temp_dir.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace gantry::test {

/// The id of many a container here.
inline const std::string id_a(64, 'a');

/// What stands in the place of a container's actor has been asked, and how it answers.
struct fake_container {
  std::mutex mutex;
  std::vector<std::string> asked; ///< `start limit=130s`, `rename /db`, ...
  /// What becomes of a request about its life; empty: it is done.
  std::function<void(const containers::life_request_ptr&)> life;
  std::optional<api_error> refusal; ///< of other requests
  containers::attach_session_actor session;
};

/// The jobs about containers in an engine, with containers that only look like some.
class container_job_fixture : public job_fixture {
public:
  container_job_fixture();
  ~container_job_fixture();

  /// Shows a container and starts its actor.
  std::shared_ptr<fake_container> add(container::container_view view);
  /// The same of `make_view(digit, name)` in that state.
  std::shared_ptr<fake_container>
  add(char digit, const std::string& name,
      container::container_status status = container::container_status::running);

  /// The kind and the text of a job's failure, `kind: text`; `ok` if there is none.
  std::string outcome(std::string name, std::vector<std::string> args = {},
                      job::env environment = {});
  /// Starts a job whose answer is a stream.
  core::request_id stream(job::request what, const std::shared_ptr<stream_client>& client);
  /// What was asked of a container.
  static std::vector<std::string> asked_of(fake_container& container);
  /// The events, `TYPE ACTION key=value...`, since the last call.
  std::vector<std::string> take_events();
  /// Ends a container's actor, though it is still shown.
  void kill(const std::string& id);

  temp_dir dir;
  containers::container_services given;
  containers::container_setup setup;

private:
  std::mutex mutex_;
  std::vector<api::event> events_;
  std::vector<containers::container_actor> actors_;
};

} // namespace gantry::test
