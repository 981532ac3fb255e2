#include "protocol/mux/clean_path.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace gantry::mux;

TEST_CASE("clean_path: W10 rules", "[protocol][mux]") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", "/"},
      {"/", "/"},
      {"//", "/"},
      {"///", "/"},
      {"a", "/a"},
      {"a/", "/a/"},
      {"*", "/*"},
      {"/a", "/a"},
      {"/a/", "/a/"},
      {"//a", "/a"},
      {"/a//b", "/a/b"},
      {"/a/b//", "/a/b/"},
      {"/.", "/"},
      {"/./", "/"},
      {"/a/.", "/a"},
      {"/a/./", "/a/"},
      {"/a/./b", "/a/b"},
      {"/..", "/"},
      {"/../../a", "/a"},
      {"/a/..", "/"},
      {"/a/../", "/"},
      {"/a/b/..", "/a"},
      {"/a/b/../", "/a/"},
      {"/a/b/../c", "/a/c"},
      {"/a/b/../../../c", "/c"},
      {"../a", "/a"},
      {"/...", "/..."},
      {"/.a/b./..c", "/.a/b./..c"},
      {"/a b/\xc3\xa9", "/a b/\xc3\xa9"},
      {std::string{"/a\0//b", 6}, std::string{"/a\0/b", 5}},
  };
  for (const auto& [from, to] : rows) {
    CAPTURE(from);
    CHECK(clean_path(from) == to);
    CHECK(is_clean_path(from) == (from == to));
    CHECK(is_clean_path(to));
  }
}

TEST_CASE("clean_path: time grows in proportion to the path", "[protocol][mux]") {
  std::string slashes(2'000'000, '/');
  std::string dots;
  for (int i = 0; i < 500'000; ++i)
    dots += i % 2 ? "/.." : "/a";
  const auto start = std::chrono::steady_clock::now();
  CHECK(clean_path(slashes) == "/");
  CHECK(clean_path(dots) == "/");
  CHECK_FALSE(is_clean_path(dots));
  CHECK(is_clean_path("/" + std::string(2'000'000, 'a')));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{5});
}

TEST_CASE("clean_path: paths, hosts and queries are encoded each in its own way",
          "[protocol][mux]") {
  CHECK(escape_path("/a b?c#d%e\xc3\xa9\n") == "/a%20b%3Fc%23d%25e%C3%A9%0A");
  CHECK(escape_path("/$&+,/:;=@-_.~") == "/$&+,/:;=@-_.~");
  CHECK(escape_path("/\\evil.example") == "/%5Cevil.example");
  CHECK(escape_host("a.example:80") == "a.example:80");
  CHECK(escape_host("[::1]:80") == "[::1]:80");
  CHECK(escape_host("a/b@c") == "a%2Fb%40c");
  CHECK(escape_query("a b&c=d/\xc3\xa9") == "a+b%26c%3Dd%2F%C3%A9");
}

TEST_CASE("clean_path: query texts are decoded, malformed escapes refused", "[protocol][mux]") {
  std::string out;
  CHECK(unescape_query("a+b%2fc%C3%A9", out));
  CHECK(out == "a b/c\xc3\xa9");
  CHECK(unescape_query("", out));
  CHECK(out.empty());
  for (const char* bad : {"%", "%a", "%zz", "a%4", "%4g"})
    CHECK_FALSE(unescape_query(bad, out));
}

TEST_CASE("clean_path: a redirect stays on the host and is one line", "[protocol][mux]") {
  CHECK(redirect_location("/a", "") == "/a");
  CHECK(redirect_location("/a", "b=c%20&d") == "/a?b=c%20&d");
  CHECK(redirect_location("//evil.example/x/", "") == "/.//evil.example/x/");
  CHECK(redirect_location("/a", "x\r\nSet-Cookie: y") == "/a?x%0D%0ASet-Cookie:%20y");
  CHECK(redirect_location("/a\\b", "\xc3\xa9") == "/a%5Cb?%C3%A9");
}
