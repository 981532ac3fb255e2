#pragma once

#include "protocol/error.hpp"
#include "protocol/text.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Inside of protocol/oci: JSON as Go's encoding/json takes it and writes it.
namespace gantry::oci::detail {

/// Reads one JSON value and nothing after it (`trailing`: and whatever after it). Bytes that are
/// not UTF-8 are let through. Errors: invalid_parameter with what is wrong.
result<boost::json::value> parse_json(std::string_view text, bool trailing = false);

/// The members of an object as they stand, each with the compact text of its value: what Go makes
/// of a map of json.RawMessage. `text` has to be an object that `parse_json` reads; a name that is
/// there twice comes twice.
std::vector<std::pair<std::string, std::string>> split_object(std::string_view text);

/// Takes typed values out of JSON as Go decodes them: names in any case, unknown ones passed over,
/// null leaves things as they are, everything else has to be of the right type. The first mismatch
/// is kept, later reads do nothing.
class decoder {
public:
  /// `root` is what error texts call the whole: `Image`.
  explicit decoder(std::string_view root) : root_{root} {}

  /// Calls `on_member(lower_case_name, value)` for each member. `type` is what Go calls it.
  template <class F>
  void object(const boost::json::value& v, std::string_view type, F&& on_member);

  /// Calls `on_element(value)` for each element.
  template <class F>
  void array(const boost::json::value& v, std::string_view type, F&& on_element);

  void read(const boost::json::value& v, std::string& out);
  void read(const boost::json::value& v, bool& out);
  void read(const boost::json::value& v, std::int64_t& out);
  void read(const boost::json::value& v, std::optional<std::int64_t>& out);
  void read(const boost::json::value& v, std::vector<std::string>& out);
  void read(const boost::json::value& v, std::optional<std::vector<std::string>>& out);
  void read(const boost::json::value& v, std::map<std::string, std::string>& out);
  void read(const boost::json::value& v, std::optional<std::map<std::string, std::string>>& out);
  void read(const boost::json::value& v, std::optional<std::set<std::string>>& out);

  /// Like a list of strings, and a single string is a list of one (Docker's StrSlice).
  void read_command(const boost::json::value& v, std::optional<std::vector<std::string>>& out);

  /// Notes that the value in hand is not of that type.
  void mismatch(const boost::json::value& v, std::string_view type);

  /// Notes that something else is wrong.
  void fail(api_error error);

  /// The name of the member in hand as it was written. Only inside of `object`'s function.
  const std::string& member_name() const noexcept { return path_.back(); }

  bool failed() const noexcept { return error_.has_value(); }

  /// What was wrong first. Only if `failed()`.
  const api_error& error() const noexcept { return *error_; }

private:
  std::string root_;
  std::vector<std::string> path_; // names of the members in hand
  std::optional<api_error> error_;
};

/// `gantry::lower`.
inline std::string lower_case(std::string_view name) { return lower(name); }

/// `text` with U+FFFD for every byte that is no UTF-8.
std::string mended(std::string_view text);

template <class F>
void decoder::object(const boost::json::value& v, std::string_view type, F&& on_member) {
  if (v.is_null() || failed())
    return;
  const auto* members = v.if_object();
  if (!members)
    return mismatch(v, type);
  for (const auto& member : *members) {
    path_.push_back(mended(member.key()));
    on_member(std::string_view{lower(member.key())}, member.value());
    path_.pop_back();
  }
}

template <class F>
void decoder::array(const boost::json::value& v, std::string_view type, F&& on_element) {
  if (v.is_null() || failed())
    return;
  const auto* elements = v.if_array();
  if (!elements)
    return mismatch(v, type);
  for (const auto& element : *elements)
    on_element(element);
}

} // namespace gantry::oci::detail
