#include "app/ctl/stream.hpp"

#include "actors/host/errno_text.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <limits>
#include <thread>
#include <utility>

namespace gantry::ctl {

namespace {

struct free_addresses {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};
using addresses = std::unique_ptr<addrinfo, free_addresses>;

api_error late() { return {errc::unavailable, "no answer in time"}; }
api_error cancelled() { return {errc::unavailable, "cancelled"}; }

result<addresses> look_up(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (code != 0)
    return api_error{errc::not_found, "lookup " + host + ": " +
                                          (code == EAI_SYSTEM ? host::errno_text(errno)
                                                              : std::string{::gai_strerror(code)})};
  return addresses{found};
}

/// NOTE: getaddrinfo(3) has no time limit and cannot be given up: it gets a thread of its own,
/// which is left behind if it takes too long. This program ends soon after that.
result<addresses> look_up(const std::string& host, const std::string& port, deadline until) {
  if (auto numeric = look_up(host, port, AI_NUMERICHOST); numeric)
    return numeric;
  auto promise = std::make_shared<std::promise<result<addresses>>>();
  auto answer = promise->get_future();
  std::thread{[promise, host, port] { promise->set_value(look_up(host, port, 0)); }}.detach();
  if (answer.wait_until(until) != std::future_status::ready)
    return api_error{errc::unavailable, "lookup " + host + ": no answer in time"};
  return answer.get();
}

int milliseconds_until(deadline until) noexcept {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

api_error step_error(std::string_view step, int error) {
  auto failure = host::errno_error(step, error);
  if (error == ECONNREFUSED || error == ENOENT)
    failure.kind = errc::not_found;
  return failure;
}

} // namespace

result<std::unique_ptr<stream>> stream::open(const host::listen_address& where,
                                             const tls_files& files, deadline until, int cancel) {
  std::unique_ptr<stream> made{new stream{cancel}};
  const bool is_unix = where.proto == host::listen_proto::unix_socket;
  auto connected =
      is_unix ? made->connect_unix(where.address, until) : made->connect_tcp(where, until);
  if (connected && !is_unix)
    connected = made->secure(where, files, until);
  if (!connected)
    return connected.error();
  return made;
}

result<void> stream::connect_unix(const std::string& path, deadline until) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    return step_error("connect", ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  return connect(AF_UNIX, &address, sizeof(address), until);
}

result<void> stream::connect_tcp(const host::listen_address& where, deadline until) {
  const auto found = look_up(where.host, std::to_string(where.port), until);
  if (!found)
    return found.error();
  result<void> connected = step_error("connect", EADDRNOTAVAIL);
  for (const auto* each = found->get(); each != nullptr && !connected; each = each->ai_next)
    connected = connect(each->ai_family, each->ai_addr, each->ai_addrlen, until);
  return connected;
}

result<void> stream::connect(int family, const void* address, std::size_t size, deadline until) {
  fd_.reset(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd_)
    return step_error("socket", errno);
  io_.use(fd_.get());
  for (;;) {
    if (::connect(fd_.get(), static_cast<const sockaddr*>(address), static_cast<socklen_t>(size)) ==
        0)
      return {};
    if (errno ==
        EAGAIN) { // NOTE: a unix socket whose backlog is full: there is nothing to wait for
      constexpr std::chrono::milliseconds pause{10};
      if (steady::now() >= until)
        return late();
      if (auto waited = wait(0, std::min(until, steady::now() + pause));
          !waited && waited.error().message == cancelled().message)
        return waited;
      continue;
    }
    if (errno != EINPROGRESS && errno != EINTR)
      return step_error("connect", errno);
    if (auto waited = wait(POLLOUT, until); !waited)
      return waited;
    int error = 0;
    socklen_t length = sizeof(error);
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0)
      return step_error("connect", error);
    return {};
  }
}

result<void> stream::wait(short events, deadline until) {
  for (;;) {
    pollfd both[] = {{fd_.get(), events, 0}, {cancel_, POLLIN, 0}};
    if (events == 0)
      both[0].fd = -1;
    const int ready = ::poll(both, 2, milliseconds_until(until));
    if (ready < 0 && errno != EINTR)
      return step_error("poll", errno);
    if (ready > 0 && both[1].revents != 0)
      return cancelled();
    if (ready > 0)
      return {};
    if (ready == 0 && steady::now() >= until)
      return late();
  }
}

result<bool> stream::ready(host::io_status status, std::string_view step, deadline until) {
  using host::io_status;
  if (status == io_status::ok)
    return true;
  if (status == io_status::eof)
    return false;
  if (status == io_status::gone) {
    const int error = errno;
    if (!io_.is_tls())
      return step_error(step, error);
    // `error:0A00045C:SSL routines::tlsv13 alert certificate required`
    const auto& text = io_.tls_error();
    const auto colon = text.rfind(':');
    return api_error{errc::system, std::string{step} + ": " +
                                       text.substr(colon == std::string::npos ? 0 : colon + 1)};
  }
  auto waited = wait(status == io_status::wants_read ? POLLIN : POLLOUT, until);
  if (!waited)
    return waited.error();
  return true;
}

result<void> stream::write(std::string_view bytes, deadline until) {
  while (!bytes.empty()) {
    const auto sent = io_.write(bytes);
    const auto goes_on = ready(sent.status, "write", until);
    if (!goes_on)
      return goes_on.error();
    if (!*goes_on)
      return step_error("write", EPIPE);
    bytes.remove_prefix(sent.size);
  }
  return {};
}

result<std::size_t> stream::read(char* buffer, std::size_t size, deadline until) {
  for (;;) {
    const auto got = io_.read(buffer, size);
    if (got.status == host::io_status::ok)
      return got.size;
    const auto goes_on = ready(got.status, "read", until);
    if (!goes_on)
      return goes_on.error();
    if (!*goes_on)
      return std::size_t{0};
  }
}

} // namespace gantry::ctl
