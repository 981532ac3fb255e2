#pragma once

#include "actors/host/unique_fd.hpp"
#include "tests/support/temp_dir.hpp"

#include <string>
#include <thread>
#include <vector>

namespace gantry::test {

/// Serves one connection after the other on a unix socket with literal bytes: reads a request up to
/// the end of its head, sends the pieces one by one, then closes the connection, or keeps it open
/// until it is itself destroyed.
class socket_server {
public:
  enum class end { close, keep };

  explicit socket_server(std::vector<std::string> pieces, end then = end::close);
  ~socket_server();
  socket_server(socket_server&&) = delete;

  /// `unix://PATH`
  std::string address() const { return "unix://" + directory_.file("s"); }
  /// What was asked, once the server has ended.
  std::vector<std::string> requests() &&;

private:
  void run();
  void stop();
  void serve(int connection);

  temp_dir directory_;
  std::vector<std::string> pieces_;
  end then_;
  host::unique_fd listener_;
  host::unique_fd stop_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

} // namespace gantry::test
