#include "actors/store/layer_export.hpp"

#include "actors/host/unique_fd.hpp"
#include "actors/store/confined_root.hpp"
#include "actors/store/digest_stream.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/replaced_files.hpp"
#include "actors/store/tar_record.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace gantry::store {

namespace {

constexpr std::size_t piece_size = std::size_t{256} * 1024;

// One export, so that the steps share what is open.
class exporter {
public:
  exporter(host::unique_fd layer, host::unique_fd tree, std::string name, const byte_sink& sink)
      : layer_(std::move(layer)), tree_(std::move(tree)), name_(std::move(name)), sink_(sink),
        has_replaced_(layer_.open_straight("replaced", O_PATH | O_DIRECTORY).has_value()) {}

  result<void> operator()(const record::literal& literal) { return emit(literal.bytes); }

  result<void> operator()(const record::file& file) {
    path_ = file.path;
    const auto index = files_++;
    auto opened = open(index);
    if (!opened.has_value())
      return failed("file '" + path_ + "': " + opened.error().message);
    struct stat s {};
    if (::fstat(opened->get(), &s) != 0)
      return failed(file_error("stat", path_, errno).message);
    if (!S_ISREG(s.st_mode))
      return failed("'" + path_ + "' is no file");
    if (static_cast<std::uint64_t>(s.st_size) != file.size)
      return failed("file '" + path_ + "' has " + std::to_string(s.st_size) + " bytes, not " +
                    std::to_string(file.size));
    file_ = std::move(*opened);
    return {};
  }

  result<void> operator()(const record::data& data) {
    auto offset = data.offset;
    for (auto left = data.size; left != 0;) {
      const auto n = ::pread(file_.get(), buffer_.get(), std::min<std::uint64_t>(left, piece_size),
                             static_cast<off_t>(offset));
      if (n < 0) {
        if (errno == EINTR)
          continue;
        return failed(file_error("read", path_, errno).message);
      }
      if (n == 0)
        return failed("file '" + path_ + "' became shorter");
      if (auto done = emit({buffer_.get(), static_cast<std::size_t>(n)}); !done.has_value())
        return done;
      offset += static_cast<std::uint64_t>(n);
      left -= static_cast<std::uint64_t>(n);
    }
    return {};
  }

  result<void> operator()(const record::end&) { return {}; }

  digest_stream& digest() { return digest_; }

  api_error failed(std::string_view why) const {
    return {errc::system, "layer " + name_ + ": " + std::string{why}};
  }

private:
  result<void> emit(std::string_view bytes) {
    digest_.update(bytes);
    return sink_(bytes);
  }

  // O_NONBLOCK: should something else be there, it must not hold us up.
  result<host::unique_fd> open(std::uint64_t index) {
    constexpr int flags = O_RDONLY | O_NONBLOCK;
    if (has_replaced_) {
      auto replaced = layer_.open_straight(replaced_name(index), flags);
      if (replaced.has_value() || replaced.error().kind != errc::not_found)
        return replaced;
    }
    const auto slash = path_.rfind('/');
    if (slash == std::string::npos)
      return tree_.open_straight(path_, flags);
    const auto parent = tree_.open_directory(path_.substr(0, slash));
    if (!parent.has_value())
      return parent.error();
    host::unique_fd fd{
        ::openat(parent->fd, path_.c_str() + slash + 1, flags | O_NOFOLLOW | O_CLOEXEC)};
    if (!fd)
      return file_error("open", errno);
    return fd;
  }

  confined_root layer_;
  confined_root tree_;
  const std::string name_;
  const byte_sink& sink_;
  const bool has_replaced_;
  host::unique_fd file_;
  std::string path_; // of the present file
  std::uint64_t files_ = 0;
  digest_stream digest_;
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(piece_size);
};

} // namespace

result<std::uint64_t> export_layer(const std::filesystem::path& directory,
                                   const oci::digest& diff_id, const byte_sink& sink) {
  const auto open = [](const std::filesystem::path& path) {
    return host::unique_fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  };
  auto layer = open(directory);
  if (!layer)
    return file_error("open", directory.string(), errno);
  auto tree = open(directory / "diff");
  if (!tree)
    return file_error("open", (directory / "diff").string(), errno);
  auto reader = tar_record_reader::open(directory / "record");
  if (!reader.has_value())
    return reader.error();
  exporter run{std::move(layer), std::move(tree), diff_id.str(), sink};
  for (;;) {
    const auto operation = reader->next();
    if (!operation.has_value())
      return run.failed(operation.error().message);
    if (auto done = std::visit(std::ref(run), *operation); !done.has_value())
      return done.error();
    if (std::holds_alternative<record::end>(*operation))
      break;
  }
  const auto size = run.digest().size();
  if (const auto found = run.digest().finish(); found != diff_id)
    return run.failed("the files in it were changed: its tar has digest " + found.str() + " now");
  return size;
}

} // namespace gantry::store
