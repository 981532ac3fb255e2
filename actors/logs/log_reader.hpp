#pragma once

#include "actors/host/unique_fd.hpp"
#include "actors/logs/record.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace gantry::logs {

/// What is wanted of a log. As in Docker, `tail` picks the last records of the files first, then
/// `since` and `until` choose among those, and reading ends with the first record after `until`.
struct log_query {
  std::optional<std::uint64_t> tail;                             ///< nothing: all
  std::int64_t since = std::numeric_limits<std::int64_t>::min(); ///< nanoseconds since 1970
  std::int64_t until = std::numeric_limits<std::int64_t>::max();
  bool follow = false; ///< what is written after `open` belongs to it
  bool attrs = false;  ///< `record::attrs` are wanted
};

/// Reads a log: the rotated files, oldest first, then the one being written. What is damaged is
/// skipped: torn lines, lines that are no records. The time for `tail` depends on the tail, not on
/// the log. Blocking; for worker threads, one at a time.
///
/// It holds its file open and knows it by its inode, so rotation takes nothing away from it but
/// what leaves the last kept file before it comes there.
class log_reader {
public:
  /// A log that is not there is empty. Errors: not_implemented `configured logging driver does not
  /// support reading` (none), those of open(2).
  static result<log_reader> open(const log_files& files, const log_query& query);

  /// Reads the next record into `into`, whose bytes are valid until the next call. False if there
  /// is none now; with `follow` one may come, unless `ended`. Errors: `read 'PATH': ...`.
  result<bool> next(record& into);

  /// The place behind all that was read, for `await_log_request`.
  log_position position() const noexcept;

  /// From now on reading ends at that place, or at the log's end if it is not there any more.
  void stop_at(log_position place);

  /// True if no more records can come, however long one waits: after `until`, `stop_at`, or without
  /// `follow` the end as it was at `open`.
  bool ended() const noexcept { return ended_; }

private:
  struct log_file {
    host::unique_fd fd;
    std::uint64_t inode = 0;
  };

  log_reader(log_files files, const log_query& query);
  result<void> find_start();
  result<void> find_newer();
  bool take(record& into);
  bool take_json(record& into);
  bool take_local(record& into);
  bool at_stop() const noexcept;
  void go_to(std::size_t file, std::uint64_t offset);
  result<bool> fill();
  result<bool> next_file();

  log_files files_;
  log_query query_;
  std::vector<log_file> chain_; // oldest first
  std::size_t current_ = 0;
  std::uint64_t limit_ = 0; // without follow: where the newest file ended
  // Bytes read ahead: block_[used_] is at offset_ of the current file.
  std::string block_;
  std::size_t used_ = 0;
  std::uint64_t offset_ = 0;
  std::string text_; // of the present record
  std::optional<log_position> stop_;
  bool skipping_ = false; // in a line too long to be a record
  bool ended_ = false;
};

} // namespace gantry::logs
