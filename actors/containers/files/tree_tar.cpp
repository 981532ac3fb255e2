#include "actors/containers/files/tree_tar.hpp"

#include "actors/containers/file_copy.hpp"
#include "actors/containers/files/file_marks.hpp"
#include "actors/containers/tree_names.hpp"
#include "actors/store/file_steps.hpp"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace gantry::containers {

namespace {

using host::unique_fd;
using store::whiteout_form;
using stream::tar_member;
using stream::tar_type;

constexpr std::size_t piece_size = std::size_t{128} * 1024;

/// Headers are handed out when so many bytes of them have come together.
constexpr std::size_t most_headers = std::size_t{64} * 1024;

/// Files with other names to come that are remembered; the names of further ones become copies.
constexpr std::size_t most_linked = 200'000;

std::string link_to(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

tar_member member_of(const struct stat& facts) {
  tar_member member{.path = {}, .link = {}};
  member.mode = facts.st_mode;
  member.modified = facts.st_mtim.tv_sec;
  member.uid = facts.st_uid;
  member.gid = facts.st_gid;
  return member;
}

/// Gone, or not of the kind any more that it was a moment ago.
bool has_changed(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ESTALE;
}

} // namespace

tree_tar::tree_tar(unique_fd top, tree_tar_options how)
    : top_(std::move(top)), how_(std::move(how)),
      buffer_(std::make_unique_for_overwrite<char[]>(piece_size)) {}

// What a path below the top is called; of a directory with a slash at the end.
std::string tree_tar::shown(const std::string& path, bool directory) const {
  std::string out = how_.top;
  if (how_.only.empty()) {
    if (!out.empty() && !path.empty() && !out.ends_with('/'))
      out += '/';
    out += path;
  } else {
    out += path.substr(how_.only.size());
  }
  if (directory && !out.ends_with('/'))
    out += '/';
  return out;
}

result<void> tree_tar::begin() {
  if (!how_.only.empty())
    return add(top_.fd(), how_.only, how_.only);
  if (!how_.top.empty()) {
    struct stat facts {};
    if (::fstat(top_.fd(), &facts) != 0)
      return store::file_error("stat", how_.top, errno);
    auto member = member_of(facts);
    const auto path = shown({}, true);
    const auto capability = capability_of(top_.fd());
    member.path = path;
    member.type = tar_type::directory;
    member.capability = capability;
    put(member);
  }
  return enter({}, top_.fd());
}

result<void> tree_tar::enter(const std::string& path, int directory) {
  auto names = names_in_directory(directory);
  if (!names)
    return api_error{names.error().kind, "'" + shown(path, true) + "': " + names.error().message};
  std::sort(names->begin(), names->end(), std::greater<>{});
  levels_.push_back({path, std::move(*names)});
  return {};
}

// Deals with names until there is something to hand out.
result<void> tree_tar::step() {
  while (!levels_.empty() && !file_ && header_.size() < most_headers) {
    auto& at = levels_.back();
    if (at.names.empty()) {
      levels_.pop_back();
      continue;
    }
    const auto depth = levels_.size();
    const auto directory =
        top_.try_straight(at.path.empty() ? "." : at.path, O_RDONLY | O_DIRECTORY);
    if (!directory && !has_changed(errno))
      return store::file_error("open", shown(at.path, true), errno);
    if (!directory) {
      levels_.pop_back();
      continue;
    }
    while (levels_.size() == depth && !levels_.back().names.empty() && !file_ &&
           header_.size() < most_headers) {
      const auto name = std::move(levels_.back().names.back());
      levels_.back().names.pop_back();
      if (auto added = add(directory.get(), joined(levels_.back().path, name), name); !added)
        return added;
    }
  }
  return {};
}

result<void> tree_tar::add(int parent, const std::string& path, const std::string& name) {
  struct stat facts {};
  if (::fstatat(parent, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0)
    return has_changed(errno) ? result<void>{} : store::file_error("stat", path, errno);
  auto member = member_of(facts);
  const auto called = shown(path, false);
  member.path = called;
  switch (facts.st_mode & S_IFMT) {
  case S_IFDIR:
    return add_directory(parent, path, name);
  case S_IFREG:
    return add_file(parent, path, name);
  case S_IFSOCK:
    return {};
  case S_IFLNK: {
    const auto target = read_link({parent, name});
    if (target.empty())
      return {};
    member.type = tar_type::symbolic_link;
    member.link = target;
    if (!add_hard_link(member, facts, called))
      put(member);
    return {};
  }
  case S_IFCHR:
    if (how_.whiteouts != whiteout_form::literal && is_whiteout(facts)) {
      const auto slash = called.rfind('/') + 1; // 0 if there is none
      const auto whiteout = called.substr(0, slash) + ".wh." + called.substr(slash);
      member.path = whiteout;
      member.mode = 0600;
      put(member);
      return {};
    }
    member.type = tar_type::character_device;
    break;
  case S_IFBLK:
    member.type = tar_type::block_device;
    break;
  default:
    member.type = tar_type::fifo;
  }
  if (member.type != tar_type::fifo) {
    member.device_major = major(facts.st_rdev);
    member.device_minor = minor(facts.st_rdev);
  }
  if (!add_hard_link(member, facts, called))
    put(member);
  return {};
}

// True if it is one to an entry that was written.
bool tree_tar::add_hard_link(tar_member& member, const struct stat& facts,
                             const std::string& called) {
  if (facts.st_nlink < 2)
    return false;
  const auto found = linked_.find({facts.st_dev, facts.st_ino});
  if (found == linked_.end()) {
    if (linked_.size() < most_linked)
      linked_.emplace(std::pair{facts.st_dev, facts.st_ino}, std::pair{facts.st_nlink - 1, called});
    return false;
  }
  member.type = tar_type::hard_link;
  member.link = found->second.second;
  put(member);
  if (--found->second.first == 0)
    linked_.erase(found);
  return true;
}

result<void> tree_tar::add_file(int parent, const std::string& path, const std::string& name) {
  // NOTE: by now a device may be there, for which it means something to be opened.
  const unique_fd found{::openat(parent, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  struct stat facts {};
  if (!found || ::fstat(found.get(), &facts) != 0)
    return has_changed(errno) ? result<void>{} : store::file_error("open", path, errno);
  if (!S_ISREG(facts.st_mode))
    return {};
  const auto called = shown(path, false);
  auto member = member_of(facts);
  member.path = called;
  if (add_hard_link(member, facts, called))
    return {};
  unique_fd file{::open(link_to(found.get()).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!file)
    return store::file_error("open", path, errno);
  const auto capability = capability_of(file.get());
  member.size = static_cast<std::uint64_t>(facts.st_size);
  member.capability = capability;
  put(member);
  if (member.size != 0) {
    file_ = std::move(file);
    file_name_ = called;
    left_ = size_ = member.size;
    is_short_ = false;
  }
  return {};
}

result<void> tree_tar::add_directory(int parent, const std::string& path, const std::string& name) {
  const unique_fd directory{
      ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat facts {};
  if (!directory || ::fstat(directory.get(), &facts) != 0)
    return has_changed(errno) ? result<void>{} : store::file_error("open", path, errno);
  const auto called = shown(path, true);
  const auto capability = capability_of(directory.get());
  auto member = member_of(facts);
  member.path = called;
  member.type = tar_type::directory;
  member.capability = capability;
  put(member);
  if (how_.whiteouts != whiteout_form::literal && is_opaque(directory.get())) {
    const auto opaque = called + ".wh..wh..opq";
    tar_member mark{.path = opaque, .link = {}};
    mark.mode = facts.st_mode & 0777;
    mark.uid = facts.st_uid;
    mark.gid = facts.st_gid;
    put(mark);
  }
  return enter(path, directory.get());
}

result<std::string_view> tree_tar::read_contents() {
  auto n = std::min<std::uint64_t>(left_, piece_size);
  if (!is_short_) {
    const auto got = ::pread(file_.get(), buffer_.get(), n, static_cast<off_t>(size_ - left_));
    if (got < 0 && errno == EINTR)
      return read_contents();
    if (got < 0)
      return store::file_error("read", file_name_, errno);
    is_short_ = got == 0;
    n = is_short_ ? n : static_cast<std::uint64_t>(got);
  }
  if (is_short_)
    std::memset(buffer_.get(), 0, n);
  left_ -= n;
  if (left_ == 0) {
    header_ = stream::tar_padding(size_);
    file_.reset();
  }
  return std::string_view{buffer_.get(), n};
}

result<std::string_view> tree_tar::next() {
  if (file_ && header_.empty())
    return read_contents();
  if (!file_ && !ended_) {
    auto done = std::exchange(begun_, true) ? step() : begin();
    if (done && !file_ && header_.size() < most_headers)
      done = step();
    if (!done)
      return done.error();
    if (levels_.empty() && !file_) {
      ended_ = true;
      header_ += stream::tar_end();
    }
  }
  handed_out_ = std::exchange(header_, {});
  return std::string_view{handed_out_};
}

} // namespace gantry::containers
