#include "actors/logs/log_tail.hpp"

#include "actors/logs/local_record.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

namespace gantry::logs {
namespace {

constexpr std::size_t tail_block_size = std::size_t{64} * 1024;

// A window on a file that moves towards its front.
class backward_block {
public:
  explicit backward_block(int fd) : fd_{fd} {}

  // Bytes [from, to) of the file, at most a block; shorter if they cannot be read. Valid until the
  // next call.
  std::string_view view(std::uint64_t from, std::uint64_t to) {
    if (from < start_ || to > start_ + bytes_.size())
      load(to);
    if (from < start_ || from > start_ + bytes_.size())
      return {};
    return std::string_view{bytes_}.substr(from - start_, to - from);
  }

  // Where the last line break before `end` is; nothing if there is none.
  std::optional<std::uint64_t> break_before(std::uint64_t end) {
    while (end > 0) {
      if (end <= start_ || end > start_ + bytes_.size())
        load(end);
      if (end > start_ + bytes_.size())
        return std::nullopt; // cannot be read
      if (const void* found = ::memrchr(bytes_.data(), '\n', end - start_))
        return start_ + static_cast<std::uint64_t>(static_cast<const char*>(found) - bytes_.data());
      end = start_;
    }
    return std::nullopt;
  }

private:
  void load(std::uint64_t to) {
    start_ = to - std::min<std::uint64_t>(to, tail_block_size);
    bytes_.resize(to - start_);
    bytes_.resize(read_at(fd_, bytes_.data(), bytes_.size(), start_));
  }

  int fd_;
  std::string bytes_;
  std::uint64_t start_ = 0;
};

tail_start find_json_tail(int fd, std::uint64_t size, std::uint64_t count) {
  backward_block block{fd};
  tail_start tail{size, 0};
  auto line_end = block.break_before(size);
  while (line_end && tail.records < count) {
    // Cheap, and enough to tell a record from what a killed writer left.
    const bool closed = *line_end > 0 && block.view(*line_end - 1, *line_end) == "}";
    const auto before = block.break_before(*line_end);
    const auto start = before ? *before + 1 : 0;
    if (closed && block.view(start, start + 1) == "{") {
      tail.offset = start;
      ++tail.records;
    }
    line_end = before;
  }
  return tail;
}

tail_start find_local_tail(int fd, std::uint64_t size, std::uint64_t count) {
  backward_block block{fd};
  tail_start tail{last_whole_local_record(fd, size), 0};
  while (tail.offset >= local_frame && tail.records < count) {
    const auto whole = local_size_behind(block.view(tail.offset - 4, tail.offset));
    if (!whole || *whole > tail.offset ||
        local_size_before(block.view(tail.offset - *whole, tail.offset - *whole + 5)) != whole)
      break; // what is before it cannot be read from here
    tail.offset -= *whole;
    ++tail.records;
  }
  return tail;
}

} // namespace

std::size_t read_at(int fd, char* into, std::size_t size, std::uint64_t offset) {
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::pread(fd, into + got, size - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

std::uint64_t last_whole_local_record(int fd, std::uint64_t size) {
  std::uint64_t offset = 0;
  backward_block end{fd};
  if (size >= local_frame) {
    const auto whole = local_size_behind(end.view(size - 4, size));
    if (whole && *whole <= size &&
        local_size_before(end.view(size - *whole, size - *whole + 5)) == whole)
      return size;
  }
  // Only after a writer was killed in the middle of a record: from the front, then.
  std::uint64_t last = 0;
  record ignored;
  std::string text;
  std::string bytes;
  while (offset + local_frame <= size) {
    bytes.resize(5);
    bytes.resize(read_at(fd, bytes.data(), bytes.size(), offset));
    const auto whole = local_size_before(bytes);
    if (whole && offset + *whole <= size) {
      bytes.resize(*whole);
      bytes.resize(read_at(fd, bytes.data(), bytes.size(), offset));
      if (read_local_record(bytes, ignored, text)) {
        last = offset += *whole;
        continue;
      }
    }
    ++offset;
  }
  return last;
}

tail_start find_tail(int fd, log_driver driver, std::uint64_t size, std::uint64_t count) {
  return driver == log_driver::json_file ? find_json_tail(fd, size, count)
                                         : find_local_tail(fd, size, count);
}

} // namespace gantry::logs
