#include "actors/volumes/mount_users.hpp"

#include <catch2/catch.hpp>

#include <memory>

using namespace gantry;
using namespace gantry::volumes;
using step = mount_users::step;

namespace {

/// Notes what it is told, each time with a space behind.
struct told_texts {
  core::outcome<void> add(const std::string& whose) {
    return {"the volumes", [texts = texts_, whose](const result<void>& how) {
              *texts += whose + (how ? ":ok " : ":" + how.error().message + " ");
            }};
  }
  std::string take() { return std::exchange(*texts_, {}); }

private:
  std::shared_ptr<std::string> texts_ = std::make_shared<std::string>();
};

} // namespace

TEST_CASE("mount users: mounted for the first, unmounted after the last", "[actors][volumes]") {
  mount_users m;
  told_texts told;
  CHECK(m.enter("a", told.add("a")) == step::mount);
  CHECK(m.enter("b", told.add("b")) == step::none);
  CHECK(told.take().empty());
  CHECK(m.mounted({}) == step::none);
  CHECK(told.take() == "a:ok b:ok ");
  CHECK(m.enter("c", told.add("c")) == step::none);
  CHECK(told.take() == "c:ok ");
  CHECK(m.leave("a", told.add("a")) == step::none);
  CHECK(m.leave("b", told.add("b")) == step::none);
  CHECK(told.take() == "a:ok b:ok ");
  CHECK(m.leave("c", told.add("c")) == step::unmount);
  CHECK(told.take().empty());
  CHECK_FALSE(m.is_idle());
  CHECK(m.unmounted({}) == step::none);
  CHECK(told.take() == "c:ok ");
  CHECK(m.is_idle());
}

TEST_CASE("mount users: a mount that fails is told to all who wait, and tried again",
          "[actors][volumes]") {
  mount_users m;
  told_texts told;
  CHECK(m.enter("a", told.add("a")) == step::mount);
  CHECK(m.enter("b", told.add("b")) == step::none);
  CHECK(m.mounted(api_error{errc::system, "no"}) == step::none);
  CHECK(told.take() == "a:no b:no ");
  CHECK(m.is_idle());
  CHECK(m.enter("a", told.add("a")) == step::mount);
}

TEST_CASE("mount users: who leaves while it is mounted is the last none the less",
          "[actors][volumes]") {
  mount_users m;
  told_texts told;
  CHECK(m.enter("a", told.add("in")) == step::mount);
  CHECK(m.leave("a", told.add("out")) == step::none);
  CHECK(m.mounted({}) == step::unmount);
  CHECK(told.take() == "in:ok ");
  CHECK(m.unmounted({}) == step::none);
  CHECK(told.take() == "out:ok ");
}

TEST_CASE("mount users: who comes while it is unmounted gets it mounted again",
          "[actors][volumes]") {
  mount_users m;
  told_texts told;
  m.enter("a", told.add("a"));
  m.mounted({});
  CHECK(m.leave("a", told.add("a")) == step::unmount);
  CHECK(m.enter("b", told.add("b")) == step::none);
  CHECK(m.unmounted({}) == step::mount);
  CHECK(m.mounted({}) == step::none);
  CHECK(told.take() == "a:ok a:ok b:ok ");
}

TEST_CASE("mount users: who gives up waits no longer, and the mount is taken back",
          "[actors][volumes]") {
  mount_users m;
  told_texts told;
  CHECK(m.enter("a", told.add("a"), 7) == step::mount);
  m.give_up(6, {errc::unavailable, "late"});
  CHECK(told.take().empty());
  m.give_up(7, {errc::unavailable, "late"});
  CHECK(told.take() == "a:late ");
  CHECK_FALSE(m.is_idle());
  CHECK(m.mounted({}) == step::unmount);
  CHECK(m.unmounted({}) == step::none);
  CHECK(told.take().empty());
  CHECK(m.is_idle());
  m.enter("a", told.add("a"), 8);
  m.mounted({});
  told.take();
  m.give_up(8, {errc::unavailable, "late"}); // it has what it waited for
  CHECK(told.take().empty());
  CHECK(m.is_used_by("a"));
}

TEST_CASE("mount users: what an earlier daemon mounted is unmounted after its last user",
          "[actors][volumes]") {
  mount_users m{{"a", "b"}};
  told_texts told;
  CHECK(m.leave("a", told.add("a")) == step::none);
  CHECK(m.leave("b", told.add("b")) == step::unmount);
  CHECK(m.unmounted({}) == step::none);
  CHECK(told.take() == "a:ok b:ok ");
  CHECK(m.leave("b", told.add("b")) == step::none);
  CHECK(told.take() == "b:ok ");
}
