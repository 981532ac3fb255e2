#include "protocol/container/container_view.hpp"

#include <algorithm>
#include <array>

namespace gantry::container {

namespace {

constexpr std::int64_t second = 1'000'000'000;

constexpr std::array<std::string_view, 7> status_names{
    "created", "running", "paused", "restarting", "removing", "exited", "dead"};

// NOTE: a time that was never set lies too far back for nanoseconds.
std::int64_t span(const oci::instant& from, const oci::instant& to) noexcept {
  constexpr std::int64_t longest = 9'000'000'000;
  const auto seconds = std::clamp(to.seconds - from.seconds, -longest, longest);
  return seconds * second + (to.nanoseconds - from.nanoseconds);
}

std::string up(const state_view& state, const oci::instant& now) {
  auto text = "Up " + human_duration(span(state.started_at, now));
  if (state.status == container_status::paused)
    return text + " (Paused)";
  if (!state.health)
    return text;
  const auto& health = state.health->status;
  if (health == "starting")
    return text + " (health: starting)";
  return text + " (" + health + ")";
}

std::string ended(const char* word, const state_view& state, const oci::instant& now) {
  return std::string{word} + " (" + std::to_string(state.exit_code) + ") " +
         human_duration(span(state.finished_at, now)) + " ago";
}

} // namespace

std::string_view to_string(container_status status) noexcept {
  return status_names[static_cast<std::size_t>(status)];
}

std::optional<container_status> parse_container_status(std::string_view text) noexcept {
  const auto found = std::find(status_names.begin(), status_names.end(), text);
  if (found == status_names.end())
    return std::nullopt;
  return static_cast<container_status>(found - status_names.begin());
}

bool is_running(container_status status) noexcept {
  return status == container_status::running || status == container_status::paused ||
         status == container_status::restarting;
}

std::string human_status(const state_view& state, const oci::instant& now) {
  switch (state.status) {
  case container_status::created:
    return "Created";
  case container_status::running:
  case container_status::paused:
    return up(state, now);
  case container_status::restarting:
    return ended("Restarting", state, now);
  case container_status::removing:
    return "Removal In Progress";
  case container_status::dead:
    return "Dead";
  case container_status::exited:
    break;
  }
  if (state.finished_at == oci::zero_instant)
    return {};
  return ended("Exited", state, now);
}

std::string human_duration(std::int64_t nanoseconds) {
  const auto seconds = nanoseconds / second;
  if (seconds < 1)
    return "Less than a second";
  if (seconds == 1)
    return "1 second";
  if (seconds < 60)
    return std::to_string(seconds) + " seconds";
  const auto minutes = seconds / 60;
  if (minutes == 1)
    return "About a minute";
  if (minutes < 60)
    return std::to_string(minutes) + " minutes";
  const auto hours = (seconds + 30 * 60) / 3600; // rounded
  if (hours == 1)
    return "About an hour";
  if (hours < 48)
    return std::to_string(hours) + " hours";
  if (hours < 24 * 7 * 2)
    return std::to_string(hours / 24) + " days";
  if (hours < 24 * 30 * 2)
    return std::to_string(hours / 24 / 7) + " weeks";
  if (hours < 24 * 365 * 2)
    return std::to_string(hours / 24 / 30) + " months";
  return std::to_string(seconds / 3600 / 24 / 365) + " years";
}

} // namespace gantry::container
