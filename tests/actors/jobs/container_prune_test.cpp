#include "tests/actors/jobs/container_job_fixture.hpp"

#include <boost/json/parse.hpp>

using namespace gantry;
using container::container_status;
using containers::life_request_ptr;

namespace {

class prune_fixture : public test::container_job_fixture {
public:
  prune_fixture() {
    std::filesystem::create_directories(dir.file("store"));
    auto layers =
        store::layer_files::open(store::paths{dir.file("store")}, store::layer_driver::copy);
    given.images.layers.set(std::make_shared<const store::layer_files>(std::move(layers).value()));
  }

  std::shared_ptr<test::fake_container> make(char digit, std::int64_t created,
                                             container_status status,
                                             container::string_map labels = {}) {
    auto view = container::make_view(digit, std::string(2, digit));
    view.created = {created, 0, 0};
    view.state.status = status;
    auto config = *view.config;
    config.labels = std::move(labels);
    view.config = std::make_shared<const container::container_config>(std::move(config));
    dir.write("data/containers/" + view.id + "/merged/file", std::string(1000, 'x'));
    return add(std::move(view));
  }

  /// The first digits of what was removed.
  std::string prune(const char* filters) {
    auto report = value("container_prune", {}, {{"filters", filters}});
    const auto& deleted = report.at("ContainersDeleted");
    std::string digits;
    if (deleted.is_array())
      for (const auto& id : deleted.get_array())
        digits += id.as_string().front();
    CHECK(report.at("SpaceReclaimed") == 1000 * digits.size());
    return digits;
  }
};

} // namespace

TEST_CASE_METHOD(prune_fixture, "container prune: removes what does not run",
                 "[actors][containers]") {
  make('a', 1, container_status::running);
  auto two = make('b', 2, container_status::exited);
  make('c', 3, container_status::paused);
  make('d', 4, container_status::restarting);
  make('e', 5, container_status::created);
  make('f', 6, container_status::dead);
  CHECK(prune("") == "feb");
  CHECK(asked_of(*two) == std::vector<std::string>{"remove limit=15s"});
  CHECK(take_events() == std::vector<std::string>{"container prune reclaimed=3000"});
}

TEST_CASE_METHOD(prune_fixture, "container prune: says null if there is nothing",
                 "[actors][containers]") {
  CHECK(value("container_prune") ==
        boost::json::parse(R"({"ContainersDeleted":null,"SpaceReclaimed":0})"));
}

TEST_CASE_METHOD(prune_fixture, "container prune: by labels and age", "[actors][containers]") {
  make('a', 1000, container_status::exited, {{"x", "1"}});
  make('b', 2000, container_status::exited, {{"x", "2"}, {"y", ""}});
  make('c', 3000, container_status::exited);
  CHECK(prune(R"({"label":["x=2"]})") == "b");
  CHECK(prune(R"({"label":["x","y"]})") == "b");
  CHECK(prune(R"({"label!":["x"]})") == "c");
  CHECK(prune(R"({"label!":["x","y"]})") == "ca");
  CHECK(prune(R"({"until":["2000"]})") == "ba");
  CHECK(outcome("container_prune", {}, {{"filters", R"({"until":["x"]})"}}) ==
        "invalid_parameter: failed to parse value as time or duration: \"x\"");
}

TEST_CASE_METHOD(prune_fixture, "container prune: what cannot go stays and is not counted",
                 "[actors][containers]") {
  make('a', 1, container_status::exited);
  make('b', 2, container_status::exited)->life = [](const life_request_ptr& r) {
    r->answer.tell(api_error{errc::conflict, "container is running"});
  };
  CHECK(prune("") == "a");
}

TEST_CASE_METHOD(prune_fixture, "container prune: one at a time", "[actors][containers]") {
  std::promise<life_request_ptr> asked;
  make('a', 1, container_status::exited)->life = [&asked](const life_request_ptr& r) {
    asked.set_value(r);
  };
  auto first = start({"container_prune", {}, {}});
  auto request = asked.get_future().get();
  CHECK(outcome("container_prune") == "conflict: a prune operation is already running");
  request->answer.tell(0);
  CHECK(wait(std::move(first)).status == job::status_ok);
  given.all->remove(std::string(64, 'a'));
  CHECK(outcome("container_prune") == "ok");
}

TEST_CASE_METHOD(prune_fixture, "container prune: many are removed a few at a time",
                 "[actors][containers]") {
  std::mutex mutex;
  std::vector<life_request_ptr> waiting;
  std::size_t most = 0;
  std::size_t all = 0;
  constexpr std::size_t count = 60;
  for (std::size_t i = 0; i < count; ++i) {
    auto view = container::make_view('a', "c" + std::to_string(100 + i));
    view.id.replace(0, 3, std::to_string(100 + i));
    add(std::move(view))->life = [&](const life_request_ptr& r) {
      std::lock_guard guard{mutex};
      waiting.push_back(r);
      most = std::max(most, waiting.size());
      ++all;
      // The last that may come answers for those before it.
      if (waiting.size() == 16 || all == count)
        for (auto& w : std::exchange(waiting, {}))
          w->answer.tell(0);
    };
  }
  auto report = value("container_prune");
  CHECK(report.at("ContainersDeleted").as_array().size() == count);
  CHECK(most == 16);
}
