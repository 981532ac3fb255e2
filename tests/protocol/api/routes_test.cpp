#include "protocol/api/routes.hpp"

#include "protocol/api/service.hpp"
#include "request_text.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::api;

namespace {

struct listed {
  std::string method;
  std::string path;
  std::string note;
};

// Rows of a table in tests/data/api: method, path, and a third column.
std::vector<listed> read_rows(const std::string& name) {
  std::ifstream file{std::string{GANTRY_TEST_DATA} + "/api/" + name};
  std::vector<listed> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    auto first = line.find('\t');
    auto second = line.find('\t', first + 1);
    rows.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1),
                    line.substr(second + 1)});
  }
  return rows;
}

// The template with `text` in the place of every variable.
std::string fill(std::string_view path, std::string_view text) {
  std::string out;
  int depth = 0;
  for (char c : path) {
    if (c == '{' && depth++ == 0)
      out += text;
    else if (c == '}')
      --depth;
    else if (c != '{' && depth == 0)
      out += c;
  }
  return out;
}

bool is_method(const route& r, std::string_view method) {
  return r.method == method || r.method == "*";
}

const route* line_of(std::string_view method, std::string_view path, offered unwanted) {
  const route* found = nullptr;
  for (const auto& r : routes()) {
    if (r.eras != unwanted && is_method(r, method) && fill(r.path, "{}") == fill(path, "{}")) {
      CHECK(found == nullptr); // no line is there twice
      found = &r;
    }
  }
  return found;
}

config debug_config() {
  config cfg;
  cfg.engine_version = "28.2.2";
  cfg.debug = true;
  cfg.experimental = true;
  return cfg;
}

// What a request for a route leads to: its operation, or `answer STATUS`.
std::string lead(const service& api, std::string_view method, const std::string& target) {
  auto request = test::head(method, target);
  auto found = api.resolve(*request);
  if (auto* m = std::get_if<match>(&found))
    return std::string{m->target->operation};
  const auto& response = std::get<http::response>(found);
  return response.body.find("page not found") == std::string::npos ? "answer" : "nothing";
}

} // namespace

TEST_CASE("routes: every operation of API 1.24 to 1.50 has its line", "[api][routes]") {
  auto rows = read_rows("routes.tsv");
  REQUIRE(rows.size() > 100);
  service api{debug_config()};
  for (const auto& row : rows) {
    INFO(row.method << " " << row.path);
    const auto* r = line_of(row.method, row.path, offered::legacy);
    REQUIRE(r != nullptr);
    CHECK(to_string(r->since) == row.note);
    auto target = fill(row.path, "x1");
    for (const auto& prefix : {"", "/v1.24", "/v1.50"}) {
      auto led = lead(api, row.method, prefix + target);
      bool at_once = r->answer != nullptr || r->to_job == nullptr;
      CHECK(led == (at_once ? std::string_view{"answer"} : r->operation));
    }
  }
}

TEST_CASE("routes: every route of 1.2.0 has its line (R1-R39)", "[api][routes]") {
  auto rows = read_rows("legacy_routes.tsv");
  REQUIRE(rows.size() == 39);
  service api{debug_config()};
  for (const auto& row : rows) {
    INFO(row.note << " " << row.method << " " << row.path);
    const auto* r = line_of(row.method, row.path, offered::today);
    REQUIRE(r != nullptr);
    CHECK(lead(api, row.method, "/v1.14" + fill(row.path, "x1")) != "nothing");
  }
}

TEST_CASE("routes: there are no lines but those of the two tables", "[api][routes]") {
  auto contains = [](const std::vector<listed>& rows, const route& r) {
    for (const auto& row : rows)
      if (is_method(r, row.method) && fill(r.path, "{}") == fill(row.path, "{}"))
        return true;
    return false;
  };
  auto today = read_rows("routes.tsv");
  auto legacy = read_rows("legacy_routes.tsv");
  for (const auto& r : routes()) {
    INFO(r.method << " " << r.path);
    bool alias = r.path == "/containers/ps"; // stays reachable without a version (K-3)
    if (r.eras != offered::legacy)
      CHECK((contains(today, r) || alias));
    if (r.eras != offered::today)
      CHECK(contains(legacy, r));
    CHECK_FALSE(r.operation.empty());
    CHECK_FALSE((r.to_job != nullptr && r.answer != nullptr));
  }
}

TEST_CASE("routes: names are greedy and fixed words come first (Q3)", "[api][routes]") {
  struct row {
    std::string_view method;
    std::string_view target;
    std::string_view operation;
    std::string_view variable;
    std::string_view value;
  };
  const row rows[] = {
      {"GET", "/images/json", "ImageList", "", ""},
      {"GET", "/images/127.0.0.1:5599/bb:v1/json", "ImageInspect", "name", "127.0.0.1:5599/bb:v1"},
      {"GET", "/images/a%2Fb/json", "ImageInspect", "name", "a/b"},
      {"GET", "/v1.41/images/json/json", "ImageInspect", "name", "json"},
      {"GET", "/containers/json", "ContainerList", "", ""},
      {"GET", "/containers/json/json", "ContainerInspect", "name", "json"},
      {"GET", "/networks", "NetworkList", "", ""},
      {"GET", "/networks/", "NetworkList", "", ""},
      {"GET", "/networks/a/b", "NetworkInspect", "id", "a/b"},
      {"GET", "/volumes/x", "VolumeInspect", "name", "x"},
      {"GET", "/services/x/logs", "ServiceLogs", "id", "x"},
      {"GET", "/debug/pprof/", "DebugPprofIndex", "", ""},
      {"DELETE", "/debug/pprof/heap", "DebugPprof", "name", "heap"},
      {"OPTIONS", "/debug/vars", "DebugVars", "", ""},
  };
  service api{debug_config()};
  for (const auto& r : rows) {
    INFO(r.method << " " << r.target);
    auto request = test::head(r.method, r.target);
    auto found = api.resolve(*request);
    REQUIRE(std::holds_alternative<match>(found));
    const auto& m = std::get<match>(found);
    CHECK(m.target->operation == r.operation);
    if (!r.variable.empty())
      CHECK(m.var(r.variable) == r.value);
  }
}
