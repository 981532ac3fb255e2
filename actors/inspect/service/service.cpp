#include "actors/inspect/service/service.hpp"

#include "actors/core/client.hpp"
#include "actors/core/limits.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/runtime/log.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

namespace gantry::inspect {

namespace {

/// Only the daemon's own user may connect.
host::unix_socket_options private_socket() {
  host::unix_socket_options options;
  options.group.clear();
  options.mode = 0600;
  return options;
}

/// For poll(2): -1 is for ever.
int milliseconds_until(service::time_point then) {
  using milliseconds = std::chrono::milliseconds;
  if (then == service::time_point::max())
    return -1;
  auto left = std::chrono::ceil<milliseconds>(then - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp(left, milliseconds{0}, milliseconds{60'000}).count());
}

} // namespace

service::service(sources from)
    : service({}, [&from](std::shared_ptr<const waker> wakes) {
        return std::make_unique<pages>(std::move(from), std::move(wakes));
      }) {}

service::service(const service_nature& nature, const page_maker& make)
    : nature_(nature), pages_(make(waker_)) {}

service::~service() {
  if (!thread_.joinable())
    return;
  stop_.store(true, std::memory_order_release);
  waker_->wake();
  thread_.join();
}

result<void> service::open(const service_options& how) {
  const bool is_tcp = how.address.proto == host::listen_proto::tcp;
  if (is_tcp && !nature_.open && !(how.tls && how.tls->verify))
    return api_error{errc::forbidden, "refusing to serve the inspection on " +
                                          to_string(how.address) +
                                          " without --tlsverify: it shows everything"};
  if (is_tcp && how.tls) {
    auto made = host::make_tls_context(*how.tls);
    if (!made)
      return made.error();
    for (auto& warning : made->warnings)
      log::write(log::level::warn, "inspect", warning);
    std::lock_guard guard{tls_mutex_};
    tls_ = std::move(made->context);
    tls_files_ = how.tls;
  }
  auto opened = is_tcp ? host::open_tcp_listener(how.address.host, how.address.port)
                       : host::open_unix_listener(how.address.address, private_socket());
  if (!opened)
    return opened.error();
  socket_ = std::move(*opened);
  bound_ = socket_.bound;
  try {
    thread_ = std::thread{[this] {
      pthread_setname_np(pthread_self(), nature_.thread);
      run();
    }};
  } catch (const std::system_error& e) {
    return api_error{errc::system, "no thread for " + bound_ + ": " + e.what()};
  }
  log::write(log::level::info, "inspect", std::string{nature_.title} + " on " + bound_);
  return {};
}

void service::reload_tls() {
  std::optional<host::tls_options> files;
  {
    std::lock_guard guard{tls_mutex_};
    files = tls_files_;
  }
  if (!files)
    return;
  auto made = host::make_tls_context(*files);
  if (!made) {
    log::write(log::level::error, "inspect", "keeps the TLS certificates it has",
               {{"error", made.error().message}});
    return;
  }
  std::lock_guard guard{tls_mutex_};
  tls_ = std::move(made->context);
}

service::time_point service::next_deadline() {
  auto next = pages_->due();
  for (const auto& c : clients_)
    next = std::min(next, c.deadline());
  if (accept_at_ != time_point{})
    next = std::min(next, accept_at_);
  return next;
}

void service::run() {
  std::vector<pollfd> polled;
  while (!stop_.load(std::memory_order_acquire)) {
    polled.clear();
    polled.push_back({waker_->fd(), POLLIN, 0});
    polled.push_back({accept_at_ == time_point{} ? socket_.fd.get() : -1, POLLIN, 0});
    for (const auto& c : clients_)
      polled.push_back({c.fd(), c.interest(), 0});
    if (::poll(polled.data(), polled.size(), milliseconds_until(next_deadline())) < 0)
      continue; // EINTR is the only failure there is
    const auto now = std::chrono::steady_clock::now();
    const bool woken = polled[0].revents != 0;
    if (woken)
      waker_->clear();
    pages_->look(now);
    serve_clients(polled, now, woken);
    if (accept_at_ != time_point{} && now >= accept_at_)
      accept_at_ = {};
    if (polled[1].revents != 0)
      accept_clients(now);
  }
  clients_.clear();
}

/// `polled` has the clients behind two others, in their order.
void service::serve_clients(const std::vector<pollfd>& polled, time_point now, bool woken) {
  auto each = polled.begin() + 2;
  for (auto c = clients_.begin(); c != clients_.end(); ++each) {
    bool over = false;
    try {
      if (each->revents != 0 || woken || now >= c->deadline())
        c->advance(now, each->revents);
      over = c->over();
    } catch (const std::exception& e) {
      // No memory for its answer, or a bug: its end alone.
      log::write(log::level::error, "inspect", "dropped a client", {{"error", e.what()}});
      over = true;
    }
    c = over ? clients_.erase(c) : std::next(c);
  }
}

/// The client that has rested longest gives its place away.
void service::make_room() {
  if (clients_.size() < limits::inspect_clients)
    return;
  clients_.erase(std::min_element(clients_.begin(), clients_.end(), [](auto& a, auto& b) {
    return a.last_progress() < b.last_progress();
  }));
}

void service::accept_clients(time_point now) {
  for (int i = 0; i < limits::accept_batch; ++i) {
    host::unique_fd fd{::accept4(socket_.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!fd) {
      // Of descriptors or memory there may be more later.
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        accept_at_ = now + limits::accept_pause;
      return;
    }
    std::shared_ptr<ssl_ctx_st> tls;
    {
      std::lock_guard guard{tls_mutex_};
      tls = tls_;
    }
    if (socket_.family == host::socket_family::inet) {
      int on = 1;
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    make_room();
    auto who = core::identify(fd.get());
    clients_.emplace_back(std::move(fd), std::move(who), tls.get(), site_, now);
  }
}

} // namespace gantry::inspect
