#include "actors/host/sd_notify.hpp"

#include "tests/actors/host/sockets.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <ctime>

using namespace gantry;
using namespace gantry::host;
using gantry::test::bind_unix;
using gantry::test::temp_dir;

namespace {

// The next datagram; "" if none is there.
std::string receive(int fd) {
  char buffer[4096];
  ssize_t size = ::recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
  return size < 0 ? std::string{} : std::string(buffer, static_cast<std::size_t>(size));
}

} // namespace

TEST_CASE("sd_notify: N2 exactly the bytes, one datagram each", "[host]") {
  temp_dir dir;
  auto receiver = bind_unix(dir.file("notify"), SOCK_DGRAM);
  REQUIRE(receiver);
  sd_notifier notifier{dir.file("notify")};
  CHECK(notifier.wanted());
  REQUIRE(notifier.ready().has_value());
  CHECK(receive(receiver.get()) == "READY=1");
  REQUIRE(notifier.stopping().has_value());
  CHECK(receive(receiver.get()) == "STOPPING=1");
  REQUIRE(notifier.status("12 containers").has_value());
  CHECK(receive(receiver.get()) == "STATUS=12 containers");
  REQUIRE(notifier.status("a\nREADY=1\t\x7f").has_value()); // no second variable
  CHECK(receive(receiver.get()) == "STATUS=a READY=1  ");
  CHECK(receive(receiver.get()).empty());
}

TEST_CASE("sd_notify: a reload carries the monotonic time in microseconds", "[host]") {
  temp_dir dir;
  auto receiver = bind_unix(dir.file("notify"), SOCK_DGRAM);
  auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<long long>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000;
  };
  auto before = now();
  REQUIRE(sd_notifier{dir.file("notify")}.reloading().has_value());
  auto after = now();
  auto message = receive(receiver.get());
  const std::string prefix = "RELOADING=1\nMONOTONIC_USEC=";
  REQUIRE(message.starts_with(prefix));
  auto sent = std::stoll(message.substr(prefix.size()));
  CHECK(sent >= before);
  CHECK(sent <= after);
}

TEST_CASE("sd_notify: an abstract address begins with @", "[host]") {
  unique_fd receiver{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  auto name = "gantry-notify-" + std::to_string(::getpid());
  auto address = gantry::test::unix_address('\0' + name);
  auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  REQUIRE(::bind(receiver.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(sd_notifier{'@' + name}.ready().has_value());
  CHECK(receive(receiver.get()) == "READY=1");
}

TEST_CASE("sd_notify: N2 without a socket nobody wants to know", "[host]") {
  sd_notifier unset{static_cast<const char*>(nullptr)};
  CHECK_FALSE(unset.wanted());
  CHECK(unset.ready().error() == api_error{errc::unavailable, "No socket"});
  CHECK(sd_notifier{""}.ready().error().message == "No socket");
}

TEST_CASE("sd_notify: errors", "[host]") {
  temp_dir dir;
  auto path = dir.file("notify");
  CHECK(sd_notifier{path}.ready().error() ==
        api_error{errc::not_found, "notify '" + path + "': No such file or directory"});
  REQUIRE(bind_unix(path, SOCK_DGRAM));
  CHECK(sd_notifier{path}.ready().error().message == "notify '" + path + "': Connection refused");
  CHECK(sd_notifier{"relative"}.ready().error() ==
        api_error{errc::invalid_parameter, "notify 'relative': not a socket address"});
  CHECK(sd_notifier{"vsock:2:1234"}.ready().has_error());
  CHECK(sd_notifier{'/' + std::string(107, 'x')}.ready().error().kind == errc::invalid_parameter);
  CHECK(sd_notifier{'@' + std::string(108, 'x')}.ready().error().kind == errc::invalid_parameter);
}
