#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace gantry::test {

/// A fresh directory (mode 0700) that goes with all its contents when destroyed. Its path is short
/// enough for unix sockets.
class temp_dir {
public:
  temp_dir() {
    std::string name = "/tmp/gantry-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("cannot make a temporary directory");
    path_ = name;
  }
  temp_dir(temp_dir&&) = delete;
  ~temp_dir() {
    std::error_code ignored;
    // A test may have taken away its own right to write here.
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }

  /// The directory itself.
  const std::string& path() const noexcept { return path_; }
  /// `PATH/NAME`
  std::string file(std::string_view name) const { return path_ + '/' + std::string{name}; }

  /// Writes a file, making its directories; returns its path.
  std::string write(std::string_view name, std::string_view content) const {
    std::string target = file(name);
    std::filesystem::create_directories(std::filesystem::path{target}.parent_path());
    std::ofstream out{target, std::ios::binary | std::ios::trunc};
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    out.close();
    if (!out)
      throw std::runtime_error("cannot write " + target);
    return target;
  }

  /// The whole content of a file below; throws if it cannot be read.
  std::string read(std::string_view name) const {
    std::ifstream in{file(name), std::ios::binary};
    if (!in)
      throw std::runtime_error("cannot read " + file(name));
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  /// True if something of that name is there, dangling links included.
  bool has(std::string_view name) const {
    std::error_code ignored;
    return std::filesystem::exists(std::filesystem::symlink_status(file(name), ignored));
  }

private:
  std::string path_;
};

} // namespace gantry::test
