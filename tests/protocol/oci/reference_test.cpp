#include "protocol/oci/reference.hpp"

#include "protocol/oci/path_match.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry;
using namespace gantry::oci;

namespace {

const std::string hex64(64, 'a');
const std::string sha = "sha256:" + hex64;

std::string reference_error(std::string_view text) {
  auto ref = parse_reference(text);
  return ref ? "parsed as " + ref->str() : ref.error().message;
}

} // namespace

TEST_CASE("reference: full and familiar form", "[protocol][oci]") {
  struct row {
    std::string text;
    std::string full;
    std::string familiar;
  };
  const row rows[] = {
      {"busybox", "docker.io/library/busybox", "busybox"},
      {"busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"},
      {"docker.io/busybox", "docker.io/library/busybox", "busybox"},
      {"docker.io/library/busybox", "docker.io/library/busybox", "busybox"},
      {"index.docker.io/busybox:x", "docker.io/library/busybox:x", "busybox:x"},
      {"index.docker.io/a/b", "docker.io/a/b", "a/b"},
      {"library/busybox", "docker.io/library/busybox", "busybox"},
      {"library/a/b", "docker.io/library/a/b", "library/a/b"},
      {"me/app", "docker.io/me/app", "me/app"},
      {"me/app:Tag_1.x-y", "docker.io/me/app:Tag_1.x-y", "me/app:Tag_1.x-y"},
      {"localhost/app", "localhost/app", "localhost/app"},
      {"localhost", "docker.io/library/localhost", "localhost"},
      {"localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"},
      {"host:5000", "docker.io/library/host:5000", "host:5000"},
      {"127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c"},
      {"[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"},
      {"[2001:db8::1]/app:1", "[2001:db8::1]/app:1", "[2001:db8::1]/app:1"},
      {"REG/app", "REG/app", "REG/app"},
      {"Reg.example/app", "Reg.example/app", "Reg.example/app"},
      {"xn--n3h.com/app", "xn--n3h.com/app", "xn--n3h.com/app"},
      {"my_host.com/app", "my_host.com/app", "my_host.com/app"},
      {"a__b/c-d---e.f_g", "docker.io/a__b/c-d---e.f_g", "a__b/c-d---e.f_g"},
      {"busybox@" + sha, "docker.io/library/busybox@" + sha, "busybox@" + sha},
      {"busybox:1@" + sha, "docker.io/library/busybox:1@" + sha, "busybox:1@" + sha},
      {"a@sha512:" + std::string(128, '0'), "docker.io/library/a@sha512:" + std::string(128, '0'),
       "a@sha512:" + std::string(128, '0')},
      {"r.io/a:x@" + sha, "r.io/a:x@" + sha, "r.io/a:x@" + sha},
      {"sha256", "docker.io/library/sha256", "sha256"},
      {"sha256:abc", "docker.io/library/sha256:abc", "sha256:abc"},
      {hex64.substr(1), "docker.io/library/" + hex64.substr(1), hex64.substr(1)},
      {hex64 + ":tag", "docker.io/library/" + hex64 + ":tag", hex64 + ":tag"},
      {"a:" + std::string(128, 't'), "docker.io/library/a:" + std::string(128, 't'),
       "a:" + std::string(128, 't')},
      {std::string(247, 'a'), "docker.io/library/" + std::string(247, 'a'), std::string(247, 'a')},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    auto ref = parse_reference(r.text);
    REQUIRE(ref.has_value());
    CHECK(ref->str() == r.full);
    CHECK(ref->familiar() == r.familiar);
    CHECK(parse_reference(ref->str()).value() == *ref);
    CHECK(parse_reference(ref->familiar()).value() == *ref);
  }
}

TEST_CASE("reference: the front is a host or part of the path", "[protocol][oci]") {
  CHECK(parse_reference("a.b/c")->domain == "a.b");
  CHECK(parse_reference("a_b.c/d")->domain == "");
  CHECK(parse_reference("a_b.c/d")->path == "a_b.c/d");
  CHECK(parse_reference("a/b.c/d")->domain == "docker.io");
  CHECK(parse_reference("a/b.c/d")->path == "a/b.c/d");
}

TEST_CASE("reference: what is none is refused in dockerd's words", "[protocol][oci]") {
  const std::string bad = "invalid reference format";
  struct row {
    std::string text;
    std::string error;
  };
  const row rows[] = {
      {"", bad},
      {"/", bad},
      {"a/", bad},
      {"/a", bad},
      {"a//b", bad},
      {":1", bad},
      {"a:", bad},
      {"a: b", bad},
      {"a:b:c", bad},
      {"a:-x", bad},
      {"a:.x", bad},
      {"a:" + std::string(129, 't'), bad},
      {"a@", bad},
      {"a@sha256", bad},
      {"a@sha256:" + std::string(31, 'a'), bad},
      {"a@" + sha + "@" + sha, bad},
      {"@" + sha, bad},
      {"-a", bad},
      {"a-", bad},
      {"a..b", bad},
      {"a___b", bad},
      {"a_-b", bad},
      {"a._b", bad},
      {"a b", bad},
      {"a\n", bad},
      {std::string("a\0b", 3), bad},
      {"\xc3\xa4", bad},
      {"https://docker.io/a", bad},
      {"-x.com/a", bad},
      {"x.com-/a", bad},
      {"x..com/a", bad},
      {"x.com:/a", bad},
      {"x.com:8a/a", bad},
      {"[::1/a", bad},
      {"[]:1/a", bad},
      {"[::g]/a", bad},
      {"[::1]x/a", bad},
      {"Foo", "invalid reference format: repository name (library/Foo) must be lowercase"},
      {"me/Foo:T", "invalid reference format: repository name (me/Foo) must be lowercase"},
      {"x.com/Foo/b", "invalid reference format: repository name (Foo/b) must be lowercase"},
      {"A_b/foo", "repository name must be lowercase"},
      {hex64,
       "invalid repository name (" + hex64 + "), cannot specify 64-byte hexadecimal strings"},
      {"a@sha256:" + std::string(63, 'a'), "invalid checksum digest length"},
      {"a@sha256:" + std::string(64, 'A'), "invalid checksum digest format"},
      {"A@" + sha,
       "invalid reference format: repository name (library/A@sha256) must be lowercase"},
      {"a@md5:" + std::string(32, 'a'), "unsupported digest algorithm"},
      {std::string(248, 'a'), "repository name must not be more than 255 characters"},
      {"r.io/" + std::string(256, 'a'), "repository name must not be more than 255 characters"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text);
    CHECK(reference_error(r.text) == r.error);
  }
}

TEST_CASE("reference: an id, a name, or something that may be both", "[protocol][oci]") {
  CHECK(std::get<digest>(*parse_any_reference(hex64)).str() == sha);
  CHECK(std::get<digest>(*parse_any_reference(sha)).str() == sha);
  CHECK(std::get<reference>(*parse_any_reference("aa")).familiar() == "aa");
  CHECK(std::get<reference>(*parse_any_reference("sha256:aa")).tag == "aa");
  CHECK(parse_any_reference("A").has_error());
  CHECK(familiar(*parse_any_reference("a")) == "a:latest");
  CHECK(familiar(*parse_any_reference("docker.io/library/a:1")) == "a:1");
  CHECK(familiar(*parse_any_reference("a@" + sha)) == "a@" + sha);
  CHECK(familiar(*parse_any_reference(hex64)) == sha);
}

TEST_CASE("reference: tags", "[protocol][oci]") {
  auto a = *parse_reference("a");
  CHECK(a.is_name_only());
  CHECK(a.with_default_tag().str() == "docker.io/library/a:latest");
  CHECK(with_tag(a, "v1")->familiar() == "a:v1");
  CHECK(with_tag(*with_tag(a, "v1"), "v2")->familiar() == "a:v2");
  CHECK(with_tag(a, "").error().message == "invalid tag format");
  CHECK(with_tag(a, "a/b").error().message == "invalid tag format");
  CHECK(parse_reference("a@" + sha)->with_default_tag().tag == "");
}

TEST_CASE("reference: repo and tag of a request", "[protocol][oci]") {
  CHECK(repo_tag_reference("", "x")->name().empty());
  CHECK(repo_tag_reference("a", "")->familiar() == "a:latest");
  CHECK(repo_tag_reference("a", "1")->familiar() == "a:1");
  CHECK(repo_tag_reference("a:1", "")->familiar() == "a:1");
  CHECK(repo_tag_reference("a:1", "2")->familiar() == "a:2");
  CHECK(repo_tag_reference("a@" + sha, "").error().message == "cannot import digest reference");
  CHECK(repo_tag_reference("a", "b c").error().message == "invalid tag format");
  CHECK(repo_tag_reference("A", "").error().kind == errc::invalid_parameter);
}

TEST_CASE("reference: names that no image may be given", "[protocol][oci]") {
  CHECK(check_new_tag(*parse_reference("a:1")).has_value());
  CHECK(check_new_tag(*parse_reference("x.io/sha256:1")).has_value());
  CHECK(check_new_tag(*parse_reference("a@" + sha)).error().message ==
        "refusing to create a tag with a digest reference");
  CHECK(check_new_tag(*parse_reference("sha256:1")).error().message ==
        "refusing to create an ambiguous tag using digest algorithm as name");
}

TEST_CASE("reference: the filter matches with and without tag", "[protocol][oci]") {
  auto matches = [](std::string_view pattern, std::string_view name) {
    return *matches_reference(pattern, *parse_reference(name));
  };
  CHECK(matches("busybox", "busybox:1.36"));
  CHECK(matches("busybox:1.36", "busybox:1.36"));
  CHECK_FALSE(matches("busybox:1.35", "busybox:1.36"));
  CHECK(matches("busy*", "busybox:1.36"));
  CHECK(matches("busy*:1.*", "busybox:1.36"));
  CHECK(matches("*:1.36", "busybox:1.36"));
  CHECK_FALSE(matches("docker.io/library/busybox", "busybox"));
  CHECK_FALSE(matches("*", "me/app:1"));
  CHECK(matches("*/*", "me/app:1"));
  CHECK(matches("localhost:5000/*", "localhost:5000/app"));
  CHECK(matches("*/app", "me/app:1"));
  CHECK(matches("b@sha256:*", "b@" + sha));
  CHECK(matches_reference("[", *parse_reference("a")).error().message == "syntax error in pattern");
}

TEST_CASE("path_match: as Go's path.Match", "[protocol][oci]") {
  struct row {
    const char* pattern;
    const char* name;
    int expected; // -1: malformed
  };
  const row rows[] = {
      {"abc", "abc", 1},
      {"*", "abc", 1},
      {"*c", "abc", 1},
      {"a*", "a", 1},
      {"a*", "abc", 1},
      {"a*", "ab/c", 0},
      {"a*/b", "abc/b", 1},
      {"a*/b", "a/c/b", 0},
      {"a*b*c*d*e*/f", "axbxcxdxe/f", 1},
      {"a*b*c*d*e*/f", "axbxcxdxexxx/f", 1},
      {"a*b*c*d*e*/f", "axbxcxdxe/xxx/f", 0},
      {"a*b?c*x", "abxbbxdbxebxczzx", 1},
      {"a*b?c*x", "abxbbxdbxebxczzy", 0},
      {"ab[c]", "abc", 1},
      {"ab[b-d]", "abc", 1},
      {"ab[e-g]", "abc", 0},
      {"ab[^c]", "abc", 0},
      {"ab[^b-d]", "abc", 0},
      {"ab[^e-g]", "abc", 1},
      {"a\\*b", "a*b", 1},
      {"a\\*b", "ab", 0},
      {"a?b",
       "a\xe2\x98\xba"
       "b",
       1},
      {"a[^a]b",
       "a\xe2\x98\xba"
       "b",
       1},
      {"a???b",
       "a\xe2\x98\xba"
       "b",
       0},
      {"[a-\xce\xb6]*", "\xce\xb1", 1},
      {"*[a-\xce\xb6]", "A", 0},
      {"a?b", "a/b", 0},
      {"a*b", "a/b", 0},
      {"[\\]a]", "]", 1},
      {"[\\-]", "-", 1},
      {"[x\\-]", "x", 1},
      {"[x\\-]", "z", 0},
      {"[\\-x]", "-", 1},
      {"[]a]", "]", -1},
      {"[-]", "-", -1},
      {"[x-]", "x", -1},
      {"[-x]", "x", -1},
      {"\\", "a", -1},
      {"[a-b-c]", "a", -1},
      {"[", "a", -1},
      {"[^", "a", -1},
      {"[^bc", "a", -1},
      {"a[", "a", -1},
      {"a[", "ab", -1},
      {"*x", "xxx", 1},
      {"", "", 1},
      {"", "a", 0},
      {"*", "", 1},
      {"?", "", 0},
      {"x[", "y", -1},
      {"*[/a]*b", "a/b", 0},
      {"a[/]b", "a/b", 1},
      {"[^a]", "", 0},
  };
  for (const auto& r : rows) {
    CAPTURE(r.pattern, r.name);
    auto matched = path_match(r.pattern, r.name);
    CHECK((matched ? int{*matched} : -1) == r.expected);
  }
}

TEST_CASE("path_match: many stars take no time", "[protocol][oci]") {
  std::string pattern;
  for (int i = 0; i < 1000; ++i)
    pattern += "*a";
  CHECK_FALSE(*path_match(pattern + "b", std::string(5000, 'a')));
}
