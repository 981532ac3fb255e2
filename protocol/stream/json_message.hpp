#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace gantry::stream {

/// How far something has come; numbers that are 0 are not sent.
struct progress_detail {
  std::int64_t current = 0;
  std::int64_t total = 0;
  std::int64_t start = 0; ///< Unix seconds
  bool hide_counts = false;
  std::string units; ///< of current and total; "" means bytes

  friend bool operator==(const progress_detail&, const progress_detail&) = default;
};

/// Why the work ended early. Sent as `errorDetail` and its text once more as `error`.
struct message_failure {
  int code = 0; ///< exit code of a failed build step, else 0
  std::string message;

  friend bool operator==(const message_failure&, const message_failure&) = default;
};

/// One object of the stream that pull, push, build, import and load answer with (clause Z1, Engine
/// API behaviour section 5.3). What is empty or 0 is not sent.
struct json_message {
  std::string stream; ///< build output
  std::string status;
  std::optional<progress_detail> progress; ///< sent as `{}` if all of it is zero
  std::string progress_text;               ///< bar for people, sent as `progress`
  std::string id;
  std::string from;
  std::int64_t time = 0;      ///< Unix seconds
  std::int64_t time_nano = 0; ///< Unix nanoseconds
  std::optional<message_failure> failure;
  std::string aux; ///< JSON text, sent as it is

  friend bool operator==(const json_message&, const json_message&) = default;
};

/// Which server the bytes of a message look like.
enum class message_form : std::uint8_t {
  current,    ///< every object ends with `\r\n`
  docker_1_2, ///< a progress object has no end (Z2); no code (Z3), timeNano, aux, hidecounts, units
};

/// Writes one object with its end; keys in the order of Z1.
std::string encode(const json_message& m, message_form form = message_form::current);

} // namespace gantry::stream
