#include "tests/actors/logs/log_support.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

using namespace gantry;
using namespace gantry::logs;
using namespace gantry::test;
using namespace std::string_literals;

namespace {

// `after`: nanoseconds, for the records of one append that follow its first.
std::string json_line(const std::string& text, const char* stream, int second, int after = 0) {
  auto two = (second < 10 ? "0" : "") + std::to_string(second);
  if (after != 0)
    two += ".00000000" + std::to_string(after);
  return R"({"log":")" + text + R"(","stream":")" + stream + R"(","time":"1970-01-01T00:00:)" +
         two + "Z\"}\n";
}

// While it lives, no file can grow beyond a size: writes fail with EFBIG as they would with ENOSPC.
class size_limit {
public:
  explicit size_limit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~size_limit() { ::setrlimit(RLIMIT_FSIZE, &old_); }

private:
  rlimit old_{};
};

} // namespace

TEST_CASE("log writer: a record per line, each stream for itself", "[actors][logs]") {
  temp_dir dir;
  auto writer = open_writer(files_in(dir, log_driver::json_file));
  writer.append(source::out, "one\ntw");
  writer.append(source::err, "e");
  CHECK(dir.read("c.log") == json_line("one\\n", "stdout", 1));
  CHECK(writer.unlogged(source::out) == "tw");
  CHECK(writer.unlogged(source::err) == "e");
  writer.append(source::out, "o\n\nrest");
  writer.finish(source::err);
  writer.finish(source::out);
  writer.finish(source::out);
  CHECK(dir.read("c.log") == json_line("one\\n", "stdout", 1) + json_line("two\\n", "stdout", 2) +
                                 json_line("\\n", "stdout", 2, 1) + json_line("e", "stderr", 3) +
                                 json_line("rest", "stdout", 4));
  CHECK(writer.unlogged(source::out).empty());
  CHECK(writer.end().offset == dir.read("c.log").size());
  struct stat info {};
  REQUIRE(::stat(dir.file("c.log").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0640);
  CHECK(writer.end().inode == info.st_ino);
}

TEST_CASE("log writer: a long line becomes pieces with the time of the first", "[actors][logs]") {
  for (std::size_t step : {1u, 1000u, 16384u, 65536u}) {
    temp_dir dir;
    auto writer = open_writer(files_in(dir, log_driver::json_file));
    const auto input = std::string(16384, 'x') + "\n" + std::string(40000, 'y') + "\nend";
    for (std::size_t at = 0; at < input.size(); at += step)
      writer.append(source::out, std::string_view{input}.substr(at, step));
    writer.finish(source::out);
    const std::string y(16384, 'y');
    const bool at_once = step > input.size();
    const auto line_of_y = [at_once](const std::string& text) {
      return at_once ? json_line(text, "stdout", 1, 1) : json_line(text, "stdout", 2);
    };
    CHECK(dir.read("c.log") == json_line(std::string(16384, 'x'), "stdout", 1) +
                                   json_line("\\n", "stdout", 1) + line_of_y(y) + line_of_y(y) +
                                   line_of_y(std::string(7232, 'y') + "\\n") +
                                   json_line("end", "stdout", at_once ? 2 : 3));
  }
}

TEST_CASE("log writer: rotates before the record that follows a full file", "[actors][logs]") {
  temp_dir dir;
  const auto size = json_line("1\\n", "stdout", 1).size();
  auto writer = open_writer(files_in(dir, log_driver::json_file, size * 2 - 1, 3));
  for (const char* line : {"1\n", "2\n", "3\n", "4\n", "5\n", "6\n", "7\n"})
    writer.append(source::out, line);
  CHECK(dir.read("c.log") == json_line("7\\n", "stdout", 7));
  CHECK(dir.read("c.log.1") == json_line("5\\n", "stdout", 5) + json_line("6\\n", "stdout", 6));
  CHECK(dir.read("c.log.2") == json_line("3\\n", "stdout", 3) + json_line("4\\n", "stdout", 4));
  CHECK_FALSE(dir.has("c.log.3"));
  CHECK_FALSE(dir.has("c.log.new"));
}

TEST_CASE("log writer: with one file a full one is replaced", "[actors][logs]") {
  temp_dir dir;
  auto writer = open_writer(files_in(dir, log_driver::json_file, 1, 1));
  writer.append(source::out, "1\n2\n");
  CHECK(dir.read("c.log") == json_line("2\\n", "stdout", 1, 1));
  CHECK_FALSE(dir.has("c.log.1"));
}

TEST_CASE("log writer: goes on where an earlier one ended", "[actors][logs]") {
  for (auto driver : {log_driver::json_file, log_driver::local}) {
    temp_dir dir;
    const auto files = files_in(dir, driver);
    {
      auto writer = open_writer(files);
      write_numbers(writer, 1, 3);
    }
    // A writer that was killed in the middle of a record.
    auto text = dir.read("c.log");
    dir.write("c.log", text + text.substr(0, 20));
    auto writer = open_writer(files);
    write_numbers(writer, 4, 5);
    CHECK(texts_of(files) == numbers(1, 5));
    CHECK(texts_of(files, {.tail = 3}) == numbers(3, 5));
  }
}

TEST_CASE("log writer: a full disk loses records, counts them and says so", "[actors][logs]") {
  for (auto driver : {log_driver::json_file, log_driver::local}) {
    temp_dir dir;
    const auto files = files_in(dir, driver);
    auto writer = open_writer(files);
    write_numbers(writer, 1, 2);
    const auto before = dir.read("c.log");
    {
      size_limit full{before.size() + 10}; // some bytes of a record fit
      writer.append(source::out, "lost\n");
      writer.append(source::err, "and\nthis\n");
      CHECK(writer.lost_bytes() == 14);
      CHECK(dir.read("c.log") == before);
    }
    write_numbers(writer, 3, 4);
    CHECK(texts_of(files) ==
          std::vector{"1\n"s, "2\n"s,
                      "gantry: 3 records (14 bytes) of output are missing here: File too large\n"s,
                      "3\n"s, "4\n"s});
    CHECK(writer.lost_bytes() == 14);
  }
}

TEST_CASE("log writer: if no new file can be made the old one grows", "[actors][logs]") {
  temp_dir dir;
  const auto files = files_in(dir, log_driver::json_file, 1, 3);
  auto writer = open_writer(files);
  writer.append(source::out, "1\n");
  std::filesystem::create_directory(dir.file("c.log.new"));
  writer.append(source::out, "2\n");
  CHECK_FALSE(dir.has("c.log.1"));
  std::filesystem::remove(dir.file("c.log.new"));
  write_numbers(writer, 3, 4);
  CHECK(texts_of(files) == numbers(1, 4));
  CHECK(writer.lost_bytes() == 0);
}

TEST_CASE("log writer: reopen follows the name", "[actors][logs]") {
  temp_dir dir;
  auto writer = open_writer(files_in(dir, log_driver::json_file));
  writer.append(source::out, "1\n");
  std::filesystem::rename(dir.file("c.log"), dir.file("moved"));
  REQUIRE(writer.reopen().has_value());
  writer.append(source::out, "2\n");
  CHECK(dir.read("moved") == json_line("1\\n", "stdout", 1));
  CHECK(dir.read("c.log") == json_line("2\\n", "stdout", 2));
}

TEST_CASE("log writer: driver none keeps nothing", "[actors][logs]") {
  temp_dir dir;
  auto writer = open_writer(files_in(dir, log_driver::none));
  writer.append(source::out, "1\n2");
  writer.finish(source::out);
  CHECK(writer.unlogged(source::out).empty());
  CHECK((writer.end() == log_position{}));
  CHECK_FALSE(dir.has("c.log"));
  auto reader = log_reader::open(files_in(dir, log_driver::none), {});
  REQUIRE(reader.has_error());
  CHECK(reader.error().kind == errc::not_implemented);
  CHECK(reader.error().message == "configured logging driver does not support reading");
}

TEST_CASE("log writer: says why a log cannot be opened", "[actors][logs]") {
  temp_dir dir;
  auto files = files_in(dir, log_driver::json_file);
  files.path = dir.file("no/c.log");
  auto writer = log_writer::open(files, {});
  REQUIRE(writer.has_error());
  CHECK(writer.error().message == "open '" + files.path + "': No such file or directory");
}
