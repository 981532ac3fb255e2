#pragma once

#include "actors/host/listen_address.hpp"
#include "actors/host/listener_socket.hpp"
#include "actors/host/tls.hpp"
#include "actors/inspect/service/client.hpp"
#include "actors/inspect/service/facts.hpp"
#include "actors/inspect/service/pages.hpp"

#include <poll.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace gantry::inspect {

/// Where a service is served.
struct service_options {
  host::listen_address address;
  std::optional<host::tls_options> tls; ///< for tcp; what is not open is not served without
};

/// Which service it is.
struct service_nature {
  std::string_view title = "Inspection"; ///< in the log
  const char* thread = "gantry-inspect"; ///< what its thread is called, at most 15 bytes
  bool open = false;                     ///< whoever can connect may read it, over plain tcp too
};

/// Makes the pages; they wake the service by the waker when an awaited answer is there.
using page_maker = std::function<std::unique_ptr<page_source>(std::shared_ptr<const waker>)>;

/// Something about a running daemon over HTTP, from a thread of its own that no actor and no worker
/// can hold up, and that sleeps while nobody asks.
class service {
public:
  using time_point = client::time_point;

  /// The inspection. See app/inspect/openapi.yaml.
  explicit service(sources from);
  service(const service_nature& nature, const page_maker& make);
  service(const service&) = delete;
  service& operator=(const service&) = delete;
  /// Closes all connections and removes the socket's file.
  ~service();

  /// Binds the address and serves from here on; once. Blocks as long as certificates are read and,
  /// at most a second, while another process holds the socket's file. Errors: what cannot be bound
  /// (a unix socket that is answered included), forbidden for tcp without client certificates if it
  /// is not open.
  result<void> open(const service_options& how);

  /// Where it is served: `unix:///run/x/inspect.sock`; "" before.
  const std::string& bound() const noexcept { return bound_; }

  /// Reads the certificates again, for connections to come. Blocks. Nothing without TLS. Any
  /// thread.
  void reload_tls();

private:
  void run();
  void serve_clients(const std::vector<pollfd>& polled, time_point now, bool woken);
  void accept_clients(time_point now);
  void make_room();
  time_point next_deadline();

  const service_nature nature_;
  std::shared_ptr<const waker> waker_ = std::make_shared<const waker>();
  std::unique_ptr<page_source> pages_; ///< never null
  client_site site_{*pages_};
  host::listener_socket socket_;
  std::mutex tls_mutex_;
  std::optional<host::tls_options> tls_files_; ///< under the mutex
  std::shared_ptr<ssl_ctx_st> tls_;            ///< under the mutex
  std::string bound_;
  std::list<client> clients_;
  time_point accept_at_; ///< not before, after accept(2) has failed for want of something
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

} // namespace gantry::inspect
