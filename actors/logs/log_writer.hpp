#pragma once

#include "actors/host/unique_fd.hpp"
#include "actors/logs/record.hpp"
#include "protocol/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::logs {

/// Nanoseconds since 1970 by the machine's clock.
std::int64_t now();

/// Writes a container's output to its log, a record per line or piece of a line, and rotates the
/// files. Everything that is whole is in the file when a call returns; nothing is synced to the
/// disk.
///
/// A disk that is full (or fails) never holds up or ends anything: what cannot be written is
/// dropped and counted, never left half in the file, and a record on stderr says so where it is
/// missing as soon as the disk takes it: `gantry: 3 records (94 bytes) of output are missing here:
/// No space left on device`.
class log_writer {
public:
  using clock = std::int64_t (*)();

  /// Opens the log to go on writing it, makes it (mode 0640) if it is not there, and mends an end
  /// that a killed writer left behind. `attrs` is a JSON object or empty. Errors: those of open(2),
  /// `open 'PATH': ...`.
  static result<log_writer> open(log_files files, std::string attrs, clock time = now);

  /// Takes what the process wrote, cut anywhere. Lines that come together have times one nanosecond
  /// apart. A line of more than `longest_piece` becomes
  /// several partial records with the time of the first.
  void append(source from, std::string_view bytes);

  /// That output has ended: a last line without `\n` is written as a partial record.
  void finish(source from);

  /// The log's end.
  log_position end() const noexcept { return {inode_, size_}; }

  /// What was appended and is not written yet, because its line has not ended.
  std::string_view unlogged(source from) const noexcept { return stream_of(from).pending; }

  /// Opens the path anew: for those who moved the file away. Errors as `open`; the old file then
  /// stays in use.
  result<void> reopen();

  /// Bytes of output that could not be written.
  std::uint64_t lost_bytes() const noexcept { return lost_bytes_; }

private:
  struct output_stream {
    std::string pending;
    std::int64_t line_time = 0; // of the first piece, while in the middle of a long line
    bool mid_line = false;
  };

  log_writer(log_files files, std::string attrs, clock time);
  output_stream& stream_of(source from) noexcept { return streams_[from == source::err]; }
  const output_stream& stream_of(source from) const noexcept {
    return streams_[from == source::err];
  }
  std::int64_t next_time();
  void write_record(source from, std::string_view text, bool partial);
  void append_record(std::string& out, source from, std::int64_t time, std::string_view text,
                     bool partial) const;
  void flush();
  bool write_whole(std::string_view bytes);
  void rotate();
  result<void> use_file(const std::string& path, int flags);
  void mend_end();

  log_files files_;
  std::string attrs_;
  clock time_;
  std::int64_t batch_time_ = 0; // of the last record of what came together; 0: of none yet
  host::unique_fd fd_;
  std::uint64_t inode_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t rotate_at_ = 0;
  std::array<output_stream, 2> streams_;
  std::string batch_; // records on their way to the file
  std::uint64_t batch_records_ = 0;
  std::uint64_t batch_bytes_ = 0;
  // What has been dropped since the last record that was written, and why.
  std::uint64_t dropped_records_ = 0;
  std::uint64_t dropped_bytes_ = 0;
  int drop_reason_ = 0;
  std::uint64_t lost_bytes_ = 0;
};

} // namespace gantry::logs
