#include "protocol/container/exec.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

constexpr api::api_version exec_today{1, 50};

std::string refusal(const std::string& body) {
  auto options = parse_exec_options(body, exec_today);
  REQUIRE(options.has_error());
  CHECK(options.error().kind == errc::invalid_parameter);
  return options.error().message;
}

} // namespace

TEST_CASE("exec: what clients ask for", "[protocol][container]") {
  auto all = parse_exec_options(
      R"({"User":"1:2","Privileged":true,"Tty":true,"ConsoleSize":[24,80],"AttachStdin":true,)"
      R"("AttachStdout":true,"AttachStderr":true,"Detach":true,"DetachKeys":"ctrl-a,b",)"
      R"("Env":["A=b"],"WorkingDir":"/w","Cmd":["ls","-l","/"]})",
      exec_today);
  REQUIRE(all.has_value());
  CHECK(all->user == "1:2");
  CHECK(all->privileged);
  CHECK(all->tty);
  CHECK(all->console_size == terminal_size{24, 80});
  CHECK(all->attach_stdin);
  CHECK(all->env == string_list{{"A=b"}});
  CHECK(all->working_dir == "/w");
  CHECK(all->cmd == string_list{{"ls", "-l", "/"}});
  CHECK(detach_keys_of(*all) == "\x01"
                                "b");
  CHECK(parse_exec_options(to_json(*all), exec_today).value() == *all);
  CHECK_FALSE(parse_exec_options(R"({"Cmd":["a"],"ConsoleSize":[1,2]})", {1, 41})
                  ->console_size.has_value());
  auto least = parse_exec_options(R"({"Cmd":["a"]})", exec_today);
  CHECK(parse_exec_options(to_json(*least), exec_today).value() == *least);
}

TEST_CASE("exec: what is wrong with a request", "[protocol][container]") {
  for (const auto* body : {"", "{}", R"({"Cmd":[]})", R"({"Cmd":null})"})
    CHECK(refusal(body) == "No exec command specified");
  auto keys = parse_exec_options(R"({"Cmd":["a"],"DetachKeys":"ctrl-?"})", exec_today);
  CHECK(keys.error().kind == errc::system);
  CHECK(keys.error().message == "Invalid escape keys (ctrl-?) provided");
  CHECK(refusal(R"({"Cmd":"a"})") ==
        "invalid JSON: json: cannot unmarshal string into Go struct field ExecOptions.Cmd of type "
        "[]string");
}

TEST_CASE("exec: how it is to be started", "[protocol][container]") {
  CHECK(parse_exec_start_options("", exec_today).value() == exec_start_options{});
  auto asked = [](api::api_version v, const char* body) {
    return parse_exec_start_options(body, v).value();
  };
  const char* sized = R"({"Detach":true,"Tty":true,"ConsoleSize":[1,2]})";
  CHECK((asked(exec_today, sized) == exec_start_options{true, true, terminal_size{1, 2}}));
  CHECK((asked({1, 41}, sized) == exec_start_options{true, true, {}}));
  CHECK((asked(exec_today, R"({"ConsoleSize":[1,2]})") == exec_start_options{}));
  CHECK(parse_exec_start_options(R"({"Tty":1})", exec_today).has_error());
}

TEST_CASE("exec: the command as events have it", "[protocol][container]") {
  exec_options options;
  CHECK(command_text(options).empty());
  options.cmd = {{"ls"}};
  CHECK(command_text(options) == "ls ");
  options.cmd = {{"sh", "-c", "a b"}};
  CHECK(command_text(options) == "sh -c a b");
}

TEST_CASE("exec: as inspect shows it", "[protocol][container]") {
  exec_view view;
  view.id = "ab";
  view.container_id = "cd";
  auto options = std::make_shared<exec_options>();
  options->cmd = {{"sh", "-c", "<a>"}};
  options->attach_stdout = true;
  options->detach_keys = "a";
  view.options = options;
  const std::string shared = R"("OpenStdin":false,"OpenStderr":false,"OpenStdout":true,)";
  CHECK(write_exec(view, false) ==
        R"({"ID":"ab","Running":false,"ExitCode":null,"ProcessConfig":{"tty":false,)"
        R"("entrypoint":"sh","arguments":["-c","<a>"],"privileged":false},)" +
            shared + R"("CanRemove":false,"ContainerID":"cd","DetachKeys":"YQ==","Pid":0})");
  options->detach_keys = "a,b,ctrl-@";
  options->cmd = {{"ls"}};
  options->tty = options->privileged = true;
  view.user = "0";
  view.exit_code = 0;
  view.pid = 7;
  CHECK(write_exec(view, true) ==
        R"({"ID":"ab","Running":false,"ExitCode":0,"ProcessConfig":{"tty":true,)"
        R"("entrypoint":"ls","arguments":[],"privileged":true,"user":"0"},)" +
            shared + R"("CanRemove":true,"ContainerID":"cd","DetachKeys":"YWIA","Pid":7})");
  options->detach_keys = "a,b,c,d,e";
  CHECK(write_exec(view, true).find(R"("DetachKeys":"YWJjZGU=")") != std::string::npos);
}
