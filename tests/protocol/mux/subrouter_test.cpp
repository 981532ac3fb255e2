#include "protocol/mux/table.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

using namespace gantry::mux;

namespace {

table frozen(router& r) {
  auto t = std::move(r).freeze();
  REQUIRE(t.has_value());
  return *std::move(t);
}

/// `OUTCOME PAYLOAD name=value;...`
std::string answer_of(const table& t, const request& r) {
  const auto m = t.match(r);
  std::string out = to_string(m.result);
  out += m.payload ? " " + std::to_string(*m.payload) : " -";
  for (const auto& v : m.vars)
    out += " " + std::string{v.name} + "=" + std::string{v.value} + ";";
  return out + m.location;
}

std::string get_at(const table& t, std::string_view path, std::string_view host = "") {
  return answer_of(t, {.method = "GET", .host = host, .path = path});
}

} // namespace

TEST_CASE("subrouter: children inherit host and path", "[protocol][mux]") {
  router r;
  auto& api = r.host("{tenant}.x").path_prefix("/api/").subrouter();
  api.handle("/a/{id}", 1);
  api.handle("/", 2);
  api.path_prefix("/deep/{d}").subrouter().handle("/e", 3);
  api.new_route().payload(4); // whatever the parent accepts
  const auto t = frozen(r);
  CHECK(get_at(t, "/api/a/7", "acme.x") == "found 1 id=7; tenant=acme;");
  CHECK(get_at(t, "/api/", "acme.x") == "found 2 tenant=acme;");
  CHECK(get_at(t, "/api/deep/q/e", "acme.x:80") == "found 3 d=q; tenant=acme;");
  CHECK(get_at(t, "/api/other", "acme.x") == "found 4 tenant=acme;");
  CHECK(get_at(t, "/api", "acme.x") == "not_found -");
  CHECK(get_at(t, "/api/a/7", "acme.y") == "not_found -");
}

TEST_CASE("subrouter: a host of its own must hold as well as the parent's", "[protocol][mux]") {
  router r;
  auto& sub = r.host("{a}.{b}.x").subrouter();
  sub.handle("/", 1).host("{a}.b.x");
  const auto t = frozen(r);
  CHECK(get_at(t, "/", "1.b.x") == "found 1 a=1; b=b;");
  CHECK(get_at(t, "/", "1.c.x") == "not_found -");
  CHECK(*t.routes()[1]->host_template() == "{a}.b.x");
}

TEST_CASE("subrouter: parents' matchers all count, the later ones too", "[protocol][mux]") {
  router r;
  auto& parent = r.path_prefix("/p").methods({"GET", "PUT"}).headers({"X", "1"});
  parent.subrouter().handle("/a", 1).methods({"GET", "POST"});
  parent.schemes({"https"}).queries({"k", "{v}"});
  const auto t = frozen(r);
  const gantry::http::field x[] = {{"x", "1"}};
  request q{.method = "GET", .scheme = "https", .path = "/p/a", .query = "k=1", .headers = x};
  CHECK(answer_of(t, q) == "found 1 v=1;");
  q.method = "PUT";
  CHECK(answer_of(t, q) == "method_mismatch -");
  q.method = "POST";
  CHECK(answer_of(t, q) == "method_mismatch -");
  q.method = "GET";
  q.scheme = "http";
  CHECK(answer_of(t, q) == "not_found -");
  q.scheme = "https";
  q.headers = {};
  CHECK(answer_of(t, q) == "not_found -");
}

TEST_CASE("subrouter: the parent's path counts where the child's does not imply it",
          "[protocol][mux]") {
  router r;
  r.path("/full").subrouter().handle("/x", 1);        // the whole path cannot be both
  r.path_prefix("/trail/").subrouter().handle("", 2); // `/trail` lacks the parent's slash
  r.path_prefix("/{a:.*}/m").subrouter().handle("/{b}", 3);
  const auto t = frozen(r);
  CHECK(get_at(t, "/full/x") == "not_found -");
  CHECK(get_at(t, "/full") == "not_found -");
  CHECK(get_at(t, "/trail") == "not_found -");
  CHECK(get_at(t, "/m/m/z") == "found 3 a=m; b=z;");
  CHECK(get_at(t, "/q/m/m/m") == "found 3 a=q/m; b=m;");
}

TEST_CASE("subrouter: settings are those at the time of making", "[protocol][mux]") {
  router r;
  r.strict_slash();
  auto& sub = r.path_prefix("/s").subrouter();
  sub.handle("/a/", 1);
  sub.strict_slash(false).handle("/b/", 2);
  r.strict_slash(false);
  sub.strict_slash().handle("/", 3);
  const auto t = frozen(r);
  CHECK(get_at(t, "/s/a") == "redirect -/s/a/");
  CHECK(get_at(t, "/s/b") == "not_found -");
  CHECK(get_at(t, "/s") == "redirect -/s/");
}

TEST_CASE("subrouter: a child without a payload leads where its parent does", "[protocol][mux]") {
  router r;
  auto& parent = r.path_prefix("/p").payload(1);
  parent.subrouter().path("/a");
  parent.subrouter().handle("/b", 2);
  r.path_prefix("/empty").payload(3).subrouter();
  const auto t = frozen(r);
  CHECK(get_at(t, "/p/a") == "found 1");
  CHECK(get_at(t, "/p/b") == "found 2");
  CHECK(get_at(t, "/p/c") == "not_found -");
  CHECK(get_at(t, "/empty") == "not_found -");
}

TEST_CASE("subrouter: M6 its own not_found ends what the parent accepts", "[protocol][mux]") {
  router r;
  r.not_found(400);
  auto& api = r.path_prefix("/api").subrouter().not_found(401);
  api.handle("/a", 1).methods({"GET"});
  api.path_prefix("/inner").subrouter().not_found(402).handle("/b", 2);
  api.path_prefix("/quiet").subrouter().handle("/c", 3);
  r.path_prefix("/").payload(9);
  const auto t = frozen(r);
  CHECK(get_at(t, "/api/a") == "found 1");
  CHECK(get_at(t, "/api/x") == "not_found 401");
  CHECK(get_at(t, "/api/inner/b") == "found 2");
  CHECK(get_at(t, "/api/inner/x") == "not_found 402");
  CHECK(get_at(t, "/api/quiet/x") == "not_found 401");
  CHECK(get_at(t, "/elsewhere") == "found 9");
  CHECK(answer_of(t, {.method = "PUT", .path = "/api/a"}) ==
        "found 9"); // a mismatch is not the end
  CHECK(t.match({.method = "GET", .path = "/api/x"}).route == nullptr);
}

TEST_CASE("subrouter: its own method_not_allowed ends a mismatch", "[protocol][mux]") {
  router r;
  r.not_found(400).method_not_allowed(500);
  auto& api = r.path_prefix("/api").subrouter();
  api.method_not_allowed(501).handle("/a", 1).methods({"GET"});
  r.handle("/b", 2).methods({"GET"});
  r.handle("/api/late", 3).methods({"GET"});
  r.handle("/api/a", 4);
  const auto t = frozen(r);
  CHECK(answer_of(t, {.method = "PUT", .path = "/api/a"}) == "method_mismatch 501");
  CHECK(answer_of(t, {.method = "PUT", .path = "/b"}) == "method_mismatch 500");
  CHECK(answer_of(t, {.method = "PUT", .path = "/api/late"}) == "method_mismatch 500");
  CHECK(answer_of(t, {.method = "PUT", .path = "/api/none"}) == "not_found 400");
}

TEST_CASE("subrouter: a build-only parent hides its children", "[protocol][mux]") {
  router r;
  r.path_prefix("/p").build_only().subrouter().not_found(7).handle("/a", 1).name("a");
  const auto t = frozen(r);
  CHECK(get_at(t, "/p/a") == "not_found -");
  CHECK(t.get("a")->url({})->str() == "/p/a");
}
