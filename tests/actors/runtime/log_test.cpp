#include "actors/runtime/log.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace gantry;

namespace {

std::vector<std::string> seen;

void remember(const log::record& line) noexcept {
  std::string text;
  log::append_logfmt(text, line);
  seen.push_back(std::move(text));
}

/// Sends lines to `seen` for the length of a test.
struct capture {
  capture() {
    seen.clear();
    log::set_sink(&remember);
  }
  ~capture() {
    log::set_sink(nullptr);
    log::set_level(log::level::info);
  }
};

} // namespace

TEST_CASE("log: a line carries its component and fields", "[actors][runtime]") {
  capture guard;
  std::string id = "abc";
  log::write(log::level::info, "container", "started", {{"id", id}, {"pid", 42}, {"tty", true}});
  log::write(log::level::warn, "", "+job x()");
  CHECK(seen == std::vector<std::string>{
                    "level=info msg=started component=container id=abc pid=42 tty=true",
                    "level=warning msg=\"+job x()\""});
}

TEST_CASE("log: the level decides, and can change", "[actors][runtime]") {
  capture guard;
  CHECK_FALSE(log::enabled(log::level::debug));
  log::write(log::level::debug, "x", "no");
  log::set_level(log::level::debug);
  CHECK(log::current_level() == log::level::debug);
  log::write(log::level::debug, "x", "yes");
  log::set_level(log::level::fatal);
  log::write(log::level::error, "x", "no");
  log::write(log::level::fatal, "x", "end");
  CHECK(seen == std::vector<std::string>{"level=debug msg=yes component=x",
                                         "level=fatal msg=end component=x"});
}

TEST_CASE("log: what is no plain word is quoted, so no line can be forged", "[actors][runtime]") {
  std::pair<std::string, const char*> cases[] = {
      {"", R"("")"},
      {"a b", R"("a b")"},
      {"say \"x\"\\", R"("say \"x\"\\")"},
      {"a\nlevel=fatal", R"("a\nlevel=fatal")"},
      {"\t\r\x1b[31m\x7f", R"("\t\r\x1b[31m\x7f")"},
      {"a=b", R"("a=b")"},
      {"unix:///var/run/docker.sock", "unix:///var/run/docker.sock"},
      {"\xc3\xa4", "\"\xc3\xa4\""}};
  for (const auto& [value, want] : cases) {
    log::field fields[] = {{"k", value}};
    std::string out;
    log::append_logfmt(out, {log::level::info, "", "m", fields});
    CHECK(out == std::string("level=info msg=m k=") + want);
  }
  log::field odd[] = {{"a b=\n", "v"}};
  std::string out;
  log::append_logfmt(out, {log::level::info, "", "m", odd});
  CHECK(out == "level=info msg=m a_b__=v");
}

TEST_CASE("log: fields know numbers from texts, and can be copied", "[actors][runtime]") {
  const char* text = "1";
  CHECK(log::field("k", text).value() == "1"); // not `true`
  CHECK_FALSE(log::field("k", text).is_literal());
  CHECK(log::field("k", false).value() == "false");
  log::field number("k", INT64_MIN);
  log::field copy = number;
  CHECK(copy.value() == "-9223372036854775808");
  CHECK(copy.is_literal());
  CHECK(log::field("k", UINT64_MAX).value() == "18446744073709551615");
}

TEST_CASE("log: words of levels", "[actors][runtime]") {
  for (auto each : {log::level::debug, log::level::info, log::level::warn, log::level::error,
                    log::level::fatal})
    CHECK(log::parse_level(log::to_string(each)) == each);
  CHECK(log::parse_level("warn") == log::level::warn);
  CHECK(log::parse_level("INFO") == std::nullopt);
  CHECK(log::parse_level("") == std::nullopt);
}
