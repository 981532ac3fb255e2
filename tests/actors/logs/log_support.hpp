#pragma once

#include "actors/logs/log_reader.hpp"
#include "actors/logs/log_writer.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace gantry::test {

/// A clock for writers: a second later each time it is asked.
inline std::int64_t fake_seconds = 0;
inline std::int64_t fake_clock() { return ++fake_seconds * 1'000'000'000; }

inline logs::log_files files_in(const temp_dir& dir, logs::log_driver driver,
                                std::uint64_t max_size = 0, std::uint32_t max_files = 5) {
  return {driver, dir.file("c.log"), max_size, max_files};
}

inline logs::log_writer open_writer(const logs::log_files& files, std::string attrs = {}) {
  fake_seconds = 0;
  auto writer = logs::log_writer::open(files, std::move(attrs), fake_clock);
  REQUIRE(writer.has_value());
  return std::move(*writer);
}

inline logs::log_reader open_reader(const logs::log_files& files,
                                    const logs::log_query& query = {}) {
  auto reader = logs::log_reader::open(files, query);
  REQUIRE(reader.has_value());
  return std::move(*reader);
}

/// The texts of all records that there are now.
inline std::vector<std::string> rest_of(logs::log_reader& reader) {
  std::vector<std::string> texts;
  logs::record r;
  for (;;) {
    auto more = reader.next(r);
    REQUIRE(more.has_value());
    if (!*more)
      return texts;
    texts.emplace_back(r.bytes);
  }
}

inline std::vector<std::string> texts_of(const logs::log_files& files,
                                         const logs::log_query& query = {}) {
  auto reader = open_reader(files, query);
  return rest_of(reader);
}

/// `first` to `last` as lines.
inline std::vector<std::string> numbers(int first, int last) {
  std::vector<std::string> lines;
  for (int i = first; i <= last; ++i)
    lines.push_back(std::to_string(i) + '\n');
  return lines;
}

inline void write_numbers(logs::log_writer& writer, int first, int last) {
  for (const auto& line : numbers(first, last))
    writer.append(logs::source::out, line);
}

} // namespace gantry::test
