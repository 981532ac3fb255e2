#pragma once

#include "protocol/error.hpp"
#include "protocol/http/body_decoder.hpp"
#include "protocol/http/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::http {

/// Takes the answer to one GET, POST, PUT or DELETE apart as it comes (RFC 9112 §4, §6, §7.1), as
/// strictly as `request_parser` takes requests. One per answer. Not thread-safe.
class response_parser {
public:
  explicit response_parser(limits bounds = {}) noexcept : bounds_(bounds) {}

  /// Takes the next bytes; appends content of the body to `body`. Bytes behind the end are not
  /// looked at. True once the answer is whole: for one that only the end of the connection ends,
  /// `finish` says so. Interim answers (1xx) are passed over. Errors (invalid_parameter):
  /// `malformed status line`, `malformed header field`, `head too large`, ...
  result<bool> feed(std::string_view bytes, std::string& body);

  /// The connection has ended. Error (invalid_parameter): `it ended before its end`.
  result<void> finish();

  bool head_done() const noexcept { return head_done_; }
  bool done() const noexcept { return done_; }

  /// Only once the head is done: 200 to 999.
  int status() const noexcept { return status_; }
  /// Value of the first field of that name (any case), or "".
  std::string_view header(std::string_view name) const noexcept;

private:
  result<void> take_head(std::string_view head);
  result<void> take_fields(std::string_view lines);
  result<void> frame();

  limits bounds_;
  std::string head_; ///< bytes of a head that is not whole
  int status_ = 0;
  std::vector<std::pair<std::string, std::string>> fields_;
  body_decoder decoder_;
  bool head_done_ = false;
  bool until_close_ = false;
  bool done_ = false;
};

} // namespace gantry::http
