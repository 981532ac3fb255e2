#include "protocol/container/security_options.hpp"

#include <catch2/catch.hpp>

namespace gantry::container {

TEST_CASE("security_options: keys and values", "[protocol][container]") {
  const auto none = parse_security_options({}).value();
  CHECK_FALSE(none.no_new_privileges);
  CHECK_FALSE(none.seccomp);
  CHECK_FALSE(none.apparmor);
  CHECK_FALSE(none.writable_cgroups);

  const auto all =
      parse_security_options({{"no-new-privileges", "apparmor:mine", R"(seccomp={"a":"b=c"})",
                               "label=type:t", "disable", "writable-cgroups=1"}})
          .value();
  CHECK(all.no_new_privileges == true);
  CHECK(all.apparmor == "mine");
  CHECK(all.seccomp == R"({"a":"b=c"})");
  CHECK(all.labels == std::vector<std::string>{"type:t", "disable"});
  CHECK(all.writable_cgroups == true);
}

TEST_CASE("security_options: the last of a key counts", "[protocol][container]") {
  const auto options = parse_security_options({{"no-new-privileges", "no-new-privileges:F",
                                                "seccomp=a", "seccomp=unconfined"}})
                           .value();
  CHECK(options.no_new_privileges == false);
  CHECK(options.seccomp == "unconfined");
}

TEST_CASE("security_options: what Docker does not know is refused", "[protocol][container]") {
  const std::pair<const char*, const char*> cases[] = {
      {"foo", R"(invalid --security-opt 1: "foo")"},
      {"", R"(invalid --security-opt 1: "")"},
      {"foo=bar", R"(invalid --security-opt 2: "foo=bar")"},
      {"systempaths=unconfined", R"(invalid --security-opt 2: "systempaths=unconfined")"},
      {"no-new-privileges=maybe", R"(invalid --security-opt 2: "no-new-privileges=maybe")"},
      {"no-new-privileges=", R"(invalid --security-opt 2: "no-new-privileges=")"},
      {"writable-cgroups=x", R"(invalid --security-opt 2: "writable-cgroups=x")"},
  };
  for (const auto& [option, text] : cases) {
    const auto options = parse_security_options({{option}});
    REQUIRE(options.has_error());
    CHECK(options.error() == api_error{errc::invalid_parameter, text});
  }
}

} // namespace gantry::container
