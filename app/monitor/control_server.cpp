#include "app/monitor/control_server.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/host/socket_path.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gantry::monitor {
namespace {

constexpr int waiting_connections = 64;
// Clients at once; more wait to be accepted.
constexpr std::size_t most_clients = 256;

} // namespace

control_server::control_server(event_loop& loop, handlers told)
    : loop_{loop}, told_{std::move(told)}, sweep_{loop}, linger_{loop} {
  client_handlers_.asked = [this](client& from, const request& what) { told_.asked(from, what); };
  client_handlers_.gone = [this](client& who) {
    told_.left(who);
    sweep_.start({}, [this] { sweep(); });
  };
  client_handlers_.drained = [this](client&) {
    told_.drained();
    if (linger_.running())
      linger_.start(linger_limit_, [this] { done_(); });
  };
}

result<void> control_server::listen(const std::string& path) {
  const auto way = host::socket_path::open("listen on", path);
  if (!way)
    return way.error();
  ::unlink(path.c_str());
  host::unique_fd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const mode_t mask = ::umask(0177);
  const bool bound = fd && ::bind(fd.get(), way->address(), way->size()) == 0;
  const int error = errno;
  ::umask(mask);
  if (!bound)
    return host::errno_error("listen on", path, error);
  path_ = path;
  if (::listen(fd.get(), waiting_connections) != 0)
    return host::errno_error("listen on", path, errno);
  listener_ = std::move(fd);
  watch_ = fd_watch{loop_, listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); }};
  return {};
}

void control_server::unlink() noexcept {
  watch_.reset();
  listener_.reset();
  if (!path_.empty())
    ::unlink(std::exchange(path_, {}).c_str());
}

void control_server::accept() {
  host::unique_fd fd{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!fd) {
    // Out of descriptors or memory: a level-triggered listener would spin. One who leaves wakes it.
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED && !clients_.empty())
      watch_.want(0);
    return;
  }
  auto& one = clients_.emplace_back(loop_, std::move(fd), ++last_number_, client_handlers_);
  if (clients_.size() >= most_clients)
    watch_.want(0);
  told_.came(one);
}

void control_server::sweep() {
  clients_.remove_if([](const client& one) { return one.is_gone(); });
  if (watch_ && clients_.size() < most_clients)
    watch_.want(EPOLLIN);
  if (done_ && clients_.empty())
    done_();
}

client* control_server::find(std::uint64_t number) {
  auto found = std::find_if(clients_.begin(), clients_.end(),
                            [number](const client& one) { return one.number() == number; });
  return found == clients_.end() || found->is_gone() ? nullptr : &*found;
}

bool control_server::held() const {
  return std::any_of(clients_.begin(), clients_.end(),
                     [](const client& one) { return one.holds(); });
}

void control_server::finish(const event& last, std::chrono::milliseconds limit,
                            std::function<void()> done) {
  done_ = std::move(done);
  linger_limit_ = limit;
  for (auto& one : clients_)
    one.finish(last);
  linger_.start(limit, [this] { done_(); });
  sweep_.start({}, [this] { sweep(); });
}

} // namespace gantry::monitor
