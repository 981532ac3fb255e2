#pragma once

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace gantry::test {

/// The value of that series (`name{label="x"}`) in an exposition; `missing` if it is not there,
/// which is an error if there is none.
inline double value_of(std::string_view text, const std::string& series,
                       std::optional<double> missing = std::nullopt) {
  const auto line = '\n' + series + ' ';
  const auto at = text.find(line);
  if (at == text.npos && missing)
    return *missing;
  INFO(series);
  REQUIRE(at != text.npos);
  REQUIRE(text.find(line, at + 1) == text.npos);
  const auto begin = at + line.size();
  return std::stod(std::string{text.substr(begin, text.find('\n', begin) - begin)});
}

} // namespace gantry::test
