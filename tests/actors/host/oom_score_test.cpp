#include "actors/host/oom_score.hpp"

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

using namespace gantry;
using namespace gantry::host;

namespace {

int oom_score_of_this_process() {
  std::ifstream file{"/proc/self/oom_score_adj"};
  int score = -9999;
  file >> score;
  return score;
}

} // namespace

TEST_CASE("oom score: the kernel knows it afterwards", "[host]") {
  // A child's, for going back down may need a capability.
  auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0)
    ::_exit(set_oom_score(700) && oom_score_of_this_process() == 700 ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("oom score: what the kernel refuses is told", "[host]") {
  auto beyond = set_oom_score(1001);
  REQUIRE_FALSE(beyond.has_value());
  CHECK(beyond.error().message == "cannot set the OOM score to 1001: write "
                                  "'/proc/self/oom_score_adj': Invalid argument");
  auto absent = set_oom_score(1, "/nonexistent/score");
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().kind == errc::not_found);
}
