#pragma once

#include "protocol/stream/json_text.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// Inside of protocol/oci: compact JSON as Go's json.Marshal writes it.
namespace gantry::oci::detail {

inline void append(std::string& out, std::string_view text) {
  stream::append_json_string(out, text);
}
inline void append(std::string& out, const std::string& text) {
  stream::append_json_string(out, text);
}
inline void append(std::string& out, bool value) { out += value ? "true" : "false"; }
inline void append(std::string& out, std::int64_t value) { out += std::to_string(value); }

inline void append(std::string& out, const std::vector<std::string>& list) {
  out += '[';
  for (const auto& element : list) {
    if (&element != list.data())
      out += ',';
    append(out, element);
  }
  out += ']';
}

inline void append(std::string& out, const std::map<std::string, std::string>& members) {
  char separator = '{';
  for (const auto& [key, value] : members) {
    out += separator;
    separator = ',';
    append(out, key);
    out += ':';
    append(out, value);
  }
  out += separator == '{' ? "{}" : "}";
}

inline void append(std::string& out, const std::set<std::string>& members) {
  char separator = '{';
  for (const auto& key : members) {
    out += separator;
    separator = ',';
    append(out, key);
    out += ":{}";
  }
  out += separator == '{' ? "{}" : "}";
}

template <class T>
void append(std::string& out, const std::optional<T>& value) {
  if (value)
    append(out, *value);
  else
    out += "null";
}

/// Writes one object: made before its first member, ended by its destructor.
class object_writer {
public:
  explicit object_writer(std::string& out) : out_{out} { out_ += '{'; }
  ~object_writer() { out_ += '}'; }
  object_writer(const object_writer&) = delete;
  object_writer& operator=(const object_writer&) = delete;

  /// Writes a name; what is appended to the text next is its value.
  std::string& key(std::string_view name) {
    if (!first_)
      out_ += ',';
    first_ = false;
    append(out_, name);
    out_ += ':';
    return out_;
  }

  template <class T>
  void member(std::string_view name, const T& value) {
    append(key(name), value);
  }

  /// The same unless the value is Go's zero: "", 0, false, null or empty.
  template <class T>
  void member_if_set(std::string_view name, const T& value) {
    if (is_set(value))
      member(name, value);
  }

private:
  template <class T>
  static bool is_set(const std::optional<T>& value) {
    return value && is_set(*value);
  }
  // NOTE: a Go pointer to 0 is no zero.
  static bool is_set(const std::optional<std::int64_t>& value) { return value.has_value(); }

  template <class T>
  static bool is_set(const T& value) {
    if constexpr (std::is_arithmetic_v<T>)
      return value != T{};
    else
      return !value.empty();
  }

  std::string& out_;
  bool first_ = true;
};

} // namespace gantry::oci::detail
