#include "actors/logs/log_reader.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/logs/json_record.hpp"
#include "actors/logs/local_record.hpp"
#include "actors/logs/log_tail.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace gantry::logs {
namespace {

/// Looks at the files while a writer rotates them; one that is so fast loses them soon anyway.
constexpr int most_scans = 100;
constexpr std::size_t block_size = std::size_t{128} * 1024;
// Longer than any record that a writer makes: 16 KiB, each byte escaped, and the attributes.
constexpr std::size_t longest_line = std::size_t{1024} * 1024;
// The kernel stamps files with a clock that lags a tick behind the one of the records.
constexpr std::int64_t stamp_error = 1'000'000'000;

struct file_facts {
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t written_at = 0;
};

std::optional<file_facts> facts_of(const struct stat& info) {
  return file_facts{info.st_ino, static_cast<std::uint64_t>(info.st_size),
                    info.st_mtim.tv_sec * std::int64_t{1'000'000'000} + info.st_mtim.tv_nsec};
}

std::optional<file_facts> look_at(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? facts_of(info) : std::nullopt;
}

std::optional<file_facts> look_at(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? facts_of(info) : std::nullopt;
}

} // namespace

log_reader::log_reader(log_files files, const log_query& query)
    : files_{std::move(files)}, query_{query} {}

result<log_reader> log_reader::open(const log_files& files, const log_query& query) {
  if (files.driver == log_driver::none)
    return api_error{errc::not_implemented, "configured logging driver does not support reading"};
  log_reader reader{files, query};
  if (auto found = reader.find_newer(); !found)
    return found.error();
  if (auto found = reader.find_start(); !found)
    return found.error();
  return reader;
}

// Opens the files that are newer than those of the chain. NOTE: the youngest comes first, because a
// rotation meanwhile makes names higher: so in one rotation a file can be met twice but not missed.
// After more than one, what a higher name means is not older any more: then all is looked at anew.
result<void> log_reader::find_newer() {
  const auto known = chain_.empty() ? 0 : chain_.back().inode;
  std::vector<log_file> newer;
  const auto was_met = [&newer](std::uint64_t inode) {
    return std::any_of(newer.begin(), newer.end(),
                       [inode](const log_file& file) { return file.inode == inode; });
  };
  for (int scan = 0; scan < most_scans; ++scan) {
    newer.clear();
    for (std::uint32_t index = 0; index < files_.max_files + 1; ++index) {
      const auto path = index == 0 ? files_.path : files_.path + '.' + std::to_string(index);
      host::unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
      if (!fd && errno == ENOENT)
        continue; // being renamed, or there are no more
      const auto facts = fd ? look_at(fd.get()) : std::nullopt;
      if (!facts)
        return host::errno_error("open", path, errno);
      if (facts->inode == known)
        break;
      if (!was_met(facts->inode))
        newer.push_back({std::move(fd), facts->inode});
    }
    const auto youngest = look_at(files_.path);
    if (newer.empty() || (youngest && youngest->inode == newer.front().inode))
      break;
  }
  std::move(newer.rbegin(), newer.rend(), std::back_inserter(chain_));
  return {};
}

// Goes to where reading begins, and notes where it ends.
result<void> log_reader::find_start() {
  if (chain_.empty()) {
    ended_ = !query_.follow;
    return {};
  }
  std::vector<file_facts> facts;
  for (const auto& file : chain_) {
    const auto known = look_at(file.fd.get());
    if (!known)
      return host::errno_error("read", files_.path, errno);
    facts.push_back(*known);
  }
  limit_ = facts.back().size;
  if (query_.tail) {
    auto left = *query_.tail;
    go_to(chain_.size() - 1, limit_);
    for (auto i = chain_.size(); i-- > 0 && left > 0;) {
      const auto tail = find_tail(chain_[i].fd.get(), files_.driver, facts[i].size, left);
      left -= tail.records;
      if (tail.records > 0)
        go_to(i, tail.offset);
    }
  } else {
    std::size_t first = 0;
    while (first + 1 < chain_.size() && query_.since > stamp_error &&
           facts[first].written_at < query_.since - stamp_error)
      ++first;
    go_to(first, 0);
  }
  for (std::size_t i = 0; i < current_; ++i)
    chain_[i].fd.reset();
  return {};
}

void log_reader::go_to(std::size_t file, std::uint64_t offset) {
  current_ = file;
  offset_ = offset;
  block_.clear();
  used_ = 0;
  skipping_ = false;
}

log_position log_reader::position() const noexcept {
  if (chain_.empty())
    return {};
  return {chain_[current_].inode, offset_};
}

void log_reader::stop_at(log_position place) { stop_ = place; }

bool log_reader::at_stop() const noexcept {
  if (!stop_)
    return false;
  return stop_->inode == 0 ||
         (!chain_.empty() && chain_[current_].inode == stop_->inode && offset_ >= stop_->offset);
}

result<bool> log_reader::next(record& into) {
  while (!ended_) {
    if (at_stop()) {
      ended_ = true;
      break;
    }
    if (take(into)) {
      if (into.time < query_.since)
        continue;
      if (into.time > query_.until) {
        ended_ = true;
        break;
      }
      return true;
    }
    auto more = fill();
    if (!more)
      return more.error();
    if (!*more && !(more = next_file()))
      return more.error();
    if (!*more) {
      // NOTE: with a place to stop that was rotated away this is as far as it goes.
      ended_ = !query_.follow || stop_.has_value();
      return false;
    }
  }
  return false;
}

// Reads ahead. False if there is nothing more in the file now.
result<bool> log_reader::fill() {
  if (chain_.empty())
    return false;
  block_.erase(0, std::exchange(used_, 0));
  const auto at = offset_ + block_.size();
  auto want = block_size;
  if (!query_.follow && current_ + 1 == chain_.size())
    want = std::min<std::uint64_t>(want, limit_ - std::min(limit_, at));
  if (want == 0)
    return false;
  const auto old = block_.size();
  block_.resize(old + want);
  const int fd = chain_[current_].fd.get();
  ssize_t got = 0;
  do
    got = ::pread(fd, block_.data() + old, want, static_cast<off_t>(at));
  while (got < 0 && errno == EINTR);
  block_.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0)
    return host::errno_error("read", files_.path, errno);
  if (got == 0 && query_.follow) {
    // Somebody has emptied the file under its writer: all that is in it is new.
    if (auto facts = look_at(fd); facts && facts->size < offset_) {
      go_to(current_, 0);
      return facts->size > 0;
    }
  }
  return got > 0;
}

// Goes on to the next younger file, if there is one. The present one is read to its end.
result<bool> log_reader::next_file() {
  if (current_ + 1 >= chain_.size()) {
    if (!query_.follow)
      return false;
    const auto newest = look_at(files_.path);
    if (!newest || (!chain_.empty() && newest->inode == chain_.back().inode))
      return false;
    // The writer has left our file for good; what it wrote there since our last look comes first.
    if (auto more = fill(); !more || *more)
      return more;
    const bool first = chain_.empty();
    if (auto found = find_newer(); !found)
      return found.error();
    if (first && !chain_.empty()) {
      go_to(0, 0);
      return true;
    }
    if (current_ + 1 >= chain_.size())
      return false;
  }
  chain_[current_].fd.reset();
  go_to(current_ + 1, 0);
  return true;
}

bool log_reader::take(record& into) {
  return files_.driver == log_driver::json_file ? take_json(into) : take_local(into);
}

bool log_reader::take_json(record& into) {
  while (used_ < block_.size()) {
    const auto rest = std::string_view{block_}.substr(used_);
    const auto size = rest.find('\n');
    if (size == std::string_view::npos) {
      if (skipping_ || rest.size() > longest_line) {
        skipping_ = true;
        used_ += rest.size();
        offset_ += rest.size();
      }
      return false;
    }
    used_ += size + 1;
    offset_ += size + 1;
    if (!std::exchange(skipping_, false) &&
        read_json_record(rest.substr(0, size), into, text_, query_.attrs))
      return true;
  }
  return false;
}

bool log_reader::take_local(record& into) {
  for (; block_.size() - used_ >= local_frame; ++used_, ++offset_) {
    const auto rest = std::string_view{block_}.substr(used_);
    const auto whole = local_size_before(rest);
    if (whole && rest.size() < *whole)
      return false;
    if (whole && read_local_record(rest.substr(0, *whole), into, text_)) {
      used_ += *whole;
      offset_ += *whole;
      return true;
    }
  }
  return false;
}

} // namespace gantry::logs
