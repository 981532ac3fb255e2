#include "actors/host/socket_activation.hpp"

#include "tests/actors/host/sockets.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <cstdlib>
#include <map>

using namespace gantry;
using namespace gantry::host;
using gantry::test::bind_unix;
using gantry::test::connect_unix;
using gantry::test::temp_dir;

namespace {

constexpr pid_t self = 4711;
// The passed descriptors stand here instead of at 3, which the test program uses itself.
constexpr int first = 300;

using variables = std::map<std::string, std::string>;

environment lookup(const variables& values) {
  return [&values](const char* name) -> const char* {
    auto at = values.find(name);
    return at == values.end() ? nullptr : at->second.c_str();
  };
}

socket_activation take(const variables& values) {
  return socket_activation::take(lookup(values), self, first);
}

// Listens on a socket file and puts it where the init system would.
void pass(int index, const std::string& path) {
  auto fd = bind_unix(path);
  REQUIRE(::listen(fd.get(), 5) == 0);
  REQUIRE(::dup2(fd.get(), first + index) == first + index);
}

void pass_null(int index) {
  unique_fd fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  REQUIRE(::dup2(fd.get(), first + index) == first + index);
}

const std::string none_found = "No sockets found";

} // namespace

TEST_CASE("socket_activation: U1 nothing passed, or not to us", "[host]") {
  const variables cases[] = {
      {},
      {{"LISTEN_PID", "4711"}},
      {{"LISTEN_FDS", "1"}},
      {{"LISTEN_PID", "4712"}, {"LISTEN_FDS", "1"}},
      {{"LISTEN_PID", "x"}, {"LISTEN_FDS", "1"}},
      {{"LISTEN_PID", "4711 "}, {"LISTEN_FDS", "1"}},
      {{"LISTEN_PID", ""}, {"LISTEN_FDS", "1"}},
      {{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "0"}},
      {{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "-1"}},
      {{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "two"}},
  };
  for (const auto& values : cases) {
    auto activation = take(values);
    CHECK(activation.size() == 0);
    for (const char* selector : {"", "*", "3", "name"})
      CHECK(activation.select(selector).error() == api_error{errc::not_found, none_found});
  }
  CHECK(socket_activation{}.select("*").error().message == none_found);
}

TEST_CASE("socket_activation: U2 selection by star, number and name", "[host]") {
  temp_dir dir;
  pass(0, dir.file("a"));
  pass(1, dir.file("b"));
  pass(2, dir.file("c"));
  auto activation = take(
      {{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "3"}, {"LISTEN_FDNAMES", "web:docker.socket:web"}});
  REQUIRE(activation.size() == 3);
  auto bound = [&](std::string_view selector) {
    std::vector<std::string> names;
    auto sockets = activation.select(selector);
    REQUIRE(sockets.has_value());
    for (const auto& socket : *sockets)
      names.push_back(socket.bound.substr(socket.bound.rfind('/') + 1));
    return names;
  };
  using list = std::vector<std::string>;
  CHECK(bound("") == list{"a", "b", "c"});
  CHECK(bound("*") == list{"a", "b", "c"});
  CHECK(bound("300") == list{"a"});
  CHECK(bound("302") == list{"c"});
  CHECK(bound("web") == list{"a", "c"});
  CHECK(bound("docker.socket") == list{"b"});
  CHECK(bound("301") == list{"b"}); // more than once is fine
}

TEST_CASE("socket_activation: K-20 selectors that are not there are errors", "[host]") {
  temp_dir dir;
  pass(0, dir.file("a"));
  auto activation = take({{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "1"}});
  auto error = [&](std::string_view selector) {
    return activation.select(selector).error().message;
  };
  CHECK(error("301") == "Too few socket activated files passed in");
  CHECK(error("99999999999999999999") == "Too few socket activated files passed in");
  CHECK(error("2") == "fd://2 is not a socket activated file: the first is fd://300");
  CHECK(error("-1") == "fd://-1 is not a socket activated file: the first is fd://300");
  CHECK(error("name") == "no socket activated file is named 'name'");
  CHECK(error("3x") == "no socket activated file is named '3x'");
  CHECK(activation.select("unknown").has_value()); // sd_listen_fds_with_names(3)
}

TEST_CASE("socket_activation: U1 what is not a listening socket is an error", "[host]") {
  temp_dir dir;
  pass(0, dir.file("a"));
  pass_null(1);
  auto activation = take({{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "2"}});
  CHECK(activation.select("*").error().message ==
        "Error setting up FileListener for fd 301: getsockopt: Socket operation on non-socket");
  CHECK(activation.select("300").has_value());
}

TEST_CASE("socket_activation: U1 a descriptor that is not open is an error", "[host]") {
  temp_dir dir;
  pass(0, dir.file("a"));
  REQUIRE(::fcntl(first + 1, F_GETFD) == -1);
  for (const char* count : {"2", "1000000000", "99999999999999999999"}) {
    CAPTURE(count);
    REQUIRE(::fcntl(first, F_GETFD) >= 0);
    auto activation = take({{"LISTEN_PID", "4711"}, {"LISTEN_FDS", count}});
    CHECK(activation.select("*").error() ==
          api_error{errc::system,
                    "Error setting up FileListener for fd 301: fcntl: Bad file descriptor"});
    activation = {};
    pass(0, dir.file(count));
  }
  ::close(first);
}

TEST_CASE("socket_activation: flags, ownership, and the socket outlives a selection", "[host]") {
  temp_dir dir;
  pass(0, dir.file("a"));
  {
    auto activation = take({{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "1"}});
    CHECK((::fcntl(first, F_GETFD) & FD_CLOEXEC) != 0);
    {
      auto sockets = activation.select("*").value();
      REQUIRE(sockets.size() == 1);
      CHECK((::fcntl(sockets[0].fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
      CHECK((::fcntl(sockets[0].fd.get(), F_GETFL) & O_NONBLOCK) != 0);
      CHECK(sockets[0].proto == listen_proto::fd);
    }
    CHECK(connect_unix(dir.file("a")));
  }
  CHECK(::fcntl(first, F_GETFD) == -1);
  CHECK(dir.has("a"));
}

TEST_CASE("socket_activation: the variables can be taken away", "[host]") {
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
    ::setenv(name, "1", 1);
  unset_activation_environment();
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
    CHECK(::getenv(name) == nullptr);
}
