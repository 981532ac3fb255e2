#include "actors/server/listener.hpp"

#include "actors/core/client.hpp"
#include "actors/core/limits.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/log.hpp"
#include "actors/server/connection.hpp"
#include "actors/server/router.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace gantry::server {

namespace {

boost::asio::io_context& io_for(caf::actor_system& sys) {
  return runtime::scheduler::of(sys)->next_io();
}

enum class accept_failure : std::uint8_t {
  no_client,   ///< nobody waits any more
  lost_client, ///< that client's failure, not ours
  shortage,    ///< of descriptors or memory; later it may go
  broken,      ///< the listening socket itself
};

/// What accept(2) says. What is not known is taken for a shortage: the pause keeps it harmless.
accept_failure failure_of(int reason) noexcept {
  switch (reason) {
  case EAGAIN:
    return accept_failure::no_client;
  case EINTR:
  case ECONNABORTED:
  case EPERM: // firewall
  // On Linux accept(2) passes on what has already become of the new connection.
  case ENETDOWN:
  case EPROTO:
  case ENOPROTOOPT:
  case EHOSTDOWN:
  case ENONET:
  case EHOSTUNREACH:
  case EOPNOTSUPP:
  case ENETUNREACH:
  case ETIMEDOUT:
    return accept_failure::lost_client;
  case EBADF:
  case EFAULT:
  case EINVAL:
  case ENOTSOCK:
    return accept_failure::broken;
  default:
    return accept_failure::shortage;
  }
}

} // namespace

listener_state::~listener_state() {
  auto reason = ended_with_ ? *ended_with_ : to_caf({errc::unavailable, "the listener has ended"});
  if (serving_)
    serving_->deliver(reason);
  for (auto& promise : closing_)
    promise.deliver(core::done{});
  for (auto& [id, connection] : connections_)
    core::tell(connection, end_connection{});
  if (acceptor_)
    acceptor_->cancel();
}

void listener_state::init(listener_actor::stateful_pointer<listener_state> me,
                          listener_setup given) {
  self_ = me;
  given_ = std::move(given);
  released_ = !given_.buffered;
  address_ = std::make_shared<const std::string>(given_.socket->bound);
  runtime::set_label(*address_);
  router_ = runtime::spawn(self_, run_router, given_.service, given_.engine);
  auto waited_on = host::unique_fd{::fcntl(given_.socket->fd.get(), F_DUPFD_CLOEXEC, 3)};
  if (!waited_on)
    return end(to_caf({errc::system, "failed to listen on " + given_.socket->bound + ": " +
                                         host::errno_text("dup", errno)}));
  acceptor_ = core::byte_stream::make(io_for(self_->system()), std::move(waited_on), nullptr);
  if (!acceptor_)
    return end(to_caf({errc::system, "failed to listen on " + given_.socket->bound +
                                         ": the socket cannot be waited on"}));
  wait_for_clients();
}

caf::result<core::done> listener_state::serve() {
  if (ended_with_)
    return *ended_with_;
  serving_ = self_->make_response_promise<core::done>();
  return *serving_;
}

void listener_state::wait_for_clients() {
  if (waiting_ || paused_ || closed_ || full())
    return;
  waiting_ = true;
  acceptor_->wait(core::readiness::read, core::to_ptr(self_));
}

bool listener_state::full() const {
  if (!released_ && buffered_ >= limits::buffered_connections)
    return true;
  return given_.max_connections != 0 && connections_.size() + buffered_ >= given_.max_connections;
}

void listener_state::on_ready(const core::io_ready& ready) {
  waiting_ = false;
  if (!ready.aborted && !closed_)
    accept_more();
}

void listener_state::accept_more() {
  for (int i = 0; i < limits::accept_batch; ++i) {
    if (full())
      return say_full();
    host::unique_fd fd{
        ::accept4(given_.socket->fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (fd) {
      said_short_ = false;
      ++accepted_;
      ++buffered_;
      caf::anon_send(caf::actor_cast<listener_actor>(self_),
                     accepted{std::make_shared<host::unique_fd>(std::move(fd))});
      continue;
    }
    switch (auto reason = errno; failure_of(reason)) {
    case accept_failure::no_client:
      return wait_for_clients();
    case accept_failure::lost_client:
      continue;
    case accept_failure::shortage:
      return pause(reason);
    case accept_failure::broken:
      return end(to_caf({errc::system, "failed to accept on " + given_.socket->bound + ": " +
                                           host::errno_text("accept", reason)}));
    }
  }
  wait_for_clients();
}

void listener_state::say_full() {
  if (released_ && !std::exchange(said_full_, true))
    log::write(log::level::warn, "listener",
               "takes no more clients until some leave; they wait in the kernel's backlog",
               {{"address", given_.socket->bound}, {"connections", connections_.size()}});
}

void listener_state::pause(int reason) {
  if (!std::exchange(said_short_, true))
    log::write(log::level::warn, "listener", "cannot accept clients; tries again until it can",
               {{"address", given_.socket->bound}, {"error", host::errno_text("accept", reason)}});
  paused_ = true;
  caf::delayed_anon_send(caf::actor_cast<listener_actor>(self_), limits::accept_pause,
                         resume_accepting{});
}

void listener_state::on_resume() {
  paused_ = false;
  if (!closed_)
    accept_more();
}

void listener_state::on_release() {
  if (std::exchange(released_, true))
    return;
  // CAF looks at the skipped clients again after this message.
  wait_for_clients();
}

caf::result<void> listener_state::on_accepted(const accepted& client) {
  if (!released_ && !closed_)
    return caf::skip;
  --buffered_;
  if (closed_) {
    end_if_drained();
    return caf::unit;
  }
  auto fd = client.fd->get();
  if (given_.socket->family == host::socket_family::inet) {
    int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  connection_setup setup;
  setup.client = std::make_shared<const core::client_info>(core::identify(fd));
  setup.stream =
      core::byte_stream::make(io_for(self_->system()), std::move(*client.fd), given_.tls.get());
  setup.service = given_.service;
  setup.router = router_;
  setup.listener = core::to_ptr(self_);
  setup.address = address_;
  setup.board = given_.board;
  setup.requests = given_.requests;
  if (setup.stream) {
    auto connection = runtime::spawn(self_, run_connection, std::move(setup));
    connections_.emplace(connection.id(), core::to_ptr(connection));
  } else {
    wait_for_clients(); // there may have been no room because of this one
  }
  return caf::unit;
}

void listener_state::on_connection_ended(const connection_ended& ended) {
  connections_.erase(ended.actor);
  said_full_ = false;
  if (closed_)
    return end_if_drained();
  wait_for_clients();
}

caf::result<core::done> listener_state::close() {
  auto promise = self_->make_response_promise<core::done>();
  closing_.push_back(promise);
  if (!std::exchange(closed_, true)) {
    log::write(log::level::info, "listener", "closes", {{"address", given_.socket->bound}});
    given_.socket->file.remove();
    // Both descriptors, or else the kernel would go on taking clients.
    given_.socket->fd.reset();
    if (acceptor_)
      acceptor_->cancel();
    acceptor_.reset();
    for (auto& [id, connection] : connections_)
      core::tell(connection, end_connection{});
  }
  end_if_drained();
  return promise;
}

void listener_state::end_if_drained() {
  if (connections_.empty() && buffered_ == 0)
    end({});
}

void listener_state::end(const caf::error& reason) {
  closed_ = true;
  ended_with_ = reason;
  if (serving_) {
    reason ? serving_->deliver(reason) : serving_->deliver(core::done{});
    serving_.reset();
    self_->quit();
  } else if (!closing_.empty()) {
    self_->quit();
  }
}

void listener_state::reload() {
  if (!given_.tls_files)
    return;
  auto accepted =
      given_.pool->ask("tls " + given_.tls_files->cert, caf::actor_cast<listener_actor>(self_),
                       [files = *given_.tls_files] {
                         tls_loaded loaded;
                         if (auto made = host::make_tls_context(files)) {
                           loaded.context = std::move(made->context);
                           loaded.warnings = std::move(made->warnings);
                         } else {
                           loaded.error = made.error().message;
                         }
                         return loaded;
                       });
  if (!accepted)
    log::write(log::level::warn, "listener", "too busy to read the TLS certificates again",
               {{"address", given_.socket->bound}});
}

void listener_state::on_tls_loaded(const tls_loaded& loaded) {
  for (auto& warning : loaded.warnings)
    log::write(log::level::warn, "listener", warning, {{"address", given_.socket->bound}});
  if (!loaded.error.empty()) {
    log::write(log::level::error, "listener", "keeps the TLS certificates it has",
               {{"address", given_.socket->bound}, {"error", loaded.error}});
    return;
  }
  given_.tls = loaded.context;
  log::write(log::level::info, "listener", "has read the TLS certificates again",
             {{"address", given_.socket->bound}});
}

core::facts listener_state::describe() const {
  return {{{"address", given_.socket->bound},
           {"tls",
            given_.tls ? (given_.tls_files && given_.tls_files->verify ? "mutual" : "yes") : "no"},
           {"serving", closed_     ? "closed"
                       : released_ ? "yes"
                                   : "waiting for acceptconnections"},
           {"connections", std::to_string(connections_.size())},
           {"waiting for release", std::to_string(released_ ? 0 : buffered_)},
           {"accepted", std::to_string(accepted_)}}};
}

listener_actor::behavior_type run_listener(listener_actor::stateful_pointer<listener_state> self,
                                           listener_setup given) {
  self->state.init(self, std::move(given));
  return {
      [self](serve_listener) { return self->state.serve(); },
      [self](close_listener) { return self->state.close(); },
      [self](release) { self->state.on_release(); },
      [self](const accepted& x) { return self->state.on_accepted(x); },
      [self](const connection_ended& x) { self->state.on_connection_ended(x); },
      [self](const core::io_ready& x) { self->state.on_ready(x); },
      [self](resume_accepting) { self->state.on_resume(); },
      [self](reload_tls) { self->state.reload(); },
      [self](const tls_loaded& x) { self->state.on_tls_loaded(x); },
      [self](core::describe) { return self->state.describe(); },
  };
}

} // namespace gantry::server
