#include "protocol/container/mounts.hpp"

#include "protocol/container/oci_spec.hpp"

#include <catch2/catch.hpp>

namespace gantry::container {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "" : ",") + word;
  return out;
}

// `DESTINATION OPTIONS` of the mounts that are not among everybody's.
std::vector<std::string> later_mounts(const host_config& host, const spec_facts& facts) {
  std::vector<std::string> out;
  const auto mounts = container_mounts(host, facts, false).value();
  const auto common = container_mounts(host, {}, false).value().size();
  for (std::size_t i = common; i < mounts.size(); ++i)
    out.push_back(mounts[i].destination + ' ' + joined(mounts[i].options));
  return out;
}

} // namespace

TEST_CASE("mounts: options of a tmpfs give way to the user's", "[protocol][container]") {
  const std::pair<const char*, const char*> cases[] = {
      {"", "noexec,nosuid,nodev,rprivate"},
      {"size=64m,exec,mode=1770", "nosuid,nodev,rprivate,size=64m,exec,mode=1770"},
      {"rw,noexec", "nosuid,nodev,rprivate,rw,noexec"},
      {"size=1m,size=2m,defaults,rw,ro,shared", "noexec,nosuid,nodev,size=2m,ro,shared"},
      {"suid,dev,exec,private", "suid,dev,exec,private"},
      {"uid=1,gid=2,nr_inodes=3,nr_blocks=4,mpol=bind:0",
       "noexec,nosuid,nodev,rprivate,uid=1,gid=2,nr_inodes=3,nr_blocks=4,mpol=bind:0"},
  };
  for (const auto& [user, merged] : cases)
    CHECK(joined(merge_tmpfs_options(user).value()) == merged);
}

TEST_CASE("mounts: options that no tmpfs has are refused", "[protocol][container]") {
  const std::pair<const char*, const char*> cases[] = {
      {"foo", R"(invalid tmpfs option ["foo"])"},
      {"foo=1", R"(invalid tmpfs option ["foo" "1"])"},
      {"size", R"(invalid tmpfs option ["size"])"},
      {"exec=1", R"(invalid tmpfs option ["exec" "1"])"},
      {",size=1m", R"(invalid tmpfs option [""])"},
      {"size=1m,", R"(invalid tmpfs option [""])"},
  };
  for (const auto& [user, text] : cases) {
    const auto merged = merge_tmpfs_options(user);
    REQUIRE(merged.has_error());
    CHECK(merged.error() == api_error{errc::invalid_parameter, text});
  }
}

TEST_CASE("mounts: parents come before what is in them", "[protocol][container]") {
  spec_facts facts;
  facts.hosts_file = "/c/hosts";
  facts.mounts = {{.source = "/s", .destination = "/a/b/c"},
                  {.source = "/s", .destination = "/a"},
                  {.source = "/s", .destination = "/etc"},
                  {.source = "/s", .destination = "/a/b"}};
  CHECK(later_mounts({}, facts) == std::vector<std::string>{"/a rbind", "/etc rbind", "/a/b rbind",
                                                            "/etc/hosts rbind,rprivate",
                                                            "/a/b/c rbind"});
}

TEST_CASE("mounts: options of binds", "[protocol][container]") {
  spec_facts facts;
  facts.mounts = {
      {.source = "/s", .destination = "/1", .read_only = true, .propagation = "rprivate"},
      {.source = "/s",
       .destination = "/2",
       .read_only = true,
       .recursive_read_only = true,
       .propagation = "rprivate"},
      {.source = "/s",
       .destination = "/3",
       .read_only = true,
       .recursive_read_only = true,
       .non_recursive = true},
      {.source = "/s", .destination = "/4", .recursive_read_only = true},
  };
  CHECK(later_mounts({}, facts) == std::vector<std::string>{"/1 rbind,ro,rprivate",
                                                            "/2 rbind,rro,rprivate", "/3 bind,ro",
                                                            "/4 rbind"});
}

TEST_CASE("mounts: the daemon's files give way to the user's", "[protocol][container]") {
  spec_facts facts;
  facts.hosts_file = "/c/hosts";
  facts.hostname_file = "/c/hostname";
  facts.mounts = {{.source = "/mine", .destination = "/etc/hosts"}};
  host_config host;
  host.readonly_rootfs = true;
  CHECK(later_mounts(host, facts) ==
        std::vector<std::string>{"/etc/hosts rbind", "/etc/hostname rbind,ro,rprivate"});
}

} // namespace gantry::container
