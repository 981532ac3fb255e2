#include "actors/image/http_source.hpp"
#include "actors/image/layers_in_progress.hpp"
#include "actors/image/transfer.hpp"

#include "tests/actors/store/result_text.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace gantry;
using namespace std::chrono_literals;

TEST_CASE("http_url: parts, and how it is shown", "[actors][image]") {
  const auto shown = [](const std::string& text) {
    auto url = image::parse_http_url(text);
    if (!url)
      return url.error().message;
    return url->str() + ' ' + url->host + ' ' + url->port + ' ' + url->target;
  };
  CHECK(shown("host") == "http://host host 80 /");
  CHECK(shown("HTTP://host:80/a?b#c") == "http://host/a?b host 80 /a?b");
  CHECK(shown("https://host:80?q") == "https://host:80/?q host 80 /?q");
  CHECK(shown("http://[::1]:5000/x") == "http://[::1]:5000/x ::1 5000 /x");
  CHECK(shown("http://me:secret@host/") == "http://me:***@host host 80 /");
  CHECK(shown("ftp://host/") == "Get \"ftp://host/\": unsupported protocol scheme \"ftp\"");
  CHECK(shown("http://") == "Get \"http://\": http: no Host in request URL");
  CHECK(shown("http://h:x/") == "parse \"http://h:x/\": invalid port \":x\" after host");
  CHECK(shown("http://[::1") == "parse \"http://[::1\": missing ']' in host");
  CHECK(shown("http://h/a b") ==
        "parse \"http://h/a b\": net/url: invalid control character in URL");
}

TEST_CASE("http_url: where redirections lead", "[actors][image]") {
  const auto base = image::parse_http_url("http://host:81/a/b?c").value();
  const auto next = [&](const std::string& to) { return image::redirected(base, to)->str(); };
  CHECK(next("https://other/x") == "https://other/x");
  CHECK(next("//other/x") == "http://other/x");
  CHECK(next("/x?y=http://z") == "http://host:81/x?y=http://z");
  CHECK(next("x") == "http://host:81/a/x");
  CHECK(next("?q") == "http://host:81/a/b?q");
}

TEST_CASE("layers_in_progress: one makes it, others wait", "[actors][image]") {
  image::layers_in_progress table;
  const auto beat = std::make_shared<std::atomic<std::uint64_t>>(0);
  const auto digest = oci::sha256_of("a");
  auto [claim, none] = table.join(digest, beat);
  REQUIRE(claim);
  CHECK_FALSE(none);
  auto [second, other] = table.join(digest, beat);
  CHECK_FALSE(second);
  REQUIRE(other);

  SECTION("done") {
    std::thread waiting{[&, layer = other] { CHECK(layer->wait(60s, {}) == oci::sha256_of("b")); }};
    claim->done(oci::sha256_of("b"));
    waiting.join();
    CHECK(table.join(digest, beat).first); // it is in the store now
  }
  SECTION("failed") {
    claim.reset();
    CHECK_FALSE(other->wait(60s, {}));
    CHECK(table.join(digest, beat).first);
  }
  SECTION("standing still") { CHECK_FALSE(other->wait(1ms, {})); }
  SECTION("no longer wanted") {
    CHECK_FALSE(other->wait(60s, [] { return true; }));
  }
}
