#include "actors/server/byte_stream.hpp"

#include "actors/core/interfaces.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace gantry::core {

byte_stream::byte_stream(boost::asio::io_context& io) : io_(io), descriptor_(io) {}

std::shared_ptr<byte_stream> byte_stream::make(boost::asio::io_context& io, host::unique_fd fd,
                                               ssl_ctx_st* tls) {
  std::shared_ptr<byte_stream> stream{new byte_stream{io}};
  boost::system::error_code failed;
  stream->descriptor_.assign(fd.get(), failed);
  if (failed)
    return nullptr;
  static_cast<void>(fd.release()); // the stream's from here on
  stream->bytes_.use(stream->fd());
  if (tls && !stream->bytes_.begin_tls(tls))
    return nullptr;
  return stream;
}

void byte_stream::wait(readiness what, caf::strong_actor_ptr owner, std::uint32_t source) {
  using descriptor = boost::asio::posix::stream_descriptor;
  descriptor_.async_wait(
      what == readiness::read    ? descriptor::wait_read
      : what == readiness::write ? descriptor::wait_write
                                 : descriptor::wait_error,
      [keep = shared_from_this(), owner = std::move(owner), what,
       source](const boost::system::error_code& ec) {
        tell(owner, io_ready{what, ec == boost::asio::error::operation_aborted, source});
      });
}

void byte_stream::cancel() noexcept {
  boost::system::error_code ignored;
  descriptor_.cancel(ignored);
}

bool byte_stream::peer_is_gone() noexcept {
  pollfd p{fd(), POLLIN, 0};
  return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

std::size_t byte_stream::unread_by_peer() noexcept {
  int domain = 0;
  socklen_t size = sizeof domain;
  // NOTE: of tcp it tells what the other kernel has not acknowledged, which says nothing.
  if (::getsockopt(fd(), SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX)
    return 0;
  int bytes = 0;
  return ::ioctl(fd(), SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

} // namespace gantry::core
