#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/store/layer_files.hpp"
#include "actors/store/tree_removal.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace gantry::store {

namespace {

using host::unique_fd;

// The value of an option that is a path: overlayfs splits at colons, and backslashes keep it.
std::string escaped(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c == ':' || c == '\\')
      out += '\\';
    out += c;
  }
  return out;
}

bool make_tree(const std::string& dir, const char* opaque, std::string& reason) {
  for (const char* name : {"lower", "lower/hidden", "upper", "upper/hidden", "work"}) {
    if (::mkdir((dir + '/' + name).c_str(), 0755) != 0) {
      reason = host::errno_text("mkdir", errno);
      return false;
    }
  }
  for (const char* name : {"lower/gone", "lower/hidden/old", "lower/stays"}) {
    const unique_fd fd{::open((dir + '/' + name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)};
    if (!fd) {
      reason = host::errno_text("open", errno);
      return false;
    }
  }
  if (::mknod((dir + "/upper/gone").c_str(), S_IFCHR, 0) != 0) {
    reason = host::errno_text("mknod", errno);
    return false;
  }
  if (::setxattr((dir + "/upper/hidden").c_str(), opaque, "y", 1, 0) != 0) {
    reason = host::errno_text(opaque, errno);
    return false;
  }
  return true;
}

// The mount is attached to no place, so nobody sees it and it ends with its descriptor.
unique_fd mount_overlay(const std::string& dir, bool user_xattr, std::string& reason) {
  const unique_fd context{::fsopen("overlay", FSOPEN_CLOEXEC)};
  if (!context) {
    reason = host::errno_text("fsopen", errno);
    return {};
  }
  const auto set = [&](const char* key, const char* name) {
    return ::fsconfig(context.get(), FSCONFIG_SET_STRING, key, escaped(dir + '/' + name).c_str(),
                      0) == 0;
  };
  if (!set("lowerdir", "lower") || !set("upperdir", "upper") || !set("workdir", "work") ||
      (user_xattr && ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "userxattr", nullptr, 0) != 0) ||
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    reason = host::errno_text("mount", errno);
    return {};
  }
  unique_fd mounted{::fsmount(context.get(), FSMOUNT_CLOEXEC, 0)};
  if (!mounted)
    reason = host::errno_text("fsmount", errno);
  return mounted;
}

bool try_form(const std::string& dir, bool user_xattr, std::string& reason) {
  if (::mkdir(dir.c_str(), 0700) != 0) {
    reason = host::errno_text("mkdir", errno);
    return false;
  }
  if (!make_tree(dir, user_xattr ? "user.overlay.opaque" : "trusted.overlay.opaque", reason))
    return false;
  const auto mounted = mount_overlay(dir, user_xattr, reason);
  if (!mounted)
    return false;
  const auto shows = [&](const char* name) {
    return ::faccessat(mounted.get(), name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  };
  if (!shows("stays") || !shows("hidden") || shows("gone") || shows("hidden/old")) {
    reason = "whiteouts do not hide what they should";
    return false;
  }
  // A file system whose directories do not tell types passes until something is written.
  const unique_fd made{::openat(mounted.get(), "made", O_WRONLY | O_CREAT | O_CLOEXEC, 0644)};
  if (!made || ::unlinkat(mounted.get(), "stays", 0) != 0) {
    reason = host::errno_text("write", errno);
    return false;
  }
  return true;
}

} // namespace

overlay_trial try_overlay(const std::filesystem::path& tmp) {
  overlay_trial trial;
  auto name = (std::filesystem::absolute(tmp) / "trial-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    trial.reason = host::errno_text("mkdir", errno);
    return trial;
  }
  trial.works = try_form(name + "/trusted", false, trial.reason);
  if (!trial.works) {
    // What is told in the end is why the usual form failed.
    std::string ignored;
    trial.works = trial.user_xattr = try_form(name + "/user", true, ignored);
  }
  if (trial.works)
    trial.reason.clear();
  (void)remove_tree(name);
  return trial;
}

} // namespace gantry::store
