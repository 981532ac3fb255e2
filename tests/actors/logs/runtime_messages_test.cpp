#include "actors/logs/runtime_messages.hpp"

#include <catch2/catch.hpp>

using gantry::logs::last_runtime_error;

TEST_CASE("runtime_messages: the last error counts, else the last message", "[logs]") {
  CHECK(last_runtime_error("").empty());
  CHECK(last_runtime_error("runc: not found\n{}\n[1]\n").empty());
  CHECK(last_runtime_error(R"({"level":"info","msg":"one"})"
                           "\n"
                           R"({"level":"debug","msg":"two"})") == "two");
  CHECK(last_runtime_error(R"({"level":"error","msg":"first"})"
                           "\n"
                           R"({"level":"error","msg":"runc create failed: \"x\"","time":"t"})"
                           "\n"
                           R"({"level":"warning","msg":"not this"})"
                           "\n") == "runc create failed: \"x\"");
}
