#pragma once

#include <filesystem>
#include <utility>

namespace gantry::store {

/// Space on the disk that nobody uses: who removes something from a full disk has to write down
/// first that it is gone, and gives this back for it. Blocking; for one thread at a time.
class space_reserve {
public:
  /// `file` is where it lies.
  explicit space_reserve(std::filesystem::path file) : file_(std::move(file)) {}

  /// Takes the space unless it is taken. No harm if there is none now: the next call tries again.
  void keep() noexcept;
  /// Gives it back; false if none was taken.
  bool release() noexcept;

private:
  std::filesystem::path file_;
  bool kept_ = false;
};

} // namespace gantry::store
