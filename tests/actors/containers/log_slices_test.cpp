#include "actors/containers/log_slices.hpp"

#include "actors/logs/json_record.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
using namespace std::string_literals;

namespace {

constexpr std::int64_t moment = 1'700'000'000'120'000'000; // 2023-11-14T22:13:20.12Z

/// A log with a line of each kind.
class log_fixture {
public:
  log_fixture() {
    add(logs::source::out, moment, "one", false, "");
    add(logs::source::err, moment + 1, "two", false, R"({"b":"x y&z","a":"1/2"})");
    add(logs::source::out, 1'700'000'000'000'000'000, "thr", true, "");
  }
  void add(logs::source from, std::int64_t time, std::string_view text, bool partial,
           std::string_view attrs) {
    logs::append_json_record(text_, from, time, text, partial, attrs);
    files.path = dir.write("c.log", text_);
  }
  std::string shown(log_format format, logs::log_query query = {}) {
    log_slices log{files, query, format};
    const auto slice = log.next_blocking(1'000'000);
    CHECK(slice.ended);
    CHECK_FALSE(slice.failure);
    return *slice.bytes;
  }

  temp_dir dir;
  logs::log_files files;

private:
  std::string text_;
};

} // namespace

TEST_CASE_METHOD(log_fixture, "log_slices: records in frames and raw", "[actors][containers]") {
  CHECK(shown({}) == "\1\0\0\0\0\0\0\4one\n"
                     "\2\0\0\0\0\0\0\4two\n"
                     "\1\0\0\0\0\0\0\3thr"s);
  CHECK(shown({.framed = false}) == "one\ntwo\nthr");
  CHECK(shown({.err = false, .framed = false}) == "one\nthr");
  CHECK(shown({.out = false}) == "\2\0\0\0\0\0\0\4two\n"s);
  CHECK(shown({.out = false, .err = false}).empty());
}

TEST_CASE_METHOD(log_fixture, "log_slices: times have nine digits, details come sorted and escaped",
                 "[actors][containers]") {
  CHECK(shown({.timestamps = true, .framed = false}) == "2023-11-14T22:13:20.120000000Z one\n"
                                                        "2023-11-14T22:13:20.120000001Z two\n"
                                                        "2023-11-14T22:13:20.000000000Z thr");
  CHECK(shown({.out = false, .timestamps = true}) ==
        "\2\0\0\0\0\0\0\x23" // 31 of the time, 4 of the line
        "2023-11-14T22:13:20.120000001Z two\n"s);
  CHECK(shown({.details = true, .framed = false}) == " one\na=1%2F2,b=x+y%26z two\n thr");
  CHECK(shown({.out = false, .timestamps = true, .details = true, .framed = false}) ==
        "2023-11-14T22:13:20.120000001Z a=1%2F2,b=x+y%26z two\n");
}

TEST_CASE_METHOD(log_fixture, "log_slices: tail, since and until choose", "[actors][containers]") {
  logs::log_query query;
  query.tail = 2;
  CHECK(shown({.framed = false}, query) == "two\nthr");
  query = {};
  query.since = moment + 1;
  CHECK(shown({.framed = false}, query) == "two\n");
  query = {};
  query.until = moment;
  CHECK(shown({.framed = false}, query) == "one\n");
}

TEST_CASE_METHOD(log_fixture, "log_slices: a slice is of whole records, and tells its place",
                 "[actors][containers]") {
  logs::log_query query;
  query.follow = true;
  log_slices log{files, query, {.framed = false}};
  auto slice = log.next_blocking(1);
  CHECK(*slice.bytes == "one\n");
  CHECK(slice.pending);
  CHECK_FALSE(slice.ended);
  const auto first = slice.position.offset;
  slice = log.next_blocking(5);
  CHECK(*slice.bytes == "two\nthr");
  CHECK(slice.pending); // it has not looked for more
  slice = log.next_blocking(5);
  CHECK(slice.bytes->empty());
  CHECK_FALSE(slice.pending);
  CHECK_FALSE(slice.ended);
  CHECK(slice.position.offset == dir.read("c.log").size());

  log_slices again{files, query, {.framed = false}};
  again.stop_at({slice.position.inode, first});
  slice = again.next_blocking(1'000);
  CHECK(*slice.bytes == "one\n");
  CHECK(slice.ended);
}

TEST_CASE("log_slices: failures end it", "[actors][containers]") {
  temp_dir dir;
  logs::log_files files;
  files.path = dir.file("c.log");
  CHECK(log_slices(files, {}, {}).next_blocking(1).ended); // there is none: it is empty
  files.driver = logs::log_driver::none;
  auto slice = log_slices(files, {}, {}).next_blocking(1);
  CHECK(slice.ended);
  CHECK(slice.failure->kind == errc::not_implemented);
  files = {};
  files.path = dir.path(); // a directory opens, and does not read
  slice = log_slices(files, {}, {}).next_blocking(1);
  REQUIRE(slice.failure);
  CHECK(slice.failure->message == "read '" + dir.path() + "': Is a directory");
}

TEST_CASE("log_slices: what is not shown takes no endless slices", "[actors][containers]") {
  temp_dir dir;
  std::string text;
  for (int i = 0; i < 50'000; ++i)
    logs::append_json_record(text, logs::source::err, moment, "e", false, "");
  logs::append_json_record(text, logs::source::out, moment, "o", false, "");
  logs::log_files files;
  files.path = dir.write("c.log", text);
  log_slices log{files, {}, {.err = false, .framed = false}};
  int slices = 0;
  std::string shown;
  for (log_slice slice; !slice.ended && slices < 10; ++slices) {
    slice = log.next_blocking(1000);
    shown += *slice.bytes;
  }
  CHECK(shown == "o\n");
  CHECK(slices == 3);
}
