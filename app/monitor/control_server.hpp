#pragma once

#include "actors/host/unique_fd.hpp"
#include "app/monitor/client.hpp"
#include "app/monitor/event_loop.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <string>

namespace gantry::monitor {

/// The control socket and its clients.
class control_server {
public:
  struct handlers {
    std::function<void(client&)> came;
    std::function<void(client&, const request&)> asked;
    std::function<void(client&)> left;
    /// Whether the process is to be held back may be different now.
    std::function<void()> drained;
  };

  control_server(event_loop& loop, handlers told);
  control_server(control_server&&) = delete;
  ~control_server() { unlink(); }

  /// Binds (mode 0600) and listens; an old socket of that name goes. Error: `listen on 'PATH':
  /// ...`.
  result<void> listen(const std::string& path);
  /// Takes the name away and accepts nobody any more.
  void unlink() noexcept;

  /// Calls something for every client.
  template <class Call>
  void each(Call call) {
    for (auto& one : clients_)
      if (!one.is_gone())
        call(one);
  }
  /// The client of that number; null if it has left.
  client* find(std::uint64_t number);
  /// True if the process is to be held back for someone.
  bool held() const;

  /// Sends everyone the last message and calls `done` when all have all, or when nobody has taken
  /// anything for `limit`.
  void finish(const event& last, std::chrono::milliseconds limit, std::function<void()> done);

private:
  void accept();
  void sweep();

  event_loop& loop_;
  handlers told_;
  client::handlers client_handlers_;
  std::string path_;
  host::unique_fd listener_;
  fd_watch watch_;
  std::list<client> clients_;
  timer sweep_;
  timer linger_;
  std::uint64_t last_number_ = 0;
  std::chrono::milliseconds linger_limit_{};
  std::function<void()> done_;
};

} // namespace gantry::monitor
