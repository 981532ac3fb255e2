#include "actors/host/system_facts.hpp"

#include "actors/host/tree_reader.hpp"

#include <dirent.h>
#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <utility>

namespace gantry::host {
namespace {

struct cpu_set_deleter {
  void operator()(cpu_set_t* set) const noexcept { CPU_FREE(set); }
};

struct dir_closer {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

bool is_switched_on(const std::string& path) { return read_word(path) == "1"; }

// The value of a shell assignment: quotes and backslashes resolved, up to the first blank outside
// quotes.
std::string shell_value(std::string_view text) {
  std::string value;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\t'))
      break;
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != 0 && c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      char next = text[i + 1];
      // Between double quotes only these four lose their backslash (POSIX shell, 2.2.3).
      if (quote == '"' && std::string_view{"$`\"\\"}.find(next) == std::string_view::npos)
        value += c;
      value += next;
      ++i;
    } else {
      value += c;
    }
  }
  return value;
}

std::string first_set(const environment& env, const char* name, const char* other) {
  for (const char* candidate : {name, other})
    if (const char* value = env(candidate); value != nullptr && *value != '\0')
      return value;
  return {};
}

} // namespace

system_facts read_system_facts(const std::string& root) {
  system_facts facts;
  utsname names{};
  if (::uname(&names) == 0) {
    facts.architecture = names.machine;
    facts.go_architecture = go_architecture(facts.architecture);
  }
  facts.kernel_version = read_word(below(root, "proc/sys/kernel/osrelease"));
  facts.hostname = read_word(below(root, "proc/sys/kernel/hostname"));
  if (root == "/" && facts.kernel_version.empty())
    facts.kernel_version = names.release;
  if (root == "/" && facts.hostname.empty())
    facts.hostname = names.nodename;
  auto release = read_os_release(root);
  facts.operating_system = std::move(release.pretty_name);
  facts.os_version = std::move(release.version_id);
  facts.cpus = usable_cpus();
  facts.mem_total = read_mem_total(root);
  facts.ipv4_forwarding = is_switched_on(below(root, "proc/sys/net/ipv4/ip_forward"));
  facts.bridge_nf_iptables =
      is_switched_on(below(root, "proc/sys/net/bridge/bridge-nf-call-iptables"));
  facts.bridge_nf_ip6tables =
      is_switched_on(below(root, "proc/sys/net/bridge/bridge-nf-call-ip6tables"));
  return facts;
}

os_release read_os_release(const std::string& root) {
  auto text = read_text(below(root, "etc/os-release"));
  if (text.empty())
    text = read_text(below(root, "usr/lib/os-release"));
  return parse_os_release(text);
}

os_release parse_os_release(std::string_view text) {
  os_release release;
  std::string name;
  std::string version;
  while (!text.empty()) {
    auto line = trim_blanks(next_line(text));
    auto equals = line.find('=');
    if (line.starts_with('#') || equals == std::string_view::npos)
      continue;
    auto key = line.substr(0, equals);
    auto value = shell_value(line.substr(equals + 1));
    if (key == "PRETTY_NAME")
      release.pretty_name = std::move(value);
    else if (key == "VERSION_ID")
      release.version_id = std::move(value);
    else if (key == "NAME")
      name = std::move(value);
    else if (key == "VERSION")
      version = std::move(value);
  }
  if (release.pretty_name.empty())
    release.pretty_name = (name.empty() ? "Linux" : name) + (version.empty() ? "" : ' ' + version);
  return release;
}

std::string go_architecture(std::string_view machine) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> names{{
      {"x86_64", "amd64"},
      {"aarch64", "arm64"},
      {"armv5tel", "arm"},
      {"armv6l", "arm"},
      {"armv7l", "arm"},
      {"armv8l", "arm"},
      {"i386", "386"},
      {"i486", "386"},
      {"i586", "386"},
      {"i686", "386"},
      {"loongarch64", "loong64"},
      {"ppc64le", "ppc64le"},
      {"riscv64", "riscv64"},
      {"s390x", "s390x"},
  }};
  for (const auto& [kernel, go] : names)
    if (kernel == machine)
      return std::string{go};
  return std::string{machine};
}

unsigned usable_cpus() {
  // The kernel refuses a set smaller than its own (EINVAL), and tells its size no other way.
  for (int count = CPU_SETSIZE; count <= CPU_SETSIZE * 64; count *= 2) {
    std::unique_ptr<cpu_set_t, cpu_set_deleter> set{CPU_ALLOC(static_cast<std::size_t>(count))};
    auto size = CPU_ALLOC_SIZE(static_cast<std::size_t>(count));
    if (set && ::sched_getaffinity(0, size, set.get()) == 0)
      return static_cast<unsigned>(std::max(1, CPU_COUNT_S(size, set.get())));
    if (errno != EINVAL)
      break;
  }
  return 1;
}

std::uint64_t read_mem_total(const std::string& root) {
  auto content = read_text(below(root, "proc/meminfo"));
  std::string_view text = content;
  constexpr std::string_view key = "MemTotal:";
  while (!text.empty()) {
    auto line = next_line(text);
    if (!line.starts_with(key))
      continue;
    auto value = trim_blanks(line.substr(key.size()));
    std::uint64_t kibibytes = 0;
    std::from_chars(value.data(), value.data() + value.size(), kibibytes);
    return kibibytes * 1024;
  }
  return 0;
}

security_facts read_security_facts(const std::string& root) {
  security_facts facts;
  facts.seccomp =
      exists(below(root, "proc/sys/kernel/seccomp/actions_avail")) ||
      read_text(below(root, "proc/self/status")).find("\nSeccomp:") != std::string::npos;
  facts.apparmor = read_word(below(root, "sys/module/apparmor/parameters/enabled")) == "Y" &&
                   exists(below(root, "sys/kernel/security/apparmor"));
  facts.selinux = exists(below(root, "sys/fs/selinux/enforce"));
  facts.cgroup_namespaces = exists(below(root, "proc/self/ns/cgroup"));
  facts.user_namespaces = exists(below(root, "proc/self/ns/user"));
  return facts;
}

std::size_t open_fd_count(const std::string& root) {
  std::unique_ptr<DIR, dir_closer> directory{::opendir(below(root, "proc/self/fd").c_str())};
  if (!directory)
    return 0;
  auto own = std::to_string(::dirfd(directory.get()));
  std::size_t count = 0;
  while (const dirent* entry = ::readdir(directory.get()))
    if (entry->d_name[0] != '.' && entry->d_name != own)
      ++count;
  return count;
}

proxy_facts read_proxies(const environment& env) {
  return {first_set(env, "HTTP_PROXY", "http_proxy"), first_set(env, "HTTPS_PROXY", "https_proxy"),
          first_set(env, "NO_PROXY", "no_proxy")};
}

std::string mask_credentials(std::string_view url) {
  auto scheme = url.find("://");
  auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  auto authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  auto at = authority.rfind('@');
  if (at == std::string_view::npos)
    return std::string{url};
  return std::string{url.substr(0, begin)} + "xxxxx:xxxxx" + std::string{url.substr(begin + at)};
}

} // namespace gantry::host
