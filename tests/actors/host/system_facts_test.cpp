#include "actors/host/system_facts.hpp"

#include "actors/host/unique_fd.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/utsname.h>

#include <map>

using namespace gantry::host;
using gantry::test::temp_dir;

TEST_CASE("system_facts: of this machine", "[host]") {
  auto facts = read_system_facts();
  utsname names{};
  REQUIRE(::uname(&names) == 0);
  CHECK(facts.kernel_version == names.release);
  CHECK(facts.hostname == names.nodename);
  CHECK(facts.architecture == names.machine);
  CHECK(facts.go_architecture == go_architecture(names.machine));
  CHECK_FALSE(facts.operating_system.empty());
  CHECK(facts.cpus >= 1);
  CHECK(facts.mem_total > 1024 * 1024);
}

TEST_CASE("system_facts: of a tree", "[host]") {
  temp_dir dir;
  dir.write("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  dir.write("proc/sys/kernel/hostname", "box\n");
  dir.write("proc/meminfo", "MemFree:  1 kB\nMemTotal:       16303428 kB\nMemTotal: 1 kB\n");
  dir.write("proc/sys/net/ipv4/ip_forward", "1\n");
  dir.write("proc/sys/net/bridge/bridge-nf-call-iptables", "1\n");
  dir.write("proc/sys/net/bridge/bridge-nf-call-ip6tables", "0\n");
  dir.write("etc/os-release",
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\n");
  auto facts = read_system_facts(dir.path());
  CHECK(facts.kernel_version == "6.1.0-18-amd64");
  CHECK(facts.hostname == "box");
  CHECK(facts.mem_total == 16303428ULL * 1024);
  CHECK(facts.ipv4_forwarding);
  CHECK(facts.bridge_nf_iptables);
  CHECK_FALSE(facts.bridge_nf_ip6tables);
  CHECK(facts.operating_system == "Debian GNU/Linux 12 (bookworm)");
  CHECK(facts.os_version == "12");
}

TEST_CASE("system_facts: of an empty tree", "[host]") {
  temp_dir dir;
  auto facts = read_system_facts(dir.path());
  CHECK(facts.kernel_version.empty());
  CHECK(facts.hostname.empty());
  CHECK(facts.mem_total == 0);
  CHECK_FALSE(facts.ipv4_forwarding);
  CHECK(facts.operating_system == "Linux");
  CHECK(open_fd_count(dir.path()) == 0);
  auto security = read_security_facts(dir.path());
  CHECK_FALSE(security.seccomp);
  CHECK_FALSE(security.apparmor);
  CHECK_FALSE(security.selinux);
  CHECK_FALSE(security.cgroup_namespaces);
  CHECK_FALSE(security.user_namespaces);
}

TEST_CASE("system_facts: os-release as a shell reads it", "[host]") {
  struct row {
    const char* text;
    const char* name;
    const char* version;
  };
  const row rows[] = {
      {"PRETTY_NAME=\"Alpine Linux v3.19\"\nVERSION_ID=3.19.1\n", "Alpine Linux v3.19", "3.19.1"},
      {"# PRETTY_NAME=no\n\n PRETTY_NAME='It'\\''s \"one\"'\r\n", "It's \"one\"", ""},
      {"PRETTY_NAME=\"a \\\"b\\\" \\$c \\d \\\\\"", "a \"b\" $c \\d \\", ""},
      {"PRETTY_NAME=plain text", "plain", ""},
      {"PRETTY_NAME=two\\ words", "two words", ""},
      {"PRETTY_NAME=\"open", "open", ""},
      {"NAME=Void\n", "Void", ""},
      {"NAME=\"Foo OS\"\nVERSION=\"1 (bar)\"\n", "Foo OS 1 (bar)", ""},
      {"PRETTY_NAME=\nNAME=\n", "Linux", ""},
      {"VERSION=1\n", "Linux 1", ""},
      {"PRETTY_NAME\n=x\n", "Linux", ""},
      {"PRETTY_NAME=a\nPRETTY_NAME=b", "b", ""},
      {"", "Linux", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    auto release = parse_os_release(row.text);
    CHECK(release.pretty_name == row.name);
    CHECK(release.version_id == row.version);
  }
}

TEST_CASE("system_facts: os-release falls back to usr/lib", "[host]") {
  temp_dir dir;
  dir.write("usr/lib/os-release", "PRETTY_NAME=lib\n");
  CHECK(read_os_release(dir.path()).pretty_name == "lib");
  dir.write("etc/os-release", "PRETTY_NAME=etc\n");
  CHECK(read_os_release(dir.path()).pretty_name == "etc");
  CHECK(read_os_release(dir.path() + "/").pretty_name == "etc");
}

TEST_CASE("system_facts: architectures in Docker's words", "[host]") {
  CHECK(go_architecture("x86_64") == "amd64");
  CHECK(go_architecture("aarch64") == "arm64");
  CHECK(go_architecture("armv7l") == "arm");
  CHECK(go_architecture("i686") == "386");
  CHECK(go_architecture("riscv64") == "riscv64");
  CHECK(go_architecture("vax") == "vax");
}

TEST_CASE("system_facts: CPUs are those of the affinity mask", "[host]") {
  cpu_set_t before;
  REQUIRE(::sched_getaffinity(0, sizeof(before), &before) == 0);
  CHECK(usable_cpus() == static_cast<unsigned>(CPU_COUNT(&before)));
  int first = 0;
  while (!CPU_ISSET(first, &before))
    ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  REQUIRE(::sched_setaffinity(0, sizeof(one), &one) == 0);
  auto counted = usable_cpus();
  ::sched_setaffinity(0, sizeof(before), &before);
  CHECK(counted == 1);
}

TEST_CASE("system_facts: odd meminfo", "[host]") {
  temp_dir dir;
  for (const char* text : {"", "MemTotal:\n", "MemTotal: x kB\n", "xMemTotal: 5 kB\n"}) {
    CAPTURE(text);
    dir.write("proc/meminfo", text);
    CHECK(read_mem_total(dir.path()) == 0);
  }
  dir.write("proc/meminfo", "MemTotal: 5 kB");
  CHECK(read_mem_total(dir.path()) == 5120);
}

TEST_CASE("system_facts: security features", "[host]") {
  temp_dir dir;
  dir.write("proc/self/status", "Name:\tx\nNoNewPrivs:\t0\nSeccomp:\t0\n");
  dir.write("proc/self/ns/cgroup", "");
  dir.write("proc/self/ns/user", "");
  dir.write("sys/module/apparmor/parameters/enabled", "Y\n");
  dir.write("sys/kernel/security/apparmor/profiles", "");
  dir.write("sys/fs/selinux/enforce", "0");
  auto facts = read_security_facts(dir.path());
  CHECK(facts.seccomp);
  CHECK(facts.apparmor);
  CHECK(facts.selinux);
  CHECK(facts.cgroup_namespaces);
  CHECK(facts.user_namespaces);
  dir.write("sys/module/apparmor/parameters/enabled", "N\n");
  CHECK_FALSE(read_security_facts(dir.path()).apparmor);
  dir.write("proc/self/status", "Name:\tx\n");
  CHECK_FALSE(read_security_facts(dir.path()).seccomp);
  dir.write("proc/sys/kernel/seccomp/actions_avail", "kill_process allow\n");
  CHECK(read_security_facts(dir.path()).seccomp);
}

TEST_CASE("system_facts: open descriptors are counted without the counter's own", "[host]") {
  auto before = open_fd_count();
  unique_fd one{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  CHECK(open_fd_count() == before + 1);
  CHECK(open_fd_count() == before + 1);
  temp_dir dir;
  for (const char* number : {"0", "1", "2"})
    dir.write(std::string{"proc/self/fd/"} + number, "");
  CHECK(open_fd_count(dir.path()) == 3);
}

TEST_CASE("system_facts: proxies", "[host]") {
  std::map<std::string, std::string> values{{"http_proxy", "http://small"},
                                            {"HTTP_PROXY", "http://capital"},
                                            {"https_proxy", "http://secure"},
                                            {"HTTPS_PROXY", ""},
                                            {"NO_PROXY", "localhost"}};
  auto proxies = read_proxies([&values](const char* name) -> const char* {
    auto at = values.find(name);
    return at == values.end() ? nullptr : at->second.c_str();
  });
  CHECK(proxies.http == "http://capital");
  CHECK(proxies.https == "http://secure");
  CHECK(proxies.no_proxy == "localhost");
  CHECK(read_proxies([](const char*) -> const char* { return nullptr; }).http.empty());
}

TEST_CASE("system_facts: credentials in a URL are masked", "[host]") {
  CHECK(mask_credentials("http://proxy:3128") == "http://proxy:3128");
  CHECK(mask_credentials("http://u:p@proxy:3128/x@y") == "http://xxxxx:xxxxx@proxy:3128/x@y");
  CHECK(mask_credentials("http://u@proxy") == "http://xxxxx:xxxxx@proxy");
  CHECK(mask_credentials("http://u:p@q@proxy") == "http://xxxxx:xxxxx@proxy");
  CHECK(mask_credentials("u:p@proxy:3128") == "xxxxx:xxxxx@proxy:3128");
  CHECK(mask_credentials("http://proxy/?a=b@c") == "http://proxy/?a=b@c");
  CHECK(mask_credentials("").empty());
}
