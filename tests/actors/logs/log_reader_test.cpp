#include "tests/actors/logs/log_support.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

using namespace gantry;
using namespace gantry::logs;
using namespace gantry::test;
using namespace std::string_literals;

namespace {

constexpr std::int64_t second = 1'000'000'000;

const auto both = {log_driver::json_file, log_driver::local};

} // namespace

TEST_CASE("log reader: an empty or missing log", "[actors][logs]") {
  for (auto driver : both) {
    temp_dir dir;
    const auto files = files_in(dir, driver);
    CHECK(texts_of(files).empty());
    CHECK(texts_of(files, {.tail = 3}).empty());
    auto follower = open_reader(files, {.tail = {}, .follow = true});
    CHECK(rest_of(follower).empty());
    CHECK((follower.position() == log_position{}));
    auto writer = open_writer(files);
    CHECK(texts_of(files).empty());
    write_numbers(writer, 1, 2);
    CHECK(rest_of(follower) == numbers(1, 2));
    CHECK((follower.position() == writer.end()));
  }
}

TEST_CASE("log reader: all, tail, since, until", "[actors][logs]") {
  for (auto driver : both) {
    temp_dir dir;
    // Three records in a file.
    const auto files = files_in(dir, driver, driver == log_driver::local ? 60 : 150, 100);
    auto writer = open_writer(files);
    write_numbers(writer, 1, 20); // at seconds 1 to 20
    REQUIRE(dir.has("c.log.3"));
    CHECK(texts_of(files) == numbers(1, 20));
    for (int n : {0, 1, 2, 3, 4, 7, 19, 20, 21, 1000})
      CHECK(texts_of(files, {.tail = n}) == numbers(std::max(1, 21 - n), 20));
    CHECK(texts_of(files, {.tail = {}, .since = 5 * second}) == numbers(5, 20));
    CHECK(texts_of(files, {.tail = {}, .since = 5 * second + 1, .until = 8 * second}) ==
          numbers(6, 8));
    CHECK(texts_of(files, {.tail = {}, .until = 8 * second - 1}) == numbers(1, 7));
    CHECK(texts_of(files, {.tail = 5, .since = 3 * second, .until = 17 * second}) ==
          numbers(16, 17));
    CHECK(texts_of(files, {.tail = 5, .until = 3 * second}).empty());
  }
}

TEST_CASE("log reader: files last written before `since` are not even read", "[actors][logs]") {
  temp_dir dir;
  const auto files = files_in(dir, log_driver::json_file, 150, 100);
  auto writer = log_writer::open(files, {});
  REQUIRE(writer.has_value());
  write_numbers(*writer, 1, 20);
  const auto year = std::chrono::hours{24 * 365};
  for (int i = 3; dir.has("c.log." + std::to_string(i)); ++i)
    std::filesystem::last_write_time(dir.file("c.log." + std::to_string(i)),
                                     std::filesystem::file_time_type::clock::now() - year);
  const auto all = texts_of(files);
  const auto recent = texts_of(files, {.tail = {}, .since = now() - 3600 * second});
  CHECK(all.size() > recent.size());
  CHECK(recent ==
        std::vector<std::string>(all.end() - static_cast<long>(recent.size()), all.end()));
}

TEST_CASE("log reader: a record has stream, time, text and attributes", "[actors][logs]") {
  temp_dir dir;
  auto files = files_in(dir, log_driver::json_file);
  auto writer = open_writer(files, R"({"env":"prod","n":"1"})");
  writer.append(source::err, "text\npart");
  writer.finish(source::err);
  auto reader = open_reader(files, {.tail = {}, .attrs = true});
  record r;
  REQUIRE(reader.next(r).value());
  CHECK(r.from == source::err);
  CHECK(r.time == second);
  CHECK(r.bytes == "text\n");
  CHECK_FALSE(r.partial);
  CHECK(r.attrs == std::vector<std::pair<std::string, std::string>>{{"env", "prod"}, {"n", "1"}});
  REQUIRE(reader.next(r).value());
  CHECK(r.bytes == "part");
  CHECK(r.partial);
  CHECK_FALSE(reader.next(r).value());
  CHECK(reader.ended());
}

TEST_CASE("log reader: torn and damaged records are skipped", "[actors][logs]") {
  temp_dir dir;
  const auto files = files_in(dir, log_driver::json_file);
  auto line = [](const char* text) {
    return R"({"log":")"s + text + R"(\n","stream":"stdout","time":"2026-11-22T07:27:49Z"})" + "\n";
  };
  dir.write("c.log", line("1") + "{\"log\":\"torn" + "\n" + line("2") + "\n\0\0\0\n"s + line("3") +
                         std::string(3'000'000, 'x') + "\n" + line("4") + line("5").substr(0, 30));
  const auto lines = numbers(1, 4);
  CHECK(texts_of(files) == lines);
  for (int n : {1, 2, 3, 4, 5})
    CHECK(texts_of(files, {.tail = n}) == numbers(std::max(1, 5 - n), 4));
}

TEST_CASE("log reader: finds the next whole record of a damaged local log", "[actors][logs]") {
  temp_dir dir;
  const auto files = files_in(dir, log_driver::local);
  {
    auto writer = open_writer(files);
    write_numbers(writer, 1, 3);
  }
  const auto whole = dir.read("c.log");
  const auto size = whole.size() / 3;
  dir.write("c.log", whole.substr(0, size) + "junk\0\0\0\x09\x0a!"s + whole.substr(size));
  CHECK(texts_of(files) == numbers(1, 3));
  dir.write("c.log", whole.substr(0, size) + whole.substr(size + 5));
  CHECK(texts_of(files) == std::vector{"1\n"s, "3\n"s});
}

TEST_CASE("log reader: without follow it ends where the log ended at open", "[actors][logs]") {
  for (auto driver : both) {
    temp_dir dir;
    const auto files = files_in(dir, driver);
    auto writer = open_writer(files);
    write_numbers(writer, 1, 2);
    auto reader = open_reader(files);
    write_numbers(writer, 3, 3);
    CHECK(rest_of(reader) == numbers(1, 2));
    CHECK(reader.ended());
  }
}

TEST_CASE("log reader: follows across rotations, also many at once", "[actors][logs]") {
  for (auto driver : both) {
    temp_dir dir;
    const auto files = files_in(dir, driver, driver == log_driver::local ? 60 : 150, 10);
    auto writer = open_writer(files);
    write_numbers(writer, 1, 2);
    auto reader = open_reader(files, {.tail = 1, .follow = true});
    CHECK(rest_of(reader) == numbers(2, 2));
    int last = 2;
    for (int more : {1, 1, 1, 1, 1, 5, 11, 1}) {
      write_numbers(writer, last + 1, last + more);
      CHECK(rest_of(reader) == numbers(last + 1, last + more));
      last += more;
      CHECK((reader.position() == writer.end()));
      CHECK_FALSE(reader.ended());
    }
  }
}

TEST_CASE("log reader: goes on with the oldest there is when rotation overtook it",
          "[actors][logs]") {
  temp_dir dir;
  const auto files = files_in(dir, log_driver::json_file, 1, 3); // a record per file
  auto writer = open_writer(files);
  write_numbers(writer, 1, 1);
  auto reader = open_reader(files, {.tail = {}, .follow = true});
  CHECK(rest_of(reader) == numbers(1, 1));
  write_numbers(writer, 2, 10);
  CHECK(rest_of(reader) == numbers(8, 10));
}

TEST_CASE("log reader: a file that was emptied from outside is read anew", "[actors][logs]") {
  temp_dir dir;
  const auto files = files_in(dir, log_driver::json_file);
  auto writer = open_writer(files);
  write_numbers(writer, 1, 5);
  auto reader = open_reader(files, {.tail = {}, .follow = true});
  CHECK(rest_of(reader) == numbers(1, 5));
  std::filesystem::resize_file(dir.file("c.log"), 0);
  write_numbers(writer, 6, 6);
  CHECK(rest_of(reader) == numbers(6, 6));
}

TEST_CASE("log reader: stops at a place", "[actors][logs]") {
  for (auto driver : both) {
    temp_dir dir;
    const auto files = files_in(dir, driver, driver == log_driver::local ? 60 : 150, 10);
    auto writer = open_writer(files);
    write_numbers(writer, 1, 4);
    auto reader = open_reader(files, {.tail = {}, .follow = true});
    CHECK(rest_of(reader) == numbers(1, 4));
    write_numbers(writer, 5, 9);
    const auto place = writer.end();
    write_numbers(writer, 10, 14);
    reader.stop_at(place);
    CHECK(rest_of(reader) == numbers(5, 9));
    CHECK(reader.ended());
  }
}

TEST_CASE("log reader: a place that was rotated away is the end", "[actors][logs]") {
  temp_dir dir;
  const auto files = files_in(dir, log_driver::json_file);
  auto writer = open_writer(files);
  write_numbers(writer, 1, 2);
  auto reader = open_reader(files, {.tail = {}, .follow = true});
  reader.stop_at({writer.end().inode + 12345, 7});
  CHECK(rest_of(reader) == numbers(1, 2));
  CHECK(reader.ended());
  auto other = open_reader(files, {.tail = {}, .follow = true});
  other.stop_at({});
  CHECK(rest_of(other).empty());
  CHECK(other.ended());
}

TEST_CASE("log reader: loses and doubles nothing beside a writer that rotates", "[actors][logs]") {
  for (auto driver : both) {
    temp_dir dir;
    const auto files = files_in(dir, driver, 20'000, 1000);
    constexpr int count = 20'000;
    auto opened = log_writer::open(files, {});
    REQUIRE(opened.has_value());
    std::atomic<bool> written = false;
    std::thread writing{[&] {
      for (int i = 1; i <= count; ++i)
        opened->append(source::out, std::to_string(i) + '\n');
      written = true;
    }};
    auto reader = open_reader(files, {.tail = {}, .follow = true});
    int next = 1;
    bool in_order = true;
    for (bool last_look = false;; last_look = written) {
      for (const auto& text : rest_of(reader))
        in_order = in_order && text == std::to_string(next++) + '\n';
      if (last_look)
        break;
    }
    writing.join();
    CHECK(in_order);
    CHECK(next == count + 1);
  }
}

TEST_CASE("log reader: the tail of a long log is found without reading it", "[actors][logs]") {
  temp_dir dir;
  const auto files = files_in(dir, log_driver::json_file);
  auto writer = open_writer(files);
  std::string many;
  for (int i = 1; i <= 100'000; ++i)
    many += std::to_string(i) + '\n';
  writer.append(source::out, many);
  CHECK(texts_of(files, {.tail = 5000}) == numbers(95'001, 100'000));
  // A hole in place of all but the end: whoever read it would find no records, and take long.
  const auto size = writer.end().offset;
  REQUIRE(::truncate(dir.file("c.log").c_str(), 0) == 0);
  REQUIRE(::truncate(dir.file("c.log").c_str(),
                     static_cast<off_t>(size + (std::uint64_t{1} << 40))) == 0);
  auto after = open_writer(files);
  write_numbers(after, 1, 10);
  CHECK(texts_of(files, {.tail = 7}) == numbers(4, 10));
}
