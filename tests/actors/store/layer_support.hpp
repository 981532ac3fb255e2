#pragma once

#include "actors/store/layer_export.hpp"
#include "actors/store/layer_import.hpp"
#include "protocol/stream/tar_writer.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace gantry::test {

/// Runs a shell command; fails the test if that fails.
inline void shell(const std::string& command) {
  INFO(command);
  REQUIRE(std::system(command.c_str()) == 0);
}

/// What a shell command writes.
inline std::string shell_output(const std::string& command) {
  INFO(command);
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 65536> buffer{};
  while (const auto n = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), n);
  REQUIRE(::pclose(pipe) == 0);
  return out;
}

/// True for a program that is on the PATH.
inline bool have_program(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null 2>&1").c_str()) == 0;
}

/// Making devices and other people's files needs root.
inline bool is_root() { return ::geteuid() == 0; }

/// A temporary directory in memory, for tests that make files by the thousand: some disks take
/// milliseconds to delete one. Without root it is an ordinary one.
class memory_dir : public temp_dir {
public:
  memory_dir() : mounted_(::mount("none", path().c_str(), "tmpfs", 0, nullptr) == 0) {}
  ~memory_dir() {
    if (mounted_)
      ::umount2(path().c_str(), MNT_DETACH);
  }

private:
  bool mounted_;
};

/// Imports `bytes` in pieces of `step` into a fresh directory below `dir`.
inline result<store::imported_layer>
import_layer(const std::filesystem::path& layer, std::string_view bytes,
             store::whiteout_form form = store::whiteout_form::overlay,
             std::size_t step = 100'000) {
  std::filesystem::create_directory(layer);
  store::layer_import import{layer, form};
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    if (auto done = import.write(bytes.substr(0, step)); !done.has_value())
      return done.error();
  }
  return import.finish();
}

/// The tar that `export_layer` rebuilds.
inline result<std::string> export_to_string(const std::filesystem::path& layer,
                                            const oci::digest& diff_id) {
  std::string out;
  auto size = store::export_layer(layer, diff_id, [&out](std::string_view bytes) -> result<void> {
    out += bytes;
    return {};
  });
  if (!size.has_value())
    return size.error();
  REQUIRE(*size == out.size());
  return out;
}

/// Imports, checks all figures, and checks that the very same tar comes out. Returns what
/// `layer_import` said.
inline store::imported_layer round_trip(const std::filesystem::path& layer, const std::string& tar,
                                        store::whiteout_form form = store::whiteout_form::overlay) {
  auto imported = import_layer(layer, tar, form);
  INFO((imported.has_value() ? "" : imported.error().message));
  REQUIRE(imported.has_value());
  CHECK(imported->packed == store::compression::none);
  CHECK(imported->diff_id == oci::sha256_of(tar));
  CHECK(imported->digest == imported->diff_id);
  CHECK(imported->diff_size == tar.size());
  CHECK(imported->size == tar.size());
  auto rebuilt = export_to_string(layer, imported->diff_id);
  INFO((rebuilt.has_value() ? "" : rebuilt.error().message));
  REQUIRE(rebuilt.has_value());
  CHECK((*rebuilt == tar)); // in parentheses: a difference is not to be printed
  return *imported;
}

/// `lstat` that fails the test if nothing is there.
inline struct stat status_of(const std::filesystem::path& path) {
  struct stat s {};
  INFO(path);
  REQUIRE(::lstat(path.c_str(), &s) == 0);
  return s;
}

/// True if something, a dangling link even, is there.
inline bool is_there(const std::filesystem::path& path) {
  struct stat s {};
  return ::lstat(path.c_str(), &s) == 0;
}

/// An extended attribute, `(none)` without it.
inline std::string xattr_of(const std::filesystem::path& path, const char* name) {
  std::array<char, 4096> value{};
  const auto n = ::lgetxattr(path.c_str(), name, value.data(), value.size());
  return n < 0 ? "(none)" : std::string{value.data(), static_cast<std::size_t>(n)};
}

/// Overlayfs' sign for "gone".
inline bool is_whiteout(const std::filesystem::path& path) {
  const auto s = status_of(path);
  return S_ISCHR(s.st_mode) && s.st_rdev == 0;
}

/// One entry with the type field that is given, of any kind; contents follow if there are any.
inline std::string entry(char type, std::string_view path, std::string_view link = {},
                         std::string_view contents = {}, unsigned mode = 0644) {
  auto header = stream::tar_header({.path = path,
                                    .type = stream::tar_type{type},
                                    .size = contents.size(),
                                    .mode = mode,
                                    .modified = 1'000'000'000,
                                    .link = link});
  header += contents;
  header += stream::tar_padding(contents.size());
  return header;
}

/// `entries` and what ends a tar.
inline std::string tar_of(std::string entries) {
  entries += stream::tar_end();
  return entries;
}

} // namespace gantry::test
