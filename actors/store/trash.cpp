#include "actors/store/trash.hpp"

#include "actors/store/file_steps.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

namespace gantry::store {

result<void> trash::take(const std::filesystem::path& path) {
  const auto target = fresh_name(directory_);
  if (::rename(path.c_str(), target.c_str()) != 0) {
    const int error = errno;
    struct stat facts {};
    if (error == ENOENT && ::lstat(path.c_str(), &facts) != 0 && errno == ENOENT)
      return {}; // and not because the trash is missing
    return file_error("rename '" + path.string() + "' to", target, error);
  }
  if (tell_ && !told_.exchange(true))
    tell_();
  return {};
}

result<std::vector<std::string>> trash::look() {
  told_ = false; // first: what comes while it is being read is told again
  return names_in(directory_);
}

bool trash_removal::next_item(progress& now) {
  if (waiting_.empty()) {
    auto found = from_->look();
    if (!found) {
      now.failures.push_back(found.error().message);
      return false;
    }
    waiting_ = std::move(*found);
    std::erase_if(waiting_, [this](const auto& name) { return failed_.count(name) != 0; });
  }
  if (waiting_.empty())
    return false;
  item_ = std::move(waiting_.back());
  waiting_.pop_back();
  removal_.emplace(from_->directory() / item_);
  return true;
}

void trash_removal::end_item(progress& now) {
  files_ += removal_->removed();
  if (const auto& outcome = removal_->outcome(); outcome) {
    ++items_;
  } else {
    now.failures.push_back(outcome.error().message);
    failed_.insert(item_);
  }
  removal_.reset();
  item_.clear();
}

trash_removal::progress trash_removal::go_on(const std::function<bool()>& pause) {
  progress now;
  do {
    if (!removal_ && !next_item(now)) {
      now.empty = true;
      break;
    }
    if (!removal_->go_on(pause))
      break;
    end_item(now);
  } while (!pause());
  now.item = item_;
  now.waiting = waiting_.size();
  now.items = items_;
  now.files = files_ + (removal_ ? removal_->removed() : 0);
  return now;
}

} // namespace gantry::store
