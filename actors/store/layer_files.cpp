#include "actors/store/layer_files.hpp"

#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/trash.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace gantry::store {

namespace {

/// What is deleted within this time needs no other thread.
constexpr std::chrono::milliseconds little{20};

} // namespace

const char* to_string(layer_driver driver) noexcept {
  return driver == layer_driver::overlay ? "overlay2" : "copy";
}

result<write_barrier> write_barrier::open(const std::filesystem::path& directory) {
  host::unique_fd fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd)
    return file_error("open", directory, errno);
  return write_barrier{std::move(fd)};
}

result<void> write_barrier::flush() const {
  if (::syncfs(fd_.get()) != 0)
    return file_error("syncfs", errno);
  return {};
}

result<layer_files> layer_files::open(const paths& where, std::optional<layer_driver> wanted,
                                      std::shared_ptr<trash> bin) {
  layer_files files{where, std::move(bin)};
  const auto tmp = where.tmp();
  if (auto made = ensure_directory(tmp, 0710); !made.has_value())
    return made.error();
  // NOTE: ext4 puts a tree near its parent directory, and without a journal it takes no inode that
  // went within the last minutes: to make a file it passes over those nearby, one by one. After
  // images were removed that was four fifths of a load's time. Spread, layers are soon elsewhere.
  (void)spread_subdirectories(tmp);
  if (wanted != layer_driver::copy) {
    auto trial = try_overlay(tmp);
    if (!trial.works && wanted)
      return api_error{errc::unavailable, "overlayfs does not work here: " + trial.reason};
    if (trial.works) {
      files.driver_ = layer_driver::overlay;
      files.whiteouts_ = trial.user_xattr ? whiteout_form::overlay_user : whiteout_form::overlay;
    }
    files.reason_ = std::move(trial.reason);
  }
  return files;
}

result<std::filesystem::path> layer_files::prepare() const {
  return make_fresh_directory(where_.tmp());
}

bool layer_files::is_deleting() const {
  if (!bin_)
    return false;
  const auto items = names_in(bin_->directory());
  return items && !items->empty();
}

result<void> layer_files::discard(const std::filesystem::path& prepared) const {
  using clock = std::chrono::steady_clock;
  if (!bin_)
    return remove_tree(prepared);
  tree_removal removal{prepared};
  const auto end = clock::now() + little;
  if (removal.go_on([end] { return clock::now() >= end; }))
    return removal.outcome();
  return bin_->take(prepared);
}

} // namespace gantry::store
