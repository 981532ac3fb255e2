#include "actors/store/layer_unpacker.hpp"

#include "actors/store/file_steps.hpp"
#include "actors/store/tree_removal.hpp"
#include "actors/store/tree_usage.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

namespace gantry::store {

namespace {

constexpr std::int64_t largest_id = std::numeric_limits<std::uint32_t>::max() - 1; // -1: no change

std::array<timespec, 2> times_of(const tar_entry& entry) {
  return {entry.accessed.value_or(entry.modified), entry.modified};
}

// What overlayfs would take as addressed to itself.
bool is_overlay_xattr(std::string_view name) {
  return name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.");
}

template <class T>
void append_raw(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <class T>
T take_raw(std::string_view& from) {
  T value{};
  std::memcpy(&value, from.data(), sizeof(value));
  from.remove_prefix(sizeof(value));
  return value;
}

} // namespace

layer_unpacker::layer_unpacker(host::unique_fd root, whiteout_form whiteouts)
    : root_(host::duplicate(root.get())), targets_(std::move(root)), form_(whiteouts) {}

result<layer_unpacker> layer_unpacker::open(const std::filesystem::path& layer,
                                            whiteout_form whiteouts) {
  const auto tree = (layer / "diff").string();
  host::unique_fd root{::open(tree.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!root)
    return file_error("open", tree, errno);
  layer_unpacker made{std::move(root), whiteouts};
  made.replaced_.emplace(layer);
  return made;
}

api_error layer_unpacker::failed(const api_error& why) const {
  return {why.kind, "failed to unpack '" + shown_ + "': " + why.message};
}

std::string layer_unpacker::path_here() const {
  return parent_.path.empty() ? name_ : std::string{parent_.path} + '/' + name_;
}

bool layer_unpacker::is_whiteout(int parent, const char* name) const noexcept {
  struct stat s {};
  return form_ != whiteout_form::literal && ::fstatat(parent, name, &s, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISCHR(s.st_mode) && s.st_rdev == 0;
}

result<bool> layer_unpacker::begin(const tar_entry& entry) {
  ++entries_;
  shown_ = entry.path;
  file_size_ = 0;
  written_to_ = 0;
  if (std::exchange(moved_, false)) {
    root_.forget();
    targets_.forget();
  }
  if (extraction_) {
    if (auto fits = check_kind(entry); !fits.has_value())
      return fits.error();
  }
  if (auto placed = place(entry); !placed.has_value())
    return failed(placed.error());
  return file_size_ != 0;
}

result<void> layer_unpacker::place(const tar_entry& entry) {
  auto at = find_place(entry.path);
  if (!at.has_value())
    return at.error();
  if (entry.kind == entry_kind::other || at->whiteout == whiteout_kind::ignore) {
    ++skipped_entries_;
    return {};
  }
  if (entry.uid < 0 || entry.uid > largest_id || entry.gid < 0 || entry.gid > largest_id)
    return invalid("no such user or group id: " + std::to_string(entry.uid) + ':' +
                   std::to_string(entry.gid));
  if (at->name.empty())
    return set_root(entry);
  const auto parent = open_parent(below_base(at->directory));
  if (!parent.has_value())
    return parent.error();
  parent_ = *parent;
  name_ = std::move(at->name);
  if (at->whiteout == whiteout_kind::opaque)
    return make_opaque(parent_.fd);
  if (at->whiteout == whiteout_kind::remove)
    return make_whiteout();
  switch (entry.kind) {
  case entry_kind::file:
    return make_file(entry);
  case entry_kind::directory:
    return make_directory(entry);
  case entry_kind::hard_link:
    return make_hard_link(entry);
  default:
    return make_node(entry);
  }
}

result<void> layer_unpacker::set_root(const tar_entry& entry) {
  if (entry.kind != entry_kind::directory)
    return invalid("the root of a layer is a directory");
  if (extraction_)
    return {};
  note_directory({}, entry);
  return set_attributes(root_.fd(), entry);
}

// The directory, which is made, with all above it, if it is missing.
result<confined_root::place> layer_unpacker::open_parent(const std::string& directory) {
  if (auto found = root_.open_directory(directory); found.has_value())
    return found;
  for (std::size_t begin = 0; begin < directory.size();) {
    const auto end = std::min(directory.find('/', begin), directory.size());
    const auto part = directory.substr(begin, end - begin);
    const auto above = root_.open_directory(directory.substr(0, begin == 0 ? 0 : begin - 1));
    if (!above.has_value())
      return above.error();
    const bool hidden = is_whiteout(above->fd, part.c_str());
    if (hidden && ::unlinkat(above->fd, part.c_str(), 0) != 0)
      return file_error("unlink", errno);
    if (::mkdirat(above->fd, part.c_str(), 0755) == 0) {
      host::unique_fd made{
          ::openat(above->fd, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
      if (!made || ::fchmod(made.get(), 0755) != 0)
        return file_error("chmod", errno);
      if (hidden) {
        if (auto done = make_opaque(made.get()); !done.has_value())
          return done.error();
      }
    } else if (errno != EEXIST) {
      return file_error("mkdir", errno);
    }
    begin = end + 1;
  }
  return root_.open_directory(directory);
}

// Calls `make`, which fails with EEXIST if something is there; then that goes away first.
template <class Make>
result<void> layer_unpacker::make(const char* step, Make make) {
  if (make())
    return {};
  if (errno != EEXIST)
    return file_error(step, errno);
  if (auto cleared = clear_place(); !cleared.has_value())
    return cleared;
  if (!make())
    return file_error(step, errno);
  return {};
}

result<void> layer_unpacker::clear_place() {
  struct stat s {};
  if (::fstatat(parent_.fd, name_.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0)
    return file_error("stat", errno);
  moved_ = true;
  if (extraction_ && S_ISDIR(s.st_mode))
    return remove_tree("/proc/self/fd/" + std::to_string(parent_.fd) + '/' + name_);
  if (replaced_ && (S_ISDIR(s.st_mode) || (S_ISREG(s.st_mode) && s.st_size != 0)))
    return replaced_->take(parent_.fd, name_, path_here(), files_);
  if (S_ISLNK(s.st_mode))
    tree_size_ -= static_cast<std::uint64_t>(s.st_size);
  if (::unlinkat(parent_.fd, name_.c_str(), 0) != 0)
    return file_error("unlink", errno);
  return {};
}

result<void> layer_unpacker::make_file(const tar_entry& entry) {
  // O_EXCL: what contents go into was made here and now, and no link leads away from it.
  auto opened = make("open", [this] {
    file_.reset(::openat(parent_.fd, name_.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    return static_cast<bool>(file_);
  });
  if (!opened.has_value())
    return opened;
  tree_size_ += entry.size;
  if (entry.size == 0)
    return end_file(entry);
  file_path_ = path_here();
  file_size_ = entry.size;
  ++files_;
  return {};
}

result<void> layer_unpacker::write(const tar_data& part) {
  if (part.offset > file_size_ || part.bytes.size() > file_size_ - part.offset)
    return failed(invalid("contents beyond the end of the file"));
  auto bytes = part.bytes;
  auto offset = part.offset;
  while (!bytes.empty()) {
    const auto n = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0) {
      if (errno == EINTR)
        continue;
      return failed(file_error("write", errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  written_to_ = std::max(written_to_, offset);
  return {};
}

result<void> layer_unpacker::end_file(const tar_entry& entry) {
  const host::unique_fd file{file_.release()};
  if (written_to_ < file_size_ && ::ftruncate(file.get(), static_cast<off_t>(file_size_)) != 0)
    return failed(file_error("truncate", errno));
  // Last, because writing takes capabilities and set-id bits away.
  if (auto done = set_attributes(file.get(), entry); !done.has_value())
    return failed(done.error());
  if (::futimens(file.get(), times_of(entry).data()) != 0)
    return failed(file_error("utimensat", errno));
  return {};
}

result<void> layer_unpacker::make_directory(const tar_entry& entry) {
  bool opaque = false;
  if (::mkdirat(parent_.fd, name_.c_str(), 0700) != 0) {
    if (errno != EEXIST)
      return file_error("mkdir", errno);
    struct stat s {};
    if (::fstatat(parent_.fd, name_.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0)
      return file_error("stat", errno);
    if (!S_ISDIR(s.st_mode)) {
      // A whiteout before the directory: the layers below do not show through it.
      opaque = is_whiteout(parent_.fd, name_.c_str());
      auto made = make("mkdir", [this] { return ::mkdirat(parent_.fd, name_.c_str(), 0700) == 0; });
      if (!made.has_value())
        return made;
    }
  }
  const host::unique_fd fd{
      ::openat(parent_.fd, name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!fd)
    return file_error("open", errno);
  if (opaque) {
    if (auto done = make_opaque(fd.get()); !done.has_value())
      return done;
  }
  note_directory(path_here(), entry);
  return set_attributes(fd.get(), entry);
}

result<void> layer_unpacker::make_hard_link(const tar_entry& entry) {
  const auto target =
      extraction_ ? find_place(entry.link) : place_of(entry.link, whiteout_form::literal);
  if (!target.has_value())
    return target.error();
  if (target->name.empty())
    return invalid("a hard link to the root");
  const auto from = targets_.open_directory(below_base(target->directory));
  struct stat wanted {};
  if (!from.has_value() ||
      ::fstatat(from->fd, target->name.c_str(), &wanted, AT_SYMLINK_NOFOLLOW) != 0) {
    const auto why = from.has_value() ? file_error("link", errno) : from.error();
    return api_error{why.kind, why.message + ": '" + std::string{entry.link} + '\''};
  }
  if (S_ISDIR(wanted.st_mode))
    return invalid("a hard link to the directory '" + std::string{entry.link} + '\'');
  struct stat present {};
  if (::fstatat(parent_.fd, name_.c_str(), &present, AT_SYMLINK_NOFOLLOW) == 0 &&
      present.st_ino == wanted.st_ino && present.st_dev == wanted.st_dev)
    return {};
  return make("link", [&] {
    return ::linkat(from->fd, target->name.c_str(), parent_.fd, name_.c_str(), 0) == 0;
  });
}

result<void> layer_unpacker::make_node(const tar_entry& entry) {
  if (entry.kind == entry_kind::symbolic_link) {
    const std::string target{entry.link};
    auto made = make("symlink",
                     [&] { return ::symlinkat(target.c_str(), parent_.fd, name_.c_str()) == 0; });
    if (!made.has_value())
      return made;
    tree_size_ += target.size();
    return set_attributes_by_name(entry);
  }
  const mode_t type = entry.kind == entry_kind::character_device ? S_IFCHR
                      : entry.kind == entry_kind::block_device   ? S_IFBLK
                                                                 : S_IFIFO;
  auto made = make("mknod", [&] {
    return ::mknodat(parent_.fd, name_.c_str(), type | 0600, entry.device) == 0;
  });
  if (!made.has_value())
    return made;
  return set_attributes_by_name(entry);
}

result<void> layer_unpacker::make_whiteout() {
  if (::mknodat(parent_.fd, name_.c_str(), S_IFCHR, 0) == 0)
    return {};
  if (errno != EEXIST)
    return file_error("mknod", errno);
  // The layer has something there: it stays, and a directory hides what is below it.
  const host::unique_fd fd{
      ::openat(parent_.fd, name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (fd)
    return make_opaque(fd.get());
  return {};
}

result<void> layer_unpacker::make_opaque(int directory) {
  const char* name =
      form_ == whiteout_form::overlay_user ? "user.overlay.opaque" : "trusted.overlay.opaque";
  if (::fsetxattr(directory, name, "y", 1, 0) != 0)
    return file_error(name, errno);
  return {};
}

template <class Set>
result<void> layer_unpacker::set_xattrs(const tar_entry& entry, Set set) {
  for (const auto& [name, value] : entry.xattrs) {
    if (is_overlay_xattr(name)) {
      ++skipped_xattrs_;
      continue;
    }
    if (set(std::string{name}.c_str(), value) == 0)
      continue;
    if (errno != EOPNOTSUPP && errno != EPERM)
      return file_error("setxattr", name, errno);
    ++skipped_xattrs_;
  }
  return {};
}

// Owner first: changing it takes set-id bits and capabilities away.
result<void> layer_unpacker::set_attributes(int fd, const tar_entry& entry) {
  const auto owner = owner_of(entry);
  if (::fchown(fd, owner.first, owner.second) != 0)
    return file_error("chown", errno);
  if (::fchmod(fd, entry.mode) != 0)
    return file_error("chmod", errno);
  return set_xattrs(entry, [fd](const char* name, std::string_view value) {
    return ::fsetxattr(fd, name, value.data(), value.size(), 0);
  });
}

// For what cannot be opened without consequences, or at all.
result<void> layer_unpacker::set_attributes_by_name(const tar_entry& entry) {
  const auto owner = owner_of(entry);
  if (::fchownat(parent_.fd, name_.c_str(), owner.first, owner.second, AT_SYMLINK_NOFOLLOW) != 0)
    return file_error("chown", errno);
  if (entry.kind != entry_kind::symbolic_link) {
    if (auto done = set_mode_by_name(entry); !done.has_value())
      return done;
  }
  const auto path = "/proc/self/fd/" + std::to_string(parent_.fd) + '/' + name_;
  auto done = set_xattrs(entry, [&path](const char* name, std::string_view value) {
    return ::lsetxattr(path.c_str(), name, value.data(), value.size(), 0);
  });
  if (!done.has_value())
    return done;
  if (::utimensat(parent_.fd, name_.c_str(), times_of(entry).data(), AT_SYMLINK_NOFOLLOW) != 0)
    return file_error("utimensat", errno);
  return {};
}

// NOTE: chmod(2) follows links, and somebody may have put one there meanwhile that leads out.
result<void> layer_unpacker::set_mode_by_name(const tar_entry& entry) {
  const host::unique_fd node{::openat(parent_.fd, name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  struct stat s {};
  if (!node || ::fstat(node.get(), &s) != 0)
    return file_error("open", errno);
  const auto path = "/proc/self/fd/" + std::to_string(node.get());
  if (!S_ISLNK(s.st_mode) && ::chmod(path.c_str(), entry.mode) != 0)
    return file_error("chmod", errno);
  return {};
}

void layer_unpacker::note_directory(std::string path, const tar_entry& entry) {
  const auto most = std::min({path.size(), last_directory_.size(),
                              std::size_t{std::numeric_limits<std::uint16_t>::max()}});
  const auto same = static_cast<std::uint16_t>(
      std::mismatch(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(most),
                    last_directory_.begin())
          .first -
      path.begin());
  append_raw(directories_, same);
  append_raw(directories_, static_cast<std::uint16_t>(path.size() - same));
  directories_.append(path, same);
  append_raw(directories_, times_of(entry));
  last_directory_ = std::move(path);
}

result<void> layer_unpacker::set_directory_times() {
  std::string path;
  for (std::string_view rest = directories_; !rest.empty();) {
    const auto same = take_raw<std::uint16_t>(rest);
    const auto size = take_raw<std::uint16_t>(rest);
    path.resize(same);
    path += rest.substr(0, size);
    rest.remove_prefix(size);
    const auto times = take_raw<std::array<timespec, 2>>(rest);
    shown_ = path;
    // A later entry may have put something else there, or nothing.
    const auto fd = root_.open_straight(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
    if (fd.has_value() && ::futimens(fd->get(), times.data()) != 0)
      return failed(file_error("utimensat", errno));
  }
  return {};
}

result<void> layer_unpacker::finish(const std::filesystem::path& record) {
  if (!replaced_->empty()) {
    if (auto settled = replaced_->settle(record); !settled.has_value())
      return settled;
    auto usage = measure_tree(host::duplicate(root_.fd()));
    if (!usage.has_value())
      return usage.error();
    tree_size_ = usage->apparent;
  }
  return set_directory_times();
}

} // namespace gantry::store
