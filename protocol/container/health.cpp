#include "protocol/container/health.hpp"

#include "protocol/duration.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace gantry::container {

namespace {

using std::chrono::nanoseconds;

nanoseconds or_default(std::int64_t said, nanoseconds otherwise) {
  return said == 0 ? otherwise : nanoseconds{said};
}

/// As far as it can be counted.
nanoseconds between(const oci::instant& from, const oci::instant& to) {
  constexpr std::int64_t second = 1'000'000'000;
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / second - 1;
  const auto seconds = std::clamp(to.seconds - from.seconds, -most, most);
  return nanoseconds{seconds * second + (to.nanoseconds - from.nanoseconds)};
}

} // namespace

std::optional<health_settings> health_settings_of(const container_config& config) {
  if (!config.healthcheck || !config.healthcheck->test || config.healthcheck->test->size() < 2)
    return std::nullopt;
  const auto& check = *config.healthcheck;
  const auto& test = *check.test;
  health_settings s;
  if (test.front() == "CMD-SHELL" && config.shell && !config.shell->empty())
    s.command = *config.shell;
  else if (test.front() == "CMD-SHELL")
    s.command = {"/bin/sh", "-c"};
  else if (test.front() != "CMD")
    return std::nullopt;
  s.command.insert(s.command.end(), test.begin() + 1, test.end());
  s.interval = or_default(check.interval, s.interval);
  s.timeout = or_default(check.timeout, s.timeout);
  s.start_period = or_default(check.start_period, s.start_period);
  s.start_interval = or_default(check.start_interval, s.start_interval);
  if (check.retries > 0)
    s.retries = check.retries;
  return s;
}

health_view health_at_start(std::optional<health_view> before) {
  auto health = std::move(before).value_or(health_view{});
  health.status = "starting";
  health.failing_streak = 0;
  return health;
}

health_view health_at_end(health_view before) {
  before.status = "unhealthy";
  return before;
}

bool health_check::in_start_period(const oci::instant& when) const {
  return settings_.start_period.count() > 0 && view_.status == "starting" &&
         between(started_, when) < settings_.start_period;
}

nanoseconds health_check::pause(const oci::instant& now) const {
  return in_start_period(now) ? settings_.start_interval : settings_.interval;
}

void health_check::probed(health_result result) {
  const auto healthy = result.exit_code == 0;
  const auto counts = !healthy && !in_start_period(result.start);
  auto& log = view_.log;
  log.push_back(std::move(result));
  if (log.size() > health_log_entries)
    log.erase(log.begin(), log.end() - health_log_entries);
  if (healthy) {
    view_.status = "healthy";
    view_.failing_streak = 0;
  } else if (counts && ++view_.failing_streak >= settings_.retries) {
    view_.status = "unhealthy";
  }
}

void probe_output::add(std::string_view bytes) {
  const auto room = probe_output_bytes - kept_.size();
  cut_ = cut_ || bytes.size() > room;
  kept_ += bytes.substr(0, room);
}

std::string probe_timeout_text(nanoseconds timeout, const probe_output& output) {
  auto text = "Health check exceeded timeout (" + go_duration(timeout) + ")";
  if (const auto written = output.text(); !written.empty())
    text += ": " + written;
  return text;
}

} // namespace gantry::container
