#include "actors/logs/log_writer.hpp"

#include "actors/host/errno_text.hpp"
#include "actors/logs/json_record.hpp"
#include "actors/logs/local_record.hpp"
#include "actors/logs/log_tail.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>

namespace gantry::logs {

std::int64_t now() {
  timespec t{};
  ::clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

log_writer::log_writer(log_files files, std::string attrs, clock time)
    : files_{std::move(files)}, attrs_{std::move(attrs)}, time_{time} {}

result<log_writer> log_writer::open(log_files files, std::string attrs, clock time) {
  log_writer writer{std::move(files), std::move(attrs), time};
  if (writer.files_.driver == log_driver::none)
    return writer;
  if (auto opened = writer.use_file(writer.files_.path, O_CREAT); !opened)
    return opened.error();
  writer.mend_end();
  return writer;
}

result<void> log_writer::use_file(const std::string& path, int flags) {
  host::unique_fd fd{::open(path.c_str(), flags | O_RDWR | O_APPEND | O_CLOEXEC, 0640)};
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0)
    return host::errno_error("open", path, errno);
  fd_ = std::move(fd);
  inode_ = info.st_ino;
  size_ = static_cast<std::uint64_t>(info.st_size);
  rotate_at_ = files_.max_size == 0 ? std::numeric_limits<std::uint64_t>::max() : files_.max_size;
  return {};
}

result<void> log_writer::reopen() {
  if (files_.driver == log_driver::none)
    return {};
  if (auto opened = use_file(files_.path, O_CREAT); !opened)
    return opened.error();
  mend_end();
  return {};
}

void log_writer::mend_end() {
  char last[4];
  if (size_ == 0)
    return;
  if (files_.driver == log_driver::json_file) {
    // Readers skip the torn line; it must not take our first one with it.
    if (::pread(fd_.get(), last, 1, static_cast<off_t>(size_) - 1) == 1 && last[0] != '\n')
      write_whole("\n");
    return;
  }
  const auto whole = last_whole_local_record(fd_.get(), size_);
  if (whole < size_ && ::ftruncate(fd_.get(), static_cast<off_t>(whole)) == 0)
    size_ = whole;
}

void log_writer::append(source from, std::string_view bytes) {
  if (files_.driver == log_driver::none)
    return;
  batch_time_ = 0;
  auto& stream = stream_of(from);
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, longest_piece - stream.pending.size());
    const void* found = std::memchr(piece.data(), '\n', piece.size());
    const bool ends = found != nullptr;
    const auto size = ends
                          ? static_cast<std::size_t>(static_cast<const char*>(found) - piece.data())
                          : piece.size();
    bytes.remove_prefix(size + (ends ? 1 : 0));
    auto text = piece.substr(0, size);
    if (!stream.pending.empty() || (!ends && size < longest_piece)) {
      stream.pending.append(text);
      text = stream.pending;
    }
    if (!ends && text.size() < longest_piece)
      break;
    write_record(from, text, !ends);
    stream.pending.clear();
  }
  flush();
}

void log_writer::finish(source from) {
  batch_time_ = 0;
  auto& stream = stream_of(from);
  if (!stream.pending.empty())
    write_record(from, stream.pending, true);
  stream = {};
  flush();
}

// Lines that came together have come at the same time; a nanosecond between them keeps them apart
// for those who ask for what came since the last one they have.
std::int64_t log_writer::next_time() {
  batch_time_ = batch_time_ == 0 ? time_() : batch_time_ + 1;
  return batch_time_;
}

void log_writer::write_record(source from, std::string_view text, bool partial) {
  if (size_ + batch_.size() >= rotate_at_) {
    flush();
    if (size_ >= rotate_at_)
      rotate();
  }
  auto& stream = stream_of(from);
  const auto time = stream.mid_line ? stream.line_time : next_time();
  stream.line_time = time;
  stream.mid_line = partial;
  append_record(batch_, from, time, text, partial);
  ++batch_records_;
  batch_bytes_ += text.size() + (partial ? 0 : 1);
}

void log_writer::append_record(std::string& out, source from, std::int64_t time,
                               std::string_view text, bool partial) const {
  if (files_.driver == log_driver::json_file)
    append_json_record(out, from, time, text, partial, attrs_);
  else
    append_local_record(out, from, time, text, partial);
}

void log_writer::flush() {
  if (batch_.empty())
    return;
  if (dropped_records_ != 0) {
    std::string note;
    append_record(note, source::err, time_(),
                  "gantry: " + std::to_string(dropped_records_) + " records (" +
                      std::to_string(dropped_bytes_) +
                      " bytes) of output are missing here: " + host::errno_text(drop_reason_),
                  false);
    batch_.insert(0, note);
  }
  if (write_whole(batch_)) {
    dropped_records_ = 0;
    dropped_bytes_ = 0;
  } else {
    drop_reason_ = errno;
    dropped_records_ += batch_records_;
    dropped_bytes_ += batch_bytes_;
    lost_bytes_ += batch_bytes_;
  }
  batch_.clear();
  batch_records_ = 0;
  batch_bytes_ = 0;
}

// All of it or nothing; on failure errno says why.
bool log_writer::write_whole(std::string_view bytes) {
  std::size_t put = 0;
  while (put < bytes.size()) {
    const ssize_t n = ::write(fd_.get(), bytes.data() + put, bytes.size() - put);
    if (n >= 0) {
      put += static_cast<std::size_t>(n);
      continue;
    }
    if (errno == EINTR)
      continue;
    const int error = errno;
    // NOTE: if even this fails a torn line stays; the reader skips it, and what comes next with it.
    if (put != 0 && ::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
      size_ += put;
    errno = error;
    return false;
  }
  size_ += put;
  return true;
}

void log_writer::rotate() {
  auto name = [this](std::uint32_t index) { return files_.path + '.' + std::to_string(index); };
  // The new file is made first: if that fails the old one grows on and nothing is lost.
  const auto fresh = files_.path + ".new";
  const auto grown = size_;
  rotate_at_ = grown + files_.max_size;
  host::unique_fd fd{
      ::open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640)};
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0)
    return;
  std::uint32_t kept = 1; // the first name that is free, or that of the oldest file
  while (kept + 1 < files_.max_files && ::access(name(kept).c_str(), F_OK) == 0)
    ++kept;
  for (; kept > 1; --kept)
    ::rename(name(kept - 1).c_str(), name(kept).c_str());
  if ((files_.max_files > 1 && ::rename(files_.path.c_str(), name(1).c_str()) != 0 &&
       errno != ENOENT) ||
      ::rename(fresh.c_str(), files_.path.c_str()) != 0) {
    ::unlink(fresh.c_str());
    return;
  }
  fd_ = std::move(fd);
  inode_ = info.st_ino;
  size_ = 0;
  rotate_at_ = files_.max_size;
}

} // namespace gantry::logs
