#include "actors/store/blob_files.hpp"

#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace gantry::store {

namespace {

/// Deletes a file unless it is released.
class unfinished_file {
public:
  explicit unfinished_file(std::filesystem::path path) : path_(std::move(path)) {}
  unfinished_file(unfinished_file&&) = delete;
  ~unfinished_file() {
    if (!path_.empty())
      ::unlink(path_.c_str());
  }
  void release() { path_.clear(); }

private:
  std::filesystem::path path_;
};

result<void> write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return file_error("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

} // namespace

result<oci::digest> blob_files::put(std::string_view bytes) {
  auto id = oci::sha256_of(bytes);
  if (has(id))
    return id;
  auto path = fresh_name(paths_.tmp());
  host::unique_fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!file)
    return file_error("create", path, errno);
  unfinished_file guard{path};
  if (auto written = write_all(file.get(), bytes, path); !written)
    return written.error();
  if (::fsync(file.get()) != 0)
    return file_error("sync", path, errno);
  if (auto moved = rename_path(path, paths_.blob(id.hex())); !moved)
    return moved.error();
  guard.release();
  unfinished_file placed{paths_.blob(id.hex())}; // to be found there it has to be on the disk
  if (auto synced = sync_directory(paths_.blobs()); !synced)
    return synced.error();
  placed.release();
  return id;
}

result<std::string> blob_files::read(const oci::digest& id, std::size_t limit) const {
  auto path = paths_.blob(id.hex());
  host::unique_fd file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (!file) {
    if (errno == ENOENT)
      return api_error{errc::not_found, "blob " + id.str() + " is not there"};
    return file_error("open", path, errno);
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0)
    return file_error("stat", path, errno);
  if (static_cast<std::size_t>(facts.st_size) > limit)
    return api_error{errc::not_found, "blob " + id.str() + " is too large"};
  std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    ssize_t got = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return file_error("read", path, errno);
    if (got == 0)
      break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  if (auto actual = oci::sha256_of(bytes); actual != id)
    return api_error{errc::not_found, "blob " + id.str() +
                                          " is damaged: its content has the digest " +
                                          actual.str()};
  return bytes;
}

bool blob_files::has(const oci::digest& id) const {
  struct stat facts {};
  return ::lstat(paths_.blob(id.hex()).c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}

result<std::vector<oci::digest>> blob_files::list() const {
  std::vector<oci::digest> found;
  std::error_code error;
  std::filesystem::directory_iterator entries{paths_.blobs(), error};
  for (; !error && entries != std::filesystem::directory_iterator{}; entries.increment(error))
    if (auto id = oci::digest::from_hex(entries->path().filename().string()))
      found.push_back(std::move(*id));
  if (error)
    return file_error("read directory", paths_.blobs(), error.value());
  return found;
}

result<void> blob_files::remove(const oci::digest& id) {
  auto path = paths_.blob(id.hex());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return file_error("remove", path, errno);
  return {};
}

} // namespace gantry::store
