#include "protocol/container/start_failure.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using gantry::container::start_failure;

namespace {

std::pair<std::int64_t, errc> meaning(const std::string& text) {
  auto m = start_failure({errc::system, text});
  return {m.exit_code, m.error.kind};
}

using pair = std::pair<std::int64_t, errc>;

} // namespace

TEST_CASE("start failure: the runtime's words decide exit code and kind") {
  CHECK(meaning("exec: \"/x\": stat /x: no such file or directory") ==
        pair{127, errc::invalid_parameter});
  CHECK(meaning("exec: \"x\": executable file not found in $PATH") ==
        pair{127, errc::invalid_parameter});
  CHECK(meaning("exec /etc/passwd: permission denied") == pair{126, errc::invalid_parameter});
  CHECK(meaning("exec /etc: Is a directory") == pair{126, errc::invalid_parameter});
  CHECK(meaning("cgroups: cannot write") == pair{128, errc::system});
}

TEST_CASE("start failure: a runtime's words are passed on as dockerd does") {
  CHECK(container::runtime_failure("create", {errc::system, "runc create failed: x"}, "p") ==
        api_error{errc::system, "OCI runtime create failed: runc create failed: x: unknown"});
  CHECK(container::runtime_failure("exec", {errc::system, "unable to start container process: x"},
                                   "p")
            .message ==
        "OCI runtime exec failed: exec failed: unable to start container process: x: unknown");
  const api_error late{errc::unavailable, "'runc' did not end within 60s"};
  CHECK(container::runtime_failure("create", late, "p") == late);
}

TEST_CASE("start failure: the program is named where the runtime does not") {
  auto told = [](std::string_view program) {
    const api_error said{errc::system,
                         "unable to start container process: exec: permission denied"};
    return start_failure(container::runtime_failure("create", said, program));
  };
  const std::string start = "OCI runtime create failed: create failed: "
                            "unable to start container process: exec: ";
  CHECK(told("/tmp").error.message == start + "\"/tmp\": permission denied: unknown");
  CHECK(told("/tmp").exit_code == 126);
  CHECK(told("").error.message == start + "\"\": executable file not found in $PATH: unknown");
  CHECK(told("").exit_code == 127);
}

TEST_CASE("start failure: texts say what clients look for") {
  CHECK(start_failure({errc::system, "exec /etc: is a directory"}).error.message ==
        "exec /etc: is a directory: permission denied");
  CHECK(start_failure({errc::system, "mount: not a directory"}).error.message ==
        "mount: not a directory: Are you trying to mount a directory onto a file (or vice-versa)? "
        "Check if the specified host path exists and is the expected type");
}

TEST_CASE("start failure: what is no failure of the runtime keeps its kind") {
  CHECK(start_failure({errc::unavailable, "'runc' did not end within 60s"}).error.kind ==
        errc::unavailable);
}
