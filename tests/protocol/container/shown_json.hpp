#pragma once

#include "protocol/container/descriptions.hpp"
#include "protocol/error.hpp"

#include <string>
#include <string_view>

namespace gantry::container {

/// The JSON of a value as clients see it.
template <class T>
std::string shown_json(const T& value) {
  std::string out;
  detail::write(out, value);
  detail::unescape_html(out);
  return out;
}

/// Reads what clients send; `root` is what error texts call it.
template <class T>
result<T> read_json(std::string_view text, std::string_view root) {
  const auto json = oci::detail::parse_json(text);
  if (!json)
    return json.error();
  T value;
  detail::decoder d{root};
  detail::read(d, *json, value);
  if (d.failed())
    return d.error();
  return value;
}

} // namespace gantry::container
