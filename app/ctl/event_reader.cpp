#include "app/ctl/event_reader.hpp"

#include <cstddef>
#include <utility>

namespace gantry::ctl {

namespace {

constexpr std::size_t largest_event = std::size_t{1} << 20;

} // namespace

result<std::vector<server_event>> event_reader::feed(std::string_view bytes) {
  std::vector<server_event> out;
  for (char c : bytes) {
    if (c == '\n' && std::exchange(after_cr_, false))
      continue;
    after_cr_ = c == '\r';
    if (c == '\r' || c == '\n')
      take_line(std::exchange(line_, {}), out);
    else
      line_ += c;
    if (line_.size() + event_.data.size() > largest_event)
      return invalid("an event of more than 1 MiB");
  }
  return out;
}

void event_reader::take_line(std::string_view line, std::vector<server_event>& out) {
  if (line.empty()) {
    if (std::exchange(has_data_, false)) {
      if (event_.name.empty())
        event_.name = "message";
      out.push_back(std::move(event_));
    }
    event_ = {};
    return;
  }
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' '))
    value.remove_prefix(1);
  if (name == "event") {
    event_.name = value;
  } else if (name == "data") {
    if (std::exchange(has_data_, true))
      event_.data += '\n';
    event_.data += value;
  }
}

} // namespace gantry::ctl
