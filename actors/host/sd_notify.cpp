#include "actors/host/sd_notify.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <ctime>

namespace gantry::host {

result<void> sd_notifier::reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  auto microseconds = static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  return send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

result<void> sd_notifier::status(std::string_view text) const {
  std::string line = "STATUS=" + std::string{text};
  for (char& c : line)
    if (static_cast<unsigned char>(c) < ' ' ||
        c == 0x7f) // a line break would start another variable
      c = ' ';
  return send(line);
}

result<void> sd_notifier::send(std::string_view state) const {
  if (socket_.empty())
    return api_error{errc::unavailable, "No socket"};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  bool abstract = socket_.front() == '@';
  if ((!abstract && socket_.front() != '/') ||
      socket_.size() > sizeof(address.sun_path) - (abstract ? 0 : 1))
    return api_error{errc::invalid_parameter, "notify '" + socket_ + "': not a socket address"};
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (abstract)
    address.sun_path[0] = '\0';
  auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size() + (abstract ? 0 : 1));

  unique_fd fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!fd)
    return errno_error("socket", errno);
  timeval limit{.tv_sec = 5, .tv_usec = 0};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0)
    return errno_error("setsockopt", errno);
  ssize_t sent = 0;
  do
    sent = ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&address), length);
  while (sent < 0 && errno == EINTR);
  if (sent < 0)
    return errno_error("notify", socket_, errno);
  return {};
}

} // namespace gantry::host
