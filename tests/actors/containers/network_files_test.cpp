#include "actors/containers/network_files.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::containers;

namespace {

const std::string usual = "127.0.0.1\tlocalhost\n"
                          "::1\tlocalhost ip6-localhost ip6-loopback\n"
                          "fe00::0\tip6-localnet\n"
                          "ff00::0\tip6-mcastprefix\n"
                          "ff02::1\tip6-allnodes\n"
                          "ff02::2\tip6-allrouters\n";

} // namespace

TEST_CASE("network_files: /etc/hosts", "[actors][containers]") {
  CHECK(hosts_text({}, {}, "web", "") == usual);
  CHECK(hosts_text({{"1.2.3.4", "a"}, {"::5", "b c"}}, {"172.17.0.2", "fd00::2"}, "web", "x.y") ==
        usual + "1.2.3.4\ta\n::5\tb c\n172.17.0.2\tweb.x.y web\nfd00::2\tweb.x.y web\n");
  CHECK(hosts_text({}, {"172.17.0.2"}, "web.x.y", "") == usual + "172.17.0.2\tweb.x.y web\n");
  CHECK(hosts_text({}, {"172.17.0.2"}, "web", "") == usual + "172.17.0.2\tweb\n");
}

TEST_CASE("network_files: --add-host", "[actors][containers]") {
  const auto hosts = parse_extra_hosts({"a:1.2.3.4", "b:::1", "c:host-gateway"}, "172.17.0.1");
  REQUIRE(hosts.has_value());
  CHECK(*hosts == std::vector<host_entry>{{"1.2.3.4", "a"}, {"::1", "b"}, {"172.17.0.1", "c"}});
  const auto refused = parse_extra_hosts({"c:host-gateway"}, "");
  REQUIRE(refused.has_error());
  CHECK(refused.error().message == "unable to derive the IP value for host-gateway");
}

TEST_CASE("network_files: name servers that cannot be reached are left out",
          "[actors][containers]") {
  CHECK(resolv_conf_text("# mine\nsearch a b\nnameserver 10.0.0.1\noptions ndots:2", {}, false) ==
        "# mine\nsearch a b\nnameserver 10.0.0.1\noptions ndots:2\n");
  CHECK(resolv_conf_text("nameserver 127.0.0.53\nnameserver\t10.0.0.1 \nnameserver ::1\n", {},
                         false) == "nameserver\t10.0.0.1 \n");
  CHECK(resolv_conf_text("nameserver fe80::1%eth0\nnameserver 10.0.0.1\n", {}, false) ==
        "nameserver 10.0.0.1\n");
  CHECK(resolv_conf_text("nameserver fd00::1\n", {}, true) == "nameserver fd00::1\n");
}

TEST_CASE("network_files: public name servers where none is left", "[actors][containers]") {
  CHECK(resolv_conf_text("search a\nnameserver 127.0.0.1\n#nameserver 10.0.0.1\n", {}, false) ==
        "search a\n#nameserver 10.0.0.1\nnameserver 8.8.8.8\nnameserver 8.8.4.4\n");
  CHECK(resolv_conf_text("", {}, true) ==
        "nameserver 8.8.8.8\nnameserver 8.8.4.4\nnameserver 2001:4860:4860::8888\n"
        "nameserver 2001:4860:4860::8844\n");
}

TEST_CASE("network_files: what is set takes the place of what the host has",
          "[actors][containers]") {
  const std::string host = "search first\nsearch a  b # c\nnameserver 127.0.0.1\n"
                           "nameserver 10.0.0.1\noptions ndots:2 rotate\n";
  CHECK(resolv_conf_text(host, {{"1.1.1.1", "::1"}, {}, {}}, false) ==
        "search a b\nnameserver 1.1.1.1\nnameserver ::1\noptions ndots:2 rotate\n");
  CHECK(resolv_conf_text(host, {{}, {"x.y"}, {"timeout:1", "edns0"}}, false) ==
        "search x.y\nnameserver 127.0.0.1\nnameserver 10.0.0.1\noptions timeout:1 edns0\n");
  CHECK(resolv_conf_text(host, {{"1.1.1.1"}, {"."}, {}}, false) ==
        "nameserver 1.1.1.1\noptions ndots:2 rotate\n");
  CHECK(resolv_conf_text("", {{"1.1.1.1"}, {}, {}}, false) == "nameserver 1.1.1.1\n");
}

TEST_CASE("network_files: systemd-resolved is looked behind", "[actors][containers]") {
  const test::temp_dir dir;
  CHECK(host_resolv_conf(dir.path()) == "");
  dir.write("etc/resolv.conf", "nameserver 127.0.0.53\n");
  CHECK(host_resolv_conf(dir.path()) == "nameserver 127.0.0.53\n");
  dir.write("run/systemd/resolve/resolv.conf", "nameserver 10.0.0.1\n");
  CHECK(host_resolv_conf(dir.path()) == "nameserver 10.0.0.1\n");
  dir.write("etc/resolv.conf", "nameserver 127.0.0.53\nnameserver 10.0.0.2\n");
  CHECK(host_resolv_conf(dir.path()) == "nameserver 127.0.0.53\nnameserver 10.0.0.2\n");
}
