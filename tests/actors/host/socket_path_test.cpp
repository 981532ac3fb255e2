#include "actors/host/socket_path.hpp"

#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>
#include <string>

using gantry::host::socket_path;
using gantry::host::unique_fd;
using gantry::test::temp_dir;

namespace {

// Binds and listens by `way` and connects by `path`.
void check_meeting(const std::string& path) {
  const auto way = socket_path::open("listen on", path);
  REQUIRE(way.has_value());
  const unique_fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  REQUIRE(::bind(listener.get(), way->address(), way->size()) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  CHECK(std::filesystem::is_socket(path));
  for (const auto& to : {path, way->text()}) {
    const auto there = socket_path::open("connect to", to);
    REQUIRE(there.has_value());
    const unique_fd client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    CHECK(::connect(client.get(), there->address(), there->size()) == 0);
  }
}

} // namespace

TEST_CASE("socket_path: a short path is taken as it is", "[actors][host]") {
  const temp_dir dir;
  check_meeting(dir.file("s"));
  CHECK(socket_path::open("listen on", dir.file("s"))->text() == dir.file("s"));
}

TEST_CASE("socket_path: a path of any length leads to its socket", "[actors][host]") {
  const temp_dir dir;
  for (std::size_t size : {106, 107, 108, 109, 1000}) {
    const auto room = size - dir.path().size() - 3; // with two slashes and the name
    std::string path = dir.path();
    for (std::size_t done = 0; done < room;) {
      const auto part = std::min<std::size_t>(room - done, 200);
      path += "/" + std::string(part - (done == 0 ? 0 : 1), 'd');
      done += part;
    }
    std::filesystem::create_directories(path);
    path += "/s";
    INFO(path.size());
    CHECK(path.size() == size);
    check_meeting(path);
  }
}

TEST_CASE("socket_path: what cannot be reached is named", "[actors][host]") {
  const temp_dir dir;
  const auto away = dir.file(std::string(120, 'x')) + "/s";
  const auto missing = socket_path::open("connect to", away);
  REQUIRE(missing.has_error());
  CHECK(missing.error().message == "connect to '" + away + "': No such file or directory");
  const auto name = dir.file(std::string(150, 'x'));
  const auto endless = socket_path::open("listen on", name);
  REQUIRE(endless.has_error());
  CHECK(endless.error().message == "listen on '" + name + "': File name too long");
}
