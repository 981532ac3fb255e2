// The route table alone: nanoseconds per match with 400 routes like those of a Docker daemon, half
// of them behind `/v{version:[0-9.]+}`. Prints one line per kind of request; no arguments.

#include "protocol/mux/table.hpp"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace gantry::mux;
using steady = std::chrono::steady_clock;

constexpr std::size_t route_count = 400;

struct shape {
  const char* method;
  const char* path;
};

constexpr std::array shapes = {
    shape{"GET", "/_ping"},
    shape{"HEAD", "/_ping"},
    shape{"GET", "/events"},
    shape{"GET", "/info"},
    shape{"GET", "/version"},
    shape{"POST", "/containers/create"},
    shape{"GET", "/containers/json"},
    shape{"DELETE", "/containers/{name:.*}"},
    shape{"GET", "/containers/{name:.*}/json"},
    shape{"GET", "/containers/{name:.*}/logs"},
    shape{"GET", "/containers/{name:.*}/stats"},
    shape{"GET", "/containers/{name:.*}/archive"},
    shape{"HEAD", "/containers/{name:.*}/archive"},
    shape{"PUT", "/containers/{name:.*}/archive"},
    shape{"POST", "/containers/{name:.*}/start"},
    shape{"POST", "/containers/{name:.*}/stop"},
    shape{"POST", "/containers/{name:.*}/wait"},
    shape{"POST", "/containers/{name:.*}/exec"},
    shape{"POST", "/exec/{id}/start"},
    shape{"GET", "/exec/{id}/json"},
    shape{"GET", "/images/json"},
    shape{"GET", "/images/{name:.*}/json"},
    shape{"GET", "/images/{name:.*}/history"},
    shape{"POST", "/images/{name:.*}/push"},
    shape{"DELETE", "/images/{name:.*}"},
    shape{"GET", "/networks/{id}"},
    shape{"POST", "/networks/{id}/connect"},
    shape{"GET", "/volumes/{name}"},
};

/// `count` routes, each shape and then the same shapes below further roots, with and without
/// version.
router build(std::size_t count) {
  router r;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& s = shapes[i / 2 % shapes.size()];
    const std::size_t round = i / 2 / shapes.size();
    std::string path = i % 2 ? "" : "/v{version:[0-9.]+}";
    if (round > 0)
      path += "/plugin" + std::to_string(round);
    r.handle(path + s.path, i).methods({s.method});
  }
  return r;
}

std::size_t heap_in_use() { return mallinfo2().uordblks; }

void measure(const table& t, const char* label, const request& r, outcome expected) {
  constexpr int batch = 20'000;
  if (t.match(r).result != expected) {
    std::printf("%s: unexpected answer\n", label);
    std::exit(EXIT_FAILURE);
  }
  double best = 1e9;
  std::uintptr_t sum = 0;
  for (int round = 0; round < 15; ++round) {
    const auto start = steady::now();
    for (int i = 0; i < batch; ++i) {
      const auto m = t.match(r);
      sum += m.payload.value_or(1) + m.vars.size();
    }
    const std::chrono::duration<double, std::nano> spent = steady::now() - start;
    best = std::min(best, spent.count() / batch);
  }
  std::printf("%-34s %8.0f ns  (%s, check %zu)\n", label, best, to_string(expected),
              static_cast<std::size_t>(sum % 1000));
}

} // namespace

int main() {
  const std::size_t before = heap_in_use();
  auto frozen = build(route_count).freeze();
  if (!frozen) {
    std::printf("%s\n", frozen.error().message.c_str());
    return EXIT_FAILURE;
  }
  const table& t = *frozen;
  std::printf("%zu routes, %zu bytes of heap for each\n", t.routes().size(),
              (heap_in_use() - before) / t.routes().size());

  const std::string id(64, 'a');
  const std::string logs = "/v1.43/containers/" + id + "/logs";
  const std::string long_name = "/images/" + std::string(100'000, 'x') + "/json";
  const auto get = [](std::string_view path) { return request{.method = "GET", .path = path}; };
  measure(t, "first route", get("/v1.43/_ping"), outcome::found);
  measure(t, "literal, no version", get("/containers/json"), outcome::found);
  measure(t, "literal, version", get("/v1.43/containers/json"), outcome::found);
  measure(t, "id of 64 bytes, version", get(logs), outcome::found);
  measure(t, "name with slashes", get("/v1.43/images/a/b:5000/c/json"), outcome::found);
  measure(t, "two more variables", get("/v1.43/exec/abc/json"), outcome::found);
  measure(t, "deep in the table", get("/v1.43/plugin3/images/a/b/history"), outcome::found);
  measure(t, "unknown", get("/v1.43/nothing/here"), outcome::not_found);
  measure(t, "wrong method", {.method = "PUT", .path = "/v1.43/containers/abc/logs"},
          outcome::method_mismatch);
  measure(t, "redirect", get("/v1.43//containers/json"), outcome::redirect);
  measure(t, "name of 100 kB", get(long_name), outcome::found);
  return EXIT_SUCCESS;
}
