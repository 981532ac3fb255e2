#include "actors/jobs/setup_wait.hpp"

#include <utility>

namespace gantry::jobs {

start_work once_setup_is_known(const containers::container_services& services, start_work start) {
  return [setup = services.setup, start = std::move(start)](const job::request& asked,
                                                            tell_outcome tell) -> result<void> {
    const auto waits = setup.when_known([start, asked, tell] {
      if (auto begun = start(asked, tell); !begun)
        tell(begun.error());
    });
    if (!waits)
      return api_error{errc::unavailable, asked.name + ": too many wait until it is known what "
                                                       "this machine can do; try again later"};
    return {};
  };
}

} // namespace gantry::jobs
