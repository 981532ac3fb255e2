#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/monitor/messages.hpp"
#include "tests/support/temp_dir.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gantry::test {

/// The monitor's end of a connection, in the hands of a test. Never blocks.
class fake_monitor {
public:
  explicit fake_monitor(host::unique_fd fd) : fd_(std::move(fd)) {}

  /// Sends events; fails if the socket does not take them whole.
  template <class... Events>
  void send(const Events&... events) {
    std::string bytes;
    (monitor::encode(bytes, monitor::event{events}), ...);
    send_raw(bytes);
  }
  void send_raw(std::string_view bytes) {
    if (try_send(bytes) != bytes.size())
      throw std::runtime_error("the link takes nothing");
  }
  /// How much of it went.
  std::size_t try_send(std::string_view bytes) {
    const auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }

  /// What has been asked, each as `NAME` or `NAME DETAILS`, since the last call.
  std::vector<std::string> asked() {
    std::string bytes(4 * 1024 * 1024, '\0');
    const auto n = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    ended_ = ended_ || n == 0;
    std::string_view rest{bytes.data(), static_cast<std::size_t>(n > 0 ? n : 0)};
    std::vector<std::string> names;
    while (auto request = decoder_.next(rest).value())
      names.push_back(name(*request));
    return names;
  }
  /// True if the link has ended the connection, as `asked` found out.
  bool has_ended() const noexcept { return ended_; }
  void disconnect() { fd_.reset(); }

  std::uint32_t last_tag = 0; ///< of the last request that `asked` told
  std::string input;          ///< all of it

private:
  std::string name(const monitor::request& request) {
    std::visit(
        [this](const auto& r) {
          if constexpr (requires { r.tag; })
            last_tag = r.tag;
        },
        request);
    if (const auto* bytes = std::get_if<monitor::input_bytes>(&request)) {
      input += bytes->bytes;
      return "input " + std::to_string(bytes->bytes.size());
    }
    if (const auto* attach = std::get_if<monitor::attach_request>(&request))
      return std::string{"attach"} + (attach->input ? " in" : "") + (attach->out ? " out" : "") +
             (attach->err ? " err" : "") + (attach->unlogged ? " unlogged" : "") + ' ' +
             std::to_string(attach->patience);
    if (const auto* await = std::get_if<monitor::await_log_request>(&request))
      return "await " + std::to_string(await->seen.offset);
    constexpr const char* names[] = {"start",  "resize", "signal",    "reopen",      "attach",
                                     "detach", "input",  "input end", "close input", "await"};
    return names[request.index()];
  }

  host::unique_fd fd_;
  monitor::request_decoder decoder_;
  bool ended_ = false;
};

/// The control socket of monitors that are in the hands of a test.
class fake_control_socket {
public:
  explicit fake_control_socket(int backlog = 16) {
    fd_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto to = address();
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 ||
        ::listen(fd_.get(), backlog) != 0)
      throw std::runtime_error("cannot listen on " + path());
  }

  std::string path() const { return dir_.file("control"); }
  /// The next connection; waits for one if need be.
  fake_monitor accept() {
    pollfd wait{fd_.get(), POLLIN, 0};
    if (::poll(&wait, 1, 30'000) != 1)
      throw std::runtime_error("nobody connects");
    return fake_monitor{host::unique_fd{::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)}};
  }
  bool has_connection() const {
    pollfd wait{fd_.get(), POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
  }
  /// A connection of somebody else's.
  host::unique_fd connect() const {
    host::unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const auto to = address();
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      return {};
    return fd;
  }
  /// The socket's file stays.
  void stop_listening() { fd_.reset(); }

private:
  sockaddr_un address() const {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, path().c_str(), sizeof to.sun_path - 1);
    return to;
  }

  temp_dir dir_;
  host::unique_fd fd_;
};

} // namespace gantry::test
