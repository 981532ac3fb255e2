#include "app/ctl/web_server.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/listen_address.hpp"
#include "actors/host/listener_socket.hpp"
#include "app/ctl/web_client.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <system_error>
#include <utility>

namespace gantry::ctl {

namespace {

constexpr std::size_t most_clients = 32;
constexpr std::chrono::milliseconds accept_pause{100};

} // namespace

web_server::~web_server() {
  if (stopping_)
    ::eventfd_write(stopping_.get(), 1);
  for (auto& each : clients_)
    each.thread.join();
}

result<void> web_server::open(std::uint16_t port) {
  stopping_.reset(::eventfd(0, EFD_CLOEXEC));
  ended_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopping_ || !ended_)
    return host::errno_error("eventfd", errno);
  auto token = random_secret();
  auto session = random_secret();
  if (!token || !session)
    return token ? session.error() : token.error();
  auto opened = host::open_tcp_listener("127.0.0.1", port);
  if (!opened)
    return opened.error();
  const auto bound = host::parse_listen_address(opened->bound);
  if (!bound)
    return bound.error();
  address_ = "http://127.0.0.1:" + std::to_string(bound->port) + "/#token=" + *token;
  gate_ = std::make_unique<web_gate>(bound->port, std::move(*token), std::move(*session));
  listener_ = std::move(opened->fd);
  return {};
}

void web_server::run(int stop) {
  for (;;) {
    const bool pauses = steady::now() < accept_at_;
    const bool room = clients_.size() < most_clients && !pauses;
    pollfd polled[] = {
        {stop, POLLIN, 0}, {ended_.get(), POLLIN, 0}, {room ? listener_.get() : -1, POLLIN, 0}};
    if (::poll(polled, 3, pauses ? static_cast<int>(accept_pause.count()) : -1) < 0)
      continue; // EINTR
    if (polled[0].revents != 0)
      return;
    if (polled[1].revents != 0)
      join_ended();
    if (polled[2].revents != 0)
      accept_one();
  }
}

void web_server::join_ended() {
  eventfd_t count = 0;
  ::eventfd_read(ended_.get(), &count);
  clients_.remove_if([](client& each) {
    const bool over = each.over.load(std::memory_order_acquire);
    if (over)
      each.thread.join();
    return over;
  });
}

void web_server::accept_one() {
  host::unique_fd fd{::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!fd) {
    // Of descriptors or memory there may be more later.
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
      accept_at_ = steady::now() + accept_pause;
    return;
  }
  auto& made = clients_.emplace_back();
  try {
    made.thread = std::thread{[this, &made, fd = std::move(fd)]() mutable {
      try {
        web_client{std::move(fd), *gate_, daemon_, stopping_.get()}.run();
      } catch (const std::exception& e) {
        // No memory for it, or a bug: its end alone.
        std::fprintf(stderr, "gantryctl: dropped a connection: %s\n", e.what());
      }
      made.over.store(true, std::memory_order_release);
      ::eventfd_write(ended_.get(), 1);
    }};
  } catch (const std::system_error&) {
    clients_.pop_back(); // no thread for it
    accept_at_ = steady::now() + accept_pause;
  }
}

} // namespace gantry::ctl
