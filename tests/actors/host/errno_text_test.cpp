#include "actors/host/errno_text.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

using namespace gantry;
using namespace gantry::host;

TEST_CASE("errno_text: step, path and words", "[host]") {
  CHECK(errno_text(EADDRINUSE) == "Address already in use");
  CHECK(errno_text("bind", EADDRINUSE) == "bind: Address already in use");
  CHECK(errno_text("open", "/run/x", EACCES) == "open '/run/x': Permission denied");
  CHECK(errno_text(4095) == "errno 4095");
}

TEST_CASE("errno_text: kinds", "[host]") {
  CHECK(errno_kind(EADDRINUSE) == errc::conflict);
  CHECK(errno_kind(EACCES) == errc::forbidden);
  CHECK(errno_kind(EPERM) == errc::forbidden);
  CHECK(errno_kind(ENOENT) == errc::not_found);
  CHECK(errno_kind(EIO) == errc::system);
  CHECK(errno_error("bind", ENOENT) ==
        api_error{errc::not_found, "bind: No such file or directory"});
  CHECK(errno_error("open", "/x", EROFS) ==
        api_error{errc::forbidden, "open '/x': Read-only file system"});
}
