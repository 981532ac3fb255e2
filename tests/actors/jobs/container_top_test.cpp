#include "actors/jobs/container_processes.hpp"
#include "tests/actors/jobs/container_job_fixture.hpp"

#include <sys/stat.h>
#include <unistd.h>

using namespace gantry;
using namespace gantry::jobs;
using container::container_status;
using test::id_a;

namespace {

std::string shown(const result<process_table>& table) {
  if (!table)
    return table.error().message;
  std::string text;
  auto add = [&text](const std::vector<std::string>& words) {
    for (const auto& word : words)
      text += word + "|";
    text += "\n";
  };
  add(table->titles);
  for (const auto& row : table->rows)
    add(row);
  return text;
}

/// A container whose runtime is a script.
class top_fixture : public test::container_job_fixture {
public:
  void use_runtime(const std::string& script) {
    auto path = dir.write("runtime", "#!/bin/sh\n" + script);
    ::chmod(path.c_str(), 0700);
    auto runtime = std::make_shared<containers::oci_runtime>();
    runtime->path = path;
    setup.runtimes["runc"] = runtime;
    auto view = container::make_view('a', "web");
    view.state.status = container_status::running;
    view.state.pid = 1;
    auto host = *view.host_config;
    host.runtime = "runc";
    view.host_config = std::make_shared<const container::host_config>(std::move(host));
    add(std::move(view));
  }
};

} // namespace

TEST_CASE("top: arguments are what spaces separate", "[actors][containers]") {
  using words = std::vector<std::string>;
  CHECK(ps_arguments("-ef") == words{"-ef"});
  CHECK(ps_arguments(" -o  pid,cmd ") == words{"-o", "pid,cmd"});
  CHECK(ps_arguments("").empty());
}

TEST_CASE("top: no other column may be called PID", "[actors][containers]") {
  for (auto good : {"-ef", "aux", "-o pid,cmd", "-o pid=PID", "-o user=USER", "-o pid= PID",
                    "-o pid=PID,user=X"})
    CHECK(check_ps_arguments(good).has_value());
  auto refused = [](const char* text) { return check_ps_arguments(text).error().message; };
  CHECK(refused("-o user=PID") == "specifying \"user=PID\" is not allowed");
  CHECK(refused("-o pid,ppid=PID") == "specifying \"ppid=PID\" is not allowed");
  CHECK(refused("ao user= PID2") == "specifying \"user=PID2\" is not allowed");
  CHECK(refused("--format=user=PID") == "specifying \"user=PID\" is not allowed");
}

TEST_CASE("top: processes as runtimes list them", "[actors][containers]") {
  CHECK(parse_process_ids("[12,34]").value() == process_ids{12, 34});
  CHECK(parse_process_ids("null").value().empty());
  CHECK(parse_process_ids("[]").value().empty());
  for (auto bad : {"", "{}", "[\"1\"]", "[0]", "[-1]", "[4294967296]", "[1.5]"}) {
    CAPTURE(bad);
    CHECK(parse_process_ids(bad).error().kind == errc::system);
  }
}

TEST_CASE("top: keeps the lines of a container's processes", "[actors][containers]") {
  const std::string output = "UID   PID  PPID CMD\n"
                             "root    1     0 /sbin/init splash\n"
                             "root   12     1 sh -c  'a b'\n"
                             "me     34    12 sleep 5\n";
  CHECK(shown(parse_ps(output, {12, 34})) == "UID|PID|PPID|CMD|\n"
                                             "root|12|1|sh -c 'a b'|\n"
                                             "me|34|12|sleep 5|\n");
  CHECK(shown(parse_ps(output, {})) == "UID|PID|PPID|CMD|\n");
  CHECK(shown(parse_ps("CMD\nsh\n", {12})) == "Couldn't find PID field in ps output");
  CHECK(shown(parse_ps("", {12})) == "Couldn't find PID field in ps output");
  CHECK(shown(parse_ps("PID\nx\n", {12})) ==
        "Unexpected pid 'x': strconv.Atoi: parsing \"x\": invalid syntax");
}

TEST_CASE("top: threads stand below their process", "[actors][containers]") {
  CHECK(shown(parse_ps("PID LWP CMD\n"
                       "1 - init\n"
                       "- 1 -\n"
                       "12 - sh\n"
                       "- 12 -\n"
                       "- 13 -\n"
                       "34 - x\n"
                       "- 34 -\n",
                       {12})) == "PID|LWP|CMD|\n"
                                 "12|-|sh|\n"
                                 "-|12|-|\n"
                                 "-|13|-|\n");
}

TEST_CASE("top: a line that is too short is filled up", "[actors][containers]") {
  CHECK(shown(parse_ps("PID USER CMD\n12 me\n", {12})) == "PID|USER|CMD|\n12|me||\n");
}

TEST_CASE_METHOD(top_fixture, "container top: asks the runtime and ps", "[actors][containers]") {
  const auto own = std::to_string(::getpid());
  use_runtime("echo \"[" + own + "]\"; echo \"$@\" > " + dir.file("asked") + "\n");
  auto table = value("container_top", {"web"});
  CHECK(table.at("Titles").at(1) == "PID");
  REQUIRE(table.at("Processes").as_array().size() == 1);
  CHECK(table.at("Processes").at(0).at(1).as_string() == own);
  CHECK(dir.read("asked") == "--root " + dir.file("exec") +
                                 "/runtime/runc --log-format json ps --format json " + id_a + "\n");
  CHECK(take_events() == std::vector<std::string>{"container top a=<b>& image=bb:1 name=web"});
  auto chosen = value("container_top", {"web"}, {{"ps_args", "-o pid,comm"}});
  CHECK(chosen.at("Titles") == boost::json::value{"PID", "COMMAND"});
  CHECK(value("container_top", {"web"}, {{"ps_args", "-p 1"}}).at("Processes").is_null());
  // NOTE: `f` and `-q` do not go together.
  auto tree = value("container_top", {"web"}, {{"ps_args", "axf"}});
  CHECK(tree.at("Processes").as_array().size() == 1);
}

TEST_CASE_METHOD(top_fixture, "container top: failures", "[actors][containers]") {
  auto view = container::make_view('b', "old");
  add(std::move(view));
  add('c', "again", container_status::restarting);
  auto top = [this](const char* name, const char* arguments) {
    return outcome("container_top", {name}, {{"ps_args", arguments}});
  };
  CHECK(top("nosuch", "") == "not_found: No such container: nosuch");
  CHECK(top("old", "") == "conflict: container " + std::string(64, 'b') + " is not running");
  CHECK(top("again", "") == "conflict: Container " + std::string(64, 'c') +
                                " is restarting, wait until the container is running");
  CHECK(top("old", "-o user=PID") == "system: specifying \"user=PID\" is not allowed");
  use_runtime("echo '[1]'\n");
  CHECK(top("web", "--nosuch").starts_with("system: ps: "));
  CHECK(top("web", "-o comm") == "system: Couldn't find PID field in ps output");
}

TEST_CASE_METHOD(top_fixture, "container top: what the runtime says is said",
                 "[actors][containers]") {
  use_runtime("echo 'time=x level=error msg=\"no way\"' >&2; exit 1\n");
  CHECK(outcome("container_top", {"web"}).starts_with("system: "));
}
