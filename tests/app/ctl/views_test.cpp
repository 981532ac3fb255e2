#include "app/ctl/views.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string>

using namespace gantry::ctl;
using namespace gantry::inspect;
using namespace std::chrono_literals;

namespace {

std::vector<actor_view> three_actors() {
  std::vector<actor_view> a(3);
  a[0].id = 1;
  a[0].kind = a[0].name = "engine";
  a[0].state = "idle";
  a[0].age = 3min;
  a[0].messages = 120;
  a[0].busy = 2ms;
  a[1].id = 12;
  a[1].parent = 1;
  a[1].kind = "router";
  a[1].name = "router tcp://127.0.0.1:4711";
  a[1].state = "running";
  a[1].age = 90s;
  a[1].mailbox = 2;
  a[1].oldest = 15ms;
  a[1].message = "run_job";
  a[1].message_age = 1200us;
  a[1].request = 77;
  a[1].messages = 1230000;
  a[1].busy = 30s;
  a[1].waiting.count = a[1].handling.count = 5;
  a[1].waiting.p99 = 64us;
  a[1].handling.p99 = 2ms;
  a[2].id = 13;
  a[2].parent = 12;
  a[2].kind = a[2].name = "job";
  a[2].state = "ready";
  a[2].age = 1ms;
  return a;
}

} // namespace

TEST_CASE("ctl views: actors", "[app][ctl]") {
  CHECK(actor_table(three_actors()).text({}) ==
        "ID  PARENT  KIND    STATE     AGE  MAILBOX  OLDEST  MESSAGES  BUSY  WAIT99  HANDLE99  "
        "REQUEST  DOING          NAME\n"
        " 1       -  engine  idle       3m        0       -       120   2ms       -         -  "
        "      -  -              engine\n"
        "12       1  router  running  1.5m        2    15ms      1.2M   30s    64us       2ms  "
        "     77  run_job 1.2ms  router tcp://127.0.0.1:4711\n"
        "13      12  job     ready     1ms        0       -         0     0       -         -  "
        "      -  -              job\n");
}

TEST_CASE("ctl views: kinds", "[app][ctl]") {
  kind_view k{"router", 2, 5, 9000, 3s, {}, {}};
  k.waiting = {9000, 10us, 8us, 64us, 1ms, {}};
  CHECK(kind_table(std::array{k}).text({}) ==
        "KIND    LIVE  SPAWNED  MESSAGES  BUSY  WAIT  WAIT99  WAITMAX  HANDLE  HANDLE99  "
        "HANDLEMAX\n"
        "router     2        5      9000    3s  10us    64us      1ms       -         -  "
        "        -\n");
}

TEST_CASE("ctl views: threads and tasks", "[app][ctl]") {
  const std::array threads{
      thread_view{"io 0", 4243, 2, 12, "router", "run_job", 7us, "futex_wait"},
      thread_view{"stand-in 0", 4244, 0, 0, "", "", 0ns, ""},
  };
  CHECK(thread_table(threads).text({}) ==
        "NAME         TID  QUEUED  ACTOR  KIND    DOING    FOR  WCHAN\n"
        "io 0        4243       2     12  router  run_job  7us  futex_wait\n"
        "stand-in 0  4244       0      -  -       -          -  -\n");
  const std::array tasks{task_view{"unpack sha256:aa", "running", 4s, 4300, "io_schedule"},
                         task_view{"hash", "waiting", 1ms, 0, ""}};
  CHECK(task_table(tasks).text({}) == "STATE    AGE   TID  WCHAN        TASK\n"
                                      "running   4s  4300  io_schedule  unpack sha256:aa\n"
                                      "waiting  1ms     -  -            hash\n");
}

TEST_CASE("ctl views: jobs and connections", "[app][ctl]") {
  CHECK(job_table(std::array{job_view{77, "containers_json(all=1)", 90, "unix", 5ms}}).text({}) ==
        "REQUEST  ACTOR  AGE  CLIENT  CALL\n"
        "     77     90  5ms  unix    containers_json(all=1)\n");
  const std::array connections{
      connection_view{9, "unix:///d.sock", "unix", 0, 4711, "", 1min, 12, 77, "GET /x"},
      connection_view{
          10, "tcp://0.0.0.0:2376", "tcp://10.0.0.1:1234", {}, {}, "CN=me", 2min, 1, 0, ""},
  };
  CHECK(connection_table(connections).text({}) ==
        "ACTOR  LISTENER            PEER                 UID   PID  SUBJECT  AGE  REQUESTS  "
        "REQUEST  DOING\n"
        "    9  unix:///d.sock      unix                   0  4711  -         1m        12  "
        "     77  GET /x\n"
        "   10  tcp://0.0.0.0:2376  tcp://10.0.0.1:1234    -     -  CN=me     2m         1  "
        "      -  -\n");
}

TEST_CASE("ctl views: streams and their credit", "[app][ctl]") {
  const std::array streams{
      stream_view{31, "job output", 77, 262'144, 0, 3s},
      stream_view{32, "attach input", 0, 12, 65'536, 0s},
  };
  CHECK(stream_table(streams).text({}) == "ACTOR  STREAM        REQUEST  BYTES  CREDIT  HELD\n"
                                          "   31  job output         77   262k       0    3s\n"
                                          "   32  attach input        -     12   65536     -\n");
}

TEST_CASE("ctl views: containers", "[app][ctl]") {
  container_view web;
  web.id = std::string(64, 'c');
  web.name = "web";
  web.image = "bb:1";
  web.state = "running";
  web.actor = 31;
  web.pid = 4711;
  web.cpu = 1500ms;
  web.memory = 3 << 20;
  web.memory_limit = 64 << 20;
  web.pids = 2;
  web.pressure = {{"cpu", 12.34, 0, 0ns, 0ns}, {"io", 0, 0, 0ns, 0ns}};
  container_view old;
  old.id = std::string(64, 'd');
  old.name = "old";
  old.state = "exited";
  CHECK(container_table(std::array{web, old}).text({}) ==
        "ID            NAME  STATE    ACTOR   PID   CPU  MEMORY  LIMIT  PIDS  CPU-PSI  MEM-PSI  "
        "IO-PSI  IMAGE\n"
        "cccccccccccc  web   running     31  4711  1.5s      3M    64M     2    12.3%        -  "
        "  0.0%  bb:1\n"
        "dddddddddddd  old   exited       -     -     -       -      -     -        -        -  "
        "     -  -\n");
}

TEST_CASE("ctl views: deaths, dead letters and stalls", "[app][ctl]") {
  const std::string time = "2026-11-22T01:00:00.123456789Z";
  CHECK(death_table(std::array{death_view{time, 8, "job", "runtime_error: no"}}).text({}) ==
        "TIME                     ACTOR  KIND  REASON\n"
        "2026-11-22 01:00:00.123      8  job   runtime_error: no\n");
  CHECK(dead_letter_table(std::array{dead_letter_view{time, "stray", 12, "router"}}).text({}) ==
        "TIME                     ACTOR  KIND    MESSAGE\n"
        "2026-11-22 01:00:00.123     12  router  stray\n");
  const std::array stalls{
      stall_view{time, "handler", 12, 77, "router", "run_job", "do_wait", 6s, false},
      stall_view{time, "worker", 0, 0, "", "", "", 9s, true},
  };
  CHECK(stall_table(stalls).text({}) ==
        "TIME                     WHAT     FOR  STATE  ACTOR  KIND    MESSAGE  REQUEST  WHERE\n"
        "2026-11-22 01:00:00.123  handler   6s  hangs     12  router  run_job       77  do_wait\n"
        "2026-11-22 01:00:00.123  worker    9s  over       -  -       -              -  -\n");
}

TEST_CASE("ctl views: times without what nobody reads", "[app][ctl]") {
  CHECK(short_time("2026-11-22T01:00:00Z") == "2026-11-22 01:00:00");
  CHECK(short_time("2026-11-22T01:00:00.5+02:00") == "2026-11-22 01:00:00.5");
  CHECK(short_time("2026-11-22T01:00:00.123456789Z") == "2026-11-22 01:00:00.123");
  CHECK(short_time("yesterday") == "yesterday");
  CHECK(short_time("").empty());
}

TEST_CASE("ctl views: a tree in boxes, or in ASCII", "[app][ctl]") {
  auto actors = three_actors();
  actors.emplace_back();
  actors.back().id = 20;
  actors.back().parent = 1;
  actors.back().name = "hub";
  actors.back().state = "idle";
  const auto roots = make_tree(actors);
  CHECK(tree_text(roots, {}) ==
        "1 engine [idle]\n"
        "├─ 12 router tcp://127.0.0.1:4711 [running: run_job 1.2ms, 2 messages waiting]\n"
        "│  └─ 13 job [ready]\n"
        "└─ 20 hub [idle]\n");
  CHECK(tree_text(roots, {.utf8 = false}) ==
        "1 engine [idle]\n"
        "|- 12 router tcp://127.0.0.1:4711 [running: run_job 1.2ms, 2 messages waiting]\n"
        "|  `- 13 job [ready]\n"
        "`- 20 hub [idle]\n");
  CHECK(tree_text(roots, {.width = 14, .utf8 = false}) == "1 engine [idl>\n"
                                                          "|- 12 router >\n"
                                                          "|  `- 13 job >\n"
                                                          "`- 20 hub [id>\n");
  REQUIRE(find_node(roots, 13) != nullptr);
  CHECK(find_node(roots, 13)->actor.name == "job");
  CHECK(find_node(roots, 14) == nullptr);
}

TEST_CASE("ctl views: one actor", "[app][ctl]") {
  actor_detail d;
  d.actor = three_actors()[1];
  d.actor.waiting = {9000, 10us, 8us, 64us, 1ms, {}};
  d.facts = {{"routes", "240"}, {"drained", "no"}};
  d.children = {13, 14};
  d.traced = true;
  d.last = {{"2026-11-22T01:00:00.5Z", "run_job", 9, 77, 1us, 2ms}};
  CHECK(detail_text(d, {}) == "id        12\n"
                              "kind      router\n"
                              "name      router tcp://127.0.0.1:4711\n"
                              "parent    1\n"
                              "children  13 14\n"
                              "state     running: run_job for 1.2ms\n"
                              "request   77\n"
                              "age       1.5m\n"
                              "mailbox   2, the oldest waits for 15ms\n"
                              "messages  1.2M, busy 30s\n"
                              "waiting   mean 10us, half 8us, 99% 64us, max 1ms of 9000\n"
                              "handling  mean 0, half 0, 99% 2ms, max 0 of 5\n"
                              "\n"
                              "Facts\n"
                              "routes   240\n"
                              "drained  no\n"
                              "\n"
                              "Last messages\n"
                              "TIME                   MESSAGE  SENDER  REQUEST  WAITED  TOOK\n"
                              "2026-11-22 01:00:00.5  run_job       9       77     1us   2ms\n");
  d.facts.clear();
  d.facts_missing = "no answer within 200ms";
  d.traced = false;
  CHECK(detail_text(d, {}).ends_with("\nFacts\nno answer within 200ms\n"));
}

TEST_CASE("ctl views: what was done for a request, each actor behind the one it came in",
          "[app][ctl]") {
  request_trace t;
  t.request = {77, "POST /create", "unix", 12, "2026-11-22T01:47:25.5Z", 5ms, 201, true};
  auto add = [&t](const char* time, std::uint64_t actor, const char* kind, const char* message) {
    t.spans.push_back({time, 77, actor, kind, "", message, "io 0", 0ns, 20us});
  };
  add("2026-11-22T01:47:25.499999Z", 12, "connection", "io_ready");
  add("2026-11-22T01:47:25.500010Z", 3, "router", "route_request");
  add("2026-11-22T01:47:25.500020Z", 1, "engine", "run_job");
  t.spans.back().waited = 3us;
  t.spans.back().name = "engine the first";
  add("2026-11-22T01:47:25.500030Z", 0, "worker", "mkdir");
  add("2026-11-22T01:47:25.500040Z", 40, "job", "start");
  add("2026-11-22T01:47:26.6Z", 12, "connection", "job_done");
  CHECK(timeline_text(t, {}) ==
        "request 77: POST /create\n"
        "unix, connection 12, at 2026-11-22T01:47:25.5Z: status 201 after 5ms\n"
        "\n"
        "OFFSET  WAITED  TOOK  THREAD  ACTOR  MESSAGE\n"
        "     0       -  20us  io 0       12  connection: io_ready\n"
        "  10us       -  20us  io 0        3    router: route_request\n"
        "  20us     3us  20us  io 0        1      engine the first: run_job\n"
        "  30us       -  20us  io 0        -        worker: mkdir\n"
        "  40us       -  20us  io 0       40        job: start\n"
        "  1.1s       -  20us  io 0       12  connection: job_done\n");
  t.spans.clear();
  t.request.over = false;
  t.missing = "the beginning may not be kept any more";
  CHECK(timeline_text(t, {}) == "request 77: POST /create\n"
                                "unix, connection 12, at 2026-11-22T01:47:25.5Z: at work for 5ms\n"
                                "the beginning may not be kept any more\n"
                                "\n"
                                "OFFSET  WAITED  TOOK  THREAD  ACTOR  MESSAGE\n");
}

TEST_CASE("ctl views: messages of an actor, as they come", "[app][ctl]") {
  const traced_message m{"2026-11-22T01:47:25.261992917Z", "run_job", 12, 77, 3us, 1ms};
  CHECK(message_titles({}) == "TIME                     WAITED    TOOK   SENDER  REQUEST  MESSAGE");
  CHECK(message_line(m, {}) ==
        "2026-11-22 01:47:25.261     3us     1ms       12       77  run_job");
  CHECK(message_line({"2026-11-22T01:47:25Z", "x\x1b", 0, 0, 0ns, 1us}, {.width = 70}) ==
        "2026-11-22 01:47:25           -     1us        -        -  x?");
}
