#pragma once

#include "actors/core/boards.hpp"
#include "actors/core/request_log.hpp"
#include "actors/inspect/service/service.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "tests/actors/host/sockets.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <caf/actor_system.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace gantry::test {

/// A connection on which bytes are written and read as they are.
class raw_client {
public:
  explicit raw_client(const std::string& path);
  void send(std::string_view bytes) const;
  /// What comes until `end` does, or the connection ends, or the test's patience.
  std::string receive(std::string_view end) const;
  /// Everything up to the end of the connection.
  std::string receive_all() const { return receive({}); }
  int fd() const noexcept { return fd_.get(); }

private:
  host::unique_fd fd_;
};

/// An answer, taken apart.
struct answer {
  int status = 0;
  std::string head;
  std::string body;
  boost::json::object json() const;
};

bool eventually(const std::function<bool()>& condition);

/// An actor system and its inspection on a unix socket. Actors that the test leaves are cut off.
class inspected {
public:
  explicit inspected(std::size_t threads = 2);
  inspected(const inspected&) = delete;
  inspected& operator=(const inspected&) = delete;
  ~inspected();

  std::string path() const { return dir.file("i.sock"); }
  inspect::sources sources();
  inspect::service_options options() const;

  /// A request on a connection of its own.
  answer ask(std::string_view method, std::string_view target, std::string_view body = {}) const;
  boost::json::object get(std::string_view target) const;
  /// The member of that list whose `key` is `value`; null if there is none.
  boost::json::value find(std::string_view target, std::string_view list, std::string_view key,
                          const boost::json::value& value) const;

  core::job_board jobs;
  core::connection_board connections;
  core::stream_board streams;
  core::request_log requests;
  temp_dir dir;
  runtime::worker_pool pool{2, 100};
  runtime::system_config config;
  caf::actor_system sys;
  std::unique_ptr<inspect::service> service;
};

} // namespace gantry::test
