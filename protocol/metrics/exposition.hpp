#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::metrics {

/// The Content-Type of an exposition.
inline constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

/// What tells the series of a family apart, in the order in which it is written.
using labels = std::vector<std::pair<std::string_view, std::string>>;

/// A value as Prometheus reads it back: the shortest text, `+Inf`, `-Inf`, `NaN`.
std::string number(double value);

/// Metrics of one name and what they are.
class family {
public:
  enum class kind : std::uint8_t { counter, gauge, histogram };

  family(kind what, std::string name, std::string_view help);

  /// A value. Only of counters and gauges; those of counters never fall. NOTE: whole numbers stay
  /// whole, beyond what a double can hold too.
  void add(const labels& of, double value) { line({}, of, number(value)); }
  void add(const labels& of, std::uint64_t value) { line({}, of, std::to_string(value)); }

  /// A distribution. Only of histograms. `counts`: what is in each bucket alone, one more than
  /// there are `bounds`, which rise: the last is of greater ones.
  void add(const labels& of, std::span<const double> bounds, std::span<const std::uint64_t> counts,
           double sum);

  /// Its lines; nothing without values.
  void write(std::string& out) const;

private:
  void line(std::string_view suffix, const labels& of, std::string_view value,
            std::string_view bound = {});

  kind kind_;
  std::string name_;
  std::string help_;
  std::string lines_;
};

/// Metrics in Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats). Families come by their names,
/// whatever the order they were begun in, and the values of each in the order they were added.
/// Texts are taken as they are: what is not UTF-8 is for the caller to mend.
class exposition {
public:
  /// The family of that name, begun at the first call. `name` and names of labels are of letters,
  /// digits and underscores.
  family& counter(std::string_view name, std::string_view help);
  family& gauge(std::string_view name, std::string_view help);
  family& histogram(std::string_view name, std::string_view help);

  std::string text() const;

private:
  family& of(family::kind what, std::string_view name, std::string_view help);

  std::map<std::string, family, std::less<>> families_;
};

} // namespace gantry::metrics
