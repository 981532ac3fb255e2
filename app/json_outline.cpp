#include "app/json_outline.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace gantry::app {
namespace {

namespace json = boost::json;

/// Sees the parts of a document pass by and remembers the keys of the objects it is in.
class outline {
public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  /// The key that stopped the parser, if it was one.
  const std::string& repeated() const noexcept { return repeated_; }
  bool found_repeated() const noexcept { return found_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    keys_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    keys_.pop_back();
    return true;
  }
  bool on_array_begin(json::error_code& ec) { return demand_object(ec); }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& ec) {
    key_.append(part.data(), part.size());
    if (!keys_.back().insert(key_).second) {
      repeated_ = key_;
      found_ = true;
      ec = json::error::syntax;
      return false;
    }
    key_.clear();
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code& ec) { return demand_object(ec); }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code& ec) { return demand_object(ec); }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code& ec) {
    return demand_object(ec);
  }
  bool on_double(double, json::string_view, json::error_code& ec) { return demand_object(ec); }
  bool on_bool(bool, json::error_code& ec) { return demand_object(ec); }
  bool on_null(json::error_code& ec) { return demand_object(ec); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

private:
  /// Nothing but an object may stand at the top.
  bool demand_object(json::error_code& ec) {
    if (!keys_.empty())
      return true;
    ec = json::error::not_object;
    return false;
  }

  std::vector<std::set<std::string>> keys_; // of the objects we are in, outermost first
  std::string key_;                         // parts of the present key
  std::string repeated_;
  bool found_ = false;
};

std::string place(std::string_view text, std::size_t offset) {
  auto before = text.substr(0, offset);
  auto lines = std::count(before.begin(), before.end(), '\n');
  auto last_line = before.rfind('\n'); // npos + 1 is 0
  return "line " + std::to_string(lines + 1) + ", column " +
         std::to_string(offset - (last_line + 1) + 1) + ": ";
}

} // namespace

result<void> check_json_object(std::string_view text) {
  auto fail = [text](std::size_t offset, const std::string& what) {
    return api_error{errc::invalid_parameter, place(text, offset) + what};
  };

  json::basic_parser<outline> parser{json::parse_options{}};
  json::error_code ec;
  auto offset = parser.write_some(false, text.data(), text.size(), ec);
  if (parser.handler().found_repeated())
    return fail(offset, "the key \"" + parser.handler().repeated() + "\" is given twice");
  if (ec == json::error::not_object)
    return fail(offset, "the configuration must be a JSON object");
  if (ec == json::error::incomplete)
    return fail(text.size(), "unexpected end of the file");
  if (ec)
    return fail(offset, ec.message());
  auto rest = text.find_first_not_of(" \t\r\n", offset);
  if (rest != std::string_view::npos)
    return fail(rest, "nothing may follow the configuration");
  return {};
}

} // namespace gantry::app
