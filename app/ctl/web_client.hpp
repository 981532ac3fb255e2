#pragma once

#include "actors/host/stream_io.hpp"
#include "actors/host/unique_fd.hpp"
#include "app/ctl/api_client.hpp"
#include "app/ctl/web_gate.hpp"
#include "protocol/http/request_parser.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace gantry::ctl {

/// One connection of a browser to `gantryctl web`: HTTP/1.1, one request at a time. Blocking, for
/// a thread of its own; everything has its time, and ends once `stopping` can be read.
class web_client {
public:
  /// `fd` is nonblocking. `daemon`: where questions go; its `cancel` is not heeded.
  web_client(host::unique_fd fd, web_gate& gate, const api_client::settings& daemon, int stopping);
  web_client(const web_client&) = delete;
  web_client& operator=(const web_client&) = delete;

  /// Serves it to its end.
  void run();

private:
  bool take_head();
  bool take_body();
  void answer();
  void relay(std::string_view method, std::string_view target);
  void respond(const http::response& page);
  void refuse(const http::refusal& why);

  bool read_more(deadline until);
  bool write(std::string_view bytes);
  /// Waits for `events`; false once its time is over or all have to end.
  bool wait(short events, deadline until);

  host::unique_fd fd_;
  host::stream_io io_;
  web_gate& gate_;
  const api_client::settings& daemon_;
  int stopping_;
  http::request_parser parser_;
  std::string in_;
  bool goes_on_ = true;  ///< another request may follow
  bool refused_ = false; ///< what comes now is not listened to

  // The present request.
  std::shared_ptr<const http::request> request_;
  std::string body_;
};

} // namespace gantry::ctl
