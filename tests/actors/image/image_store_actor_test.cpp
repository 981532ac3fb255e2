#include "actors/image/image_store_actor.hpp"

#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/store/image_store.hpp"
#include "protocol/oci/image_config.hpp"
#include "tests/support/temp_dir.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <catch2/catch.hpp>

#include <future>
#include <memory>
#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::image;

namespace {

class store_actor_fixture {
public:
  store_actor_fixture() : store(spawn_image_store(sys_, catalog, pool)) {}
  ~store_actor_fixture() {
    end();
    pool.stop();
  }
  void open() {
    auto opened = store::image_store::open(dir_.file("root"));
    REQUIRE(opened.has_value());
    caf::anon_send(store, store_opened{std::move(*opened)});
  }
  void end() { caf::anon_send_exit(store, caf::exit_reason::kill); }

private:
  test::temp_dir dir_;

public:
  runtime::worker_pool pool{2, 100};
  std::shared_ptr<shared_catalog> catalog = std::make_shared<shared_catalog>();

private:
  runtime::system_config config_;
  caf::actor_system sys_{config_};

public:
  image_store_actor store;
};

/// An image without layers.
store::new_image small_image(const std::string& name) {
  oci::image_config config;
  config.architecture = "amd64";
  config.os = "linux";
  config.comment = name;
  config.rootfs_type = "layers";
  return {oci::write_image_config(config), {oci::parse_reference(name).value()}, {}};
}

} // namespace

TEST_CASE_METHOD(store_actor_fixture, "image store: tasks wait until it is open, and keep order",
                 "[actors][image]") {
  std::vector<int> order; // one task at a time
  auto last = std::make_shared<std::promise<void>>();
  for (int i = 0; i < 100; ++i)
    tell_store(
        store, "note",
        [&order, i](store::image_store&) {
          order.push_back(i);
          return result<int>{i};
        },
        [last](result<int> seen) {
          if (seen.value() == 99)
            last->set_value();
        });
  CHECK(catalog->get()->images().empty());
  open();
  last->get_future().wait();
  REQUIRE(order.size() == 100);
  for (int i = 0; i < 100; ++i)
    CHECK(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE_METHOD(store_actor_fixture,
                 "image store: the catalog is renewed before a task's end is told",
                 "[actors][image]") {
  open();
  for (int i = 0; i < 20; ++i) {
    auto name = "made:" + std::to_string(i);
    auto put = ask_store_blocking(
        store, "put image", [&](store::image_store& s) { return s.put_image(small_image(name)); });
    REQUIRE(put.has_value());
    CHECK(catalog->get()->resolve(name).has_value());
  }
}

TEST_CASE_METHOD(store_actor_fixture, "image store: who asks is answered though it ends",
                 "[actors][image]") {
  auto ask = [this] {
    return ask_store_blocking(store, "look", [](store::image_store&) { return result<void>{}; });
  };
  const api_error ended{errc::unavailable, "look: the image store has ended"};
  SECTION("before it is open") {
    auto waiting = std::async(std::launch::async, ask);
    end();
    CHECK(waiting.get().error() == ended);
  }
  SECTION("before it is asked") {
    open();
    CHECK(ask().has_value());
    end();
    while (ask().has_value()) {
    }
    CHECK(ask().error() == ended);
  }
}

TEST_CASE_METHOD(store_actor_fixture, "image store: a full pool refuses a task, not the next one",
                 "[actors][image]") {
  open();
  runtime::worker_pool small{1, 1};
  runtime::system_config config;
  caf::actor_system sys{config};
  auto other = spawn_image_store(sys, std::make_shared<shared_catalog>(), small);
  auto leave = std::make_shared<std::promise<void>>();
  auto begun = std::make_shared<std::promise<void>>();
  REQUIRE(small.submit("holder", [leave, begun] {
    begun->set_value();
    leave->get_future().wait();
  }));
  begun->get_future().wait();
  REQUIRE(small.submit("next", [] {}));
  test::temp_dir dir;
  auto opened = store::image_store::open(dir.file("root"));
  REQUIRE(opened.has_value());
  caf::anon_send(other, store_opened{std::move(*opened)});
  auto ask = [&] {
    return ask_store_blocking(other, "look", [](store::image_store&) { return result<void>{}; });
  };
  CHECK(ask().error() ==
        api_error{errc::unavailable, "look: too much work is waiting; try again later"});
  leave->set_value();
  while (!ask().has_value()) { // as soon as there is room
  }
  caf::anon_send_exit(other, caf::exit_reason::kill);
  small.stop();
}
