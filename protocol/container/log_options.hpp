#pragma once

#include "protocol/container/config.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace gantry::container {

/// What a container without a log driver of its own gets: driver and options of the daemon. Options
/// of the same driver that were not given are the daemon's. Afterwards `config` is there, if only
/// empty.
void merge_log_config(log_config& config, const log_config& of_daemon);

/// Checks driver and names of options as create does. `drivers`: those there are. Errors
/// (invalid_parameter): `error looking up logging plugin x: plugin "x" not found`, `unknown log opt
/// 'x' for json-file log driver`, `logger: logging mode not supported: x`, ...
result<void> check_log_config(const log_config& config, const std::set<std::string>& drivers);

/// The options of json-file and local with their values.
struct log_options {
  static constexpr std::int64_t default_max_size = 20'000'000;
  static constexpr std::int64_t default_max_files = 5;

  std::int64_t max_size = default_max_size; ///< bytes of a file; -1: no limit
  std::int64_t max_files = default_max_files;
  bool compress = false;
  bool non_blocking = false;
  std::int64_t max_buffer_size = 1 << 20; ///< bytes, of `non-blocking`
  std::string labels;                     ///< names, separated by commas
  std::string labels_regex;
  std::string env; ///< names, separated by commas
  std::string env_regex;
  std::string tag; ///< a Go template

  friend bool operator==(const log_options&, const log_options&) = default;
};

/// Reads the values, as start does. Errors (invalid_parameter): `invalid size: 'x'`, `max-size must
/// be a positive number`, `strconv.Atoi: parsing "x": invalid syntax`, `max-file cannot be less
/// than 1`, `strconv.ParseBool: parsing "x": invalid syntax`, `compress cannot be true when
/// max-file is less than 2 or max-size is not set`.
result<log_options> parse_log_options(const log_config& config);

/// Reads a size: a number, perhaps a fraction, and perhaps a unit (`k`, `mb`, `GiB`, up to peta, in
/// any case). `step`: 1000 (json-file's max-size) or 1024 (memory). Errors (invalid_parameter):
/// `invalid size: 'x'`, `invalid suffix: 'x'`, `strconv.ParseFloat: parsing "x": invalid syntax`.
result<std::int64_t> parse_size(std::string_view text, unsigned step);

} // namespace gantry::container
