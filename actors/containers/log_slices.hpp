#pragma once

#include "actors/logs/log_reader.hpp"
#include "protocol/error.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace gantry::containers {

/// How the records of a log are shown to a client.
struct log_format {
  bool out = true;         ///< those of stdout
  bool err = true;         ///< those of stderr
  bool timestamps = false; ///< `2026-11-21T22:36:18.135423003Z ` before each
  bool details = false;    ///< `KEY=VALUE,KEY=VALUE ` before each: labels and environment, sorted
  bool framed = true;      ///< each a frame of its own (protocol/stream/frame); else raw
};

/// A part of a log, as it is sent.
struct log_slice {
  std::shared_ptr<std::string> bytes; ///< never null, whole records, perhaps none
  bool pending = false;        ///< there may be more now; else one has to wait, or it has ended
  bool ended = false;          ///< no more will come
  logs::log_position position; ///< behind what was read
  std::optional<api_error> failure; ///< what ended it
};

/// INTERNAL to those who have a worker read: what it read.
struct log_slice_read {
  std::shared_ptr<log_slice> slice;
};

/// Reads a log slice by slice. For one thread at a time, which it blocks.
class log_slices {
public:
  log_slices(logs::log_files files, logs::log_query query, log_format format);

  /// Goes on until the slice has `enough` bytes (and at most one record more), or nothing more is
  /// there, or it has looked at a lot. The first call opens the log. Errors, in the slice: those of
  /// `log_reader`.
  log_slice next_blocking(std::size_t enough);
  /// As `log_reader::stop_at`.
  void stop_at(logs::log_position place) { stop_ = place; }

private:
  void append(std::string& out, const logs::record& r);

  logs::log_files files_;
  logs::log_query query_;
  log_format format_;
  std::optional<logs::log_reader> reader_;
  std::optional<logs::log_position> stop_;
  std::string prefix_; // of the present record
};

} // namespace gantry::containers

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gantry::containers::log_slice_read)
