#include "actors/host/sealed_copy.hpp"

#include "actors/host/errno_text.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gantry::host {
namespace {

constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

// Linux 6.3 wants to hear that it is to be executed; older ones do not know the flag.
unique_fd make_executable_memory(const char* name) {
  constexpr unsigned executable = 0x10; // MFD_EXEC
  unique_fd fd{::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | executable)};
  if (!fd && errno == EINVAL)
    fd.reset(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  return fd;
}

bool is_elf(int fd) {
  char start[SELFMAG];
  return ::pread(fd, start, sizeof start, 0) == sizeof start &&
         std::memcmp(start, ELFMAG, SELFMAG) == 0;
}

} // namespace

result<unique_fd> sealed_copy_blocking(const std::string& path, std::size_t most) {
  const auto failed = [&path] { return errno_error("copy", path, errno); };
  const unique_fd from{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat facts {};
  if (!from || ::fstat(from.get(), &facts) != 0)
    return failed();
  if (!is_elf(from.get()) || static_cast<std::size_t>(facts.st_size) > most)
    return api_error{errc::invalid_parameter,
                     "copy '" + path + "': it is no ELF file, or a large one"};
  auto copy = make_executable_memory(path.substr(path.rfind('/') + 1).c_str());
  if (!copy)
    return failed();
  for (off_t done = 0; done < facts.st_size;) {
    const auto moved =
        ::sendfile(copy.get(), from.get(), &done, static_cast<std::size_t>(facts.st_size - done));
    if (moved == 0)
      errno = EIO; // it has become shorter
    if (moved <= 0 && (moved == 0 || errno != EINTR))
      return failed();
  }
  if (::fcntl(copy.get(), F_ADD_SEALS, all_seals) != 0)
    return failed();
  return copy;
}

bool is_sealed_copy(int fd) noexcept { return ::fcntl(fd, F_GET_SEALS) == all_seals; }

} // namespace gantry::host
