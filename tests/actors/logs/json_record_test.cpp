#include "actors/logs/json_record.hpp"

#include <catch2/catch.hpp>

using namespace gantry::logs;
using namespace std::string_literals;

namespace {

// 2026-11-22T07:27:49.436164842Z
constexpr std::int64_t moment = 1'795'332'469'436'164'842;

std::string json_of(std::string_view text, bool partial = false, std::string_view attrs = {}) {
  std::string out;
  append_json_record(out, source::out, moment, text, partial, attrs);
  return out;
}

// What stands between the quotes of "log".
std::string inside(std::string_view text) {
  auto line = json_of(text, true);
  return line.substr(8, line.find("\",\"stream\"") - 8);
}

} // namespace

TEST_CASE("json record: as dockerd writes it", "[actors][logs]") {
  CHECK(json_of("a\tb\r", false, R"({"a":"b"})") ==
        R"({"log":"a\u0009b\r\n","stream":"stdout","attrs":{"a":"b"},)"
        R"("time":"2026-11-22T07:27:49.436164842Z"})"
        "\n");
  std::string out;
  append_json_record(out, source::err, moment, "err", true, {});
  CHECK(out == R"({"log":"err","stream":"stderr","time":"2026-11-22T07:27:49.436164842Z"})"
               "\n");
}

TEST_CASE("json record: escapes as dockerd's logger", "[actors][logs]") {
  CHECK(inside("<>&\"\\ \x01\x7f\b\f") == R"(\u003c\u003e\u0026\"\\ \u0001)"
                                          "\x7f"
                                          R"(\u0008\u000c)");
  CHECK(inside("\xc3\xa4 \xff\xfe \xe2\x80\xa8 \xed\xa0\x80 \xf0\x9f\x98\x80") ==
        "\xc3\xa4 \\ufffd\\ufffd \\u2028 \\ufffd\\ufffd\\ufffd \xf0\x9f\x98\x80");
  CHECK(inside("\0x"s) == "\\u0000x");
  CHECK(inside("") == "");
  CHECK(inside("\xe2\x80") == "\\ufffd\\ufffd");
  CHECK(inside("\xe2\x80\xa9") == "\\u2029");
}

TEST_CASE("json record: a byte is escaped wherever it stands", "[actors][logs]") {
  for (int c = 0; c < 0x80; ++c) {
    const std::string one(1, static_cast<char>(c));
    const auto shown = inside(one);
    for (std::size_t before : {1u, 6u, 7u, 8u, 9u})
      for (std::size_t after : {0u, 1u, 7u, 8u}) {
        CAPTURE(c, before, after);
        const std::string left(before, 'a');
        const std::string right(after, '~');
        CHECK(inside(left + one + right) == left + shown + right);
        CHECK(inside(left + one + one + right) == left + shown + shown + right);
      }
  }
}

TEST_CASE("json record: what looks like a plain line is one only if it is", "[actors][logs]") {
  const auto read = [](const std::string& inside) {
    record r;
    std::string buffer;
    const auto line =
        R"({"log":")" + inside + R"(","stream":"stderr","time":"2026-11-22T07:27:49Z"})";
    CHECK(read_json_record(line, r, buffer));
    CHECK(r.from == source::err);
    return std::string{r.bytes};
  };
  const std::string long_enough(80, 'x');
  CHECK(read(long_enough + R"(\\n)") == long_enough + R"(\n)");
  CHECK(read(long_enough + R"(\n)") == long_enough + '\n');
  CHECK(read(long_enough + R"(\t\n)") == long_enough + "\t\n");
  CHECK(read(R"(\n)" + long_enough) == '\n' + long_enough);
  CHECK(read(long_enough + R"(\"\n)") == long_enough + "\"\n");
  CHECK(read(long_enough + R"(\",\"time\":\"2026-11-22T07:27:49Z\"\n)") ==
        long_enough + R"(","time":"2026-11-22T07:27:49Z")" + '\n');
  record r;
  std::string buffer;
  CHECK_FALSE(read_json_record(R"({"log":")" + long_enough +
                                   R"(" ","stream":"stderr","time":"2026-11-22T07:27:49Z"})",
                               r, buffer));
  CHECK_FALSE(read_json_record(R"({"log":")" + long_enough +
                                   R"(\","stream":"stderr","time":"2026-11-22T07:27:49Z"})",
                               r, buffer));
}

TEST_CASE("json record: what was written is read", "[actors][logs]") {
  for (const auto& text :
       {""s, "plain"s, "tab\tquote\"\\/"s, "\0\x01\x1f"s, "\xc3\xa4\xf0\x9f\x98\x80"s, "<script>&"s,
        "\xe2\x80\xa8"s, std::string(16384, '"')}) {
    for (bool partial : {false, true}) {
      auto line = json_of(text, partial, R"({"k":"v\n","n":"2"})");
      line.pop_back();
      record r;
      std::string buffer;
      REQUIRE(read_json_record(line, r, buffer));
      CHECK(r.bytes == (partial ? text : text + '\n'));
      CHECK(r.partial == partial);
      CHECK(r.time == moment);
      CHECK(r.from == source::out);
      CHECK(r.attrs == std::vector<std::pair<std::string, std::string>>{{"k", "v\n"}, {"n", "2"}});
      REQUIRE(read_json_record(line, r, buffer, false));
      CHECK(r.attrs.empty());
    }
  }
}

TEST_CASE("json record: members in any order, blanks, and unknown ones", "[actors][logs]") {
  record r;
  std::string buffer;
  REQUIRE(read_json_record(
      R"( { "time" : "2026-11-22T09:27:49.5+02:00" , "x":[1,{"y":"]"},true],"z":-1.5e3,"s":"stderr",)"
      R"( "stream":"stderr", "log":"\u00e4\ud83d\ude00\ud800x\/\b\n", "attrs":{"a":1,"b":"c"} } )",
      r, buffer));
  CHECK(r.bytes == "\xc3\xa4\xf0\x9f\x98\x80\xef\xbf\xbdx/\b\n");
  CHECK(r.from == source::err);
  CHECK(r.time == 1'795'332'469'500'000'000);
  CHECK(r.attrs == std::vector<std::pair<std::string, std::string>>{{"b", "c"}});
}

TEST_CASE("json record: what is torn or damaged is none", "[actors][logs]") {
  auto line = json_of("some text", false, R"({"a":"b"})");
  line.pop_back();
  record r;
  std::string buffer;
  for (std::size_t size = 0; size < line.size(); ++size)
    CHECK_FALSE(read_json_record(line.substr(0, size), r, buffer));
  for (const auto* bad : {"", "x", "{}", "[]", R"({"log":"x","stream":"stdout"})",
                          R"({"log":1,"time":"2026-11-22T07:27:49Z"})",
                          R"({"log":"\q","time":"2026-11-22T07:27:49Z"})",
                          R"({"log":"\u12g4","time":"2026-11-22T07:27:49Z"})",
                          R"({"log":"x","time":"2026-11-31T07:27:49Z"})",
                          R"({"log":"x","time":"2026-11-22T07:27:49Z"} {)"})
    CHECK_FALSE(read_json_record(bad, r, buffer));
}

TEST_CASE("json record: times", "[actors][logs]") {
  const auto text = [](std::int64_t time) {
    std::string out;
    append_time(out, time);
    return out;
  };
  CHECK(text(0) == "1970-01-01T00:00:00Z");
  CHECK(text(-1) == "1969-12-31T23:59:59.999999999Z");
  CHECK(text(1'000'000'000) == "1970-01-01T00:00:01Z");
  CHECK(text(1'000'000'100) == "1970-01-01T00:00:01.0000001Z");
  CHECK(text(951'782'400'000'000'000) == "2000-02-29T00:00:00Z");
  for (std::int64_t time : {std::int64_t{0}, std::int64_t{-1}, moment, moment - 842}) {
    std::int64_t back = 0;
    REQUIRE(read_time(text(time), back));
    CHECK(back == time);
  }
  std::int64_t time = 0;
  for (const auto* bad : {"2026-11-22", "2026-11-22T07:27:49", "2026-11-22T07:27:49.Z",
                          "2026-11-22T07:27:49Zx", "2026-13-22T07:27:49Z", "1500-01-01T00:00:00Z",
                          "2026-11-22T24:00:00Z", "2026-11-22T07:27:49+1:00"})
    CHECK_FALSE(read_time(bad, time));
}

TEST_CASE("json record: a text member of a runtime's message", "[actors][logs]") {
  CHECK(json_text_member(R"({"level":"error","msg":"exec: \"x\": not found","time":"t"})", "msg") ==
        R"(exec: "x": not found)");
  CHECK(json_text_member(R"({"a":{"msg":"no"}})", "msg").empty());
  CHECK(json_text_member("junk", "msg").empty());
}
