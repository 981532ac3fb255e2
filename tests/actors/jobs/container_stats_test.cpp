#include "actors/jobs/container_stats.hpp"

#include "protocol/job/text.hpp"
#include "tests/actors/containers/stats_tree.hpp"
#include "tests/actors/jobs/container_job_fixture.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

using namespace gantry;
using namespace std::chrono_literals;
using container::container_status;
using test::id_a;

namespace {

namespace json = boost::json;

constexpr int stats_pid = 42;
constexpr auto short_interval = 5ms;

/// The job in an engine, on a machine of files, looking more often than it would.
class stats_fixture : public test::container_job_fixture {
public:
  stats_fixture() {
    look_after(short_interval);
    tree.put_v1(stats_pid, cgroup);
  }

  /// The second look at a run comes that long after the first.
  void look_after(std::chrono::nanoseconds first_look) {
    jobs::stats_pace pace;
    pace.interval = limits::span(short_interval);
    pace.first_look = limits::span(first_look);
    pace.root = tree.root();
    engine::job_table table;
    table.add("container_stats", jobs::container_stats_job(given, pace)).value();
    start_engine(std::move(table));
  }

  /// Shows the container `web` as it is now: its process, or none.
  void publish(std::int64_t pid, const std::string& name = "web") {
    auto view = container::make_view('a', name);
    view.state.status = pid == 0 ? container_status::exited : container_status::running;
    view.state.pid = pid;
    if (given.all->find(id_a))
      return given.all->renew(
          std::make_shared<const containers::published_container>(std::move(view)));
    add(std::move(view));
  }

  /// Sets what the container has used of the processors.
  void use(std::uint64_t nanoseconds) {
    tree.set("cpu,cpuacct" + cgroup + "/cpuacct.usage", std::to_string(nanoseconds));
  }

  json::object one(job::env environment = {{"stream", "0"}}) {
    return json::parse(text("container_stats", {"web"}, std::move(environment))).as_object();
  }

  std::shared_ptr<test::stream_client> begin(bool takes = true) {
    auto client = std::make_shared<test::stream_client>();
    client->takes = takes;
    id_of_job = stream({"container_stats", {"web"}, {{"stream", "1"}}}, client);
    return client;
  }

  /// All objects that the client has, once there are as many.
  static std::vector<json::object> objects(test::stream_client& client, std::size_t at_least) {
    auto lines = [&] { return std::count(client.output.begin(), client.output.end(), '\n'); };
    client.wait([&] { return lines() >= static_cast<std::ptrdiff_t>(at_least); });
    std::lock_guard guard{client.mutex};
    std::vector<json::object> out;
    for (auto line : job::split_lines(client.output))
      out.push_back(json::parse(std::string{line}).as_object());
    return out;
  }

  /// Waits for an object that `condition` holds for, of those behind the first `skipped`.
  template <class F>
  json::object object_where(test::stream_client& client, F condition, std::size_t skipped = 0) {
    for (;; ++skipped) {
      auto o = objects(client, skipped + 1)[skipped];
      if (condition(o))
        return o;
    }
  }

  const std::string cgroup = "/docker/" + id_a;
  test::stats_tree tree;
  core::request_id id_of_job = 0;
};

std::string text_in(const json::object& o, const char* key) {
  return std::string{o.at(key).as_string()};
}

std::uint64_t total_of(const json::object& o, const char* key) {
  return o.at(key).at("cpu_usage").at("total_usage").to_number<std::uint64_t>();
}

bool has_processes(const json::object& o) { return !o.at("pids_stats").as_object().empty(); }

const std::string zero_time = "0001-01-01T00:00:00Z";

} // namespace

TEST_CASE_METHOD(stats_fixture, "container stats: one object, compared with a look before",
                 "[actors][containers]") {
  publish(stats_pid);
  const auto shown = one();
  CHECK(shown.at("name") == "/web");
  CHECK(text_in(shown, "id") == id_a);
  CHECK(text_in(shown, "preread") > zero_time);
  CHECK(text_in(shown, "read") > text_in(shown, "preread"));
  CHECK(total_of(shown, "cpu_stats") == 658512312);
  CHECK(total_of(shown, "precpu_stats") == 658512312);
  const auto system = [&shown](const char* key) {
    return shown.at(key).at("system_cpu_usage").to_number<std::uint64_t>();
  };
  // The machine's time stands still in these files; between the two looks it is the clock's.
  CHECK(system("cpu_stats") == 120'421'410'000'000);
  const std::chrono::nanoseconds apart{system("cpu_stats") - system("precpu_stats")};
  CHECK(apart >= 2 * short_interval);
  CHECK(apart < 20s);
  CHECK(shown.at("memory_stats").at("usage") == 23236608);
  CHECK(shown.at("networks").as_object().size() == 2);
}

TEST_CASE_METHOD(stats_fixture, "container stats: one shot is compared with nothing",
                 "[actors][containers]") {
  publish(stats_pid);
  const auto shown = one({{"stream", "0"}, {"one-shot", "1"}});
  CHECK(text_in(shown, "read") > zero_time);
  CHECK(text_in(shown, "preread") == zero_time);
  CHECK(total_of(shown, "cpu_stats") == 658512312);
  CHECK(total_of(shown, "precpu_stats") == 0);
}

TEST_CASE_METHOD(stats_fixture, "container stats: what does not run is shown with zeros",
                 "[actors][containers]") {
  SECTION("never started") { publish(0); }
  SECTION("ended, and nobody has said so") { publish(stats_pid + 1); }
  for (auto one_shot : {"0", "1"}) {
    const auto shown = one({{"stream", "0"}, {"one-shot", one_shot}});
    CHECK(text_in(shown, "read") == zero_time);
    CHECK(text_in(shown, "preread") == zero_time);
    CHECK_FALSE(has_processes(shown));
    CHECK(shown.at("memory_stats").as_object().empty());
    CHECK(shown.at("name") == "/web");
  }
}

TEST_CASE_METHOD(stats_fixture, "container stats: failures", "[actors][containers]") {
  auto error = [this](job::env environment) {
    return outcome("container_stats", {"web"}, std::move(environment));
  };
  const job::env both{{"stream", "1"}, {"one-shot", "1"}};
  CHECK(error({{"stream", "0"}}) == "not_found: No such container: web");
  CHECK(error(both) == "not_found: No such container: web");
  publish(stats_pid);
  CHECK(error(both) == "invalid_parameter: cannot have stream=true and one-shot=true");
  CHECK(outcome("container_stats") == "invalid_parameter: usage: container_stats NAME");
}

TEST_CASE_METHOD(stats_fixture, "container stats: a stream compares each object with the last",
                 "[actors][containers]") {
  publish(stats_pid);
  auto client = begin();
  const auto first = objects(*client, 3);
  CHECK(text_in(first[0], "preread") > zero_time);
  for (std::size_t i = 1; i < first.size(); ++i) {
    CHECK(text_in(first[i], "preread") == text_in(first[i - 1], "read"));
    CHECK(first[i].at("precpu_stats") == first[i - 1].at("cpu_stats"));
  }
  use(700'000'000);
  const auto later = object_where(
      *client, [](const json::object& o) { return total_of(o, "cpu_stats") == 700'000'000; });
  CHECK(total_of(later, "precpu_stats") == 658512312);
  publish(stats_pid, "db");
  object_where(*client, [](const json::object& o) { return o.at("name") == "/db"; });
  CHECK(client->content_type.empty());
  caf::anon_send(engine, core::cancel_job{id_of_job});
  client->wait_for_end();
}

TEST_CASE_METHOD(stats_fixture, "container stats: a stream goes on over ends and starts",
                 "[actors][containers]") {
  publish(0);
  auto client = begin();
  CHECK_FALSE(has_processes(objects(*client, 2)[1]));
  publish(stats_pid);
  const auto begun = object_where(*client, has_processes);
  CHECK(text_in(begun, "preread") > zero_time); // it was looked at twice
  tree.end(stats_pid);
  publish(0);
  const auto seen = objects(*client, 1).size();
  // One look may have come between the end and its being known.
  const auto ended = object_where(
      *client, [](const json::object& o) { return text_in(o, "read") == zero_time; }, seen);
  CHECK_FALSE(has_processes(ended));
  tree.put_v1(stats_pid + 1, cgroup);
  use(5);
  publish(stats_pid + 1);
  const auto again = object_where(*client, has_processes, objects(*client, 1).size());
  CHECK(total_of(again, "precpu_stats") == 5);
  given.all->remove(id_a);
  client->wait_for_end();
  CHECK(client->reply->status == job::status_ok);
}

TEST_CASE_METHOD(stats_fixture, "container stats: another run is not compared with the one before",
                 "[actors][containers]") {
  publish(stats_pid);
  auto client = begin();
  objects(*client, 1);
  auto files = test::v1_files();
  files["cpuacct/cpuacct.usage"] = "9\n";
  tree.put_v1(stats_pid + 1, "/other/" + id_a, files);
  publish(stats_pid + 1);
  const auto other =
      object_where(*client, [](const json::object& o) { return total_of(o, "cpu_stats") == 9; });
  CHECK(total_of(other, "precpu_stats") == 9);
  given.all->remove(id_a);
  client->wait_for_end();
}

TEST_CASE_METHOD(stats_fixture, "container stats: a client that does not read misses objects",
                 "[actors][containers]") {
  publish(stats_pid);
  auto client = begin(false);
  client->wait([&] { return client->output.size() > limits::stream_window; });
  const auto size = client->output.size();
  // More than an object beyond the window is never sent, though the stream goes on.
  CHECK(size < limits::stream_window + 16 * 1024);
  core::tell(client->job, core::job_credit{2 * 16 * 1024});
  client->wait([&] { return client->output.size() > size; });
  given.all->remove(id_a);
  client->wait_for_end();
  CHECK(client->reply->status == job::status_ok);
}

TEST_CASE_METHOD(stats_fixture, "container stats: a container that goes before it is shown",
                 "[actors][containers]") {
  look_after(1s);
  publish(stats_pid);
  auto answer = start({"container_stats", {"web"}, {{"stream", "0"}}});
  given.all->remove(id_a);
  const auto reply = wait(std::move(answer));
  // It was gone when the job began, or between the two looks.
  CHECK(reply.status != job::status_ok);
  CHECK(reply.error == "No such container: web");
}
