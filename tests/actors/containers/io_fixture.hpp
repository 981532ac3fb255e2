#pragma once

#include "tests/support/actor_fixture.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>

namespace gantry::test {

/// A first base, so that what actors watch is there until the last of them has ended.
struct io_of_test {
  boost::asio::io_context io{1};
};

/// Actors with sockets, whose time and turns belong to the test.
class io_fixture : public io_of_test, public actor_fixture {
public:
  /// Until neither an actor nor a socket has anything to do.
  void settle() {
    for (std::size_t turns = 1, handlers = 1; turns + handlers > 0;) {
      io.restart();
      handlers = io.poll();
      turns = run();
    }
  }
  void pass(std::chrono::nanoseconds d) {
    advance_time(d);
    settle();
  }
};

} // namespace gantry::test
