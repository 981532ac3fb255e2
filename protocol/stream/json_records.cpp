#include "protocol/stream/json_records.hpp"

namespace gantry::stream {

void append_record(std::string& out, std::string_view json, record_form form) {
  json = json.substr(0, json.find_last_not_of(" \t\r\n") + 1); // npos + 1 == 0
  if (form == record_form::sequence)
    out += '\x1e';
  out += json;
  if (form == record_form::crlf)
    out += "\r\n";
  else if (form != record_form::concatenated)
    out += '\n';
}

std::size_t object_splitter::find_end(std::string_view bytes) noexcept {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (in_string_) {
      if (escaped_)
        escaped_ = false;
      else if (c == '\\')
        escaped_ = true;
      else if (c == '"')
        in_string_ = false;
    } else if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if ((c == '}' || c == ']') && --depth_ == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

result<std::optional<std::string_view>> object_splitter::next(std::string_view& input) {
  const auto fail = [this](std::string text) {
    failure_ = api_error{errc::invalid_parameter, std::move(text)};
    return *failure_;
  };
  if (failure_)
    return *failure_;
  if (taken_) {
    pending_.clear();
    taken_ = false;
  }
  if (depth_ == 0) {
    const auto begin = input.find_first_not_of(" \t\r\n\x1e");
    if (begin == std::string_view::npos) {
      input = {};
      return std::optional<std::string_view>{};
    }
    input.remove_prefix(begin);
    if (input.front() != '{')
      return fail(std::string{"expected an object, got '"} + input.front() + "'");
  }
  const auto room = max_bytes_ - pending_.size();
  const auto bytes = input.substr(0, room);
  const auto end = find_end(bytes);
  if (end == std::string_view::npos) {
    if (input.size() > room)
      return fail("larger than " + std::to_string(max_bytes_) + " bytes");
    pending_ += bytes;
    input = {};
    return std::optional<std::string_view>{};
  }
  auto object = bytes.substr(0, end);
  input.remove_prefix(end);
  if (!pending_.empty()) {
    pending_ += object;
    object = pending_;
    taken_ = true;
  }
  return std::optional{object};
}

result<void> object_splitter::finish() const {
  if (failure_)
    return *failure_;
  if (depth_ != 0)
    return api_error{errc::invalid_parameter, "unexpected EOF"};
  return {};
}

} // namespace gantry::stream
