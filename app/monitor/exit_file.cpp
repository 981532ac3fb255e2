#include "app/monitor/exit_file.hpp"

#include "actors/host/directory_lock.hpp"
#include "actors/host/errno_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace gantry::monitor {
namespace {

result<void> put(int fd, const std::string& path, std::string text) {
  text.resize(exit_file_size, '\n');
  ssize_t n = 0;
  do
    n = ::pwrite(fd, text.data(), text.size(), 0);
  while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(text.size()))
    return {};
  return host::errno_error("write", path, n < 0 ? errno : ENOSPC);
}

std::string fresh_name(const std::string& path) { return path + ".new"; }

} // namespace

result<exit_file> exit_file::prepare(const std::string& path) {
  exit_file file;
  const auto fresh = fresh_name(path);
  ::unlink(path.c_str());
  file.fd_.reset(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.fd_)
    return host::errno_error("open", fresh, errno);
  file.path_ = path;
  if (auto room = put(file.fd_.get(), fresh, {}); !room)
    return room.error();
  return file;
}

exit_file::~exit_file() {
  if (fd_ && !written_)
    ::unlink(fresh_name(path_).c_str());
}

result<void> exit_file::write(const exit_record& record) {
  const auto fresh = fresh_name(path_);
  if (auto done = put(fd_.get(), fresh, encode(record)); !done)
    return done.error();
  if (::rename(fresh.c_str(), path_.c_str()) != 0)
    return host::errno_error("rename", fresh, errno);
  written_ = true;
  return {};
}

void exit_file::sync() const {
  ::fdatasync(fd_.get());
  host::unique_fd directory{
      ::open(host::parent_directory(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (directory)
    ::fsync(directory.get());
}

} // namespace gantry::monitor
