#include "actors/host/storage_facts.hpp"

#include "actors/host/tree_reader.hpp"

#include <sys/statfs.h>

#include <array>
#include <utility>

namespace gantry::host {
namespace {

std::string nearest_existing(std::string path) {
  while (!path.empty() && !exists(path)) {
    auto slash = path.find_last_of('/');
    path.erase(slash == std::string::npos ? 0 : slash);
  }
  return path.empty() ? "/" : path;
}

} // namespace

storage_facts read_storage_facts(const std::string& path) {
  storage_facts facts;
  facts.backing_filesystem = "unknown";
  struct statfs info {};
  if (::statfs(nearest_existing(path).c_str(), &info) == 0)
    facts.backing_filesystem = filesystem_name(static_cast<unsigned long>(info.f_type));
  return facts;
}

const char* filesystem_name(unsigned long type) noexcept {
  static constexpr std::array<std::pair<unsigned long, const char*>, 28> names{{
      {0x01021997, "9p"},        {0x61756673, "aufs"},   {0xca451a4e, "bcachefs"},
      {0x9123683e, "btrfs"},     {0x00c36400, "ceph"},   {0xff534d42, "smb"},
      {0xfe534d42, "smb"},       {0x28cd3d45, "cramfs"}, {0x0000f15f, "ecryptfs"},
      {0xe0f5e1e2, "erofs"},     {0x2011bab0, "exfat"},  {0x0000ef53, "extfs"},
      {0xf2f52010, "f2fs"},      {0x65735546, "fuse"},   {0x01161970, "gfs2"},
      {0x00009660, "isofs"},     {0x3153464a, "jfs"},    {0x00004d44, "vfat"},
      {0x00006969, "nfs"},       {0x5346544e, "ntfs"},   {0x7461636f, "ocfs2"},
      {0x794c7630, "overlayfs"}, {0x858458f6, "ramfs"},  {0x52654973, "reiserfs"},
      {0x73717368, "squashfs"},  {0x01021994, "tmpfs"},  {0x58465342, "xfs"},
      {0x2fc12fc1, "zfs"},
  }};
  for (const auto& [number, name] : names)
    if (number == (type & 0xffffffff)) // sign-extended where f_type is a 32-bit int
      return name;
  return "unknown";
}

} // namespace gantry::host
