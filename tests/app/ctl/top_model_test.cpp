#include "app/ctl/top_model.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace {

using namespace gantry;
using namespace gantry::ctl;
using namespace std::chrono_literals;

inspect::actor_view plain_actor(std::uint64_t id, std::uint64_t parent, std::string kind) {
  inspect::actor_view a;
  a.id = id;
  a.parent = parent;
  a.kind = a.name = std::move(kind);
  a.state = "idle";
  a.age = 10s;
  return a;
}

/// Ten seconds after its start, and `later`.
inspect::system_view looked_at(std::chrono::nanoseconds later = 0s) {
  inspect::system_view s;
  s.time = "2026-11-22T01:47:25.261992917Z";
  s.version = "0.1.0";
  s.id = "6a67fe58";
  s.pid = 4242;
  s.uptime = 10s + later;
  s.actors = {plain_actor(1, 0, "engine"), plain_actor(12, 1, "router"),
              plain_actor(13, 12, "job")};
  auto& router = s.actors[1];
  router.state = "running";
  router.mailbox = 2;
  router.oldest = 15ms;
  router.message = "run_job";
  router.message_age = 1200us;
  router.messages = 100;
  router.busy = 1s;
  auto& engine = s.actors[0];
  engine.messages = 50;
  engine.busy = 5s;
  if (later > 0s) {
    router.messages += 40;
    router.busy += 500ms;
    engine.busy += 100ms;
  }
  s.threads = {{"io 0", 4243, 0, 12, "router", "run_job", 1ms, ""},
               {"io 1", 4244, 0, 0, "", "", 0ns, ""}};
  s.pool = {4, 64, {{"hash", "running", 4s, 4300, ""}}};
  s.jobs = {{77, "ping()", 13, "unix", 5ms}};
  return s;
}

top_model model_of(const inspect::system_view& view, top_settings how = {}) {
  top_model model{std::move(how)};
  model.take(view);
  return model;
}

const paper plain{.width = 100, .colour = false, .utf8 = true};

/// The words at the front of each row.
std::string row_ids(const std::vector<std::string>& lines, std::size_t titles) {
  std::string out;
  for (std::size_t i = titles + 1; i < lines.size(); ++i) {
    const auto from = lines[i].find_first_of("0123456789");
    if (from != std::string::npos)
      out += (out.empty() ? "" : " ") + lines[i].substr(from, lines[i].find(' ', from) - from);
  }
  return out;
}

std::string order_of(const top_model& model) { return row_ids(model.page(plain), 4); }

void type(top_model& model, std::string_view text) {
  for (char c : text)
    REQUIRE(model.press({key::character, std::string{c}}));
}

void press(top_model& model, key what) { REQUIRE(model.press({what, {}})); }

} // namespace

TEST_CASE("top: a page of text", "[app][ctl]") {
  const auto model = model_of(looked_at());
  const std::vector<std::string> expected{
      "gantry 0.1.0  pid 4242  up 10s  at 2026-11-22 01:47:25.261",
      "3 actors: 1 running, 0 ready, 2 idle, 0 paused; 15.0 messages/s, 2 waiting, the oldest for "
      "15ms",
      "1 of 2 threads and 1 of 4 workers busy, 1 job, 0 connections, 0 stalls",
      "",
      "   ID  KIND        STATE      AGE  MAILBOX  OLDEST  MSG/S  BUSY%▼    FOR  MESSAGE     NAME",
      "    1  engine      idle       10s        0       -    5.0    50.0      -  -           "
      "engine",
      "   12  router      running    10s        2    15ms   10.0    10.0  1.2ms  run_job     "
      "router",
      "   13  job         idle       10s        0       -    0.0     0.0      -  -           job",
  };
  CHECK(model.page(plain) == expected);
}

TEST_CASE("top: what there is no room for is left out, unless it is sorted by", "[app][ctl]") {
  auto model = model_of(looked_at());
  paper on{.width = 80};
  CHECK(model.page(on)[4] ==
        "   ID  KIND        STATE    MAILBOX  MSG/S  BUSY%▼    FOR  MESSAGE     NAME");
  type(model, "T");
  CHECK(model.page(on)[4] ==
        "   ID  KIND        STATE    MAILBOX  MSG/S  BUSY%  BUSY▼    FOR  MESSAGE     NA…");
  on.width = 130;
  CHECK(model.page(on)[4] == "   ID  KIND        STATE      AGE  MAILBOX  OLDEST  MSG/S  BUSY%  "
                             "BUSY▼  WAIT99  HANDLE99    FOR  MESSAGE     NAME");
}

TEST_CASE("top: rates are those since the look before", "[app][ctl]") {
  auto model = model_of(looked_at());
  CHECK(order_of(model) == "1 12 13");
  model.take(looked_at(2s));
  const auto lines = model.page(plain);
  CHECK(order_of(model) == "12 1 13");
  CHECK(lines[5].find("   20.0    25.0  1.2ms") != std::string::npos);
  CHECK(lines[6].find("    0.0     5.0      -") != std::string::npos);
}

TEST_CASE("top: rows that show the same stay in their places", "[app][ctl]") {
  auto model = model_of(looked_at());
  auto later = looked_at();
  later.uptime += 2s;
  later.actors[2].busy += 900ns; // a two-millionth
  model.take(later);
  CHECK(order_of(model) == "1 12 13");
}

TEST_CASE("top: nothing is compared with a daemon before it", "[app][ctl]") {
  auto model = model_of(looked_at(2s));
  auto other = looked_at();
  other.pid = 5000;
  model.take(other);
  CHECK(model.page(plain)[5].find("    5.0    50.0      -") != std::string::npos);
}

TEST_CASE("top: keys choose the order", "[app][ctl]") {
  auto model = model_of(looked_at());
  type(model, "M");
  CHECK(order_of(model) == "12 1 13");
  type(model, "T");
  CHECK(order_of(model) == "1 12 13");
  type(model, "R");
  CHECK(order_of(model) == "13 12 1");
  type(model, "N");
  CHECK(order_of(model) == "1 12 13");
  CHECK(model.page(plain)[4].starts_with("  ID▲"));
  type(model, ">");
  CHECK(model.page(plain)[4].find("AGE▲") != std::string::npos);
  press(model, key::f6);
  CHECK(model.page(plain)[4].find("MAILBOX▲") != std::string::npos);
  type(model, "<<<<");
  CHECK(model.page(plain)[4].starts_with("  ID▲"));
}

TEST_CASE("top: begins as it is told", "[app][ctl]") {
  top_settings how;
  how.order = column_of(inspect::actor_order::id);
  how.wanted.kind = "job";
  const auto model = model_of(looked_at(), how);
  CHECK(order_of(model) == "13");
  CHECK(model.page(plain)[3] == "1 shown: kind job");
}

TEST_CASE("top: filters while one types", "[app][ctl]") {
  auto model = model_of(looked_at());
  type(model, "/rou");
  CHECK(model.screen(20, plain)[3] == "Show only: rou_");
  CHECK(order_of(model) == "12");
  press(model, key::backspace);
  type(model, "q"); // a letter here
  CHECK(order_of(model).empty());
  press(model, key::backspace);
  press(model, key::enter);
  CHECK(model.screen(20, plain)[3] == "1 shown: with \"ro\"");
  press(model, key::escape);
  CHECK(order_of(model) == "1 12 13");
  type(model, "/job");
  press(model, key::escape);
  CHECK(order_of(model) == "1 12 13");
}

TEST_CASE("top: a tree", "[app][ctl]") {
  auto model = model_of(looked_at());
  press(model, key::f5);
  const paper wide{.width = 140};
  const auto lines = model.page(wide);
  CHECK(lines[5].ends_with("  engine"));
  CHECK(lines[6].ends_with("  └─ router"));
  CHECK(lines[7].ends_with("     └─ job"));
  type(model, "t");
  CHECK(order_of(model) == "1 12 13");
}

TEST_CASE("top: the screen is as high as it is told", "[app][ctl]") {
  auto model = model_of(looked_at());
  for (std::size_t height : {1, 2, 3, 5, 7, 8, 24}) {
    INFO(height);
    const auto lines = model.screen(height, plain);
    CHECK(lines.size() == height);
    CHECK(lines.back().starts_with("q quit"));
  }
  CHECK(model.screen(0, plain).empty());
}

TEST_CASE("top: the cursor moves, stays with its actor and is kept in sight", "[app][ctl]") {
  auto model = model_of(looked_at());
  CHECK(model.screen(10, plain)[5].starts_with(">    1"));
  press(model, key::down);
  CHECK(model.screen(10, plain)[6].starts_with(">   12"));
  model.take(looked_at(2s)); // now it comes first
  CHECK(model.screen(10, plain)[5].starts_with(">   12"));
  press(model, key::end);
  const auto low = model.screen(7, plain); // room for one row
  CHECK(low[5].starts_with(">   13"));
  press(model, key::page_up);
  CHECK(model.screen(7, plain)[5].starts_with(">    1"));
  press(model, key::home);
  press(model, key::up);
  CHECK(model.screen(7, plain)[5].starts_with(">   12"));
}

TEST_CASE("top: an empty list does not trip it", "[app][ctl]") {
  auto view = looked_at();
  view.actors.clear();
  auto model = model_of(view);
  for (auto each : {key::down, key::up, key::end, key::home, key::page_down, key::enter})
    press(model, each);
  CHECK_FALSE(model.wanted_detail().has_value());
  CHECK(model.screen(10, plain).size() == 10);
}

TEST_CASE("top: shows an actor and comes back", "[app][ctl]") {
  auto model = model_of(looked_at());
  press(model, key::enter);
  CHECK(model.wanted_detail() == 1U);
  CHECK(model.screen(30, plain)[4] == "asking...");
  inspect::actor_detail detail;
  detail.actor = looked_at().actors[0];
  detail.facts = {{"jobs", "1"}};
  model.take_detail(detail);
  const auto lines = model.screen(30, plain);
  CHECK(lines[4] == "id        1");
  CHECK(lines.back().ends_with("any other key back"));
  press(model, key::page_down);
  CHECK(model.wanted_detail() == 1U);
  model.take_detail_error("no such actor: 1");
  CHECK(model.screen(30, plain)[4] == "no such actor: 1");
  type(model, "x");
  CHECK_FALSE(model.wanted_detail().has_value());
}

TEST_CASE("top: help, pause, errors, ends", "[app][ctl]") {
  auto model = model_of(looked_at());
  type(model, "h");
  CHECK(model.screen(30, plain)[4] == "Keys of gantryctl top");
  type(model, "q"); // back
  CHECK_FALSE(model.paused());
  type(model, " ");
  CHECK(model.paused());
  CHECK(model.screen(30, plain)[3] == "paused");
  type(model, " ");
  model.take_error("gantryd is gone");
  CHECK(model.screen(30, plain)[3] == "gantryd is gone");
  model.take(looked_at(2s));
  CHECK(model.screen(30, plain)[3].empty());
  CHECK_FALSE(model.press({key::character, "q"}));
  CHECK_FALSE(model.press({key::f10, {}}));
  CHECK_FALSE(model.press({key::interrupt, {}}));
}

TEST_CASE("top: what is missing and what hangs is told", "[app][ctl]") {
  auto view = looked_at();
  view.missing = {"jobs: no answer within 200ms"};
  view.stalls = {{"t", "handler", 12, 0, "router", "run_job", "", 6s, false},
                 {"t", "handler", 13, 0, "job", "x", "", 6s, true}};
  const auto lines = model_of(view).page(plain);
  CHECK(lines[2].ends_with(", 1 stall"));
  CHECK(lines[3] == "missing jobs: no answer within 200ms");
}

TEST_CASE("top: with colours the cursor is a bar", "[app][ctl]") {
  auto model = model_of(looked_at());
  const paper coloured{.width = 30, .colour = true, .utf8 = false};
  const auto lines = model.screen(10, coloured);
  CHECK(lines[5] == "\x1b[7m    1  engine      idle       \x1b[0m");
  CHECK(lines[7] == "   13  job         \x1b[2midle\x1b[0m");
  CHECK(lines[9].starts_with("\x1b[7mq quit"));
}
