#include "actors/inspect/service/web.hpp"
#include "tests/actors/inspect/service/inspected.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using namespace gantry;
using namespace gantry::test;

namespace {

bool names(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

} // namespace

TEST_CASE("inspect web: the page and its files are served, each with its type and policy",
          "[actors][inspect]") {
  inspected i;
  REQUIRE(inspect::web_files().size() > 5);
  for (const auto& file : inspect::web_files()) {
    INFO(file.path);
    auto got = i.ask("GET", file.path);
    CHECK(got.status == 200);
    CHECK(got.body == file.text);
    CHECK(names(got.head, "\r\nContent-Type: " + std::string{file.type} + "\r\n"));
    CHECK(names(got.head, "\r\nContent-Security-Policy: default-src 'self'; base-uri 'none'; "
                          "form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
                          "require-trusted-types-for 'script'; trusted-types 'none'\r\n"));
    CHECK(names(got.head, "\r\nX-Content-Type-Options: nosniff\r\n"));
    CHECK(names(got.head, "\r\nReferrer-Policy: no-referrer\r\n"));
    CHECK(names(got.head, "\r\nCache-Control: no-store\r\n"));
    auto head = i.ask("HEAD", file.path);
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    auto post = i.ask("POST", file.path);
    CHECK(post.status == 405);
    CHECK(names(post.head, "\r\nAllow: GET, HEAD\r\n"));
  }
}

TEST_CASE("inspect web: whatever its files name is there, and nothing from elsewhere",
          "[actors][inspect]") {
  const auto files = inspect::web_files();
  auto there = [files](std::string_view path) {
    return std::any_of(files.begin(), files.end(), [path](auto& f) { return f.path == path; });
  };
  CHECK(there("/"));
  CHECK(there("/app.js"));
  CHECK(there("/style.css"));
  for (const auto& file : files) {
    INFO(file.path);
    // `from '/dom.js'`, `href="/style.css"`, `src="/app.js"`
    for (std::string_view mark : {"from '", "href=\"", "src=\""})
      for (auto at = file.text.find(mark); at != std::string_view::npos;
           at = file.text.find(mark, at + 1)) {
        auto name = file.text.substr(at + mark.size());
        name = name.substr(0, name.find_first_of("'\""));
        INFO(name);
        CHECK((name.starts_with('#') || there(name)));
      }
    // Namespaces of SVG are names, no addresses.
    for (auto at = file.text.find("://"); at != std::string_view::npos;
         at = file.text.find("://", at + 1))
      CHECK(file.text.substr(at).starts_with("://www.w3.org/2000/svg"));
    CHECK_FALSE(names(file.text, "innerHTML"));
  }
}
