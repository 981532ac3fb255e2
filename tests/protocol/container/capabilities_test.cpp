#include "protocol/container/capabilities.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace gantry::container {
namespace {

std::string names_of(capability_set set) {
  std::string out;
  for (const auto& name : set.names())
    out += name.substr(4) + ' ';
  return out;
}

const std::string defaults =
    "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW "
    "SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP ";

} // namespace

TEST_CASE("capabilities: numbers and names are the kernel's", "[protocol][container]") {
  capability_set set;
  set.add(0);
  set.add(21);
  set.add(40);
  CHECK(names_of(set) == "CHOWN SYS_ADMIN CHECKPOINT_RESTORE ");
  CHECK(set.has("CAP_SYS_ADMIN"));
  CHECK_FALSE(set.has("SYS_ADMIN"));
  CHECK_FALSE(set.has("CAP_BPF"));
  set.remove(21);
  CHECK_FALSE(set.has("CAP_SYS_ADMIN"));
  CHECK(names_of(capability_set{~std::uint64_t{0}}) == names_of(all_capabilities));
  CHECK(all_capabilities.names().size() == 41);
}

TEST_CASE("capabilities: additions and drops as Docker takes them", "[protocol][container]") {
  struct row {
    std::vector<std::string> add;
    std::vector<std::string> drop;
    std::string expected;
  };
  const row rows[] = {
      {{}, {}, defaults},
      {{"net_admin", "Cap_Sys_Time"},
       {},
       "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_ADMIN "
       "NET_RAW SYS_CHROOT SYS_TIME MKNOD AUDIT_WRITE SETFCAP "},
      {{}, {"ALL"}, ""},
      {{"sys_time"}, {"all"}, "SYS_TIME "},
      {{"kill"}, {"kill"}, defaults},
      {{"ALL"}, {"ALL"}, names_of(all_capabilities)},
      {{"ALL", "kill"}, {"chown"}, names_of(all_capabilities - capability_set{1})},
      {{},
       {"CAP_KILL", "mknod", "SYSLOG"},
       "CHOWN DAC_OVERRIDE FOWNER FSETID SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT "
       "AUDIT_WRITE SETFCAP "},
  };
  for (const auto& [add, drop, expected] : rows)
    CHECK(names_of(container_capabilities({add, drop}, all_capabilities).value()) == expected);
}

TEST_CASE("capabilities: privileged containers have all that the daemon holds",
          "[protocol][container]") {
  const auto held = all_capabilities - capability_set{1 << 24}; // without SYS_RESOURCE
  const auto set = container_capabilities({.add = {}, .drop = {"ALL"}, .privileged = true}, held);
  CHECK(set.value() == held);
  // What the kernel has beyond the names known here cannot be written down in a spec.
  const capability_set everything{~std::uint64_t{0}};
  CHECK(container_capabilities({.add = {}, .drop = {}, .privileged = true}, everything).value() ==
        all_capabilities);
}

TEST_CASE("capabilities: what is unknown or not held is refused by name", "[protocol][container]") {
  const auto held = all_capabilities - capability_set{1 << 24};
  const auto error_of = [&](std::vector<std::string> add, std::vector<std::string> drop) {
    const auto set = container_capabilities({std::move(add), std::move(drop)}, held);
    REQUIRE(set.has_error());
    CHECK(set.error().kind == errc::invalid_parameter);
    return set.error().message;
  };
  CHECK(error_of({"foo"}, {}) == R"(invalid CapAdd: unknown capability: "CAP_FOO")");
  CHECK(error_of({"CAP_ALL"}, {}) == R"(invalid CapAdd: unknown capability: "CAP_ALL")");
  CHECK(error_of({""}, {}) == R"(invalid CapAdd: unknown capability: "CAP_")");
  CHECK(error_of({}, {"foo"}) == R"(invalid CapDrop: unknown capability: "CAP_FOO")");
  CHECK(error_of({"sys_resource"}, {}) ==
        "invalid CapAdd: capability not supported by your kernel or not available in the current "
        "environment: \"CAP_SYS_RESOURCE\"");
  CHECK(container_capabilities({{}, {"sys_resource"}}, held).has_value());
}

} // namespace gantry::container
