#include "protocol/api/service.hpp"
#include "protocol/mux/table.hpp"
#include "tests/support/http_feed.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// The input is a template, a newline and a path.
// 1. A route made of the template is found among others just when it accepts the path alone, and
//    with the same variables; what it does not accept leads where it leads without it.
// 2. The variables of a match build the same path again.
// 3. The API layer has an answer or a route for every path, whatever the version in it.

namespace {

using namespace gantry;

constexpr mux::payload_id own = 1000;

void require(bool condition, const char* what) {
  if (condition)
    return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

void add_others(mux::router& r) {
  mux::payload_id id = 0;
  for (std::string_view tpl : {"/", "/a", "/a/{x}", "/a/{x}/b", "/{any:.*}/json", "/v{v:[0-9.]+}/a",
                               "/{x}/{y:[a-f]{2}}", "/containers/{name:.*}/start"})
    r.handle(tpl, ++id);
}

/// Both of the template and of others, in that order, each if wanted.
mux::table make_table(std::string_view tpl, bool with_others) {
  mux::router r;
  r.skip_clean();
  if (!tpl.empty())
    r.handle(tpl, own);
  if (with_others)
    add_others(r);
  return std::move(r).freeze().value();
}

mux::request asked(std::string_view path) {
  mux::request r;
  r.method = "GET";
  r.path = path;
  return r;
}

bool same(const mux::match_result& a, const mux::match_result& b) {
  if (a.result != b.result || a.payload != b.payload || a.vars.size() != b.vars.size())
    return false;
  for (std::size_t i = 0; i < a.vars.size(); ++i)
    if (a.vars[i].name != b.vars[i].name || a.vars[i].value != b.vars[i].value)
      return false;
  return true;
}

void check_rebuilt(const mux::match_result& found, std::string_view path) {
  std::vector<std::string_view> pairs;
  for (const auto& v : found.vars) {
    pairs.push_back(v.name);
    pairs.push_back(v.value);
  }
  const auto built = found.route->url_path(pairs);
  require(built.has_value(), "the values of a match build a URL");
  require(built->path == path, "the same path");
}

void check_template(std::string_view tpl, std::string_view path) {
  mux::router probe;
  if (probe.handle(tpl, own).error() != nullptr)
    return;
  static const auto others = make_table({}, true);
  const auto alone = make_table(tpl, false);
  const auto all = make_table(tpl, true);
  const auto by_itself = alone.match(asked(path));
  const bool accepted = by_itself.result == mux::outcome::found;
  require(same(all.match(asked(path)), accepted ? by_itself : others.match(asked(path))),
          "the first route that accepts");
  if (accepted)
    check_rebuilt(by_itself, path);
}

void check_service(std::string_view target) {
  static const api::service service{{}};
  for (std::string_view method : {"GET", "POST", "HEAD", "DELETE", "OPTIONS"}) {
    std::string head{method};
    head.append(" ").append(target).append(" HTTP/1.1\r\nHost: d\r\n\r\n");
    const auto fed = test::feed_request(head, {}, true);
    if (!fed.head)
      return;
    const auto answer = service.resolve(*fed.head);
    if (const auto* response = std::get_if<http::response>(&answer))
      require(response->status >= 200 && response->status < 600, "a status");
    else
      require(std::get<api::match>(answer).target != nullptr, "a route");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto end = input.find('\n');
  if (end == std::string_view::npos || size > 4096)
    return 0;
  check_template(input.substr(0, end), input.substr(end + 1));
  check_service(input.substr(end + 1));
  return 0;
}
