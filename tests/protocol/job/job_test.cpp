#include "protocol/job/job.hpp"

#include "protocol/job/log_line.hpp"

#include <catch2/catch.hpp>

#include <optional>

using namespace gantry::job;

namespace {

request start_job() { return {.name = "start", .args = {"abc"}, .environment = {}}; }

} // namespace

TEST_CASE("job: L2 call string", "[protocol][job]") {
  CHECK(call_string(start_job()) == "start(abc)");
  CHECK(call_string({.name = "version", .args = {}, .environment = {}}) == "version()");
  CHECK(call_string({.name = "tag", .args = {"a b", "", "c\"d"}, .environment = {{"k", "v"}}}) ==
        "tag(a b, , c\"d)");
}

TEST_CASE("job: L2 J4 status suffix", "[protocol][job]") {
  CHECK(status_string(0) == " = OK (0)");
  CHECK(status_string(1) == " = ERR (1)");
  CHECK(status_string(42) == " = ERR (42)");
  CHECK(status_string(127) == " = ERR (127)");
  CHECK(status_string(-1) == " = ERR (-1)");
}

TEST_CASE("log line: L1 engine line shows 8 characters of the id", "[protocol][job]") {
  CHECK(engine_line("1a2b3c4d5e6f", "hello") == "[1a2b3c4d] hello\n");
  CHECK(engine_line("1a2b3c4d", "hello\n\n") == "[1a2b3c4d] hello\n");
  CHECK(engine_line("1a", "a\nb") == "[1a] a\nb\n");
  CHECK(engine_line("1a2b3c4d", "\n") == "[1a2b3c4d] \n");
}

TEST_CASE("log line: L3 begin and end of a job", "[protocol][job]") {
  CHECK(begin_line("1a2b3c4d", start_job()) == "[1a2b3c4d] +job start(abc)\n");
  CHECK(end_line("1a2b3c4d", start_job(), 0) == "[1a2b3c4d] -job start(abc) = OK (0)\n");
  CHECK(end_line("1a2b3c4d", start_job(), 42) == "[1a2b3c4d] -job start(abc) = ERR (42)\n");
}

TEST_CASE("log line: J7 no status suffix without a status", "[protocol][job]") {
  CHECK(end_line("1a2b3c4d", start_job(), std::nullopt) == "[1a2b3c4d] -job start(abc)\n");
}

TEST_CASE("log line: J5 a job's own line", "[protocol][job]") {
  CHECK(job_line("1a2b3c4d5e", start_job(), std::nullopt, "hi\n") == "[1a2b3c4d.start(abc)] hi\n");
  CHECK(job_line("1a2b3c4d5e", start_job(), 0, "hi") == "[1a2b3c4d.start(abc) = OK (0)] hi\n");
}
