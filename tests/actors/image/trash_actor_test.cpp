#include "actors/image/trash_actor.hpp"

#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "tests/support/temp_dir.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scoped_actor.hpp>
#include <catch2/catch.hpp>

#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>

using namespace gantry;
using namespace gantry::image;
using namespace std::chrono_literals;

namespace {

constexpr auto soon = 20s;

class trash_actor_fixture {
public:
  trash_actor_fixture() {
    std::filesystem::create_directories(dir.file("trash"));
    bin = std::make_shared<store::trash>(dir.file("trash"));
  }
  ~trash_actor_fixture() {
    end();
    pool.stop();
    trash = nullptr;
  }
  void spawn(const trash_pace& pace = {}) { trash = spawn_trash(sys_, pool, unpacking, pace); }
  void open() {
    bin->on_filled([trash = trash] { caf::anon_send(trash, caf::atom("filled")); });
    caf::anon_send(trash, trash_opened{bin});
  }
  void end() {
    if (trash)
      caf::anon_send_exit(trash, caf::exit_reason::user_shutdown);
  }
  void discard(const std::string& name, int files) const {
    for (int i = 0; i < files; ++i)
      dir.write(name + '/' + std::to_string(i), "x");
    REQUIRE(bin->take(dir.file(name)).has_value());
  }
  std::map<std::string, std::string> describe() {
    caf::scoped_actor self{sys_};
    std::map<std::string, std::string> found;
    self->request(trash, soon, core::describe{})
        .receive(
            [&](const core::facts& facts) {
              found = {facts.values.begin(), facts.values.end()};
            },
            [](const caf::error&) { FAIL("no answer"); });
    return found;
  }
  /// Waits until it says that.
  void wait_for(const std::string& key, const std::string& value) {
    const auto end = std::chrono::steady_clock::now() + soon;
    while (describe()[key] != value) {
      INFO(key << ": " << describe()[key] << ", not " << value);
      REQUIRE(std::chrono::steady_clock::now() < end);
      std::this_thread::yield();
    }
  }
  bool is_empty() const { return std::filesystem::is_empty(dir.file("trash")); }

  test::temp_dir dir;
  std::shared_ptr<store::trash> bin;
  std::shared_ptr<unpack_activity> unpacking = std::make_shared<unpack_activity>();
  runtime::worker_pool pool{1, 10};

private:
  runtime::system_config config_;
  caf::actor_system sys_{config_};

public:
  trash_actor trash;
};

const std::string waits = "waits for who unpacks layers";

} // namespace

TEST_CASE_METHOD(trash_actor_fixture, "trash: deletes what is there, and then what comes",
                 "[actors][image]") {
  discard("old", 3);
  spawn();
  CHECK(describe()["status"] == "waits for the store");
  CHECK_FALSE(is_empty());
  open();
  wait_for("files deleted", "4");
  wait_for("status", "idle");
  CHECK(is_empty());
  discard("new", 2);
  wait_for("files deleted", "7");
  wait_for("status", "idle");
  CHECK(is_empty());
  CHECK(describe() == std::map<std::string, std::string>{{"status", "idle"},
                                                         {"item", "none"},
                                                         {"items waiting", "0"},
                                                         {"items deleted", "2"},
                                                         {"files deleted", "7"}});
}

TEST_CASE_METHOD(trash_actor_fixture, "trash: makes its way in short slices", "[actors][image]") {
  discard("a", 50);
  discard("b", 50);
  spawn({.slice = 0ms}); // a file each
  open();
  wait_for("files deleted", "102");
  wait_for("status", "idle");
  CHECK(is_empty());
}

TEST_CASE_METHOD(trash_actor_fixture, "trash: makes way for who unpacks layers",
                 "[actors][image]") {
  discard("a", 3);
  spawn({.pause = 1ms, .patience = 1h, .scarce = 0});
  auto load = std::make_unique<unpack_activity::step>(*unpacking);
  open();
  wait_for("status", waits);
  CHECK(describe()["files deleted"] == "0");
  load.reset();
  wait_for("files deleted", "4");
  CHECK(is_empty());
}

TEST_CASE_METHOD(trash_actor_fixture, "trash: does not wait for ever for a load without end",
                 "[actors][image]") {
  discard("a", 3);
  const unpack_activity::step load{*unpacking};
  spawn({.pause = 1ms, .patience = 20ms, .scarce = 0});
  open();
  wait_for("files deleted", "4");
  CHECK(is_empty());
}

TEST_CASE_METHOD(trash_actor_fixture, "trash: waits for nobody where there is little room left",
                 "[actors][image]") {
  spawn({.pause = 1ms, .patience = 1h, .scarce = 101});
  discard("a", 1);
  open();
  wait_for("files deleted", "2"); // it has seen how much room there is
  wait_for("status", "idle");
  const unpack_activity::step load{*unpacking};
  discard("b", 3);
  wait_for("files deleted", "6");
  CHECK(is_empty());
}

TEST_CASE_METHOD(trash_actor_fixture, "trash: leaves the rest to the next start when it ends",
                 "[actors][image]") {
  discard("a", 3);
  spawn({.pause = 1ms, .patience = 1h, .scarce = 0});
  {
    const unpack_activity::step load{*unpacking};
    open();
    wait_for("status", waits);
    end();
    pool.stop();
  }
  CHECK(bin->look().value().size() == 1);
}

TEST_CASE_METHOD(trash_actor_fixture, "trash: tries again when the workers have no room",
                 "[actors][image]") {
  auto leave = std::make_shared<std::promise<void>>();
  auto wait = leave->get_future().share();
  auto held = std::make_shared<std::promise<void>>();
  REQUIRE(pool.submit("holder", [wait, held] {
    held->set_value();
    wait.wait();
  }));
  held->get_future().wait(); // from now on nothing leaves the queue
  while (pool.submit("waiter", [wait] { wait.wait(); })) {
  }
  discard("a", 3);
  spawn({.pause = 1ms});
  open();
  wait_for("status", waits);
  leave->set_value();
  wait_for("files deleted", "4");
}

TEST_CASE("unpack activity: lasts for a while after the last piece", "[image]") {
  unpack_activity activity;
  CHECK_FALSE(activity.within(1h));
  activity.note();
  CHECK(activity.within(1h));
  CHECK_FALSE(activity.within(0s));
  {
    const unpack_activity::step step{activity};
    CHECK(activity.within(0s));
  }
  CHECK_FALSE(activity.within(0s));
  CHECK(activity.within(1h));
}
