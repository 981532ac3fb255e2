#include "actors/store/space_reserve.hpp"

#include "actors/host/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace gantry::store {

namespace {

/// More than SQLite writes for the removal of a hundred images.
constexpr off_t reserved = off_t{1} << 20;

} // namespace

void space_reserve::keep() noexcept {
  if (kept_)
    return;
  const host::unique_fd file{::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  kept_ = file && ::posix_fallocate(file.get(), 0, reserved) == 0;
  if (!kept_)
    ::unlink(file_.c_str()); // what there is of it would be missing to others
}

bool space_reserve::release() noexcept {
  if (!kept_)
    return false;
  kept_ = false;
  return ::unlink(file_.c_str()) == 0;
}

} // namespace gantry::store
