#include "protocol/container/health.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;
using namespace std::chrono_literals;

namespace {

using words = std::vector<std::string>;

constexpr oci::instant began{1'700'000'000, 500'000'000, 0};

oci::instant later(std::chrono::milliseconds by) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(by + 500ms);
  return {began.seconds + whole.count(),
          static_cast<std::int32_t>((by + 500ms - whole).count() * 1'000'000), 0};
}

container_config config_with(oci::healthcheck check) {
  container_config c;
  c.healthcheck = std::move(check);
  return c;
}

health_result result_at(std::chrono::milliseconds start, std::int64_t code) {
  return {later(start), later(start + 10ms), code, std::to_string(start.count())};
}

health_settings settings_with(std::int64_t retries, std::chrono::nanoseconds start_period = 0s) {
  health_settings s;
  s.command = {"probe"};
  s.retries = retries;
  s.start_period = start_period;
  return s;
}

} // namespace

TEST_CASE("health: what is not said has defaults", "[protocol][container]") {
  auto s = health_settings_of(config_with({{{"CMD", "a", "b c"}}, 0, 0, 0, 0, 0})).value();
  CHECK(s.command == words{"a", "b c"});
  CHECK(s.interval == 30s);
  CHECK(s.timeout == 30s);
  CHECK(s.start_period == 0s);
  CHECK(s.start_interval == 5s);
  CHECK(s.retries == 3);
  s = health_settings_of(config_with({{{"CMD-SHELL", "a | b"}}, 1000000, 2, 3, 4, 5})).value();
  CHECK(s.command == words{"/bin/sh", "-c", "a | b"});
  CHECK(s.interval == 1ms);
  CHECK(s.timeout == 2ns);
  CHECK(s.start_period == 3ns);
  CHECK(s.start_interval == 4ns);
  CHECK(s.retries == 5);
}

TEST_CASE("health: a line is for the container's own shell, if it has one",
          "[protocol][container]") {
  auto config = config_with({{{"CMD-SHELL", "true"}}, 0, 0, 0, 0, 0});
  config.shell = {{"bash", "-o", "pipefail", "-c"}};
  CHECK(health_settings_of(config)->command == words{"bash", "-o", "pipefail", "-c", "true"});
  config.shell->clear();
  CHECK(health_settings_of(config)->command == words{"/bin/sh", "-c", "true"});
}

TEST_CASE("health: there is no check without a test that can be run", "[protocol][container]") {
  CHECK_FALSE(health_settings_of({}));
  CHECK_FALSE(health_settings_of(config_with({})));
  for (const auto& test :
       {words{}, words{"NONE"}, words{"NONE", "x"}, words{"CMD"}, words{"FOO", "x"}}) {
    CAPTURE(test);
    CHECK_FALSE(health_settings_of(config_with({test, 0, 0, 0, 0, 0})));
  }
}

TEST_CASE("health: one success is enough, failures in a row have to be many",
          "[protocol][container]") {
  health_check check{settings_with(2), health_at_start({}), began};
  CHECK(check.view() == health_view{"starting", 0, {}});
  const struct {
    std::int64_t code;
    const char* status;
    std::int64_t streak;
  } rows[] = {
      {1, "starting", 1}, {1, "unhealthy", 2},   {7, "unhealthy", 3},
      {0, "healthy", 0},  {-1, "healthy", 1},    {0, "healthy", 0},
      {1, "healthy", 1},  {137, "unhealthy", 2}, {0, "healthy", 0},
  };
  auto at = 0ms;
  for (const auto& row : rows) {
    check.probed(result_at(at += 30s, row.code));
    CHECK(check.view().status == row.status);
    CHECK(check.view().failing_streak == row.streak);
  }
}

TEST_CASE("health: the last five results are kept", "[protocol][container]") {
  health_check check{settings_with(3), health_at_start({}), began};
  for (auto at = 1s; at <= 7s; at += 1s)
    check.probed(result_at(at, 1));
  const auto& log = check.view().log;
  REQUIRE(log.size() == 5);
  CHECK(log.front() == result_at(3s, 1));
  CHECK(log.back() == result_at(7s, 1));
}

TEST_CASE("health: failures that began in the start period do not count before a success",
          "[protocol][container]") {
  health_check check{settings_with(1, 10s), health_at_start({}), began};
  check.probed(result_at(1s, 1));
  check.probed(result_at(9999ms, 1));
  CHECK(check.view().status == "starting");
  CHECK(check.view().failing_streak == 0);
  CHECK(check.view().log.size() == 2);
  SECTION("after it they do") {
    check.probed(result_at(10s, 1));
    CHECK(check.view().status == "unhealthy");
  }
  SECTION("after a success they do, too") {
    check.probed(result_at(3s, 0));
    CHECK(check.view().status == "healthy");
    check.probed(result_at(4s, 1));
    CHECK(check.view().status == "unhealthy");
    CHECK(check.view().failing_streak == 1);
  }
}

TEST_CASE("health: a clock that was set back makes no start period", "[protocol][container]") {
  health_check check{settings_with(1), health_at_start({}), began};
  check.probed(result_at(-5s, 1));
  CHECK(check.view().status == "unhealthy");
}

TEST_CASE("health: in the start period probes come in their own rhythm", "[protocol][container]") {
  health_check check{settings_with(1, 10s), health_at_start({}), began};
  CHECK(check.pause(began) == 5s);
  CHECK(check.pause(later(9999ms)) == 5s);
  CHECK(check.pause(later(10s)) == 30s);
  CHECK(check.pause({began.seconds + 40'000'000'000, 0, 0}) == 30s);
  check.probed(result_at(1s, 0));
  CHECK(check.pause(later(2s)) == 30s);
  const health_check without{settings_with(1), health_at_start({}), began};
  CHECK(without.pause(began) == 30s);
}

TEST_CASE("health: a restart begins anew but keeps the log", "[protocol][container]") {
  const health_view before{"healthy", 2, {result_at(1s, 1)}};
  CHECK(health_at_start(before) == health_view{"starting", 0, before.log});
  CHECK(health_at_end(before) == health_view{"unhealthy", 2, before.log});
}

TEST_CASE("health: the beginning of a probe's output is kept", "[protocol][container]") {
  probe_output output;
  CHECK(output.text().empty());
  output.add("a");
  output.add({});
  output.add(std::string(probe_output_bytes - 1, 'b'));
  CHECK_FALSE(output.is_cut());
  CHECK(output.text().size() == 4096);
  output.add("c");
  output.add("d");
  CHECK(output.is_cut());
  CHECK(output.text() == "a" + std::string(4095, 'b') + "...");
  probe_output one_piece;
  one_piece.add(std::string(5000, 'x'));
  CHECK(one_piece.text() == std::string(4096, 'x') + "...");
}

TEST_CASE("health: what a time-out says", "[protocol][container]") {
  probe_output output;
  CHECK(probe_timeout_text(1s, output) == "Health check exceeded timeout (1s)");
  CHECK(probe_timeout_text(1500ms, output) == "Health check exceeded timeout (1.5s)");
  output.add("so far\n");
  CHECK(probe_timeout_text(90s, output) == "Health check exceeded timeout (1m30s): so far\n");
}
