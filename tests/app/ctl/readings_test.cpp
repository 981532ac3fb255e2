#include "app/ctl/readings.hpp"

#include "protocol/inspect/json.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

namespace {

using namespace gantry;
using namespace gantry::ctl;
using namespace std::chrono_literals;

/// Answers what it was told to.
class told_source final : public source {
public:
  explicit told_source(std::string body) : body_(std::move(body)) {}
  result<std::string> get(std::string_view) override { return body_; }
  std::string name() const override { return "here"; }
  bool is_dump() const noexcept override { return false; }

private:
  std::string body_;
};

inspect::system_view small_daemon() {
  inspect::system_view s;
  s.time = "2026-11-22T01:47:25.261992917Z";
  s.actors.resize(3);
  for (std::size_t i = 0; i < 3; ++i) {
    s.actors[i].id = i + 1;
    s.actors[i].parent = i;
    s.actors[i].kind = s.actors[i].name = i == 0 ? "engine" : "job";
    s.actors[i].state = "idle";
    s.actors[i].mailbox = i;
  }
  s.kinds = {{"job", 2, 2, 0, 0ns, {}, {}}};
  s.pool = {4, 64, {{"hash", "running", 4s, 4300, "io_schedule"}, {"wait", "waiting", 1s, 0, ""}}};
  s.jobs = {{77, "ping()", 3, "unix", 5ms}};
  s.requests = {{79, "GET /events", "unix", 3, "2026-11-22T01:47:25.5Z", 1ms, 0, false},
                {77, "POST /create", "unix", 3, "2026-11-22T01:47:25.000001Z", 5ms, 201, true},
                {78, "GET /info", "unix", 3, "2026-11-22T01:47:25.25Z", 12us, 0, true}};
  return s;
}

/// What a command prints for `small_daemon`, or what went wrong.
std::string shown(std::vector<std::string> words) {
  test::temp_dir directory;
  const auto path =
      directory.write("d.json", boost::json::serialize(inspect::to_json(small_daemon())));
  auto read = read_command_line(words);
  REQUIRE(std::holds_alternative<invocation>(read));
  const auto& how = std::get<invocation>(read);
  auto dump = open_dump(path);
  REQUIRE(dump.has_value());
  const auto text = find_reading(how.command->name)(how, **dump, {});
  return text ? *text : text.error().message;
}

std::string shown_of(std::string_view command, std::string body) {
  const std::vector<std::string> words{std::string{command}};
  told_source from{std::move(body)};
  const auto text = find_reading(command)(std::get<invocation>(read_command_line(words)), from, {});
  return text ? *text : text.error().message;
}

api_client::settings client_from(const std::vector<std::string>& words,
                                 const std::map<std::string, std::string>& environment) {
  const auto how = std::get<invocation>(read_command_line(words));
  return client_settings(how,
                         [&environment](const char* name) {
                           const auto found = environment.find(name);
                           return found == environment.end() ? nullptr : found->second.c_str();
                         })
      .value();
}

} // namespace

TEST_CASE("readings: tables from a dump", "[app][ctl]") {
  CHECK(shown({"jobs"}) == "REQUEST  ACTOR  AGE  CLIENT  CALL\n"
                           "     77      3  5ms  unix    ping()\n");
  CHECK(shown({"stalls"}) == "TIME  WHAT  FOR  STATE  ACTOR  KIND  MESSAGE  REQUEST  WHERE\n");
  CHECK(shown({"containers"}).starts_with("ID  NAME  STATE  ACTOR  PID  CPU  MEMORY  LIMIT  "));
  CHECK(shown({"pool"}) == "4 threads, room for 64 tasks; 1 running, 1 waiting\n"
                           "STATE    AGE   TID  WCHAN        TASK\n"
                           "running   4s  4300  io_schedule  hash\n"
                           "waiting   1s     -  -            wait\n");
  CHECK(shown({"tree"}) == "1 engine [idle]\n"
                           "└─ 2 job [idle, 1 message waiting]\n"
                           "   └─ 3 job [idle, 2 messages waiting]\n");
  CHECK(shown({"tree", "2"}) == "2 job [idle, 1 message waiting]\n"
                                "└─ 3 job [idle, 2 messages waiting]\n");
}

TEST_CASE("readings: ps filters and sorts", "[app][ctl]") {
  const auto text = shown({"ps", "--kind", "job", "--sort", "mailbox", "--limit", "1"});
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK(text.find("\n 3       2  job ") != std::string::npos);
}

TEST_CASE("readings: for scripts it is what the API says", "[app][ctl]") {
  CHECK(shown({"jobs", "--json"}) ==
        R"j({"jobs":[{"request":77,"call":"ping()","actor":3,"client":"unix","age_ns":5000000}]})j"
        "\n");
  CHECK(
      shown({"ps", "--json", "--limit", "1"})
          .starts_with(R"({"time":"2026-11-22T01:47:25.261992917Z","total":3,"actors":[{"id":1,)"));
  CHECK(shown({"tree", "2", "--json"}).starts_with(R"({"roots":[{"id":2,)"));
  CHECK(shown({"tree", "--json"}).starts_with(R"({"roots":[{"id":1,)"));
}

TEST_CASE("readings: requests, at most so many", "[app][ctl]") {
  CHECK(shown({"requests"}) ==
        "REQUEST  TIME                     STATUS   TOOK  CLIENT  CONNECTION  CALL\n"
        "     79  2026-11-22 01:47:25.5    at work   1ms  unix             3  GET /events\n"
        "     77  2026-11-22 01:47:25.000  201       5ms  unix             3  POST /create\n"
        "     78  2026-11-22 01:47:25.25   left     12us  unix             3  GET /info\n");
  const auto last = shown({"requests", "--limit", "2"});
  CHECK(std::count(last.begin(), last.end(), '\n') == 3);
  CHECK(last.find("GET /info") != std::string::npos);
  CHECK(shown({"requests", "-l", "1", "--json"})
            .starts_with(R"({"requests":[{"id":79,"call":"GET /events",)"));
}

TEST_CASE("readings: of an actor that is not there", "[app][ctl]") {
  CHECK(shown({"show", "12"}) == "no such actor: 12");
  CHECK(shown({"tree", "12"}) == "no such actor: 12");
}

TEST_CASE("readings: strange answers are told with their place", "[app][ctl]") {
  CHECK(shown_of("jobs", "[]") == "here: strange answer: \"jobs\" is missing");
  CHECK(shown_of("jobs", "{\"jobs\":[{\"age_ns\":\"x\"}]}") ==
        "here: strange answer: jobs[0].age_ns: not a number of nanoseconds");
  CHECK(shown_of("jobs", "{").starts_with("here: strange answer: not JSON: "));
  CHECK(shown_of("pool", "{\"pool\":[]}") == "here: strange answer: not an object");
  CHECK(shown_of("dead-letters", "{\"dead_letters\":[]}") == "TIME  ACTOR  KIND  MESSAGE\n");
}

TEST_CASE("readings: every command that only asks has one", "[app][ctl]") {
  for (const auto& command : commands()) {
    INFO(command.name);
    const std::vector<std::string_view> others{"top",     "events", "loglevel",   "dump",
                                               "help",    "trace",  "completion", "kill",
                                               "version", "pause",  "resume",     "web"};
    const bool has_own = std::find(others.begin(), others.end(), command.name) != others.end();
    CHECK((find_reading(command.name) != nullptr) == !has_own);
  }
}

TEST_CASE("source: a file that is no dump", "[app][ctl]") {
  test::temp_dir directory;
  const auto path = directory.write("d.json", "{\"time\":1}");
  CHECK(open_dump(path).error().message == path + ": not a dump: time: not a text");
  CHECK(open_dump(directory.file("none")).error().message ==
        "open '" + directory.file("none") + "': No such file or directory");
}

TEST_CASE("source: the address is that of the flag, else of the environment", "[app][ctl]") {
  const std::map<std::string, std::string> named{{"GANTRY_INSPECT", "tcp://10.0.0.1:2376"}};
  CHECK(to_string(client_from({"ps"}, {}).where) == "unix:///var/run/gantry/inspect.sock");
  CHECK(to_string(client_from({"ps"}, named).where) == "tcp://10.0.0.1:2376");
  CHECK(to_string(client_from({"ps", "-H", "unix:///x"}, named).where) == "unix:///x");
  CHECK(client_from({"ps"}, {}).timeout == 5s);
  CHECK(client_from({"ps", "--timeout", "3000h"}, {}).timeout == 24h);
}

TEST_CASE("source: certificates are looked for where docker has them", "[app][ctl]") {
  test::temp_dir directory;
  const std::map<std::string, std::string> env{{"DOCKER_CERT_PATH", directory.path()},
                                               {"HOME", "/nowhere"}};
  const std::vector<std::string> words{"ps", "-H", "tcp://x:1"};
  CHECK(client_from(words, env).files.ca.empty());
  for (auto name : {"ca.pem", "cert.pem", "key.pem"})
    directory.write(name, "");
  CHECK(client_from(words, env).files.ca == directory.file("ca.pem"));
  CHECK(client_from(words, env).files.cert == directory.file("cert.pem"));
  CHECK(client_from(words, env).files.key == directory.file("key.pem"));
  CHECK(client_from({"ps", "-H", "tcp://x:1", "--tlscacert", "/ca"}, env).files.ca == "/ca");
  CHECK(client_from({"ps"}, env).files.ca.empty());
}
