#include "actors/store/file_steps.hpp"

#include "actors/host/errno_text.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <random>
#include <system_error>

namespace gantry::store {

namespace {

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, GRND_NONBLOCK) == static_cast<ssize_t>(sizeof bits))
    return bits;
  // Only names that nobody else has are wanted, not secrets.
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

} // namespace

api_error file_error(std::string_view step, int error) {
  auto failure = host::errno_error(step, error);
  if (error == ENOSPC)
    failure.message = std::string{step} + ": no space left on device";
  return failure;
}

api_error file_error(std::string_view step, const std::filesystem::path& path, int error) {
  return file_error(std::string{step} + " '" + path.string() + "'", error);
}

result<bool> ensure_directory(const std::filesystem::path& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) == 0)
    return true;
  int error = errno;
  struct stat found {};
  if (error == EEXIST && ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode))
    return false;
  return file_error("mkdir", path, error);
}

result<std::vector<std::string>> names_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entries{directory, error};
  for (; !error && entries != std::filesystem::directory_iterator{}; entries.increment(error))
    names.push_back(entries->path().filename().string());
  if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory)
    return file_error("read directory", directory, error.value());
  return names;
}

bool spread_subdirectories(const std::filesystem::path& path) noexcept {
  const host::unique_fd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  unsigned flags = 0; // NOTE: an int, whatever the number of the request says
  if (!directory || ::ioctl(directory.get(), FS_IOC_GETFLAGS, &flags) != 0)
    return false;
  flags |= FS_TOPDIR_FL;
  return ::ioctl(directory.get(), FS_IOC_SETFLAGS, &flags) == 0;
}

result<void> sync_directory(const std::filesystem::path& path) {
  host::unique_fd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory)
    return file_error("open", path, errno);
  if (::fsync(directory.get()) != 0)
    return file_error("sync", path, errno);
  return {};
}

result<void> rename_path(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return file_error("rename '" + from.string() + "' to", to, errno);
  return {};
}

std::filesystem::path fresh_name(const std::filesystem::path& directory) {
  std::array<char, 33> name{};
  std::snprintf(name.data(), name.size(), "%016llx%016llx",
                static_cast<unsigned long long>(random_bits()),
                static_cast<unsigned long long>(random_bits()));
  return directory / name.data();
}

result<std::filesystem::path> make_fresh_directory(const std::filesystem::path& directory) {
  auto path = fresh_name(directory);
  if (::mkdir(path.c_str(), 0700) != 0)
    return file_error("mkdir", path, errno);
  return path;
}

} // namespace gantry::store
