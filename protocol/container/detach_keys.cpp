#include "protocol/container/detach_keys.hpp"

#include <optional>
#include <utility>

namespace gantry::container {

namespace {

std::optional<char> key_byte(std::string_view key) {
  constexpr std::string_view control = "@abcdefghijklmnopqrstuvwxyz[\\]^_"; // bytes 0 to 31
  constexpr std::string_view prefix = "ctrl-";
  if (key.size() == 1)
    return key.front();
  if (key.size() != prefix.size() + 1 || !key.starts_with(prefix))
    return std::nullopt;
  const auto at = control.find(key.back());
  return at == std::string_view::npos ? std::nullopt : std::optional{static_cast<char>(at)};
}

} // namespace

result<std::string> parse_detach_keys(std::string_view text) {
  if (text.empty())
    return std::string{default_detach_keys};
  std::string keys;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto byte = key_byte(text.substr(begin, end - begin));
    if (!byte)
      return api_error{errc::invalid_parameter,
                       "Invalid detach keys (" + std::string{text} + ") provided"};
    keys += *byte;
    begin = end + 1;
  }
  return keys;
}

bool detach_key_filter::take(std::string_view input, std::string& out) {
  if (keys_.empty()) {
    out.append(input);
    return false;
  }
  for (std::size_t at = 0; at < input.size();) {
    if (matched_ == 0) {
      const auto first = std::min(input.find(keys_.front(), at), input.size());
      out.append(input.substr(at, first - at));
      at = first;
      if (at == input.size())
        return false;
    }
    if (input[at] == keys_[matched_]) {
      ++at;
      if (++matched_ == keys_.size())
        return true;
    } else {
      finish(out);
      out += input[at++];
    }
  }
  return false;
}

void detach_key_filter::finish(std::string& out) {
  out.append(keys_, 0, std::exchange(matched_, 0));
}

} // namespace gantry::container
