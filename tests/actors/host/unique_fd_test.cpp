#include "actors/host/unique_fd.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <cerrno>
#include <utility>

using namespace gantry::host;

namespace {
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
unique_fd open_null() { return unique_fd{::open("/dev/null", O_RDONLY)}; }
} // namespace

TEST_CASE("unique_fd: closes when destroyed, and only once when moved", "[host]") {
  int number = -1;
  {
    unique_fd first = open_null();
    number = first.get();
    unique_fd second{std::move(first)};
    CHECK_FALSE(first);
    CHECK(first.get() == -1);
    CHECK(second.get() == number);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
}

TEST_CASE("unique_fd: assignment closes what was owned; onto itself it keeps it", "[host]") {
  unique_fd a = open_null();
  unique_fd b = open_null();
  int old = a.get();
  int kept = b.get();
  a = std::move(b);
  CHECK(a.get() == kept);
  CHECK_FALSE(is_open(old));
  auto& alias = a;
  a = std::move(alias);
  CHECK(a.get() == kept);
  CHECK(is_open(kept));
}

TEST_CASE("unique_fd: release gives up without closing", "[host]") {
  unique_fd fd = open_null();
  int number = fd.release();
  CHECK_FALSE(fd);
  CHECK(is_open(number));
  unique_fd again{number};
  again.reset();
  CHECK_FALSE(is_open(number));
}

TEST_CASE("unique_fd: flags are set, and a closed descriptor is an error", "[host]") {
  unique_fd fd = open_null();
  REQUIRE(set_cloexec(fd.get()));
  CHECK((::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
  REQUIRE(set_nonblocking(fd.get()));
  CHECK((::fcntl(fd.get(), F_GETFL) & O_NONBLOCK) != 0);
  int gone = fd.get();
  fd.reset();
  CHECK_FALSE(set_cloexec(gone));
  CHECK(errno == EBADF);
  CHECK_FALSE(set_nonblocking(gone));
  CHECK_FALSE(duplicate(gone));
}

TEST_CASE("unique_fd: a duplicate is another number, close-on-exec", "[host]") {
  unique_fd fd = open_null();
  auto copy = duplicate(fd.get());
  REQUIRE(copy);
  CHECK(copy.get() != fd.get());
  CHECK((::fcntl(copy.get(), F_GETFD) & FD_CLOEXEC) != 0);
}
