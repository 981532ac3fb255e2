#include "actors/host/rlimits.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <algorithm>

using namespace gantry::host;

TEST_CASE("rlimits: the soft limit on open files is raised to the hard one", "[host]") {
  rlimit original{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &original) == 0);
  rlimit lower{std::min<rlim_t>(256, original.rlim_max), original.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &lower) == 0);

  auto raised = raise_nofile_limit();
  auto again = raise_nofile_limit();
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  ::setrlimit(RLIMIT_NOFILE, &original);

  REQUIRE(raised.has_value());
  CHECK(raised->before == lower.rlim_cur);
  CHECK(raised->soft == original.rlim_max);
  CHECK(raised->hard == original.rlim_max);
  CHECK(now.rlim_cur == original.rlim_max);
  REQUIRE(again.has_value());
  CHECK(again->before == original.rlim_max);
}
