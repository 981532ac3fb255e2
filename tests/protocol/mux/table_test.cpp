#include "protocol/mux/table.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace gantry::mux;
using gantry::http::field;

namespace {

table freeze(router& r) {
  auto t = std::move(r).freeze();
  REQUIRE(t.has_value());
  return *std::move(t);
}

/// The answer in short: `3 id=x;`, `404`, `405`, `301 /a`.
std::string ask(const table& t, const request& r) {
  const auto m = t.match(r);
  std::string out;
  switch (m.result) {
  case outcome::found:
    REQUIRE(m.route);
    out = std::to_string(m.payload.value());
    for (const auto& v : m.vars)
      out += " " + std::string{v.name} + "=" + std::string{v.value} + ";";
    return out;
  case outcome::redirect:
    return "301 " + m.location;
  case outcome::method_mismatch:
    CHECK(m.route == nullptr);
    CHECK(m.vars.empty());
    return "405";
  case outcome::not_found:
    CHECK(m.vars.empty());
    return "404";
  }
  return "?";
}

std::string get(const table& t, std::string_view path, std::string_view query = "") {
  return ask(t, {.method = "GET", .path = path, .query = query});
}

/// Rows of section 4, in an order of registration that is not that of the tests.
table docker() {
  router r;
  payload_id id = 0;
  for (const char* prefix : {"/v{version:[0-9.]+}", ""}) {
    const auto add = [&](std::string_view method, std::string_view path) {
      r.handle(prefix + std::string{path}, ++id).methods({method});
    };
    add("GET", "/_ping");                       // 1, 10
    add("GET", "/containers/json");             // 2, 11
    add("GET", "/containers/{name:.*}/json");   // 3, 12
    add("GET", "/images/{name:.*}/json");       // 4, 13
    add("POST", "/containers/create");          // 5, 14
    add("POST", "/containers/{name:.*}/start"); // 6, 15
    add("DELETE", "/containers/{name:.*}");     // 7, 16
    add("DELETE", "/images/{name:.*}");         // 8, 17
    add("GET", "/images/{name:.*}/history");    // 9, 18
  }
  return freeze(r);
}

} // namespace

TEST_CASE("table: Q1 every route with and without version", "[protocol][mux]") {
  const auto t = docker();
  CHECK(get(t, "/_ping") == "10");
  CHECK(get(t, "/v1.14/_ping") == "1 version=1.14;");
  CHECK(get(t, "/v1.43/containers/json") == "2 version=1.43;");
  CHECK(get(t, "/v..../_ping") == "1 version=....;");
  CHECK(get(t, "/v/_ping") == "404");
  CHECK(get(t, "/v1.x/_ping") == "404");
  CHECK(get(t, "/1.14/_ping") == "404");
  CHECK(get(t, "/v1.14/v1.14/_ping") == "404");
}

TEST_CASE("table: Q3 greedy names may be empty and hold slashes", "[protocol][mux]") {
  const auto t = docker();
  CHECK(get(t, "/images/a/b:5000/c/json") == "13 name=a/b:5000/c;");
  CHECK(get(t, "/v1.9/images/a/b:5000/c/json") == "4 version=1.9; name=a/b:5000/c;");
  CHECK(get(t, "/images/json/json") == "13 name=json;");
  CHECK(get(t, "/images/json") == "405"); // DELETE takes it as a name
  CHECK(ask(t, {.method = "DELETE", .path = "/containers/"}) == "16 name=;");
  CHECK(ask(t, {.method = "DELETE", .path = "/containers"}) == "404");
  CHECK(ask(t, {.method = "DELETE", .path = "/v1/images/a/b/c"}) == "8 version=1; name=a/b/c;");
  CHECK(get(t, "/containers/a\nb/json") == "404");
  CHECK(get(t, "/containers/\xe9\xaf\xa8/json") == "12 name=\xe9\xaf\xa8;");
  CHECK(get(t, "/containers/\xff\xfe/json") == "12 name=\xff\xfe;"); // no UTF-8: still a name
  CHECK(get(t, std::string_view{"/containers/a\0b/json", 20}) ==
        "12 name=" + std::string{"a\0b", 3} + ";");
}

TEST_CASE("table: 5.5 unknown path, other method, HEAD, trailing slash", "[protocol][mux]") {
  const auto t = docker();
  CHECK(get(t, "/nonsense") == "404");
  CHECK(get(t, "/") == "404");
  CHECK(ask(t, {.method = "PUT", .path = "/containers/json"}) == "405");
  CHECK(ask(t, {.method = "POST", .path = "/_ping"}) == "405");
  CHECK(ask(t, {.method = "HEAD", .path = "/_ping"}) == "405");
  CHECK(ask(t, {.method = "get", .path = "/_ping"}) == "405");
  CHECK(get(t, "/_ping/") == "404");
  CHECK(get(t, "/containers/json/") == "405"); // DELETE takes it as a name
}

TEST_CASE("table: 5.5 paths that are not clean are redirected whatever the method",
          "[protocol][mux]") {
  const auto t = docker();
  CHECK(get(t, "//_ping") == "301 /_ping");
  CHECK(get(t, "/./_ping", "a=1&b=%20") == "301 /_ping?a=1&b=%20");
  CHECK(ask(t, {.method = "POST", .path = "/x/../_ping"}) == "301 /_ping");
  CHECK(ask(t, {.method = "BREW", .path = "/no//where/"}) == "301 /no/where/");
  CHECK(get(t, "") == "301 /");
  CHECK(get(t, "_ping") == "301 /_ping");
  CHECK(get(t, "//a b//\xc3\xa9?") == "301 /a%20b/%C3%A9%3F");
}

TEST_CASE("table: 5.5 an encoded slash is decoded first", "[protocol][mux]") {
  const auto t = docker();
  CHECK(ask(t, {.method = "GET", .path = "/images/a/b/json", .raw_path = "/images/a%2Fb/json"}) ==
        "13 name=a/b;");
  CHECK(ask(t, {.method = "GET", .path = "/images/a//b", .raw_path = "/images/a%2F%2Fb"}) ==
        "301 /images/a/b");
}

TEST_CASE("table: R39 a route without a path takes every path, the asterisk too",
          "[protocol][mux]") {
  router r;
  r.handle("/a", 1).methods({"GET"});
  r.methods({"OPTIONS"}).payload(99);
  const auto t = freeze(r);
  CHECK(ask(t, {.method = "OPTIONS", .path = "/any/thing"}) == "99");
  CHECK(ask(t, {.method = "OPTIONS", .path = "/a"}) == "99");
  CHECK(ask(t, {.method = "OPTIONS", .path = "*"}) == "99");
  CHECK(get(t, "*") == "405");
  CHECK(get(t, "/b") == "405"); // nothing but the method is wrong with it
}

TEST_CASE("table: the first route in order of registration wins", "[protocol][mux]") {
  router r;
  r.handle("/a/{x}", 1).methods({"POST"});
  r.handle("/a/{x:.*}", 2);
  r.handle("/a/b", 3);
  r.handle("/{p}/b", 4);
  r.handle("/c/b", 5);
  r.path_prefix("/").payload(6);
  const auto t = freeze(r);
  CHECK(get(t, "/a/b") == "2 x=b;");
  CHECK(ask(t, {.method = "POST", .path = "/a/b"}) == "1 x=b;");
  CHECK(ask(t, {.method = "POST", .path = "/a/b/c"}) == "2 x=b/c;");
  CHECK(get(t, "/c/b") == "4 p=c;");
  CHECK(get(t, "/c/d") == "6");
  CHECK(get(t, "/") == "6");
}

TEST_CASE("table: M3 groups in a variable's pattern do not shift the others", "[protocol][mux]") {
  router r;
  r.handle("/{a:(x|y)}/{b}", 1);
  r.handle("/{a:((p)|(q))+}.{b:(?P<inner>r)}/{c:.*}", 2);
  const auto t = freeze(r);
  CHECK(get(t, "/x/z") == "1 a=x; b=z;");
  CHECK(get(t, "/pqp.r/") == "2 a=pqp; b=r; c=;");
}

TEST_CASE("table: M4 nothing of a refused route is left", "[protocol][mux]") {
  router r;
  auto& parent = r.path_prefix("/{x}");
  parent.subrouter().handle("/b", 1);
  parent.queries({"never", "there"}); // a sibling of the subrouter that fails after it
  r.new_route().matcher([](const request&, match_result& m) {
    m.vars.add("leak", "1");
    m.payload = 66;
    m.location = "/leak";
    return false;
  });
  r.handle("/a/b", 2);
  const auto t = freeze(r);
  const auto m = t.match({.method = "GET", .path = "/a/b"});
  CHECK(m.result == outcome::found);
  CHECK(m.payload == 2u);
  CHECK(m.vars.empty());
  CHECK(m.location.empty());
  CHECK(m.route == t.routes().back());
  CHECK(get(t, "/a/b", "never=there") == "1 x=a;");
}

TEST_CASE("table: a route without a payload leads nowhere", "[protocol][mux]") {
  router r;
  r.path("/a").name("a");
  r.handle("/a", 2);
  const auto plain = freeze(r);
  const auto m = plain.match({.method = "GET", .path = "/a"});
  CHECK(m.result == outcome::not_found);
  CHECK(m.route == plain.get("a"));
  CHECK_FALSE(m.payload);
}

TEST_CASE("table: methods are upper-cased and must all agree", "[protocol][mux]") {
  router r;
  r.handle("/a", 1).methods({"get"});
  r.handle("/b", 2).methods({"GET", "POST"}).methods({"POST", "PUT"});
  r.handle("/c", 3).methods({});
  const auto t = freeze(r);
  CHECK(get(t, "/a") == "1");
  CHECK(get(t, "/b") == "405");
  CHECK(ask(t, {.method = "POST", .path = "/b"}) == "2");
  CHECK(ask(t, {.method = "PUT", .path = "/b"}) == "405");
  CHECK(get(t, "/c") == "405");
  CHECK(ask(t, {.method = "", .path = "/a"}) == "405");
}

TEST_CASE("table: only the method is forgiven for a mismatch", "[protocol][mux]") {
  router r;
  r.handle("/u/{id}", 1).methods({"POST"});
  r.handle("/u/{id:[0-9]+}", 2).methods({"GET"});
  r.handle("/q", 3).methods({"POST"}).queries({"a", "1"});
  r.handle("/h", 4).methods({"POST"}).host("x");
  const auto t = freeze(r);
  CHECK(get(t, "/u/7") == "2 id=7;");
  CHECK(get(t, "/u/abc") == "405");
  CHECK(get(t, "/q") == "404");
  CHECK(get(t, "/q", "a=1") == "405");
  CHECK(get(t, "/h") == "404");
}

TEST_CASE("table: hosts are compared without the port unless the template has one",
          "[protocol][mux]") {
  router r;
  r.handle("/", 1).host("{sub}.example.com");
  r.handle("/", 2).host("example.com:{port:[0-9]+}");
  r.handle("/", 3).host("example.com");
  r.handle("/", 4).host("[::1]");
  const auto t = freeze(r);
  const auto at = [&t](std::string_view host) {
    return ask(t, {.method = "GET", .host = host, .path = "/"});
  };
  CHECK(at("api.example.com") == "1 sub=api;");
  CHECK(at("api.example.com:8080") == "1 sub=api;");
  CHECK(at("a.b.example.com") == "404");
  CHECK(at("example.com:80") == "2 port=80;");
  CHECK(at("example.com") == "3");
  CHECK(at("EXAMPLE.com") == "404");
  CHECK(at("[::1]") == "4");
  CHECK(at("[::1]:80") == "4");
  CHECK(at("") == "404");
}

TEST_CASE("table: schemes", "[protocol][mux]") {
  router r;
  r.handle("/", 1).schemes({"HTTPS"});
  r.handle("/", 2).schemes({"http", "ws"});
  const auto t = freeze(r);
  CHECK(ask(t, {.method = "GET", .scheme = "https", .path = "/"}) == "1");
  CHECK(ask(t, {.method = "GET", .scheme = "ws", .path = "/"}) == "2");
  CHECK(ask(t, {.method = "GET", .path = "/"}) == "404");
}

TEST_CASE("table: headers by value, presence and expression", "[protocol][mux]") {
  router r;
  r.handle("/", 1).headers({"upgrade", "tcp", "X-Any", ""});
  r.handle("/", 2).headers_regexp({"Content-Type", "^application/(json|tar)"});
  r.handle("/", 3).headers_regexp({"X-Regexp", ""});
  const auto t = freeze(r);
  const auto with = [&t](std::vector<field> fields) {
    return ask(t, {.method = "GET", .path = "/", .headers = fields});
  };
  CHECK(with({{"Upgrade", "tcp"}, {"x-any", "whatever"}}) == "1");
  CHECK(with({{"Upgrade", "h2c"}, {"UPGRADE", "tcp"}, {"x-any", ""}}) == "1");
  CHECK(with({{"Upgrade", "TCP"}, {"X-Any", ""}}) == "404");
  CHECK(with({{"Upgrade", "tcp"}}) == "404");
  CHECK(with({{"content-type", "application/json; charset=utf-8"}}) == "2");
  CHECK(with({{"content-type", "text/plain"}}) == "404");
  CHECK(with({{"x-regexp", ""}}) == "3");
  CHECK(with({}) == "404");
}

TEST_CASE("table: queries by value, presence and template", "[protocol][mux]") {
  router r;
  r.handle("/lit", 1).queries({"k", "v w", "any", ""});
  r.handle("/var", 2).queries({"id", "{id:[0-9]+}", "n", "x-{n}"});
  r.handle("/key", 3).queries({"a b=", "{v}"});
  r.handle("/grp", 4).queries({"k", "{a:(x|y)}-{b:(z)+}"});
  const auto t = freeze(r);
  CHECK(get(t, "/lit", "k=v+w&any") == "1");
  CHECK(get(t, "/lit", "any=&k=v%20w") == "1");
  CHECK(get(t, "/lit", "k=other&k=v+w&any=1") == "1");
  CHECK(get(t, "/lit", "k=v+w") == "404");
  CHECK(get(t, "/lit", "K=v+w&any") == "404");
  CHECK(get(t, "/lit", "") == "404");
  CHECK(get(t, "/lit", "&&=&k=%zz&any&k=v+w&%zz=1") == "1");
  CHECK(get(t, "/var", "id=12&n=x-") == "2 id=12; n=;");
  CHECK(get(t, "/var", "n=x-%C3%A9%26+b&id=1") == "2 id=1; n=\xc3\xa9& b;");
  CHECK(get(t, "/var", "id=a&id=7&n=x-y") == "2 id=7; n=y;");
  CHECK(get(t, "/var", "id=a&n=x-y") == "404");
  CHECK(get(t, "/key", "a+b%3D=1") == "3 v=1;");
  CHECK(get(t, "/key", "a%20b%3d=%2f") == "3 v=/;");
  CHECK(get(t, "/grp", "k=y-zz") == "4 a=y; b=zz;");
}

TEST_CASE("table: values decoded from a query live as long as the result", "[protocol][mux]") {
  router r;
  r.handle("/", 1).queries({"v", "{v}"});
  const auto t = freeze(r);
  const std::string query = "v=" + std::string(100, '+');
  match_result copy;
  {
    const auto m = t.match({.method = "GET", .path = "/", .query = query});
    copy = m;
  }
  CHECK(copy.vars.get("v") == std::string(100, ' '));
}

TEST_CASE("table: a matcher of the caller's sees the request and fills the result",
          "[protocol][mux]") {
  router r;
  r.handle("/{id}", 1).matcher([](const request& q, match_result& m) {
    m.vars.add("copy", m.vars.keep(std::string{m.vars.get("id")} + "!"));
    if (q.query == "other")
      m.payload = 5;
    return q.host == "h";
  });
  r.matcher([](const request& q, match_result&) { return q.method == "M"; }).payload(2);
  const auto t = freeze(r);
  CHECK(ask(t, {.method = "GET", .host = "h", .path = "/x"}) == "1 id=x; copy=x!;");
  CHECK(ask(t, {.method = "GET", .host = "h", .path = "/x", .query = "other"}) ==
        "5 id=x; copy=x!;");
  CHECK(ask(t, {.method = "M", .path = "/x"}) == "2");
  CHECK(ask(t, {.method = "GET", .path = "/x"}) == "404");
}

TEST_CASE("table: strict slash redirects to the template's form", "[protocol][mux]") {
  router r;
  r.handle("/before/", 9);
  r.strict_slash();
  r.handle("/dir/", 1).methods({"GET", "POST"});
  r.handle("/file", 2);
  r.handle("/{x}/y/{z}/", 3);
  r.handle("/n/{n:.*}/json", 4);
  r.path_prefix("/pre/").payload(5);
  r.handle("/", 6);
  r.strict_slash(false);
  r.handle("/after", 10);
  const auto t = freeze(r);
  CHECK(get(t, "/dir/") == "1");
  CHECK(get(t, "/dir", "a=b&c") == "301 /dir/?a=b&c");
  CHECK(ask(t, {.method = "POST", .path = "/dir"}) == "301 /dir/");
  CHECK(ask(t, {.method = "PUT", .path = "/dir"}) == "405");
  CHECK(get(t, "/file") == "2");
  CHECK(get(t, "/file/") == "301 /file");
  CHECK(get(t, "/a b/y/\xc3\xa9") == "301 /a%20b/y/%C3%A9/");
  CHECK(get(t, "/a/y/b/") == "3 x=a; z=b;");
  CHECK(get(t, "/n/a/b/json/") == "301 /n/a/b/json");
  CHECK(get(t, "/n/a/b/json") == "4 n=a/b;");
  CHECK(get(t, "/pre") == "404");
  CHECK(get(t, "/pre/x/") == "5");
  CHECK(get(t, "/") == "6");
  CHECK(get(t, "/before") == "404");
  CHECK(get(t, "/after/") == "404");
}

TEST_CASE("table: skip_clean matches paths as they are", "[protocol][mux]") {
  router r;
  r.skip_clean().strict_slash();
  r.handle("/a//b", 1);
  r.handle("/{p:.*}/dir/", 2);
  r.path("").payload(3);
  const auto t = freeze(r);
  CHECK(get(t, "/a//b") == "1");
  CHECK(get(t, "/a/b") == "404");
  CHECK(get(t, "/x/../y/dir/") == "2 p=x/../y;");
  CHECK(get(t, "//evil.example/dir") == "301 /.//evil.example/dir/"); // stays on this host
  CHECK(get(t, "") == "3");
  CHECK(get(t, "/") == "3");
}

TEST_CASE("table: use_encoded_path keeps encoded slashes apart", "[protocol][mux]") {
  router r;
  r.handle("/plain/{x}/end", 1);
  r.use_encoded_path();
  r.handle("/enc/{x}/end", 2);
  r.strict_slash();
  r.handle("/dir/{x}/", 3);
  const auto t = freeze(r);
  const auto at = [&t](std::string_view decoded, std::string_view raw) {
    return ask(t, {.method = "GET", .path = decoded, .raw_path = raw});
  };
  CHECK(at("/enc/a/b/end", "/enc/a%2Fb/end") == "2 x=a%2Fb;");
  CHECK(at("/enc/a/b/end", "/enc/a/b/end") == "404");
  CHECK(at("/plain/a/b/end", "/plain/a%2Fb/end") == "404");
  CHECK(at("/plain/a b/end", "/plain/a%20b/end") == "1 x=a b;");
  CHECK(at("/dir/a/b", "/dir/a%2Fb") == "301 /dir/a%2Fb/");
  CHECK(at("/enc/a//b/end", "/enc/a%2F%2Fb/end") == "2 x=a%2F%2Fb;");
  CHECK(at("/enc//a b", "/enc//a%20b") == "301 /enc/a%20b");
  CHECK(get(t, "/enc/x/end") == "2 x=x;");
}

TEST_CASE("table: says with which methods a path can be had", "[protocol][mux]") {
  router r;
  r.handle("/a/{id}", 1).methods({"GET", "HEAD"});
  r.handle("/a/{id:[0-9]+}", 2).methods({"DELETE"});
  r.handle("/a/{id}", 3).methods({"POST"}).queries({"q", "1"});
  r.handle("/a/{id}", 4).methods({"GET"});
  r.path_prefix("/any").payload(5);
  const auto t = freeze(r);
  using list = std::vector<std::string_view>;
  CHECK(t.methods_for({.method = "PUT", .path = "/a/x"}).names == list{"GET", "HEAD"});
  CHECK(t.methods_for({.method = "GET", .path = "/a/7", .query = "q=1"}).names ==
        list{"GET", "HEAD", "DELETE", "POST"});
  CHECK_FALSE(t.methods_for({.method = "PUT", .path = "/a/x"}).any);
  CHECK(t.methods_for({.method = "PUT", .path = "/any"}).any);
  CHECK(t.methods_for({.method = "PUT", .path = "/none"}).names.empty());
}

TEST_CASE("table: what to do if nothing matches", "[protocol][mux]") {
  router r;
  r.not_found(404).method_not_allowed(405);
  r.handle("/a", 1).methods({"GET"});
  const auto t = freeze(r);
  const auto none = t.match({.method = "GET", .path = "/x"});
  CHECK(none.result == outcome::not_found);
  CHECK(none.payload == 404u);
  const auto other = t.match({.method = "PUT", .path = "/a"});
  CHECK(other.result == outcome::method_mismatch);
  CHECK(other.payload == 405u);
}

TEST_CASE("table: an empty one finds nothing", "[protocol][mux]") {
  router r;
  const auto t = freeze(r);
  CHECK(get(t, "/") == "404");
  CHECK(get(t, "//") == "301 /");
  CHECK(get(t, "*") == "404");
  CHECK(t.routes().empty());
}

TEST_CASE("table: long paths take time in proportion", "[protocol][mux]") {
  router r;
  r.skip_clean();
  r.handle("/{a:.*}/x/{b:.*}/y/{c:.*}z", 1);
  r.handle("/{a:(a|b/)*}c", 2);
  r.handle("/images/{n:.*}/json", 3);
  r.handle("/s/{p}/{q}/{r}", 4);
  r.handle("/e/{p:[^/]+}{q:[^/]+}{r:[^/]+}!", 5);
  const auto t = freeze(r);
  const auto repeated = [](std::string_view text, std::size_t bytes) {
    std::string out;
    while (out.size() < bytes)
      out += text;
    return out;
  };
  const auto start = std::chrono::steady_clock::now();
  for (const std::size_t size : {100'000UL, 1'000'000UL}) {
    CHECK(get(t, "/" + repeated("/x/y", size)) == "404");
    CHECK(get(t, "/" + repeated("b/", size)) == "404");
    CHECK(get(t, "/images/" + repeated("json/", size)) == "404");
    CHECK(get(t, "/images/" + repeated("json/", size) + "json").substr(0, 13) == "3 n=json/json");
    CHECK(get(t, repeated("/", size)) == "404");
    CHECK(get(t, "/s/" + repeated("a", size) + "/b/c").substr(0, 6) == "4 p=aa");
    CHECK(get(t, "/e/" + repeated("a", size)) == "404");
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{30});
}

TEST_CASE("table: may be read by several threads", "[protocol][mux]") {
  router r;
  for (unsigned i = 0; i < 50; ++i)
    r.handle("/r" + std::to_string(i) + "/{a:(x|y)+}/{b:.*}", i);
  const auto t = freeze(r);
  std::vector<std::thread> readers;
  std::vector<int> wrong(4, 0);
  for (std::size_t n = 0; n < wrong.size(); ++n)
    readers.emplace_back([&t, &bad = wrong[n]] {
      for (unsigned i = 0; i < 500; ++i) {
        const std::string path = "/r" + std::to_string(i % 50) + "/xyx/" + std::to_string(i);
        const auto m = t.match({.method = "GET", .path = path});
        bad += m.payload != i % 50 || m.vars.get("b") != std::to_string(i);
      }
    });
  for (auto& reader : readers)
    reader.join();
  for (int bad : wrong)
    CHECK(bad == 0);
}

TEST_CASE("table: moves without losing its routes", "[protocol][mux]") {
  router r;
  r.handle("/a", 1).name("a");
  table first = freeze(r);
  const route* a = first.get("a");
  table second = std::move(first);
  CHECK(second.get("a") == a);
  CHECK(get(second, "/a") == "1");
}
