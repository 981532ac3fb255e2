#pragma once

#include "protocol/container/config.hpp"
#include "protocol/container/container_view.hpp"
#include "protocol/oci/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Health checks of containers as values: when the next probe is due and what follows from its
/// result. Source: Engine API behaviour, section 9.5.
namespace gantry::container {

/// A container's health check, with the defaults in the place of what is not said.
struct health_settings {
  using nanoseconds = std::chrono::nanoseconds;

  std::vector<std::string> command; ///< of a probe; not empty
  nanoseconds interval = std::chrono::seconds{30};
  nanoseconds timeout = std::chrono::seconds{30};
  nanoseconds start_period{0}; ///< failures in it do not count before the first success
  nanoseconds start_interval = std::chrono::seconds{5}; ///< between probes in the start period
  std::int64_t retries = 3; ///< failures in a row that make it unhealthy
};

/// Nothing if there is no check: no test, `NONE`, a test of an unknown kind or without a command.
std::optional<health_settings> health_settings_of(const container_config& config);

/// Probes whose results are kept.
inline constexpr std::size_t health_log_entries = 5;
/// Bytes that are kept of what a probe writes.
inline constexpr std::size_t probe_output_bytes = 4096;

/// How healthy a container is that has just been started. The log of its last run stays.
health_view health_at_start(std::optional<health_view> before);

/// How healthy a container is whose probes have ended, because it has ended or is paused.
health_view health_at_end(health_view before);

/// The probes of one container while it runs.
class health_check {
public:
  /// Goes on from `view`. `started`: the container.
  health_check(health_settings settings, health_view view, const oci::instant& started)
      : settings_(std::move(settings)), view_(std::move(view)), started_(started) {}

  const health_settings& settings() const noexcept { return settings_; }
  const health_view& view() const noexcept { return view_; }

  /// The time from now, which is the end of a probe or the beginning, until the next probe.
  std::chrono::nanoseconds pause(const oci::instant& now) const;

  /// A probe has ended.
  void probed(health_result result);

private:
  bool in_start_period(const oci::instant& when) const;

  health_settings settings_;
  health_view view_;
  oci::instant started_;
};

/// What is kept of a probe's output: its beginning.
class probe_output {
public:
  void add(std::string_view bytes);
  /// True if something was left out: nothing more will be kept.
  bool is_cut() const noexcept { return cut_; }
  /// With `...` at its end if it is cut.
  std::string text() const { return cut_ ? kept_ + "..." : kept_; }

private:
  std::string kept_;
  bool cut_ = false;
};

/// What is shown of a probe that took too long: `Health check exceeded timeout (1.5s)`, and the
/// output behind a colon if there is some.
std::string probe_timeout_text(std::chrono::nanoseconds timeout, const probe_output& output);

} // namespace gantry::container
