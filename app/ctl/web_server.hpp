#pragma once

#include "actors/host/unique_fd.hpp"
#include "app/ctl/api_client.hpp"
#include "app/ctl/web_gate.hpp"
#include "protocol/error.hpp"

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace gantry::ctl {

/// Serves the page of a daemon's inspection on 127.0.0.1 and hands on what it asks, so that the
/// daemon itself needs no port and what is changed is changed with the rights of who runs this. A
/// thread for each connection, at most 32 of them; everything has its time.
class web_server {
public:
  /// `daemon`: where and how it is asked; its `cancel` is not heeded.
  explicit web_server(api_client::settings daemon) : daemon_(std::move(daemon)) {}
  web_server(const web_server&) = delete;
  web_server& operator=(const web_server&) = delete;
  /// Ends all connections and their threads.
  ~web_server();

  /// Listens; port 0 lets the kernel choose. Once. Errors: what cannot be bound, no random bits.
  result<void> open(std::uint16_t port);

  /// `http://127.0.0.1:8080/#token=...`: opens a session once.
  const std::string& address() const noexcept { return address_; }

  /// Serves until `stop` can be read. Blocks; once.
  void run(int stop);

private:
  struct client {
    std::thread thread;
    std::atomic<bool> over{false};
  };

  void accept_one();
  void join_ended();

  api_client::settings daemon_;
  std::string address_;
  std::unique_ptr<web_gate> gate_;
  host::unique_fd listener_;
  host::unique_fd stopping_; ///< can be read once all have to end
  host::unique_fd ended_;    ///< can be read once a thread is over
  std::list<client> clients_;
  deadline accept_at_{}; ///< not before, after accept(2) has failed for want of something
};

} // namespace gantry::ctl
