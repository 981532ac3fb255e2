#include "protocol/container/list_filter.hpp"

#include "protocol/api/filters.hpp"

#include "view_builder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <initializer_list>
#include <regex>
#include <utility>

using namespace gantry;
using namespace gantry::container;

namespace {

static_assert(filter_values<api::filters>);

// Stands in for `api::filters`, with the library's own regular expressions.
struct fake_filters {
  std::map<std::string, std::vector<std::string>, std::less<>> all;

  bool contains(std::string_view key) const { return all.contains(key); }
  std::span<const std::string> values(std::string_view key) const {
    auto found = all.find(key);
    if (found == all.end())
      return {};
    return found->second;
  }
  bool match_regex(std::string_view key, std::string_view text) const {
    auto list = values(key);
    return list.empty() || std::any_of(list.begin(), list.end(), [text](const std::string& value) {
             return std::regex_search(std::string{text}, std::regex{value});
           });
  }
};

list_filter filter(decltype(fake_filters::all) all) {
  return list_filter{fake_filters{std::move(all)}};
}

// Four containers, newest first: web and db run, job has ended, new has never run.
class list_fixture {
public:
  list_fixture() {
    views_ = {make_view('d', "new"), make_view('c', "job"), make_view('b', "db"),
              make_view('a', "web")};
    auto& job = views_[1].state;
    job.status = container_status::exited;
    job.started_at = {1, 0, 0};
    job.exit_code = 3;
    auto& db = views_[2];
    db.state.status = container_status::paused;
    db.state.health = health_view{"healthy", 0, {}};
    db.mounts = {*parse_bind("data:/var/data", {}), *parse_bind("/etc:/host", {})};
    db.network.networks["back"].network_id = "1234";
    auto& web = views_[3];
    web.state.status = container_status::running;
    web.network.ports = {{"80/tcp", {{{"0.0.0.0", "8080"}}}}, {"90/udp", std::nullopt}};
    web.image_id = "sha256:2";
  }

protected:
  // Names in the order in which they are listed.
  std::string listed(const list_query& query) const {
    std::vector<const container_view*> all;
    for (const auto& view : views_)
      all.push_back(&view);
    std::string names;
    for (const auto* view : select_containers(all, query))
      names.append(names.empty() ? "" : " ").append(view->name.substr(1));
    return names;
  }

  std::string all_with(const std::string& key, std::vector<std::string> values) const {
    list_query query;
    query.all = true;
    query.filter = filter({{key, std::move(values)}});
    return listed(query);
  }

  std::vector<container_view> views_;
};

} // namespace

TEST_CASE_METHOD(list_fixture, "list_filter: those that run, all, and the newest",
                 "[protocol][container]") {
  list_query query;
  CHECK(listed(query) == "db web");
  query.limit = 3;
  CHECK(listed(query) == "new job db");
  query.all = true;
  query.limit = 0;
  CHECK(listed(query) == "new job db web");
}

TEST_CASE_METHOD(list_fixture, "list_filter: before and since", "[protocol][container]") {
  list_query query;
  query.all = true;
  query.before = views_[1].id;
  CHECK(listed(query) == "db web");
  query.before.reset();
  query.since = views_[2].id;
  CHECK(listed(query) == "new job");
  query.before = views_[0].id;
  CHECK(listed(query) == "job");
}

TEST_CASE_METHOD(list_fixture, "list_filter: a limit counts what is shown",
                 "[protocol][container]") {
  list_query query;
  query.limit = 1;
  query.filter = filter({{"name", {"web"}}});
  CHECK(listed(query) == "web");
}

TEST_CASE_METHOD(list_fixture, "list_filter: names and ids", "[protocol][container]") {
  CHECK(all_with("name", {"b"}) == "job db web");
  CHECK(all_with("name", {"^/?db$"}) == "db");
  CHECK(all_with("name", {"^db"}) == "db");
  CHECK(all_with("name", {"new", "job"}) == "new job");
  CHECK(all_with("id", {"aa"}) == "web");
  CHECK(all_with("id", {"x"}) == "");
  views_[0].id = "aab" + views_[0].id.substr(3);
  CHECK(all_with("id", {"aa"}) == ""); // two begin like that
  CHECK(all_with("id", {"aaa", "c"}) == "job web");
}

TEST_CASE_METHOD(list_fixture, "list_filter: states", "[protocol][container]") {
  CHECK(all_with("status", {"created", "paused"}) == "new db");
  CHECK(all_with("exited", {"3"}) == "job");
  CHECK(all_with("exited", {"0"}) == "");
  CHECK(all_with("exited", {"+3", "7"}) == "job");
  CHECK(all_with("health", {"healthy"}) == "db");
  CHECK(all_with("health", {"none"}) == "new job web");
  list_query query;
  query.filter = filter({{"status", {"exited"}}});
  CHECK(listed(query) == "job");
  query.filter = filter({{"status", {}}}); // which asks for none
  CHECK(listed(query) == "db web");
}

TEST_CASE_METHOD(list_fixture, "list_filter: labels are all wanted", "[protocol][container]") {
  CHECK(all_with("label", {"a"}) == "new job db web");
  CHECK(all_with("label", {"a=<b>&"}) == "new job db web");
  CHECK(all_with("label", {"a=x"}) == "");
  CHECK(all_with("label", {"a", "b"}) == "");
}

TEST_CASE_METHOD(list_fixture, "list_filter: volumes, networks and ports",
                 "[protocol][container]") {
  CHECK(all_with("volume", {"data"}) == "db");
  CHECK(all_with("volume", {"/var/data"}) == "db");
  CHECK(all_with("volume", {"/etc"}) == "db");
  CHECK(all_with("volume", {"/var"}) == "");
  CHECK(all_with("network", {"back"}) == "db");
  CHECK(all_with("network", {"123"}) == "db");
  CHECK(all_with("network", {"none"}) == "new job db web");
  CHECK(all_with("publish", {"8080"}) == "web");
  CHECK(all_with("publish", {"8000-8090/tcp"}) == "web");
  CHECK(all_with("publish", {"80"}) == "");
  CHECK(all_with("expose", {"80"}) == "web");
  CHECK(all_with("expose", {"90/udp"}) == "web");
  CHECK(all_with("expose", {"90"}) == "");
}

TEST_CASE_METHOD(list_fixture, "list_filter: images, tasks and isolation",
                 "[protocol][container]") {
  list_query query;
  query.all = true;
  query.ancestors = {{"sha256:2"}};
  CHECK(listed(query) == "web");
  query.ancestors->clear();
  CHECK(listed(query) == "");
  CHECK(all_with("is-task", {"true"}) == "");
  CHECK(all_with("is-task", {"0"}) == "new job db web");
  CHECK(all_with("isolation", {"default"}) == "new job db web");
}

TEST_CASE_METHOD(list_fixture, "list_filter: keys are ANDed", "[protocol][container]") {
  list_query query;
  query.all = true;
  query.filter = filter({{"name", {"b"}}, {"health", {"none"}}});
  CHECK(listed(query) == "job web");
  CHECK(query.filter.values("health").front() == "none");
  CHECK(query.filter.values("since").empty());
}
