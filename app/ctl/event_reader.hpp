#pragma once

#include "protocol/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gantry::ctl {

/// One server-sent event.
struct server_event {
  std::string name; ///< `message` if it has none
  std::string data; ///< its lines with line breaks between them

  friend bool operator==(const server_event&, const server_event&) = default;
};

/// Takes a text/event-stream apart as it comes (WHATWG HTML, 9.2): lines end in CR, LF or both;
/// comments, ids and retry times are passed over. Pure.
class event_reader {
public:
  /// The events that are whole by now. Error (invalid_parameter): a line or an event of more than
  /// 1 MiB.
  result<std::vector<server_event>> feed(std::string_view bytes);

private:
  void take_line(std::string_view line, std::vector<server_event>& out);

  std::string line_;
  bool after_cr_ = false;
  server_event event_;
  bool has_data_ = false;
};

} // namespace gantry::ctl
