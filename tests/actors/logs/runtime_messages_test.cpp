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

TEST_CASE("runtime_messages: programs that cannot be run, in runc's words", "[logs]") {
  const auto told = [](const std::string& said) {
    return last_runtime_error(R"({"msg":")" + said + R"(","level":"error"})" + "\n");
  };
  const std::string known = "unable to start container process: exec: ";
  CHECK(told("executable file `nope` not found in $PATH: No such file or directory") ==
        known + "\"nope\": executable file not found in $PATH");
  CHECK(told("executable file `/no/pe` not found in $PATH: No such file or directory") ==
        known + "\"/no/pe\": stat /no/pe: no such file or directory");
  CHECK(told("executable file `./x` not found: No such file or directory") ==
        known + "\"./x\": stat ./x: no such file or directory");
  CHECK(told("open executable: Permission denied") == known + "permission denied");
  CHECK(told("open executable: Operation not permitted") == known + "permission denied");
  for (const char* other :
       {"executable file `", "executable file `x", "open executable: Is a directory",
        "an executable file `x` not found", "cannot find user"})
    CHECK(told(other) == other);
}
