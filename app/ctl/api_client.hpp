#pragma once

#include "app/ctl/stream.hpp"
#include "protocol/http/response_parser.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace gantry::ctl {

/// What came back.
struct reply {
  int status = 0;
  std::string body;
};

/// What is asked, by who hands the answer on.
struct question {
  std::string_view method;
  std::string_view target;
  std::string_view body = {};
  bool goes_on = false; ///< events: after the head nothing has a time
};

/// Asks the inspection API of one daemon; a connection for each call. Blocking. Copies may be used
/// by several threads.
///
/// Errors say what is wrong and what to do: `cannot reach gantryd at unix:///x: connect: No such
/// file or directory; is it running? --host says where it is`. An answer with an error's status is
/// an answer, and nobody being there is `unavailable`.
class api_client {
public:
  struct settings {
    host::listen_address where;
    tls_files files;
    std::chrono::nanoseconds timeout{std::chrono::seconds{5}};
    int cancel = -1; ///< a descriptor: once it can be read calls end with `cancelled`
  };

  explicit api_client(settings how) : how_(std::move(how)) {}

  /// One question and its whole answer, within the timeout. `body` is JSON, or empty.
  result<reply> call(std::string_view method, std::string_view target,
                     std::string_view body = {}) const;

  /// An answer that goes on: hands over its body piece by piece, until it ends, `on_data` answers
  /// false, or it is cancelled; all these are no errors. Only the head has to come within the
  /// timeout. An answer with another status than 200 is returned.
  result<reply> follow(std::string_view target,
                       const std::function<bool(std::string_view)>& on_data) const;

  /// An answer for somebody else: `on_head` gets its head, then `on_data` each piece of its body,
  /// without framing; both answer false to give it up. Head and each piece have to come within the
  /// timeout. True once all of it was there, false if it was given up.
  result<bool> relay(const question& asked,
                     const std::function<bool(const http::response_parser&)>& on_head,
                     const std::function<bool(std::string_view)>& on_data) const;

  /// As messages name the daemon: `unix:///var/run/gantry/inspect.sock`.
  std::string address() const { return to_string(how_.where); }

private:
  class exchange;
  api_error explained(const api_error& error) const;

  settings how_;
};

/// No answer is larger; a hundred thousand actors are a tenth of it.
inline constexpr std::size_t largest_body = std::size_t{512} << 20;

} // namespace gantry::ctl
