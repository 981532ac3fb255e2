#include "actors/host/listener_socket.hpp"

#include "actors/host/directory_lock.hpp"
#include "actors/host/errno_text.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>

namespace gantry::host {
namespace {

api_error prefixed(std::string_view prefix, api_error error) {
  error.message.insert(0, prefix);
  return error;
}

// A socket address of any family, as the kernel fills it in.
struct any_address {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

std::string inet_text(const any_address& address) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (::getnameinfo(address.get(), address.length, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return "tcp://?";
  bool v6 = address.storage.ss_family == AF_INET6;
  return std::string{"tcp://"} + (v6 ? "[" : "") + host + (v6 ? "]:" : ":") + port;
}

std::string unix_text(const any_address& address) {
  constexpr socklen_t before_path = offsetof(sockaddr_un, sun_path);
  const auto* path = reinterpret_cast<const sockaddr_un*>(&address.storage)->sun_path;
  if (address.length <= before_path)
    return "unix://";
  std::size_t size = address.length - before_path;
  if (path[0] == '\0')
    return "unix://@" + std::string(path + 1, size - 1);
  return "unix://" + std::string(path, ::strnlen(path, size));
}

bool is_loopback(const any_address& address) {
  if (address.storage.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address.storage);
    return ntohl(in.sin_addr.s_addr) >> 24 == 127;
  }
  const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&in6) || (IN6_IS_ADDR_V4MAPPED(&in6) && in6.s6_addr[12] == 127);
}

// A socket, or the step that failed and its errno.
struct listen_attempt {
  unique_fd fd;
  const char* step = nullptr;
  int error = 0;

  // The machine merely lacks this address; another of the same name may do.
  bool address_is_absent() const { return error == EADDRNOTAVAIL || error == EAFNOSUPPORT; }
};

listen_attempt bind_and_listen(const addrinfo& at) {
  listen_attempt attempt;
  auto failed_at = [&attempt](const char* step) {
    attempt.error = errno;
    attempt.step = step;
    attempt.fd.reset();
  };
  auto& fd = attempt.fd;
  int on = 1;
  fd.reset(::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd)
    failed_at("socket");
  else if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
           (at.ai_family == AF_INET6 &&
            ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0))
    failed_at("setsockopt");
  else if (::bind(fd.get(), at.ai_addr, at.ai_addrlen) != 0)
    failed_at("bind");
  else if (::listen(fd.get(), SOMAXCONN) != 0)
    failed_at("listen");
  return attempt;
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

std::optional<api_error> check_unix_path(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos)
    return api_error{errc::invalid_parameter, "not a path"};
  if (path.front() == '@')
    return api_error{errc::invalid_parameter,
                     "an abstract socket has no permissions and cannot be protected"};
  constexpr std::size_t limit = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > limit)
    return api_error{errc::invalid_parameter, "the path is longer than " + std::to_string(limit) +
                                                  " bytes, the limit for unix sockets"};
  return std::nullopt;
}

// Makes room at `path`: removes a socket that nobody answers on, refuses for anything else.
/// Connects to a socket's file: 0 if somebody is there, else the errno value. Asks again for a
/// while: a daemon that was killed may live on for a moment in a child that has not called exec(2)
/// yet, and such a child holds the socket.
int probe_socket(const std::string& path, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds step{50};
  constexpr timespec pause{0, 50'000'000};
  const auto attempts = 1 + patience / step;
  auto address = unix_address(path);
  for (std::int64_t attempt = 1;; ++attempt) {
    unique_fd probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!probe)
      return errno;
    if (::connect(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
      return errno;
    if (attempt == attempts)
      return 0;
    ::nanosleep(&pause, nullptr);
  }
}

std::optional<api_error> remove_stale_socket(const std::string& path,
                                             std::chrono::milliseconds patience) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT)
      return std::nullopt;
    return errno_error("stat", errno);
  }
  if (!S_ISSOCK(info.st_mode))
    return api_error{errc::conflict, "'" + path + "' exists and is not a socket"};

  switch (probe_socket(path, patience)) {
  case 0:
    return api_error{errc::conflict, "another daemon is listening on it"};
  case ECONNREFUSED:
    break;
  case ENOENT:
    return std::nullopt;
  case EAGAIN:     // its backlog is full
  case EPROTOTYPE: // it is there, but not a stream socket
    return api_error{errc::conflict, "another daemon is listening on it"};
  default:
    return errno_error("connect", errno);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return errno_error("unlink", errno);
  return std::nullopt;
}

// Group and mode of the bound file, through a descriptor: if the directory is writable for others,
// the path might no longer be the file that was just made.
std::optional<api_error> set_permissions(int file, const std::string& path,
                                         const unix_socket_options& options,
                                         std::vector<std::string>& warnings) {
  if (!options.group.empty()) {
    std::optional<api_error> failure;
    if (auto group = find_group(options.group, options.group_file); !group) {
      failure = group.error();
    } else {
      if (!group->warning.empty())
        warnings.push_back(group->warning);
      if (::fchownat(file, "", static_cast<uid_t>(-1), group->gid, AT_EMPTY_PATH) != 0)
        failure = errno_error("chown", errno);
    }
    if (failure) {
      // C3: machines without a group `docker` are common, so the default must not fail there.
      if (options.group != "docker")
        return failure;
      warnings.push_back("Warning: could not chgrp " + path + " to docker: " + failure->message);
    }
  }
  auto link = "/proc/self/fd/" + std::to_string(file);
  if (::chmod(link.c_str(), options.mode) != 0)
    return errno_error("chmod", errno);
  return std::nullopt;
}

result<listener_socket> listen_on_path(const std::string& path,
                                       const unix_socket_options& options) {
  if (auto error = check_unix_path(path))
    return *std::move(error);
  directory_lock lock{path};
  if (auto error = remove_stale_socket(path, options.patience))
    return *std::move(error);

  listener_socket socket;
  socket.proto = listen_proto::unix_socket;
  socket.family = socket_family::unix_domain;
  socket.bound = "unix://" + path;
  socket.local = true;
  socket.fd.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.fd)
    return errno_error("socket", errno);
  // NOTE: on Linux the file gets the mode of the socket's own inode less the umask, so it is born
  // closed to everybody. Nobody could connect before listen(2) anyway.
  ::fchmod(socket.fd.get(), 0);
  auto address = unix_address(path);
  if (::bind(socket.fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    return errno_error("bind", errno);

  unique_fd file{::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0)
    return errno_error("open", errno);
  if (!S_ISSOCK(info.st_mode))
    return api_error{errc::conflict, "the socket was replaced by another file"};
  socket.file = unix_path_owner{path, info.st_dev, info.st_ino};
  if (auto error = set_permissions(file.get(), path, options, socket.warnings))
    return *std::move(error);
  if (::listen(socket.fd.get(), SOMAXCONN) != 0)
    return errno_error("listen", errno);
  return socket;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::optional<int> socket_option(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (::getsockopt(fd, SOL_SOCKET, option, &value, &size) != 0)
    return std::nullopt;
  return value;
}

} // namespace

unix_path_owner::unix_path_owner(std::string path, dev_t device, ino_t inode) noexcept
    : path_(std::move(path)), device_(device), inode_(inode) {}

unix_path_owner::unix_path_owner(unix_path_owner&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

unix_path_owner& unix_path_owner::operator=(unix_path_owner&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
    device_ = other.device_;
    inode_ = other.inode_;
  }
  return *this;
}

unix_path_owner::~unix_path_owner() { remove(); }

void unix_path_owner::remove() noexcept {
  if (path_.empty())
    return;
  struct stat info {};
  if (::lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_)
    ::unlink(path_.c_str());
  path_.clear();
}

result<listener_socket> open_tcp_listener(const std::string& host, std::uint16_t port) {
  bool v6 = host.find(':') != std::string::npos;
  auto prefix = "failed to listen on tcp://" + (v6 ? '[' + host + ']' : host) + ':' +
                std::to_string(port) + ": ";
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) {
    const char* words = failed == EAI_SYSTEM ? ::strerrordesc_np(errno) : ::gai_strerror(failed);
    return api_error{errc::invalid_parameter, prefix + "lookup " + host + ": " + words};
  }
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, &::freeaddrinfo};

  std::vector<const addrinfo*> candidates;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next)
    candidates.push_back(at);
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto* a, const auto* b) {
    return a->ai_family == AF_INET && b->ai_family != AF_INET;
  });

  api_error failure{errc::system, "no address"};
  for (const addrinfo* at : candidates) {
    auto attempt = bind_and_listen(*at);
    if (attempt.fd) {
      any_address bound;
      if (::getsockname(attempt.fd.get(), bound.get(), &bound.length) != 0)
        return prefixed(prefix, errno_error("getsockname", errno));
      listener_socket socket;
      socket.fd = std::move(attempt.fd);
      socket.bound = inet_text(bound);
      socket.local = is_loopback(bound);
      return socket;
    }
    failure = errno_error(attempt.step, attempt.error);
    if (!attempt.address_is_absent())
      break;
  }
  return prefixed(prefix, std::move(failure));
}

result<listener_socket> open_unix_listener(const std::string& path,
                                           const unix_socket_options& options) {
  auto socket = listen_on_path(path, options);
  if (!socket)
    return prefixed("failed to listen on unix://" + path + ": ", socket.error());
  return socket;
}

result<group_lookup> find_group(std::string_view group, const std::string& group_file) {
  auto parsed = parse_number<gid_t>(group);
  const gid_t number = parsed.value_or(static_cast<gid_t>(-1));
  // chown(2) reads -1 as "leave alone".
  const bool numeric = number != static_cast<gid_t>(-1);
  std::ifstream file{group_file};
  std::string line;
  while (std::getline(file, line)) {
    std::string_view rest = line;
    auto cut = [&rest] {
      auto field = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(rest.size(), field.size() + 1));
      return field;
    };
    auto name = cut();
    cut();
    auto gid = parse_number<gid_t>(cut());
    if (gid && !name.empty() && (name == group || (numeric && number == *gid)))
      return group_lookup{*gid, {}};
  }
  if (numeric)
    return group_lookup{number, "Could not find GID " + std::to_string(number)};
  return api_error{errc::not_found, "Group " + std::string{group} + " not found"};
}

result<listener_socket> adopt_listener(unique_fd& fd) {
  auto domain = socket_option(fd.get(), SO_DOMAIN);
  if (!domain)
    return errno_error("getsockopt", errno);
  bool inet = *domain == AF_INET || *domain == AF_INET6;
  if (!inet && *domain != AF_UNIX)
    return api_error{errc::invalid_parameter, "not an internet or unix socket"};
  if (socket_option(fd.get(), SO_TYPE) != SOCK_STREAM)
    return api_error{errc::invalid_parameter, "not a stream socket"};
  if (socket_option(fd.get(), SO_ACCEPTCONN) != 1)
    return api_error{errc::invalid_parameter, "not a listening socket"};
  any_address bound;
  if (::getsockname(fd.get(), bound.get(), &bound.length) != 0)
    return errno_error("getsockname", errno);
  if (!set_cloexec(fd.get()) || !set_nonblocking(fd.get()))
    return errno_error("fcntl", errno);

  listener_socket socket;
  socket.proto = listen_proto::fd;
  socket.family = inet ? socket_family::inet : socket_family::unix_domain;
  socket.bound = inet ? inet_text(bound) : unix_text(bound);
  socket.local = !inet || is_loopback(bound);
  socket.fd = std::move(fd);
  return socket;
}

} // namespace gantry::host
