#pragma once

#include "actors/containers/files/file_view.hpp"
#include "actors/containers/files/tree_tar.hpp"
#include "tests/actors/containers/files_fixture.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gantry::test {

/// Writes a file; directories above are made.
inline void put_file(const std::filesystem::path& path, const std::string& content = "x") {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream{path} << content;
}

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline host::unique_fd open_directory(const std::filesystem::path& path) {
  host::unique_fd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  INFO(path);
  REQUIRE(fd);
  return fd;
}

/// All bytes of a tar; fails the test if there are none.
inline std::string bytes_of(containers::tree_tar& tar) {
  std::string out;
  for (;;) {
    const auto piece = tar.next();
    INFO((piece ? "" : piece.error().message));
    REQUIRE(piece.has_value());
    if (piece->empty())
      return out;
    out += *piece;
  }
}

/// The container of a place, which does not run.
inline containers::files_of_container
files_of_place(const container_place& place,
               const std::vector<container::mount_point>& mounts = {}) {
  container::container_view view;
  view.id = place.paths.id();
  view.config = std::make_shared<const container::container_config>(place.config);
  view.host_config = std::make_shared<const container::host_config>(place.host_config);
  view.mounts = mounts;
  return {place.paths, place.layers, std::move(view)};
}

/// A bind or volume of a directory or file of the place.
inline container::mount_point mount_of(const std::string& source, const std::string& destination,
                                       bool read_write = true) {
  container::mount_point mount;
  mount.type = "bind";
  mount.source = source;
  mount.destination = destination;
  mount.read_write = read_write;
  return mount;
}

} // namespace gantry::test
