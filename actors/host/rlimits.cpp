#include "actors/host/rlimits.hpp"

#include "actors/host/errno_text.hpp"

#include <sys/resource.h>

#include <cerrno>

namespace gantry::host {

result<nofile_limit> raise_nofile_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return errno_error("getrlimit", errno);
  auto before = limit.rlim_cur;
  if (limit.rlim_cur != limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
      return errno_error("setrlimit", errno);
  }
  return nofile_limit{before, limit.rlim_cur, limit.rlim_max};
}

} // namespace gantry::host
