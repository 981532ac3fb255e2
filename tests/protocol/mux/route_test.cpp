#include "protocol/mux/table.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry::mux;
using texts = std::vector<std::string>;

namespace {

std::string error_of(const route& r) { return r.error() ? r.error()->message : ""; }

template <class T>
std::string error_of(const gantry::result<T>& r) {
  return r ? "" : r.error().message;
}

} // namespace

TEST_CASE("route: errors of building stick and keep the first", "[protocol][mux]") {
  router r;
  CHECK(error_of(r.path("a")) == R"(mux: path must start with a slash, got "a")");
  CHECK(error_of(r.path_prefix("{x}")) == R"(mux: path must start with a slash, got "{x}")");
  CHECK(error_of(r.headers({"a"})) == "mux: number of parameters must be multiple of 2, got [a]");
  CHECK(error_of(r.queries({"a", "b", "c"})) ==
        "mux: number of parameters must be multiple of 2, got [a b c]");
  CHECK(error_of(r.headers_regexp({"a"})) ==
        "mux: number of parameters must be multiple of 2, got [a]");
  CHECK(error_of(r.headers_regexp({"A", "["})) ==
        R"(mux: error compiling regex for header "A": missing ]: [)");
  CHECK(error_of(r.host("{a")) == R"(mux: unbalanced braces in "{a")");
  CHECK(error_of(r.queries({"k", "{}"})) == R"(mux: missing name or pattern in "{}")");

  auto& broken = r.path("/{a").host("h").methods({"GET"}).name("broken").payload(7);
  CHECK(error_of(broken) == R"(mux: unbalanced braces in "/{a")");
  CHECK(broken.name().empty());
  CHECK(r.get("broken") == nullptr);
  CHECK_FALSE(broken.payload());
  CHECK(error_of(broken.path_template()) == error_of(broken));
  CHECK(error_of(broken.url({})) == error_of(broken));
  CHECK(error_of(broken.methods()) == error_of(broken));
  broken.path("nor this");
  CHECK(error_of(broken) == R"(mux: unbalanced braces in "/{a")");
}

TEST_CASE("route: K-30 a variable may occur once", "[protocol][mux]") {
  const std::string twice = R"(mux: duplicated route variable "a")";
  router r;
  CHECK(error_of(r.path("/{a}/{a}")) == twice);
  CHECK(error_of(r.path("/{a}").host("{a}.x")) == twice);
  CHECK(error_of(r.host("{a}.x").path("/{a}")) == twice);
  CHECK(error_of(r.path("/{a}").queries({"q", "{a}"})) == twice);
  CHECK(error_of(r.queries({"q", "{a}"}).path("/{a}")) == twice);
  CHECK(error_of(r.queries({"q", "{a}", "r", "{a}"})) == twice);
  CHECK(error_of(r.queries({"q", "{a}"}).host("{a}")) == twice);
  CHECK(error_of(r.path_prefix("/{a}").subrouter().path("/{a}")) == twice);
  CHECK(error_of(r.host("{a}").subrouter().path("/{a}")) == twice);
  CHECK(error_of(r.host("{a}").subrouter().host("{a}.b")).empty());
}

TEST_CASE("route: names", "[protocol][mux]") {
  router r;
  auto& a = r.path("/a").name("A");
  CHECK(r.get("A") == &a);
  a.name("B");
  CHECK(error_of(a) == R"(mux: route already has name "A", can't set "B")");
  CHECK(r.get("B") == nullptr);
  auto& sub = r.path_prefix("/s").subrouter();
  auto& c = sub.path("/c").name("C");
  CHECK(r.get("C") == &c);
  CHECK(sub.get("A") == &a);
  auto& later = r.name("C").path("/c2");
  CHECK(r.get("C") == &later);
}

TEST_CASE("route: builds URLs", "[protocol][mux]") {
  router r;
  auto& path = r.path("/c/{id:[0-9a-f]+}/{what}");
  auto& host = r.host("{sub}.example.com");
  auto& both = r.host("{sub}.example.com").path("/x/{id}").schemes({"HTTPS", "http"});
  auto& none = r.methods({"GET"});
  auto& query = r.path("/q").queries({"k 1", "a{v:[0-9]+}", "l", "", "m", "x y"});

  CHECK(path.url({"id", "0f", "what", "a b"})->str() == "/c/0f/a%20b");
  CHECK(path.url_path({"id", "0f", "what", "\xc3\xa9?#"})->str() == "/c/0f/%C3%A9%3F%23");
  CHECK(host.url({"sub", "api"})->str() == "http://api.example.com");
  CHECK(host.url_host({"sub", "api"})->str() == "http://api.example.com");
  CHECK(both.url({"sub", "api", "id", "1"})->str() == "https://api.example.com/x/1");
  CHECK(both.url_host({"sub", "api", "id", "1"})->str() == "https://api.example.com");
  CHECK(both.url_path({"id", "1"})->str() == "/x/1");
  CHECK(query.url({"v", "12"})->str() == "/q?k+1=a12&l=&m=x+y");

  CHECK(error_of(none.url({})) == "mux: route doesn't have a host or path");
  CHECK(error_of(path.url_host({"sub", "x"})) == "mux: route doesn't have a host");
  CHECK(error_of(host.url_path({"sub", "x"})) == "mux: route doesn't have a path");
  CHECK(error_of(path.url({"id"})) == "mux: number of parameters must be multiple of 2, got [id]");
  CHECK(error_of(path.url({"what", "x"})) == R"(mux: missing route variable "id")");
  CHECK(error_of(path.url({"id", "xyz", "what", "w"})) ==
        R"(mux: variable "xyz" doesn't match, expected "^[0-9a-f]+$")");
  CHECK(error_of(host.url({"sub", "a.b"})) ==
        R"(mux: variable "a.b" doesn't match, expected "^[^.]+$")");
  CHECK(error_of(query.url({"v", "x"})) ==
        R"(mux: variable "x" doesn't match, expected "^[0-9]+$")");
}

TEST_CASE("route: M5 percent signs in a template are text", "[protocol][mux]") {
  router r;
  CHECK(r.path("/50%/%d/{x}").url({"x", "%s"})->str() == "/50%25/%25d/%25s");
  CHECK(r.path("/50%/%d/{x}").url({"x", "%s"})->path == "/50%/%d/%s");
}

TEST_CASE("route: a built path never becomes another host", "[protocol][mux]") {
  router r;
  CHECK(r.path("/{a:.*}").url({"a", "/evil.example"})->str() == "/.//evil.example");
}

TEST_CASE("route: build_only builds and never matches", "[protocol][mux]") {
  router r;
  r.path("/a/{id}").build_only().name("a").payload(1);
  CHECK(r.get("a")->is_build_only());
  CHECK(r.get("a")->url({"id", "7"})->str() == "/a/7");
  const auto t = std::move(r).freeze();
  REQUIRE(t.has_value());
  CHECK(t->match({.method = "GET", .path = "/a/7"}).result == outcome::not_found);
  CHECK(t->get("a")->url({"id", "7"})->str() == "/a/7");
}

TEST_CASE("route: build_vars functions are chained and inherited", "[protocol][mux]") {
  router r;
  auto& a = r.path("/{id}").build_vars([](value_map v) {
    v["id"] += "1";
    return v;
  });
  a.build_vars([](value_map v) {
    v["id"] += "2";
    return v;
  });
  CHECK(a.url({"id", "x"})->path == "/x12");
  CHECK(a.subrouter().path("/{b}").url({"id", "y", "b", "z"})->path == "/y12/z");
  auto& given = r.build_vars([](value_map v) {
    v.emplace("z", "default");
    return v;
  });
  CHECK(given.path("/z/{z}").url({})->path == "/z/default");
}

TEST_CASE("route: says what it was built from", "[protocol][mux]") {
  router r;
  auto& api = r.path_prefix("/v{version:[0-9.]+}/").host("{h}.x").queries({"p", "{q}"}).subrouter();
  auto& a = api.path("/c/{id}").methods({"get", "Post"}).queries({"k", "v"});
  CHECK(*a.path_template() == "/v{version:[0-9.]+}/c/{id}");
  CHECK(*a.path_regexp() == "^/v(?P<v0>[0-9.]+)/c/(?P<v1>[^/]+)$");
  CHECK(*a.host_template() == "{h}.x");
  CHECK(*a.methods() == texts{"GET", "POST"});
  CHECK(*a.queries_templates() == texts{"p={q}", "k=v"});
  CHECK(*a.queries_regexp() == texts{"^p=(?P<v0>.*)$", "^k=v$"});
  CHECK(*a.variable_names() == texts{"h", "version", "id", "q"});
  CHECK(a.url({"version", "1", "h", "a", "q", "b c", "id", "d"})->str() ==
        "http://a.x/v1/c/d?p=b+c&k=v");

  auto& bare = r.new_route();
  CHECK(error_of(bare.path_template()) == "mux: route doesn't have a path");
  CHECK(error_of(bare.path_regexp()) == "mux: route doesn't have a path");
  CHECK(error_of(bare.host_template()) == "mux: route doesn't have a host");
  CHECK(error_of(bare.methods()) == "mux: route doesn't have methods");
  CHECK(error_of(bare.queries_templates()) == "mux: route doesn't have queries");
  CHECK(error_of(bare.queries_regexp()) == "mux: route doesn't have queries");
  CHECK(bare.variable_names()->empty());
}

TEST_CASE("route: a second path is appended to the first", "[protocol][mux]") {
  router r;
  CHECK(*r.path_prefix("/a/").path("/b").path_template() == "/a/b");
  CHECK(*r.path_prefix("/a//").subrouter().path("").path_template() == "/a");
  CHECK(*r.path_prefix("/a").subrouter().new_route().path_template() == "/a");
  auto& parent = r.path_prefix("/p");
  CHECK(&parent.subrouter() == &parent.subrouter());
  CHECK(parent.child() == &parent.subrouter());
  CHECK(r.new_route().child() == nullptr);
}

TEST_CASE("route: lists may be computed", "[protocol][mux]") {
  const std::vector<std::string_view> methods = {"GET", "HEAD"};
  const std::vector<std::string_view> pairs = {"id", "1"};
  router r;
  auto& a = r.path("/{id}").methods(text_list{methods});
  CHECK(*a.methods() == texts{"GET", "HEAD"});
  CHECK(a.url(text_list{pairs})->path == "/1");
}

TEST_CASE("router: walk visits parents before children and obeys", "[protocol][mux]") {
  router r;
  r.path("/1").name("1");
  auto& sub = r.path_prefix("/2").name("2").subrouter();
  sub.path("/3").name("3");
  sub.path_prefix("/4").name("4").subrouter().path("/5").name("5");
  r.path("/6").name("6");
  const auto names = [&r](const std::string& skip, const std::string& stop) {
    std::string seen;
    const bool all = r.walk([&](const route& at, const router& in, auto above) {
      CHECK((&in == &r) == above.empty());
      for (const auto* up : above)
        seen += up->name() + "/";
      seen += at.name() + " ";
      if (at.name() == stop)
        return walk_step::stop;
      return at.name() == skip ? walk_step::skip : walk_step::proceed;
    });
    return seen + (all ? "." : "!");
  };
  CHECK(names("", "") == "1 2 2/3 2/4 2/4/5 6 .");
  CHECK(names("4", "") == "1 2 2/3 2/4 6 .");
  CHECK(names("2", "") == "1 2 6 .");
  CHECK(names("", "4") == "1 2 2/3 2/4 !");

  const auto t = std::move(r).freeze();
  REQUIRE(t.has_value());
  std::string ids;
  t->walk([&](const route& at, const router&, auto) {
    ids += std::to_string(at.id());
    CHECK(t->routes()[at.id()] == &at);
    return walk_step::proceed;
  });
  CHECK(ids == "012345");
  CHECK(t->get("5")->id() == 4);
  CHECK(t->get("7") == nullptr);
}

TEST_CASE("router: freezing reports broken routes or leaves them out", "[protocol][mux]") {
  const auto build = [](broken_routes broken) {
    router r;
    r.handle("/ok", 1);
    r.path_prefix("/s").subrouter().handle("{bad", 2);
    r.path("/{}").payload(3).subrouter().handle("/x", 4);
    return std::move(r).freeze(broken);
  };
  CHECK(error_of(build(broken_routes::reject)) ==
        R"(mux: path must start with a slash, got "{bad")");
  const auto t = build(broken_routes::skip);
  REQUIRE(t.has_value());
  CHECK(t->match({.method = "GET", .path = "/ok"}).payload == 1u);
  CHECK(t->match({.method = "GET", .path = "/x"}).result == outcome::not_found);
  CHECK(t->match({.method = "GET", .path = "/s/{bad"}).result == outcome::not_found);
}

TEST_CASE("router: freezing takes the root and leaves it usable", "[protocol][mux]") {
  router r;
  auto& sub = r.path_prefix("/s").subrouter();
  CHECK(error_of(std::move(sub).freeze()) == "mux: only the root router can be frozen");
  sub.handle("/a", 1);
  const auto t = std::move(r).freeze();
  REQUIRE(t.has_value());
  CHECK(t->match({.method = "GET", .path = "/s/a"}).payload == 1u);
  r.handle("/b", 2).name("b"); // NOLINT(bugprone-use-after-move): documented to be empty
  CHECK(r.get("b") != nullptr);
  CHECK(t->get("b") == nullptr);
  const auto second = std::move(r).freeze();
  REQUIRE(second.has_value());
  CHECK(second->routes().size() == 1);
}

TEST_CASE("router: 64 different methods are the limit", "[protocol][mux]") {
  router r;
  for (int i = 0; i < 64; ++i)
    r.handle("/x", 1000u + static_cast<unsigned>(i)).methods({"M" + std::to_string(i)});
  const auto t = std::move(r).freeze();
  REQUIRE(t.has_value());
  CHECK(t->match({.method = "M63", .path = "/x"}).payload == 1063u);
  CHECK(t->methods_for({.method = "", .path = "/x"}).names.size() == 64);
  router more;
  for (int i = 0; i < 65; ++i)
    more.handle("/x", 1).methods({"M" + std::to_string(i)});
  CHECK(error_of(std::move(more).freeze()) == "mux: more than 64 different methods");
}
