#include "actors/containers/shared_execs.hpp"

#include "actors/core/interfaces.hpp"
#include "actors/runtime/actor.hpp"
#include "tests/actors/containers/live_fixture.hpp"

#include <caf/event_based_actor.hpp>
#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::containers;

namespace {

shared_execs::clock::time_point exec_time{};

exec_ptr make_exec(const std::string& id, const std::string& container,
                   std::optional<std::int64_t> code = {}) {
  auto view = std::make_shared<container::exec_view>();
  view->id = id;
  view->container_id = container;
  view->options = std::make_shared<const container::exec_options>();
  view->exit_code = code;
  return view;
}

/// Execs in a time that the test makes.
class execs_fixture : public test::live_fixture {
public:
  execs_fixture() { exec_time = {}; }
  ~execs_fixture() { caf::anon_send_exit(actor, caf::exit_reason::kill); }

  bool knows(const std::string& id) const { return execs.find(id).has_value(); }

  caf::actor actor =
      sys.spawn([](caf::event_based_actor*, int) -> caf::behavior { return {[](int) {}}; }, 0);
  caf::strong_actor_ptr whose = core::to_ptr(actor);
  shared_execs execs{[] { return exec_time; }};
};

} // namespace

TEST_CASE_METHOD(execs_fixture, "shared execs: one that has ended is known for a while",
                 "[actors][containers]") {
  CHECK(execs.find("a").error().message == "No such exec instance: a");
  execs.add(make_exec("a", "c"), whose).value();
  execs.add(make_exec("b", "c"), whose).value();
  CHECK(execs.open_in("c") == std::vector<std::string>{"a", "b"});
  CHECK(execs.open_in("d").empty());
  CHECK(execs.find("a")->actor == whose);
  execs.renew(make_exec("a", "c", 3));
  CHECK(execs.open_in("c") == std::vector<std::string>{"b"});
  CHECK(execs.actors_in("c").size() == 1);
  CHECK(execs.actors().size() == 1);
  auto ended = execs.find("a").value();
  CHECK(ended.moment->exit_code == 3);
  CHECK_FALSE(ended.actor);
  CHECK_FALSE(ended.can_remove);
  exec_time += limits::exec_removable;
  CHECK(execs.find("a")->can_remove);
  CHECK_FALSE(execs.find("b")->can_remove);
  exec_time += limits::exec_forgotten - limits::exec_removable;
  CHECK_FALSE(knows("a"));
  CHECK(knows("b"));
  execs.add(make_exec("d", "c"), whose).value();
  exec_time = {};
  CHECK_FALSE(knows("a")); // it is really gone
}

TEST_CASE_METHOD(execs_fixture, "shared execs: as many as a container may have",
                 "[actors][containers]") {
  for (std::size_t i = 0; i < limits::execs_open; ++i)
    execs.add(make_exec(std::to_string(i), "c"), whose).value();
  auto more = execs.add(make_exec("more", "c"), whose);
  REQUIRE(more.has_error());
  CHECK(more.error().kind == errc::unavailable);
  CHECK(execs.add(make_exec("other", "d"), whose).has_value());
  for (std::size_t i = 0; i < limits::execs_open; ++i)
    execs.renew(make_exec(std::to_string(i), "c", 0));
  CHECK(knows("0"));
  execs.add(make_exec("more", "c"), whose).value();
  execs.renew(make_exec("more", "c", 0));
  CHECK_FALSE(knows("0")); // the oldest gives way
  CHECK(knows("1"));
  CHECK(knows("more"));
}

TEST_CASE_METHOD(execs_fixture, "shared execs: they go with their container, or one by one",
                 "[actors][containers]") {
  for (const auto* id : {"a", "b", "e"})
    execs.add(make_exec(id, "c"), whose).value();
  execs.add(make_exec("d", "other"), whose).value();
  execs.renew(make_exec("a", "c", 0));
  execs.forget("e");
  CHECK_FALSE(knows("e"));
  execs.renew(make_exec("e", "c", 0));
  CHECK_FALSE(knows("e"));
  CHECK(execs.forget_container("c").size() == 1);
  CHECK_FALSE(knows("a"));
  CHECK_FALSE(knows("b"));
  CHECK(knows("d"));
  CHECK(execs.forget_container("c").empty());
}
