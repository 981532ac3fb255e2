#include "actors/image/room.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <thread>

namespace gantry::image {

void room::wait_blocking(const std::function<bool()>& give_up) {
  using clock = std::chrono::steady_clock;
  struct statvfs disk {};
  const auto tmp = files_.where().tmp();
  auto most = std::uint64_t{0};
  auto moved = clock::now();
  while (!hopeless_ && ::statvfs(tmp.c_str(), &disk) == 0) {
    const auto bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    // NOTE: btrfs counts no files; it says that there are none.
    const bool many_files = disk.f_files == 0 || disk.f_favail >= terms_.files;
    if ((bytes >= terms_.bytes && many_files) || !files_.is_deleting() || (give_up && give_up()))
      return;
    const auto free = bytes + disk.f_favail;
    if (free > most)
      moved = clock::now();
    most = std::max(most, free);
    hopeless_ = clock::now() - moved >= terms_.patience;
    std::this_thread::sleep_for(terms_.look);
  }
}

} // namespace gantry::image
